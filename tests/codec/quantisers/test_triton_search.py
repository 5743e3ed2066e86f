"""The Triton kernels, run by their interpreter in a process of its own, and compiled for GPUs that are not there."""

import json
import os
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("triton", reason="triton is not installed")

HEAD = """
    import torch
    from ttsprep.codec.quantisers import triton_search as kernel, triton_sums as kernel_sums
    from ttsprep.codec.quantisers.search import Codebook, residual
    from ttsprep.codec.quantisers.search import gather_sum, moments
    assert kernel.INTERPRETED

    def redone(x, books, block):
        return int(kernel.screened(x, books, 16, block)[1].sum())

    def exact(x, books):
        rest, out = x.double(), []
        for book in books:
            scores = 2 * rest @ book.codes.double().T - book.codes.double().square().sum(1)
            out.append(scores.argmax(1))
            rest = rest - book.codes.double()[out[-1]]
        return torch.stack(out)

    def speech(count, dim, codebook_size, stages, seed=0):
        g = torch.Generator().manual_seed(seed)
        x = torch.randn(count, dim, generator=g)
        return x, [Codebook.of(torch.randn(codebook_size, dim, generator=g) * 0.7**q) for q in range(stages)]
"""
CASES = {
    "shapes": """
        for count, dim, codebook_size, stages in [(37, 16, 64, 3), (5, 8, 50, 2), (16, 20, 33, 2), (1, 16, 16, 1)]:
            x, books = speech(count, dim, codebook_size, stages)
            got = kernel.fused_residual(x, books, frames=16, block=16)
            assert torch.equal(got, exact(x, books)), (count, dim)
            assert torch.equal(got, residual(x, books))
            assert redone(x, books, 16) < count or count == 1
        assert kernel.fused_residual(x[:0], books, frames=16, block=16).shape == (1, 0)
    """,
    "screening": """
        # Pairs of codes that tf32 cannot tell apart: screening alone takes the wrong one of some.
        g = torch.Generator().manual_seed(1)
        codes = torch.randn(32, 16, generator=g)
        codes[1::2] = codes[::2] + 1e-3 * torch.randn(16, 16, generator=g)
        x = codes[torch.randint(0, 32, (48,), generator=g)] + 0.1 * torch.randn(48, 16, generator=g)
        books = [Codebook.of(codes)]
        tf32 = kernel.rounded_to_tf32
        screened = (2 * tf32(x) @ tf32(codes).T - books[0].square).argmax(1)
        wanted = exact(x, books)[0]
        assert (screened != wanted).any()
        got = kernel.fused_residual(x, books, frames=16, block=16)
        assert torch.equal(got[0], wanted)
        assert redone(x, books, 16) == 0  # the two best were enough
    """,
    "doubt": """
        # Three codes within the error of tf32: the frame is marked and done again.
        g = torch.Generator().manual_seed(2)
        codes = torch.randn(32, 16, generator=g)
        codes[1], codes[2] = codes[0] + 1e-5, codes[0] - 1e-5
        x = torch.cat([codes[:1] + 0.01 * torch.randn(16, 16, generator=g), 3 * codes[5:21]])
        books = [Codebook.of(codes)]
        got = kernel.fused_residual(x, books, frames=16, block=16)
        assert 16 <= redone(x, books, 16) < 32
        assert torch.equal(got, residual(x, books))
    """,
    "lanes": """
        # The two best codes stand in one lane (16 apart): what was not scored again cannot be missed.
        g = torch.Generator().manual_seed(5)
        codes = torch.randn(64, 16, generator=g)
        codes[16:32] = codes[:16] + 1e-3 * torch.randn(16, 16, generator=g)
        x = codes[torch.randint(0, 32, (32,), generator=g)] + 0.1 * torch.randn(32, 16, generator=g)
        got = kernel.fused_residual(x, [Codebook.of(codes)], frames=16, block=16)
        assert torch.equal(got, exact(x, [Codebook.of(codes)]))
        close = redone(x, [Codebook.of(codes)], 16)
        assert 0 < close <= 32
        far = kernel.fused_residual(x, [Codebook.of(codes)], frames=16, block=32)
        assert torch.equal(far, got) and redone(x, [Codebook.of(codes)], 32) < close
    """,
    "proof": """
        from ttsprep.codec.quantisers import fused
        x, books = speech(20, 16, 32, 2)
        tables = [book.codes for book in books]
        fused._elsewhere = lambda codes: True  # as on a GPU
        codes = fused.fused(x, books)
        assert torch.equal(codes, residual(x, books))
        assert torch.equal(fused.quick_gather_sum(codes, tables), gather_sum(codes, tables))
        usage, total = fused.quick_moments(x, codes, tables)
        assert torch.equal(usage, moments(x, codes, tables)[0])
        assert [key[0] for key, good in fused._PROOFS.items() if good] == ["search", "gather_sum", "moments"]
    """,
    "sums": """
        for count, dim, codebook_size, stages in [(37, 16, 64, 3), (5, 20, 50, 2), (33, 1, 3, 1)]:
            x, books = speech(count, dim, codebook_size, stages)
            tables = [book.codes for book in books]
            codes = residual(x, books)
            depths = torch.arange(count) % (stages + 1)
            for some in (None, depths):
                got = kernel_sums.fused_gather_sum(codes, tables, some, frames=16)
                assert torch.equal(got, gather_sum(codes, tables, some)), (count, dim)
            assert torch.equal(kernel_sums.fused_gather_sum(codes[:1], tables, frames=16), tables[0][codes[0]])
            usage, total = kernel_sums.fused_moments(x, codes, tables, frames=16)
            counts = torch.stack([torch.bincount(c, minlength=codebook_size) for c in codes])
            assert torch.equal(usage, counts.float())
            rest = x.double()
            for stage, index in enumerate(codes):
                wanted = torch.zeros(codebook_size, dim).double().index_add_(0, index, rest)
                assert torch.allclose(total[stage].double(), wanted, atol=1e-5, rtol=0)
                rest = rest - tables[stage].double()[index]
        none = kernel_sums.fused_moments(x[:0], codes[:, :0], tables)
        assert not none[0].any() and not none[1].any()
    """,
    "training": """
        from ttsprep.codec.config import QuantiserConfig
        from ttsprep.codec.quantisers import fused, make_quantiser
        torch.manual_seed(0)
        eager = make_quantiser(QuantiserConfig(num_codebooks=3, codebook_size=32, revive_every=2), 16).train()
        kernels = make_quantiser(eager.config, 16).train()
        kernels.load_state_dict(eager.state_dict())
        x = torch.randn(3, 8, 16)
        for step in range(3):
            results = []
            for quantiser, elsewhere in ((eager, False), (kernels, True)):
                fused._elsewhere = lambda codes: elsewhere
                latents = (x + step).requires_grad_()
                out = quantiser(latents, torch.tensor([3, 0, 2]), torch.Generator().manual_seed(step))
                (out.latents.sum() + out.loss).backward()
                results.append((out.latents.detach(), out.codes, out.loss.detach(), latents.grad))
            for a, b in zip(*results):
                assert torch.allclose(a, b, atol=1e-6), step
            assert torch.equal(eager.usage, kernels.usage)
            assert torch.allclose(eager.total, kernels.total, atol=1e-6)
    """,
    "ties": """
        codes = torch.randn(32, 16, generator=torch.Generator().manual_seed(3))
        codes[20] = codes[7]
        codes[21] = codes[7]
        books = [Codebook.of(codes)] * 2
        x = codes[[7, 20, 21]].repeat(6, 1)[:16].contiguous()
        got = kernel.fused_residual(x, books, frames=16, block=16)
        assert got[0].eq(7).all()
        assert torch.equal(got, residual(x, books))
        zero = kernel.fused_residual(torch.zeros(3, 16), books, frames=16, block=16)
        assert torch.equal(zero, residual(torch.zeros(3, 16), books))
    """,
    "refused": """
        x, books = speech(20, 16, 32, 2)
        tables = [book.codes for book in books]
        kernel_sums._gather_sum = kernel_sums._moments = None  # nothing can be launched from here on: the last case
        for wrong in (-1, 32, 1 << 40):
            codes = residual(x, books)
            codes[1, 7] = wrong
            for work in (lambda: kernel_sums.fused_gather_sum(codes, tables),
                         lambda: kernel_sums.fused_moments(x, codes, tables),
                         lambda: kernel_sums.fused_gather_sum(codes.abs().clamp(max=31).repeat(2, 1), tables)):
                try:
                    work()
                except IndexError:
                    continue
                raise AssertionError(wrong)
    """,
}


CODES = {"vectors": "*fp32", "codebooks": "*fp32", "rounded": "*fp32", "squares": "*fp32", "longest": "*fp32"}
SIGNATURES = {
    "_residual": CODES | {"codes": "*i32", "marks": "*i32", "count": "i32"},
    "_gather_sum": {"codes": "*i64", "codebooks": "*fp32", "depths": "*i64", "out": "*fp32", "count": "i32"},
    "_moments": {"vectors": "*fp32", "codes": "*i64", "codebooks": "*fp32"}
    | {"usage": "*fp32", "sums": "*fp32", "count": "i32"},
}


@pytest.mark.parametrize(
    ("name", "capability", "most", "more"),
    [
        ("_residual", 90, 227 << 10, {"frames": 64, "block": 32}),
        ("_residual", 86, 99 << 10, {"frames": 64, "block": 32}),
        ("_gather_sum", 86, 99 << 10, {"frames": 32}),
        ("_moments", 86, 99 << 10, {"frames": 32}),
    ],
)
@pytest.mark.slow
def test_the_kernels_compile_for_a_gpu_and_fit_its_shared_memory(name, capability, most, more, tmp_path, monkeypatch):
    """Triton and its assembler need no GPU for that; Hopper has 227 KB for a program, consumer cards 99."""
    triton = pytest.importorskip("triton")
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from ttsprep.codec.quantisers import triton_search as kernel
    from ttsprep.codec.quantisers import triton_sums as kernel_sums

    if kernel.INTERPRETED:
        pytest.skip("kernels are interpreted here")
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    function = getattr(kernel if name == "_residual" else kernel_sums, name)
    known = {"codebook_size": 1024, "dim": 128, "stages": 8, "wide": 128, **more}
    names = function.arg_names
    source = ASTSource(
        fn=function,
        signature=SIGNATURES[name] | dict.fromkeys(known, "constexpr"),
        constexprs={(names.index(key),): value for key, value in known.items()},
        attrs={(place,): [["tt.divisibility", 16]] for place, key in enumerate(names) if key not in {"count", *known}},
    )
    options = {"num_warps": 8, "enable_fp_fusion": True}
    compiled = triton.compile(source, target=GPUTarget("cuda", capability, 32), options=options)
    assert compiled.metadata.shared <= most
    assert compiled.asm["cubin"]
    if name == "_residual":
        assert ".tf32.tf32" in compiled.asm["ptx"]  # on the tensor cores


def test_a_kernel_that_does_not_run_gives_way_to_the_eager_codes():
    """Without the interpreter and without a GPU, Triton cannot compile it: a real failure."""
    from ttsprep.codec.quantisers.fused import fused
    from ttsprep.codec.quantisers.search import Codebook, residual

    if torch.cuda.is_available() or os.environ.get("TRITON_INTERPRET") == "1":
        pytest.skip("here the kernel runs")
    x, books = torch.randn(20, 16), [Codebook.of(torch.randn(32, 16))]
    with pytest.warns(UserWarning, match="the eager way is taken"):
        assert torch.equal(fused(x, books), residual(x, books))
    assert torch.equal(fused(x, books), residual(x, books))  # and says so only once


RUN = """
import json, sys, textwrap, traceback
head, cases = json.loads(sys.stdin.read())
for name, case in cases.items():
    try:
        exec(textwrap.dedent(head) + textwrap.dedent(case), {})
    except Exception:
        print(json.dumps([name, traceback.format_exc()]))
    else:
        print(json.dumps([name, ""]))
"""


@pytest.fixture(scope="module")
def interpreted():
    """What came of each case; all in one process, as importing takes longer than they do."""
    environment = os.environ | {"TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN],
        input=json.dumps([HEAD, CASES]),
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(line) for line in done.stdout.splitlines())


@pytest.mark.parametrize("case", list(CASES))
@pytest.mark.slow
def test_the_kernel_under_the_interpreter(case, interpreted):
    assert not interpreted[case], interpreted[case]
