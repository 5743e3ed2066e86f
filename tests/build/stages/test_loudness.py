"""Loudness: on target by gain alone, under the ceiling between the samples, too."""

from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
import soxr

from ttsprep.build.stages.loudness import Loudness, integrated, true_peak
from ttsprep.core import audio
from ttsprep.core.errors import AudioError, UsageError
from ttsprep.core.types import Audio, Clip

CLIP = Clip("a", "a.wav", "text")


def clips(folder: Path) -> list[Audio]:
    return [audio.read(path) for path in sorted((folder / "wavs").glob("demo*.wav"))]


@pytest.mark.parametrize("target", [-30.0, -23.0, -20.0])
def test_every_clip_meets_the_target_or_says_by_how_much_it_does_not(spoken_once: Path, target: float) -> None:
    for clip in clips(spoken_once):
        done = Loudness(lufs=target, ceiling_dbtp=-3.0).apply(CLIP, clip)
        reached = pyloudnorm.Meter(clip.rate).integrated_loudness(done.audio.samples.astype(np.float64))
        short = float(done.changes.get("short_of_target_db", 0.0))
        assert abs(reached + short - target) < 0.1
        high = soxr.resample(done.audio.samples.astype(np.float64), 1, 8, quality="VHQ")
        assert 20 * np.log10(np.abs(high).max()) < -3.0 + 0.15  # another interpolator than ours
        assert 20 * np.log10(np.abs(done.audio.samples).max()) <= -3.0 + 1e-4
        gain = 10 ** (float(done.changes["gain_db"]) / 20)
        assert np.allclose(done.audio.samples, clip.samples * gain, rtol=1e-5, atol=1e-7), "gain alone"


def test_where_the_ceiling_is_in_the_way_that_is_said(spoken_once: Path) -> None:
    clip = clips(spoken_once)[0]
    done = Loudness(lufs=-8.0, ceiling_dbtp=-6.0).apply(CLIP, clip)
    assert float(done.changes["short_of_target_db"]) > 1
    assert true_peak(done.audio.samples) == pytest.approx(-6.0, abs=0.01)


def test_a_clip_on_target_is_not_touched(spoken_once: Path) -> None:
    once = Loudness().apply(CLIP, clips(spoken_once)[0]).audio
    assert Loudness().apply(CLIP, once).audio is once


def test_the_true_peak_is_found_between_the_samples() -> None:
    """A sine at a quarter of the rate, sampled 45 degrees off its peaks: 3 dB under them (BS.1770-4, annex 2)."""
    at = np.arange(4_000)
    samples = (0.5 * np.sin(np.pi / 2 * at + np.pi / 4)).astype(np.float32)[:, None]
    assert 20 * np.log10(np.abs(samples).max() / 0.5) == pytest.approx(-3.01, abs=0.01)
    middle = samples * np.hanning(4_000)[:, None].astype(np.float32)  # without the edges, where it would ring
    assert true_peak(middle) == pytest.approx(20 * np.log10(0.5), abs=0.1)


@pytest.mark.parametrize("seed", range(5))
def test_the_true_peak_of_noise_is_that_of_a_finer_interpolator(seed: int) -> None:
    noise = np.random.default_rng(seed).standard_normal((8_000, 1))
    band = soxr.resample(noise, 2, 3, quality="VHQ").astype(np.float32) * 0.1
    fine = 20 * np.log10(np.abs(soxr.resample(band.astype(np.float64), 1, 4, quality="VHQ")).max())
    assert true_peak(band) == pytest.approx(fine, abs=0.2)


def test_short_and_silent_clips() -> None:
    rate = 16_000
    short = (0.1 * np.sin(np.arange(int(0.2 * rate)) / 8)).astype(np.float32)[:, None]
    done = Loudness().apply(CLIP, Audio(short, rate))
    assert integrated(done.audio.samples, rate) == pytest.approx(-23, abs=0.1)
    for samples in (np.zeros((rate, 1), np.float32), np.zeros((1, 1), np.float32)):
        with pytest.raises(AudioError, match="silent") as caught:
            Loudness().apply(CLIP, Audio(samples, rate))
        assert caught.value.code == "no-speech"


def test_impossible_targets_are_named() -> None:
    with pytest.raises(UsageError, match="lufs"):
        Loudness(lufs=3)
    with pytest.raises(UsageError, match="ceiling_dbtp"):
        Loudness(ceiling_dbtp=3)
