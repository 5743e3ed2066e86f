"""Bandwidth: speech that was sampled lower than its file says."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from ttsprep.checks.base import FEW, MOST, Chart, Check, Code, rows
from ttsprep.core.signal import Signal
from ttsprep.core.types import Clip, Finding, Measures, Severity

_LOWEST_HZ = 2_500.0
GAP_HZ, SIDE_HZ = 400.0, 500.0
RATES = (48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 11_025, 8_000)
"""Sample rates that models are trained at, in Hz."""
Rates = npt.NDArray[np.float64]
CLIFF_DB = 30.0
"""Natural spectra fall by less than 20 dB within 400 Hz, resamplers and coders by 35 to 75 dB."""


@dataclass(frozen=True)
class Bandwidth(Check):
    """Bandwidth: speech that was sampled lower than its file says.

    Attributes
    ----------
    share
        Bandwidth under this share of half the sample rate is narrow.
    goal_hz
        Sample rate that is trained at; 0 for the one that the audit is asked for, or finds.
    """

    name = "bandwidth"
    area = "spectrum"
    charts: ClassVar[dict[str, Chart]] = {"bandwidth_hz": Chart("Bandwidth", "kHz", 2, 1e-3, short="band")}
    codes = (
        Code(
            "narrowband",
            "Part of the band that a model is trained on is empty: the clip was upsampled, or coded with loss.",
            "The cliff in the long-term spectrum: the largest difference between the mean level in the 500 Hz below "
            "and the 500 Hz above a gap of 400 Hz. Voices and microphones fall by less than 20 dB there, resamplers "
            "by 40 to 75 dB. An error where such a cliff (30 dB) stands below 85 % of half the sample rate that is "
            "trained at (--for, --rate), or where half the rate of the file does: everything above it is empty. "
            "Where nine in ten clips are so it is one note on the corpus, with the rate to train at.",
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
    goal_hz: float = 0.0

    @staticmethod
    def measure(clip: Clip, signal: Signal) -> Measures:  # noqa: D102
        mean = np.full(len(signal.power), 1 / len(signal.power), np.float32) @ signal.power
        spectrum = 10 * np.log10(mean + 1e-14)
        hz = signal.bin_hz
        half_gap, side = round(GAP_HZ / 2 / hz), round(SIDE_HZ / hz)
        sums = np.concatenate(([0.0], np.cumsum(spectrum, dtype=np.float64)))
        # the upper side may be shorter near half the sample rate, but not under a quarter
        middle = np.arange(int(_LOWEST_HZ / hz), len(spectrum) - half_gap - side // 4)
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
        decoded = corpus[corpus.sample_rate > 0]
        rate = np.full(len(decoded), self.goal_hz) if self.goal_hz else decoded.sample_rate.to_numpy(float)
        decoded = decoded.assign(end=spectrum_end_hz(decoded), limit=least_band_hz(rate, self.share))
        narrow = decoded[decoded.end < decoded.limit]
        if len(narrow) > max(MOST * len(decoded), FEW):
            end = float(narrow.end.median())
            message = (
                f"{len(narrow) / len(decoded):.0%} of the clips have nothing above about {end / 1000:.1f} kHz: "
                f"training at more than {_rate_to_train(end):,} Hz gains nothing"
            )
            yield Finding("", "narrowband", Severity.NOTE, message, end, float(narrow.limit.median()))
            return
        trained = f", trained at {self.goal_hz / 1000:g} kHz" if self.goal_hz else ""
        for row in rows(narrow):
            cliff = f" (a cliff of {row.cliff_db:.0f} dB)" if row.end < row.sample_rate / 2 else ""
            cause = "upsampled or coded with loss" if cliff else "it was recorded at a lower rate"
            message = (
                f"nothing above {row.end / 1000:.1f} kHz{cliff} in a file of {row.sample_rate / 1000:g} kHz{trained}: "
                f"{cause}"
            )
            yield Finding(row.id, "narrowband", Severity.ERROR, message, row.end, row.limit)


def least_band_hz(rate: Rates, share: float) -> Rates:
    """Return what the spectrum of a clip has to reach to be trained at a rate; nothing is too narrow for the lowest."""
    return np.where(rate > RATES[-1], share * rate / 2, 0.0)


def spectrum_end_hz(clips: pd.DataFrame) -> "pd.Series[float]":
    """Return where the spectrum of each clip ends: at its cliff, or at half its sample rate."""
    half = clips["sample_rate"] / 2
    return clips["bandwidth_hz"].where(clips["cliff_db"] > CLIFF_DB, half).fillna(half)


def _rate_to_train(end: float) -> int:
    return next((rate for rate in RATES if Bandwidth.share * rate / 2 <= end), RATES[-1])
