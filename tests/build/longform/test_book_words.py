"""Words of a text: what a reader pauses after, and the text between two of them exactly."""

import pytest

from ttsprep.build.longform.book_words import After, split_book


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He came, he saw.", [After.LINK, After.CLAUSE, After.LINK, After.SENTENCE]),
        ("Dr. Watson spoke. Nobody heard", [After.LINK, After.WORD, After.SENTENCE, After.WORD, After.WORD]),
        ('"Never!" shouted Anna', [After.CLAUSE, After.WORD, After.WORD]),
        ("A table\n\nA chair", [After.LINK, After.SENTENCE, After.LINK, After.WORD]),
        ("Rivers - wide rivers", [After.CLAUSE, After.WORD, After.WORD]),
        ("今日は晴れ。明日も、たぶん。", [After.SENTENCE, After.CLAUSE, After.SENTENCE]),
    ],
)
def test_what_follows_a_word(text: str, expected: list[After]) -> None:
    assert list(split_book(text, "").after) == expected


def test_the_text_between_is_the_text() -> None:
    taken = split_book(' — "Yes,"  he said\n(softly) – and left.  ', "en-us")
    assert taken.between(0, len(taken.sizes)) == '— "Yes," he said (softly) – and left.'
    assert [taken.between(i, i + 1) for i in range(3)] == ['— "Yes,"', "he", "said"]


def test_phones_are_those_of_the_phrase() -> None:
    taken = split_book("I saw a cat, in 1999.", "en-us")
    assert taken.phones[2] != split_book("a", "en-us").phones[0]
    assert taken.sizes[5] > 15


@pytest.mark.parametrize("language", ["", "xx-nowhere"])
def test_without_a_language_characters_are_counted(language: str) -> None:
    assert list(split_book("Ще не вмерла", language).sizes) == [2, 2, 6]
