"""Noise: the SNR against that of noise mixed in, at any gain, with and without pauses."""

import numpy as np
import pytest

from checks.speech import ONE_VOICE, SOURCES, among, clean, filtered, judge, severe, spoilt, takes, values
from ttsprep.audit.defects.inject import Take, rms
from ttsprep.core.types import Severity


def noisy(take: Take, snr_db: float, colour: str = "white", seed: int = 0) -> Take:
    noise = np.random.default_rng(seed).standard_normal(len(take.samples))
    if colour == "pink":
        spectrum = np.fft.rfft(noise)
        noise = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 20), len(noise))
    noise *= rms(take.samples) * 10 ** (-snr_db / 20) / np.sqrt(np.mean(noise**2))
    return filtered(take, lambda x: x + noise)


@pytest.mark.parametrize("source", ONE_VOICE)
def test_nothing_is_wrong_with_clean_clips(source: str) -> None:
    assert not judge(clean(source), "noise")


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("colour", ["white", "pink"])
def test_more_noise_reads_less_snr(source: str, colour: str) -> None:
    for take in takes(source)[:3]:
        seen = [values("noise", noisy(take, snr, colour))["snr_db"] for snr in (30, 20, 15, 10, 5)]
        assert all(np.diff(seen) < -1)
        # what is planted is relative to the loud half, over all frequencies
        np.testing.assert_allclose(seen[1:4], (20, 15, 10), atol=6)


@pytest.mark.parametrize("source", SOURCES)
def test_the_snr_does_not_depend_on_the_gain(source: str) -> None:
    for take in takes(source)[:3]:
        clip = noisy(take, 20, "pink")
        usual = values("noise", clip)
        softer = values("noise", filtered(clip, lambda x: x * 0.1))
        assert softer["snr_db"] == pytest.approx(usual["snr_db"], abs=0.1)
        assert softer["noise_floor_dbfs"] == pytest.approx(usual["noise_floor_dbfs"] - 20, abs=0.1)


@pytest.mark.parametrize("source", SOURCES)
def test_digital_silence_hides_no_noise(source: str) -> None:
    for take in takes(source)[:3]:
        clip = noisy(take, 12)
        padded = filtered(clip, lambda x: np.pad(x, (20_000, 50_000)))
        assert values("noise", padded)["snr_db"] == pytest.approx(values("noise", clip)["snr_db"], abs=3)
        offset = filtered(clip, lambda x: x + 0.1)
        assert values("noise", offset)["snr_db"] == pytest.approx(values("noise", clip)["snr_db"], abs=1)


def test_a_clip_without_pauses_is_not_noisy() -> None:
    for take in takes("espeak")[:5]:
        inside = filtered(take, lambda x: x[len(x) // 4 :][:26_000])
        assert values("noise", inside)["snr_db"] > 27


@pytest.mark.parametrize("source", ONE_VOICE)
@pytest.mark.parametrize(
    ("code", "name", "severity"),
    [
        ("noisy", "white noise at 10 dB SNR", Severity.ERROR),
        ("noisy", "pink noise at 10 dB SNR", Severity.ERROR),
        ("noisy", "pink noise at 20 dB SNR", Severity.WARNING),
        ("noise-floor-high", "white noise at 20 dB SNR", Severity.WARNING),
        ("noise-floor-high", "pink noise at 27 dB SNR", Severity.NOTE),
    ],
)
def test_each_defect_is_found(source: str, code: str, name: str, severity: Severity) -> None:
    assert {finding.severity for finding in spoilt(source, code, name)} == {severity}


def test_what_is_no_speech_is_not_called_noisy() -> None:
    hiss = Take(0.1 * np.random.default_rng(0).standard_normal(40_000).astype(np.float32), 16_000, "")

    found = [f for f in judge(among("espeak", {7: hiss})) if f.clip == "c7"]
    assert "no-speech" in {f.code for f in severe(found)}
    assert not {"noisy", "noise-floor-high"} & {f.code for f in found}
