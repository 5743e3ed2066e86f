"""What a build says of itself: ``rejected.csv``, ``clips.parquet`` and ``build.json``."""

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from ttsprep import __version__
from ttsprep.audit import Audit
from ttsprep.choose import Choice, Rejection
from ttsprep.exports.base import Entry
from ttsprep.files import atomic_write
from ttsprep.manifest import clean
from ttsprep.recipe import Recipe
from ttsprep.types import Severity

REJECTED = ("id", "stage", "codes", "reason")
_KINDS = {str: pa.string(), int: pa.int64()}
ENTRIES = pa.schema([(item.name, _KINDS[item.type]) for item in fields(Entry)])  # type: ignore[index]
"""The clips of a build, as its exports see them."""


def write_rejected(path: Path, rejected: Sequence[Rejection]) -> None:
    """Write what is not in the build and why, for people: cells are safe to open in a spreadsheet."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(REJECTED)
    for item in rejected:
        writer.writerow(map(_cell, (clean(item.id), item.stage, " ".join(item.codes), clean(item.reason))))
    atomic_write(path, buffer.getvalue().encode())


def _cell(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def read_rejected(path: Path) -> list[Rejection]:
    """Read what `write_rejected` wrote."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Rejection(row["id"], row["stage"], tuple(row["codes"].split()), row["reason"])
            for row in csv.DictReader(file)
        ]


def rejected_frame(rejected: Sequence[Rejection]) -> pd.DataFrame:
    """Return rejections as a table, as in ``rejected.csv``."""
    rows = [(clean(item.id), item.stage, " ".join(item.codes), clean(item.reason)) for item in rejected]
    return pd.DataFrame(rows, columns=list(REJECTED), dtype=str)


def entries_table(entries: Sequence[Entry]) -> pa.Table:
    """Return the clips of a build as a table."""
    return pa.table([pa.array([getattr(e, item.name) for e in entries], item.type) for item in ENTRIES], schema=ENTRIES)


def by_reason(rejected: Sequence[Rejection]) -> dict[str, int]:
    """Count rejections by their first code (by the stage where there is none), the most frequent first."""
    found = Counter(item.codes[0] if item.codes else item.stage for item in rejected)
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


def document(
    before: Audit,
    after: Audit,
    choice: Choice,
    rejected: Sequence[Rejection],
    entries: Sequence[Entry],
    recipe: Recipe,
    unknown: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """Return what ``build.json`` says."""
    seconds = dict(zip(before.clips["id"], before.clips["duration_s"].fillna(0.0), strict=True))
    gone = {item.id for item in rejected if not item.stage.startswith("export ")}
    return {
        "ttsprep": __version__,
        "source": {key: before.summary[key] for key in ("corpus", "layout", "clips", "hours", "languages", "speakers")},
        "result": {
            "clips": len(entries),
            "hours": round(sum(entry.duration_s for entry in entries) / 3600, 6),
            "speakers": len({entry.speaker for entry in entries} - {""}),
            "sample_rates": sorted({entry.sample_rate for entry in entries}),
            "splits": dict(sorted(Counter(entry.split for entry in entries).items())),
        },
        "rejected": {
            "clips": len(gone),
            "hours": round(sum(seconds.get(name, 0.0) for name in gone) / 3600, 6),
            "reasons": by_reason(rejected),
        },
        "findings": _compared(before, after),
        "kept_for_coverage": choice.carriers,
        "lost_sounds": choice.lost,
        "out_of_vocabulary": {symbol: list(names) for symbol, names in unknown.items()},
        "recipe": recipe.model_dump(mode="json"),
    }


def _compared(before: Audit, after: Audit) -> dict[str, dict[str, int]]:
    """Count the clips with each code, errors and warnings only, before and after."""

    def counted(audit: Audit) -> dict[str, int]:
        found = audit.findings[(audit.findings["clip"] != "") & (audit.findings["severity"] != Severity.NOTE)]
        return {str(code): int(n) for code, n in found.groupby("code")["clip"].nunique().items()}

    old, new = counted(before), counted(after)
    codes = sorted({*old, *new}, key=lambda code: (-old.get(code, 0), code))
    return {code: {"before": old.get(code, 0), "after": new.get(code, 0)} for code in codes}
