"""Encoder and decoder: spectra to latents and back, ConvNeXt at two frame rates."""

import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ttsprep.codec.config import CodecConfig
from ttsprep.codec.quantisers import make_quantiser
from ttsprep.codec.quantisers.base import has_numbers


def _fine(mask: Tensor | None, stride: int) -> Tensor | None:
    return None if mask is None else mask.repeat_interleave(stride, dim=1)


def _blocks(config: CodecConfig, channels: int, count: int) -> nn.ModuleList:
    return nn.ModuleList(
        ConvNeXt(channels, config.kernel, config.expansion, causal=config.causal) for _ in range(count)
    )


class _Half(nn.Module):
    """What encoder and decoder share.

    Attributes
    ----------
    autocast_dtype
        The type that the products of the blocks are computed in, where not in float32: spectra, latents,
        skips, norms, the head and samples are float32 always.
    """

    autocast_dtype: torch.dtype | None = None

    def autocast(self, x: Tensor) -> AbstractContextManager[object]:
        """Return the context in which the blocks are to be computed."""
        return nullcontext() if self.autocast_dtype is None else torch.autocast(x.device.type, self.autocast_dtype)


class Encoder(_Half):
    """Turn samples into latents, one for every ``config.hop_length`` samples."""

    def __init__(self, config: CodecConfig) -> None:
        super().__init__()
        c = config
        self.stride = c.stride
        self.analysis = Analysis(c.window, c.stft_hop, c.power, causal=c.causal)
        self.enter = nn.Linear(3 * self.analysis.bins, c.encoder_fine)
        self.fine = _blocks(c, c.encoder_fine, c.encoder_fine_blocks)
        self.join = nn.Linear(c.stride * c.encoder_fine, c.encoder_width)
        self.coarse = _blocks(c, c.encoder_width, c.encoder_blocks)
        self.norm = nn.LayerNorm(c.encoder_width)
        self.leave = nn.Linear(c.encoder_width, c.latent)

    def forward(self, samples: Tensor, mask: Tensor | None = None) -> Tensor:
        """Map ``(batch, frames * config.hop_length)`` to ``(batch, frames, latent)``."""
        fine_mask = _fine(mask, self.stride)
        x = self.enter(self.analysis(samples))
        with self.autocast(x):
            for block in self.fine:
                x = block(x, fine_mask)
            if fine_mask is not None:
                x = x * fine_mask
            x = self.join(torch.unflatten(x, 1, (-1, self.stride)).flatten(2)).float()
            for block in self.coarse:
                x = block(x, mask)
        return torch.as_tensor(self.leave(self.norm(x)))


class Decoder(_Half):
    """Turn latents into samples of the same level as those the encoder saw."""

    def __init__(self, config: CodecConfig) -> None:
        super().__init__()
        c = config
        self.stride, self.fine_width = c.stride, c.decoder_fine
        self.enter = nn.Linear(c.latent, c.decoder_width)
        self.coarse = _blocks(c, c.decoder_width, c.decoder_blocks)
        self.split = nn.Linear(c.decoder_width, c.stride * c.decoder_fine)
        self.fine = _blocks(c, c.decoder_fine, c.decoder_fine_blocks)
        self.norm = nn.LayerNorm(c.decoder_fine)
        self.synthesis = Synthesis(c.window, c.stft_hop, causal=c.causal)
        self.head = nn.Linear(c.decoder_fine, 3 * self.synthesis.bins)

    def hidden(self, latents: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return what the head sees, ``(batch, fine frames, channels)``."""
        x = self.enter(latents)
        with self.autocast(x):
            for block in self.coarse:
                x = block(x, mask)
            x = torch.unflatten(self.split(x).float(), -1, (self.stride, -1)).flatten(1, 2)
            fine_mask = _fine(mask, self.stride)
            for block in self.fine:
                x = block(x, fine_mask)
        return torch.as_tensor(self.norm(x))

    def forward(self, latents: Tensor, mask: Tensor | None = None) -> Tensor:
        """Map ``(batch, frames, latent)`` to ``(batch, frames * config.hop_length)``."""
        spectra = self.head(self.hidden(latents, mask))
        fine_mask = _fine(mask, self.stride)
        if fine_mask is not None:
            # Magnitude e^-12 outside the clip: frames that do not exist add nothing to those that do.
            level = spectra[..., : self.synthesis.bins]
            silent = torch.where(fine_mask > 0, level, torch.full_like(level, -12.0))
            spectra = torch.cat([silent, spectra[..., self.synthesis.bins :] * fine_mask], -1)
        return torch.as_tensor(self.synthesis(spectra))

    @torch.no_grad()
    def calibrate(self, latents: Tensor) -> None:
        """Shift the log magnitudes once so that this batch leaves at RMS 1."""
        rms = self.forward(latents).square().mean().sqrt()
        self.head.bias[: self.synthesis.bins] -= rms.log()


class ConvNeXt(nn.Module):
    """Depthwise convolution over time, layer norm, a widening MLP, a learned scale per channel, a skip.

    Frames outside the clip are multiplied by `mask` before the convolution sees them, so what stands in the
    padding of a batch cannot matter, and a piece cut out with enough context equals the whole.
    """

    def __init__(self, channels: int, kernel: int, expansion: int, *, causal: bool = False) -> None:
        super().__init__()
        self.before = kernel - 1 if causal else kernel // 2
        self.after = kernel - 1 - self.before
        self.depthwise = nn.Conv1d(channels, channels, kernel, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.widen = nn.Linear(channels, expansion * channels)
        self.narrow = nn.Linear(expansion * channels, channels)
        self.scale = nn.Parameter(torch.full((channels,), 0.3))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Map ``(batch, frames, channels)`` to the same shape; the skip stays in float32 under autocast."""
        if mask is not None:
            x = x * mask
        bias = torch.as_tensor(self.depthwise.bias)
        mixed = convolved if x.device.type == "cpu" else shifted
        h = mixed(x, self.depthwise.weight, bias, self.before, self.after)
        h = self.narrow(F.gelu(self.widen(self.norm(h))))
        return torch.addcmul(x, h.float(), self.scale)


def convolved(x: Tensor, weight: Tensor, bias: Tensor, before: int, after: int) -> Tensor:
    """Convolve each channel over time with ``(channels, 1, kernel)``, frames beyond the ends taken as zeros."""
    if before != after:
        x = F.pad(x, (0, 0, before, after))
    # A 2-D convolution of a view with channels last: no copy, and the fast kernel on a CPU.
    h = F.conv2d(
        x.transpose(1, 2).unsqueeze(2),
        weight.unsqueeze(2),
        bias,
        padding=(0, before if before == after else 0),
        groups=x.shape[-1],
    )
    return h.squeeze(2).transpose(1, 2)


def shifted(x: Tensor, weight: Tensor, bias: Tensor, before: int, after: int) -> Tensor:
    """Do the same as `convolved` by adding shifted copies, which a compiler fuses with what comes next.

    On a GPU it needs no layout but this one, and its gradients are sums in a fixed order.
    """
    padded = F.pad(x, (0, 0, before, after))
    h = bias.expand_as(x)
    for place in range(weight.shape[-1]):
        h = torch.addcmul(h, padded[:, place : place + x.shape[1]], weight[:, 0, place])
    return h


class _Basis(nn.Module):
    """Shared geometry: window, the roll of each frame, and the real Fourier basis as a matrix."""

    window: Tensor
    order: Tensor

    def __init__(self, window: int, hop: int, *, causal: bool = False) -> None:
        super().__init__()
        self.size, self.hop, self.stride = window, hop, window // hop
        self.early = window - hop if causal else (window - hop) // 2  # samples a window begins before its step
        self.bins = window // 2 + 1
        if has_numbers():
            self.fill()

    def fill(self) -> None:
        """Compute what follows from the geometry; a skeleton is without it."""
        hann = torch.hann_window(self.size, periodic=True)
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

    def fill(self) -> None:
        """Compute the basis, too."""
        super().fill()
        t = torch.arange(self.size, dtype=torch.float64)
        k = torch.arange(self.bins, dtype=torch.float64)
        angle = 2 * math.pi * t[:, None] * k[None] / self.size
        basis = torch.cat([angle.cos(), -angle.sin()], 1) / math.sqrt(1.5 * self.size / 4)
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

    def fill(self) -> None:
        """Compute the inverse basis and its window, too."""
        super().fill()
        t = torch.arange(self.size, dtype=torch.float64)
        k = torch.arange(self.bins, dtype=torch.float64)
        angle = 2 * math.pi * t[None] * k[:, None] / self.size
        weight = torch.full((self.bins, 1), 2.0, dtype=torch.float64)
        weight[0] = 1
        if self.size % 2 == 0:
            weight[-1] = 1
        basis = torch.cat([angle.cos() * weight, -angle.sin() * weight], 0) / self.size
        basis = basis * math.sqrt(1.5 * self.size / 4)
        hann = self.window.double()
        overlap = hann.square().sum() / self.hop
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


@dataclass(frozen=True, slots=True)
class Pass:
    """What a training pass gives: samples out, codes ``(batch, num_codebooks, frames)``, the quantiser's own loss."""

    samples: Tensor
    codes: Tensor
    loss: Tensor


class CodecModel(nn.Module):
    """Encoder, quantiser, decoder; samples are at unit speech level on both sides."""

    def __init__(self, config: CodecConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.quantiser = make_quantiser(config.quantiser, config.latent)
        self.decoder = Decoder(config)

    def forward(self, samples: Tensor, depths: Tensor | None, generator: torch.Generator) -> Pass:
        """Code and decode ``(batch, frames * hop_length)`` with `depths` codebooks for each sample (None: 0)."""
        latents = self.encoder(samples)
        # A sample of no codebook still passes what a kind does to latents before and after it rounds them: the decoder
        # would see something else when the codebooks begin.
        none = torch.zeros(len(samples), dtype=torch.int64)
        quantised = self.quantiser(latents, none if depths is None else depths, generator)
        return Pass(self.decoder(quantised.latents), quantised.codes, quantised.loss)
