"""Bits: exact where they fit, dithered where they are lost, and read back as they were written."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from ttsprep.build.stages.format import Format
from ttsprep.core import audio
from ttsprep.core.errors import AudioError, UsageError
from ttsprep.core.types import Audio, Clip

CLIP = Clip("a", "a.wav", "text")
RATE = 16_000


def noise(seconds: float = 1.0, level: float = 0.1) -> Audio:
    samples = level * np.random.default_rng(0).standard_normal((int(RATE * seconds), 1))
    return Audio(samples.astype(np.float32), RATE)


def on_steps(bits: int) -> Audio:
    whole = np.random.default_rng(1).integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (RATE, 1))
    whole[:2] = [[-(2 ** (bits - 1))], [2 ** (bits - 1) - 1]]
    return Audio((whole / 2 ** (bits - 1)).astype(np.float32), RATE, f"PCM_{bits}")


@pytest.mark.parametrize("bits", [16, 24])
@pytest.mark.parametrize("container", ["wav", "flac"])
def test_samples_that_fit_are_stored_bit_for_bit(bits: int, container: str, tmp_path: Path) -> None:
    before = on_steps(bits)
    done = Format(subtype=f"PCM_{bits}", container=container).apply(CLIP, before)
    assert done.changes == {}
    path = tmp_path / f"a.{container}"
    path.write_bytes(audio.encode_audio(done.audio, container))
    after = audio.read(path)
    assert after.subtype == f"PCM_{bits}"
    assert np.array_equal(after.samples, before.samples)
    whole, _ = sf.read(path, dtype="int32")
    assert np.array_equal(whole >> (32 - bits), np.rint(before.samples[:, 0] * 2.0 ** (bits - 1)))


def test_floats_are_stored_bit_for_bit() -> None:
    before = noise()
    done = Format(subtype="FLOAT").apply(CLIP, before)
    samples, _ = sf.read(io.BytesIO(audio.encode_audio(done.audio, "wav")), dtype="float32", always_2d=True)
    assert np.array_equal(samples, before.samples)


def test_dither_makes_the_error_noise_and_not_distortion() -> None:
    """A sine of half a step: rounding alone makes silence of it, or harmonics; with dither it is still there."""
    step = 2.0**-15
    sine = (0.6 * step * np.sin(2 * np.pi * 440 * np.arange(4 * RATE) / RATE)).astype(np.float32)[:, None]

    def levels(done: Audio) -> tuple[float, float]:
        spectrum = np.abs(np.fft.rfft(done.samples[:, 0] * np.hanning(len(sine)))) / len(sine) * 4
        return spectrum[440 * 4] / (0.6 * step), spectrum[1320 * 4] / (0.6 * step)

    dithered = Format().apply(CLIP, Audio(sine, RATE))
    rounded = Format(dither=False).apply(CLIP, Audio(sine, RATE))
    assert dithered.changes == {"dither": "TPDF", "rounded_to_bits": 16}
    fundamental, harmonic = levels(dithered.audio)
    assert abs(fundamental - 1) < 0.05
    assert harmonic < 0.02
    assert levels(rounded.audio)[1] > 0.1


def test_dither_has_no_offset_and_the_power_it_should_have() -> None:
    before = noise(10)
    error = (Format().apply(CLIP, before).audio.samples - before.samples) * 2**15
    assert abs(error.mean()) < 0.01
    assert abs(error.var() - (1 / 12 + 1 / 6)) < 0.01  # rounding, and two uniform densities


def test_the_same_samples_always_give_the_same_bytes() -> None:
    first, second = (audio.encode_audio(Format().apply(CLIP, noise()).audio, "wav") for _ in range(2))
    assert first == second


def test_what_is_over_full_scale_is_refused_and_nothing_wraps_around() -> None:
    loud = Audio(np.full((RATE, 1), 1.5, np.float32), RATE)
    with pytest.raises(AudioError, match="full scale") as caught:
        Format().apply(CLIP, loud)
    assert caught.value.code == "clipping"
    edge = Format().apply(CLIP, Audio(np.full((RATE, 1), 0.99999, np.float32), RATE)).audio.samples
    assert edge.min() > 0.999
    assert edge.max() < 1


@pytest.mark.parametrize(
    "wrong", [{"subtype": "PCM16"}, {"container": "mp3"}, {"container": "flac", "subtype": "FLOAT"}]
)
def test_wrong_parameters_are_named(wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        Format(**wrong)
