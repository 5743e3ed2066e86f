"""A codec without training: deterministic, every book of it helps, and the level comes back."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from codec.made_up_speech import voice  # noqa: E402
from ttsprep.codec.codec import Codec  # noqa: E402
from ttsprep.codec.config import preset  # noqa: E402
from ttsprep.codec.evaluate import evaluate, table  # noqa: E402
from ttsprep.codec.metrics import aligned, delay, measure_distortion, pesq_wb, si_sdr  # noqa: E402
from ttsprep.codec.training.data import Speech  # noqa: E402
from ttsprep.codec.training.export import fit  # noqa: E402


@pytest.fixture(scope="module")
def fitted(packed):
    return fit(preset("tiny8"), Speech(packed), seed=3)


def test_the_same_seed_gives_the_same_codec(fitted, packed):
    assert fit(preset("tiny8"), Speech(packed), seed=3).digest() == fitted.digest()
    assert fit(preset("tiny8"), Speech(packed), seed=4).digest() != fitted.digest()


def test_every_book_brings_it_nearer(fitted):
    clips = [(str(i), voice(3.0, 300 + i)) for i in range(4)]
    rows = evaluate(Codec(fitted), clips, [1, 2, 3, 4])
    mel = [np.mean([r.values["mel_db"] for r in rows if r.num_codebooks == d]) for d in (1, 2, 3, 4)]
    assert mel == sorted(mel, reverse=True)
    ratio = np.mean([r.values["rms_ratio"] for r in rows if r.num_codebooks == 4])
    assert 0.85 < ratio < 1.15
    text = table(rows)
    assert text.count("\n") == 5 and "n/a" in text  # PESQ-WB does not exist at 8 kHz


def test_pesq_is_that_of_the_band_up_to_8_khz():
    pytest.importorskip("pesq")
    soxr = pytest.importorskip("soxr")
    slow = soxr.resample(voice(2.0, 9), 8000, 16000, quality="HQ")
    noisy = slow + 0.01 * np.random.default_rng(0).standard_normal(len(slow)).astype(np.float32)
    fast, fast_noisy = (soxr.resample(x, 16000, 24000, quality="HQ") for x in (slow, noisy))
    assert pesq_wb(fast, fast_noisy, 24000) == pytest.approx(pesq_wb(slow, noisy, 16000), abs=0.2)
    assert pesq_wb(fast, fast_noisy, 24000) < pesq_wb(fast, fast, 24000) > 4
    assert np.isnan(pesq_wb(slow, slow, 8000))


def test_metrics_know_delay_gain_and_noise():
    x = voice(2.0, 9)
    late = np.concatenate([np.zeros(37, np.float32), x])[: len(x)]
    assert delay(x, late, 400) == 37 and delay(late, x, 400) == -37
    assert si_sdr(*aligned(x, late, 37)) > 60
    values = measure_distortion(x, 0.5 * late, 8000)
    assert values["delay"] == 37
    assert values["rms_ratio"] == pytest.approx(0.5, rel=0.02)
    assert values["si_sdr_aligned_db"] > 60 > values["si_sdr_db"]
    assert measure_distortion(x, x, 8000)["mel_db"] == 0
    noisy = x + 0.1 * x.std() * np.random.default_rng(0).standard_normal(len(x)).astype(np.float32)
    assert si_sdr(x, noisy) == pytest.approx(20, abs=0.5)
