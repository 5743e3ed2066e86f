"""The twins of the kernel that finds codes: latents from codes, and the moments that move the codebooks in training.

Each walks through all books of a tile of frames in one launch, with what is summed in registers. The codes may come
from any search.
"""

from collections.abc import Sequence

import torch
import triton
import triton.language as tl
from torch import Tensor

from ttsprep.codec.quantisers.search import check


@triton.jit
def _gather_sum(  # type: ignore[no-untyped-def]
    codes,
    codebooks,
    depths,
    out,
    count,
    codebook_size: tl.constexpr,
    dim: tl.constexpr,
    stages: tl.constexpr,
    frames: tl.constexpr,
    wide: tl.constexpr,
):
    row = tl.program_id(0).to(tl.int64) * frames + tl.arange(0, frames)
    side = tl.arange(0, wide)
    there = row < count
    inside = there[:, None] & (side < dim)[None, :]
    last = tl.load(depths + row, mask=there, other=0)
    total = tl.zeros([frames, wide], tl.float32)
    slot = codes + row
    for stage in range(stages):
        code = tl.load(slot, mask=there, other=0)
        slot += count
        place = (stage * codebook_size + code)[:, None] * dim + side[None, :]
        total += tl.load(codebooks + place, mask=inside & (stage < last)[:, None], other=0.0)
    tl.store(out + row[:, None] * dim + side[None, :], total, mask=inside)


@triton.jit
def _moments(  # type: ignore[no-untyped-def]
    vectors,
    codes,
    codebooks,
    usage,
    sums,
    count,
    codebook_size: tl.constexpr,
    dim: tl.constexpr,
    stages: tl.constexpr,
    frames: tl.constexpr,
    wide: tl.constexpr,
):
    row = tl.program_id(0).to(tl.int64) * frames + tl.arange(0, frames)
    side = tl.arange(0, wide)
    there = row < count
    inside = there[:, None] & (side < dim)[None, :]
    rest = tl.load(vectors + row[:, None] * dim + side[None, :], mask=inside, other=0.0)
    one = tl.full([frames], 1.0, tl.float32)
    slot = codes + row
    for stage in range(stages):
        code = tl.load(slot, mask=there, other=0)
        slot += count
        place = stage * codebook_size + code
        spread = place[:, None] * dim + side[None, :]
        tl.atomic_add(usage + place, one, mask=there, sem="relaxed")
        tl.atomic_add(sums + spread, rest, mask=inside, sem="relaxed")
        rest -= tl.load(codebooks + spread, mask=inside, other=0.0)


def _tile(dim: int, frames: int) -> dict[str, int]:
    return {"dim": dim, "frames": frames, "wide": triton.next_power_of_2(dim), "enable_fp_fusion": True}


@torch.no_grad()
def fused_gather_sum(
    codes: Tensor, books: Sequence[Tensor], depths: Tensor | None = None, *, frames: int = 32
) -> Tensor:
    """Return what `search.gather_sum` does, bit for bit, in one kernel; none is launched if a code is out of range."""
    check(codes, books)
    stages, count = codes.shape
    codebook_size, dim = books[0].shape
    out = torch.zeros(count, dim, device=codes.device)
    if stages and count:
        last = torch.full((count,), stages, device=codes.device) if depths is None else depths.long().contiguous()
        _gather_sum[triton.cdiv(count, frames),](
            codes.long().contiguous(),
            torch.stack(list(books[:stages])),
            last,
            out,
            count,
            codebook_size=codebook_size,
            stages=stages,
            **_tile(dim, frames),
        )
    return out


@torch.no_grad()
def fused_moments(
    vectors: Tensor, codes: Tensor, books: Sequence[Tensor], *, frames: int = 32
) -> tuple[Tensor, Tensor]:
    """Return what `search.moments` does, in one kernel; none is launched if a code is out of range.

    Usage is exact below 2^24 frames. Sums are added up by atomics, in whatever order programs come: from run to run
    they differ by rounding, as those of ``index_add_`` on a GPU do.
    """
    check(codes, books)
    stages, count = codes.shape
    codebook_size, dim = books[0].shape
    usage = torch.zeros(stages, codebook_size, device=vectors.device)
    sums = torch.zeros(stages, codebook_size, dim, device=vectors.device)
    if stages and count:
        _moments[triton.cdiv(count, frames),](
            vectors.contiguous(),
            codes.long().contiguous(),
            torch.stack(list(books[:stages])),
            usage,
            sums,
            count,
            codebook_size=codebook_size,
            stages=stages,
            **_tile(dim, frames),
        )
    return usage, sums
