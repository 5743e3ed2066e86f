"""Empty, repeated and looped transcripts."""

import pytest

from checks.texts import SENTENCES, judged, measured, texts
from ttsprep.checks.text import Text, loop
from ttsprep.core.types import Severity
from ttsprep.text.characters import fold


@pytest.mark.parametrize("language", SENTENCES)
def test_plain_sentences_have_no_finding(language: str) -> None:
    assert judged(texts(language), Text(), language) == []


@pytest.mark.parametrize("nothing", ["", "  ", "...", "—", "😀", "\x00", "[ ]", "\u200b"])
def test_a_transcript_without_letters_is_an_error(nothing: str) -> None:
    (found,) = judged([*texts("en-us"), nothing], Text(), "en-us")
    assert (found.clip, found.code, found.severity) == ("c15", "text-empty", Severity.ERROR)


def test_a_corpus_without_any_text_is_one_note() -> None:
    (found,) = judged(["", "", " "], Text(), "")
    assert (found.clip, found.code, found.severity) == ("", "text-missing", Severity.ERROR)


def test_a_corpus_of_no_clips_has_no_finding() -> None:
    assert judged(["one"], Text(), "")[:0] == list(Text().judge(measured(["one"], Text, "").iloc[:0]))


def test_a_clip_that_was_not_measured_is_not_judged() -> None:
    table = measured(texts("en-us"), Text, "en-us")
    table = table.astype({"chars": float, "words": float})
    table.loc[[1, 2], list(Text.measures)] = None
    assert list(Text().judge(table)) == []


def test_a_repeated_transcript_is_a_note_that_names_the_first() -> None:
    lines = texts("en-us")
    (found,) = judged([*lines, "call me  ISHMAEL!"], Text(), "en-us")
    assert (found.clip, found.code, found.severity) == ("c15", "text-duplicate", Severity.NOTE)
    assert found.message == "the same transcript as c0"


def test_many_repeats_warn_once_of_the_corpus() -> None:
    lines = texts("en-us")
    findings = judged(lines + lines[:5], Text(), "en-us")
    (warning,) = [found for found in findings if found.severity is Severity.WARNING]
    assert (warning.clip, warning.value, len(findings)) == ("", 0.25, 6)


def test_another_speaker_may_read_the_same_text() -> None:
    lines = texts("en-us")
    assert judged(lines * 2, Text(), "en-us", ["a"] * 15 + ["b"] * 15) == []


LOOPS = [
    "the cat the cat the cat the cat",
    "Thank you. Thank you. Thank you. Thank you for watching.",
    "no no no no no no",
    "and then he went home and then he went home",
    "This is one long sentence that I wrote. This is one long sentence that I wrote.",
    "aaaaaaaa",
    "Nooooooo way",
    "да да да да да",
    "и вот он наконец пришёл и вот он наконец пришёл",
    "ご視聴ありがとうございましたご視聴ありがとうございましたご視聴ありがとうございましたご視聴ありがとうございました",
]


@pytest.mark.parametrize("looped", LOOPS)
def test_loops_are_found(looped: str) -> None:
    found = judged([*texts("en-us"), looped], Text(), "en-us")
    assert [(f.clip, f.code, f.severity) for f in found] == [("c15", "text-repetition", Severity.WARNING)]


@pytest.mark.parametrize(
    "said",
    [
        "No, no, no!",
        "ha ha ha",
        "had had",
        "very very very good",
        "1 1 1 1 1",
        "xiii",
        "hmm",
        "わはははは",
        "the more the more",
    ],
)
def test_what_people_say_is_no_loop(said: str) -> None:
    assert loop(said.lower().replace(",", "").replace("!", "")) == ""


def test_planted_loops_in_every_language() -> None:
    planted = found = 0
    for language, block in SENTENCES.items():
        if language == "ja":
            continue
        for line in block.split("\n"):
            words = fold(line).split()
            for start, size, times in [(0, 1, 4), (1, 2, 4), (0, 3, 3), (0, len(words), 2)]:
                if len(words) < max(5, start + size):
                    continue
                phrase = words[start : start + size]
                looped = " ".join(words[:start] + phrase * times + words[start + size :])
                planted += 1
                found += bool(judged([looped], Text(), language)[-1:])
    assert planted > 180
    assert found == planted


def test_a_transcript_of_a_megabyte_is_quick() -> None:
    table = measured(["word and more " * 70_000], Text, "en-us")
    assert table.loc[0, "words"] == 210_000
    assert table.loc[0, "text_loop"] == "word and more × 3 or more"
