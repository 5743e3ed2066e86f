"""Speed of residual quantisation on one CPU thread or a GPU: ours beside the ways others do it.

    python benchmarks/rvq_speed.py [--frames 20000 1000000] [--dim 8 64 128] [--books 8 32] [--device cpu|cuda]

Same random data and codebooks for all. The methods take turns, so that what else the machine does hits all of them;
the best of the rounds counts: CPU time of one thread, or time between events of the GPU. Beyond `--sample` frames the
methods of others are measured on a sample of so many, which the table says. On a GPU each row has the TFLOP/s of the
products that any of them needs, ``2 N K D Q``, and their share of `--limit`.
"""

import argparse
import os
import time
from collections.abc import Callable
from functools import partial

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch import Tensor

from ttsprep.codec.quantisers.fused import fused
from ttsprep.codec.quantisers.search import Codebook, residual


def by_cdist(x: Tensor, books: list[Tensor]) -> Tensor:
    rest, out = x, []
    for c in books:
        index = torch.cdist(rest, c).argmin(1)
        rest = rest - c[index]
        out.append(index)
    return torch.stack(out)


def by_encodec(x: Tensor, books: list[Tensor]) -> Tensor:
    """EnCodec's formula, as published."""
    rest, out = x, []
    for c in books:
        e = c.t()
        distance = -(rest.pow(2).sum(1, keepdim=True) - 2 * rest @ e + e.pow(2).sum(0, keepdim=True))
        index = distance.max(dim=-1).indices
        rest = rest - c[index]
        out.append(index)
    return torch.stack(out)


def with_faiss(books: list[Tensor]) -> Callable[[Tensor], Tensor] | None:
    if books[0].is_cuda:
        return None
    try:
        import faiss
    except ImportError:
        return None
    import numpy as np

    faiss.omp_set_num_threads(1)
    codebook_size, dim = books[0].shape
    quantiser = faiss.ResidualQuantizer(dim, len(books), codebook_size.bit_length() - 1)
    faiss.copy_array_to_vector(torch.cat(books).numpy().ravel(), quantiser.codebooks)
    quantiser.is_trained = True
    quantiser.max_beam_size = 1
    quantiser.set_derived_values()
    quantiser.compute_codebook_tables()
    bits = codebook_size.bit_length() - 1

    def run(x: Tensor) -> Tensor:
        packed = quantiser.compute_codes(x.numpy())
        flat = np.unpackbits(packed, axis=1, bitorder="little")[:, : bits * len(books)]
        weights = 1 << np.arange(bits)
        return torch.from_numpy((flat.reshape(len(x), len(books), bits) * weights).sum(2).T.copy())

    return run


def with_vector_quantize(books: list[Tensor]) -> Callable[[Tensor], Tensor] | None:
    try:
        from vector_quantize_pytorch import ResidualVQ
    except ImportError:
        return None
    codebook_size, dim = books[0].shape
    model = ResidualVQ(dim=dim, num_quantizers=len(books), codebook_size=codebook_size).eval().to(books[0].device)
    for layer, c in zip(model.layers, books, strict=True):
        layer._codebook.embed.data.copy_(c[None])

    def run(x: Tensor) -> Tensor:
        return model(x[None])[1][0].t()

    return run


Method = Callable[[Tensor], Tensor]


def seconds(method: Method, x: Tensor) -> float:
    """Return what one call takes."""
    if not x.is_cuda:
        start = time.process_time()
        method(x)
        return time.process_time() - start
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begin.record()
    method(x)
    end.record()
    torch.cuda.synchronize()
    return float(begin.elapsed_time(end)) / 1000


def methods_for(books: list[Tensor], chunks: list[int]) -> dict[str, Method | None]:
    ready = [Codebook.of(c) for c in books]
    ours: dict[str, Method | None] = {f"ours, chunk {n}": partial(residual, books=ready, chunk=n) for n in chunks}
    if books[0].is_cuda:
        ours = {"ours, fused": partial(fused, books=ready), "ours, eager": partial(residual, books=ready, chunk=8192)}
    return ours | {
        "cdist": partial(by_cdist, books=books),
        "EnCodec's formula": partial(by_encodec, books=books),
        "faiss, beam 1": with_faiss(books),
        "vector-quantize-pytorch": with_vector_quantize(books),
    }


def measure(x: Tensor, books: list[Tensor], given: argparse.Namespace) -> None:
    dim, stages = x.shape[1], len(books)
    methods = methods_for(books, given.chunk)
    best = dict.fromkeys(methods, float("inf"))
    sizes = {name: len(x) if name.startswith("ours") else min(len(x), given.sample) for name in methods}
    for _ in range(given.rounds):
        for name, method in methods.items():
            if method is not None:
                method(x[:512])
                best[name] = min(best[name], seconds(method, x[: sizes[name]]))
    for name, method in methods.items():
        row = f"| {len(x):,} | {dim} | {stages} | {name} "
        if method is None:
            print(row + "| n/a (not installed, or not on a GPU) | |", flush=True)
            continue
        speed = sizes[name] / best[name]
        row += f"| {speed:,.0f} | {'all' if sizes[name] == len(x) else f'{sizes[name]:,}'} |"
        if x.is_cuda:
            flops = 2 * speed * len(books[0]) * dim * stages / 1e12
            row += f" {flops:.1f} | {flops / given.limit:.0%} |"
        print(row, flush=True)


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, nargs="+", default=[20000])
    parser.add_argument("--dim", type=int, nargs="+", default=[8, 64, 128])
    parser.add_argument("--books", type=int, nargs="+", default=[8, 32])
    parser.add_argument("--codes", type=int, default=1024)
    parser.add_argument("--chunk", type=int, nargs="+", default=[512])
    parser.add_argument("--sample", type=int, default=20000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--limit", type=float, default=494.7, help="TFLOP/s of dense tf32 products: 494.7 of an H100")
    given = parser.parse_args()
    torch.set_num_threads(1)
    names = ["N", "D", "Q", "method", "frames/s", "measured on"]
    names += ["TFLOP/s", "of the limit"] if given.device != "cpu" else []
    print(f"| {' | '.join(names)} |\n|{'---|' * len(names)}")
    for count in given.frames:
        for dim in given.dim:
            for stages in given.books:
                g = torch.Generator().manual_seed(dim * 100 + stages)
                x = torch.randn(count, dim, generator=g).to(given.device)
                books = [torch.randn(given.codes, dim, generator=g).to(given.device) * 0.85**q for q in range(stages)]
                measure(x, books, given)


if __name__ == "__main__":
    main()
