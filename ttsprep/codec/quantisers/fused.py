"""The fused kernel where it can be had and has proved itself, the eager way elsewhere."""

import warnings
from functools import cache

from torch import Tensor

from ttsprep.codec.quantisers.nearest import Book, residual

PROOF = 4096
"""Vectors on which the kernel is held against the eager way before it is used."""


def fused(vectors: Tensor, books: list[Book]) -> Tensor:
    """Return `residual` of vectors on a GPU, from one kernel where Triton is installed and gives the same.

    Parameters
    ----------
    vectors
        ``(count, dim)``, float32.
    books
        The codebooks, all of one shape.

    Returns
    -------
    Tensor
        Codes ``(books, count)``, int64.
    """
    if not _installed():
        return residual(vectors, books)
    from ttsprep.codec.kernel import fused_residual

    shape = (vectors.device, vectors.shape[1], books[0].codes.shape, len(books))
    if shape not in _proved:
        _proved[shape] = _prove(vectors[:PROOF], books)
    return fused_residual(vectors, books).codes if _proved[shape] else residual(vectors, books)


_proved: dict[object, bool] = {}


@cache
def _installed() -> bool:
    try:
        import triton  # noqa: F401
    except ImportError:
        return False
    return True


def _prove(vectors: Tensor, books: list[Book]) -> bool:
    """Say whether the kernel works here; two codes that are equally near may be told apart differently."""
    from ttsprep.codec.kernel import fused_residual

    try:
        same = (fused_residual(vectors, books).codes == residual(vectors, books)).all(0)
    except (RuntimeError, TypeError, ValueError) as error:  # what Triton raises where it cannot compile or launch
        warnings.warn(f"the fused kernel does not run here ({error}); the eager way is taken", stacklevel=3)
        return False
    wrong = int((~same).sum())
    if wrong > max(1, len(vectors) // 1000):
        warnings.warn(
            f"the fused kernel differs in {wrong} of {len(vectors)} frames; the eager way is taken", stacklevel=3
        )
        return False
    return True
