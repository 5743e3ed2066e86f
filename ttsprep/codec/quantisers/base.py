"""What every quantiser can do: latents to codes, codes to latents, and a differentiable pass for training."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from ttsprep.codec.config import WeightNorm


@dataclass(frozen=True, slots=True)
class Quantised:
    """What a training pass gives.

    Attributes
    ----------
    latents
        As the decoder would see them; gradients pass straight through.
    codes
        ``(batch, num_codebooks, frames)``.
    loss
        What the quantiser itself asks for (commitment, and codebook terms where there are any).
    """

    latents: Tensor
    codes: Tensor
    loss: Tensor


class Quantiser(nn.Module, ABC):
    """Latents ``(batch, frames, dim)`` to codes ``(batch, num_codebooks, frames)`` and back.

    Attributes
    ----------
    num_codebooks, codebook_size
        Codebooks, and codes in each.
    updates
        How many training steps each codebook has had; on the CPU always, where reading it waits for nothing.
    """

    updates: Tensor

    def __init__(self, num_codebooks: int, codebook_size: int) -> None:
        super().__init__()
        self.num_codebooks, self.codebook_size = num_codebooks, codebook_size
        self.register_buffer("updates", torch.zeros(num_codebooks, dtype=torch.int64))

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        updates = self.updates
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self.updates = updates
        return self

    @abstractmethod
    def encode(self, latents: Tensor, num_codebooks: int | None = None, beam: int = 1) -> Tensor:
        """Return codes of the first `num_codebooks` codebooks (None: all), int64 ``(batch, num_codebooks, frames)``.

        `beam` choices are kept from book to book where the kind can search; others take the nearest code.
        """

    @abstractmethod
    def decode(self, codes: Tensor) -> Tensor:
        """Return the latents that codes stand for, whatever the number of codebooks."""

    @abstractmethod
    def forward(self, latents: Tensor, depths: Tensor, generator: torch.Generator) -> Quantised:
        """Quantise ``(batch, frames, dim)`` for training.

        `depths` ``(batch,)`` are codebooks for each sample; 0 passes it through as it is.
        """

    def start(self, latents: Tensor, generator: torch.Generator) -> None:
        """Initialise from real latents ``(count, dim)``; nothing to do where codes are fixed."""


def normalise(latents: Tensor, how: WeightNorm) -> Tensor:
    """Normalise the last axis: ``rms`` to RMS 1, ``l2`` to length 1, ``zscore`` to mean 0 and deviation 1."""
    if how == "rms":
        return latents * torch.rsqrt(latents.square().mean(-1, keepdim=True) + 1e-6)
    if how == "l2":
        return nn.functional.normalize(latents, dim=-1)
    if how == "zscore":
        centred = latents - latents.mean(-1, keepdim=True)
        return centred * torch.rsqrt(centred.square().mean(-1, keepdim=True) + 1e-6)
    return latents


def prefix(stages: Tensor, depths: Tensor) -> Tensor:
    """Sum the first ``depths[b]`` of ``(stages, batch, frames, dim)`` for each sample b."""
    count = stages.shape[0]
    use = torch.arange(count, device=stages.device)[:, None] < depths[None]
    return (stages * use[:, :, None, None].to(stages.dtype)).sum(0)


def has_numbers() -> bool:
    """Return whether tensors have numbers; on "meta" they have a shape, and arithmetic loads the compiler of torch."""
    return torch.get_default_device().type != "meta"
