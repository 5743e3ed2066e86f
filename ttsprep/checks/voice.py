"""Voice: pitch against the other clips of the speaker, and liveliness of the corpus."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from ttsprep.checks.base import Chart, Check, Code
from ttsprep.checks.pace import speed
from ttsprep.core.dsp import deviation
from ttsprep.core.signal import Signal
from ttsprep.core.types import Clip, Finding, Measures, Severity

_SHORT_S = 0.4
"""Seconds of voiced speech; as little doubles the variance of the median F0."""


@dataclass(frozen=True)
class Voice(Check):
    """Voice: pitch against the other clips of the speaker, and liveliness of the corpus.

    Attributes
    ----------
    outlier_st, outlier_z
        Distance of the median F0 from that of the speaker, in semitones and in spreads.
    least_voiced_s
        Clips with less voiced speech, in seconds, say too little of the voice.
    far_st, far_z
        The same for a greater distance, which needs fewer spreads.
    note_st, note_z
        The same for a note.
    speed_z
        Distance of F0 and speaking rate together, in spreads.
    most_spread_st
        Clips without speaker names that spread more are several voices.
    monotone_st
        A corpus whose F0 spreads less within clips is monotone.
    """

    name = "voice"
    area = "voice"
    charts: ClassVar[dict[str, Chart]] = {
        "f0_median_hz": Chart("Pitch (median F0)", "Hz", 0, short="F0"),
        "f0_spread_st": Chart("Liveliness (spread of F0)", "st", 1),
    }
    codes = (
        Code(
            "pitch-outlier",
            "Much higher or lower than the speaker usually is.",
            "Median F0 of the clip (autocorrelation of the compressed spectrum, Tolonen and Karjalainen 2000) against "
            "the median of the speaker: warning from 3 semitones and 4 robust spreads, from 5 and 2.6, or where F0 and "
            "speaking rate together are 3 spreads off in the direction of a wrong playing speed; note from 4 semitones "
            "and 2 spreads. Not judged under 0.4 s of voiced speech, and where the clips have no speaker "
            "names and differ as much as several voices do.",
            "Another speaker, a wrong sample rate in the header, or a take in another mood; a single-speaker model "
            "averages them.",
            "Listen. Drop it, name its speaker, or correct the sample rate.",
        ),
        Code(
            "monotone",
            "The whole corpus is spoken without melody.",
            "Median over the clips of the spread of F0 within a clip (10th to 90th percentile over 2.56, in "
            "semitones): warning under 1.2. Read speech has 2 to 4.",
            "A model cannot learn an intonation that is not there.",
            "Record some livelier material, or expect flat speech.",
        ),
    )
    measures: ClassVar[dict[str, str]] = {
        "f0_median_hz": "median F0 of the voiced frames [Hz]",
        "f0_spread_st": "spread of F0, 10th to 90th percentile over 2.56 [semitones]",
        "voiced_ratio": "share of the speech that is voiced [0-1]",
    }

    outlier_st: float = 3.0
    outlier_z: float = 4.0
    least_voiced_s: float = 0.4
    far_st: float = 5.0
    far_z: float = 2.6
    note_st: float = 4.0
    note_z: float = 2.0
    speed_z: float = 3.0
    monotone_st: float = 1.2
    most_spread_st: float = 3.5

    @staticmethod
    def measure(clip: Clip, signal: Signal) -> Measures:  # noqa: D102
        f0 = signal.f0
        voiced = f0[np.isfinite(f0)]
        speech = max(1.0, signal.speech.sum() / 2)
        if len(voiced) < 5:
            return {"f0_median_hz": np.nan, "f0_spread_st": np.nan, "voiced_ratio": len(voiced) / speech}
        low, middle, high = np.percentile(voiced, [10, 50, 90])
        return {
            "f0_median_hz": float(middle),
            "f0_spread_st": float(12 * np.log2(high / low) / 2.56),
            "voiced_ratio": len(voiced) / speech,
        }

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        corpus = corpus[corpus.level_range_db >= 10]  # the others have no voice
        voiced_s = corpus.voiced_ratio * corpus.speech_s
        f0 = (12 * np.log2(corpus.f0_median_hz)).where(voiced_s >= self.least_voiced_s)
        against = deviation(f0, corpus.speaker, least_spread=0.7)
        spread = against.off / against.z
        # the melody of a word moves its median more than that of a sentence
        off, z = against.off.abs(), against.z.abs() / np.sqrt(1 + _SHORT_S / voiced_s)
        out = (off > self.outlier_st) & (z > self.outlier_z)
        out |= (off > self.far_st) & (z > self.far_z)
        out |= (off > self.outlier_st) & (speed(corpus).abs() > self.speed_z)
        note = (off > self.note_st) & (z > self.note_z)
        for i in np.flatnonzero((out | note) & (spread < self.most_spread_st)):
            usual = 2 ** (against.centre.iloc[i] / 12)
            hz, away = corpus.f0_median_hz.iloc[i], against.off.iloc[i]
            message = (
                f"F0 {hz:.0f} Hz, {abs(away):.0f} semitones {'above' if away > 0 else 'below'} the usual {usual:.0f} "
                f"Hz (limit {self.outlier_st:g} semitones)"
            )
            severity = Severity.WARNING if out.iloc[i] else Severity.NOTE
            limit = float(usual * 2 ** (np.sign(away) * self.outlier_st / 12))
            yield Finding(corpus.id.iloc[i], "pitch-outlier", severity, message, float(hz), limit)
        lively = corpus.f0_spread_st[corpus.speech_s > 1.0]
        if lively.count() >= 8 and lively.median() < self.monotone_st:
            message = (
                f"F0 spreads by {lively.median():.1f} semitones within a typical clip (limit {self.monotone_st:g}): "
                "the voice has no melody"
            )
            yield Finding("", "monotone", Severity.WARNING, message, float(lively.median()), self.monotone_st)
