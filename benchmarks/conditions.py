"""What the audit says of clean voices after coding with loss, resampling and a telephone: errors and warnings.

    python benchmarks/conditions.py NAME:PATH:LANGUAGE [NAME:PATH:LANGUAGE ...] [--clips 120] [--only "opus 32" ...]

Prints, for each voice and condition, the share of clips with an error and with a warning (1 % and 5 % are the marks),
which codes they have, and what is said of the corpus as a whole. Returns 1 where a mark is missed.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import pandas as pd
from verdicts import CONDITIONS, rows_of

from ttsprep.audit.pipeline import audit
from ttsprep.build.options import audit_recipe

MOST_ERRORS, MOST_WARNINGS = 0.01, 0.05
SPOILT = ("memo", "takes")
"""Conditions in which clips are no longer clean."""


def main() -> int:
    """Print the table; 1 if a mark is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", nargs="+", metavar="NAME:PATH:LANGUAGE")
    parser.add_argument("--clips", type=int, default=120)
    parser.add_argument("--only", nargs="*", default=[])
    given = parser.parse_args()
    missed = 0
    print(f"{'voice':14s} {'condition':12s} {'clips':>5s} {'errors':>7s} {'warned':>7s}")
    for corpus in given.corpora:
        name, path, language = corpus.split(":")
        rows = rows_of(Path(path), given.clips)
        for condition in CONDITIONS:
            clean = not condition.name.startswith(SPOILT) and not condition.target.trainer
            if not clean or (given.only and condition.name not in given.only):
                continue
            with tempfile.TemporaryDirectory() as folder:
                place = Path(folder)
                condition.make(rows, place / "corpus")
                audit(place / "corpus", place / "audit", audit_recipe("", {"language": language}), jobs=1)
                found = pd.read_parquet(place / "audit" / "findings.parquet")
            missed += show(name, condition.name, len(rows), found)
    print(f"{missed} miss the mark ({MOST_ERRORS:.0%} with an error, {MOST_WARNINGS:.0%} with a warning)")
    return int(bool(missed))


def show(name: str, condition: str, clips: int, found: pd.DataFrame) -> bool:
    """Print a line of the table, and return whether it misses a mark."""
    of_clips = found[(found["clip"] != "") & found["severity"].isin(["error", "warning"])]
    shares = of_clips.groupby("severity")["clip"].nunique() / clips
    errors, warned = float(shares.get("error", 0.0)), float(shares.get("warning", 0.0))
    codes = of_clips.groupby("code")["clip"].nunique().sort_values(ascending=False)
    line = ", ".join(f"{code} {count}" for code, count in codes.items())
    whole = sorted(set(found.loc[(found["clip"] == "") & (found["severity"] != "note"), "code"]))
    of_corpus = f"; corpus: {', '.join(whole)}" if whole else ""
    bad = errors > MOST_ERRORS or warned > MOST_WARNINGS
    print(f"{name:14s} {condition:12s} {clips:5d} {errors:7.1%} {warned:7.1%} {'*' if bad else ' '} {line}{of_corpus}")
    sys.stdout.flush()
    return bad


if __name__ == "__main__":
    raise SystemExit(main())
