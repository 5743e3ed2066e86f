"""Bandwidth: speech that was sampled lower than its file says."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from ttsprep.checks.base import Check, Code, rows
from ttsprep.core.signal import Signal
from ttsprep.core.types import Clip, Finding, Measures, Severity

LOWEST_HZ = 2_500.0
GAP_HZ, SIDE_HZ = 400.0, 500.0
CLIFF_DB = 30.0
"""Natural spectra fall by less than 20 dB within 400 Hz, resamplers and coders by 35 to 75 dB."""


@dataclass(frozen=True)
class Bandwidth(Check):
    """Bandwidth: speech that was sampled lower than its file says.

    Attributes
    ----------
    share
        Bandwidth under this share of half the sample rate is narrow.
    """

    name = "bandwidth"
    area = "spectrum"
    codes = (
        Code(
            "narrowband",
            "The file has a higher sample rate than what was recorded: it was upsampled.",
            "The cliff in the long-term spectrum: the largest difference between the mean level in the 500 Hz below "
            "and the 500 Hz above a gap of 400 Hz. Voices and microphones fall by less than 20 dB there, resamplers "
            "by 40 to 75 dB. An error where such a cliff (30 dB) stands below 85 % of half the sample rate, because "
            "everything above it is empty.",
            "The model is asked to produce treble that no clip of this source has; mixed with full-band clips it "
            "will sound dull at random.",
            "Take the original. If the whole corpus is like this, resample it down to twice its bandwidth and train at "
            "that rate.",
        ),
    )
    measures: ClassVar[dict[str, str]] = {
        "bandwidth_hz": "where the spectrum ends: its cliff, or half the sample rate if it has none [Hz]",
        "cliff_db": "height of the steepest cliff of the spectrum [dB]",
    }

    share: float = 0.85

    @staticmethod
    def measure(clip: Clip, signal: Signal) -> Measures:  # noqa: D102
        mean = np.full(len(signal.power), 1 / len(signal.power), np.float32) @ signal.power
        spectrum = 10 * np.log10(mean + 1e-14)
        hz = signal.bin_hz
        half_gap, side = round(GAP_HZ / 2 / hz), round(SIDE_HZ / hz)
        sums = np.concatenate(([0.0], np.cumsum(spectrum, dtype=np.float64)))
        # the upper side may be shorter near half the sample rate, but not under a quarter
        middle = np.arange(int(LOWEST_HZ / hz), len(spectrum) - half_gap - side // 4)
        if not len(middle):
            return {"bandwidth_hz": signal.rate / 2, "cliff_db": 0.0}
        below = (sums[middle - half_gap] - sums[middle - half_gap - side]) / side
        top = np.minimum(middle + half_gap + side, len(spectrum))
        above = (sums[top] - sums[middle + half_gap]) / (top - middle - half_gap)
        drop = below - above
        steepest = int(drop.argmax())
        cliff = float(drop[steepest])
        edge = float(middle[steepest] * hz) if cliff > CLIFF_DB else signal.rate / 2
        return {"bandwidth_hz": edge, "cliff_db": cliff}

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        limit = self.share * corpus.sample_rate / 2
        for row, most in zip(rows(corpus), limit, strict=True):
            if row.cliff_db > CLIFF_DB and row.bandwidth_hz < most:
                message = (
                    f"nothing above {row.bandwidth_hz / 1000:.1f} kHz (a cliff of {row.cliff_db:.0f} dB) in a file of "
                    f"{row.sample_rate / 1000:g} kHz: upsampled from about {2.1 * row.bandwidth_hz / 1000:.0f} kHz"
                )
                yield Finding(row.id, "narrowband", Severity.ERROR, message, row.bandwidth_hz, most)
