"""Rate: text or speech that is missing, on both sides."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from checks.speech import ONE_VOICE, clean, filtered, judge, measure, of, severe, takes
from ttsprep.checks.rate import RateCheck
from ttsprep.core.types import Severity


def with_text(source: str, texts: dict[int, str]):
    clips = takes(source)
    rows = list(clean(source))
    changed = measure([replace(clips[i], text=text) for i, text in texts.items()])
    for i, row in zip(texts, changed, strict=True):
        rows[i] = row
    return rows


def words(source: str, i: int) -> list[str]:
    return takes(source)[i].text.split()


LONG = (0, 7, 19)


@pytest.mark.parametrize("source", ONE_VOICE)
def test_nothing_is_wrong_with_clean_clips(source: str) -> None:
    assert not severe(judge(clean(source), "rate"))


@pytest.mark.parametrize("source", ONE_VOICE)
def test_too_little_text_is_found(source: str) -> None:
    texts = {i: " ".join(words(source, i)[: len(words(source, i)) // 3]) for i in LONG}
    everything = severe(of(judge(with_text(source, texts), "rate"), "rate-outlier"))
    found = [finding for finding in everything if finding.clip in {f"c{i}" for i in LONG}]
    assert len(found) == 3
    assert len(everything) <= 4
    assert all("too long for its text" in finding.message for finding in found)
    assert any(finding.severity == Severity.ERROR for finding in found)
    assert all(finding.value > finding.limit for finding in found)


@pytest.mark.parametrize("source", ONE_VOICE)
def test_too_much_text_is_found(source: str) -> None:
    texts = {i: " ".join(words(source, i) + words(source, i + 1) + words(source, i + 2)) for i in LONG}
    found = severe(of(judge(with_text(source, texts), "rate"), "rate-outlier"))
    assert [finding.clip for finding in found] == [f"c{i}" for i in LONG]
    assert all("too short for its text" in finding.message for finding in found)


def test_the_more_is_missing_the_worse() -> None:
    ranks = []
    for share in (0.9, 0.55, 0.25):
        text = " ".join(words("espeak", 0)[: int(share * len(words("espeak", 0)))])
        found = of(judge(with_text("espeak", {0: text}), "rate"), "rate-outlier", 0)
        ranks.append(max((finding.severity.rank + 1 for finding in found), default=0))
    assert ranks == sorted(ranks)
    assert ranks[0] == 0
    assert ranks[2] == 3


def test_pauses_and_gain_do_not_count() -> None:
    clips = takes("espeak")
    rows = list(clean("espeak"))
    for i in (3, 9):
        rate = clips[i].rate
        softer = filtered(clips[i], lambda x, rate=rate: x[rate // 5 :] * 0.2)
        rows[i] = measure([softer])[0]
    assert not severe(judge(rows, "rate"))


def test_few_clips_are_held_against_any_reader() -> None:
    rows = list(clean("espeak")[:6])
    assert not judge(rows, "rate")
    rows[2] = measure([replace(takes("espeak")[2], text=takes("espeak")[2].text * 6)])[0]
    rows[4] = measure([replace(takes("espeak")[4], text="O.")])[0]
    found = judge(rows, "rate")
    assert [(finding.clip, finding.severity) for finding in found] == [
        ("c2", Severity.WARNING),
        ("c4", Severity.WARNING),
    ]


def test_a_clip_without_text_is_left_to_others() -> None:
    rows = with_text("espeak", {5: ""})
    assert not of(judge(rows, "rate"), "rate-outlier", 5)


@pytest.mark.parametrize(
    ("language", "cps", "count"), [("en-us", 2.0, 1), ("zh", 2.0, 0), ("ko", 0.5, 1), ("ja", 40.0, 1)]
)
def test_a_character_that_is_a_syllable_takes_longer(language: str, cps: float, count: int) -> None:
    row = {"id": "a", "speaker": "", "language": language, "chars": 10, "phones": np.nan, "chars_per_s": cps}
    table = pd.DataFrame([row | {"speech_s": 10 / cps, "level_range_db": 30.0}])
    assert len(list(RateCheck().judge(table))) == count
