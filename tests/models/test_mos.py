"""DNSMOS by the model itself."""

import math
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from checks.speech import say

from ttsprep.audit.defects.demo_sentences import SENTENCES
from ttsprep.core.types import Clip, Samples
from ttsprep.models.base import ModelInput
from ttsprep.models.mos import WINDOW, Mos, score_mos, windows

needs_weights = pytest.mark.skipif(
    Mos.available() != "", reason="the weights of DNSMOS are part of the package speechmos"
)


@cache
def speech() -> Samples:
    import soxr

    take = say(SENTENCES[3])
    return np.resize(soxr.resample(take.samples, take.rate, 16_000), WINDOW)


@pytest.mark.parametrize(
    ("seconds", "count"), [(0.5, 1), (9.0, 1), (9.01, 1), (11.2, 1), (12.0, 2), (20.2, 2), (20.4, 3), (60.0, 7)]
)
def test_windows_cover_a_clip(seconds: float, count: int) -> None:
    samples = np.arange(1, round(seconds * 16_000) + 1, dtype=np.float32)
    found = windows(samples)
    assert [len(one) for one in found] == [WINDOW] * count
    assert found[0][0] == 1
    if count > 1:
        assert found[-1][-1] == samples[-1]
        assert all(after[0] - before[0] <= 11.3 * 16_000 for before, after in pairwise(found))
    if seconds < 9:
        assert found[0][len(samples)] == 1  # again from its start


@needs_weights
@pytest.mark.slow
def test_the_scores_are_those_of_the_package() -> None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dnsmos = pytest.importorskip("speechmos.dnsmos", reason="the package needs more than its weights")
        expected = dnsmos.run(speech(), 16_000)
    (found,) = score_mos([speech()])
    assert found.tolist() == pytest.approx([expected[f"{name}_mos"] for name in ("sig", "bak", "ovrl")], abs=1e-4)


@needs_weights
def test_noise_is_heard_and_a_batch_is_what_its_clips_are() -> None:
    clean, clip = speech(), Clip("c", "c.wav", "")
    noisy = clean + 0.02 * np.random.default_rng(0).standard_normal(WINDOW).astype(np.float32)
    heard = [ModelInput(clip, clean), ModelInput(clip, noisy), ModelInput(clip, clean[: WINDOW // 2])]
    before, after, half = Mos().measure(heard)
    assert after["mos_bak"] < before["mos_bak"] - 0.5
    assert after["mos_ovrl"] < before["mos_ovrl"]
    assert all(1 <= value <= 5 and math.isfinite(value) for value in half.values())
    (alone,) = Mos().measure(heard[1:2])
    assert alone == pytest.approx(after, abs=1e-4)


@needs_weights
def test_silence_and_overdriven_samples_have_a_score() -> None:
    for samples in (np.zeros(10, np.float32), np.full(100, 3.0, np.float32)):
        (row,) = Mos().measure([ModelInput(Clip("c", "c.wav", ""), samples)])
        assert all(map(math.isfinite, row.values()))
