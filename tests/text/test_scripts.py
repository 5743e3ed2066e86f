"""Scripts of languages, and phonemes that are mistaken for text."""

import pytest
from checks.texts import SENTENCES, texts

from ttsprep.text.phonemes import is_readable, transcribe
from ttsprep.text.scripts import WRITTEN, is_phonemes, language_of_script, scripts_of


def test_each_script_has_a_language_that_it_shows_and_languages_know_their_scripts() -> None:
    assert [language_of_script(name) for name in ("HAN", "BENGALI", "HANGUL", "no script")] == ["zh", "bn", "ko", ""]
    assert all(name in scripts_of(code) for name, codes in WRITTEN.items() for code in codes.split())
    assert scripts_of("zh-Latn") == scripts_of("xx") == set()


@pytest.mark.parametrize("language", SENTENCES)
def test_texts_are_no_phonemes_and_their_phonemes_are(language: str) -> None:
    lines = texts(language)
    assert not any(map(is_phonemes, lines))
    assert all(map(is_phonemes, transcribe(lines, language)))
    assert not any(is_readable(line, language) for line in transcribe(lines, language))


@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        ("HH AH0 L OW1", True),
        ("h ə l oʊ | w ɜː l d", True),
        ("ðə kæt sæt ɒn ðə mæt", True),
        ("ni3 hao3", False),
        ("χθες βράδυ το βιβλίο", False),
        ("Ætlar þú að koma? Það er gott veður.", False),
        ("Eŋlɔla sia nyo ŋutɔ le ɖeviwo ƒe ŋkume.", False),
        ("Rock 'n' roll", False),
        ("", False),
    ],
)
def test_phonemes_are_told_from_letters(text: str, *, phonemes: bool) -> None:
    assert is_phonemes(text) == phonemes
