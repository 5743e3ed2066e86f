"""Trimming: cuts where it means to, never into speech, and leaves real room tone."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ttsprep.build.stages.trim import Trim
from ttsprep.core import audio
from ttsprep.core.errors import AudioError, UsageError
from ttsprep.core.signal import Signal
from ttsprep.core.types import Audio, Clip, Samples

CLIP = Clip("a", "a.wav", "text")


def tight(folder: Path) -> Iterator[Audio]:
    """Spoken clips that begin and end inside strong speech, so that where it starts is known."""
    for path in sorted((folder / "wavs").glob("demo*.wav"))[:8]:
        clip = audio.read(path)
        signal = Signal(clip)
        strong = np.flatnonzero(signal.speech & (signal.level_db > signal.peak_db - 15))
        hop = round(0.01 * clip.rate)
        yield clip.with_samples(clip.samples[strong[0] * hop : strong[-1] * hop])


def room(length: int, level_db: float, seed: int = 0) -> Samples:
    noise = np.random.default_rng(seed).standard_normal((length, 1)) * 10 ** (level_db / 20)
    return noise.astype(np.float32)


@pytest.mark.parametrize("level_db", [-90, -70, -60])
@pytest.mark.parametrize(("before_s", "after_s"), [(0.7, 1.3), (2.0, 0.5)])
def test_silence_of_known_length_is_cut_within_20_ms_of_intent(
    spoken_once: Path, before_s: float, after_s: float, level_db: float
) -> None:
    trim = Trim(lead_s=0.15, tail_s=0.2)
    for clip in tight(spoken_once):
        before, after = round(before_s * clip.rate), round(after_s * clip.rate)
        whole = room(before + len(clip.samples) + after, level_db)
        whole[before : before + len(clip.samples)] += clip.samples
        changes = trim.apply(CLIP, clip.with_samples(whole)).changes
        assert float(changes["lead_removed_s"]) == pytest.approx(before_s - 0.15, abs=0.02)
        assert float(changes["tail_removed_s"]) == pytest.approx(after_s - 0.2, abs=0.02)


def test_digital_silence_is_cut_within_20_ms_of_intent(spoken_once: Path) -> None:
    for clip in tight(spoken_once):
        pad = np.zeros((clip.rate, 1), np.float32)
        changes = Trim().apply(CLIP, clip.with_samples(np.concatenate((pad, clip.samples, pad)))).changes
        assert float(changes["lead_removed_s"]) == pytest.approx(1 - 0.15, abs=0.02)
        assert float(changes["tail_removed_s"]) == pytest.approx(1 - 0.2, abs=0.02)


@pytest.mark.parametrize("gap_s", [0.05, 0.15, 0.25])
def test_a_weak_fricative_and_the_burst_of_a_stop_are_speech(spoken_once: Path, gap_s: float) -> None:
    """50 dB under the voice, far under what finds the speech, and behind the closure of a stop."""
    for clip in tight(spoken_once):
        rate = clip.rate
        signal = Signal(clip)
        level = signal.peak_db - 50
        length = int(0.08 * rate)
        noise = np.diff(room(length + 1, level + 3, 1)[:, 0])[:, None]  # rises with frequency, as s and t do
        gap, pad = int(gap_s * rate), rate
        whole = room(2 * pad + 2 * gap + 2 * length + len(clip.samples), level - 25)
        start = pad + length + gap
        end = start + len(clip.samples)
        whole[start:end] += clip.samples
        whole[pad : pad + length] += noise
        whole[end + gap : end + gap + length] += noise
        done = Trim().apply(CLIP, clip.with_samples(whole))
        assert float(done.changes["lead_removed_s"]) == pytest.approx(1 - 0.15, abs=0.03)
        assert float(done.changes["tail_removed_s"]) == pytest.approx(1 - 0.2, abs=0.03)


def test_a_click_far_from_the_speech_is_no_speech(spoken_once: Path) -> None:
    for clip in tight(spoken_once):
        rate = clip.rate
        whole = room(4 * rate + len(clip.samples), -75)
        whole[2 * rate : 2 * rate + len(clip.samples)] += clip.samples
        whole[rate : rate + int(0.01 * rate)] += room(int(0.01 * rate), -40, 2)
        changes = Trim().apply(CLIP, clip.with_samples(whole)).changes
        assert float(changes["lead_removed_s"]) == pytest.approx(2 - 0.15, abs=0.02)


def test_what_is_kept_is_as_it_was_but_for_the_fades(spoken_once: Path) -> None:
    clip = next(tight(spoken_once))
    pad = room(clip.rate, -70)
    whole = np.concatenate((pad, clip.samples, pad[::-1]))
    done = Trim(fade_s=0.005).apply(CLIP, clip.with_samples(whole))
    first = round(float(done.changes["lead_removed_s"]) * clip.rate)
    kept = whole[first : first + len(done.audio.samples)]
    fade = round(0.005 * clip.rate)
    assert np.array_equal(done.audio.samples[fade:-fade], kept[fade:-fade])
    assert abs(done.audio.samples[0, 0]) < 0.01 * abs(kept).max()
    assert np.all(np.abs(done.audio.samples[:fade]) <= np.abs(kept[:fade]) + 1e-9)


def test_nothing_is_ever_added(spoken_once: Path) -> None:
    for clip in tight(spoken_once):
        done = Trim(lead_s=0.25, tail_s=0.25).apply(CLIP, clip)
        assert done.audio is clip
        assert done.changes == {}


def test_a_trimmed_clip_stays_as_it_is(spoken_once: Path) -> None:
    for clip in tight(spoken_once):
        pad = room(clip.rate, -70)
        once = Trim().apply(CLIP, clip.with_samples(np.concatenate((pad, clip.samples, pad))))
        assert len(once.audio.samples) - len(Trim().apply(CLIP, once.audio).audio.samples) <= 0.02 * clip.rate


def test_a_clip_without_speech_is_refused() -> None:
    with pytest.raises(AudioError, match="no speech") as caught:
        Trim().apply(CLIP, Audio(np.zeros((16_000, 1), np.float32), 16_000))
    assert caught.value.code == "no-speech"


@pytest.mark.parametrize("wrong", [{"lead_s": 0.0}, {"tail_s": 9.0}, {"fade_s": 1.0}])
def test_wrong_parameters_are_named(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        Trim(**wrong)
