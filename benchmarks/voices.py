"""How well clips of another voice are told without a model, and what is said of untouched clips.

    python benchmarks/voices.py OTHERS NAME:PATH [NAME:PATH ...] [--clips 400] [--others 12]
    python benchmarks/voices.py OTHERS --spreads ttsprep/checks/other_voice.toml

OTHERS is a folder of clips of many speakers, one of each; PATH one of clips of one voice. Pieces of a speaker of the
second half of OTHERS, as long as the clips of the voice, as loud, of the same sample rate and bandwidth, are planted
among them, as 2, 5, 10 and 20 % of the whole. Prints what share of those with enough voiced speech is named (the mean
over the speakers, that of the worst, and the share of speakers of whom 80 % are), and of the voice's own. --spreads
measures the first half of OTHERS, and writes the covariances that the check has.
"""

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # before numpy: one core

import argparse
import base64
import random
from pathlib import Path

import numpy as np
import pandas as pd
import soxr

from ttsprep.audit.defects.inject import rms
from ttsprep.checks.base import all_checks
from ttsprep.checks.other_voice import HALF_FRAMES, PITCH_FRAME_S, OtherVoice
from ttsprep.core import audio
from ttsprep.core.signal import Signal
from ttsprep.core.types import Audio, Clip, Samples

MEASURES = ("silence", "voice", "other_voice", "bandwidth")
SHARES = (0.02, 0.05, 0.10, 0.20)


def main() -> None:
    """Print the table, or write the spreads."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("others", type=Path)
    parser.add_argument("voices", nargs="*", metavar="NAME:PATH")
    parser.add_argument("--clips", type=int, default=400, help="of each voice")
    parser.add_argument("--others", type=int, default=12, dest="most", help="speakers to plant")
    parser.add_argument("--spreads", type=Path)
    given = parser.parse_args()
    files = sorted(path for path in given.others.rglob("*") if path.suffix in {".wav", ".flac"})
    random.Random(1).shuffle(files)
    half = len(files) // 2
    if given.spreads:
        write_spreads(files[:half], given.spreads)
        return
    heads = "".join(f"{f'{share:.0%} planted':>26s}" for share in SHARES)
    print(f"{'voice':12s} {'clips':>5s} {'named':>7s}{heads}")
    for voice in given.voices:
        name, path = voice.split(":")
        for sex, some in by_sex(files[half:], given.most // 2).items():
            show(name, Path(path), given.clips, sex, some)


def by_sex(files: list[Path], most: int) -> dict[str, list[Path]]:
    """Return readers with a high and with a low voice."""
    found: dict[str, list[Path]] = {"high": [], "low": []}
    for file in files:
        f0 = row_of(audio.read(file))["f0_median_hz"]
        found["high" if f0 > 165 else "low"].append(file)
        if min(map(len, found.values())) >= most:
            break
    return {sex: some[:most] for sex, some in found.items()}


def row_of(sound: Audio) -> dict[str, object]:
    """Return the measures that the check judges."""
    clip, signal, row = Clip("", "", ""), Signal(sound), {"speaker": ""}
    with np.errstate(all="ignore"):
        for check in MEASURES:
            row |= all_checks()[check].measure(clip, signal)
    return row


def own_of(folder: Path, most: int) -> tuple[pd.DataFrame, list[Samples], int]:
    """Return the table of a voice, its samples, and their rate."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in {".wav", ".flac"})
    files = sorted(random.Random(1).sample(files, min(most, len(files))))
    sounds = [audio.read(file) for file in files]
    rows = [{"id": f"own/{file.name}"} | row_of(sound) for file, sound in zip(files, sounds, strict=True)]
    return pd.DataFrame(rows), [sound.samples.mean(axis=1) for sound in sounds], sounds[0].rate


def show(name: str, folder: Path, most: int, sex: str, others: list[Path]) -> None:
    """Print a line of the table."""
    own, samples, rate = own_of(folder, most)
    untouched = named(own)
    judge = OtherVoice()
    level = float(np.median([rms(one) for one in samples]))
    band = float(own.bandwidth_hz.median())
    lengths = [len(one) / rate for one in samples]
    cells = []
    for share in SHARES:
        found, flagged = [], []
        for number, file in enumerate(others):
            chance = random.Random(number)
            count = max(4, round(share * len(own) / (1 - share)))
            planted = pd.DataFrame([
                {"id": f"other/{i}"} | row_of(one)
                for i, one in enumerate(pieces(file, count, lengths, rate, level, band, chance))
            ])
            clips = named(pd.concat([own, planted], ignore_index=True))
            enough = planted[planted.voiced_ratio * planted.speech_s >= judge.least_voiced_s]
            if len(enough):
                found.append(len(clips & set(enough.id)) / len(enough))
            flagged.append(len(clips & set(own.id)) / len(own))
        most_of = np.mean(np.array(found) >= 0.8)
        cells.append(f"{np.mean(found):.0%} ({min(found):.0%}, {most_of:.0%}; {np.mean(flagged):.2%})")
    line = "".join(f"{cell:>26s}" for cell in cells)
    print(f"{name:12s} {len(own):5d} {len(untouched) / len(own):7.2%}{line}  {sex} voices", flush=True)


def pieces(
    file: Path, count: int, lengths: list[float], rate: int, level: float, band: float, chance: random.Random
) -> list[Audio]:
    """Return pieces of a recording in the rate, the band and the level of the clips that they are planted among."""
    sound = audio.read(file)
    samples = sound.samples.mean(axis=1)
    low = min(2 * band, rate, sound.rate)
    samples = soxr.resample(soxr.resample(samples, sound.rate, low), low, rate).astype(np.float32)
    samples *= level / rms(samples)
    cut = []
    for _ in range(count):
        size = min(int(chance.choice(lengths) * rate), len(samples))
        at = chance.randrange(len(samples) - size + 1)
        cut.append(Audio(samples[at : at + size, None], rate))
    return cut


def named(table: pd.DataFrame) -> set[str]:
    """Return the clips that the check names."""
    return {finding.clip for finding in OtherVoice().judge(table)}


def write_spreads(files: list[Path], to: Path) -> None:
    """Write the covariance of speakers, and that of pieces of 1.2 s of voiced speech of one, as for long clips."""
    means, within = [], []
    for file in files:
        sound = audio.read(file)
        row = row_of(sound)
        if not row["voiced_cepstrum"]:
            continue
        means.append(point(row))
        seconds = sound.samples.shape[0] / sound.rate
        count = max(2, int(float(row["voiced_ratio"]) * float(row["speech_s"]) / PITCH_FRAME_S / HALF_FRAMES))
        size = int(seconds / count * sound.rate)
        rows = [row_of(Audio(sound.samples[i * size : (i + 1) * size], sound.rate)) for i in range(count)]
        some = [point(one) for one in rows if one["voiced_cepstrum"]]
        within += [one - np.mean(some, axis=0) for one in some] if len(some) > 1 else []
    between = np.cov(np.array(means).T)
    own = np.array(within)
    own = own.T @ own / (len(own) - len(files)) / 2  # of 60 frames: twice that of many
    lines = [
        "# Covariance of speakers, and of long clips of one, in 20 cepstra and pitch in semitones: lower triangles.",
        f"# Measured in one clip each of {len(files)} readers of LibriSpeech (Panayotov et al. 2015, CC BY 4.0).",
    ]
    for key, matrix in (("between", between), ("within", own)):
        rows = [f"  [{', '.join(f'{value:.3g}' for value in matrix[i, : i + 1])}]," for i in range(len(matrix))]
        lines += [f"{key} = [", *rows, "]"]
    to.write_text("\n".join(lines) + "\n", encoding="utf-8")


def point(row: dict[str, object]) -> np.ndarray:
    """Return the 21 numbers that stand for a clip."""
    cepstrum = np.frombuffer(base64.b64decode(str(row["voiced_cepstrum"])), np.float16).astype(np.float64)
    return np.append(cepstrum, 12 * np.log2(float(row["f0_median_hz"])))


if __name__ == "__main__":
    main()
