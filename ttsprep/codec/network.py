"""Encoder and decoder: spectra to latents and back, ConvNeXt at two frame rates."""

import torch
from torch import Tensor, nn

from ttsprep.codec.blocks import ConvNeXt
from ttsprep.codec.config import CodecConfig
from ttsprep.codec.spectral import Analysis, Synthesis


def _fine(mask: Tensor | None, stride: int) -> Tensor | None:
    return None if mask is None else mask.repeat_interleave(stride, dim=1)


class Encoder(nn.Module):
    """Turn samples into latents, one for every ``config.frame`` samples."""

    def __init__(self, config: CodecConfig) -> None:
        super().__init__()
        c = config
        self.stride = c.stride
        self.analysis = Analysis(c.window, c.hop, c.power)
        self.enter = nn.Linear(3 * self.analysis.bins, c.encoder_fine)
        self.fine = nn.ModuleList(ConvNeXt(c.encoder_fine, c.kernel, c.expansion) for _ in range(c.encoder_fine_blocks))
        self.join = nn.Linear(c.stride * c.encoder_fine, c.encoder_width)
        self.coarse = nn.ModuleList(ConvNeXt(c.encoder_width, c.kernel, c.expansion) for _ in range(c.encoder_blocks))
        self.norm = nn.LayerNorm(c.encoder_width)
        self.leave = nn.Linear(c.encoder_width, c.latent)
        self.context = c.encoder_blocks * (c.kernel // 2) + -(-c.encoder_fine_blocks * (c.kernel // 2) // c.stride) + 1

    def forward(self, samples: Tensor, mask: Tensor | None = None) -> Tensor:
        """Map ``(batch, frames * config.frame)`` to ``(batch, frames, latent)``."""
        fine_mask = _fine(mask, self.stride)
        x = self.enter(self.analysis(samples))
        for block in self.fine:
            x = block(x, fine_mask)
        if fine_mask is not None:
            x = x * fine_mask
        x = self.join(torch.unflatten(x, 1, (-1, self.stride)).flatten(2))
        for block in self.coarse:
            x = block(x, mask)
        return torch.as_tensor(self.leave(self.norm(x)))


class Decoder(nn.Module):
    """Turn latents into samples of the same level as those the encoder saw."""

    def __init__(self, config: CodecConfig) -> None:
        super().__init__()
        c = config
        self.stride, self.fine_width = c.stride, c.decoder_fine
        self.enter = nn.Linear(c.latent, c.decoder_width)
        self.coarse = nn.ModuleList(ConvNeXt(c.decoder_width, c.kernel, c.expansion) for _ in range(c.decoder_blocks))
        self.split = nn.Linear(c.decoder_width, c.stride * c.decoder_fine)
        self.fine = nn.ModuleList(ConvNeXt(c.decoder_fine, c.kernel, c.expansion) for _ in range(c.decoder_fine_blocks))
        self.norm = nn.LayerNorm(c.decoder_fine)
        self.synthesis = Synthesis(c.window, c.hop)
        self.head = nn.Linear(c.decoder_fine, 3 * self.synthesis.bins)
        self.context = c.decoder_blocks * (c.kernel // 2) + -(-c.decoder_fine_blocks * (c.kernel // 2) // c.stride) + 1

    def hidden(self, latents: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return what the head sees, ``(batch, fine frames, channels)``."""
        x = self.enter(latents)
        for block in self.coarse:
            x = block(x, mask)
        x = torch.unflatten(self.split(x), -1, (self.stride, -1)).flatten(1, 2)
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
