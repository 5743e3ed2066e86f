"""No offset: the waveform swings around zero."""

from dataclasses import dataclass

import numpy as np

from ttsprep.build.stages.base import Stage, StageResult
from ttsprep.core.errors import UsageError
from ttsprep.core.types import Audio, Clip

_LEAST = 1e-4
"""An offset under -80 dBFS is left alone, and with it the bits of the samples."""


@dataclass(frozen=True)
class DcBlock(Stage):
    """No offset: the mean of each channel is taken away.

    Attributes
    ----------
    highpass_hz
        If not 0, also a high-pass at this frequency against rumble: Butterworth of second order, forwards and
        backwards, so that it shifts no phase; -6 dB at this frequency.
    """

    name = "dc-block"

    highpass_hz: float = 0.0

    def __post_init__(self) -> None:
        if self.highpass_hz and not 1 <= self.highpass_hz <= 150:
            raise UsageError(f"highpass_hz is 0 or within 1-150 Hz, not {self.highpass_hz:g}: above it speech begins")

    def apply(self, clip: Clip, audio: Audio) -> StageResult:  # noqa: D102
        samples = audio.samples
        changes: dict[str, float | str] = {}
        offsets = samples.mean(axis=0, dtype=np.float64)
        worst = float(offsets[np.abs(offsets).argmax()])
        if abs(worst) > _LEAST:
            samples = samples - offsets.astype(np.float32)
            changes["dc_removed"] = worst
        if self.highpass_hz:
            from scipy.signal import butter, sosfiltfilt

            sections = butter(2, self.highpass_hz, "highpass", fs=audio.rate, output="sos")
            reach = min(len(samples) - 1, int(3 * audio.rate / self.highpass_hz))
            samples = sosfiltfilt(sections, samples, axis=0, padlen=reach).astype(np.float32)
            changes["highpass_hz"] = self.highpass_hz
        return StageResult(clip, audio.with_samples(samples), changes) if changes else StageResult(clip, audio)
