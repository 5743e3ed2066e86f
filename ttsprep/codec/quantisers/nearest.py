"""Nearest codes on a CPU: one matrix product and one argmax a chunk, in one reused buffer.

``argmin |x - c|^2 = argmax (2 x.c - |c|^2)``: ``|x|^2`` is the same for every code, and ``|c|^2`` is kept
with the codebook, so the distances themselves are never formed.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

CHUNK = 512
"""Frames scored at a time: 512 x 1024 scores are 2 MB and stay near the core."""


@dataclass(frozen=True, slots=True)
class Book:
    """A codebook ready to be searched.

    Attributes
    ----------
    codes
        ``(cardinality, dim)``.
    doubled
        ``2 * codes`` transposed.
    square
        ``|c|^2``.
    """

    codes: Tensor
    doubled: Tensor
    square: Tensor

    @classmethod
    def of(cls, codes: Tensor) -> "Book":
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
def nearest(vectors: Tensor, book: Book, *, chunk: int = CHUNK) -> Tensor:
    """Return the index of the code nearest to each vector, the lowest where two are equally near.

    Parameters
    ----------
    vectors
        ``(count, dim)``, float32.
    book
        The codebook.
    chunk
        Vectors scored at a time.

    Returns
    -------
    Tensor
        ``(count,)``, int64.
    """
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
def residual(vectors: Tensor, books: list[Book], *, chunk: int = CHUNK) -> Tensor:
    """Quantise each vector by the first book, what is left by the second, and so on.

    All stages of a chunk are done before the next chunk is touched, so the residual stays in the cache.

    Parameters
    ----------
    vectors
        ``(count, dim)``, float32; not changed.
    books
        The codebooks, all of one shape.
    chunk
        Vectors worked on at a time.

    Returns
    -------
    Tensor
        Codes ``(books, count)``, int64.
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

    They lie in the `count` blocks whose best are best, so a search through those and them takes a third of the time of
    one through all. What a parent missed is subtracted from these few alone: rounding keeps the order, so the result
    is the same as if it were from all.

    Parameters
    ----------
    scores
        ``(n, parents, cardinality)``, in memory in that order.
    errors
        ``|r|^2`` of each parent, ``(n, parents)``.
    count
        Children to find.
    block
        Codes that are looked at together.
    """
    n, parents, cardinality = scores.shape
    many = parents * cardinality // block
    if cardinality % block or many <= 2 * count:
        best = (scores - errors[..., None]).flatten(1).topk(count, dim=1).indices
        return best // cardinality, best % cardinality
    blocks = scores.view(n * many, block)
    tops = blocks.amax(1).view(n, parents, -1).sub_(errors[..., None]).flatten(1)
    # In the order of the row, so that of equal scores the first is found, as without blocks.
    inside = tops.topk(count, dim=1, sorted=False).indices.sort(1).values
    rows = torch.arange(n, device=scores.device)[:, None]
    held = blocks.index_select(0, (inside + rows * many).view(-1)).view(n, count, block)
    held = held.sub_(errors.gather(1, inside // (cardinality // block))[..., None]).flatten(1)
    place = held.topk(count, dim=1).indices
    best = inside.gather(1, place // block) * block + place % block
    return best // cardinality, best % cardinality


@torch.no_grad()
def beam(vectors: Tensor, books: list[Book], width: int, *, chunk: int = 64) -> Tensor:
    """Quantise like `residual`, but keep the `width` best choices so far at every stage.

    The nearest code now need not be the best start for the stages to come: on speech, a width of 16 lowers
    the error by a fifth, at about that many times the work. Decoding does not change.

    Parameters
    ----------
    vectors
        ``(count, dim)``, float32.
    books
        The codebooks, all of one shape.
    width
        Choices kept for each vector; 1 is `residual`.
    chunk
        Vectors worked on at a time.

    Returns
    -------
    Tensor
        Codes ``(books, count)``, int64: of the choice with the least error after the last book.

    Notes
    -----
    Two thirds of the time are the matrix products. They could be had from tables of products between codes, a sum of
    rows for every path; but eight books of 1,024 codes need 117 MB of them, and reading their rows takes as long.
    """
    count = len(vectors)
    out = torch.empty(len(books), count, dtype=torch.int64, device=vectors.device)
    if not books or not count:
        return out
    cardinality = len(books[0].codes)
    held = torch.empty(min(chunk, count) * width, cardinality, device=vectors.device)
    for start in range(0, count, chunk):
        rest = vectors[start : start + chunk]
        n, kept = len(rest), 1
        first = torch.arange(n, device=vectors.device)[:, None]
        paths: list[Tensor] = []
        for book in books:
            # One buffer for all: to be given fresh pages for every product takes longer than the product.
            scores = torch.addmm(book.square, rest, book.doubled, beta=-1, out=held[: n * kept])
            errors = rest.square().sum(1).view(n, kept)
            parent, code = _largest(scores.view(n, kept, cardinality), errors, min(width, kept * cardinality))
            origin, chosen = (parent + first * kept).view(-1), code.view(-1)
            rest = rest.index_select(0, origin).sub_(book.codes.index_select(0, chosen))
            paths = [path.index_select(0, origin) for path in paths]
            paths.append(chosen)
            kept = code.shape[1]
        for stage, path in enumerate(paths):
            out[stage, start : start + n] = path.view(n, kept)[:, 0]
    return out
