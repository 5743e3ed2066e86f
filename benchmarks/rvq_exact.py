"""Whether codes are exact: every code against float64, and where they differ, whether float32 could have told.

    python benchmarks/rvq_exact.py [--corpus FOLDER] [--frames 20000] [--books 8 32]

Every stage is judged along the path that was taken: the residual in float64 of the codes before it, and the code
nearest to that. A code that is another than this is certified if the two lie nearer to each other than float32 can
resolve, by the bound of `bound`; a code that differs by more is a mistake. On random data, and on latents of the
shipped codec on speech, whose eight books are repeated at a quarter of the size where more are asked for.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ttsprep.codec.quantisers.fused import fused
from ttsprep.codec.quantisers.search import Codebook, residual

UNIT = 2.0**-24


@dataclass(frozen=True, slots=True)
class Count:
    """Codes that were looked at, that differ from float64, and that differ by more than rounding can explain."""

    codes: int
    differing: int
    mistaken: int


def bound(x: Tensor, rest: Tensor, path: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Return by how much the difference of two scores ``2 r.c - |c|^2`` in float32 may be wrong.

    A product of D terms is off by at most ``D u |r| |c|`` (u = 2^-24), ``|c|^2`` by ``D u |c|^2``, and their sum rounds
    once more; the residual itself is off by at most ``u`` of every size that was passed on the way to it, `path`.
    """
    dim = x.shape[1]
    off = UNIT * path
    one = 0.0
    for code in (first, second):
        size = code.norm(dim=1)
        one = one + 2 * size * (dim + 1) * UNIT * rest.norm(dim=1) + (dim + 1) * UNIT * size.square()
    return one + 2 * off * (first - second).norm(dim=1)


def certify(x: Tensor, books: list[Tensor], codes: Tensor, *, chunk: int = 4096) -> Count:
    """Judge codes ``(books, count)`` of vectors `x`, stage by stage.

    Parameters
    ----------
    x
        ``(count, dim)``, float32.
    books
        ``(codebook_size, dim)`` each, float32.
    codes
        To be judged.
    chunk
        Vectors looked at together.
    """
    differing = mistaken = 0
    for start in range(0, len(x), chunk):
        rest = x[start : start + chunk].double()
        path = torch.zeros(len(rest), dtype=torch.float64, device=x.device)
        for stage, book in enumerate(books):
            c = book.double()
            scores = torch.addmm(c.square().sum(1), rest, 2 * c.t(), beta=-1)
            found = codes[stage, start : start + chunk]
            best = scores.argmax(1)
            other = (best != found).nonzero()[:, 0]
            if len(other):
                gap = (scores[other, best[other]] - scores[other, found[other]]).abs()
                limit = bound(x, rest[other], path[other], c[best[other]], c[found[other]])
                differing += len(other)
                mistaken += int((gap > limit).sum())
            rest = rest - c[found]
            path = path + rest.norm(dim=1) + c[found].norm(dim=1)
    return Count(codes.numel(), differing, mistaken)


def latents(corpus: Path, frames: int) -> tuple[Tensor, list[Tensor]]:
    """Return latents of speech and the codebooks of the shipped codec."""
    from ttsprep.codec import mono_stream, tiles
    from ttsprep.codec.codec import Codec, speech_level
    from ttsprep.core import audio

    codec = Codec.load("nano16")
    encoder, found, count = codec.model.encoder, [], 0
    files = sorted(path for path in corpus.rglob("*") if path.suffix in {".wav", ".flac"})
    for file in files[:: max(1, len(files) // max(1, frames // 150))]:
        clip = mono_stream.mono_at(audio.read(file), codec.sample_rate)
        for piece in tiles.cut(torch.from_numpy(clip), speech_level(clip, codec.sample_rate), codec.hop_length):
            context = codec.config.encoder_context
            window, mask = piece.window(piece.size, context, codec.hop_length)
            out = encoder(window[None], mask[None])[0, context[0] : context[0] + piece.size]
            found.append(out[: piece.frames - piece.first])
            count += len(found[-1])
        if count >= frames:
            break
    return torch.cat(found)[:frames].contiguous(), [book.codes for book in codec.model.quantiser.books()]


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--frames", type=int, default=20000)
    parser.add_argument("--dim", type=int, nargs="+", default=[8, 64, 128])
    parser.add_argument("--books", type=int, nargs="+", default=[8, 32])
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    torch.set_num_threads(1)
    todo = []
    for dim in given.dim:
        g = torch.Generator().manual_seed(dim)
        books = [torch.randn(1024, dim, generator=g) * 0.85**q for q in range(max(given.books))]
        todo.append((f"random, D = {dim}", torch.randn(given.frames, dim, generator=g), books))
    if given.corpus:
        x, books = latents(given.corpus, given.frames)
        books = [book * 0.25 ** (q // 8) for q, book in enumerate(books * -(-max(given.books) // len(books)))]
        todo.append((f"speech, D = {x.shape[1]}", x, books))
    print("| data | Q | codes | differ from float64 | share | by more than rounding |\n|---|---|---|---|---|---|")
    for name, vectors, tables in todo:
        x, books = vectors.to(given.device), [table.to(given.device) for table in tables]
        for stages in given.books:
            ready = [Codebook.of(book) for book in books[:stages]]
            codes = fused(x, ready) if x.is_cuda else residual(x, ready)
            count = certify(x, books[:stages], codes)
            share = count.differing / count.codes
            print(
                f"| {name} | {stages} | {count.codes:,} | {count.differing} | {share:.1e} | {count.mistaken} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
