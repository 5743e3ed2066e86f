"""Rate: how long the speech is for its text."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from ttsprep.checks.base import Chart, Check, Code, rows
from ttsprep.checks.pace import pace
from ttsprep.core.types import Finding, Severity
from ttsprep.text.scripts import scripts_of


@dataclass(frozen=True)
class RateCheck(Check):
    """Rate: how long the speech is for its text.

    Attributes
    ----------
    error_ratio, error_z
        Least factor between the duration and the expected one, and least distance in robust spreads.
    warning_ratio, warning_z
        The same for a warning.
    note_ratio, note_z
        The same for a note.
    fastest_cps, slowest_cps
        Characters a second that no reader reaches, for corpora too small to compare with themselves.
    slowest_syllables_per_s
        The same as `slowest_cps` where a character is a syllable or more.
    """

    name = "rate"
    area = "text and audio"
    charts: ClassVar[dict[str, Chart]] = {
        "chars_per_s": Chart("Rate", "characters/s", 1, short="rate", narrow="char/s"),
        "phones_per_s": Chart("Rate", "phones/s", 1),
    }
    codes = (
        Code(
            "rate-outlier",
            "The speech is far too long or too short for its text.",
            "Duration of the speech, pauses left out, against what the phones of the text take: how long each phone "
            "lasts is learnt from the speaker's clips by robust ridge regression, from usual proportions on "
            "(characters where there are no phones). In logarithms, so that both sides count alike; the spread grows "
            "for texts of a few phones. Error from a factor of 1.65 and 4.5 robust spreads, warning from 1.25 and "
            "3.2, note from 1.2 and 2.2. In seven voices 92 to 100 % of texts of which the second half is missing get "
            "a warning. Under 12 clips only 3 to 30 characters a second are held against it, from 1 "
            "on in Chinese, Japanese and Korean.",
            "Words are missing in the text or in the audio, or the text belongs to another clip: alignment fails, and "
            "the model learns to skip and to babble.",
            "Listen and read; correct the text, or drop the clip.",
        ),
    )
    error_ratio: float = 1.65
    error_z: float = 4.5
    warning_ratio: float = 1.25
    warning_z: float = 3.2
    note_ratio: float = 1.2
    note_z: float = 2.2
    fastest_cps: float = 30.0
    slowest_cps: float = 3.0
    slowest_syllables_per_s: float = 1.0

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        against = pace(corpus)
        if not against.z.notna().any():
            yield from self._absolute(corpus)
            return
        factor, z = np.exp(against.off.abs()), against.z.abs()
        error = (factor > self.error_ratio) & (z > self.error_z)
        warning = (factor > self.warning_ratio) & (z > self.warning_z)
        note = (factor > self.note_ratio) & (z > self.note_z)
        for i in np.flatnonzero(error | warning | note):
            severity = Severity.ERROR if error.iloc[i] else Severity.WARNING if warning.iloc[i] else Severity.NOTE
            seconds, expected = float(corpus.speech_s.iloc[i]), float(against.expected.iloc[i])
            what = "long for its text" if against.off.iloc[i] > 0 else "short for its text"
            message = (
                f"{seconds:.1f} s of speech where the text takes about {expected:.1f} s: {factor.iloc[i]:.1f} "
                f"times too {what}"
            )
            yield Finding(corpus.id.iloc[i], "rate-outlier", severity, message, seconds, expected)

    def _absolute(self, corpus: pd.DataFrame) -> Iterator[Finding]:
        syllables = corpus.language.map(lambda language: bool(scripts_of(language) & {"HAN", "HANGUL"}))
        slowest = pd.Series(self.slowest_cps, corpus.index).mask(syllables, self.slowest_syllables_per_s)
        for row, slow in zip(rows(corpus), slowest, strict=True):
            if not row.chars or not (row.chars_per_s > self.fastest_cps or row.chars_per_s < slow):
                continue
            limit = self.fastest_cps if row.chars_per_s > self.fastest_cps else slow
            message = f"{row.chars_per_s:.1f} characters a second (limit {limit:g}): text or speech is missing"
            yield Finding(row.id, "rate-outlier", Severity.WARNING, message, row.chars_per_s, limit)
