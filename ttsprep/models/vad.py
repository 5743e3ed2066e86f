"""Silero VAD: where a model hears speech."""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ttsprep.core.files import digest
from ttsprep.core.types import Measures, Samples
from ttsprep.models.base import RATE, Heard, Listener

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

FRAME, CONTEXT = 512, 64
"""Samples of a frame, 32 ms, and those before it that the model hears with it."""
AT_ONCE = 4_096
"""Frames a call: two minutes."""
SPEECH = 0.5
"""Probability from which on a frame is speech."""


@dataclass(frozen=True)
class Vad(Listener):
    """Silero VAD (Silero Team 2024), with the weights of the package silero-vad."""

    name = "vad"
    extra = "vad"
    packages = ("silero_vad", "onnxruntime")

    def digest(self) -> str:  # noqa: D102
        return digest(weights())

    def listen(self, batch: Sequence[Heard]) -> list[Measures]:  # noqa: D102
        found = [probabilities(heard.samples) for heard in batch]
        return [
            {"vad_peak": float(one.max()), "vad_speech_s": float((one >= SPEECH).sum()) * FRAME / RATE} for one in found
        ]


def weights() -> Path:
    """Return the model's file, found without importing its package, which imports torch."""
    spec = importlib.util.find_spec("silero_vad")
    (folder,) = (spec and spec.submodule_search_locations) or [""]
    return Path(folder) / "data" / "silero_vad_16k_sequence.onnx"


def probabilities(samples: Samples) -> npt.NDArray[np.float32]:
    """Return how probable speech is in each frame of 32 ms.

    Parameters
    ----------
    samples
        float32 of shape (frames,), at 16 kHz; never empty.
    """
    session = _session(str(weights()))
    frames = np.zeros((-(-len(samples) // FRAME), FRAME), np.float32)
    frames.reshape(-1)[: len(samples)] = samples
    before = np.concatenate((np.zeros((1, CONTEXT), np.float32), frames[:-1, -CONTEXT:]))
    heard = np.concatenate((before, frames), axis=1)
    h = c = np.zeros((1, 1, 128), np.float32)
    found = []
    for start in range(0, len(heard), AT_ONCE):
        part, h, c = session.run(None, {"input": heard[start : start + AT_ONCE], "h": h, "c": c})
        found.append(part)
    return np.concatenate(found)


@cache
def _session(path: str) -> "InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # the audit has a process a core
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
