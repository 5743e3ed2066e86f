"""Voice: pitch outliers by speaker, and corpora without melody."""

import numpy as np
import pytest
import soxr

from checks.speech import (
    ONE_VOICE,
    SOURCES,
    altered,
    clean,
    filtered,
    judge,
    measure,
    of,
    say,
    severe,
    spoilt,
    takes,
    values,
)
from ttsprep.audit.defects.demo_sentences import SENTENCES
from ttsprep.core.types import Severity

SENTENCE = "It is a way I have of driving off the spleen, and regulating the circulation."


@pytest.mark.parametrize("source", ONE_VOICE)
def test_nothing_is_wrong_with_clean_clips(source: str) -> None:
    assert len(severe(judge(clean(source), "voice"))) <= (1 if source == "ljspeech" else 0)


@pytest.mark.parametrize("source", SOURCES)
def test_f0_does_not_depend_on_gain_and_offset(source: str) -> None:
    for take in takes(source)[:3]:
        usual = values("voice", take)
        for change in (lambda x: x * 0.2, lambda x: x + 0.1):
            seen = values("voice", filtered(take, change))
            assert seen["f0_median_hz"] == pytest.approx(usual["f0_median_hz"], rel=0.01)
            assert seen["f0_spread_st"] == pytest.approx(usual["f0_spread_st"], abs=0.1)


@pytest.mark.parametrize("source", SOURCES)
def test_f0_moves_with_the_playing_speed(source: str) -> None:
    for take in takes(source)[:3]:
        usual = values("voice", take)["f0_median_hz"]
        if usual < 130:
            continue
        for factor in (0.8, 1.25, 1.5):
            played = soxr.resample(take.samples, take.rate, take.rate / factor)
            seen = values("voice", filtered(take, lambda _, played=played: played))["f0_median_hz"]
            assert 12 * np.log2(seen / usual / factor) == pytest.approx(0, abs=1.5)


def test_a_higher_voice_reads_higher_and_a_livelier_one_livelier() -> None:
    medians = [values("voice", say(SENTENCE, pitch=pitch))["f0_median_hz"] for pitch in (35, 50, 65, 80)]
    assert all(np.diff(medians) > 3)
    spreads = [values("voice", say(SENTENCE, melody=melody))["f0_spread_st"] for melody in (0, 40, 95)]
    assert all(np.diff(spreads) > 0.2)


@pytest.mark.parametrize("source", ONE_VOICE)
def test_a_clip_played_too_fast_is_found(source: str) -> None:
    from ttsprep.audit.defects.inject_files import DEFECTS

    for name in [d.name for d in DEFECTS if d.code == "pitch-outlier" and d.plain and " up" in d.name]:
        for finding in spoilt(source, "pitch-outlier", name):
            assert finding.severity == Severity.WARNING
            assert finding.value > finding.limit
            assert "above" in finding.message


def test_two_speakers_are_held_against_themselves() -> None:
    rows = clean("espeak")
    low = [altered(row, "A") for row in rows]
    high = [altered(row, "B", f0_median_hz=row.measures["f0_median_hz"] * 1.9) for row in rows]
    assert not severe(judge([*low, *high], "voice"))
    crossed = altered(rows[5], "A", f0_median_hz=high[5].measures["f0_median_hz"])
    found = judge([*low[:5], crossed, *low[6:], *high], "voice")
    assert [(finding.clip, finding.code) for finding in found] == [("c5", "pitch-outlier")]


def test_unnamed_speakers_are_no_outliers_of_each_other() -> None:
    random = np.random.default_rng(0)
    voices = np.geomspace(90, 250, 10)
    rows = [altered(row, f0_median_hz=random.choice(voices)) for row in clean("espeak")]
    assert not of(judge(rows, "voice"), "pitch-outlier")


def test_seven_clips_are_not_compared() -> None:
    rows = [*clean("espeak")[:6], altered(clean("espeak")[6], f0_median_hz=300.0)]
    assert not judge(rows, "voice")


def test_a_corpus_without_melody_is_found() -> None:
    sentences = [text for text in SENTENCES if 40 < len(text) < 90][:9]
    flat = measure([say(text, melody=0) for text in sentences])
    lively = measure([say(text, melody=95) for text in sentences])
    (found,) = of(judge(flat, "voice"), "monotone")
    assert found.clip == ""
    assert found.severity == Severity.WARNING
    assert found.value < 0.8 * found.limit
    assert not of(judge(lively, "voice"), "monotone")
    assert not of(judge(flat[:7], "voice"), "monotone")  # too few to say
