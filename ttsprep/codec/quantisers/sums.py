"""What follows from codes that are known: the latents they stand for, and the moments that move the codebooks."""

from collections.abc import Sequence

import torch
from torch import Tensor


def gather_sum(codes: Tensor, books: Sequence[Tensor], depths: Tensor | None = None) -> Tensor:
    """Return the sum of the codes of each frame, book after book.

    Parameters
    ----------
    codes
        ``(depth, count)``, int64.
    books
        ``(cardinality, dim)`` each, float32, at least `depth` of them.
    depths
        Books that count for each frame, ``(count,)``; None for all.

    Returns
    -------
    Tensor
        ``(count, dim)``.
    """
    out = books[0].new_zeros(codes.shape[1], books[0].shape[1])
    for stage, index in enumerate(codes):
        chosen = books[stage].index_select(0, index)
        if depths is not None:
            chosen = chosen.masked_fill_((depths <= stage)[:, None], 0.0)
        out = out.add_(chosen)
    return out


def moments(vectors: Tensor, codes: Tensor, books: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Return how often each code was used, and the sum of the vectors that it won.

    Parameters
    ----------
    vectors
        ``(count, dim)``, float32; book 0 sees them, each other what the ones before it left over.
    codes
        ``(depth, count)``, int64.
    books
        As for `gather_sum`.

    Returns
    -------
    tuple of Tensor
        Usage ``(depth, cardinality)`` and sums ``(depth, cardinality, dim)``.
    """
    depth, (cardinality, dim) = len(codes), books[0].shape
    usage = vectors.new_zeros(depth, cardinality)
    total = vectors.new_zeros(depth, cardinality, dim)
    ones, rest = vectors.new_ones(len(vectors)), vectors
    for stage, index in enumerate(codes):
        usage[stage].index_add_(0, index, ones)
        total[stage].index_add_(0, index, rest)
        if stage + 1 < depth:
            rest = rest - books[stage].index_select(0, index)
    return usage, total


def check(codes: Tensor, books: Sequence[Tensor]) -> None:
    """Refuse codes that no book has: on a GPU they would be read from elsewhere in its memory.

    Raises
    ------
    IndexError
        If there are any, or more rows of codes than books.
    """
    if len(codes) > len(books):
        raise IndexError(f"codes of {len(codes)} books, but there are {len(books)}")
    if not codes.numel():
        return
    low, high = torch.stack(torch.aminmax(codes)).tolist()
    if low < 0 or high >= len(books[0]):
        raise IndexError(f"codes from {low} to {high}, but a book has {len(books[0])}")
