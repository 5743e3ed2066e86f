"""Hum: the mains at 50 or 60 Hz with its harmonics."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from ttsprep.checks.base import Check, Code, graded
from ttsprep.core.signal import HOP_S, SILENCE_DB, Signal, to_db
from ttsprep.core.types import Clip, Finding, Measures, Severity

MAINS_HZ = (50.0, 60.0)
_DRIFT = np.linspace(-0.006, 0.006, 13)
"""The mains, and the clocks of recorders, are off by up to half a per cent."""
HARMONICS = 6
TONES_HZ = tuple(base * harmonic for base in MAINS_HZ for harmonic in range(1, HARMONICS + 1))
_BLOCK = 6
"""Frames summed before the search: 60 ms."""
LINE_BINS = 1.5
"""Bins that a line fills under a Hann window."""
_SURE = 25.0
"""Summed statistic above which a steady tone is no accident."""

_Array = npt.NDArray[np.float32]
Rotations = npt.NDArray[np.complex64]


@dataclass(frozen=True)
class Hum(Check):
    """Hum: the mains at 50 or 60 Hz with its harmonics.

    Attributes
    ----------
    warning_db, note_db
        Level of the hum relative to the speech.
    """

    name = "hum"
    area = "noise"
    codes = (
        Code(
            "hum",
            "The mains hums at 50 or 60 Hz.",
            "A tone that keeps its phase through the whole clip at a multiple of 50 or 60 Hz, which no voice does: the "
            "maximum-likelihood amplitude of a steady sinusoid in the short-time spectrum, each frame weighted by the "
            "inverse of its power (Kay 1998, section 4.5), summed over six harmonics. Warning above -28 dB relative "
            "to the speech, note above -35 dB.",
            "It is there in every pause, and a low voice gets a second pitch.",
            "Find the ground loop or the cable. A notch filter at the harmonics is harmless below 100 Hz only.",
        ),
    )
    measures: ClassVar[dict[str, str]] = {
        "hum_db": "level of steady mains hum relative to the speech, -120 if there is none [dB]",
        "hum_hz": "frequency of the mains found, 0 if none [Hz]",
    }

    warning_db: float = -28.0
    note_db: float = -35.0

    @staticmethod
    def measure(clip: Clip, signal: Signal) -> Measures:  # noqa: D102
        if not signal.speech.any():
            return {"hum_db": np.nan, "hum_hz": np.nan}
        best, level, mains = _SURE, SILENCE_DB, 0.0
        statistics, tones = _steady_tones(signal)
        for base, statistic, tone in zip(MAINS_HZ, statistics, tones, strict=True):
            score, power = statistic.sum(axis=0), np.where(statistic > 8, tone, 0).sum(axis=0)
            i = int(score.argmax())
            if score[i] > best and power[i] > 0:
                best, mains = score[i], base * (1 + _DRIFT[i])
                level = 10 * np.log10(power[i]) - float(to_db(signal.speech_spectrum.sum()))
        return {"hum_db": max(level, SILENCE_DB), "hum_hz": mains}

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        limits = (Severity.WARNING, self.warning_db), (Severity.NOTE, self.note_db)
        message = "hums at {row.hum_hz:.1f} Hz, {value:.0f} dB relative to the speech (limit {limit:g} dB)"
        yield from graded(corpus, "hum_db", "hum", limits, message)


def _steady_tones(signal: Signal) -> tuple[_Array, _Array]:
    """Look for steady sinusoids: how sure one is, and its power; of shape (mains, harmonics, drifts)."""
    count = len(signal.low_spectrum)
    hop = round(HOP_S * signal.rate) / signal.rate
    bins = [round(hertz / signal.bin_hz) for hertz in TONES_HZ]
    spectrum = np.ascontiguousarray(signal.low_spectrum[:, bins].T)
    power = spectrum.real**2 + spectrum.imag**2
    padded = np.pad(power, ((0, 0), (2, 2)))
    mean = sum(padded[:, i : i + count] for i in range(5)) * np.float32(0.2)
    weight = 1 / (mean + np.float32(1e-11))
    still, drift = _rotations(hop, 1 << (count - 1).bit_length())
    blocks = np.add.reduceat(weight * spectrum * still[:, :count], np.arange(0, count, _BLOCK), axis=1)
    amplitude = np.abs(drift[:, :, : blocks.shape[1]] @ blocks[:, :, None])[:, :, 0]
    total = weight.sum(axis=1)[:, None]
    shape = (len(MAINS_HZ), HARMONICS, len(_DRIFT))
    return (amplitude**2 / total).reshape(shape), (LINE_BINS * (amplitude / total) ** 2).reshape(shape)


@lru_cache(maxsize=16)
def _rotations(hop: float, count: int) -> tuple[Rotations, Rotations]:
    """Turn each tone to 0 Hz, frame by frame, and each drift of it, block by block.

    Brought down, a drift of the mains moves slowly: blocks of frames can be summed before the search.
    """
    turn = -2j * np.pi * np.array(TONES_HZ)
    still = np.exp(turn[:, None] * hop * np.arange(count))
    times = (np.arange(-(-count // _BLOCK)) * _BLOCK + (_BLOCK - 1) / 2) * hop
    drift = np.exp(turn[:, None, None] * np.outer(_DRIFT, times))
    return still.astype(np.complex64), drift.astype(np.complex64)
