"""Every quantiser: codes and latents fit together, every num_codebooks is trained, nothing collapses or explodes."""

import importlib.util
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from ttsprep.codec.config import QuantiserConfig  # noqa: E402
from ttsprep.codec.quantisers import KINDS, make_quantiser  # noqa: E402
from ttsprep.codec.quantisers.base import normalise  # noqa: E402
from ttsprep.codec.quantisers.search import Codebook, nearest_codes, residual  # noqa: E402

DIM = 12
ROOT = Path(__file__).parents[3]


def config(kind: str, **more: object) -> QuantiserConfig:
    single = kind in {"vq", "fsq"}
    return QuantiserConfig(
        kind=kind,
        num_codebooks=1 if single else 4,
        codebook_size=32,
        code_dim=6,
        levels=(8, 5, 5) if kind == "fsq" else (4, 4, 4),
        **more,
    )


def speechlike(count: int, seed: int = 0) -> torch.Tensor:
    mix = torch.randn(DIM, DIM, generator=torch.Generator().manual_seed(99))
    g = torch.Generator().manual_seed(seed)
    return torch.randn(count, DIM, generator=g).pow(3) @ mix * 0.3


@pytest.fixture(params=sorted(KINDS))
def quantiser(request):
    torch.manual_seed(0)
    q = make_quantiser(config(request.param), DIM)
    q.start(speechlike(2000), torch.Generator().manual_seed(1))
    return q.eval()


def test_codes_have_the_shape_and_range_that_was_promised(quantiser):
    codes = quantiser.encode(speechlike(60).view(3, 20, DIM))
    assert codes.shape == (3, quantiser.num_codebooks, 20)
    assert codes.dtype == torch.int64
    assert codes.min() >= 0 and codes.max() < quantiser.codebook_size
    assert quantiser.decode(codes).shape == (3, 20, DIM)


def test_fewer_books_give_the_first_codes_of_more(quantiser):
    latents = speechlike(40).view(2, 20, DIM)
    whole = quantiser.encode(latents)
    for num_codebooks in range(1, quantiser.num_codebooks + 1):
        assert torch.equal(quantiser.encode(latents, num_codebooks), whole[:, :num_codebooks])


def test_training_pass_and_coding_agree(quantiser):
    latents = speechlike(40).view(2, 20, DIM)
    depths = torch.tensor([quantiser.num_codebooks, quantiser.num_codebooks])
    out = quantiser(latents, depths, torch.Generator().manual_seed(0))
    assert torch.equal(out.codes, quantiser.encode(latents))
    torch.testing.assert_close(out.latents, quantiser.decode(out.codes), atol=1e-5, rtol=1e-5)


def test_gradients_reach_the_encoder_and_bypass_is_exact(quantiser):
    latents = speechlike(40).view(2, 20, DIM).requires_grad_()
    out = quantiser(latents, torch.tensor([quantiser.num_codebooks, 0]), torch.Generator().manual_seed(0))
    out.latents.square().sum().backward()
    assert latents.grad is not None and torch.isfinite(latents.grad).all()
    assert (latents.grad.abs().sum((1, 2)) > 0).all()
    if quantiser.config.kind not in {"fsq", "residual-fsq"}:  # those pass through their projections
        assert torch.equal(out.latents[1], latents[1])


def test_updates_are_counted_for_the_books_in_training_only(quantiser):
    quantiser.train()
    active = max(1, quantiser.num_codebooks - 1)
    quantiser(speechlike(40).view(2, 20, DIM), torch.tensor([active, 1]), torch.Generator().manual_seed(0))
    assert quantiser.updates.tolist() == [1] * active + [0] * (quantiser.num_codebooks - active)


@pytest.mark.parametrize("kind", ["rvq-ema", "rvq-l2", "residual-fsq"])
def test_every_book_lowers_the_error(kind):
    torch.manual_seed(0)
    q = make_quantiser(config(kind), DIM)
    data = speechlike(3000)
    q.start(data, torch.Generator().manual_seed(1))
    q.eval()
    target = data[None] if kind != "residual-fsq" else q.leave(q._bounded(data[None]))
    with torch.no_grad():
        errors = [float((q.decode(q.encode(data[None], d)) - target).square().mean()) for d in range(1, 5)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.7 * errors[0]


def test_dead_codes_come_back_and_stay_finite():
    """The failure this is against: sums replaced without their usage explode, codes alone are undone."""
    torch.manual_seed(0)
    q = make_quantiser(QuantiserConfig(num_codebooks=2, codebook_size=256, revive_every=5), DIM).train()
    g = torch.Generator().manual_seed(2)
    depths = torch.full((4,), 2)
    for step in range(300):  # starts from noise on purpose: nearly every code is dead
        q(speechlike(800, seed=step).view(4, 200, DIM), depths, g)
    codes = q.eval().encode(speechlike(4000, seed=999)[None])
    reach = float(speechlike(20000, seed=7).abs().max())
    for stage in range(2):
        assert len(codes[0, stage].unique()) > 0.9 * 256
        assert float(q.codes(stage).abs().max()) < 1.5 * reach


def test_embedding_is_derived_from_sum_and_usage():
    q = make_quantiser(QuantiserConfig(num_codebooks=1, codebook_size=8), DIM)
    q.total[0] *= 3
    q.usage[0] *= 3
    before = q.codes(0)
    q.usage[0] *= 2
    torch.testing.assert_close(q.codes(0), before / 2)


def test_the_books_kept_for_speed_follow_the_codebooks():
    q = make_quantiser(QuantiserConfig(num_codebooks=1, codebook_size=8), DIM).eval()
    first = q.books()[0].codes
    assert q.books()[0].codes is first
    q.total.mul_(2)
    torch.testing.assert_close(q.books()[0].codes, 2 * first)


@pytest.mark.parametrize("chunk", [1, 7, 64, 1000])
def test_nearest_codes_are_those_of_exact_distances(chunk):
    g = torch.Generator().manual_seed(3)
    x, c = torch.randn(300, 16, generator=g), torch.randn(50, 16, generator=g)
    exact = (x.double()[:, None] - c.double()[None]).square().sum(-1).argmin(1)
    assert torch.equal(nearest_codes(x, Codebook.of(c), chunk=chunk), exact)


def test_lowest_index_wins_a_tie():
    c = torch.tensor([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    assert nearest_codes(torch.tensor([[2.0, 0.0]]), Codebook.of(c)).tolist() == [0]


def test_residual_codes_equal_stage_by_stage_in_double_precision():
    g = torch.Generator().manual_seed(4)
    x = torch.randn(500, 16, generator=g)
    books = [torch.randn(40, 16, generator=g) / (q + 1) for q in range(5)]
    rest, wanted = x.double(), []
    for book in books:
        index = (rest[:, None] - book.double()[None]).square().sum(-1).argmin(1)
        rest = rest - book.double()[index]
        wanted.append(index)
    before = x.clone()
    assert torch.equal(residual(x, [Codebook.of(b) for b in books], chunk=128), torch.stack(wanted))
    assert torch.equal(x, before)


@pytest.mark.parametrize("levels", [(8, 6, 5), (8, 5, 5, 5), (7, 5, 5, 5, 5), (8, 8, 8, 6, 5), (8, 8, 8, 5, 5, 5)])
def test_fsq_numbers_every_point_of_its_grid_once(levels):
    q = make_quantiser(QuantiserConfig(kind="fsq", num_codebooks=1, levels=levels), DIM)
    assert q.codebook_size == {3: 240, 4: 1000, 6: 64000}.get(len(levels), 4375 if levels[0] == 7 else 15360)
    every = torch.arange(q.codebook_size)
    digits = every[:, None] // q.place % q.levels
    assert torch.equal((digits * q.place).sum(-1), every)
    assert torch.equal(q._digits(q._values(digits, 0), 0), digits)


@pytest.mark.parametrize("how", ["none", "rms", "l2", "zscore"])
def test_normalisation_does_what_its_name_says(how):
    x = speechlike(50) * 5 + 1
    y = normalise(x, how)
    if how == "none":
        assert y is x
    if how == "rms":
        torch.testing.assert_close(y.square().mean(-1), torch.ones(50), atol=1e-3, rtol=1e-3)
    if how == "l2":
        torch.testing.assert_close(y.norm(dim=-1), torch.ones(50))
    if how == "zscore":
        torch.testing.assert_close(y.mean(-1), torch.zeros(50), atol=1e-5, rtol=0)
        torch.testing.assert_close(y.std(-1, correction=0), torch.ones(50), atol=1e-3, rtol=1e-3)


def test_one_codebook_kinds_refuse_depth():
    for kind in ("vq", "fsq"):
        with pytest.raises(ValueError, match="one codebook"):
            QuantiserConfig(kind=kind, num_codebooks=2)


def test_codes_that_differ_from_float64_are_too_close_to_call(folder_of_speech):
    """On random data and on near ties; a wrong code on purpose is found."""
    spec = importlib.util.spec_from_file_location("rvq_exact", ROOT / "benchmarks" / "rvq_exact.py")
    rvq_exact = importlib.util.module_from_spec(spec)
    sys.modules["rvq_exact"] = rvq_exact
    spec.loader.exec_module(rvq_exact)
    g = torch.Generator().manual_seed(7)
    x = torch.randn(3000, 64, generator=g)
    books = [torch.randn(256, 64, generator=g) * 0.85**q for q in range(32)]
    close = [*books[:3], torch.cat([books[3][:128], books[3][:128] + 1e-6 * books[4][:128]])]  # a float32 cannot tell
    for tables in (books, close):
        codes = residual(x, [Codebook.of(book) for book in tables])
        count = rvq_exact.certify(x, tables, codes)
        assert count.codes == codes.numel() and count.mistaken == 0
        assert (count.differing > 0) if tables is close else count.differing < 1e-4 * count.codes
    codes[-1, 5] = (codes[-1, 5] + 1) % 256
    assert rvq_exact.certify(x, close, codes).mistaken == 1
    speech, tables = rvq_exact.latents(folder_of_speech, 100)
    assert speech.shape == (100, 64) and [tuple(t.shape) for t in tables] == [(1024, 64)] * 8
    assert rvq_exact.certify(speech, tables, residual(speech, [Codebook.of(table) for table in tables])).mistaken == 0
