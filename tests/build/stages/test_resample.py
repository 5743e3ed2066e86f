"""Resampling: nothing above the new limit comes back, nothing below it changes its level."""

import numpy as np
import pytest

from ttsprep.build.stages.resample import Resample
from ttsprep.core.errors import AudioError, UsageError
from ttsprep.core.types import Audio, Clip

CLIP = Clip("a", "a.wav", "text")


def sine(rate: int, hz: float, seconds: float = 1.0, level: float = 0.5) -> Audio:
    at = np.arange(int(rate * seconds)) / rate
    return Audio((level * np.sin(2 * np.pi * hz * at)).astype(np.float32)[:, None], rate)


def measured(before: int, after: int, hz: float) -> tuple[float, float]:
    """Return level of the tone and of the loudest other thing in the result, in dB of the tone put in."""
    done = Resample(sample_rate=after, upsample=True).apply(CLIP, sine(before, hz)).audio
    assert done.rate == after
    middle = done.samples[after // 8 : -after // 8, 0].astype(np.float64)
    at = np.arange(len(middle)) / after
    level = 0.0
    if hz < after / 2:
        waves = np.stack([np.sin(2 * np.pi * hz * at), np.cos(2 * np.pi * hz * at)], axis=1)
        weights, *_ = np.linalg.lstsq(waves, middle, rcond=None)
        level = float(np.hypot(*weights)) / 0.5
        middle = middle - waves @ weights
    window = np.blackman(len(middle))
    other = np.abs(np.fft.rfft(middle * window)).max() / (window.sum() / 2) / 0.5
    return 20 * np.log10(max(level, 1e-12)), 20 * np.log10(max(float(other), 1e-12))


@pytest.mark.parametrize(
    ("before", "after"), [(44_100, 22_050), (48_000, 24_000), (48_000, 22_050), (22_050, 16_000), (16_000, 24_000)]
)
def test_a_swept_sine_has_no_alias_and_no_image_and_keeps_its_level(before: int, after: int) -> None:
    limit = min(before, after) / 2
    for share in (0.02, 0.2, 0.5, 0.8, 0.9, 1.02, 1.3, 1.8):
        hz = share * limit
        if hz >= before / 2:
            continue
        level, other = measured(before, after, hz)
        assert other < -100, f"{hz:.0f} Hz leaves {other:.1f} dB where nothing should be"
        if share <= 0.9:
            assert abs(level) < 0.05, f"{hz:.0f} Hz has changed by {level:.3f} dB"


def test_length_and_channels_are_kept() -> None:
    stereo = Audio(np.zeros((48_001, 2), np.float32), 48_000)
    done = Resample(sample_rate=24_000).apply(CLIP, stereo)
    assert done.audio.samples.shape == (24_001, 2)
    assert done.changes == {"sample_rate_before": 48_000}


def test_a_clip_at_the_rate_is_left_as_it_is() -> None:
    clip = sine(22_050, 100)
    assert Resample(sample_rate=22_050).apply(CLIP, clip).audio is clip
    assert Resample().apply(CLIP, clip).audio is clip


def test_a_lower_rate_is_refused_unless_asked_for() -> None:
    with pytest.raises(AudioError, match=r"16000 Hz .*upsample = true") as caught:
        Resample(sample_rate=24_000).apply(CLIP, sine(16_000, 100))
    assert caught.value.code == "narrowband"


def test_an_impossible_rate_is_named() -> None:
    with pytest.raises(UsageError, match="sample_rate"):
        Resample(sample_rate=24)
