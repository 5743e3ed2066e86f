"""Quality of a codec beside Opus and Lyra v2, on clips of voices that were held out of its training.

    python benchmarks/rvq_quality.py CHECKPOINT SPEECH [--lyra FOLDER] [--opus] [--beam 1 8]

SPEECH is a folder written by ``ttsprep codec pack``. One clip of every held-out speaker of sources
with several, and a few of each held-out source of one voice; the first eight seconds of each.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from ttsprep.codec.codec import Codec
from ttsprep.codec.evaluate import Lyra, Score, evaluate, table, through_opus
from ttsprep.codec.metrics import aligned, delay, measure_distortion
from ttsprep.codec.training.data import PackedClip, Speech


def chosen(speech: Speech, each: int) -> list[PackedClip]:
    out: list[PackedClip] = []
    for source in range(len(speech.sources)):
        mine = [p for p in speech.held_out if p.source == source and p.length >= 2 * speech.rate]
        speakers = sorted({p.speaker for p in mine})
        if len(speakers) > 1:
            out += [next(p for p in mine if p.speaker == s) for s in speakers]
        else:
            out += mine[:: max(1, len(mine) // each)][:each]
    return out


def shifted(original: np.ndarray, decoded: np.ndarray, rate: int) -> dict[str, float]:
    """Measure after the delay was taken out, which favours the baselines."""
    a, b = aligned(original, decoded, delay(original, decoded, rate // 10))
    return measure_distortion(a, b, rate)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("speech", type=Path)
    parser.add_argument("--lyra", type=Path, help="folder with the Lyra v2 models")
    parser.add_argument("--opus", action="store_true")
    parser.add_argument("--beam", type=int, nargs="*", default=[1])
    parser.add_argument("--depths", type=int, nargs="+")
    parser.add_argument("--each", type=int, default=10, help="clips of a held-out source with one voice")
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    codec, speech = Codec.load(arguments.checkpoint), Speech(arguments.speech)
    pieces = chosen(speech, arguments.each)
    clips = [(p.id, speech.clip(p)[: 8 * speech.rate]) for p in pieces]
    seconds = sum(len(c) for _, c in clips) / speech.rate
    voices = len({p.speaker for p in pieces})
    print(f"{len(clips)} clips, {seconds:.0f} s, {voices} voices held out of training")
    print(f"codec {codec.digest[:12]}, step {codec.checkpoint.step}")
    depths = arguments.depths or list(range(1, codec.num_codebooks + 1))
    for beam in arguments.beam:
        rows = evaluate(codec, clips, depths, beam=beam)
        print(f"\nours, beam {beam}\n\n{table(rows)}", flush=True)
    if arguments.opus:
        for kbits in (6, 8, 12):
            rows = [Score(n, 0, shifted(c, through_opus(c, speech.rate, kbits), speech.rate)) for n, c in clips]
            print(f"\nopus {kbits} kbit/s\n\n{table(rows)}", flush=True)
    if arguments.lyra:
        lyra = Lyra(arguments.lyra)
        for kbits in (3.2, 6.0, 9.2):
            rows = [Score(n, 0, shifted(c, lyra(c, kbits), speech.rate)) for n, c in clips]
            print(f"\nlyra v2 {kbits} kbit/s\n\n{table(rows)}", flush=True)


if __name__ == "__main__":
    main()
