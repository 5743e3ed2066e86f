"""What is said against what is written."""

import math

import pytest

from ttsprep.text.diff import compare_texts, diff_words, without_loops


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("The court-yard was full.", "the courtyard was full"),
        ("of Willoughby, and others", "of Willobie and others"),
        ("colour and honour", "color and honor"),
        ("— well —", "well"),
    ],
)
def test_spelling_is_no_difference(written: str, said: str) -> None:
    comparison = compare_texts(written.split(), said.split(), "en-us")
    assert all(comparison.confirmed), comparison
    assert not comparison.extra


def test_a_word_that_is_not_said_is_not_confirmed() -> None:
    comparison = compare_texts(["the", "table", "is", "red"], ["the", "house", "is", "red"], "en-us")
    assert comparison.confirmed == (True, False, True, True)
    assert not comparison.extra


def test_what_is_said_and_not_written_is_placed() -> None:
    comparison = compare_texts(["he", "went", "home"], ["yesterday", "evening", "he", "went", "home"], "en-us")
    assert set(comparison.extra) == {0}
    assert comparison.extra[0] > 10
    comparison = compare_texts(["he", "went", "home"], ["he", "went", "home", "and", "fell", "asleep"], "en-us")
    assert set(comparison.extra) == {3}
    assert comparison.error_rate == pytest.approx(13 / 10)  # "andfellasleep" after "hewenthome"


def test_nothing_said_or_written_is_no_error() -> None:
    assert compare_texts(["he", "went"], [], "en-us").confirmed == (False, False)
    assert math.isnan(compare_texts([], ["he", "went"], "en-us").error_rate)


def test_a_language_without_a_voice_is_compared_by_letters() -> None:
    assert compare_texts(["abcdef"], ["abcdeg"], "xx").confirmed == (True,)


def test_loops_are_said_once() -> None:
    assert without_loops(["a", "Milan,", "milan,", "Milan,", "b"]) == ["a", "Milan,", "b"]
    phrase = ["so", "it", "was", "then"]
    assert without_loops(phrase * 2 + phrase[:2]) == phrase
    long = [*"abcdefghijklmnopqrst"]
    assert without_loops(long * 3 + long[:1]) == long
    assert without_loops(["no", "no"]) == ["no", "no"]
    assert without_loops(["no", "no", "no"], ["No,", "no,", "no!"]) == ["no", "no", "no"]


def test_a_number_in_digits_is_not_taken_for_more_words() -> None:
    assert not compare_texts(["in", "eighteen", "ten", "he"], ["in", "1810", "he"], "en-us").extra


def test_the_more_a_word_sounds_like_what_was_heard_the_more_it_is_said() -> None:
    written = ["the", "page", "is", "page", "two"]
    likeness = compare_texts(written, ["the", "page", "was", "paid", "too"], "en-us").likeness
    assert likeness[:2] == (1.0, 1.0)
    assert likeness[2] < likeness[3] == pytest.approx(0.6)  # two phones of three
    assert likeness[4] == pytest.approx(0.9)
    short = compare_texts(["by"], ["eye"], "en-us").likeness  # one phone of two, and one of one
    assert short[0] == pytest.approx(0.9 * 2 / 3)


def test_spans_agree_whatever_the_case_the_marks_and_the_blanks() -> None:
    found = [
        (span.written, span.hypothesis, span.same)
        for span in diff_words("We can not - or will not - go.", "we cannot or won't go")
    ]
    assert found == [
        ("We can not - or", "we cannot or", True), ("will not -", "won't", False), ("go.", "go", True),
    ]  # fmt: skip
    assert diff_words("", "") == []
    assert [span.hypothesis for span in diff_words("one two", "one two three four", longest=3)] == ["one two", "three"]


def test_the_marked_word_is_a_span_of_its_own() -> None:
    spans = diff_words("the old red cat sat", "the black cat sat", mark=2)
    assert [(span.written, span.hypothesis, span.marked) for span in spans] == [
        ("the", "the", False), ("old", "", False), ("red", "black", True), ("cat sat", "cat sat", False),
    ]  # fmt: skip
    assert [span.written for span in diff_words("go go go", "go go go", mark=1)] == ["go", "go", "go"]


def test_an_error_rate_is_that_of_the_dynamic_programme() -> None:
    assert compare_texts(["kitten"], ["sitting"], "en-us").error_rate == pytest.approx(3 / 6)
    assert compare_texts(["naïve", "café"], ["naive", "cafe"], "en-us").error_rate == pytest.approx(2 / 9)
