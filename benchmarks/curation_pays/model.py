"""The voice: a non-autoregressive network from tokens to the latents of nano16, small enough for a CPU.

After FastPitch (Lancucki 2021): tokens are encoded, repeated for as long as they last, and decoded with the pitch. The
phase of the fundamental is an input beside F0, as in source-filter vocoders (Wang, Takaki and Yamagishi 2019), as the
latents hold the waveform, and their best guess without it is an average over phases.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ttsprep.codec.network import ConvNeXt

HARMONICS = 4


@dataclass(frozen=True, slots=True)
class Size:
    """Of the network: channels and blocks of the encoder of tokens, of the prosody and of the decoder."""

    width: int = 128
    encoder: int = 3
    prosody_width: int = 64
    prosody: int = 2
    decoder: int = 5
    kernel: int = 7
    latent: int = 64


@dataclass(frozen=True, slots=True)
class Batch:
    """Clips side by side; what lies behind the end of one is padding.

    Attributes
    ----------
    tokens, durations
        Shape (clips, tokens); 0 in the padding.
    latents
        Standardised, shape (clips, frames, latent).
    pitch
        Standardised log F0, voicing and phase, shape (clips, frames, 3).
    """

    tokens: Tensor
    durations: Tensor
    latents: Tensor
    pitch: Tensor


class _Stack(nn.Module):
    def __init__(self, width: int, count: int, kernel: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(ConvNeXt(width, kernel, 3) for _ in range(count))
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x, mask)
        return torch.as_tensor(self.norm(x))


class Voice(nn.Module):
    """Tokens to durations, pitch and latents.

    Parameters
    ----------
    tokens
        How many there are, with the padding.
    size
        Of the network.
    """

    def __init__(self, tokens: int, size: Size) -> None:
        super().__init__()
        self.embedding = nn.Embedding(tokens, size.width, padding_idx=0)
        self.encoder = _Stack(size.width, size.encoder, size.kernel)
        self.timing = nn.Sequential(nn.Linear(size.width, size.width), nn.GELU(), nn.Linear(size.width, 1))
        self.lower = nn.Linear(size.width + 2, size.prosody_width)
        self.prosody = _Stack(size.prosody_width, size.prosody, size.kernel)
        self.tune = nn.Linear(size.prosody_width, 2)
        self.enter = nn.Linear(size.width + 4 + 2 * HARMONICS, size.width)
        self.decoder = _Stack(size.width, size.decoder, size.kernel)
        self.leave = nn.Linear(size.width, size.latent)

    def encode(self, tokens: Tensor) -> Tensor:
        """Return the encoding of each token, shape (clips, tokens, width)."""
        return torch.as_tensor(self.encoder(self.embedding(tokens), (tokens > 0)[..., None].float()))

    def log_durations(self, encoded: Tensor) -> Tensor:
        """Return log(1 + frames) of each token."""
        return torch.as_tensor(self.timing(encoded)).squeeze(-1)

    def melody(self, spread: Tensor, mask: Tensor) -> Tensor:
        """Return standardised log F0 and the logit of voicing of each frame."""
        return torch.as_tensor(self.tune(self.prosody(self.lower(spread), mask)))

    def decode(self, spread: Tensor, pitch: Tensor, mask: Tensor) -> Tensor:
        """Return the latents of each frame."""
        log_f0, voiced, phase = pitch[..., :1], pitch[..., 1:2], pitch[..., 2:]
        angles = phase * torch.arange(1, HARMONICS + 1)
        source = torch.cat((log_f0, voiced, angles.cos() * voiced, angles.sin() * voiced), -1)
        return torch.as_tensor(self.leave(self.decoder(self.enter(torch.cat((spread, source), -1)), mask)))


def spread_out(encoded: Tensor, durations: Tensor) -> tuple[Tensor, Tensor]:
    """Repeat each token for as long as it lasts, with how far it has come and how long it is.

    Returns
    -------
    spread, mask
        Shapes (clips, frames, width + 2) and (clips, frames, 1).
    """
    frames = durations.sum(1)
    at = torch.arange(int(frames.max()))
    ends = durations.cumsum(1)
    owner = torch.searchsorted(ends, at.expand(len(ends), -1).contiguous(), right=True).clamp(max=ends.shape[1] - 1)
    length = durations.gather(1, owner).float()
    come = (at + 0.5 - (ends - durations).gather(1, owner)) / length.clamp(min=1)
    mask = (at < frames[:, None])[..., None].float()
    repeated = encoded.gather(1, owner[..., None].expand(-1, -1, encoded.shape[-1]))
    return torch.cat((repeated, come[..., None], (length[..., None] + 1).log()), -1) * mask, mask


def losses(voice: Voice, batch: Batch, weights: Tensor) -> dict[str, Tensor]:
    """Return the parts of the loss of a batch: their sum is what is trained.

    Parameters
    ----------
    voice, batch
        What is trained, and on what.
    weights
        Of the latents, sum 1: their spreads, so that what is compared are the latents as nano16 has them. Two of 64
        spread seven times as far as the others, and what is heard follows the spread (correlation 0.97 with the mel
        distance that a latent makes when it is put to its mean).
    """
    encoded = voice.encode(batch.tokens)
    spread, mask = spread_out(encoded, batch.durations)
    melody = voice.melody(spread, mask)
    guess = voice.decode(spread, batch.pitch, mask)
    real = (batch.tokens > 0).float()
    log_f0, voiced = batch.pitch[..., 0], batch.pitch[..., 1]
    off = (voice.log_durations(encoded) - (1 + batch.durations).float().log()).abs()
    frames = mask.sum()
    return {
        "latents": ((guess - batch.latents).abs() * mask * weights).sum() / frames,
        "durations": 0.2 * (off * real).sum() / real.sum(),
        "pitch": 0.1 * ((melody[..., 0] - log_f0).abs() * voiced * mask[..., 0]).sum() / voiced.sum().clamp(min=1),
        "voicing": 0.1
        * (F.binary_cross_entropy_with_logits(melody[..., 1], voiced, reduction="none") * mask[..., 0]).sum()
        / frames,
    }
