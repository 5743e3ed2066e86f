"""One loudness for all clips, by gain alone."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ttsprep.build.stages.base import Stage, StageResult
from ttsprep.core.errors import AudioError, UsageError
from ttsprep.core.types import Audio, Clip, Samples

OVERSAMPLED = 4
TAPS = 16
"""Of the interpolator, for each of the four phases; BS.1770-4 annex 2 asks for 12."""
CLOSE_DB = 0.02
"""A clip this close to the target is not touched."""


@dataclass(frozen=True)
class Loudness(Stage):
    """One loudness for all clips, by gain alone: nothing is compressed or limited.

    Where the peaks would rise over the ceiling the gain is smaller, and ``short_of_target_db`` in the provenance
    says by how much.

    Attributes
    ----------
    lufs
        Integrated loudness (ITU-R BS.1770-4), in LUFS.
    ceiling_dbtp
        Highest true peak (BS.1770-4, annex 2), in dBTP.
    """

    name = "loudness"

    lufs: float = -23.0
    ceiling_dbtp: float = -1.0

    def __post_init__(self) -> None:
        if not -60 <= self.lufs <= -5:
            raise UsageError(f"lufs is within -60 and -5, not {self.lufs:g}")
        if not -20 <= self.ceiling_dbtp <= 0:
            raise UsageError(f"ceiling_dbtp is within -20 and 0, not {self.ceiling_dbtp:g}")

    def apply(self, clip: Clip, audio: Audio) -> StageResult:  # noqa: D102
        loudness = integrated(audio.samples, audio.rate)
        if not math.isfinite(loudness):
            raise AudioError("no-speech", "it is silent: no gain can bring it to a loudness")
        room = self.ceiling_dbtp - true_peak(audio.samples)
        gain = min(self.lufs - loudness, room)
        short = self.lufs - loudness - gain
        changes: dict[str, float | str] = {"loudness_before_lufs": loudness, "gain_db": 0.0}
        if short > CLOSE_DB:
            changes["short_of_target_db"] = short
        if abs(gain) < CLOSE_DB and room >= 0:
            return StageResult(clip, audio, changes)
        changes["gain_db"] = gain
        return StageResult(clip, audio.with_samples(audio.samples * np.float32(10 ** (gain / 20))), changes)


@lru_cache(maxsize=4)
def _meter(rate: int, block_s: float) -> Any:
    import pyloudnorm

    return pyloudnorm.Meter(rate, block_size=block_s)


def integrated(samples: Samples, rate: int) -> float:
    """Return the integrated loudness of a clip in LUFS; a clip under 0.4 s is one block.

    Parameters
    ----------
    samples
        Shape (frames, channels).
    rate
        In Hz.
    """
    seconds = len(samples) / rate
    block = 0.4 if seconds >= 0.4 else math.floor(seconds * 1000) / 1000
    if block < 0.01 or not np.any(samples):
        return -math.inf
    return float(_meter(rate, block).integrated_loudness(samples.astype(np.float64)))


@lru_cache(maxsize=1)
def _phases() -> npt.NDArray[np.float32]:
    """Interpolation at a quarter, a half and three quarters of a sample, shape (taps, 3): a Kaiser-windowed sinc."""
    reach = TAPS // 2
    at = np.arange(-reach + 1, reach + 1)[:, None] - np.arange(1, OVERSAMPLED) / OVERSAMPLED
    window = np.i0(6.0 * np.sqrt(np.maximum(0.0, 1 - (at / reach) ** 2))) / np.i0(6.0)
    phases = np.sinc(at) * window
    return np.asarray(phases / phases.sum(axis=0), np.float32)


def true_peak(samples: Samples) -> float:
    """Return the highest peak of the waveform between and at the samples, over all channels, in dBTP.

    Only places are interpolated whose samples are high enough for a higher peak between them.
    """
    peak = float(np.abs(samples).max(initial=0.0))
    phases = _phases()
    most = float(np.abs(phases).sum(axis=0).max())  # no peak is further over the samples around it
    reach = TAPS // 2
    highest = peak
    for channel in samples.T:
        padded = np.pad(channel, (reach, reach))
        # samples that can be beside a higher peak: the two in the middle carry most of the weight
        high = np.flatnonzero(np.abs(channel) > peak / most)
        starts = np.unique(np.concatenate((high, high + 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, TAPS)
        for i in range(0, len(starts), 4096):
            highest = max(highest, float(np.abs(windows[starts[i : i + 4096]] @ phases).max()))
    return 20 * math.log10(max(highest, 1e-9))
