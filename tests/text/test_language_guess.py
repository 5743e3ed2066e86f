"""The language of texts is guessed, or not known; it is not another one."""

import pytest
from corpora.tables.generated import SENTENCES

from ttsprep.text.language_guess import ENOUGH, Guess, contradicts, guess_language

TEXTS = {
    language: [f"{a} {b}" for a in sentences for b in sentences if a != b][:60]
    for language, sentences in SENTENCES.items()
}


@pytest.mark.parametrize("language", TEXTS)
def test_each_language_is_guessed_and_contradicts_the_others(language: str) -> None:
    guess = guess_language(TEXTS[language])
    expected = {"zh": "cmn"}.get(language, language)
    assert (guess.language, guess.share) == (expected, 1.0)
    assert not contradicts(language, guess)
    assert not contradicts(f"{language}_XX", guess)
    assert all(contradicts(other, guess) for other in TEXTS if other != language)


def test_too_few_texts_and_no_texts_are_not_known() -> None:
    assert guess_language(TEXTS["de"][: ENOUGH - 1]) == Guess("", 0.0)
    assert guess_language(["", "12", "..."] * 20) == Guess("", 0.0)
    assert guess_language(["Bzzt krrk vnoot plimf"] * 30) == Guess("", 0.0)
    assert not contradicts("de", Guess("", 0.0))
    assert not contradicts("English", Guess("de", 1.0))


def test_a_few_words_of_another_language_do_not_matter() -> None:
    texts = [*TEXTS["hi"][:40], *TEXTS["en"][:5]]
    guess = guess_language(texts)
    assert guess.language == "hi"
    assert 0.8 < guess.share < 1


@pytest.mark.parametrize(("one", "other"), [("nb", "da"), ("hr", "sr"), ("id", "ms"), ("zh-HK", "cmn"), ("yue", "cmn")])
def test_near_languages_contradict_each_other_not(one: str, other: str) -> None:
    assert not contradicts(one, Guess(other, 1.0))
