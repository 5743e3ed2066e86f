"""One channel: the mix, or the loudest where channels cancel each other."""

from dataclasses import dataclass

import numpy as np

from ttsprep.stages.base import Stage, Staged
from ttsprep.types import Audio, Clip

CANCELLED = 0.1
"""Energy of the mix against that of the loudest channel, under which something was cancelled."""


@dataclass(frozen=True)
class Mono(Stage):
    """One channel: the mean of all, or the loudest where that would cancel the voice."""

    name = "mono"

    def apply(self, clip: Clip, audio: Audio) -> Staged:  # noqa: D102
        count = audio.samples.shape[1]
        if count == 1:
            return Staged(clip, audio)
        mix = audio.samples.mean(axis=1, keepdims=True)
        energies = np.einsum("ij,ij->j", audio.samples, audio.samples)
        loudest = int(energies.argmax())
        did: dict[str, float | str] = {"channels_before": count}
        if float(np.vdot(mix, mix)) < CANCELLED * energies[loudest]:
            mix = audio.samples[:, loudest : loudest + 1]
            did["channel_taken"] = loudest + 1
        return Staged(clip, audio.with_samples(np.ascontiguousarray(mix)), did)
