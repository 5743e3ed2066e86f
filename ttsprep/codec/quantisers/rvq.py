"""Residual vector quantisation by moving averages: the default.

A codebook is stored as the moving *sum* of the vectors it won and its moving *usage*; the codes are their
quotient and nothing else. So a revived code cannot be undone by the next update (as when only the codes are
replaced), nor explode (as when the sum is replaced without the usage).
"""

import torch
from torch import Tensor

from ttsprep.codec.config import QuantiserConfig
from ttsprep.codec.quantisers.base import Quantised, Quantiser, has_numbers, normalise
from ttsprep.codec.quantisers.fused import fused, quick_gather_sum, quick_moments
from ttsprep.codec.quantisers.search import Codebook, kmeans, nearest_codes, residual
from ttsprep.codec.quantisers.search import beam as search


class ResidualEma(Quantiser):
    """Euclidean codebooks, each on what the ones before it left over.

    Attributes
    ----------
    beam
        Choices kept from book to book while training; the codebooks then learn what a search would use.
    """

    total: Tensor
    usage: Tensor

    def __init__(self, config: QuantiserConfig, dim: int) -> None:
        super().__init__(config.num_codebooks, config.codebook_size)
        self.config = config
        self.beam = 1
        total = torch.empty(config.num_codebooks, config.codebook_size, dim)
        self.register_buffer("total", total.normal_().mul_(0.1) if has_numbers() else total)
        self.register_buffer("usage", torch.ones(config.num_codebooks, config.codebook_size))
        self._books: tuple[tuple[int, int], list[Codebook]] | None = None

    def codes(self, stage: int) -> Tensor:
        """Return the codebook of one stage, ``(codebook_size, dim)``."""
        return self.total[stage].float() / self.usage[stage].float().clamp(min=1e-5)[:, None]

    def books(self) -> list[Codebook]:
        """Return every codebook ready to be searched, kept until the codebooks change."""
        # A codec that was loaded in inference mode has tensors without a version: nothing trains them.
        still = self.total.is_inference() or self.usage.is_inference()
        version = (0, 0) if still else (self.total._version, self.usage._version)
        if self._books is None or self._books[0] != version or self._books[1][0].codes.device != self.total.device:
            self._books = (version, [Codebook.of(self.codes(q)) for q in range(self.num_codebooks)])
        return self._books[1]

    def encode(self, latents: Tensor, num_codebooks: int | None = None, beam: int = 1) -> Tensor:
        """Return codes ``(batch, num_codebooks, frames)``."""
        batch, frames, dim = latents.shape
        flat = normalise(latents.float(), self.config.normalise).reshape(-1, dim)
        books = self.books()[: self.num_codebooks if num_codebooks is None else num_codebooks]
        if beam == 1:
            codes = fused(flat, books) if flat.is_cuda else residual(flat, books)
        else:
            codes = search(flat, books, beam, chunk=8192 if flat.is_cuda else 128)
        return torch.unflatten(codes, 1, (batch, frames)).transpose(0, 1).contiguous()

    def decode(self, codes: Tensor) -> Tensor:
        """Return ``(batch, frames, dim)``, the sum of the codes."""
        batch, _, frames = codes.shape
        flat = codes.transpose(0, 1).flatten(1)
        return quick_gather_sum(flat, [book.codes for book in self.books()]).view(batch, frames, -1)

    def forward(self, latents: Tensor, depths: Tensor, generator: torch.Generator) -> Quantised:
        """Quantise for training; in training mode the codebooks up to the deepest sample move."""
        latents = normalise(latents.float(), self.config.normalise)
        batch, frames, dim = latents.shape
        active = int(depths.max()) if len(depths) else 0
        if not active:
            empty = torch.zeros(batch, 0, frames, dtype=torch.int64, device=latents.device)
            return Quantised(latents, empty, latents.new_zeros(()))
        depths = depths.to(latents.device)
        flat = latents.detach().reshape(-1, dim)
        books = [Codebook.of(self.codes(stage)) for stage in range(active)]
        codes = self._search(flat, books)
        tables = [book.codes for book in books]
        summed = quick_gather_sum(codes, tables, depths.repeat_interleave(frames), known=True).view_as(latents)
        if self.training:
            self._update(flat, codes, tables, generator)
        through = (depths == 0)[:, None, None]
        straight = latents + (torch.where(through, latents, summed) - latents).detach()
        # Commitment over the books a sample used.
        missed = (latents - summed).square().mean((1, 2))
        used = (depths > 0).float()
        loss = (missed * used).sum() / used.sum().clamp(min=1)
        codes = torch.unflatten(codes, 1, (batch, frames)).transpose(0, 1)
        return Quantised(straight, codes, self.config.commitment * loss)

    def _search(self, flat: Tensor, books: list[Codebook]) -> Tensor:
        """Return the codes of vectors in training, ``(books, count)``."""
        if self.beam > 1 and len(books) > 1:
            return search(flat, books, self.beam, chunk=64 if flat.device.type == "cpu" else 2048)
        return fused(flat, books) if flat.is_cuda else residual(flat, books)

    @torch.no_grad()
    def _update(self, flat: Tensor, codes: Tensor, books: list[Tensor], generator: torch.Generator) -> None:
        c, active = self.config, len(books)
        count, moved = quick_moments(flat, codes, books)
        self.usage[:active].mul_(c.decay).add_(count, alpha=1 - c.decay)
        self.total[:active].mul_(c.decay).add_(moved, alpha=1 - c.decay)
        self.updates[:active] += 1
        for stage, updates in enumerate(self.updates[:active].tolist()):
            if updates % c.revive_every == 0:
                self._revive(stage, flat, codes[:stage], books, generator)

    def _revive(
        self, stage: int, flat: Tensor, before: Tensor, books: list[Tensor], generator: torch.Generator
    ) -> None:
        """Give codes that are hardly used what the books before leave of random vectors."""
        usual = self.usage[stage].mean()
        dead = (self.usage[stage] < self.config.revive_below * usual).nonzero()[:, 0]
        if not len(dead):
            return
        rows = torch.randint(0, len(flat), (len(dead),), generator=generator).to(flat.device)
        fresh = flat[rows] - quick_gather_sum(before[:, rows], books, known=True)
        self.total[stage][dead] = fresh * usual
        self.usage[stage][dead] = usual

    @torch.no_grad()
    def start(self, latents: Tensor, generator: torch.Generator) -> None:
        """K-means, book by book, each on what the ones before leave over."""
        rest = normalise(latents.float(), self.config.normalise)
        for stage in range(self.num_codebooks):
            centres, _ = kmeans(rest, self.codebook_size, generator)
            # Usage starts uniform: a cluster that was small among these vectors is no dead code yet.
            self.usage[stage] = 1.0
            self.total[stage] = centres
            rest = rest - centres[nearest_codes(rest, Codebook.of(centres))]


class Vq(ResidualEma):
    """One Euclidean codebook of any size."""

    def __init__(self, config: QuantiserConfig, dim: int) -> None:
        if config.num_codebooks != 1:
            raise ValueError(f"vq has one codebook, not {config.num_codebooks}")
        super().__init__(config, dim)
