"""Brings the tables of an audit and the sound of its clips to the report."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ttsprep import audio
from ttsprep.checks.base import catalogue
from ttsprep.checks.phonemes import coverage
from ttsprep.errors import AudioError, UsageError
from ttsprep.files import inside
from ttsprep.manifest import clean
from ttsprep.report.render import render
from ttsprep.report.tables import AuditTables, Coverage
from ttsprep.signal import Signal
from ttsprep.types import Clip, Samples


def report(
    root: Path,
    clips: Sequence[Clip],
    ids: Sequence[str],
    table: pd.DataFrame,
    findings: pd.DataFrame,
    summary: dict[str, Any],
) -> str:
    """Return ``report.html`` of an audit."""
    by_id = {clean(name): clip for name, clip in zip(ids, clips, strict=True)}
    readable = set(table.id[table.status == "ok"])

    def media(name: str) -> tuple[Samples, int] | None:
        if name not in readable:
            return None
        clip = by_id[name]
        try:
            decoded = audio.read(inside(root, clip.path), start=clip.start, end=clip.end)
        except AudioError:  # the file has changed since it was measured
            return None
        return Signal(decoded).samples, decoded.rate

    explanations = {
        name: {"summary": code.summary, "measured": code.measured, "harm": code.harm, "mend": code.mend}
        for name, (code, _) in catalogue().items()
    }
    return render(AuditTables(summary["corpus"], table, findings, summary, explanations, _coverage(table), media))


def _coverage(table: pd.DataFrame) -> Coverage | None:
    """Coverage of the language that most clips are in."""
    spoken = table[(table.phonemes != "") & (table.language != "")]
    if spoken.empty:
        return None
    language = str(spoken.language.value_counts().sort_index().idxmax())
    try:
        found = coverage(spoken[spoken.language == language], language)
    except UsageError:
        return None
    pairs = {
        (first, second): int(found.diphones[i, j])
        for i, first in enumerate(found.inventory)
        for j, second in enumerate(found.inventory)
        if found.diphones[i, j]
    }
    return Coverage(found.phones, frozenset(found.inventory), pairs)
