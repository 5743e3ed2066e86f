"""Nothing is left behind on the CPU: the whole path on another device, one that has shapes and no numbers."""

import pytest

torch = pytest.importorskip("torch")

from ttsprep.codec import tiles  # noqa: E402
from ttsprep.codec.config import QuantiserConfig, preset  # noqa: E402
from ttsprep.codec.model import CodecModel  # noqa: E402
from ttsprep.codec.quantisers import KINDS, fused, make, nearest  # noqa: E402

META = torch.device("meta")


@pytest.fixture(autouse=True)
def without_numbers(monkeypatch):
    """Codes cannot be checked where there are none."""
    monkeypatch.setattr(fused, "check", lambda codes, books: None)


def test_two_devices_in_one_operation_are_an_error():
    for wrong in (lambda here, there: here + there, lambda here, there: here @ there):
        with pytest.raises(RuntimeError, match="device"):
            wrong(torch.zeros(3, 3), torch.zeros(3, 3, device=META))


@pytest.mark.parametrize("beam", [1, 8])
def test_encoding(beam):
    with META:
        model = CodecModel(preset("nano16")).eval()
    pieces = [tiles.Piece(torch.zeros(40_000), 0, 125, 0.1), tiles.Piece(torch.zeros(70_000), 128, 219, 0.2)]
    samples, masks = tiles._batch(pieces, 4, model.encoder.context, 320, META)
    with torch.inference_mode():
        codes, missed, energy = tiles._encode(model, samples, masks, 8, beam)
    assert {codes.device, missed.device, energy.device} == {META}
    assert codes.shape == (4, 8, tiles.TILE) and energy.shape == (4, tiles.TILE)


def test_decoding():
    with META:
        model = CodecModel(preset("nano16")).eval()
        codes = torch.zeros(1, 8, 150, dtype=torch.int64)
        mask = torch.zeros(1, 150, 1)
    with torch.inference_mode():
        assert model.decoder(model.quantiser.decode(codes) * mask, mask).device == META


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_quantisers(kind):
    depth = 1 if kind in {"vq", "fsq"} else 4
    with META:
        quantiser = make(QuantiserConfig(kind=kind, depth=depth, cardinality=32, levels=(4, 4, 4)), 16).eval()
        latents = torch.zeros(2, 20, 16)
    assert quantiser.decode(quantiser.encode(latents)).device == META
    for depths in ([depth, 0], [0, 0]):  # drawn on the CPU
        out = quantiser(latents, torch.tensor(depths), torch.Generator())
        assert {out.latents.device, out.codes.device, out.loss.device} == {META}


def test_moments():
    books = [nearest.Book.of(torch.zeros(32, 16, device=META)).codes for _ in range(3)]
    codes = torch.zeros(3, 50, dtype=torch.int64, device=META)
    usage, total = fused.moments(torch.zeros(50, 16, device=META), codes, books)
    assert {usage.device, total.device} == {META} and total.shape == (3, 32, 16)
