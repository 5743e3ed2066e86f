"""Levels of a long file: read in blocks, the same as read at once."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from ttsprep.build.longform import pauses as levels
from ttsprep.core.errors import AudioError


@pytest.mark.parametrize("rate", [11_025, 16_000, 22_050])
def test_blocks_leave_no_seam(rate: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    # the offset that is taken from each block differs, which only the frames at both ends hear
    samples = np.cumsum(random.standard_normal(9 * rate)) * 1e-3
    samples = samples - np.linspace(samples[0], samples[-1], len(samples))
    sf.write(tmp_path / "a.wav", 0.5 * samples / np.abs(samples).max(), rate, subtype="FLOAT")
    whole = levels.scan(tmp_path / "a.wav", start=0.5)
    monkeypatch.setattr(levels, "BLOCK_S", 1.7)
    pieces = levels.scan(tmp_path / "a.wav", start=0.5)
    assert pieces.samples == whole.samples == 9 * rate - round(0.5 * rate)
    assert len(pieces.low) == len(whole.low) == whole.samples // whole.hop + 1
    assert len(pieces.timbre) == len(whole.timbre) == (len(whole.low) + 1) // 2
    np.testing.assert_allclose(pieces.low[3:-3], whole.low[3:-3], atol=0.5)
    np.testing.assert_allclose(pieces.high[3:-3], whole.high[3:-3], atol=0.5)


def test_a_part_ends_where_it_is_asked_to(tmp_path: Path) -> None:
    sf.write(tmp_path / "a.wav", np.random.default_rng(2).uniform(-0.1, 0.1, 70 * 8_000), 8_000)
    assert levels.scan(tmp_path / "a.wav", start=1.0, end=66.0).samples == 65 * 8_000
    assert levels.scan(tmp_path / "a.wav", start=30.0, end=60.0).samples == 30 * 8_000


def test_a_block_that_is_damaged_is_an_error(tmp_path: Path) -> None:
    samples = np.random.default_rng(3).uniform(-0.1, 0.1, 40 * 8_000).astype(np.float32)
    samples[35 * 8_000] = np.nan
    sf.write(tmp_path / "a.wav", samples, 8_000, subtype="FLOAT")
    with pytest.raises(AudioError) as caught:
        levels.scan(tmp_path / "a.wav")
    assert caught.value.code == "audio-not-finite"
