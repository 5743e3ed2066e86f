"""The inventory holds what a language is known to have, and nothing that it does not."""

import pytest

from ttsprep.core.errors import UsageError
from ttsprep.text.inventory import inventory, norms
from ttsprep.text.phonemes import phonemize, phones

ENGLISH = "p b t d k ɡ tʃ dʒ f v θ ð s z ʃ ʒ h m n ŋ l ɹ w j ɪ ɛ æ ʌ ʊ ə iː uː ɑː ɔː eɪ aɪ ɔɪ oʊ aʊ ɜː ɚ ɾ"
RUSSIAN = "p pʲ b bʲ t tʲ d dʲ k kʲ ɡ f fʲ v vʲ s sʲ z ʃ ʒ x ts tʃʲ m mʲ n nʲ r rʲ ɭ ɭʲ j a e i o u y"
SPANISH = "p b t d k ɡ β ð ɣ f θ s x tʃ m n ɲ l ʎ r ɾ a e i o u j w"


@pytest.mark.parametrize(("language", "known"), [("en-us", ENGLISH), ("ru", RUSSIAN), ("es", SPANISH)])
def test_the_inventory_holds_what_the_language_has(language: str, known: str) -> None:
    assert set(known.split()) <= inventory(language)


@pytest.mark.parametrize(
    ("language", "foreign"),
    [
        ("en-us", "ʁ y ø ʎ ɲ r x β"),
        ("es", "ʒ y z ŋː æ ʌ ɪ ɚ"),
        ("ru", "θ ð w h æ ŋ ʁ"),
        ("pt-br", "θ œ ɯ ɚ"),
        ("gu", "θ ʁ y"),
    ],
)
def test_the_inventory_holds_nothing_foreign(language: str, foreign: str) -> None:
    assert not set(foreign.split()) & inventory(language)


def test_other_texts_of_the_language_stay_within_its_inventory() -> None:
    texts = {
        "en-us": "Alice was beginning to get very tired of sitting by her sister on the bank.",
        "ru": "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему.",
        "es": "En un lugar de la Mancha, de cuyo nombre no quiero acordarme.",
        "gu": "જ્યાં જ્યાં વસે એક ગુજરાતી, ત્યાં ત્યાં સદાકાળ ગુજરાત.",
        "ja": "わがはいはねこである。なまえはまだない。どこでうまれたかとんとけんとうがつかぬ。",
        "pt-br": "Minha terra tem palmeiras, onde canta o sabiá; as aves não gorjeiam como lá.",
    }
    for language, text in texts.items():
        assert set(phones(phonemize([text], language)[0])) <= inventory(language), language


@pytest.mark.parametrize(
    ("language", "scripts"),
    [
        ("en", {"LATIN"}),
        ("ru", {"CYRILLIC"}),
        ("gu", {"GUJARATI"}),
        ("ja", {"HAN", "HIRAGANA", "KATAKANA"}),
        ("haw", set()),
    ],
)
def test_scripts_of_a_language(language: str, scripts: set[str]) -> None:
    assert norms(language).scripts == scripts


def test_a_language_without_words_is_heard_by_its_numbers() -> None:
    assert {"a", "e", "i", "o", "u", "k", "l", "m", "n"} <= inventory("haw")
    assert not norms("haw").diphones


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(UsageError):
        inventory("xx")


def test_without_names_the_function_words_show_the_phones() -> None:
    assert set("bflhmnstk") <= inventory("nb")
    assert not norms("nb").diphones


def test_letters_that_are_spelt_are_no_phones_of_the_language() -> None:
    assert inventory("ja").isdisjoint({"l", "ə"})  # of "Chinese letter"
