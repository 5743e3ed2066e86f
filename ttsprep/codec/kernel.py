"""All stages of residual quantisation in one Triton kernel: no matrix of scores ever reaches memory.

A program holds the residuals of a tile of frames and streams the codebooks past them. Scores
``2 x.c - |c|^2`` are screened with products in tf32; the two best of every frame are scored again in float32, the
better one is subtracted, and the next stage begins. tf32 keeps 10 bits, so a score is off by at most
``2 |x| |c| (2^-10 + D 2^-23)``: where the third best lies within that of the winner the frame is marked, and the
marked frames are quantised again by `ttsprep.codec.quantisers.nearest.residual`.
"""

import os
from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from torch import Tensor

from ttsprep.codec.quantisers.nearest import Book, residual

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
"""Set before triton is imported, kernels run in Python on the CPU: how they are tested without a GPU."""


@triton.jit
def _tf32(x, emulate: tl.constexpr):  # type: ignore[no-untyped-def]
    """Round float32 to the 10 bits of tf32, which the interpreter does not do by itself."""
    if emulate:
        bits = x.to(tl.int32, bitcast=True)
        x = ((bits + 0x1000) & -0x2000).to(tl.float32, bitcast=True)
    return x


@triton.jit
def _residual(  # type: ignore[no-untyped-def]
    vectors,
    codebooks,
    squares,
    longest,
    codes,
    marks,
    count,
    cardinality: tl.constexpr,
    dim: tl.constexpr,
    stages: tl.constexpr,
    frames: tl.constexpr,
    wide: tl.constexpr,
    block: tl.constexpr,
    emulate: tl.constexpr,
):
    """Quantise a tile of `frames` frames by all stages; `wide` is `dim`, rounded up for `tl.dot`."""
    row = tl.program_id(0) * frames + tl.arange(0, frames)
    side = tl.arange(0, wide)
    there = row < count
    inside = there[:, None] & (side < dim)[None, :]
    rest = tl.load(vectors + row[:, None] * dim + side[None, :], mask=inside, other=0.0)
    doubt = tl.zeros([frames], tl.int32)
    for stage in range(stages):
        book = codebooks + stage * cardinality * dim
        first = tl.full([frames], float("-inf"), tl.float32)
        second = tl.full([frames], float("-inf"), tl.float32)
        third = tl.full([frames], float("-inf"), tl.float32)
        at_first = tl.zeros([frames], tl.int32)
        at_second = tl.zeros([frames], tl.int32)
        for start in range(0, cardinality, block):
            place = start + tl.arange(0, block)
            known = place < cardinality
            part = tl.load(
                book + place[None, :] * dim + side[:, None], mask=known[None, :] & (side < dim)[:, None], other=0.0
            )
            square = tl.load(squares + stage * cardinality + place, mask=known, other=float("inf"))
            product = tl.dot(_tf32(rest, emulate), _tf32(part, emulate), input_precision="tf32")
            scores = 2.0 * product - square[None, :]
            for _ in tl.static_range(3):  # the three best of the block, one after another, the lowest index first
                best = tl.max(scores, axis=1)
                which = tl.argmax(scores, axis=1, tie_break_left=True)
                at = start + which
                scores = tl.where(tl.arange(0, block)[None, :] == which[:, None], float("-inf"), scores)
                over_first, over_second = best > first, best > second
                third = tl.where(over_second, second, tl.maximum(third, best))
                at_second = tl.where(over_first, at_first, tl.where(over_second, at, at_second))
                second = tl.where(over_first, first, tl.where(over_second, best, second))
                at_first = tl.where(over_first, at, at_first)
                first = tl.where(over_first, best, first)
        one = tl.load(book + at_first[:, None] * dim + side[None, :], mask=(side < dim)[None, :], other=0.0)
        two = tl.load(book + at_second[:, None] * dim + side[None, :], mask=(side < dim)[None, :], other=0.0)
        exact_one = 2.0 * tl.sum(rest * one, axis=1) - tl.load(squares + stage * cardinality + at_first)
        exact_two = 2.0 * tl.sum(rest * two, axis=1) - tl.load(squares + stage * cardinality + at_second)
        swap = (exact_two > exact_one) | ((exact_two == exact_one) & (at_second < at_first))
        winner = tl.where(swap, at_second, at_first)
        length = tl.sqrt(tl.sum(rest * rest, axis=1)) * tl.load(longest + stage)
        error = 2.0 * length * (0.0009765625 + dim * 1.1920929e-07)
        close = third + error >= tl.maximum(exact_one, exact_two)
        doubt = tl.where(close & (length > 0.0), 1, doubt)
        tl.store(codes + stage * count + row, winner, mask=there)
        rest -= tl.where(swap[:, None], two, one)
    tl.store(marks + row, doubt, mask=there)


@dataclass(frozen=True, slots=True)
class Fused:
    """What the kernel gave.

    Attributes
    ----------
    codes
        ``(books, count)``, int64.
    redone
        Frames whose third best code was too close to call in tf32, and that were quantised again.
    """

    codes: Tensor
    redone: int


@torch.no_grad()
def fused_residual(vectors: Tensor, books: list[Book], *, frames: int = 64, block: int = 64) -> Fused:
    """Quantise like `ttsprep.codec.quantisers.nearest.residual`, in one kernel.

    Parameters
    ----------
    vectors
        ``(count, dim)``, float32, on a GPU (or anywhere under the interpreter).
    books
        The codebooks, all of one shape.
    frames, block
        Frames of a program, and codes that are scored at a time: powers of two, at least 16.

    Returns
    -------
    Fused
    """
    count, dim = vectors.shape
    cardinality = len(books[0].codes)
    codes = torch.empty(len(books), count, dtype=torch.int32, device=vectors.device)
    marks = torch.empty(count, dtype=torch.int32, device=vectors.device)
    stacked = torch.stack([book.codes for book in books])
    squares = torch.stack([book.square for book in books])
    longest = squares.amax(1).sqrt()
    if count:
        _residual[triton.cdiv(count, frames),](
            vectors.contiguous(),
            stacked,
            squares,
            longest,
            codes,
            marks,
            count,
            cardinality=cardinality,
            dim=dim,
            stages=len(books),
            frames=frames,
            wide=max(16, triton.next_power_of_2(dim)),
            block=block,
            emulate=INTERPRETED,
        )
    found = codes.long()
    redo = marks.nonzero()[:, 0]
    if len(redo):
        found[:, redo] = residual(vectors[redo], books)
    return Fused(found, len(redo))
