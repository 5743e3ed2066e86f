"""Timbre: another microphone is another spectrum; a softer clip, or another speaker, is not."""

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from checks.speech import ONE_VOICE, SOURCES, altered, among, clean, filtered, judge, of, severe, spoilt, takes, values
from ttsprep.audit.defects.inject import Take
from ttsprep.checks.timbre import TIMBRE_COLUMNS
from ttsprep.core.types import Severity


def levels(take: Take) -> np.ndarray:
    measured = values("timbre", take)
    return np.array([measured[column] for column in TIMBRE_COLUMNS])


def tilted(take: Take, decibels: float) -> Take:
    """Turn up everything above 2 kHz."""
    treble = sosfilt(butter(2, 2_000, "high", fs=take.rate, output="sos"), take.samples)
    return filtered(take, lambda x: x + (10 ** (decibels / 20) - 1) * treble)


@pytest.mark.parametrize("source", ONE_VOICE)
def test_nothing_is_wrong_with_clean_clips(source: str) -> None:
    assert not severe(judge(clean(source), "timbre"))


@pytest.mark.parametrize("source", SOURCES)
def test_it_does_not_depend_on_the_gain(source: str) -> None:
    for take in takes(source)[:3]:
        softer = filtered(take, lambda x: x * 0.2)
        np.testing.assert_allclose(levels(softer), levels(take), atol=0.1)
        assert abs(levels(take).mean()) < 1e-3


def test_more_treble_reads_more() -> None:
    take = takes("espeak")[6]
    treble = [levels(tilted(take, decibels))[-3:].mean() for decibels in (-10, 0, 10, 20)]
    assert all(np.diff(treble) > 3)


def test_bands_that_a_low_rate_lacks_are_not_measured() -> None:
    take = takes("espeak")[0]
    measured = levels(Take(take.samples[::3], take.rate // 3, take.text))
    assert np.isfinite(measured[:6]).all()
    assert np.isnan(measured[-2:]).all()
    assert not of(judge(among("espeak", {}), "timbre"), "spectrum-outlier")


def test_a_telephone_is_found() -> None:
    found = spoilt("espeak", "spectrum-outlier", "through a telephone handset")
    assert {finding.severity for finding in found} == {Severity.WARNING}


@pytest.mark.parametrize("source", ONE_VOICE)
def test_a_much_brighter_clip_is_found_and_told_where(source: str) -> None:
    changed = {i: tilted(takes(source)[i], 40) for i in (5, 22)}
    found = of(severe(judge(among(source, changed), "timbre")), "spectrum-outlier")
    assert [finding.clip for finding in found] == ["c5", "c22"]
    assert all(finding.value > finding.limit for finding in found)


def test_speakers_are_held_against_themselves() -> None:
    rows = clean("espeak")
    other = np.linspace(-12, 12, len(TIMBRE_COLUMNS))
    shifted = [
        {column: row.measures[column] + off for column, off in zip(TIMBRE_COLUMNS, other, strict=True)} for row in rows
    ]
    one = [altered(row, "A") for row in rows]
    two = [altered(row, "B", **measures) for row, measures in zip(rows, shifted, strict=True)]
    assert not judge([*one, *two], "timbre")
    strange = altered(rows[0], "A", **shifted[0])
    assert [f.clip for f in judge([strange, *one[1:], *two], "timbre")] == ["c0"]


def test_seven_clips_are_not_compared() -> None:
    changed = {2: tilted(takes("espeak")[2], 40)}
    assert not judge(among("espeak", changed)[:7], "timbre")
    assert judge(among("espeak", changed)[:20], "timbre")
