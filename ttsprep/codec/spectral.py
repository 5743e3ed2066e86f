"""The fixed ends of the network: overlapping spectra in, overlapping spectra out.

Frames of ``window = hop * stride`` samples are transformed with the phase counted from the start of the code
frame instead of the start of the window (each window is rolled by its position). A steady tone then keeps its
phase from frame to frame, up to its distance from the nearest bin, so convolutions over time see smooth data.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class _Basis(nn.Module):
    """Shared geometry: window, the roll of each frame, and the real Fourier basis as a matrix."""

    window: Tensor
    order: Tensor

    def __init__(self, window: int, hop: int, *, causal: bool = False) -> None:
        super().__init__()
        self.size, self.hop, self.stride = window, hop, window // hop
        self.early = window - hop if causal else (window - hop) // 2  # samples a window begins before its step
        self.bins = window // 2 + 1
        hann = torch.hann_window(window, periodic=True)
        self.register_buffer("window", hann, persistent=False)
        # Chunk c (of `hop` samples) of frame j goes to place (c + j) mod stride.
        places = torch.arange(self.stride)
        order = torch.stack([(places - j) % self.stride for j in range(self.stride)])
        self.register_buffer("order", order, persistent=False)

    def roll(self, frames: Tensor, *, back: bool = False) -> Tensor:
        """Roll ``(batch, code frames, stride, window)`` by the place of each frame, or back again."""
        chunks = torch.unflatten(frames, -1, (self.stride, self.hop))
        rolled = []
        for j in range(self.stride):
            shift = -j if back else j
            rolled.append(torch.roll(chunks[:, :, j], shift, dims=2))
        return torch.stack(rolled, dim=2).flatten(-2)


class Analysis(_Basis):
    """Turn samples ``(batch, frames * hop * stride)`` into spectra ``(batch, fine frames, 3 * bins)``.

    Real and imaginary parts, with magnitudes raised to `power` so that what is 40 dB down is still seen, and
    a fifth of the log power.
    """

    forward_basis: Tensor

    def __init__(self, window: int, hop: int, power: float, *, causal: bool = False) -> None:
        super().__init__(window, hop, causal=causal)
        self.power = power
        t = torch.arange(window, dtype=torch.float64)
        k = torch.arange(self.bins, dtype=torch.float64)
        angle = 2 * math.pi * t[:, None] * k[None] / window
        basis = torch.cat([angle.cos(), -angle.sin()], 1) / math.sqrt(1.5 * window / 4)
        self.register_buffer("forward_basis", basis.float(), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """Transform a batch whose length is a whole number of code frames."""
        padded = F.pad(samples, (self.early, self.size - self.hop - self.early))
        frames = padded.unfold(1, self.size, self.hop) * self.window
        frames = self.roll(torch.unflatten(frames, 1, (-1, self.stride)))
        spectra = frames.flatten(1, 2) @ self.forward_basis
        real, imag = spectra.chunk(2, -1)
        power = real * real + imag * imag + 1e-5
        gain = power.pow((self.power - 1) / 2)
        return torch.cat([real * gain, imag * gain, 0.2 * power.log()], -1)


class Synthesis(_Basis):
    """Turn log magnitudes and directions ``(batch, fine frames, 3 * bins)`` into samples, overlapping."""

    inverse_basis: Tensor

    def __init__(self, window: int, hop: int, *, causal: bool = False) -> None:
        super().__init__(window, hop, causal=causal)
        t = torch.arange(window, dtype=torch.float64)
        k = torch.arange(self.bins, dtype=torch.float64)
        angle = 2 * math.pi * t[None] * k[:, None] / window
        weight = torch.full((self.bins, 1), 2.0, dtype=torch.float64)
        weight[0] = 1
        if window % 2 == 0:
            weight[-1] = 1
        basis = torch.cat([angle.cos() * weight, -angle.sin() * weight], 0) / window
        basis = basis * math.sqrt(1.5 * window / 4)
        hann = self.window.double()
        overlap = hann.square().sum() / hop
        self.register_buffer("inverse_basis", basis.float(), persistent=False)
        self.register_buffer("window", (hann / overlap).float(), persistent=False)

    def forward(self, spectra: Tensor) -> Tensor:
        """Transform; the result has ``fine frames * hop`` samples."""
        level, real, imag = spectra.chunk(3, -1)
        gain = level.clamp(-12, 6).exp() * torch.rsqrt(real * real + imag * imag + 1e-4)
        frames = torch.cat([real * gain, imag * gain], -1) @ self.inverse_basis
        frames = self.roll(torch.unflatten(frames, 1, (-1, self.stride)), back=True)
        frames = frames.flatten(1, 2) * self.window
        chunks = torch.unflatten(frames, -1, (self.stride, self.hop))
        count = chunks.shape[1]
        out = chunks.new_zeros(chunks.shape[0], count + self.stride - 1, self.hop)
        for c in range(self.stride):
            out = out + F.pad(chunks[:, :, c], (0, 0, c, self.stride - 1 - c))
        flat = out.flatten(1)
        return flat[:, self.early : self.early + count * self.hop]
