"""The fused kernels where they can be had and have proved themselves, the eager way elsewhere.

Every kernel is held against the eager way on first use of a shape, and is not used where it fails or differs: codes may
differ where two are equally near, sums by rounding, nothing else by anything.
"""

import warnings
from collections.abc import Callable, Sequence
from functools import cache

import torch
from torch import Tensor

from ttsprep.codec.quantisers.search import Codebook, check, residual
from ttsprep.codec.quantisers.search import gather_sum as eager_gather_sum
from ttsprep.codec.quantisers.search import moments as eager_moments

PROOF = 4096
"""Vectors on which a kernel is held against the eager way before it is used."""


def fused(vectors: Tensor, books: list[Codebook]) -> Tensor:
    """Return `residual` of ``(count, dim)`` vectors, from one kernel where Triton is installed and gives the same."""

    def agrees() -> bool:
        from ttsprep.codec.quantisers.triton_search import fused_residual

        some = vectors[:PROOF]
        same = (fused_residual(some, books) == residual(some, books)).all(0)
        return int((~same).sum()) <= max(1, len(some) // 1000)

    if len(vectors) and books and _proved("search", vectors, books[0].codes, len(books), agrees):
        from ttsprep.codec.quantisers.triton_search import fused_residual

        return fused_residual(vectors, books)
    return residual(vectors, books)


def quick_gather_sum(
    codes: Tensor, books: Sequence[Tensor], depths: Tensor | None = None, *, known: bool = False
) -> Tensor:
    """Return `search.gather_sum` of codes, on a GPU from one kernel; an `IndexError` if a code is out of range.

    `known` codes come from these books: they are not looked at, which would be to wait for the GPU.
    """
    if not known:
        check(codes, books)

    def agrees() -> bool:
        from ttsprep.codec.quantisers.triton_sums import fused_gather_sum

        some, stop = codes[:, :PROOF], None if depths is None else depths[:PROOF]
        return torch.equal(fused_gather_sum(some, books, stop), eager_gather_sum(some, books, stop))

    if _elsewhere(codes) and _proved("gather_sum", codes, books[0], len(codes), agrees):
        from ttsprep.codec.quantisers.triton_sums import fused_gather_sum

        return fused_gather_sum(codes, books, depths)
    return eager_gather_sum(codes, books, depths)


def quick_moments(vectors: Tensor, codes: Tensor, books: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Return `ttsprep.codec.quantisers.search.moments` of vectors, on a GPU from one kernel."""

    def agrees() -> bool:
        from ttsprep.codec.quantisers.triton_sums import fused_moments

        some, theirs = vectors[:PROOF], codes[:, :PROOF]
        usage, total = fused_moments(some, theirs, books)
        exact, wanted = eager_moments(some, theirs, books)
        # A sum of n numbers in any order is off by at most n half units in the last place of the sum of their sizes.
        slack = 1e-6 * float(some.abs().max() + sum(book.abs().max() for book in books)) * (1 + exact[..., None])
        return torch.equal(usage, exact) and bool(((total - wanted).abs() <= slack).all())

    if _elsewhere(codes) and _proved("moments", vectors, books[0], len(codes), agrees):
        from ttsprep.codec.quantisers.triton_sums import fused_moments

        return fused_moments(vectors, codes, books)
    return eager_moments(vectors, codes, books)


def _elsewhere(codes: Tensor) -> bool:
    return codes.is_cuda and codes.numel() > 0


_PROOFS: dict[object, bool] = {}


def _proved(name: str, like: Tensor, book: Tensor, num_codebooks: int, agrees: Callable[[], bool]) -> bool:
    """Say whether a kernel runs here and agrees; found out once for every shape of the codebooks."""
    key = (name, like.device, book.shape, num_codebooks)
    if key not in _PROOFS:
        _PROOFS[key] = _installed() and _prove(name, agrees)
    return _PROOFS[key]


def _prove(name: str, agrees: Callable[[], bool]) -> bool:
    from triton.errors import TritonError

    try:
        right = agrees()
    except (RuntimeError, TypeError, ValueError, TritonError) as error:  # where it cannot be compiled or launched
        warnings.warn(f"the fused kernel for {name} does not run here ({error}); the eager way is taken", stacklevel=4)
        return False
    if not right:
        warnings.warn(f"the fused kernel for {name} gives something else here; the eager way is taken", stacklevel=4)
    return right


@cache
def _installed() -> bool:
    try:
        import triton  # noqa: F401
    except ImportError:
        return False
    return True
