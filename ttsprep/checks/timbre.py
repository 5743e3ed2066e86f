"""Timbre: the long-term spectrum against that of the other clips."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from ttsprep.checks.base import Check, Code
from ttsprep.core.dsp import deviation
from ttsprep.core.signal import Signal, to_db
from ttsprep.core.types import Clip, Finding, Measures, Severity

CENTRES_HZ = (160, 250, 400, 630, 1_000, 1_600, 2_500, 3_600, 4_700, 6_000)
HALF_WIDTH = 1.3
TIMBRE_COLUMNS = tuple(f"timbre_{hz}_db" for hz in CENTRES_HZ)


@dataclass(frozen=True)
class Timbre(Check):
    """Timbre: the long-term spectrum against that of the other clips.

    Attributes
    ----------
    warning_z, warning_db, note_z, note_db
        RMS over the bands, in robust spreads and in dB; both must be passed.
    """

    name = "timbre"
    area = "spectrum"
    codes = (
        Code(
            "spectrum-outlier",
            "Sounds like another microphone, room or equaliser than the other clips.",
            "The mean of the log spectrum of the speech in 10 bands from 160 Hz to 6 kHz, relative to its own mean: a "
            "microphone adds a constant to it (cepstral mean, Atal 1974). RMS over the bands of the distance from the "
            "median of the speaker, in robust spreads and in dB: warning from 2.6 spreads and 5.5 dB, note from 1.6 "
            "and 4.2. Short clips differ by their phones, and have wider limits.",
            "A model takes a change of microphone for a change of voice, and mixes them at random.",
            "Keep such clips apart, or match their spectrum to the rest.",
        ),
    )
    measures: ClassVar[dict[str, str]] = {
        column: f"mean log level of the speech around {hz} Hz, relative to the mean of the bands [dB]"
        for column, hz in zip(TIMBRE_COLUMNS, CENTRES_HZ, strict=True)
    }

    warning_z: float = 2.6
    warning_db: float = 5.5
    note_z: float = 1.6
    note_db: float = 4.2

    @staticmethod
    def measure(clip: Clip, signal: Signal) -> Measures:  # noqa: D102
        usable = [hz for hz in CENTRES_HZ if hz * HALF_WIDTH < 0.49 * signal.rate]
        levels = np.full(len(CENTRES_HZ), np.nan)
        if signal.speech.any():
            lows = [max(1, int(hz / HALF_WIDTH / signal.bin_hz)) for hz in usable]
            highs = [int(hz * HALF_WIDTH / signal.bin_hz) for hz in usable]
            bands = signal.bands(*((low, max(low + 1, high)) for low, high in zip(lows, highs, strict=True)))
            levels[: len(usable)] = to_db(bands[signal.speech]).mean(axis=0)
            levels -= np.nanmean(levels)
        return dict(zip(TIMBRE_COLUMNS, levels.tolist(), strict=True))

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        corpus = corpus[corpus.level_range_db >= 10]  # the others have no voice
        if corpus.empty:
            return
        bands = [deviation(corpus[column], corpus.speaker, least_spread=1.5) for column in TIMBRE_COLUMNS]
        # the spread of a spectrum shrinks with the number of phones it averages over
        seconds = corpus.speech_s.clip(lower=0.1).to_numpy()
        room = np.sqrt(np.maximum(1.0, np.median(seconds) / seconds))
        z = _rms([band.z for band in bands]) / room
        off = _rms([band.off for band in bands])
        warning = (z > self.warning_z) & (off > self.warning_db)
        for i in np.flatnonzero(warning | ((z > self.note_z) & (off > self.note_db))):
            worst = int(np.nanargmax([abs(band.off.iloc[i]) for band in bands]))
            limit = self.warning_z if warning[i] else self.note_z
            message = (
                f"its spectrum is {off[i]:.0f} dB from the usual one ({z[i]:.1f} spreads, limit {limit:g}), most at "
                f"{CENTRES_HZ[worst]} Hz ({bands[worst].off.iloc[i]:+.0f} dB)"
            )
            severity = Severity.WARNING if warning[i] else Severity.NOTE
            yield Finding(corpus.id.iloc[i], "spectrum-outlier", severity, message, float(z[i]), limit)


def _rms(bands: "list[pd.Series[float]]") -> npt.NDArray[np.float64]:
    """Root mean square over the bands that were measured, for each clip; NaN where none was."""
    squares = pd.concat(bands, axis=1).pow(2).mean(axis=1)
    return np.asarray(squares**0.5, np.float64)
