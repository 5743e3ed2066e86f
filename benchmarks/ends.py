"""How many clips are named whose last word is cut off at its quietest place, and how many that are whole.

    python benchmarks/ends.py NAME:PATH:LANGUAGE [NAME:PATH:LANGUAGE ...] [--clips 150]

The last word takes as much of the speech as it has of the phones; a clip ends at the quietest frame around its start,
where a hand or a program would cut. Clips of three words or more, 15 at a time, are judged among the others. Prints
the share that has `cut-end`, the share that has that or a warning of `rate-outlier`, and the clips that have `cut-end`
as they are. Clips with a text in brackets are left out.
"""

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # before numpy: one core

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from ttsprep.audit.pipeline import audit, frame
from ttsprep.build.options import audit_recipe
from ttsprep.checks.base import all_checks
from ttsprep.core import audio
from ttsprep.core.signal import HOP_S, Signal
from ttsprep.core.tables import read_table
from ttsprep.core.types import Audio, Clip, Measures
from ttsprep.text.phonemes import WORD

AT_ONCE = 15
MEASURES = ("silence", "noise")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", nargs="+", metavar="NAME:PATH:LANGUAGE")
    parser.add_argument("--clips", type=int, default=150, help="to cut of each corpus")
    given = parser.parse_args()
    print(f"{'voice':14s} {'cut':>5s} {'cut-end':>8s} {'or rate':>8s} {'whole clips':>12s}")
    for corpus in given.corpora:
        name, path, language = corpus.split(":")
        with tempfile.TemporaryDirectory() as folder:
            audit(Path(path), Path(folder) / "audit", audit_recipe("", {"language": language}), jobs=1)
            clips = frame(read_table(Path(folder) / "audit" / "clips.parquet"))
        show(name, Path(path), clips[(clips.status == "ok") & (clips.text_remark == "")], given.clips)


def show(name: str, root: Path, clips: pd.DataFrame, most: int) -> None:
    """Print a line of the table."""
    clips = clips.reset_index(drop=True).astype(dict.fromkeys(clips.select_dtypes("floating"), "float64"))
    long = np.flatnonzero((clips.words >= 3) & (clips.phonemes != ""))
    changed = {}
    for row in np.random.default_rng(0).permutation(long)[:most]:
        if measures := without_last_word(root / clips.path[row], clips.phonemes[row]):
            changed[row] = measures
    cut = either = 0
    for first in range(0, len(changed), AT_ONCE):
        rows = list(changed)[first : first + AT_ONCE]
        planted = clips.copy()
        for row in rows:
            planted.loc[row, list(changed[row])] = list(changed[row].values())
        ends, rates = named(planted, "silence", "cut-end"), named(planted, "rate", "rate-outlier")
        cut += len(ends & set(planted.id[rows]))
        either += len((ends | rates) & set(planted.id[rows]))
    whole = len(named(clips, "silence", "cut-end")) / len(clips)
    print(
        f"{name:14s} {len(changed):5d} {cut / len(changed):8.0%} {either / len(changed):8.0%} {whole:12.2%}", flush=True
    )


def without_last_word(file: Path, phonemes: str) -> Measures:
    """Return the measures of a clip that is cut in front of its last word; none if the word is most of it."""
    sound = audio.read(file)
    signal = Signal(sound)
    words = [len(word.split()) for word in phonemes.split(WORD)]
    speech = np.flatnonzero(signal.speech)
    frames = len(speech) * words[-1] / sum(words)
    first, last = max(int(speech[-1] - 1.5 * frames), int(speech[0]) + 10), int(speech[-1] - 0.6 * frames)
    if last - first < 3:
        return {}
    at = first + int(signal.level_db[first:last].argmin())
    rest = Signal(Audio(sound.samples[: int(at * HOP_S * sound.rate)], sound.rate))
    with np.errstate(all="ignore"):
        results = [all_checks()[name].measure(Clip("", "", ""), rest) for name in MEASURES]
    return {name: value for measures in results for name, value in measures.items() if not isinstance(value, str)}


def named(clips: pd.DataFrame, check: str, code: str) -> set[str]:
    """Return the clips that have an error or a warning of a code."""
    return {one.clip for one in all_checks()[check]().judge(clips) if one.code == code and one.severity != "note"}


if __name__ == "__main__":
    main()
