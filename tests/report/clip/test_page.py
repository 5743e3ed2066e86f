"""The page of one clip: what is on it, that hostile strings stay strings, and that it plays in a browser."""

import re

import numpy as np
import pytest

from report.chromium import PROGRAM, Chromium
from report.test_page import HOSTILE, Page
from ttsprep.audit.verdict import Verdict
from ttsprep.report.clip.page import ClipPage, Row, render_clip
from ttsprep.report.clip.view import stage

RATE = 16_000
SECONDS = 3
T = np.arange(SECONDS * RATE) / RATE
TONE = (0.3 * np.sin(2 * np.pi * (200 * T + 100 * T**2))).astype(np.float32)


def finding(code="clipping", severity="error", start=0.5, end=0.9):
    about = {name: f"{code} {name}" for name in ("message", "summary", "measured", "impact", "fix")}
    place = "" if start is None or end is None else f"{start:.2f} to {end:.2f} s"
    return about | {"code": code, "severity": severity, "start": start, "end": end, "place": place, "stage": ""}


def word(text, start, end, kind="sure"):
    return {"word": text, "start": start, "end": end, "class": kind, "tip": f"{start} s"}


def page_of(**changes):
    row = Row("snr_db", "level of the speech above the noise", "dB", "30.0", "warning")
    numbers = ("10", "28", "31", "33", "45")
    among = Row("peak_dbfs", "highest sample", "dBFS", "−3", "", numbers, (1, 10, 28, 31, 33, 45), (13, 45), "2 %")
    fields = {
        "name": "clip-1",
        "corpus": "corpus",
        "text": "all of it",
        "facts": {"file": "wavs/clip-1.wav"},
        "remark": "",
        "verdict": Verdict.DROP,
        "becomes": "for clipping",
        "findings": [finding(), finding("noisy", "warning", None, None)],
        "groups": {"noise": [row], "level": [among]},
        "sayings": [("phonemes", "the transcript in IPA", "ɔː l")],
        "unmeasured": ["Nothing to measure: hum_hz."],
        "sound": (TONE, RATE),
        "speech": [(0.2, 2.8)],
        "words": [word("all", 0.2, 0.9), word("of", 0.9, 1.0, "other"), word("it", 1.0, 2.0, "doubted")],
        "passages": [
            {"written": "all of", "heard": "All of", "same": True},
            {"written": "it", "heard": "that", "same": False},
        ],
        "listened": "The words were scored by tiny.en.pt.",
        "fate": {"build": "build/x", "kept": False, "reason": "select: clipping", "text": ""},
    }
    return ClipPage(**(fields | changes))


def test_everything_is_on_the_page():
    html = render_clip(page_of())
    page = Page(html)
    assert page.open == []
    for text in (
        "clip-1",
        "to drop",
        "for clipping",
        "clipping impact",
        "noisy fix",
        "ɔː l",
        "hum_hz",
        "build/x",
        "2 %",
    ):
        assert text in html
    (mark,) = page.all("rect", **{"class": "mark error"})
    assert float(mark["x"].rstrip("%")) == pytest.approx(100 * 0.5 / SECONDS, abs=0.01)
    assert float(mark["width"].rstrip("%")) == pytest.approx(100 * 0.4 / SECONDS, abs=0.01)
    (speech,) = page.all("rect", **{"class": "speech"})
    assert float(speech["width"].rstrip("%")) == pytest.approx(100 * 2.6 / SECONDS, abs=0.01)
    assert [e["data-start"] for e in page.all("g", **{"class": "word doubted"})] == ["1.000"]
    assert len(page.all("circle", **{"class": "here"})) == len(page.all("circle", **{"class": "beyond"})) == 1
    for element in page.elements:
        assert "style" not in element
        assert not any(name.startswith("on") for name in element)
        for name in ("src", "href"):
            assert element.get(name, "#").startswith(("#", "data:"))
    assert render_clip(page_of()) == html


def test_without_audio_it_says_what_is_missing():
    html = render_clip(
        page_of(sound=None, words=[], passages=[], remark="the corpus is not there", findings=[], fate=None)
    )
    page = Page(html)
    assert page.all("audio") == []
    assert page.all("image") == []
    assert "the corpus is not there" in html
    assert "no check has anything to say" in html


@pytest.mark.parametrize("seconds", [0.001, 0.05, 100.0])
def test_any_length_can_be_drawn(seconds: float):
    samples = np.zeros(max(1, round(seconds * RATE)), np.float32)
    drawn = stage(samples, RATE, "x", findings=[finding(start=0.0, end=None)], words=[word("a", 0.0, seconds)])
    assert "nan" not in drawn.svg
    assert drawn.audio.startswith("data:audio/ogg;base64,")


def test_words_that_would_touch_lie_in_lanes():
    words = [word("incomprehensibilities", 0.0, 0.1), word("of", 0.1, 0.2), word("it", 2.9, 3.0)]
    drawn = str(stage(TONE, RATE, "x", words=words).svg)
    first, second, third = (int(y) for y in re.findall(r'<g class="word[^>]*><rect x="[^"]*" y="(\d+)"', drawn))
    assert first == third < second


def test_hostile_strings_stay_strings():
    for hostile in HOSTILE:
        page = Page(
            render_clip(
                page_of(
                    name=hostile,
                    corpus=hostile,
                    text=hostile,
                    remark=hostile,
                    facts={"file": hostile},
                    findings=[finding() | {"message": hostile, "code": hostile}],
                    sayings=[("said", hostile, hostile)],
                    words=[word(hostile, 0.1, 0.5) | {"tip": hostile}],
                    passages=[{"written": hostile, "heard": hostile, "same": False}],
                    listened=hostile,
                    fate={"build": hostile, "kept": True, "reason": hostile, "text": hostile},
                )
            )
        )
        assert page.open == []
        assert len(page.all("script")) == 1
        assert len(page.all("img")) == 0
        assert not any("onload" in e or "onerror" in e for e in page.elements)


@pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine")
def test_it_plays_and_the_words_follow(tmp_path):
    path = tmp_path / "clip.html"
    path.write_text(render_clip(page_of(sound=(np.tile(TONE, 8), RATE))), encoding="utf-8")
    with Chromium() as page:
        page.open(path, width=390)
        assert [e for e in page.events if e["method"] in {"Log.entryAdded", "Runtime.exceptionThrown"}] == []
        assert page.js("document.documentElement.scrollWidth <= innerWidth")
        page.js("document.querySelectorAll('.token')[2].click()")
        page.wait("document.querySelector('audio').currentTime > 1.02")
        page.wait("document.querySelector('.token.on').textContent === 'it'")
        assert page.js("document.querySelector('.stage .word.on').dataset.start") == "1.000"
        page.wait("parseFloat(document.querySelector('.head').getAttribute('x1')) > 100 / 24")
        page.js("document.querySelector('audio').currentTime = 20")
        page.wait("document.querySelector('.time').scrollLeft > 1000")
        page.js("document.querySelector('.finding .link').click()")
        page.wait("document.querySelector('audio').currentTime < 2")
        before = page.js("getComputedStyle(document.body).backgroundColor")
        page.js("document.getElementById('theme').click()")
        assert page.js("getComputedStyle(document.body).backgroundColor") != before
