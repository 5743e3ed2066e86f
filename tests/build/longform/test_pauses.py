"""Pauses: found in a recording that drifts, and cut far from any speech."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from scipy.signal import butter, sosfilt

from ttsprep.build.longform.pauses import CLEAR_S, Levels, find_pauses, is_speech, scan
from ttsprep.core.types import Samples

RATE = 16_000


def syllables(seconds: float, seed: int) -> Samples:
    """Noise with the spectrum and the rise and fall of speech, ending in a weak fricative of 120 ms."""
    random = np.random.default_rng(seed)
    count = round(seconds * RATE)
    voice = sosfilt(butter(2, (200, 2_500), "bandpass", fs=RATE, output="sos"), random.standard_normal(count))
    voice *= 0.2 * (0.15 + np.abs(np.sin(np.pi * 4 * np.arange(count) / RATE)))
    hiss = sosfilt(butter(4, 4_000, "highpass", fs=RATE, output="sos"), random.standard_normal(count))
    weak = np.arange(count) > count - round(0.12 * RATE)
    return np.where(weak, 0.006 * hiss, voice).astype(np.float32)


def recording(folder: Path, gaps: list[float], gains: list[float], *, noise: float = 2e-4) -> tuple[Levels, list]:
    """Return the levels of two-second stretches of speech with `gaps` behind them, and the true silences."""
    parts, silences, at = [], [], 0.0
    for number, (gap, gain) in enumerate(zip(gaps, gains, strict=True)):
        parts += [gain * syllables(2.0, number), np.zeros(round(gap * RATE), np.float32)]
        silences.append((at + 2.0, at + 2.0 + gap))
        at += 2.0 + gap
    samples = np.concatenate(parts)
    samples += noise * np.random.default_rng(9).standard_normal(len(samples)).astype(np.float32)
    sf.write(folder / "a.wav", samples, RATE, subtype="FLOAT")
    return scan(folder / "a.wav"), silences


def test_every_pause_is_found_although_the_level_drifts_by_14_db(tmp_path: Path) -> None:
    gains = list(10 ** (np.linspace(0, -14, 40) / 20))
    levels, silences = recording(tmp_path, [0.3, 0.5, 0.8, 0.4] * 10, gains)
    found = find_pauses(levels, is_speech(levels), 0.25)
    assert len(found) == 41  # 39 between, and both ends
    for pause, (first, last) in zip(found[1:-1], silences[:-1], strict=True):
        assert first + min(CLEAR_S, (last - first) / 3) - 0.03 <= pause.end / 100 <= last - 0.09
        assert pause.end == pause.begin


def test_a_long_silence_is_left_out_but_for_room_tone(tmp_path: Path) -> None:
    levels, silences = recording(tmp_path, [2.0, 0.4, 3.0], [1.0, 1.0, 1.0])
    _, long, short, tail = find_pauses(levels, is_speech(levels), 0.25)
    assert silences[0][0] + 0.07 <= long.end / 100 <= silences[0][0] + 0.33
    assert silences[0][1] - 0.33 <= long.begin / 100 <= silences[0][1] - 0.07
    assert short.end == short.begin
    assert tail.end / 100 <= silences[2][0] + 0.33


def test_digital_silence_is_a_pause_like_any_other(tmp_path: Path) -> None:
    levels, silences = recording(tmp_path, [0.5] * 6, [1.0] * 6, noise=0.0)
    found = find_pauses(levels, is_speech(levels), 0.25)[1:-1]
    assert [a <= pause.end / 100 <= b for pause, (a, b) in zip(found, silences, strict=False)] == [True] * 5


@pytest.mark.parametrize("samples", [np.zeros(4 * RATE), np.full(4 * RATE, 0.25)])
def test_nothing_is_no_speech(samples: Samples, tmp_path: Path) -> None:
    sf.write(tmp_path / "a.wav", samples, RATE)
    levels = scan(tmp_path / "a.wav")
    assert find_pauses(levels, is_speech(levels), 0.25) == []
