"""Residual vector quantisation by moving averages: the default.

A codebook is stored as the moving *sum* of the vectors it won and its moving *usage*; the codes are their
quotient and nothing else. So a revived code cannot be undone by the next update (as when only the codes are
replaced), nor explode (as when the sum is replaced without the usage).
"""

import torch
from torch import Tensor

from ttsprep.codec.config import QuantiserConfig
from ttsprep.codec.quantisers.base import Quantised, Quantiser, normalised, prefix
from ttsprep.codec.quantisers.fused import fused
from ttsprep.codec.quantisers.kmeans import kmeans
from ttsprep.codec.quantisers.nearest import CHUNK, Book, nearest, residual
from ttsprep.codec.quantisers.nearest import beam as search


class ResidualEma(Quantiser):
    """Euclidean codebooks, each on what the ones before it left over.

    Attributes
    ----------
    search
        Choices kept from book to book while training; the codebooks then learn what a search would use.
    """

    total: Tensor
    usage: Tensor

    def __init__(self, config: QuantiserConfig, dim: int) -> None:
        super().__init__(config.depth, config.cardinality)
        self.config = config
        self.search = 1
        self.register_buffer("total", torch.randn(config.depth, config.cardinality, dim) * 0.1)
        self.register_buffer("usage", torch.ones(config.depth, config.cardinality))
        self._books: tuple[tuple[int, int], list[Book]] | None = None

    def codes(self, stage: int) -> Tensor:
        """Return the codebook of one stage, ``(cardinality, dim)``."""
        return self.total[stage].float() / self.usage[stage].float().clamp(min=1e-5)[:, None]

    def books(self) -> list[Book]:
        """Return every codebook ready to be searched, kept until the codebooks change."""
        version = (self.total._version, self.usage._version)
        if self._books is None or self._books[0] != version or self._books[1][0].codes.device != self.total.device:
            self._books = (version, [Book.of(self.codes(q)) for q in range(self.depth)])
        return self._books[1]

    def encode(self, latents: Tensor, depth: int | None = None, beam: int = 1) -> Tensor:
        """Return codes ``(batch, depth, frames)``."""
        batch, frames, dim = latents.shape
        flat = normalised(latents.float(), self.config.normalise).reshape(-1, dim)
        books = self.books()[: self.depth if depth is None else depth]
        if beam == 1:
            codes = fused(flat, books) if flat.is_cuda else residual(flat, books)
        else:
            codes = search(flat, books, beam, chunk=8192 if flat.is_cuda else 128)
        return torch.unflatten(codes, 1, (batch, frames)).transpose(0, 1).contiguous()

    def decode(self, codes: Tensor) -> Tensor:
        """Return ``(batch, frames, dim)``, the sum of the codes."""
        books = self.books()
        out = books[0].codes[codes[:, 0]]
        for stage in range(1, codes.shape[1]):
            out = out + books[stage].codes[codes[:, stage]]
        return out

    def forward(self, latents: Tensor, depths: Tensor, generator: torch.Generator) -> Quantised:
        """Quantise for training; in training mode the codebooks up to the deepest sample move."""
        latents = normalised(latents.float(), self.config.normalise)
        batch, frames, dim = latents.shape
        flat = latents.detach().reshape(-1, dim)
        rest = flat
        active = int(depths.max()) if len(depths) else 0
        depths = depths.to(latents.device, non_blocking=True)
        chunk = CHUNK if flat.device.type == "cpu" else 8192
        stages, codes, misses = [], [], []
        taken = torch.zeros_like(flat)
        found = None
        if self.search > 1 and active > 1:
            found = search(flat, [Book.of(self.codes(stage)) for stage in range(active)], self.search, chunk=chunk // 4)
        for stage in range(active):
            codebook = self.codes(stage)
            index = nearest(rest, Book.of(codebook), chunk=chunk) if found is None else found[stage]
            chosen = codebook[index]
            if self.training:
                self._update(stage, rest, index, generator)
            taken = taken + chosen
            rest = rest - chosen
            stages.append(chosen.view(batch, frames, dim))
            codes.append(index.view(batch, frames))
            misses.append((latents - taken.view_as(latents)).square().mean(2))
        if not stages:
            empty = torch.zeros(batch, 0, frames, dtype=torch.int64, device=latents.device)
            return Quantised(latents, empty, latents.new_zeros(()))
        summed = prefix(torch.stack(stages), depths)
        through = (depths == 0)[:, None, None]
        straight = latents + (torch.where(through, latents, summed) - latents).detach()
        # Commitment over the books a sample used, at its own depth.
        last = torch.stack(misses, 1)[torch.arange(batch, device=depths.device), (depths - 1).clamp(min=0)]
        used = (depths > 0).float()
        loss = (last.mean(1) * used).sum() / used.sum().clamp(min=1)
        return Quantised(straight, torch.stack(codes, 1), self.config.commitment * loss)

    @torch.no_grad()
    def _update(self, stage: int, vectors: Tensor, index: Tensor, generator: torch.Generator) -> None:
        c = self.config
        count = torch.zeros_like(self.usage[stage]).index_add_(0, index, torch.ones_like(vectors[:, 0]))
        moved = torch.zeros_like(self.total[stage]).index_add_(0, index, vectors)
        self.usage[stage].mul_(c.decay).add_(count, alpha=1 - c.decay)
        self.total[stage].mul_(c.decay).add_(moved, alpha=1 - c.decay)
        self.updates[stage] += 1
        if int(self.updates[stage]) % c.revive_every:
            return
        usual = self.usage[stage].mean()
        dead = (self.usage[stage] < c.revive_below * usual).nonzero()[:, 0]
        if len(dead):
            fresh = vectors[torch.randint(0, len(vectors), (len(dead),), generator=generator).to(vectors.device)]
            self.total[stage][dead] = fresh * usual
            self.usage[stage][dead] = usual

    @torch.no_grad()
    def start(self, latents: Tensor, generator: torch.Generator) -> None:
        """K-means, book by book, each on what the ones before leave over."""
        rest = normalised(latents.float(), self.config.normalise)
        for stage in range(self.depth):
            centres, _ = kmeans(rest, self.cardinality, generator)
            # Usage starts uniform: a cluster that was small among these vectors is no dead code yet.
            self.usage[stage] = 1.0
            self.total[stage] = centres
            rest = rest - centres[nearest(rest, Book.of(centres))]
