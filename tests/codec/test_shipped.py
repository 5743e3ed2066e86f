"""The codec that ships: small, complete, and good on voices it has never heard, where there are some."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from codec.made_up_speech import voice  # noqa: E402
from ttsprep.codec.codec import Codec  # noqa: E402
from ttsprep.codec.metrics import measure_distortion  # noqa: E402

FILE = Path(__file__).parents[2] / "ttsprep" / "codec" / "weights" / "nano16.pt"
pytestmark = pytest.mark.skipif(not FILE.is_file(), reason="the weights of nano16 are not in this checkout")


@pytest.fixture(scope="module")
def codec():
    return Codec.load("nano16")


def test_it_is_small_and_complete(codec):
    assert FILE.stat().st_size < 12e6
    assert (codec.sample_rate, codec.frame_rate, codec.num_codebooks, codec.codebook_size) == (16000, 50.0, 8, 1024)
    assert all(updates > 1000 for updates in codec.checkpoint.updates_per_quantiser)
    card = FILE.with_suffix(".md").read_text(encoding="utf-8")
    assert codec.digest in card
    for licence in ("CC BY 4.0", "CC BY-SA 3.0", "public domain", "BSD"):
        assert licence in codec.checkpoint.licence and licence in card


def test_it_codes_and_decodes(codec):
    clip = np.repeat(voice(3.0, 1), 2)  # 8 kHz doubled: no speech, but sound with a level
    (coded,) = codec.encode([clip])
    (decoded,) = codec.decode([coded])
    assert coded.codes.shape == (8, 150) and coded.codes.dtype == np.int16
    assert 0.5 < float(np.sqrt(np.mean(decoded**2) / np.mean(clip**2))) < 1.5
    again = Codec.load("nano16").encode([clip])[0]
    assert hashlib.sha256(again.codes).digest() == hashlib.sha256(coded.codes).digest()


@pytest.mark.skipif("TTSPREP_SPEECH" not in os.environ, reason="TTSPREP_SPEECH names no folder of speech")
def test_every_depth_is_nearer_on_real_voices(codec):
    import soundfile
    import soxr

    files = sorted(p for p in Path(os.environ["TTSPREP_SPEECH"]).rglob("*") if p.suffix in {".wav", ".flac"})
    distances = np.zeros(8)
    for file in files[:: max(1, len(files) // 6)][:6]:
        samples, rate = soundfile.read(file, dtype="float32")
        clip = soxr.resample(samples, rate, 16000)[: 16000 * 5]
        for num_codebooks in range(1, 9):
            (decoded,) = codec.decode(codec.encode([clip], num_codebooks=num_codebooks))
            distances[num_codebooks - 1] += measure_distortion(clip, decoded, 16000)["mel_db"]
    assert (np.diff(distances) < 0).all()


def test_the_examples_of_the_documentation_run():
    import doctest
    import re

    from ttsprep.codec import codec as api

    results = doctest.DocTestRunner().run(doctest.DocTestFinder().find(api.Codec, "Codec")[0])
    assert results.attempted >= 6 and results.failed == 0
    page = (Path(__file__).parents[2] / "docs" / "encoding.md").read_text(encoding="utf-8")
    (example,) = [block for block in re.findall(r"```python\n(.*?)```", page, re.S) if "codec.encode(" in block]
    names: dict[str, object] = {}
    exec(example, names)
    assert names["first"].codes.shape == (8, 50) and names["second"].codes.shape == (8, 25)
    assert [len(clip) for clip in names["decoded"]] == [16000, 8000]
