"""CAM++: Wang et al. 2023, A Fast and Efficient Network for Speaker Verification Using Context-Aware Masking.

The network of 3D-Speaker (Apache-2.0), written as functions of its state dict.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ttsprep.core.dsp import SIZE, Array, frames, triangles
from ttsprep.core.errors import UsageError
from ttsprep.core.types import Samples
from ttsprep.core.untrusted import refuse_bomb

if TYPE_CHECKING:
    from torch import Tensor

_BANDS, FFT = 80, 512
BLOCKS = ((12, 1), (24, 2), (16, 2))
"""Layers and dilation of each dense block."""
_SEGMENT = 100
"""Frames that share a context."""
_LEAST = 4_000
"""Samples; shorter speech is repeated."""

State = dict[str, "Tensor"]


def embed(spoken: Sequence[Samples], path: Path) -> list[Array]:
    """Return the voice of each clip, shape (192,), of length 1.

    Parameters
    ----------
    spoken
        Speech without pauses at 16 kHz, each float32 of shape (frames,).
    path
        Weights ``campplus_cn_en_common.pt`` of 3D-Speaker.
    """
    import torch

    net = Network(_state(path))
    with torch.inference_mode():
        raw = [net.voice(torch.from_numpy(log_mel_spectrum(samples))).numpy() for samples in spoken]
    return [one / np.linalg.norm(one) for one in raw]


def log_mel_spectrum(samples: Samples) -> Array:
    """Return log energies in 80 mel bands without their mean over time, shape (frames, 80): Kaldi's, undithered."""
    import scipy.fft

    if len(samples) < _LEAST:
        samples = np.resize(samples, _LEAST)
    cut = frames(samples * np.float32(32_768))
    cut = cut - cut.mean(axis=1, keepdims=True)
    cut = cut - np.float32(0.97) * np.concatenate((cut[:, :1], cut[:, :-1]), axis=1)  # pre-emphasis within a frame
    power = np.abs(scipy.fft.rfft(cut * np.hanning(SIZE).astype(np.float32) ** np.float32(0.85), FFT, axis=1)) ** 2
    mels = np.log(np.maximum(power[:, : FFT // 2] @ _bands(), np.finfo(np.float32).eps))
    return np.asarray(mels - mels.mean(axis=0), np.float32)


@cache
def _bands() -> Array:
    low, high = (1127 * np.log1p(hz / 700) for hz in (20, 8_000))
    points = 1127 * np.log1p(np.arange(FFT // 2) * (16_000 / FFT) / 700)
    return np.asarray(triangles(np.linspace(low, high, _BANDS + 2), points).T, np.float32)


def fits(path: Path) -> bool:
    """Say whether a file holds the weights of this network."""
    try:
        state = _state(path)
    except UsageError:
        return False
    shape = getattr(state.get("xvector.dense.linear.weight"), "shape", ())
    return tuple(shape) == (192, 1024, 1) and "head.conv1.weight" in state


@cache
def _state(path: Path) -> State:
    import pickle

    import torch

    try:
        refuse_bomb(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, OSError, ValueError) as error:
        raise UsageError(f"{path} holds no weights that can be read safely: {error}") from None
    return state if isinstance(state, dict) else {}


class Network:
    """The network, whose layers are found by their names in the state dict.

    Parameters
    ----------
    state
        As in the file.
    """

    def __init__(self, state: State) -> None:
        self.state = state

    def voice(self, mels: "Tensor") -> "Tensor":
        """Return the embedding, shape (192,), of log mel energies, shape (frames, 80)."""
        import torch

        x = self._head(mels.T[None, None])
        x = self._norm("xvector.tdnn.nonlinear", self._conv("xvector.tdnn.linear", x, stride=2, padding=2)).relu()
        for number, (layers, dilation) in enumerate(BLOCKS, 1):
            for layer in range(1, layers + 1):
                x = torch.cat((x, self._masked(f"xvector.block{number}.tdnnd{layer}", x, dilation)), dim=1)
            name = f"xvector.transit{number}"
            x = self._conv(f"{name}.linear", self._norm(f"{name}.nonlinear", x).relu())
        x = self._norm("xvector.out_nonlinear", x).relu()
        x = torch.cat((x.mean(dim=-1), x.std(dim=-1)), dim=-1)[..., None]
        return self._norm("xvector.dense.nonlinear", self._conv("xvector.dense.linear", x))[0, :, 0]

    def _head(self, x: "Tensor") -> "Tensor":
        """Convolve bands and time with residual blocks, shape (1, 1, 80, frames) to (1, 320, frames)."""
        x = self._norm("head.bn1", self._conv("head.conv1", x, padding=1)).relu()
        for block in ("head.layer1.0", "head.layer1.1", "head.layer2.0", "head.layer2.1"):
            stride = (2 if block.endswith("0") else 1, 1)
            y = self._norm(f"{block}.bn1", self._conv(f"{block}.conv1", x, stride=stride, padding=1)).relu()
            y = self._norm(f"{block}.bn2", self._conv(f"{block}.conv2", y, padding=1))
            if f"{block}.shortcut.0.weight" in self.state:
                x = self._norm(f"{block}.shortcut.1", self._conv(f"{block}.shortcut.0", x, stride=stride))
            x = (x + y).relu()
        return self._norm("head.bn2", self._conv("head.conv2", x, stride=(2, 1), padding=1)).relu().flatten(1, 2)

    def _masked(self, name: str, x: "Tensor", dilation: int) -> "Tensor":
        """Return 32 more channels, weighted by their context: the whole clip and one second."""
        from torch.nn.functional import avg_pool1d

        x = self._conv(f"{name}.linear1", self._norm(f"{name}.nonlinear1", x).relu())
        x = self._norm(f"{name}.nonlinear2", x).relu()
        seconds = avg_pool1d(x, _SEGMENT, _SEGMENT, ceil_mode=True).repeat_interleave(_SEGMENT, dim=-1)
        context = x.mean(dim=-1, keepdim=True) + seconds[..., : x.shape[-1]]
        mask = self._conv(f"{name}.cam_layer.linear2", self._conv(f"{name}.cam_layer.linear1", context).relu())
        return self._conv(f"{name}.cam_layer.linear_local", x, padding=dilation, dilation=dilation) * mask.sigmoid()

    def _conv(self, name: str, x: "Tensor", **how: "int | tuple[int, int]") -> "Tensor":
        import torch

        weight = self.state[f"{name}.weight"]
        convolve = torch.nn.functional.conv2d if weight.ndim == 4 else torch.nn.functional.conv1d
        return convolve(x, weight, self.state.get(f"{name}.bias"), **how)  # type: ignore[arg-type]

    def _norm(self, name: str, x: "Tensor") -> "Tensor":
        from torch.nn.functional import batch_norm

        at = name if f"{name}.running_mean" in self.state else f"{name}.batchnorm"
        mean, variance = self.state[f"{at}.running_mean"], self.state[f"{at}.running_var"]
        return batch_norm(x, mean, variance, self.state.get(f"{at}.weight"), self.state.get(f"{at}.bias"))
