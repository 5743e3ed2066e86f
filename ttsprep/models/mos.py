"""DNSMOS P.835: what listeners would say of the speech, the background, and the whole."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ttsprep.core.files import digest
from ttsprep.core.types import Measures, Samples
from ttsprep.models.base import RATE, ModelInput, SpeechModel, onnx_session, package_file

WINDOW = 144_160
"""Samples that the model hears at once: 9.01 s."""
_HOP = 9 * RATE
SPARE = RATE * 9 // 4
"""An end of up to this many samples is not worth a window of its own."""
_AT_ONCE = 4
"""Windows a call: more take memory and save no time."""
POLYNOMIALS = (
    (-0.08397278, 1.22083953, 0.0052439),
    (-0.13166888, 1.60915514, -0.39604546),
    (-0.06766283, 1.11546468, 0.04602535),
)
"""From what the model says to the scale of the listeners: SIG, BAK, OVRL, highest power first."""


@dataclass(frozen=True)
class Mos(SpeechModel):
    """DNSMOS P.835 (Reddy, Gopal and Cutler 2022), with the weights of the package speechmos.

    Its windows of 9.01 s lie 9 s apart instead of 1 s: the mean over a clip moves by less than listeners differ,
    at a quarter of the cost.
    """

    name = "mos"
    extra = "mos"
    packages = ("speechmos", "onnxruntime")
    batch = 8

    def digest(self) -> str:  # noqa: D102
        return digest(_weights())

    def measure(self, batch: Sequence[ModelInput]) -> list[Measures]:  # noqa: D102
        cut = [windows(clip.samples) for clip in batch]
        scores = score_mos([window for own in cut for window in own])
        ends = np.cumsum([len(own) for own in cut])[:-1]
        means = (own.mean(axis=0).tolist() for own in np.split(scores, ends))
        return [dict(zip(("mos_sig", "mos_bak", "mos_ovrl"), mean, strict=True)) for mean in means]


def _weights() -> Path:
    """Return the file of the model."""
    return package_file("speechmos", "dnsmos_models", "sig_bak_ovr.onnx")


def windows(samples: Samples) -> list[Samples]:
    """Return what the model hears of a clip: windows of 9.01 s evenly over it; a shorter clip is repeated.

    Parameters
    ----------
    samples
        float32 of shape (frames,), at 16 kHz.
    """
    if len(samples) < WINDOW:
        return [np.resize(samples, WINDOW)]
    rest = len(samples) - WINDOW
    starts = np.linspace(0, rest, 1 + max(0, math.ceil((rest - SPARE) / _HOP)))
    return [samples[round(start) : round(start) + WINDOW] for start in starts]


def score_mos(clips: Sequence[Samples]) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """Return SIG, BAK and OVRL, 1 (bad) to 5 (excellent), of each window, shape (windows, 3)."""
    session = onnx_session(str(_weights()))
    raw = [
        session.run(None, {"input_1": np.stack(clips[i : i + _AT_ONCE]).clip(-1, 1)})[0]
        for i in range(0, len(clips), _AT_ONCE)
    ]
    columns = np.concatenate(raw).astype(np.float64).T
    return np.stack([np.polyval(curve, column) for curve, column in zip(POLYNOMIALS, columns, strict=True)], axis=1)
