"""Mojibake, markup, invisible characters, letters of another script."""

import pytest

from checks.texts import SENTENCES, judged, texts
from ttsprep.checks.text_encoding import TextEncoding, damage
from ttsprep.core.types import Severity


@pytest.mark.parametrize("language", SENTENCES)
def test_plain_sentences_have_no_finding(language: str) -> None:
    assert [found for found in judged(texts(language), TextEncoding(), language) if found.clip] == []


def read_wrongly(text: str, encoding: str) -> str:
    return "".join(bytes([byte]).decode(encoding, "ignore") or chr(byte) for byte in text.encode())


@pytest.mark.parametrize(
    ("language", "encoding"),
    [("ru", "cp1252"), ("ru", "latin-1"), ("ru", "cp1251"), ("es", "cp1252"), ("es", "latin-1"),
     ("fr", "cp1252"), ("de", "cp1252"), ("pt-br", "cp1252"), ("gu", "cp1252"), ("gu", "latin-1"),
     ("ja", "cp1252"), ("ja", "latin-1")],
)  # fmt: skip
def test_planted_mojibake_is_certain(language: str, encoding: str) -> None:
    hurt = [line for line in texts(language) if any("à" <= char <= "ÿ" or char > "\u0370" for char in line)]
    assert len(hurt) >= 2
    found = judged([read_wrongly(line, encoding) for line in hurt], TextEncoding(), language)
    errors = {f.clip for f in found if f.code == "text-encoding" and f.severity is Severity.ERROR}
    assert errors == {f"c{at}" for at in range(len(hurt))}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("I donâ€™t know", "â€™"),
        ("a cafÃ© here", "Ã©"),
        ("what \ufffd is", "U+FFFD"),
        ("a\x00b", "U+0000"),
        ("bell \x07", "U+0007"),
        ("half \x92 quote", "U+0092"),
        ("lone \udcff byte", "lone surrogates"),
        ("Smith &amp; sons", "&amp;"),
        ("it&#39;s", "&#39;"),
        ("a <i>slanted</i> word", "<i> </i>"),
        ("line<br/>break", "<br/>"),
    ],
)
def test_damage_is_an_error_that_shows_it(text: str, what: str) -> None:
    (found,) = judged([text], TextEncoding(), "en-us")
    assert (found.clip, found.code, found.severity) == ("c0", "text-encoding", Severity.ERROR)
    assert found.message.endswith(what)


@pytest.mark.parametrize(
    "text",
    [
        "one\u200btwo",
        "\ufeffone",
        "one\u202etwo",
        "so\u00adlid",
        "two\nlines",
        "a\ttab",
        "a\u2028b",
        "wo\u200drd",
    ],
)
def test_invisible_characters_are_a_warning_that_names_them(text: str) -> None:
    (found,) = judged([text], TextEncoding(), "en-us")
    assert (found.code, found.severity) == ("text-encoding", Severity.WARNING)
    assert "U+" in found.message


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("“MAÇÔ", "pt-br"),
        ("„Spaß“", "de"),
        ("«allé…»", "fr"),
        ("Â la carte", "fr"),
        ("می‌خواهم", "fa"),
        ("\u200fهوا خوب است\u200e.", "fa"),
        ("\u202bשלום עולם\u202c", "he"),
        ("\u2067مرحبا\u2069 \u061c", "ar"),
        ("Ñandú", "es"),
        ("x < y > z", "en"),
        ("R&D", "en"),
    ],
)
def test_what_only_looks_like_damage_is_none(text: str, language: str) -> None:
    assert [f for f in judged([text], TextEncoding(), language) if f.code == "text-encoding"] == []


ALIKE = str.maketrans("aceopxyACEHKMOPTX", "асеорхуАСЕНКМОРТХ")


def test_look_alike_letters_are_found_in_every_clip() -> None:
    lines = texts("en-us")
    for at, line in enumerate(lines):
        half = len(line) // 2
        planted = [*lines[:at], line[:half] + line[half:].translate(ALIKE), *lines[at + 1 :]]
        found = judged(planted, TextEncoding(), "en-us")
        assert {f.clip for f in found if f.code == "text-charset" and f.clip} == {f"c{at}"}


@pytest.mark.parametrize(
    ("own", "other"), [("en-us", "ru"), ("ru", "en-us"), ("gu", "en-us"), ("ja", "ru"), ("es", "gu")]
)
def test_a_clip_in_another_script_is_found(own: str, other: str) -> None:
    lines = texts(own) * 8
    found = judged([*lines, texts(other)[0]], TextEncoding(), own)
    assert {f.clip for f in found if f.severity is Severity.WARNING} == {f"c{len(lines)}"}


def test_a_corpus_in_a_script_of_another_language_is_left_to_the_check_of_languages() -> None:
    assert [f for f in judged(texts("ru"), TextEncoding(), "en-us") if f.severity is Severity.WARNING] == []


def test_letters_the_language_hardly_uses_are_one_note() -> None:
    assert judged([*texts("en-us"), "the word smørrebrød"], TextEncoding(), "en-us") == []  # too few to tell
    (found,) = judged([*texts("en-us") * 4, "the word smørrebrød"], TextEncoding(), "en-us")
    assert (found.clip, found.severity) == ("", Severity.NOTE)
    assert "ø (U+00F8) in 1" in found.message


def test_letters_of_the_own_alphabet_are_not_rare() -> None:
    serbian = ["Данас је лепо време, идемо у шетњу.", "Желим да научим нови језик ове године."]
    assert judged([*serbian * 30, "Ћирилица, џеп и ђак."], TextEncoding(), "sr") == []


def test_phonemes_are_no_letters_of_another_alphabet() -> None:
    assert judged([*texts("en-us"), "ɹˈɛd fˈɔːɹ ˈɔːl wˈɜːθ"], TextEncoding(), "en-us") == []


def test_a_language_that_is_not_known_is_judged_by_the_corpus() -> None:
    for language in ("", "xx"):
        found = judged([*texts("ru") * 3, "hello there"], TextEncoding(), language)
        assert [f.clip for f in found] == ["c30"]


def test_a_megabyte_of_text_is_quick() -> None:
    assert list(damage("Ã" * 500_000)) == []
    assert list(damage("<a " * 100_000)) == []


def test_syllables_of_korean_are_not_rare_letters() -> None:
    assert (
        judged(["그는 괜찮은 척하려고 애쓰는 것 같았다.", "문을 닫아 주세요, 밖이 추워요."], TextEncoding(), "ko") == []
    )
