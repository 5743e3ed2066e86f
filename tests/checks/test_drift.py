"""Drift: changes along the order of the corpus, and none in any other order."""

import numpy as np
import pandas as pd
import pytest

from checks.speech import among, clean, filtered, judge, of, takes
from ttsprep.checks.drift import FEWEST_OF_SESSION, Drift
from ttsprep.checks.timbre import CENTRES_HZ
from ttsprep.core.types import Finding, Severity

RANDOM = np.random.default_rng(0)
TREBLE = ["timbre_2500_db", "timbre_3600_db", "timbre_4700_db"]


def table(clips: int = 160, speaker: str = "") -> pd.DataFrame:
    columns = {
        "id": [f"{speaker}{i}" for i in range(clips)],
        "speaker": speaker,
        "speech_s": 3.0,
        "loudness_lufs": -23 + RANDOM.standard_normal(clips),
        "noise_floor_dbfs": -60 + 2 * RANDOM.standard_normal(clips),
        "f0_median_hz": 200 * np.exp(0.04 * RANDOM.standard_normal(clips)),
        "phones_per_s": 13 * np.exp(0.08 * RANDOM.standard_normal(clips)),
    }
    return pd.DataFrame(columns | {f"timbre_{hz}_db": RANDOM.standard_normal(clips) for hz in CENTRES_HZ})


def changed(clips: pd.DataFrame, rows, column: str | list[str], amount: float, factor: float = 1.0) -> pd.DataFrame:
    clips = clips.copy()
    clips.loc[rows, column] = clips.loc[rows, column] * factor + amount
    return clips


def judged(clips: pd.DataFrame) -> list[Finding]:
    return list(Drift().judge(clips))


TRACKS = [
    ("loudness_lufs", 8.0, 1.0, "loudness changes by 8 dB"),
    ("noise_floor_dbfs", 15.0, 1.0, "noise floor changes by 15 dB"),
    ("f0_median_hz", 0.0, 1.26, "F0 changes by 4 semitones"),
    (TREBLE, 9.0, 1.0, "treble against bass changes by 9 dB"),
    ("phones_per_s", 0.0, 1.5, "speaking rate changes by 41 %"),
]


@pytest.mark.parametrize(("column", "amount", "factor", "words"), TRACKS)
def test_a_second_half_that_differs_is_found(column, amount: float, factor: float, words: str) -> None:
    (found,) = judged(changed(table(), slice(80, None), column, amount, factor))
    assert (found.clip, found.code, found.severity) == ("", "session-drift", Severity.WARNING)
    what, _, number_and_unit = words.partition(" changes by ")
    number, unit = number_and_unit.split()
    assert what in found.message
    assert f" {unit}" in found.message
    assert found.value == pytest.approx(float(number), rel=0.3)
    low, high = found.message.index("between the"), found.message.index("and the")
    assert found.message[low + 12] in "1234"
    assert found.message[high + 8] in "5678"


@pytest.mark.parametrize(("column", "amount", "factor", "words"), TRACKS)
def test_the_same_clips_shuffled_are_not(column, amount: float, factor: float, words: str) -> None:
    clips = changed(table(), slice(80, None), column, amount, factor)
    halves = np.arange(160).reshape(2, 80).T.ravel()  # one of the first half, one of the second, and so on
    assert words
    assert not judged(clips.iloc[halves])


def test_one_odd_session_among_many_is_found() -> None:
    (found,) = judged(changed(table(), slice(40, 60), "loudness_lufs", -9))
    assert "between the 3rd and the" in found.message


def test_what_nobody_hears_is_no_drift() -> None:
    for column, amount, factor, _ in TRACKS:
        little = changed(table(), slice(80, None), column, amount / 5, 1 + (factor - 1) / 5)
        assert not judged(little)


def test_speakers_are_followed_apart() -> None:
    loud, soft = table(80, "loud"), changed(table(80, "soft"), slice(None), "loudness_lufs", -12)
    assert not judged(pd.concat([loud, soft], ignore_index=True))
    drifting = changed(soft, slice(40, None), "loudness_lufs", 9)
    (found,) = judged(pd.concat([loud, drifting], ignore_index=True))
    assert "of soft" in found.message


def test_few_clips_and_clips_without_speech_are_left_out() -> None:
    clips = changed(table(FEWEST_OF_SESSION - 1), slice(20, None), "loudness_lufs", 12)
    assert not judged(clips)
    empty = table(100).assign(speech_s=0.2, loudness_lufs=np.where(np.arange(100) < 50, -20.0, -60.0))
    assert not judged(empty)
    missing = changed(table(), slice(80, None), "loudness_lufs", np.nan)
    assert not judged(missing)


def test_real_clips_turned_down_for_the_second_half() -> None:
    assert not judge(clean("espeak"), "drift")
    softer = {i: filtered(takes("espeak")[i], lambda x: x * 0.2) for i in range(20, 40)}
    found = judge(among("espeak", softer), "drift")
    assert any("loudness" in finding.message for finding in of(found, "session-drift"))
    halves = np.arange(40).reshape(2, 20).T.ravel()
    rows = among("espeak", softer)
    assert not any("loudness" in finding.message for finding in judge([rows[i] for i in halves], "drift"))


def test_two_kinds_of_clips_well_mixed_are_no_drift() -> None:
    """The median of a mixed part jumps between the two kinds, but only by chance."""
    clips = changed(table(), slice(80, None), "loudness_lufs", -9)
    found = [len(judged(clips.sample(frac=1, random_state=seed))) for seed in range(20)]
    assert sum(found) <= 4
    assert len(judged(clips)) == 1
