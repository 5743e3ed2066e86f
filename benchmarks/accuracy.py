"""What share of planted defects is found, and what is said of untouched clips, in several corpora.

    python benchmarks/accuracy.py NAME:PATH:LANGUAGE [NAME:PATH:LANGUAGE ...] [--clips 20] [--jobs 2] [--select CODE]

Runs `ttsprep selftest` on each corpus. Prints found / planted for each defect and corpus, errors and warnings on the
clips as they are, and what misses the marks: 95 % of a plain defect, 80 % of a faint one.
"""

import argparse
import sys
from collections import defaultdict
from pathlib import Path

from ttsprep.audit.config import CheckSettings
from ttsprep.audit.defects.inject import Defect
from ttsprep.audit.defects.selftest import DefectOutcome, SelfTest, selftest
from ttsprep.build.config import Recipe


def main() -> int:
    """Print the tables; 1 if a mark is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", nargs="+", metavar="NAME:PATH:LANGUAGE")
    parser.add_argument("--clips", type=int, default=20, help="to plant each defect in")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--select", action="append", metavar="CODE", help="plant only this; may be repeated")
    given = parser.parse_args()
    results: dict[str, SelfTest] = {}
    for corpus in given.corpora:
        name, path, language = corpus.split(":")
        recipe = Recipe(language=language, checks=CheckSettings(only=tuple(given.select or ())))
        results[name] = selftest(Path(path), recipe, jobs=given.jobs, per_defect=given.clips)
        print(f"{name}: done", file=sys.stderr)
    show_defects(results)
    show_clean(results)
    return show_missed(results)


def show_defects(results: dict[str, SelfTest]) -> None:
    """Print found / planted: a line for each defect, a column for each corpus."""
    table: dict[tuple[str, str, bool], dict[str, DefectOutcome]] = defaultdict(dict)
    for name, result in results.items():
        for outcome in result.outcomes:
            table[key(outcome.defect)][name] = outcome
    print(f"{'code':20s} {'defect':44s} {'':6s}" + "".join(f"{name:>12s}" for name in results))
    for (code, what, plain), row in table.items():
        cells = (f"{row[name].detected} / {row[name].planted}" if name in row else "-" for name in results)
        print(f"{code:20s} {what:44s} {'plain' if plain else 'faint':6s}" + "".join(f"{cell:>12s}" for cell in cells))


def key(defect: Defect) -> tuple[str, str, bool]:
    """Return what a defect is named by."""
    return defect.code, defect.name, defect.plain


def show_clean(results: dict[str, SelfTest]) -> None:
    """Print how many clips have an error and a warning as they are, and which."""
    print("\nuntouched clips      clips   with error   with warning")
    for name, result in results.items():
        error, warning = result.with_error / result.clips, result.with_warning / result.clips
        print(f"{name:18s} {result.clips:7d} {error:12.1%} {warning:14.1%}")
        worst = sorted(result.alarms.items(), key=lambda item: (-item[0][1].rank, -item[1]))
        for (code, severity), count in worst:
            print(f"    {severity.value:8s} {count:4d}  {code}")


def show_missed(results: dict[str, SelfTest]) -> int:
    """Print the defects that are found too seldom; return whether there are any."""
    missed = [(name, o) for name, result in results.items() for o in result.outcomes if o.missed_too_often]
    print(f"\n{len(missed)} miss the mark (95 % of plain, 80 % of faint defects)")
    for name, outcome in missed:
        code, what, plain = key(outcome.defect)
        share = outcome.detected / max(1, outcome.planted)
        kind = "plain" if plain else "faint"
        print(f"    {name}: {code}, {what} ({kind}): {share:.0%}; {', '.join(outcome.missed[:5])}")
    return int(bool(missed))


if __name__ == "__main__":
    raise SystemExit(main())
