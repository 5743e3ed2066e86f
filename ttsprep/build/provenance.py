"""Where each clip of a build comes from, and the other tables of a build."""

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ttsprep.audit.model_pass import not_heard_again
from ttsprep.audit.pipeline import Audit
from ttsprep.audit.select import Rejection
from ttsprep.build.config import Recipe
from ttsprep.build.split import split
from ttsprep.build.stages.base import Stage
from ttsprep.build.stages.format import Format
from ttsprep.build.stages.resample import Resample
from ttsprep.core.errors import UsageError
from ttsprep.core.files import clean
from ttsprep.core.package import __version__
from ttsprep.core.tables import is_formula, write_csv
from ttsprep.core.types import Clip, Severity
from ttsprep.core.untrusted import read_text
from ttsprep.corpora.exports.base import Entry
from ttsprep.corpora.reference import choose_references

PROVENANCE = pa.schema([
    ("id", pa.string()),
    ("path", pa.string()),
    ("source_id", pa.string()),
    ("source_path", pa.string()),
    ("source_sha256", pa.string()),
    ("source_start_s", pa.float64()),
    ("source_end_s", pa.float64()),
    ("source_rate", pa.int32()),
    ("source_channels", pa.int16()),
    ("source_subtype", pa.string()),
    ("source_frames", pa.int64()),
    ("text", pa.string()),
    ("normalised", pa.string()),
    ("asr_log_p", pa.float32()),
    ("operations", pa.string()),
    ("gain_db", pa.float32()),
    ("lead_removed_s", pa.float32()),
    ("tail_removed_s", pa.float32()),
    ("sha256", pa.string()),
    ("sample_rate", pa.int32()),
    ("channels", pa.int16()),
    ("subtype", pa.string()),
    ("frames", pa.int64()),
    ("status", pa.string()),
    ("status_reason", pa.string()),
    ("status_stage", pa.string()),
    ("fingerprint", pa.string()),
])
"""Where each clip of a build comes from and what was done to it; ``operations`` is a JSON list, in order,
and ``asr_log_p`` how sure a model was of a text that it wrote."""

REJECTED = ("id", "stage", "codes", "reason")
_KINDS = {str: pa.string(), int: pa.int64(), float | None: pa.float64()}
ENTRIES = pa.schema([(item.name, _KINDS[item.type]) for item in fields(Entry)])  # type: ignore[index]
"""The clips of a build, as its exports see them."""


def write_rejected(path: Path, rejected: Sequence[Rejection]) -> None:
    """Write what is not in the build and why, for people: cells are safe to open in a spreadsheet."""
    rows = ((item.id, item.stage, " ".join(item.codes), item.reason) for item in rejected)
    write_csv(path, REJECTED, rows, safe=True)


def _text(cell: str) -> str:
    """Undo what makes a cell safe."""
    return cell.removeprefix("'") if is_formula(cell) else cell


def read_rejected(path: Path) -> list[Rejection]:
    """Read what `write_rejected` wrote.

    Raises
    ------
    UsageError
        If it cannot be read, or is something else.
    """
    try:
        return [
            Rejection(_text(row["id"]), row["stage"], tuple(row["codes"].split()), _text(row["reason"]))
            for row in csv.DictReader(io.StringIO(read_text(path, 1 << 30), newline=""), strict=True)
        ]
    except (OSError, ValueError, KeyError, AttributeError, csv.Error):
        raise UsageError(f"{path} is damaged: give the command of the build again") from None


def rejected_frame(rejected: Sequence[Rejection]) -> pd.DataFrame:
    """Return rejections as a table, as in ``rejected.csv``."""
    rows = [(clean(item.id), item.stage, " ".join(item.codes), clean(item.reason)) for item in rejected]
    return pd.DataFrame(rows, columns=list(REJECTED), dtype=str)


def entries_of(rows: pd.DataFrame, clips: Mapping[str, Clip], recipe: Recipe) -> list[Entry]:
    """Return the clips of a build from their provenance and their clips in the source, divided."""
    speakers = [clean(clips[source].speaker) for source in rows["source_id"]]
    languages = [clean(clips[source].language) for source in rows["source_id"]]
    parts = split(rows["id"].tolist(), speakers, rows["normalised"].tolist(), recipe.split)
    columns = ["id", "path", "text", "normalised", "sample_rate", "channels", "frames", "sha256"]
    sure = [None if np.isnan(log_p) else float(log_p) for log_p in rows["asr_log_p"]]
    return [
        Entry(name, path, text, normalised, speaker, language, part, int(rate), int(channels), int(frames), sha256, p)
        for (name, path, text, normalised, rate, channels, frames, sha256), speaker, language, part, p in zip(
            rows[columns].itertuples(index=False), speakers, languages, parts, sure, strict=True
        )
    ]


def with_references(entries: Sequence[Entry], clips: pd.DataFrame) -> list[Entry]:
    """Return entries with the reference clip of their speaker, in train where there is one; `clips` are measured."""
    train = {entry.id for entry in entries if entry.split == "train"}
    known = clips[clips["id"].isin([entry.id for entry in entries])]
    chosen = choose_references(known) | choose_references(known[known["id"].isin(train)])
    return [replace(entry, reference=chosen.get(entry.speaker, "")) for entry in entries]


def entries_table(entries: Sequence[Entry]) -> pa.Table:
    """Return the clips of a build as a table."""
    return pa.table([pa.array([getattr(e, item.name) for e in entries], item.type) for item in ENTRIES], schema=ENTRIES)


def by_reason(rejected: Sequence[Rejection]) -> dict[str, int]:
    """Count rejections by their first code (by the stage where there is none), the most frequent first."""
    counts = Counter(item.codes[0] if item.codes else item.stage for item in rejected)
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def drafted(before: Audit, refused: Sequence[Rejection], steps: Sequence[Stage], recipe: Recipe) -> dict[str, Any]:
    """Return what a build would do; hours are those of the source, before trimming."""
    clips = before.clips[before.clips["id"].isin(before.selection.kept)]
    rate = rate_of(steps)
    depth = next((step.bytes_per_sample for step in steps if isinstance(step, Format)), 2)
    rates = np.minimum(clips["sample_rate"], rate) if rate else clips["sample_rate"]
    return {
        "source": _about(before),
        "goal": before.goal.as_json(),
        "result": {
            "clips": len(clips),
            "hours": _hours(clips["duration_s"].sum()),
            "bytes": int((clips["duration_s"] * rates).sum()) * depth,
        },
        "rejected": _rejected(before, [*refused, *before.selection.rejected]),
        "kept_for_coverage": before.selection.kept_for_coverage,
        "lost_sounds": before.selection.lost,
        "stages": [step.name for step in steps],
        "exports": list(recipe.export),
        "recipe": recipe.model_dump(mode="json"),
    }


def rate_of(steps: Sequence[Stage]) -> int:
    """Return the sample rate that is built, in Hz; 0 if every clip keeps its own."""
    return next((step.sample_rate for step in steps if isinstance(step, Resample)), 0)


def _about(before: Audit) -> dict[str, Any]:
    return {key: before.summary[key] for key in ("corpus", "layout", "clips", "hours", "languages", "speakers")}


def _rejected(before: Audit, rejected: Sequence[Rejection]) -> dict[str, Any]:
    """Count what is left out of the build as a whole; what single exports leave out is not."""
    seconds = dict(zip(before.clips["id"], before.clips["duration_s"].fillna(0.0), strict=True))
    gone = {item.id for item in rejected if not item.stage.startswith("export ")}
    return {
        "clips": len(gone),
        "late": len(gone - {item.id for item in before.selection.rejected} & set(seconds)),
        "hours": _hours(sum(seconds.get(name, 0.0) for name in gone)),
        "reasons": by_reason([item for item in rejected if not item.stage.startswith("export ")]),
    }


def _hours(seconds: float) -> float:
    return round(float(seconds) / 3600, 6)


def document(
    before: Audit,
    after: Audit,
    rejected: Sequence[Rejection],
    entries: Sequence[Entry],
    recipe: Recipe,
    unknown: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """Return what ``build.json`` says."""
    return {
        "ttsprep": __version__,
        "source": _about(before),
        "goal": before.goal.as_json(),
        "result": {
            "clips": len(entries),
            "hours": _hours(sum(entry.duration_s for entry in entries)),
            "speakers": len({entry.speaker for entry in entries} - {""}),
            "sample_rates": sorted({entry.sample_rate for entry in entries}),
            "splits": dict(sorted(Counter(entry.split for entry in entries).items())),
        },
        "rejected": _rejected(before, rejected),
        "refused_by_exports": dict(
            Counter(one.stage.removeprefix("export ") for one in rejected if one.stage.startswith("export "))
        ),
        "findings": _compared(before, after, {item.id for item in rejected if not item.stage.startswith("export ")}),
        "kept_for_coverage": before.selection.kept_for_coverage,
        "lost_sounds": before.selection.lost,
        "out_of_vocabulary": {symbol: list(names) for symbol, names in unknown.items()},
        "recipe": recipe.model_dump(mode="json"),
    }


def _compared(before: Audit, after: Audit, gone: Set[str]) -> dict[str, dict[str, int]]:
    """Count the clips with each code, errors and warnings only, before and after."""

    def counted(findings: pd.DataFrame) -> dict[str, int]:
        named = findings[(findings["clip"] != "") & (findings["severity"] != Severity.NOTE)]
        return {str(code): int(n) for code, n in named.groupby("code")["clip"].nunique().items()}

    remaining = before.findings[
        before.findings["code"].isin(not_heard_again(before.summary, after.summary))
        & ~before.findings["clip"].isin(gone)
    ]
    old, new = counted(before.findings), counted(after.findings) | counted(remaining)
    codes = sorted({*old, *new}, key=lambda code: (-old.get(code, 0), code))
    return {code: {"before": old.get(code, 0), "after": new.get(code, 0)} for code in codes}
