"""Length: single clips, and how lengths are spread over a corpus."""

import numpy as np
import pandas as pd
import pytest

from checks.speech import ONE_VOICE, clean, judge, spoilt
from ttsprep.checks.length import Length
from ttsprep.core.types import Finding, Severity

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


def judged(seconds, check: Length | None = None) -> list[Finding]:
    table = pd.DataFrame({"id": [f"c{i}" for i in range(len(seconds))], "duration_s": np.asarray(seconds, float)})
    return list((check or Length()).judge(table))


def about_the_corpus(seconds) -> list[Severity]:
    return [finding.severity for finding in judged(seconds) if finding.code == "length-distribution"]


SPREAD = np.random.default_rng(0).uniform(2, 12, 100)


@pytest.mark.parametrize("source", ONE_VOICE)
def test_nothing_is_wrong_with_clean_clips(source: str) -> None:
    assert not judge(clean(source), "length")


@pytest.mark.parametrize("source", ONE_VOICE)
def test_each_defect_is_found(source: str) -> None:
    assert {finding.severity for finding in spoilt(source, "too-short", "0.25 s of it")} == {WARNING}
    assert {finding.severity for finding in spoilt(source, "too-long", "repeated for 40 s")} == {WARNING}


def test_the_shorter_and_the_longer_the_worse() -> None:
    seconds = [0.05, 0.2, 0.6, 3.0, 15.0, 24.0, 45.0, np.nan]
    found = [(finding.clip, finding.code, finding.severity) for finding in judged(seconds)]
    assert found == [
        ("c0", "too-short", ERROR),
        ("c1", "too-short", WARNING),
        ("c2", "too-short", NOTE),
        ("c5", "too-long", NOTE),
        ("c6", "too-long", WARNING),
    ]


def test_limits_are_named() -> None:
    check = Length(short_error_s=1.0, short_warning_s=1.2, short_note_s=2.0, long_warning_s=8.0, long_note_s=6.0)
    assert [(finding.value, finding.limit) for finding in judged([0.5, 1.5, 4.0, 7.0, 9.0], check)] == [
        (0.5, 1.0),
        (1.5, 2.0),
        (7.0, 6.0),
        (9.0, 8.0),
    ]


def test_many_short_many_long_or_all_alike_are_noted() -> None:
    random = np.random.default_rng(1)
    assert about_the_corpus(SPREAD) == []
    assert about_the_corpus(np.where(np.arange(100) < 35, 0.7, SPREAD)) == [NOTE]
    assert about_the_corpus(np.where(np.arange(100) < 80, random.uniform(0.3, 0.9, 100), SPREAD)) == [WARNING]
    assert about_the_corpus(np.where(np.arange(100) < 30, random.uniform(16, 30, 100), SPREAD)) == [NOTE]
    assert about_the_corpus(random.uniform(4.9, 5.1, 100)) == [NOTE]


def test_a_small_corpus_has_no_distribution() -> None:
    assert about_the_corpus(np.full(29, 5.0)) == []
    assert about_the_corpus(np.full(30, 5.0)) == [NOTE]
    assert judged([]) == []


def test_the_order_does_not_matter() -> None:
    assert about_the_corpus(np.sort(SPREAD)) == about_the_corpus(SPREAD)
