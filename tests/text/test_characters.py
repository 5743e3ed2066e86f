"""Characters: scripts, what is spoken, folding, and what a synthesiser is given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsprep.text.characters import folded, nfc, readable, script, spoken_chars, words


@pytest.mark.parametrize(
    ("char", "name"),
    [("a", "LATIN"), ("é", "LATIN"), ("я", "CYRILLIC"), ("日", "HAN"), ("ね", "HIRAGANA"), ("ネ", "KATAKANA"),
     ("ー", "KATAKANA"), ("ન", "GUJARATI"), ("ﬁ", "LATIN"), ("Ａ", "LATIN"), ("7", ""), (".", ""), ("😀", ""),
     ("\ud800", "")],
)  # fmt: skip
def test_scripts(char: str, name: str) -> None:
    assert script(char) == name


def test_what_is_spoken_is_counted() -> None:
    assert spoken_chars("It's 5 o'clock!") == 10
    assert spoken_chars("e\u0301te\u0301") == spoken_chars("été") == 3
    assert spoken_chars("નમસ્તે") == 6  # vowel signs count, they are spoken
    assert words("Well -- yes, 5 of them ...") == ["Well", "yes,", "5", "of", "them"]


def test_folding_makes_alike_what_is_read_alike() -> None:
    assert folded("The cat -- the CAT, I say!") == folded("the cat; the cat I say") == "the cat the cat i say"
    assert folded("Don’t") == folded("dont")
    assert folded("зам+ок") == folded("замок")
    assert folded("no") != folded("on")


@given(st.text(st.characters()))
def test_folding_and_reading_are_idempotent(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert "\x00" not in readable(text)
    readable(text).encode()  # no lone surrogate is left
    assert nfc(nfc(text)) == nfc(text)
