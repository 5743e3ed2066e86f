"""The Triton kernel, run by its interpreter in a process of its own: it has never been run on a GPU."""

import os
import subprocess
import sys
import textwrap

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("triton", reason="triton is not installed")

HEAD = """
    import torch
    from ttsprep.codec import kernel
    from ttsprep.codec.quantisers.nearest import Book, residual
    assert kernel.INTERPRETED

    def exact(x, books):
        rest, out = x.double(), []
        for book in books:
            scores = 2 * rest @ book.codes.double().T - book.codes.double().square().sum(1)
            out.append(scores.argmax(1))
            rest = rest - book.codes.double()[out[-1]]
        return torch.stack(out)

    def speech(count, dim, cardinality, depth, seed=0):
        g = torch.Generator().manual_seed(seed)
        x = torch.randn(count, dim, generator=g)
        return x, [Book.of(torch.randn(cardinality, dim, generator=g) * 0.7**q) for q in range(depth)]
"""
CASES = {
    "shapes": """
        for count, dim, cardinality, depth in [(37, 16, 64, 3), (5, 8, 50, 2), (16, 20, 33, 2), (1, 16, 16, 1)]:
            x, books = speech(count, dim, cardinality, depth)
            got = kernel.fused_residual(x, books, frames=16, block=16)
            assert torch.equal(got.codes, exact(x, books)), (count, dim)
            assert torch.equal(got.codes, residual(x, books))
            assert got.redone < count or count == 1
        assert kernel.fused_residual(x[:0], books, frames=16, block=16).codes.shape == (1, 0)
    """,
    "screening": """
        # Pairs of codes that tf32 cannot tell apart: screening alone takes the wrong one of some.
        g = torch.Generator().manual_seed(1)
        codes = torch.randn(32, 16, generator=g)
        codes[1::2] = codes[::2] + 1e-3 * torch.randn(16, 16, generator=g)
        x = codes[torch.randint(0, 32, (48,), generator=g)] + 0.1 * torch.randn(48, 16, generator=g)
        books = [Book.of(codes)]
        def tf32(t):
            return ((t.view(torch.int32) + 0x1000) & -0x2000).view(torch.float32)
        screened = (2 * tf32(x) @ tf32(codes).T - books[0].square).argmax(1)
        wanted = exact(x, books)[0]
        assert (screened != wanted).any()
        got = kernel.fused_residual(x, books, frames=16, block=16)
        assert torch.equal(got.codes[0], wanted)
        assert got.redone == 0  # the two best were enough
    """,
    "doubt": """
        # Three codes within the error of tf32: the frame is marked and done again.
        g = torch.Generator().manual_seed(2)
        codes = torch.randn(32, 16, generator=g)
        codes[1], codes[2] = codes[0] + 1e-5, codes[0] - 1e-5
        x = torch.cat([codes[:1] + 0.01 * torch.randn(16, 16, generator=g), 3 * codes[5:21]])
        books = [Book.of(codes)]
        got = kernel.fused_residual(x, books, frames=16, block=16)
        assert 16 <= got.redone < 32
        assert torch.equal(got.codes, residual(x, books))
    """,
    "proof": """
        from ttsprep.codec.quantisers.fused import fused
        x, books = speech(20, 16, 32, 2)
        assert torch.equal(fused(x, books), residual(x, books))
    """,
    "ties": """
        codes = torch.randn(32, 16, generator=torch.Generator().manual_seed(3))
        codes[20] = codes[7]
        codes[21] = codes[7]
        books = [Book.of(codes)] * 2
        x = codes[[7, 20, 21]].repeat(6, 1)[:16].contiguous()
        got = kernel.fused_residual(x, books, frames=16, block=16)
        assert got.codes[0].eq(7).all()
        assert torch.equal(got.codes, residual(x, books))
        zero = kernel.fused_residual(torch.zeros(3, 16), books, frames=16, block=16)
        assert torch.equal(zero.codes, residual(torch.zeros(3, 16), books))
    """,
}


def test_a_kernel_that_does_not_run_gives_way_to_the_eager_codes():
    """Without the interpreter and without a GPU, Triton cannot compile it: a real failure."""
    from ttsprep.codec.quantisers.fused import fused
    from ttsprep.codec.quantisers.nearest import Book, residual

    if torch.cuda.is_available() or os.environ.get("TRITON_INTERPRET") == "1":
        pytest.skip("here the kernel runs")
    x, books = torch.randn(20, 16), [Book.of(torch.randn(32, 16))]
    with pytest.warns(UserWarning, match="the eager way is taken"):
        assert torch.equal(fused(x, books), residual(x, books))
    assert torch.equal(fused(x, books), residual(x, books))  # and says so only once


@pytest.mark.parametrize("case", list(CASES))
def test_the_kernel_under_the_interpreter(case):
    script = textwrap.dedent(HEAD) + textwrap.dedent(CASES[case])
    environment = os.environ | {"TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, env=environment
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
