"""Nearest codes on a CPU: one matrix product and one argmax a chunk, in one reused buffer.

``argmin |x - c|^2 = argmax (2 x.c - |c|^2)``: ``|x|^2`` is the same for every code, and ``|c|^2`` is kept
with the codebook, so the distances themselves are never formed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

CHUNK = 512
"""Frames scored at a time: 512 x 1024 scores are 2 MB and stay near the core."""


@dataclass(frozen=True, slots=True)
class Codebook:
    """A codebook ready to be searched.

    Attributes
    ----------
    codes
        ``(codebook_size, dim)``.
    doubled
        ``2 * codes`` transposed.
    square
        ``|c|^2``.
    """

    codes: Tensor
    doubled: Tensor
    square: Tensor

    @classmethod
    def of(cls, codes: Tensor) -> "Codebook":
        """Prepare a codebook."""
        codes = codes.detach().float().contiguous()
        return cls(codes, (2 * codes).t().contiguous(), codes.square().sum(1))


def _argmax(scores: Tensor, out: Tensor) -> None:
    """Write where each row is largest, the first place where several are; NumPy does it 12 x faster."""
    if scores.device.type == "cpu":
        np.argmax(scores.numpy(), axis=1, out=out.numpy())
    else:
        torch.argmax(scores, 1, out=out)


@torch.no_grad()
def nearest_codes(vectors: Tensor, book: Codebook, *, chunk: int = CHUNK) -> Tensor:
    """Return the code nearest to each of ``(count, dim)`` vectors, the lowest where two are equally near, int64."""
    count = len(vectors)
    out = torch.empty(count, dtype=torch.int64, device=vectors.device)
    scores = torch.empty(min(chunk, count), len(book.codes), device=vectors.device)
    for start in range(0, count, chunk):
        part = vectors[start : start + chunk]
        buffer = scores[: len(part)]
        torch.addmm(book.square, part, book.doubled, beta=-1, out=buffer)
        _argmax(buffer, out[start : start + chunk])
    return out


@torch.no_grad()
def residual(vectors: Tensor, books: list[Codebook], *, chunk: int = CHUNK) -> Tensor:
    """Quantise ``(count, dim)`` vectors by the first book, what is left by the second ...: ``(books, count)``, int64.

    All stages of a chunk are done before the next chunk is touched, so the residual stays in the cache.
    """
    count, dim = vectors.shape
    out = torch.empty(len(books), count, dtype=torch.int64, device=vectors.device)
    if not books or not count:
        return out
    size = min(chunk, count)
    scores = torch.empty(size, len(books[0].codes), device=vectors.device)
    left = torch.empty(size, dim, device=vectors.device)
    picked = torch.empty(size, dim, device=vectors.device)
    for start in range(0, count, chunk):
        part = vectors[start : start + chunk]
        n = len(part)
        rest = left[:n].copy_(part)
        for stage, book in enumerate(books):
            torch.addmm(book.square, rest, book.doubled, beta=-1, out=scores[:n])
            codes = out[stage, start : start + n]
            _argmax(scores[:n], codes)
            if stage + 1 < len(books):
                torch.index_select(book.codes, 0, codes, out=picked[:n])
                rest.sub_(picked[:n])
    return out


def _largest(scores: Tensor, errors: Tensor, count: int, block: int = 64) -> tuple[Tensor, Tensor]:
    """Return the `count` best children over all parents of a vector, best first: their parents and codes.

    `scores` are ``(n, parents, codebook_size)`` in that order, `errors` ``|r|^2`` of each parent. The best lie in the
    `count` blocks of `block` codes whose best are best, so a search through those and them takes a third of the time of
    one through all. What a parent missed is subtracted from these few alone: rounding keeps the order.
    """
    n, parents, codebook_size = scores.shape
    many = parents * codebook_size // block
    if codebook_size % block or many <= 2 * count:
        best = (scores - errors[..., None]).flatten(1).topk(count, dim=1).indices
        return best // codebook_size, best % codebook_size
    blocks = scores.view(n * many, block)
    tops = blocks.amax(1).view(n, parents, -1).sub_(errors[..., None]).flatten(1)
    # In the order of the row, so that of equal scores the first is found, as without blocks.
    inside = tops.topk(count, dim=1, sorted=False).indices.sort(1).values
    rows = torch.arange(n, device=scores.device)[:, None]
    held = blocks.index_select(0, (inside + rows * many).view(-1)).view(n, count, block)
    held = held.sub_(errors.gather(1, inside // (codebook_size // block))[..., None]).flatten(1)
    place = held.topk(count, dim=1).indices
    best = inside.gather(1, place // block) * block + place % block
    return best // codebook_size, best % codebook_size


@torch.no_grad()
def beam(vectors: Tensor, books: list[Codebook], width: int, *, chunk: int = 64) -> Tensor:
    """Quantise like `residual`, but keep the `width` best choices so far at every stage.

    The nearest code now need not be the best start for the stages to come: on speech, a width of 16 lowers
    the error by a fifth, at about that many times the work. Two thirds of the time are the matrix products. Tables of
    products between codes, a sum of rows for every path, are no faster: eight books of 1,024 codes need 117 MB of them,
    and reading their rows takes as long.
    """
    count = len(vectors)
    out = torch.empty(len(books), count, dtype=torch.int64, device=vectors.device)
    if not books or not count:
        return out
    codebook_size = len(books[0].codes)
    held = torch.empty(min(chunk, count) * width, codebook_size, device=vectors.device)
    for start in range(0, count, chunk):
        rest = vectors[start : start + chunk]
        n, kept = len(rest), 1
        first = torch.arange(n, device=vectors.device)[:, None]
        paths: list[Tensor] = []
        for book in books:
            # One buffer for all: to be given fresh pages for every product takes longer than the product.
            scores = torch.addmm(book.square, rest, book.doubled, beta=-1, out=held[: n * kept])
            errors = rest.square().sum(1).view(n, kept)
            parent, code = _largest(scores.view(n, kept, codebook_size), errors, min(width, kept * codebook_size))
            origin, chosen = (parent + first * kept).view(-1), code.view(-1)
            rest = rest.index_select(0, origin).sub_(book.codes.index_select(0, chosen))
            paths = [path.index_select(0, origin) for path in paths]
            paths.append(chosen)
            kept = code.shape[1]
        for stage, path in enumerate(paths):
            out[stage, start : start + n] = path.view(n, kept)[:, 0]
    return out


@torch.no_grad()
def kmeans(vectors: Tensor, count: int, generator: torch.Generator, *, rounds: int = 10) -> tuple[Tensor, Tensor]:
    """Cluster ``(n, dim)`` vectors: return centres ``(count, dim)`` and how many vectors each has, ``(count,)``.

    Empty clusters are given a random vector each round.
    """
    n, dim = vectors.shape
    device = vectors.device
    start = torch.randint(0, n, (count,), generator=generator)  # on the CPU, as the generator: the same on any device
    if n >= count:
        start = torch.randperm(n, generator=generator)[:count]
    centres = vectors[start.to(device)]
    spread = float(vectors.std()) if n > 1 else 0.0
    if n < count:  # copies must differ, or all but one of them stay empty for ever
        centres += 0.01 * spread * torch.randn(centres.shape, generator=generator).to(device)
    usage = torch.zeros(count, device=device)
    for _ in range(rounds):
        owner = nearest_codes(vectors, Codebook.of(centres))
        usage = torch.bincount(owner, minlength=count).float()
        total = torch.zeros(count, dim, device=device).index_add_(0, owner, vectors)
        centres = total / usage.clamp(min=1)[:, None]
        empty = usage == 0
        if bool(empty.any()):
            fresh = torch.randint(0, n, (int(empty.sum()),), generator=generator).to(device)
            jitter = 0.01 * spread * torch.randn(len(fresh), dim, generator=generator).to(device)
            centres[empty] = vectors[fresh] + jitter
    return centres, usage


def gather_sum(codes: Tensor, books: Sequence[Tensor], depths: Tensor | None = None) -> Tensor:
    """Return the sum ``(count, dim)`` of the codes ``(num_codebooks, count)`` of each frame, book after book.

    `depths` are the books that count for each frame, ``(count,)``; None for all.
    """
    out = books[0].new_zeros(codes.shape[1], books[0].shape[1])
    for stage, index in enumerate(codes):
        chosen = books[stage].index_select(0, index)
        if depths is not None:
            chosen = chosen.masked_fill_((depths <= stage)[:, None], 0.0)
        out = out.add_(chosen)
    return out


def moments(vectors: Tensor, codes: Tensor, books: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Return how often each code was used, ``(num_codebooks, codebook_size)``, and the sum of the vectors that it won.

    Book 0 sees the vectors ``(count, dim)``, each other book what the ones before it left over.
    """
    num_codebooks, (codebook_size, dim) = len(codes), books[0].shape
    usage = vectors.new_zeros(num_codebooks, codebook_size)
    total = vectors.new_zeros(num_codebooks, codebook_size, dim)
    ones, rest = vectors.new_ones(len(vectors)), vectors
    for stage, index in enumerate(codes):
        usage[stage].index_add_(0, index, ones)
        total[stage].index_add_(0, index, rest)
        if stage + 1 < num_codebooks:
            rest = rest - books[stage].index_select(0, index)
    return usage, total


def check(codes: Tensor, books: Sequence[Tensor]) -> None:
    """Refuse codes that no book has by an `IndexError`: on a GPU they would be read from elsewhere in its memory."""
    if len(codes) > len(books):
        raise IndexError(f"codes of {len(codes)} books, but there are {len(books)}")
    if not codes.numel():
        return
    low, high = torch.stack(torch.aminmax(codes)).tolist()
    if low < 0 or high >= len(books[0]):
        raise IndexError(f"codes from {low} to {high}, but a book has {len(books[0])}")
