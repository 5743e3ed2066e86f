"""The whole codec as one module: encoder, quantiser, decoder."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ttsprep.codec.config import CodecConfig
from ttsprep.codec.network import Decoder, Encoder
from ttsprep.codec.quantisers import make


@dataclass(frozen=True, slots=True)
class Pass:
    """What a training pass gives: samples out, codes ``(batch, depth, frames)``, the quantiser's own loss."""

    samples: Tensor
    codes: Tensor
    loss: Tensor


class CodecModel(nn.Module):
    """Encoder, quantiser, decoder; samples are at unit speech level on both sides."""

    def __init__(self, config: CodecConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.quantiser = make(config.quantiser, config.latent)
        self.decoder = Decoder(config)

    def forward(self, samples: Tensor, depths: Tensor | None, generator: torch.Generator) -> Pass:
        """Code and decode a batch whose length is a whole number of frames.

        Parameters
        ----------
        samples
            ``(batch, frames * config.frame)``.
        depths
            Codebooks for each sample; None bypasses the quantiser.
        generator
            Source of every random choice.
        """
        latents = self.encoder(samples)
        # No depth at all still goes through what a kind does to latents before and after it rounds them: the decoder
        # would see something else when the codebooks begin.
        none = torch.zeros(len(samples), dtype=torch.int64)
        quantised = self.quantiser(latents, none if depths is None else depths, generator)
        return Pass(self.decoder(quantised.latents), quantised.codes, quantised.loss)
