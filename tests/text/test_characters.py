"""Characters: scripts, what is spoken, folding, and what a synthesiser is given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsprep.text.characters import count_spoken, fold, nfc, sanitize_for_tts, script, words


@pytest.mark.parametrize(
    ("char", "name"),
    [("a", "LATIN"), ("é", "LATIN"), ("я", "CYRILLIC"), ("日", "HAN"), ("ね", "HIRAGANA"), ("ネ", "KATAKANA"),
     ("ー", "KATAKANA"), ("ન", "GUJARATI"), ("ﬁ", "LATIN"), ("Ａ", "LATIN"), ("7", ""), (".", ""), ("😀", ""),
     ("\ud800", ""), ("º", ""), ("ª", ""), ("µ", "")],
)  # fmt: skip
def test_scripts(char: str, name: str) -> None:
    assert script(char) == name


def test_what_is_spoken_is_counted() -> None:
    assert count_spoken("It's 5 o'clock!") == 10
    assert count_spoken("e\u0301te\u0301") == count_spoken("été") == 3
    assert count_spoken("નમસ્તે") == 6  # vowel signs count, they are spoken
    assert words("Well -- yes, 5 of them ...") == ["Well", "yes,", "5", "of", "them"]


def test_folding_makes_alike_what_is_read_alike() -> None:
    assert fold("The cat -- the CAT, I say!") == fold("the cat; the cat I say") == "the cat the cat i say"
    assert fold("Don’t") == fold("dont")
    assert fold("зам+ок") == fold("замок")
    assert fold("no") != fold("on")
    assert fold("İZLEDİĞİNİZ IŞIK") == fold("izlediğiniz ışık") == "izlediğiniz işik"


@given(st.text(st.characters()))
def test_folding_and_reading_are_idempotent(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert "\x00" not in sanitize_for_tts(text)
    sanitize_for_tts(text).encode()  # no lone surrogate is left
    assert nfc(nfc(text)) == nfc(text)
