"""Timbre: the long-term spectrum against that of the other clips."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ttsprep.checks.base import Check, Code
from ttsprep.checks.robust import deviation
from ttsprep.signal import Signal, to_db
from ttsprep.types import Clip, Finding, Measures, Severity

CENTRES_HZ = (125, 200, 315, 500, 800, 1_250, 2_000, 3_150, 4_000, 5_000, 6_300)
COLUMNS = tuple(f"ltas_{hz}_db" for hz in CENTRES_HZ)


@dataclass(frozen=True)
class Timbre(Check):
    """Timbre: the long-term spectrum against that of the other clips.

    Attributes
    ----------
    outlier_z, outlier_db
        RMS over the bands, in robust spreads and in dB; both must be passed.
    """

    name = "timbre"
    version = 1
    codes = (
        Code(
            "spectrum-outlier",
            "Sounds like another microphone, room or equaliser than the other clips.",
            "The long-term average spectrum of the speech in 11 bands from 125 Hz to 6.3 kHz, relative to its own "
            "mean, against the median of the speaker: RMS over the bands of the distance in robust spreads (limit "
            "2.3) and in dB (limit 5). Short clips differ by what is said, and are given more room.",
            "A model takes a change of microphone for a change of voice, and mixes them at random.",
            "Keep such clips apart, or match their spectrum to the rest.",
        ),
    )
    measures = {
        column: f"long-term level of the speech around {hz} Hz, relative to the mean of the bands [dB]"
        for column, hz in zip(COLUMNS, CENTRES_HZ, strict=True)
    }

    outlier_z: float = 2.3
    outlier_db: float = 5.0

    @staticmethod
    def measure(clip: Clip, signal: Signal) -> Measures:  # noqa: D102
        hz = signal.bin_hz
        levels = np.array([
            float(to_db(signal.speech_spectrum[max(1, int(c / 1.26 / hz)) : max(2, int(c * 1.26 / hz))].sum()))
            if c * 1.26 < 0.49 * signal.rate
            else np.nan
            for c in CENTRES_HZ
        ])
        if not signal.speech.any():
            levels[:] = np.nan
        return dict(zip(COLUMNS, (levels - np.nanmean(levels)).tolist() if signal.speech.any() else levels, strict=True))

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        corpus = corpus[corpus.level_range_db >= 10]  # the others have no voice
        bands = [deviation(corpus[column], corpus.speaker, least_spread=1.5) for column in COLUMNS]
        # the spread of a spectrum shrinks with the number of phones it averages over
        room = np.sqrt(np.maximum(1.0, corpus.speech_s.median() / corpus.speech_s.clip(lower=0.1)))
        z = np.sqrt(np.nanmean(np.square([band.z for band in bands]), axis=0)) / room
        off = np.sqrt(np.nanmean(np.square([band.off for band in bands]), axis=0))
        for i in np.flatnonzero((z > self.outlier_z) & (off > self.outlier_db)):
            worst = int(np.nanargmax([abs(band.off.iloc[i]) for band in bands]))
            message = (
                f"its spectrum is {off[i]:.0f} dB from the usual one ({z[i]:.1f} spreads; limit {self.outlier_z:g}), "
                f"most at {CENTRES_HZ[worst]} Hz ({bands[worst].off.iloc[i]:+.0f} dB)"
            )
            yield Finding(
                corpus.id.iloc[i], "spectrum-outlier", Severity.WARNING, message, float(z[i]), self.outlier_z
            )
