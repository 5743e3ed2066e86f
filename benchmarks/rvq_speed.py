"""Speed of residual quantisation on one CPU thread: ours beside the ways others do it.

    python benchmarks/rvq_speed.py [--frames 20000] [--dim 8 64 128] [--books 8] [--codes 1024]

Frames a second, best of three, same random data and codebooks for all. Each row also says how many
frames differ from float64 distances.
"""

import argparse
import os
import time
from collections.abc import Callable
from functools import partial

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch import Tensor

from ttsprep.codec.quantisers.nearest import Book, residual


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


def exact(x: Tensor, books: list[Tensor]) -> Tensor:
    """Float64 distances along the path of float64 residuals."""
    rest, out = x.double(), []
    for c in books:
        index = torch.cat([torch.cdist(part, c.double()).argmin(1) for part in rest.split(2048)])
        rest = rest - c.double()[index]
        out.append(index)
    return torch.stack(out)


def with_faiss(books: list[Tensor]) -> Callable[[Tensor], Tensor] | None:
    try:
        import faiss
    except ImportError:
        return None
    import numpy as np

    faiss.omp_set_num_threads(1)
    cardinality, dim = books[0].shape
    quantiser = faiss.ResidualQuantizer(dim, len(books), cardinality.bit_length() - 1)
    faiss.copy_array_to_vector(torch.cat(books).numpy().ravel(), quantiser.codebooks)
    quantiser.is_trained = True
    quantiser.max_beam_size = 1
    quantiser.set_derived_values()
    quantiser.compute_codebook_tables()
    bits = cardinality.bit_length() - 1

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
    cardinality, dim = books[0].shape
    model = ResidualVQ(dim=dim, num_quantizers=len(books), codebook_size=cardinality).eval()
    for layer, c in zip(model.layers, books, strict=True):
        layer._codebook.embed.data.copy_(c[None])

    def run(x: Tensor) -> Tensor:
        return model(x[None])[1][0].t()

    return run


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=20000)
    parser.add_argument("--dim", type=int, nargs="+", default=[8, 64, 128])
    parser.add_argument("--books", type=int, nargs="+", default=[8])
    parser.add_argument("--codes", type=int, default=1024)
    parser.add_argument("--chunk", type=int, nargs="+", default=[512])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print("| D | Q | method | frames/s | differing codes |\n|---|---|---|---|---|")
    for dim in arguments.dim:
        for depth in arguments.books:
            g = torch.Generator().manual_seed(dim * 100 + depth)
            x = torch.randn(arguments.frames, dim, generator=g)
            books = [torch.randn(arguments.codes, dim, generator=g) * 0.85**q for q in range(depth)]
            ready = [Book.of(c) for c in books]
            methods: dict[str, Callable[[Tensor], Tensor] | None] = {
                f"ours, chunk {size}": partial(residual, books=ready, chunk=size) for size in arguments.chunk
            }
            methods["cdist"] = partial(by_cdist, books=books)
            methods["EnCodec's formula"] = partial(by_encodec, books=books)
            methods["faiss, beam 1"] = with_faiss(books)
            methods["vector-quantize-pytorch"] = with_vector_quantize(books)
            wanted = exact(x, books)
            for name, method in methods.items():
                if method is None:
                    print(f"| {dim} | {depth} | {name} | n/a (not installed) | |")
                    continue
                method(x[:500])
                best = float("inf")
                for _ in range(3):
                    start = time.perf_counter()
                    got = method(x)
                    best = min(best, time.perf_counter() - start)
                differing = int((got != wanted).any(0).sum())
                speed = arguments.frames / best
                print(f"| {dim} | {depth} | {name} | {speed:,.0f} | {differing} |", flush=True)


if __name__ == "__main__":
    main()
