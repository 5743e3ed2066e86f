"""What a corpus is judged for: the rate that it fills, or the one that is asked for."""

import numpy as np
import pandas as pd
import pytest

from ttsprep.audit.goal.groups import find_groups
from ttsprep.audit.goal.rate import Goal, find_goal
from ttsprep.checks.bandwidth import Bandwidth
from ttsprep.core.types import Severity

SECONDS = 3.6


def corpus(*parts: tuple[int, int, float], **columns: object) -> pd.DataFrame:
    """Return clips of 3.6 s from (how many, sample rate, end of the band in Hz or 0 for none)."""
    rows = [(rate, end or rate / 2, 50.0 if end else 10.0) for count, rate, end in parts for _ in range(count)]
    frame = pd.DataFrame(rows, columns=["sample_rate", "bandwidth_hz", "cliff_db"], dtype=float)
    frame.insert(0, "id", [f"c{i:04d}" for i in range(len(frame))])
    return frame.assign(status="ok", duration_s=SECONDS, speaker="", **columns)


@pytest.mark.parametrize(
    ("parts", "rate"),
    [
        ([(100, 22_050, 0)], 22_050),
        ([(100, 48_000, 0)], 48_000),
        ([(100, 48_000, 20_200)], 44_100),  # Opus
        ([(100, 48_000, 10_800)], 24_000),
        ([(100, 22_050, 3_400)], 8_000),  # a telephone
        ([(583, 48_000, 0), (791, 48_000, 7_400)], 16_000),
        ([(95, 48_000, 0), (5, 48_000, 7_400)], 48_000),
        ([(60, 22_050, 0), (40, 16_000, 0)], 16_000),
        ([(95, 22_050, 0), (5, 16_000, 0)], 22_050),
        ([(9, 11_025, 2_600)], 8_000),
    ],
)
def test_the_goal_is_the_highest_rate_that_nine_tenths_fill(parts, rate: int) -> None:
    goal = find_goal(corpus(*parts), 0, "")
    assert (goal.rate, goal.asked) == (rate, "")
    assert [one.rate for one in goal.choices] == sorted((one.rate for one in goal.choices), reverse=True)
    assert [one.clips for one in goal.choices] == sorted({one.clips for one in goal.choices})
    assert find_goal(corpus(*parts), 24_000, "--for f5-tts").rate == 24_000


def test_the_choices_say_what_each_rate_keeps() -> None:
    goal = find_goal(corpus((583, 48_000, 0), (791, 48_000, 7_400)), 0, "")
    assert [(one.rate, one.clips) for one in goal.choices] == [(48_000, 583), (16_000, 1374)]
    assert goal.choices[1].hours == pytest.approx(1374 * SECONDS / 3600)


def test_a_corpus_that_cannot_be_read_has_no_goal() -> None:
    assert find_goal(corpus((3, 16_000, 0)).assign(status="audio-unreadable"), 0, "") == Goal(0, "")
    assert find_goal(corpus(), 22_050, "the recipe") == Goal(22_050, "the recipe")


def judged(clips: pd.DataFrame, rate: int):
    return list(Bandwidth(goal_hz=rate).judge(clips))


def test_an_empty_band_above_the_goal_is_nothing() -> None:
    assert judged(corpus((100, 48_000, 20_200)), 44_100) == []
    assert judged(corpus((100, 48_000, 11_000)), 22_050) == []


def test_nothing_is_too_narrow_for_the_lowest_rate() -> None:
    telephone = corpus((60, 22_050, 3_300), (40, 22_050, 3_500))
    assert find_goal(telephone, 0, "").rate == 8_000
    assert judged(telephone, 8_000) == []


def test_clips_below_the_goal_are_findings_where_others_are_not() -> None:
    found = judged(corpus((70, 48_000, 0), (30, 48_000, 7_400), (3, 16_000, 0)), 22_050)
    assert [f.clip for f in found] == [f"c{i:04d}" for i in range(70, 103)]
    assert {f.severity for f in found} == {Severity.ERROR}
    assert "trained at 22.05 kHz: upsampled or coded with loss" in found[0].message
    assert "recorded at a lower rate" in found[-1].message


def test_what_the_whole_corpus_lacks_is_one_note_with_the_rate_to_train_at() -> None:
    (found,) = judged(corpus((2, 48_000, 0), (98, 48_000, 7_400)), 22_050)
    assert (found.clip, found.severity) == ("", Severity.NOTE)
    assert "98% of the clips have nothing above about 7.4 kHz" in found.message
    assert "more than 16,000 Hz gains nothing" in found.message


def test_two_heaps_are_two_groups() -> None:
    random = np.random.default_rng(1)
    level = np.concatenate([-30 + random.standard_normal(60), -18 + random.standard_normal(40)])
    floor = -60 + 3 * random.standard_normal(100)
    clips = corpus((60, 48_000, 0), (40, 48_000, 7_400), loudness_lufs=level, noise_floor_dbfs=floor)
    band, loudness = find_groups(clips)
    assert (band.measure, band.low.clips, band.low.median, band.high.clips) == ("bandwidth_hz", 40, 7_400, 60)
    assert (loudness.measure, loudness.low.clips, loudness.high.clips) == ("loudness_lufs", 60, 40)
    assert loudness.low.median == pytest.approx(-30, abs=0.5)
    assert band.low.hours == pytest.approx(40 * SECONDS / 3600)


@pytest.mark.parametrize("seed", range(20))
def test_one_heap_is_no_group(seed: int) -> None:
    random = np.random.default_rng(seed)
    heaps = {
        "loudness_lufs": -23 + 8 * random.standard_normal(300),
        "noise_floor_dbfs": random.uniform(-80, -40, 300),
        "f0_median_hz": 120 * np.exp(0.2 * random.standard_normal(300)),
        "decay_db_per_60ms": 20 + random.exponential(6.0, 300),
    }
    assert find_groups(corpus((300, 22_050, 0), **heaps)) == []


def test_two_named_speakers_are_no_groups_by_pitch_and_one_name_with_two_voices_is() -> None:
    pitch = np.repeat([110.0, 210.0], 30) + np.arange(60) % 7
    clips = corpus((60, 22_050, 0), f0_median_hz=pitch)
    assert [one.measure for one in find_groups(clips)] == ["f0_median_hz"]
    assert find_groups(clips.assign(speaker=["a", "b"] * 30)) == []
    assert find_groups(clips[25:35].reset_index(drop=True)) == [], "too few"
