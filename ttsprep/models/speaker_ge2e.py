"""GE2E: Wan, Wang, Papir and Moreno 2018, Generalized End-to-End Loss for Speaker Verification."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ttsprep.core.dsp import SIZE, Array, frames, mel_filters
from ttsprep.core.types import Samples
from ttsprep.models.base import package_file

if TYPE_CHECKING:
    from torch import nn

_BANDS, UNITS, LAYERS = 40, 256, 3
_WINDOW, _STEP = 160, 80
"""Frames that the model hears at once, and from one window to the next."""


def ge2e_weights() -> Path:
    """Return the file of the model."""
    return package_file("resemblyzer", "pretrained.pt")


def embed(spoken: Sequence[Samples], path: Path) -> list[Array]:
    """Return the voice of each clip, shape (256,), of length 1.

    Parameters
    ----------
    spoken
        Speech without pauses at 16 kHz, each float32 of shape (frames,).
    path
        Weights as in the package resemblyzer.
    """
    import torch

    cut = [mel_windows(mel_spectrum(samples)) for samples in spoken]
    lstm, linear = _network(path)
    with torch.inference_mode():
        _, (hidden, _) = lstm(torch.from_numpy(np.concatenate(cut)))
        voices = torch.nn.functional.normalize(torch.relu(linear(hidden[-1]))).numpy()
    means = (own.mean(axis=0) for own in np.split(voices, np.cumsum([len(own) for own in cut])[:-1]))
    return [mean / np.linalg.norm(mean) for mean in means]


def mel_spectrum(samples: Samples) -> Array:
    """Return the power in 40 bands of equal area, shape (frames, 40): the mel scale and norm of Slaney 1998."""
    import scipy.fft

    power = np.abs(scipy.fft.rfft(frames(np.pad(samples, SIZE // 2)) * _window(), axis=1)) ** 2
    return np.asarray(power @ mel_filters(16_000, SIZE, _BANDS, slaney=True).T, np.float32)


def mel_windows(mels: Array) -> Array:
    """Cut frames into overlapping windows, shape (windows, 160, 40); what is shorter is followed by silence."""
    rest = len(mels) - _WINDOW
    if rest <= 0:
        return np.pad(mels, ((0, -rest), (0, 0)))[None]
    starts = np.linspace(0, rest, 1 + round(rest / _STEP)).round().astype(int)
    return np.stack([mels[start : start + _WINDOW] for start in starts])


@cache
def _window() -> Array:
    return np.hanning(SIZE + 1)[:-1].astype(np.float32)


@cache
def _network(path: Path) -> "tuple[nn.LSTM, nn.Linear]":
    import torch

    state = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
    lstm = torch.nn.LSTM(_BANDS, UNITS, LAYERS, batch_first=True)
    linear = torch.nn.Linear(UNITS, UNITS)
    for part, name in ((lstm, "lstm."), (linear, "linear.")):
        part.load_state_dict({key.removeprefix(name): value for key, value in state.items() if key.startswith(name)})
    return lstm.eval(), linear.eval()
