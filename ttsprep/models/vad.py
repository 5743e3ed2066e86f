"""Silero VAD: where a model hears speech."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ttsprep.core.files import digest
from ttsprep.core.types import Measures, Samples
from ttsprep.models.base import RATE, ModelInput, SpeechModel, onnx_session, package_file

FRAME, _CONTEXT = 512, 64
"""Samples of a frame, 32 ms, and those before it that the model hears with it."""
FRAMES_AT_ONCE = 4_096
"""Frames a call: two minutes."""
SPEECH = 0.5
"""Probability from which on a frame is speech."""


@dataclass(frozen=True)
class Vad(SpeechModel):
    """Silero VAD (Silero Team 2024), with the weights of the package silero-vad."""

    name = "vad"
    extra = "vad"
    packages = ("silero_vad", "onnxruntime")

    def digest(self) -> str:  # noqa: D102
        return digest(_weights())

    def measure(self, batch: Sequence[ModelInput]) -> list[Measures]:  # noqa: D102
        probabilities_of = [probabilities(clip.samples) for clip in batch]
        return [
            {"vad_peak": float(one.max()), "vad_speech_s": float((one >= SPEECH).sum()) * FRAME / RATE}
            for one in probabilities_of
        ]


def _weights() -> Path:
    """Return the file of the model."""
    return package_file("silero_vad", "data", "silero_vad_16k_sequence.onnx")


def probabilities(samples: Samples) -> npt.NDArray[np.float32]:
    """Return how probable speech is in each frame of 32 ms.

    Parameters
    ----------
    samples
        float32 of shape (frames,), at 16 kHz; never empty.
    """
    session = onnx_session(str(_weights()))
    frames = np.zeros((-(-len(samples) // FRAME), FRAME), np.float32)
    frames.reshape(-1)[: len(samples)] = samples
    before = np.concatenate((np.zeros((1, _CONTEXT), np.float32), frames[:-1, -_CONTEXT:]))
    windows = np.concatenate((before, frames), axis=1)
    h = c = np.zeros((1, 1, 128), np.float32)
    chances = []
    for start in range(0, len(windows), FRAMES_AT_ONCE):
        part, h, c = session.run(None, {"input": windows[start : start + FRAMES_AT_ONCE], "h": h, "c": c})
        chances.append(part)
    return np.concatenate(chances)
