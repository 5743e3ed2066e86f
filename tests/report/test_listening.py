"""What the models heard, as the report shows it."""

import numpy as np
import pytest

from report.made_tables import OUTLIER, audit_of, corpus, found, points
from ttsprep.report.charts.voices import MOST_RINGED, voice_map
from ttsprep.report.page import audit_report
from ttsprep.report.spoken import spoken


def compared(text, said, word="", place=np.nan):
    return spoken({"text": text, "asr_text": said, "doubted_word": word, "doubted_place": place})


def test_words_that_only_one_side_has_are_told_apart():
    assert compared("He came home, late.", "he came back home late") == [
        ("", "He came"), ("ins", "back"), ("", "home, late."),
    ]  # fmt: skip
    assert compared("one two three", "one three") == [("", "one"), ("del", "two"), ("", "three")]
    assert compared("a b", "x y") == [("del", "a b"), ("ins", "x y")]


def test_the_doubted_word_is_marked_where_it_is_written():
    assert compared("go go go now", "go go go now", "go", 1) == [("", "go"), ("mark", "go"), ("", "go now")]
    pieces = compared("the red cat sat", "the black cat sat", "red", 1)
    assert pieces == [("", "the"), ("del mark", "red"), ("ins", "black"), ("", "cat sat")]
    assert compared("the red cat", "", "red", 1) == []  # not written down
    assert compared("", "red", "", np.nan) == [("ins", "red")]


def test_a_script_without_blanks_is_compared_by_characters():
    text = "国境の長いトンネルを抜けると雪国であった。夜の底が白くなった"
    assert ("del", "長") in compared(text, text.replace("長", "短"))
    assert ("ins", "短") in compared(text, text.replace("長", "短"))


def test_found_clips_are_named_first_and_the_limit_is_drawn():
    figure, data = voice_map(points(), OUTLIER)
    assert figure.title == "1 of 60 clips sounds like another voice"
    assert 'class="band"' in figure.svg
    assert "clip-00007" in figure.svg
    assert "clip-00008" not in figure.svg
    assert (data["id"][0], data["likeness"][0], data["outliers"]) == ("clip-00007", 0.41, 1)
    assert len(data["id"]) == 60
    assert all(0 <= x <= 720 for x in data["x"])
    assert all(0 <= y <= 540 for y in data["y"])


@pytest.mark.parametrize("speakers", [2, 250])
def test_speakers_are_named_as_far_as_there_is_room(speakers):
    figure, data = voice_map(points(600, speakers), OUTLIER)
    assert 'class="leads"' in figure.svg
    assert 1 <= figure.svg.count('class="who"') <= 14
    assert "40 % of all their differences" in figure.note
    assert set(data["speaker"]) == {f"s{i}" for i in range(speakers)}


def test_a_large_corpus_has_a_page_of_bounded_size():
    many = points(30_000, 100)
    odd = found(*((clip, "speaker-outlier", "warning", 0.4, 0.8) for clip in many.points["id"][:500]))
    figure, data = voice_map(many, odd)
    assert len(data["id"]) == 4_000
    assert "the farthest 4,000 clips" in figure.note
    assert figure.svg.count('class="ring"') == MOST_RINGED
    assert len(figure.svg) < 150_000


def test_the_page_says_what_was_heard_skipped_and_not_judged(listened):
    page = audit_report(listened)
    assert "<b>skipped</b>: <bdi>--listen asr needs whisper: &lt;b&gt;get&lt;/b&gt; it</bdi>" in page
    assert "5 by speaker-outlier: less than 1 s of speech" in page
    assert '<a href="#code-speaker-outlier">speaker-outlier</a> in 1' in page
    assert "<del><mark>&lt;i&gt;red&lt;/i&gt;</mark></del>" in page
    assert "<ins>black</ins>" in page
    assert "Suggested text, of <b><bdi>clip-00009</bdi></b>, <q><bdi>the &lt;b&gt;black&lt;/b&gt; cat</bdi></q>" in page


def test_a_page_of_an_audit_that_did_not_listen_has_nothing_of_it():
    page = audit_report(audit_of(corpus(20), found(("clip-00001", "clipping", "error", 1, 0))))
    assert 'id="listening"' not in page
    assert "voices-data" not in page
