"""Level: clipping at any gain, DC offset, too quiet, too loud, unlike the other clips."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from ttsprep.checks.base import Chart, Check, Code, SeverityLimits, graded, rows
from ttsprep.core.dsp import deviation
from ttsprep.core.signal import SILENCE_DB, Signal, runs_at_extremes
from ttsprep.core.types import Clip, Finding, Measures, Samples, Severity


@dataclass(frozen=True)
class Level(Check):
    """Level: clipping at any gain, DC offset, too quiet, too loud, unlike the other clips.

    Attributes
    ----------
    clipped_ratio_warning, clipped_ratio_error
        Share of samples that lie in flat tops.
    dc_warning, dc_note
        Mean of the samples, of full scale.
    quiet_lufs, loud_lufs
        Integrated loudness, absolute limits.
    outlier_db
        Least distance in dB from the median of the speaker to call a clip an outlier.
    outlier_z
        The same in spreads.
    """

    name = "level"
    area = "level"
    charts: ClassVar[dict[str, Chart]] = {
        "loudness_lufs": Chart("Loudness", "LUFS", 1, short="loudness"),
        "peak_dbfs": Chart("Peak", "dBFS", 1),
    }
    codes = (
        Code(
            "clipping",
            "The tops of the waveform are cut flat.",
            "Runs of two or more samples at the positive or negative extreme of the clip, whatever that extreme is: a "
            "clip that was clipped and attenuated afterwards has them too. Speech that was not clipped reaches its "
            "extreme once. Warning above 0.03 % of the samples, error above 0.2 %.",
            "A flat top is a burst of harmonics that the voice did not make; the model learns to crackle on loud "
            "vowels.",
            "Record again with more headroom, or take the unclipped original. Declipping guesses: prefer to drop.",
        ),
        Code(
            "dc-offset",
            "The waveform does not swing around zero.",
            "Mean of all samples of a channel, of full scale. Warning above 2 %, note above 0.8 %.",
            "Costs headroom, and every cut or join becomes a click.",
            "Subtract the mean, or apply a high-pass at 20 Hz.",
        ),
        Code(
            "too-quiet",
            "The clip is so quiet that its noise or its 16-bit steps matter.",
            "Integrated loudness (ITU-R BS.1770-4, gated) of the mono mix. Warning below -40 LUFS.",
            "After normalisation its noise comes up with it.",
            "Raise it to the loudness of the others; listen whether the noise is still acceptable.",
        ),
        Code(
            "too-loud",
            "The clip is as loud as overdriven audio.",
            "Integrated loudness (ITU-R BS.1770-4, gated) of the mono mix. Warning above -10 LUFS.",
            "Speech without distortion does not reach such a level: it was limited or overdriven.",
            "Take the original from before the limiter.",
        ),
        Code(
            "loudness-outlier",
            "Much louder or quieter than the other clips of its speaker.",
            "Distance of the integrated loudness from the median of the speaker: warning above 8 dB and 5 robust "
            "spreads.",
            "The model cannot know why the level jumps, and learns to jump.",
            "Bring every clip to one loudness by gain alone, such as -23 LUFS.",
        ),
    )
    measures: ClassVar[dict[str, str]] = {
        "loudness_lufs": "integrated loudness of the mono mix [LUFS]",
        "peak_dbfs": "highest sample of any channel [dBFS]",
        "clipped_ratio": "share of samples in flat tops [0-1]",
        "clipped_at_s": "where the longest flat top is [s]",
        "dc_offset": "mean of the samples, the worst channel [of full scale]",
    }

    clipped_ratio_warning: float = 3e-4
    clipped_ratio_error: float = 2e-3
    dc_warning: float = 0.02
    dc_note: float = 0.008
    quiet_lufs: float = -40.0
    loud_lufs: float = -10.0
    outlier_db: float = 8.0
    outlier_z: float = 5.0

    @staticmethod
    def measure(clip: Clip, signal: Signal) -> Measures:  # noqa: D102
        channels = signal.audio.samples
        high, low = channels.max(axis=0), channels.min(axis=0)
        ratio, at = max(_flat_tops(channels[:, c], float(high[c]), float(low[c])) for c in range(len(high)))
        peak = float(max(high.max(), -low.min()))
        return {
            "loudness_lufs": loudness(signal),
            "peak_dbfs": 20 * np.log10(max(peak, 1e-6)),
            "clipped_ratio": ratio,
            "clipped_at_s": at / signal.rate if ratio else np.nan,
            "dc_offset": float(np.abs(channels.mean(axis=0, dtype=np.float64)).max()),
        }

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        limits: SeverityLimits = (
            (Severity.ERROR, self.clipped_ratio_error),
            (Severity.WARNING, self.clipped_ratio_warning),
        )
        message = "{value:.2%} of the samples are cut flat at {row.peak_dbfs:.1f} dBFS (limit {limit:.2%})"
        yield from graded(corpus, "clipped_ratio", "clipping", limits, message, place=_flat_top)
        limits = (Severity.WARNING, self.dc_warning), (Severity.NOTE, self.dc_note)
        message = "the waveform is off zero by {value:.1%} of full scale (limit {limit:.1%})"
        yield from graded(corpus, "dc_offset", "dc-offset", limits, message)
        for code, lufs in (("too-quiet", self.quiet_lufs), ("too-loud", self.loud_lufs)):
            limits, message = ((Severity.WARNING, lufs),), "{value:.1f} LUFS (limit {limit:.0f})"
            yield from graded(corpus, "loudness_lufs", code, limits, message, below=code == "too-quiet")
        yield from self._outliers(corpus)

    def _outliers(self, corpus: pd.DataFrame) -> Iterator[Finding]:
        against = deviation(corpus.loudness_lufs, corpus.speaker, least_spread=1.0)
        out = (against.off.abs() > self.outlier_db) & (against.z.abs() > self.outlier_z)
        for row, centre in zip(rows(corpus[out]), against.centre[out], strict=True):
            off = row.loudness_lufs - centre
            yield Finding(
                row.id,
                "loudness-outlier",
                Severity.WARNING,
                f"{row.loudness_lufs:.1f} LUFS, {abs(off):.0f} dB {'above' if off > 0 else 'below'} the usual "
                f"{centre:.1f} (limit {self.outlier_db:.0f} dB)",
                row.loudness_lufs,
                centre + np.sign(off) * self.outlier_db,
            )


def _flat_top(row: Any) -> tuple[float, float]:
    return row.clipped_at_s, row.clipped_at_s + 0.02


def _flat_tops(samples: Samples, high: float, low: float) -> tuple[float, int]:
    """Share of samples in runs at either extreme, and where the longest run starts."""
    starts, lengths = runs_at_extremes(samples, high, low)
    if not len(starts):
        return 0.0, 0
    return int(lengths.sum()) / len(samples), int(starts[lengths.argmax()])


def loudness(signal: Signal) -> float:
    """Integrated loudness by ITU-R BS.1770-4, from the shared power frames.

    The K-weighting (annex 1, figures 2 and 4) is applied to the spectrum instead of the samples; blocks of 400 ms
    overlap by 75 % and are gated at -70 LUFS and at 10 LU under the mean (eq. 3-7). Within 0.2 LU of a filter in
    the time domain. A clip under 0.4 s is one block.

    Returns
    -------
    float
        LUFS of the mono mix; NaN for digital silence.
    """
    frames = signal.power @ _k_weighting(signal.power.shape[1], signal.bin_hz)
    sums = np.concatenate(([0.0], np.cumsum(frames, dtype=np.float64)))
    size = min(40, len(frames))
    blocks = (sums[size::10] - sums[: len(sums) - size : 10]) / size
    levels = -0.691 + 10 * np.log10(np.maximum(blocks, 10 ** (SILENCE_DB / 10)))
    loud = blocks[levels > -70]
    if not len(loud):
        return float("nan")
    relative = loud.mean() * 0.1
    return float(-0.691 + 10 * np.log10(loud[loud > relative].mean()))


@lru_cache(maxsize=16)
def _k_weighting(bins: int, bin_hz: float) -> npt.NDArray[np.float32]:
    """|H|^2 of the two K-weighting filters at each bin, from their 48 kHz coefficients (BS.1770-4, tables 1 and 2)."""
    z = np.exp(-2j * np.pi * np.arange(bins) * bin_hz / 48_000)
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    highpass = (1 - 2 * z + z**2) / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    weights: npt.NDArray[np.float32] = (np.abs(shelf * highpass) ** 2).astype(np.float32)
    return weights
