"""The page of one clip: what is on it, that hostile strings stay strings, and that it plays in a browser."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from report.chromium import PROGRAM, Chromium
from report.test_page import HOSTILE, Page
from ttsprep.audit.percentiles import Distribution, Measure
from ttsprep.audit.results import AuditFolder
from ttsprep.audit.verdict import Verdict
from ttsprep.checks.base import Code
from ttsprep.core.types import Audio, Clip, Severity
from ttsprep.models.word_scores import TimedWord, WordScores
from ttsprep.report.clip.audio import ClipAudio
from ttsprep.report.clip.build_outcome import BuildOutcome
from ttsprep.report.clip.page import clip_page
from ttsprep.report.clip.report import ClipFinding, ClipReport
from ttsprep.report.sound import make_media
from ttsprep.report.waveform import CARD, WAVEFORM_PAGE, Mark, WordMark, waveform_svg, width_of

RATE = 16_000
SECONDS = 3
T = np.arange(SECONDS * RATE) / RATE
TONE = (0.3 * np.sin(2 * np.pi * (200 * T + 100 * T**2))).astype(np.float32)


FILE = Measure("bandwidth_hz", "spectrum", "where the band ends", "Hz", None, None)


def finding(code="clipping", severity="error", start=0.5, end=0.9, **changes):
    entry = Code(code, *(f"{code} {part}" for part in ("summary", "measured", "impact", "fix")))
    found = ClipFinding(code, Severity(severity), f"{code} message", 1.0, 0.5, start, end, entry, "")
    return replace(found, **changes)


def scores(*words):
    return WordScores("tiny.en.pt", tuple(TimedWord(*word) for word in words))


WORDS = scores(("all", 0.2, 0.9, -0.1, True), ("of", 0.9, 1.0, -1.0, False), ("it", 1.0, 2.0, -9.0, False))


def report_of(samples=TONE, **changes):
    """Everything known of a made-up clip; `samples` is what its audio is."""
    among = Distribution(9, 10.0, 28.0, 31.0, 33.0, 45.0, 2.0)
    measures = (
        FILE,
        Measure("snr_db", "noise", "level of the speech above the noise", "dB", 30.0, None, "warning"),
        Measure("peak_dbfs", "level", "highest sample", "dBFS", 1.0, among),
        Measure("phonemes", "text", "the transcript in IPA", "", "ɔː l", None),
    )
    row = dict.fromkeys(("asr_text", "speaker", "language", "end_s", "start_s"))
    row |= {"id": "clip-1", "given_id": "clip-1", "path": "wavs/clip-1.wav", "asr_text": "All of that", "status": "ok"}
    row |= {"duration_s": 3.0, "sample_rate": RATE, "channels": 1, "subtype": "PCM_16"}
    audio = ClipAudio(None, fault="the corpus is not there")
    if samples is not None:
        decoded = Audio(samples[:, None], RATE, "PCM_16")
        audio = ClipAudio(decoded, samples, ((0.2, 2.8),))
    fields = {
        "audit": AuditFolder(Path("corpus.audit"), pa.table({}), pa.table({}), pa.table({}), {"corpus": "corpus"}, {}),
        "row": row,
        "clip": Clip("clip-1", "wavs/clip-1.wav", "all of it"),
        "findings": (finding(), finding("noisy", "warning", None, None)),
        "measures": measures,
        "verdict": Verdict.DROP,
        "reason": "because of clipping",
        "root": None,
        "audio": audio,
        "words": WORDS,
        "outcome": BuildOutcome("build/x", False, "select: clipping"),
    }
    return ClipReport(**(fields | changes))


def test_everything_is_on_the_page():
    html = clip_page(report_of())
    page = Page(html)
    assert page.open == []
    for text in (
        "clip-1",
        "to drop",
        "because of clipping",
        "clipping impact",
        "noisy fix",
        "ɔː l",
        "bandwidth_hz",
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
    assert clip_page(report_of()) == html


def test_without_audio_it_says_what_is_missing():
    html = clip_page(report_of(None, words=None, findings=(), outcome=None))
    page = Page(html)
    assert page.all("audio") == []
    assert page.all("image") == []
    assert "the corpus is not there" in html
    assert "No findings." in html


@pytest.mark.parametrize("seconds", [0.001, 0.05, 100.0])
def test_any_length_can_be_drawn(seconds: float):
    media = make_media(np.zeros(max(1, round(seconds * RATE)), np.float32), RATE, width=width_of(seconds))
    mark, word = Mark("clipping", "error", 0.0, 0.0), WordMark("a", 0.0, seconds, "sure", "")
    for style in (CARD, WAVEFORM_PAGE):
        assert "nan" not in waveform_svg(media, "x", [mark], style, speech=[(0.0, seconds)], words=[word])
    assert media.audio.startswith("data:audio/ogg;base64,")


def test_words_that_would_touch_lie_in_lanes():
    places = [("incomprehensibilities", 0.0, 0.1), ("of", 0.1, 0.2), ("it", 2.9, 3.0)]
    words = [WordMark(*place, "sure", "") for place in places]
    drawn = waveform_svg(make_media(TONE, RATE, width=width_of(3.0)), "x", [], WAVEFORM_PAGE, words=words)
    first, second, third = (int(y) for y in re.findall(r'<g class="word[^>]*><rect x="[^"]*" y="(\d+)"', drawn))
    assert first == third < second


def test_hostile_strings_stay_strings():
    for hostile in HOSTILE:
        row = report_of().row | dict.fromkeys(("id", "path", "asr_text", "speaker", "language", "subtype"), hostile)
        page = Page(
            clip_page(
                report_of(
                    audit=AuditFolder(Path("a"), pa.table({}), pa.table({}), pa.table({}), {"corpus": hostile}, {}),
                    row=row,
                    clip=Clip(hostile, hostile, hostile),
                    findings=(finding(hostile, message=hostile), finding(entry=None, message=hostile)),
                    measures=(Measure("asr_text", "text", hostile, "", hostile, None),),
                    words=replace(scores((hostile, 0.1, 0.5, None, False)), model=hostile),
                    outcome=BuildOutcome(hostile, True, hostile, hostile, hostile),
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
    path.write_text(clip_page(report_of(np.tile(TONE, 8))), encoding="utf-8")
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
