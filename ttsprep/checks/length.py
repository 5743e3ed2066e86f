"""Length: clips too short or too long, and how lengths are spread."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from ttsprep.checks.base import Chart, Check, Code, SeverityLimits, graded
from ttsprep.core.types import Finding, Severity


@dataclass(frozen=True)
class Length(Check):
    """Length: clips too short or too long, and how lengths are spread.

    Attributes
    ----------
    short_error_s, short_warning_s, short_note_s, long_warning_s, long_note_s
        Duration of a clip in seconds.
    share
        Share of the duration or of the clips that makes a finding on the corpus.
    """

    name = "length"
    area = "file"
    charts: ClassVar[dict[str, Chart]] = {"duration_s": Chart("Length", "s", 1, short="length")}
    codes = (
        Code(
            "too-short",
            "Too short to learn from.",
            "Duration of the clip: error under 0.15 s, warning under 0.3 s, note under 1 s.",
            "Less than a syllable has no rhythm; many trainers crash on clips shorter than a convolution or a segment.",
            "Drop it, or join it with its neighbour.",
        ),
        Code(
            "too-long",
            "Too long for most trainers.",
            "Duration of the clip: warning above 30 s, note above 20 s.",
            "Attention over long clips is hard to learn, and one such clip decides the batch size.",
            "Split it at pauses: `--recipe longform` cuts long recordings into clips.",
        ),
        Code(
            "length-distribution",
            "The lengths of the clips are spread badly.",
            "Share of the clips under 1 s (warning above 50 %, note above 20 %) and over 15 s (note above 20 %), and "
            "of the hours within a tenth of the median (note above 80 %).",
            "A model is good at the lengths it has seen: from words alone it cannot learn sentences.",
            "Add sentences of 2 to 12 seconds.",
        ),
    )

    short_error_s: float = 0.15
    short_warning_s: float = 0.3
    short_note_s: float = 1.0
    long_warning_s: float = 30.0
    long_note_s: float = 20.0

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        seconds = corpus.duration_s
        errors, warnings = (Severity.ERROR, self.short_error_s), (Severity.WARNING, self.short_warning_s)
        limits: SeverityLimits = (errors, warnings, (Severity.NOTE, self.short_note_s))
        yield from graded(corpus, "duration_s", "too-short", limits, "{value:.2f} s (limit {limit:g} s)", below=True)
        limits = ((Severity.WARNING, self.long_warning_s), (Severity.NOTE, self.long_note_s))
        yield from graded(corpus, "duration_s", "too-long", limits, "{value:.1f} s (limit {limit:g} s)")
        if seconds.count() < 30:
            return
        short, long = float((seconds < 1).mean()), float((seconds > 15).mean())
        if short > 0.2:
            severity = Severity.WARNING if short > 0.5 else Severity.NOTE
            yield _spread(severity, f"{short:.0%} of the clips are under 1 s", short, 0.2)
        if long > 0.2:
            yield _spread(Severity.NOTE, f"{long:.0%} of the clips are over 15 s", long, 0.2)
        near = float(seconds[(seconds / seconds.median() - 1).abs() < 0.1].sum() / seconds.sum())
        if near > 0.8:
            yield _spread(Severity.NOTE, f"{near:.0%} of the hours are clips of the same length", near, 0.8)


def _spread(severity: Severity, message: str, value: float, limit: float) -> Finding:
    return Finding("", "length-distribution", severity, f"{message} (limit {limit:.0%})", value, limit)
