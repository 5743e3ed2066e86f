"""One channel: the mix, or the loudest where channels cancel each other."""

from dataclasses import dataclass

from ttsprep.build.stages.base import Stage, StageResult
from ttsprep.core.audio import mix, sole_channel
from ttsprep.core.types import Audio, Clip


@dataclass(frozen=True)
class Mono(Stage):
    """One channel: the mean of all, or the loudest where that would cancel the voice."""

    name = "mono"

    def apply(self, clip: Clip, audio: Audio) -> StageResult:  # noqa: D102
        count = audio.samples.shape[1]
        if count == 1:
            return StageResult(clip, audio)
        channel = sole_channel([audio.samples])
        changes: dict[str, float | str] = {"channels_before": count}
        if channel is not None:
            changes["channel_taken"] = channel + 1
        return StageResult(clip, audio.with_samples(mix(audio.samples, channel)[:, None]), changes)
