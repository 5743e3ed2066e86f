"""Reverberation: the fastest falls get slower with the room."""

import numpy as np
import pytest
from scipy.signal import fftconvolve

from checks.speech import RECORDED, SOURCES, clean, filtered, judge, measure, of, spoilt, takes, values
from ttsprep.audit.defects.inject import Take
from ttsprep.core.types import Severity


def in_a_room(take: Take, rt60: float, direct_db: float = 0.0) -> Take:
    random = np.random.default_rng(7)
    t = np.arange(int(rt60 * take.rate)) / take.rate
    tail = random.standard_normal(len(t)) * 10 ** (-3 * t / rt60)
    tail *= 10 ** (-direct_db / 20) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return filtered(take, lambda x: fftconvolve(x, tail)[: len(x)] * 0.5)


@pytest.mark.parametrize("source", SOURCES)
def test_nothing_is_wrong_with_clean_clips(source: str) -> None:
    assert not judge(clean(source), "reverb")


@pytest.mark.parametrize("source", SOURCES)
def test_the_longer_the_tail_the_slower_the_falls(source: str) -> None:
    for take in takes(source)[:3]:
        usual = values("reverb", take)["decay_db_per_60ms"]
        seen = [values("reverb", in_a_room(take, rt60))["decay_db_per_60ms"] for rt60 in (0.3, 0.6, 1.0, 1.8)]
        assert all(np.diff([usual, *seen]) < 0)
        assert seen[-1] < 9 < 15 < usual


@pytest.mark.parametrize("source", SOURCES)
def test_it_does_not_depend_on_the_gain(source: str) -> None:
    for take in takes(source)[:3]:
        softer = filtered(take, lambda x: x * 0.2)
        usual = values("reverb", take)["decay_db_per_60ms"]
        assert values("reverb", softer)["decay_db_per_60ms"] == pytest.approx(usual, abs=0.3)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("espeak", "RT60 0.6 s, tail 4 dB under the direct sound"),
        *((source, "RT60 1.0 s, tail 0 dB under the direct sound") for source in ("espeak", "ljspeech")),
    ],
)
def test_each_defect_is_found(source: str, name: str) -> None:
    if source == "ljspeech" and not RECORDED[source].is_dir():
        pytest.skip("ljspeech is not at hand")
    assert {finding.severity for finding in spoilt(source, "reverberant", name)} == {Severity.WARNING}


def test_a_clip_alone_is_judged() -> None:
    (found,) = of(judge(measure([in_a_room(takes("espeak")[0], 1.5)]), "reverb"), "reverberant")
    assert found.value < found.limit
