"""Nothing is left behind on the CPU: the whole path on a device that is not there, with tensors that are only shapes.

It runs in a process of its own, as a device is made up for it, which lasts. (Fake tensors on "cuda" cannot be indexed
by a torch that was built without.)
"""

import json
import subprocess
import sys

import pytest

pytest.importorskip("torch")

SCRIPT = """
import json, sys, traceback
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

_setup_privateuseone_for_python_backend("elsewhere")
HERE = torch.device("elsewhere:0")
from ttsprep.codec import tiles
from ttsprep.codec.config import QuantiserConfig, preset
from ttsprep.codec.network import CodecModel
from ttsprep.codec.quantisers import fused, make_quantiser, search

fused.check = lambda codes, books: None  # there are no numbers to check

def mixed():
    for wrong in (lambda a, b: a + b, lambda a, b: a @ b, lambda a, b: a.index_select(0, b[0].long())):
        try:
            wrong(torch.zeros(3, 3, device=HERE), torch.zeros(3, 3))
        except RuntimeError:
            continue
        raise AssertionError("two devices in one operation")

def encoding():
    with HERE:
        model = CodecModel(preset("nano16")).eval()
    pieces = [tiles.Tile(torch.zeros(40_000), 0, 125, 0.1), tiles.Tile(torch.zeros(70_000), 128, 219, 0.2)]
    samples, masks = tiles._batch(pieces, 4, model.config.encoder_context, 320, HERE)
    for beam in (1, 8):
        with torch.inference_mode():
            codes, missed, energy = tiles._encode(model, samples, masks, 8, beam)
        assert {codes.device, missed.device, energy.device} == {HERE}
        assert codes.shape == (4, 8, tiles.TILE) and energy.shape == (4, tiles.TILE)

def decoding():
    with HERE:
        model = CodecModel(preset("nano16")).eval()
        codes = torch.zeros(1, 8, 150, dtype=torch.int64)
        mask = torch.zeros(1, 150, 1)
    with torch.inference_mode():
        assert model.decoder(model.quantiser.decode(codes) * mask, mask).device == HERE

def quantisers():
    for kind in ("rvq-ema", "rvq-l2", "vq"):  # those of fixed levels list them, which cannot be made here
        with HERE:
            books = 1 if kind == "vq" else 4
            quantiser = make_quantiser(QuantiserConfig(kind=kind, num_codebooks=books, codebook_size=32), 16).eval()
        latents = torch.zeros(2, 20, 16, device=HERE)
        assert quantiser.decode(quantiser.encode(latents)).device == HERE

def moving():
    books = [search.Codebook.of(torch.zeros(32, 16, device=HERE)).codes for _ in range(3)]
    codes = torch.zeros(3, 50, dtype=torch.int64, device=HERE)
    usage, total = fused.quick_moments(torch.zeros(50, 16, device=HERE), codes, books)
    assert {usage.device, total.device} == {HERE} and total.shape == (3, 32, 16)

for work in (mixed, encoding, decoding, quantisers, moving):
    try:
        with FakeTensorMode():
            work()
    except Exception:
        print(json.dumps([work.__name__, traceback.format_exc()]))
    else:
        print(json.dumps([work.__name__, ""]))
"""


@pytest.fixture(scope="module")
def results():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(line) for line in done.stdout.splitlines())


@pytest.mark.parametrize("part", ["mixed", "encoding", "decoding", "quantisers", "moving"])
def test_everything_is_on_one_device(part, results):
    assert not results[part], results[part]
