"""Traces of lossy coding at a low rate."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from ttsprep.checks.base import FEW, MOST, Check, Code, graded
from ttsprep.core.dsp import deviation
from ttsprep.core.signal import Signal
from ttsprep.core.types import Clip, Finding, Measures, Severity

CELL_HZ = 200.0
_LOWEST_HZ = 2_000.0
_HIGHEST_HZ = 10_000.0
REACH = 4
"""Frames: an empty band lasts about one granule, 26-36 ms."""
EMPTY_DB = -95.0


@dataclass(frozen=True)
class Lossy(Check):
    """Traces of lossy coding at a low rate.

    Attributes
    ----------
    holes_warning, holes_note
        Holes in a thousand cells.
    spreads, holes_most
        A warning needs so many robust spreads over the usual, too: some voices have natural holes, more so in a
        narrow band. More than `holes_most` are not natural.
    """

    name = "lossy"
    area = "spectrum"
    codes = (
        Code(
            "lossy-source",
            "The clip was once coded with loss at a low rate, whatever its format is now.",
            "Coders silence whole bands for a few hundredths of a second, which no room does. In cells of 200 Hz by 10 "
            "ms, above 2 kHz, within speech: the share that lie 8 dB under both neighbours in frequency, the share 8 "
            "dB under both neighbours in time (40 ms away) and 5 dB in frequency, and the share of steps over 18 dB "
            "between neighbours; the geometric mean of the three, in thousandths. Clean voices read 0 to 9, MP3 at 32 "
            "kbit/s 15 to 40. Warning above 16 and 3.5 robust spreads over the usual, or above 24; note above 11; "
            "where nine in ten clips are so, one finding on the corpus.",
            "The model learns the watery treble of the coder.",
            "Find the original recording; a file cannot be decoded back to what was thrown away.",
        ),
    )
    measures: ClassVar[dict[str, str]] = {
        "holes_permille": "cells of the spectrogram that look emptied by a coder [thousandths]"
    }

    holes_warning: float = 16.0
    holes_note: float = 11.0
    spreads: float = 3.5
    holes_most: float = 24.0

    @staticmethod
    def measure(clip: Clip, signal: Signal) -> Measures:  # noqa: D102
        width = max(1, round(CELL_HZ / signal.bin_hz))
        low = int(_LOWEST_HZ / signal.bin_hz)
        bands = int((min(0.44 * signal.rate, _HIGHEST_HZ) / signal.bin_hz - low) // width)
        power = signal.power[:, low : low + bands * width]
        speech = signal.speech[REACH:-REACH]
        if bands < 3 or speech.sum() < 20:
            return {"holes_permille": np.nan}
        cells = np.add.reduceat(power, np.arange(0, bands * width, width), axis=1)
        level = np.float32(10 / np.log(10)) * np.log(cells + np.float32(1e-15))
        alive = np.partition(level, -max(1, len(level) // 10), axis=0)[-max(1, len(level) // 10)] > EMPTY_DB
        if alive[1:-1].sum() < 3:
            return {"holes_permille": np.nan}
        here = level[REACH:-REACH][speech]
        in_time = np.minimum(level[: -2 * REACH][speech], level[2 * REACH :][speech]) - here
        in_frequency = np.minimum(here[:, :-2], here[:, 2:]) - here[:, 1:-1]
        in_time, in_frequency = in_time[:, 1:-1][:, alive[1:-1]], in_frequency[:, alive[1:-1]]
        shares = (
            np.mean(in_frequency > 8),
            np.mean((in_time > 8) & (in_frequency > 5)),
            np.mean(np.abs(np.diff(here[:, alive], axis=1)) > 18),
        )
        return {"holes_permille": float(1000 * np.cbrt(np.prod(shares)))}

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        holes = corpus.holes_permille.dropna()
        coded = holes[holes > self.holes_note]
        if len(coded) > max(MOST * len(holes), FEW):  # a fact of the corpus, which no choice of clips changes
            severity = Severity.WARNING if coded.median() > self.holes_warning else Severity.NOTE
            message = (
                f"{len(coded) / len(holes):.0%} of the clips were coded with loss: a median of {coded.median():.0f} in "
                f"1,000 cells look emptied by a coder (limit {self.holes_note:g})"
            )
            yield Finding("", "lossy-source", severity, message, float(coded.median()), self.holes_note)
            return
        usual = deviation(corpus.holes_permille, corpus.speaker, least_spread=1.0)
        natural = (usual.centre + self.spreads * usual.off / usual.z).clip(upper=self.holes_most).fillna(0.0)
        far = (corpus.holes_permille > self.holes_warning) & (corpus.holes_permille > natural)
        message = "{value:.0f} in 1,000 cells look emptied by a coder (limit {limit:g})"
        warnings, notes = [(Severity.WARNING, self.holes_warning)], [(Severity.NOTE, self.holes_note)]
        yield from graded(corpus[far], "holes_permille", "lossy-source", warnings, message)
        yield from graded(corpus[~far], "holes_permille", "lossy-source", notes, message)
