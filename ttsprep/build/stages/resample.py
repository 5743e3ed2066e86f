"""One sample rate for all clips."""

from dataclasses import dataclass

import numpy as np

from ttsprep.build.stages.base import Stage, StageResult
from ttsprep.core.errors import AudioError, UsageError
from ttsprep.core.types import Audio, Clip


@dataclass(frozen=True)
class Resample(Stage):
    """One sample rate for all clips, by the SoX resampler at its high quality.

    Attributes
    ----------
    sample_rate
        In Hz; 0 is the rate that most hours of the source have.
    upsample
        Whether clips of a lower rate are taken: they stay dull, as nothing is above half their own rate.
    """

    name = "resample"

    sample_rate: int = 0
    upsample: bool = False

    def __post_init__(self) -> None:
        if self.sample_rate and not 4_000 <= self.sample_rate <= 384_000:
            raise UsageError(f"sample_rate is 0 or within 4000-384000 Hz, not {self.sample_rate}")

    def apply(self, clip: Clip, audio: Audio) -> StageResult:  # noqa: D102
        if not self.sample_rate or audio.rate == self.sample_rate:
            return StageResult(clip, audio)
        if audio.rate < self.sample_rate and not self.upsample:
            raise AudioError(
                "narrowband",
                f"its {audio.rate} Hz are less than the {self.sample_rate} Hz asked for, and nothing above "
                f"{audio.rate / 2000:g} kHz is in it: lower the rate, or set upsample = true in [stages.resample]",
            )
        import soxr

        samples = soxr.resample(audio.samples, audio.rate, self.sample_rate, quality="HQ").astype(np.float32)
        resampled = Audio(samples, self.sample_rate, audio.subtype, audio.complete)
        return StageResult(clip, resampled, {"sample_rate_before": audio.rate})
