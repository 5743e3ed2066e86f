"""Brings the tables of an audit or a build and the sound of its clips to the report."""

import pandas as pd

from ttsprep.audit.listen import says_text_of
from ttsprep.audit.pipeline import Audited
from ttsprep.checks.base import catalogue
from ttsprep.checks.phonemes import coverage
from ttsprep.checks.speaker import Speaker
from ttsprep.core import audio
from ttsprep.core.errors import AudioError, UsageError
from ttsprep.core.files import inside
from ttsprep.core.signal import Signal
from ttsprep.core.tables import clean
from ttsprep.core.types import Samples
from ttsprep.report.charts.voice_map import voice_map
from ttsprep.report.data import AuditTables, BuildTables, Coverage, VoicePoints
from ttsprep.report.page import render, render_build


def report(audited: Audited) -> str:
    """Return ``report.html`` of an audit."""
    return render(_tables(audited, _language(audited.table)))


def build_report(before: Audited, after: Audited, rejected: pd.DataFrame, provenance: pd.DataFrame) -> str:
    """Return ``report.html`` of a build: what became of the source, and the report of the result.

    Parameters
    ----------
    before, after
        The audits of the source and of the result.
    rejected, provenance
        As in `ttsprep.report.BuildTables`.
    """
    language = _language(before.table)  # the same for both: a result without a clip has no language of its own
    return render_build(BuildTables(_tables(before, language), _tables(after, language), rejected, provenance))


def _tables(audited: Audited, language: str) -> AuditTables:
    by_id = {clean(name): clip for name, clip in zip(audited.ids, audited.clips, strict=True)}
    table = audited.table
    readable = set(table.id[table.status == "ok"])

    def media(name: str) -> tuple[Samples, int] | None:
        if name not in readable:
            return None
        clip = by_id[name]
        try:
            decoded = audio.read(inside(audited.root, clip.path), start=clip.start, end=clip.end)
        except AudioError:  # the file has changed since it was measured
            return None
        return Signal(decoded).samples, decoded.rate

    explanations = {
        name: {"summary": code.summary, "measured": code.measured, "impact": code.impact, "fix": code.fix}
        for name, (code, _) in catalogue().items()
    }
    return AuditTables(
        audited.summary["corpus"],
        table,
        audited.findings,
        audited.summary,
        explanations,
        _coverage(table, language),
        media,
        voices=_voices(table),
        proposed=says_text_of(table, audited.findings),
    )


def _voices(table: pd.DataFrame) -> VoicePoints | None:
    """Return where the voices of the clips lie; None where nobody has listened to them."""
    found = voice_map(table, Speaker())
    return VoicePoints(found.points, found.voices, found.share) if found is not None else None


def _language(table: pd.DataFrame) -> str:
    """Return the language that most clips are in; "" if none is known."""
    languages = table.language[(table.phonemes != "") & (table.language != "")]
    return "" if languages.empty else str(languages.value_counts().sort_index().idxmax())


def _coverage(table: pd.DataFrame, language: str) -> Coverage | None:
    """Coverage of a language."""
    spoken = table[(table.phonemes != "") & (table.language == language)]
    if spoken.empty or not language:
        return None
    try:
        found = coverage(spoken, language)
    except UsageError:
        return None
    pairs = {
        (first, second): int(found.diphones[i, j])
        for i, first in enumerate(found.inventory)
        for j, second in enumerate(found.inventory)
        if found.diphones[i, j]
    }
    return Coverage(found.phones, frozenset(found.inventory), pairs)
