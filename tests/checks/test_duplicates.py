"""Duplicates: copies at another gain, place, rate or coding, and what is no copy."""

import io
from dataclasses import replace

import numpy as np
import pytest
import soundfile as sf
import soxr

from checks.speech import ONE_VOICE, SOURCES, Row, clean, filtered, judge, measure, of, say, takes
from ttsprep.audit.defects.inject import Take
from ttsprep.core.types import Clip, Severity


def recoded(take: Take) -> Take:
    file = io.BytesIO()
    sf.write(file, take.samples, take.rate, format="MP3", subtype="MPEG_LAYER_III", compression_level=0.0)
    file.seek(0)
    return replace(take, samples=sf.read(file, dtype="float32")[0])


def resampled(take: Take, rate: int) -> Take:
    return Take(soxr.resample(take.samples, take.rate, rate), rate, take.text)


COPIES = {
    "softer": lambda take: filtered(take, lambda x: x * 0.15),
    "inverted": lambda take: filtered(take, lambda x: -x),
    "later": lambda take: filtered(take, lambda x: np.pad(x, (take.rate // 3, 0))),
    "trimmed": lambda take: filtered(take, lambda x: x[take.rate // 50 : -take.rate // 50]),
    "at 12 kHz": lambda take: resampled(take, 12_000),
    "at 48 kHz": lambda take: resampled(take, 48_000),
    "MP3": recoded,
    "stereo": lambda take: filtered(take, lambda x: np.column_stack((x, x))),
    "hissing": lambda take: filtered(take, lambda x: x + 1e-3 * np.random.default_rng(0).standard_normal(len(x))),
    "24 bits": lambda take: replace(take, subtype="PCM_24"),
}


@pytest.mark.parametrize("source", SOURCES)
def test_different_takes_are_no_duplicates(source: str) -> None:
    assert not judge(clean(source), "duplicates")


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("how", COPIES)
def test_a_copy_is_found(source: str, how: str) -> None:
    copies = measure([COPIES[how](takes(source)[i]) for i in (3, 21)])
    found = judge([*clean(source), *copies], "duplicates")
    assert [(f.clip, f.code, f.severity) for f in found] == [
        ("c40", "duplicate-audio", Severity.WARNING),
        ("c41", "duplicate-audio", Severity.WARNING),
    ]
    assert "c3 " in found[0].message
    assert "c21 " in found[1].message
    assert all(finding.limit < finding.value <= 1 for finding in found)


def test_the_same_bytes_are_an_error_and_the_first_is_kept() -> None:
    rows = list(clean("espeak"))
    found = judge([rows[5], *rows, rows[5]], "duplicates")
    assert [(f.clip, f.severity) for f in found] == [("c6", Severity.ERROR), ("c41", Severity.ERROR)]
    assert all("the same bytes as c0" in finding.message for finding in found)


def test_a_softer_copy_before_the_original_is_the_first() -> None:
    copy = measure([COPIES["softer"](takes("espeak")[7])])
    (found,) = judge([*copy, *clean("espeak")], "duplicates")
    assert found.clip == "c8"
    assert "c0 " in found.message


def test_two_readings_of_a_sentence_are_two_takes() -> None:
    text = "I could easily forgive his pride, if he had not mortified mine."
    readings = [
        say(text),
        say(text, speed=150),
        say(text, speed=205, pitch=58),
        say(text, "en-us+f3"),
        say(text, "en-us+m3"),
    ]
    assert not judge(measure(readings), "duplicates")


def test_pieces_of_one_recording_share_its_bytes_only() -> None:
    rows = clean("espeak")[:3]
    pieces = [
        Row(replace(row.clip, start=float(i), end=i + 1.0), row.measures | {"sha256": "0" * 64})
        for i, row in enumerate(rows)
    ]
    assert not judge(pieces, "duplicates")
    twice = [*pieces, Row(replace(pieces[1].clip, id="again"), pieces[1].measures)]
    (found,) = of(judge(twice, "duplicates"), "duplicate-audio")
    assert (found.clip, found.severity) == ("c3", Severity.ERROR)


def test_clips_without_speech_are_no_copies_of_each_other() -> None:
    silent = [Take(np.zeros(n, np.float32), 16_000, "") for n in (16_000, 16_001, 20_000)]
    rows = measure(silent)
    assert all(row.measures["take_print"] == "" for row in rows)
    assert not judge(rows, "duplicates")
    lost = Row(Clip("x", "x.wav", ""), {"sha256": "", "status": "audio-missing"})
    assert not judge([lost, lost], "duplicates")


@pytest.mark.parametrize("source", ONE_VOICE)
def test_a_copy_among_many_is_found_once(source: str) -> None:
    """Three copies of one take: two findings, both naming the first."""
    copies = measure([COPIES[how](takes(source)[2]) for how in ("softer", "later")])
    found = judge([*clean(source), *copies], "duplicates")
    assert [finding.clip for finding in found] == ["c40", "c41"]
    assert all("c2 " in finding.message for finding in found)
