"""Finite scalar quantisation: a few bounded numbers, each rounded to a fixed grid. Nothing to collapse.

Residual FSQ repeats it on what is left, on a grid that is finer at each stage. Index arithmetic is done in
integers: in bfloat16 neighbouring codes above 256 would be one and the same.
"""

import math

import torch
from torch import Tensor, nn

from ttsprep.codec.config import QuantiserConfig
from ttsprep.codec.quantisers.base import Quantised, Quantiser, normalise, prefix


class ResidualFsq(Quantiser):
    """`config.num_codebooks` stages of the same levels; plain FSQ is the case of one."""

    levels: Tensor
    place: Tensor

    def __init__(self, config: QuantiserConfig, dim: int) -> None:
        super().__init__(config.num_codebooks, math.prod(config.levels))
        self.config = config
        width = len(config.levels)
        self.enter = nn.Linear(dim, width)
        self.leave = nn.Linear(width, dim)
        levels = torch.tensor(config.levels)
        self.register_buffer("levels", levels, persistent=False)
        place = torch.cat([torch.ones(1, dtype=torch.int64), levels[:-1].cumprod(0)])
        self.register_buffer("place", place, persistent=False)

    def _digits(self, rest: Tensor, stage: int) -> Tensor:
        """Return which of its levels each number is nearest to, int64."""
        steps = (self.levels - 1).to(rest.dtype)
        unit = (rest / self._step(stage) + 1) / 2
        return (unit.clamp(0, 1) * steps).round().long()

    def _values(self, digits: Tensor, stage: int) -> Tensor:
        steps = (self.levels - 1).to(torch.float32)
        return (digits / steps * 2 - 1) * self._step(stage)

    def _step(self, stage: int) -> Tensor:
        """Return half the width that stage `stage` covers, for each number."""
        return (self.levels - 1).to(torch.float32).pow(-stage)

    def _bounded(self, latents: Tensor) -> Tensor:
        return torch.tanh(self.enter(normalise(latents.float(), self.config.normalise)))

    @torch.no_grad()
    def encode(self, latents: Tensor, num_codebooks: int | None = None, beam: int = 1) -> Tensor:
        """Return codes ``(batch, num_codebooks, frames)``."""
        rest, codes = self._bounded(latents), []
        for stage in range(self.num_codebooks if num_codebooks is None else num_codebooks):
            digits = self._digits(rest, stage)
            codes.append((digits * self.place).sum(-1))
            rest = rest - self._values(digits, stage)
        return torch.stack(codes, 1)

    def decode(self, codes: Tensor) -> Tensor:
        """Return ``(batch, frames, dim)``."""
        out = torch.zeros(codes.shape[0], codes.shape[2], len(self.levels), device=codes.device)
        for stage in range(codes.shape[1]):
            digits = codes[:, stage, :, None] // self.place % self.levels
            out = out + self._values(digits, stage)
        return torch.as_tensor(self.leave(out))

    def forward(self, latents: Tensor, depths: Tensor, generator: torch.Generator) -> Quantised:
        """Quantise for training; there is no loss, rounding passes gradients straight through."""
        bounded = self._bounded(latents)
        batch, frames, _ = bounded.shape
        active = int(depths.max()) if len(depths) else 0
        depths = depths.to(bounded.device)
        rest, stages, codes = bounded.detach(), [], []
        for stage in range(active):
            digits = self._digits(rest, stage)
            values = self._values(digits, stage)
            rest = rest - values
            stages.append(values)
            codes.append((digits * self.place).sum(-1))
            if self.training:
                self.updates[stage] += 1
        zero = bounded.new_zeros(())
        if not stages:
            empty = torch.zeros(batch, 0, frames, dtype=torch.int64, device=latents.device)
            return Quantised(torch.as_tensor(self.leave(bounded)), empty, zero)
        summed = prefix(torch.stack(stages), depths)
        through = (depths == 0)[:, None, None]
        rounded = bounded + (torch.where(through, bounded, summed) - bounded).detach()
        return Quantised(torch.as_tensor(self.leave(rounded)), torch.stack(codes, 1), zero)


class Fsq(ResidualFsq):
    """One stage."""

    def __init__(self, config: QuantiserConfig, dim: int) -> None:
        if config.num_codebooks != 1:
            raise ValueError(f"fsq has one codebook, not {config.num_codebooks}; see residual-fsq")
        super().__init__(config, dim)
