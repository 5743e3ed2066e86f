"""Bandwidth: where the spectrum ends, whatever rate the file says."""

import numpy as np
import pytest
import soxr

from checks.speech import ONE_VOICE, SOURCES, among, clean, filtered, judge, of, spoilt, takes, values
from ttsprep.audit.defects.inject import Take
from ttsprep.core.types import Severity


def resampled(take: Take, *rates: int) -> Take:
    x, rate = take.samples, take.rate
    for other in rates:
        x, rate = soxr.resample(x, rate, other), other
    return Take(x.astype(np.float32), rate, take.text)


@pytest.mark.parametrize("source", SOURCES)
def test_nothing_is_wrong_with_clean_clips(source: str) -> None:
    assert not judge(clean(source), "bandwidth")


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("low", [8_000, 11_025, 12_000])
def test_the_edge_is_that_of_the_lower_rate(source: str, low: int) -> None:
    for take in takes(source)[:3]:
        seen = values("bandwidth", resampled(take, low, take.rate))
        assert 0.85 * low / 2 < seen["bandwidth_hz"] < 1.05 * low / 2
        assert seen["cliff_db"] > 35


@pytest.mark.parametrize("source", SOURCES)
def test_speech_sampled_up_is_found_at_any_rate(source: str) -> None:
    take = takes(source)[1]
    for rate in (32_000, 44_100, 48_000):
        (found,) = of(judge(among("espeak", {1: resampled(take, rate)}), "bandwidth"), "narrowband")
        assert found.clip == "c1"
        assert found.severity == Severity.ERROR
        assert 0.85 * take.rate / 2 < found.value < 1.05 * take.rate / 2


def test_sampling_down_is_not_narrow() -> None:
    changed = {i: resampled(takes("espeak")[i], rate) for i, rate in enumerate((8_000, 11_025, 16_000))}
    assert not judge(among("espeak", changed), "bandwidth")


@pytest.mark.parametrize("source", SOURCES)
def test_it_does_not_depend_on_the_gain(source: str) -> None:
    take = resampled(takes(source)[0], 8_000, takes(source)[0].rate)
    softer = filtered(take, lambda x: x * 0.2)
    usual = values("bandwidth", take)["bandwidth_hz"]
    assert values("bandwidth", softer)["bandwidth_hz"] == pytest.approx(usual, rel=0.08)


@pytest.mark.parametrize("source", ONE_VOICE)
@pytest.mark.parametrize("name", ["upsampled from 8 kHz", "upsampled from 16 kHz", "upsampled from 11.025 kHz"])
def test_each_defect_is_found(source: str, name: str) -> None:
    found = spoilt(source, "narrowband", name)
    assert {finding.severity for finding in found} == {Severity.ERROR}
    half = {"8 kHz": 4_000, "16 kHz": 8_000, "11.025 kHz": 5_512}[name.removeprefix("upsampled from ")]
    assert all(0.85 * half < finding.value < 1.05 * half for finding in found)
