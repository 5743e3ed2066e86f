"""Reading pieces and whole files; what is broken is in ``faults``."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from ttsprep.core import audio
from ttsprep.core.errors import AudioError

RATE = 16_000
RAMP = np.linspace(-0.5, 0.5, 3 * RATE, dtype=np.float32)


@pytest.fixture
def ramp(tmp_path: Path) -> Path:
    sf.write(tmp_path / "ramp.wav", RAMP, RATE, subtype="PCM_24")
    return tmp_path / "ramp.wav"


def code_of(path: Path, **piece: float) -> str:
    with pytest.raises(AudioError) as caught:
        audio.read(path, **piece)
    return caught.value.code


def test_samples_are_those_of_the_file(ramp: Path) -> None:
    found = audio.read(ramp)
    assert (found.rate, found.subtype, found.complete, found.claimed) == (RATE, "PCM_24", True, 0)
    assert found.samples.shape == (3 * RATE, 1)
    assert found.samples.dtype == np.float32
    np.testing.assert_allclose(found.samples[:, 0], RAMP, atol=2**-22)


@pytest.mark.parametrize("form", ["WAV", "FLAC", "OGG"])
@pytest.mark.parametrize(("start", "end"), [(0.0, 1.0), (0.5, 1.25), (2.5, None), (2.5, 9.0), (0.0001, 0.0002)])
def test_a_piece_is_what_lies_between_its_times(tmp_path: Path, form: str, start: float, end: float | None) -> None:
    sf.write(tmp_path / "a", RAMP, RATE, format=form)
    found = audio.read(tmp_path / "a", start=start, end=end)
    first, last = round(start * RATE), min(round((end or 3) * RATE), 3 * RATE)
    assert len(found.samples) == last - first
    np.testing.assert_allclose(found.samples[:, 0], RAMP[first:last], atol=0.02)
    assert found.complete


def test_channels_stay_apart(tmp_path: Path) -> None:
    sf.write(tmp_path / "a.wav", np.stack([RAMP, -RAMP], axis=1), RATE)
    found = audio.read(tmp_path / "a.wav").samples
    np.testing.assert_allclose(found[:, 0], -found[:, 1], atol=1e-4)


def test_pieces_that_hold_nothing(ramp: Path) -> None:
    assert code_of(ramp, start=3.0) == "audio-empty"
    assert code_of(ramp, start=99.0) == "audio-empty"
    assert code_of(ramp, start=1.0, end=1.0) == "audio-empty"


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert code_of(tmp_path / "fifo") == "audio-unreadable"
    assert code_of(tmp_path) == "audio-unreadable"
    assert code_of(tmp_path / "nowhere") == "audio-missing"
    assert code_of(Path("/dev/zero")) == "audio-unreadable"


def test_a_long_file_is_read_in_part_and_keeps_its_length(tmp_path: Path) -> None:
    seconds = int(audio.READ_SECONDS) + 20
    sf.write(tmp_path / "a.flac", np.tile(RAMP[:4_000], 2 * seconds), 8_000)
    found = audio.read(tmp_path / "a.flac")
    assert len(found.samples) == audio.READ_SECONDS * 8_000
    assert not found.complete
    assert found.claimed == seconds * 8_000
    piece = audio.read(tmp_path / "a.flac", start=seconds - 5)
    assert piece.complete
    assert len(piece.samples) == 5 * 8_000


def test_a_long_file_without_its_end_is_cut_off(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).standard_normal(8_000 * 240) * 0.1
    sf.write(tmp_path / "a.flac", noise, 8_000)
    data = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(data[: int(len(data) * 0.9)])  # all that is read is there
    assert code_of(tmp_path / "a.flac") == "audio-cut-off-file"


@pytest.mark.parametrize("rate", [4_000, 44_100, 96_000, 384_000])
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_what_is_read_fits_the_memory_of_a_worker(rate: int, channels: int) -> None:
    frames = audio._most_frames(rate, channels)
    assert frames * (4 * channels + audio.VIEWS_BYTES) <= 1 << 29
    assert frames >= 20 * rate
    if rate <= 48_000 and channels <= 2:
        assert frames == audio.READ_SECONDS * rate


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.4, 0.4, round(8000 * seconds)).astype(np.float32)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_mixdown_is_the_mean_or_the_loudest_channel_where_that_cancels(sign: int) -> None:
    samples = np.stack([0.9 * noise(1), sign * noise(1)], axis=1)
    heard = audio.mixdown(samples)
    assert np.array_equal(heard, samples.mean(axis=1) if sign > 0 else samples[:, 1])
    assert heard.flags.c_contiguous
    assert np.array_equal(audio.mixdown(samples[:, :1]), samples[:, 0])


def test_which_channel_is_heard_is_decided_once_for_all_blocks() -> None:
    """A part in which the channels cancel goes with the whole: what is heard does not jump to and fro."""
    said, other = noise(2), noise(2, 1)
    apart = np.stack([said, -said], axis=1)
    alike = np.stack([said, other], axis=1)
    assert audio.sole_channel([alike, apart]) is None
    parts = [2 * apart, 0.1 * alike, 2 * apart]
    assert audio.sole_channel(parts) in {0, 1}
    assert audio.sole_channel(parts) == audio.sole_channel([np.concatenate(parts)])
    assert audio.sole_channel([said[:, None], said[:, None]]) == 0
    assert audio.sole_channel([np.zeros((10, 2), np.float32)]) is None


def test_a_file_that_is_read_in_blocks_is_loaded_as_one_that_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = np.stack([noise(9), -noise(9)], axis=1)
    sf.write(tmp_path / "a.wav", samples, 8000, subtype="FLOAT")
    loaded = audio.load_mono(tmp_path / "a.wav", 16_000, start=1.0, end=8.0)
    assert len(loaded) == 7 * 16_000
    assert loaded.std() > 0.2
    monkeypatch.setattr(audio, "READ_SECONDS", 3.0)
    assert np.array_equal(audio.load_mono(tmp_path / "a.wav", 16_000, start=1.0, end=8.0, whole=True), loaded)
    assert len(audio.load_mono(tmp_path / "a.wav", 16_000, start=1.0, end=8.0)) == 3 * 16_000
