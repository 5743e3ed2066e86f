"""Encoder and decoder: spectra to latents and back, ConvNeXt at two frame rates."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from ttsprep.codec.blocks import ConvNeXt
from ttsprep.codec.config import CodecConfig
from ttsprep.codec.spectral import Analysis, Synthesis


def _fine(mask: Tensor | None, stride: int) -> Tensor | None:
    return None if mask is None else mask.repeat_interleave(stride, dim=1)


def _blocks(config: CodecConfig, channels: int, count: int) -> nn.ModuleList:
    make = range(count)
    return nn.ModuleList(ConvNeXt(channels, config.kernel, config.expansion, causal=config.causal) for _ in make)


class _Half(nn.Module):
    """What encoder and decoder share.

    Attributes
    ----------
    low
        The type that the products of the blocks are computed in, where not in float32: spectra, latents,
        skips, norms, the head and samples are float32 always.
    """

    low: torch.dtype | None = None

    def lowered(self, x: Tensor) -> AbstractContextManager[object]:
        """Return the context in which the blocks are to be computed."""
        return nullcontext() if self.low is None else torch.autocast(x.device.type, self.low)


class Encoder(_Half):
    """Turn samples into latents, one for every ``config.frame`` samples."""

    def __init__(self, config: CodecConfig) -> None:
        super().__init__()
        c = config
        self.stride = c.stride
        self.analysis = Analysis(c.window, c.hop, c.power, causal=c.causal)
        self.enter = nn.Linear(3 * self.analysis.bins, c.encoder_fine)
        self.fine = _blocks(c, c.encoder_fine, c.encoder_fine_blocks)
        self.join = nn.Linear(c.stride * c.encoder_fine, c.encoder_width)
        self.coarse = _blocks(c, c.encoder_width, c.encoder_blocks)
        self.norm = nn.LayerNorm(c.encoder_width)
        self.leave = nn.Linear(c.encoder_width, c.latent)

    def forward(self, samples: Tensor, mask: Tensor | None = None) -> Tensor:
        """Map ``(batch, frames * config.frame)`` to ``(batch, frames, latent)``."""
        fine_mask = _fine(mask, self.stride)
        x = self.enter(self.analysis(samples))
        with self.lowered(x):
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
        self.synthesis = Synthesis(c.window, c.hop, causal=c.causal)
        self.head = nn.Linear(c.decoder_fine, 3 * self.synthesis.bins)

    def hidden(self, latents: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return what the head sees, ``(batch, fine frames, channels)``."""
        x = self.enter(latents)
        with self.lowered(x):
            for block in self.coarse:
                x = block(x, mask)
            x = torch.unflatten(self.split(x).float(), -1, (self.stride, -1)).flatten(1, 2)
            fine_mask = _fine(mask, self.stride)
            for block in self.fine:
                x = block(x, fine_mask)
        return torch.as_tensor(self.norm(x))

    def forward(self, latents: Tensor, mask: Tensor | None = None) -> Tensor:
        """Map ``(batch, frames, latent)`` to ``(batch, frames * config.frame)``."""
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
