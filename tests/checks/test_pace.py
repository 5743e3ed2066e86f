"""Pace: a robust line through durations that a third of wrong pairs does not move."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.speech import altered, clean, corpus
from ttsprep.checks.pace import FEWEST_FOR_PACE, durations, pace, robust_line, seconds_of, speed


@settings(max_examples=60)
@given(
    slope=st.floats(0.03, 0.2),
    intercept=st.floats(0.0, 0.4),
    clips=st.integers(40, 200),
    wrong=st.floats(0.0, 0.3),
    factor=st.sampled_from([0.2, 0.4, 2.5, 6.0]),
    both_ways=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_third_of_gross_errors_does_not_move_the_line(
    slope: float, intercept: float, clips: int, wrong: float, factor: float, both_ways: bool, seed: int
) -> None:
    random = np.random.default_rng(seed)
    size = random.integers(10, 150, clips).astype(float)
    truth = intercept + slope * size
    seconds = truth * np.exp(0.08 * random.standard_normal(clips))
    spoilt = random.permutation(clips)[: int(wrong * clips)]
    seconds[spoilt] *= factor
    if both_ways:
        seconds[spoilt[::2]] /= factor**2
    found_slope, found_intercept = robust_line(size, seconds)
    assert 0 <= found_intercept <= 0.5
    assert found_slope > 0
    good = np.setdiff1d(np.arange(clips), spoilt)
    relative = np.log((found_intercept + found_slope * size[good]) / truth[good])
    assert np.abs(np.median(relative)) < 0.2
    assert np.percentile(np.abs(relative), 90) < 0.35


def test_an_exact_line_is_found_exactly() -> None:
    size = np.arange(10.0, 100.0)
    slope, intercept = robust_line(size, 0.2 + 0.07 * size)
    assert slope == pytest.approx(0.07, rel=0.02)
    assert intercept == pytest.approx(0.2, abs=0.05)


@pytest.mark.parametrize("size", [np.full(20, 30.0), np.array([5.0] * 19 + [500.0])])
def test_texts_of_one_length_have_a_line_too(size: np.ndarray) -> None:
    slope, intercept = robust_line(size, 0.08 * size)
    assert intercept + slope * size[0] == pytest.approx(0.08 * size[0], rel=0.1)


def text_of(phones: int, random: np.random.Generator) -> str:
    """Return as many phones, in words of five."""
    drawn = random.choice(["a", "iː", "ə", "t", "s", "n"], phones)
    return " | ".join(" ".join(drawn[at : at + 5]) for at in range(0, phones, 5))


def table(clips: int, speaker: str = "", tempo: float = 0.07, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    phones = random.integers(15, 120, clips).astype(float)
    words = np.random.default_rng(seed + 1)
    return pd.DataFrame({
        "speaker": speaker,
        "phones": phones,
        "phonemes": [text_of(int(count), words) for count in phones],
        "chars": phones * 1.2,
        "speech_s": tempo * phones * np.exp(0.06 * random.standard_normal(clips)),
        "level_range_db": 50.0,
        "f0_median_hz": 200 * np.exp(0.03 * random.standard_normal(clips)),
    })


def test_speakers_have_their_own_pace() -> None:
    both = pd.concat([table(60, "quick", 0.05, 1), table(60, "slow", 0.09, 2)], ignore_index=True)
    against = pace(both)
    assert against.z.abs().max() < 5
    np.testing.assert_allclose(against.expected / both.phones, np.where(both.speaker == "quick", 0.05, 0.09), rtol=0.15)


def test_few_clips_of_a_speaker_are_held_against_all() -> None:
    both = pd.concat([table(60, "A"), table(5, "B", 0.14)], ignore_index=True)
    against = pace(both)
    assert (against.z[60:] > 3).all()
    assert against.off[60:].median() == pytest.approx(np.log(2), abs=0.2)


def test_what_cannot_be_compared_is_missing() -> None:
    clips = table(30)
    clips.loc[3, ["phones", "chars"]] = 0
    clips.loc[4, "speech_s"] = np.nan
    clips.loc[5, "level_range_db"] = 3.0
    clips.loc[6, ["phones", "phonemes"]] = np.nan, ""  # a text in letters that are not read
    against = pace(clips)
    assert against.z[[3, 4, 6]].isna().all()
    assert np.isfinite(against.z.drop([3, 4, 5, 6])).all()
    assert pace(table(FEWEST_FOR_PACE - 1)).z.isna().all()
    assert len(pace(clips.iloc[:0])) == 0


def test_any_index_will_do() -> None:
    clips = table(40)
    shuffled = clips.iloc[::-1]
    np.testing.assert_allclose(pace(shuffled).z.sort_index(), pace(clips).z)


def test_a_faster_clip_is_shorter_and_higher() -> None:
    clips = table(60)
    for i, factor in ((10, 1.4), (20, 1 / 1.4)):
        clips.loc[i, "f0_median_hz"] *= factor
        clips.loc[i, "speech_s"] /= factor
    clips.loc[30, "f0_median_hz"] *= 1.4  # excited, but not faster
    fast = speed(clips)
    assert fast[10] > 4
    assert fast[20] < -4
    assert abs(fast[30]) < 4
    assert fast.drop([10, 20, 30]).abs().max() < 4


def test_real_clips_lie_near_their_line() -> None:
    rows = clean("espeak")
    against = pace(corpus(rows))
    assert np.exp(against.off.abs()).median() < 1.1
    assert against.z.abs().max() < 4
    twice = {"phones": rows[0].measures["phones"] * 2, "phonemes": " | ".join([rows[0].measures["phonemes"]] * 2)}
    assert pace(corpus([altered(rows[0], **twice), *rows[1:]])).z[0] < -4


def test_phones_and_characters_are_not_mixed() -> None:
    chars = np.arange(20.0, 60.0)
    table = pd.DataFrame({"speaker": "", "chars": chars, "phones": chars * 0.5, "speech_s": chars * 0.08})
    table = table.assign(level_range_db=30.0, phonemes=["a " * int(count * 0.5) for count in chars])
    even = np.arange(len(table)) % 2 == 0
    half = table.assign(phones=table.phones.where(even))
    pd.testing.assert_frame_equal(pace(half), pace(table.assign(phones=np.nan)))
    assert pace(half).off.abs().max() < 0.05


@settings(max_examples=30, deadline=None)
@given(
    wrong=st.floats(0.0, 0.3),
    factor=st.sampled_from([0.3, 0.5, 2.0, 4.0]),
    both_ways=st.booleans(),
    tempo=st.floats(0.04, 0.15),
    seed=st.integers(0, 2**32 - 1),
)
def test_durations_of_phones_are_learnt_among_wrong_texts(
    wrong: float, factor: float, both_ways: bool, tempo: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    truth = {"a": 1.6, "iː": 1.3, "ə": 0.4, "t": 0.7, "s": 1.4, "n": 0.6, "|": 0.0}
    texts = [Counter(text_of(int(count), random).split()) for count in random.integers(15, 120, 150)]
    exact = np.array([tempo * sum(truth[phone] * count for phone, count in text.items()) for text in texts])
    seconds = exact * np.exp(0.05 * random.standard_normal(len(exact)))
    spoilt = random.permutation(len(exact))[: int(wrong * len(exact))]
    seconds[spoilt] *= factor
    if both_ways:
        seconds[spoilt[::2]] /= factor**2
    units, silent = durations(texts, seconds)
    good = np.setdiff1d(np.arange(len(exact)), spoilt)
    relative = np.log([seconds_of(texts[i], units, silent) / exact[i] for i in good])
    assert np.abs(np.median(relative)) < 0.1
    assert np.percentile(np.abs(relative), 90) < 0.2


def test_a_phone_that_is_long_is_learnt_to_be_long() -> None:
    random = np.random.default_rng(0)
    texts = [Counter(text_of(int(count), random).split()) for count in random.integers(15, 120, 300)]
    seconds = np.array([0.08 * text.total() + 0.05 * text["t"] for text in texts])
    units, _ = durations(texts, seconds)
    assert units["t"] == pytest.approx(0.13, abs=0.02)
    assert units["s"] == pytest.approx(0.08, abs=0.02)
