"""How well a clip of another voice is told from those of one voice, and what is said of untouched clips.

    python benchmarks/speakers.py OTHERS NAME:PATH [NAME:PATH ...] [--clips 120] [--model campplus_cn_en_common.pt]

OTHERS is a folder of clips of many speakers, one of each; PATH one of clips of one voice. All of OTHERS are planted,
three at a time, among the clips of each voice, and the corpus is judged as by `ttsprep audit --listen speaker`. Prints
the area under the ROC curve of the distance that is judged, the share of planted clips that are found, the voice's own
that are flagged, without and with planted ones, and how fast the model listens.
"""

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # before numpy: one core

import argparse
import random
import time
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.stats
import torch

from ttsprep.audit.model_pass import decode_clips
from ttsprep.checks.base import all_checks
from ttsprep.checks.speaker import SATURATED_S, SCALES, SpeakerCheck, Voices, spread_of, unpack_embeddings
from ttsprep.core.signal import Signal
from ttsprep.core.types import Audio, Clip
from ttsprep.models.base import RATE, ModelInput
from ttsprep.models.speaker import Speaker as SpeechModel

MOST_S = 12
AT_ONCE = 3
WITNESSES = ("silence", "voice", "timbre")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("others", type=Path)
    parser.add_argument("voices", nargs="+", metavar="NAME:PATH")
    parser.add_argument("--clips", type=int, default=120, help="of each voice")
    parser.add_argument("--model", default="", help="weights of CAM++; without it GE2E")
    given = parser.parse_args()
    torch.set_num_threads(1)
    listener = SpeechModel(given.model)
    others = measured(given.others, 10**9, listener)
    print(f"{'voice':12s} {'clips':>5s} {'flagged':>8s} {'AUROC':>8s} {'found':>12s} {'flagged beside planted':>24s}")
    for voice in given.voices:
        name, path = voice.split(":")
        own = measured(Path(path), given.clips, listener)
        flagged = sum(bool(finding.clip) for finding in SpeakerCheck().judge(own))
        found, beside, rounds = 0, 0, range(0, len(others), AT_ONCE)
        for i in rounds:
            few = others.iloc[i : i + AT_ONCE]
            clips = {finding.clip for finding in SpeakerCheck().judge(pd.concat([own, few], ignore_index=True))}
            found += len(clips & set(few.id))
            beside += len(clips & set(own.id))
        share = f"{found} / {len(others)}"
        rate = beside / len(rounds) / len(own)
        print(f"{name:12s} {len(own):5d} {flagged:8d} {auroc(own, others):8.5f} {share:>12s} {rate:24.2%}", flush=True)


def measured(folder: Path, most: int, listener: SpeechModel) -> pd.DataFrame:
    """Return the measures that the check judges, of clips drawn at random; those without a voice are left out."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in {".wav", ".flac"})
    files = sorted(random.Random(1).sample(files, min(most, len(files))))
    table, spent, seconds = [], 0.0, 0.0
    for file in files:
        clip = Clip(file.name, file.name, "", end=float(MOST_S))
        heard = ModelInput(clip, decode_clips(file.parent, clip))
        signal = Signal(Audio(heard.samples[:, None], RATE))
        row = {"id": f"{folder.name}/{file.name}", "speaker": "", "voice_print": ""}
        with np.errstate(all="ignore"):
            for check in WITNESSES:
                row |= all_checks()[check].measure(clip, signal)
        start = time.process_time()
        row |= listener.measure([heard])[0]
        spent += time.process_time() - start
        seconds += len(heard.samples) / RATE
        table.append(row)
    print(
        f"# {folder.name}: {len(files)} clips, {seconds:.0f} s, heard at {seconds / spent:.0f} x real time", flush=True
    )
    result = pd.DataFrame(table)
    judged = (result.voice_print != "") & (result.level_range_db >= 10)
    return result[judged & (result.speech_s >= SpeakerCheck().least_speech_s)].reset_index(drop=True)


def auroc(own: pd.DataFrame, others: pd.DataFrame) -> float:
    """Return the area under the ROC curve of the distance from the voice, its clips against the others."""
    prints, scale = unpack_embeddings(own.voice_print), SCALES[own.voice_print[0].partition(":")[0]]
    seconds = own.speech_s.clip(upper=SATURATED_S).to_numpy()
    voices = Voices(prints, seconds, np.zeros(len(own), np.intp), scale)
    _, near = voices.own()
    centre = voices.sums[0] / np.linalg.norm(voices.sums[0])
    lengths = others.speech_s.clip(upper=SATURATED_S).to_numpy()
    far = spread_of(unpack_embeddings(others.voice_print) @ centre, lengths, float(voices.totals[0]))
    return float(scipy.stats.mannwhitneyu(far, near).statistic) / len(far) / len(near)


if __name__ == "__main__":
    main()
