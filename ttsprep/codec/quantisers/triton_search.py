"""All stages of residual quantisation in one Triton kernel: no matrix of scores ever reaches memory.

A program holds the residuals of a tile of frames and streams the codebooks past them. Scores ``2 x.c - |c|^2`` are
screened with products in tf32; the best two of every frame are scored again in float32, the better one is subtracted,
and the next stage begins. Both operands are rounded to the 10 bits of tf32 before the product, so that it does not
matter whether the hardware rounds or cuts off: a score is off by at most ``2 |x| |c| (2^-10 + D 2^-22) + |c|^2 2^-22``.
Where the best of the codes that were not scored again lies within that of the winner, the frame is marked, and the
marked frames are quantised again by `ttsprep.codec.quantisers.search.residual`.

Every lane of a tile keeps the best code that it has seen and the score of its second best, and lanes are compared once
a stage: a comparison and three choices for each score. If the two best codes of a frame share a lane the second is not
scored again, but counts as one that was not.
"""

import os

import torch
import triton
import triton.language as tl
from torch import Tensor

from ttsprep.codec.quantisers.search import Codebook, residual

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
"""Set before triton is imported, kernels run in Python on the CPU: how they are tested without a GPU."""


@triton.jit
def _tf32(x):  # type: ignore[no-untyped-def]
    """Round float32 to the 10 bits of tf32."""
    bits = x.to(tl.int32, bitcast=True)
    return ((bits + 0x1000) & -0x2000).to(tl.float32, bitcast=True)


@triton.jit
def _residual(  # type: ignore[no-untyped-def]
    vectors,
    codebooks,
    rounded,
    squares,
    longest,
    codes,
    marks,
    count,
    codebook_size: tl.constexpr,
    dim: tl.constexpr,
    stages: tl.constexpr,
    frames: tl.constexpr,
    wide: tl.constexpr,
    block: tl.constexpr,
):
    """Quantise a tile of `frames` frames by all stages; `wide` is `dim`, rounded up for `tl.dot`."""
    # 64 bits: frames times dimensions, and frames times books, may be more than 2^31.
    row = tl.program_id(0).to(tl.int64) * frames + tl.arange(0, frames)
    side = tl.arange(0, wide)
    lane = tl.arange(0, block)
    there = row < count
    used = (side < dim)[None, :]
    rest = tl.load(vectors + row[:, None] * dim + side[None, :], mask=there[:, None] & used, other=0.0)
    doubt = tl.zeros([frames], tl.int32)
    slot = codes + row
    for stage in range(stages):
        book = codebooks + stage * codebook_size * dim
        screen = rounded + stage * codebook_size * dim
        sizes = squares + stage * codebook_size
        operand = _tf32(rest)
        top = tl.full([frames, block], float("-inf"), tl.float32)
        next_top = tl.full([frames, block], float("-inf"), tl.float32)
        at = tl.zeros([frames, block], tl.int32)
        for start in range(0, codebook_size, block):
            place = start + lane
            known = place < codebook_size
            part = tl.load(
                screen + place[None, :] * dim + side[:, None], mask=known[None, :] & (side < dim)[:, None], other=0.0
            )
            size = tl.load(sizes + place, mask=known, other=float("inf"))
            scores = 2.0 * tl.dot(operand, part, input_precision="tf32") - size[None, :]
            over = scores > top  # strictly: of equal scores the first stays
            next_top = tl.where(over, top, tl.maximum(next_top, scores))
            at = tl.where(over, place[None, :], at)
            top = tl.where(over, scores, top)
        first = tl.max(top, axis=1)
        at_first = tl.min(tl.where(top == first[:, None], at, codebook_size), axis=1)
        at_first = tl.where(at_first < codebook_size, at_first, 0)  # scores that are no numbers equal nothing
        mine = lane[None, :] == (at_first % block)[:, None]
        others = tl.where(mine, float("-inf"), top)
        second = tl.max(others, axis=1)
        at_second = tl.min(tl.where((others == second[:, None]) & (others > float("-inf")), at, codebook_size), axis=1)
        at_second = tl.where(at_second < codebook_size, at_second, at_first)
        scored = mine | (lane[None, :] == (at_second % block)[:, None])
        third = tl.max(tl.where(scored, next_top, top), axis=1)
        one = tl.load(book + at_first[:, None] * dim + side[None, :], mask=used, other=0.0)
        two = tl.load(book + at_second[:, None] * dim + side[None, :], mask=used, other=0.0)
        exact_one = 2.0 * tl.sum(rest * one, axis=1) - tl.load(sizes + at_first)
        exact_two = 2.0 * tl.sum(rest * two, axis=1) - tl.load(sizes + at_second)
        swap = (exact_two > exact_one) | ((exact_two == exact_one) & (at_second < at_first))
        winner = tl.where(swap, at_second, at_first)
        length = tl.sqrt(tl.sum(rest * rest, axis=1))
        far = tl.load(longest + stage)
        error = 2.0 * length * far * (0.0009765625 + dim * 2.384185791e-07) + far * far * 2.384185791e-07
        close = third + error >= tl.maximum(exact_one, exact_two)
        doubt = tl.where(close & (length > 0.0), 1, doubt)
        tl.store(slot, winner, mask=there)
        slot += count
        rest -= tl.where(swap[:, None], two, one)
    tl.store(marks + row, doubt, mask=there)


def rounded_to_tf32(x: Tensor) -> Tensor:
    """Return float32 rounded to the 10 bits of tf32, as the kernel does it."""
    return ((x.contiguous().view(torch.int32) + 0x1000) & -0x2000).view(torch.float32)


@torch.no_grad()
def fused_residual(vectors: Tensor, books: list[Codebook], *, frames: int = 64, block: int | None = None) -> Tensor:
    """Quantise ``(count, dim)`` vectors like `search.residual`, in one kernel: ``(books, count)``, int64."""
    codes, marks = screened(vectors, books, frames, block)
    redo = marks.nonzero()[:, 0]
    if len(redo):
        codes[:, redo] = residual(vectors[redo], books)
    return codes


def screened(vectors: Tensor, books: list[Codebook], frames: int, block: int | None) -> tuple[Tensor, Tensor]:
    """Return codes ``(books, count)``, and marks of the frames with a code that is too close to call in tf32.

    A program has so many `frames`, and scores `block` codes at a time: powers of two, at least 16. `block` None is what
    leaves the registers of 256 threads unspilled.
    """
    count, dim = vectors.shape
    codebook_size = len(books[0].codes)
    codes = torch.empty(len(books), count, dtype=torch.int32, device=vectors.device)
    marks = torch.empty(count, dtype=torch.int32, device=vectors.device)
    stacked = torch.stack([book.codes for book in books])
    squares = torch.stack([book.square for book in books])
    if stacked.numel() >= 1 << 31:
        raise ValueError("codebooks of 2^31 numbers or more are beyond the kernel")
    if count:
        _residual[triton.cdiv(count, frames),](
            vectors.contiguous(),
            stacked,
            rounded_to_tf32(stacked),
            squares,
            squares.amax(1).sqrt(),
            codes,
            marks,
            count,
            codebook_size=codebook_size,
            dim=dim,
            stages=len(books),
            frames=frames,
            wide=max(16, triton.next_power_of_2(dim)),
            block=block or (64 if dim <= 64 else 32),
            # Compiled for sm_90, a thread uses 168, 211 and 255 registers at D = 8, 64 and 128 without spilling, and a
            # program 12, 64 and 80 KB of shared memory; four warps spilled 1.2 KB a thread at D = 128.
            num_warps=8,
            num_stages=3,
            enable_fp_fusion=True,
        )
    return codes.long(), marks
