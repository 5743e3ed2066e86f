"""Hum: level and frequency of mains that was mixed in; a voice on one note is no hum."""

import numpy as np
import pytest

from checks.speech import ONE_VOICE, SOURCES, clean, filtered, judge, measure, of, say, severe, spoilt, takes, values
from ttsprep.audit.defects.inject import Take, rms
from ttsprep.core.types import Severity

SENTENCE = "There were doors all round the hall, but they were all locked."


def humming(take: Take, level_db: float, mains: float) -> Take:
    t = np.arange(len(take.samples)) / take.rate
    hum = sum(np.sin(2 * np.pi * mains * k * t + k) / k for k in (1, 2, 3, 5))
    hum *= rms(take.samples) * 10 ** (level_db / 20) / np.sqrt(np.mean(hum**2))
    return filtered(take, lambda x: x + hum)


@pytest.mark.parametrize("source", ONE_VOICE)
def test_nothing_is_wrong_with_clean_clips(source: str) -> None:
    assert not judge(clean(source), "hum")


@pytest.mark.parametrize("source", ONE_VOICE)
@pytest.mark.parametrize("mains", [50.0, 60.0, 49.9, 60.15])
def test_level_and_frequency_are_read(source: str, mains: float) -> None:
    for take in takes(source)[:3]:
        seen = [values("hum", humming(take, level, mains)) for level in (-30, -25, -20, -10)]
        levels = [each["hum_db"] for each in seen]
        np.testing.assert_allclose(levels, (-30, -25, -20, -10), atol=4)
        assert all(np.diff(levels) > 2)
        assert all(each["hum_hz"] == pytest.approx(mains, rel=0.002) for each in seen)


@pytest.mark.parametrize("source", SOURCES)
def test_it_does_not_depend_on_the_gain(source: str) -> None:
    for take in takes(source)[:3]:
        clip = humming(take, -22, 50.0)
        softer = filtered(clip, lambda x: x * 0.2)
        assert values("hum", softer)["hum_db"] == pytest.approx(values("hum", clip)["hum_db"], abs=0.5)


@pytest.mark.parametrize("source", ONE_VOICE)
@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("50 Hz at -25 dB", Severity.WARNING),
        ("60 Hz at -25 dB", Severity.WARNING),
        ("50 Hz at -32 dB", Severity.NOTE),
    ],
)
def test_each_defect_is_found(source: str, name: str, severity: Severity) -> None:
    found = spoilt(source, "hum", name)
    assert {finding.severity for finding in found} == {severity}
    for finding in found:
        hertz = float(finding.message.split()[2])
        assert hertz == pytest.approx(float(name[:2]), rel=0.003)


def test_other_tones_are_no_mains() -> None:
    for take in takes("espeak")[:3]:
        t = np.arange(len(take.samples)) / take.rate
        for hertz in (73.0, 440.0, 1_000.0):
            whistle = 0.02 * np.sin(2 * np.pi * hertz * t)
            whistling = filtered(take, lambda x, whistle=whistle: x + whistle)
            assert values("hum", whistling)["hum_db"] < -35


@pytest.mark.parametrize("pitch", [20, 35, 50, 65, 80])
def test_a_voice_on_one_note_does_not_hum(pitch: int) -> None:
    rows = measure([say(SENTENCE, pitch=pitch, melody=0)])
    assert not severe(of(judge(rows, "hum"), "hum"))
