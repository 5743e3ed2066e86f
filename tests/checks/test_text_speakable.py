"""Numbers, symbols, abbreviations, addresses and acronyms."""

import random

import pytest

from checks.texts import SENTENCES, judged, texts
from ttsprep.checks.text_speakable import TextSpeakable
from ttsprep.core.types import Severity


@pytest.mark.parametrize("language", SENTENCES)
def test_plain_sentences_warn_of_nothing(language: str) -> None:
    found = judged(texts(language), TextSpeakable(), language)
    assert [f for f in found if f.severity is not Severity.NOTE] == []


@pytest.mark.parametrize(
    ("text", "language", "what"),
    [
        ("in 1905 he left", "en", "1905"),
        ("it costs 1,250.50 now", "en", "1,250.50"),
        ("at 10:30 sharp", "en", "10:30"),
        ("a 3D film", "en", "3"),
        ("१२ रुपये", "hi", "१२"),
        ("fifty % of it", "en", "%"),
        ("you & me", "en", "&"),
        ("ten €", "en", "€"),
        ("a + b", "en", "+"),
        ("one ] two", "en", "]"),
        ("he/she", "en", "/"),
        ("one|two", "en", "|"),
        ("fine 😀", "en", "😀"),
        ("see www.example.org now", "en", "www.example.org"),
        ("mail me@example.org", "en", "me@example.org"),
        ("go to example.com", "en", "example.com"),
    ],
)
def test_what_does_not_say_how_it_is_read_is_a_warning(text: str, language: str, what: str) -> None:
    (found,) = judged([text], TextSpeakable(), language)
    assert (found.clip, found.code, found.severity) == ("c0", "text-unspeakable", Severity.WARNING)
    assert found.message == f"not written as it is read: {what}"


@pytest.mark.parametrize("text", ["Press 1 now.", "He works for NASA.", "Henry VIII was king."])
def test_lone_digits_and_capitals_are_a_note(text: str) -> None:
    (found,) = judged([text], TextSpeakable(), "en")
    assert (found.code, found.severity) == ("text-unspeakable", Severity.NOTE)


@pytest.mark.parametrize(
    ("text", "severity", "remark"),
    [
        ("one [noise] two", Severity.WARNING, "[noise]"),
        ("[laughs] fine <b>so</b> {cough 2} [laughs]", Severity.WARNING, "[laughs] {cough 2}"),
        ("equals [=]", Severity.WARNING, "[=]"),
        ("[sound of monkeys screaming]", Severity.ERROR, "[sound of monkeys screaming]"),
        (" <beep> [ tono de error ].", Severity.ERROR, "<beep> [ tono de error ]"),
        ("(beep)", Severity.WARNING, "(beep)"),
    ],
)
def test_a_remark_in_brackets_is_named(text: str, severity: Severity, remark: str) -> None:
    (found,) = judged([text], TextSpeakable(), "en")
    assert (found.code, found.severity) == ("text-remark", severity)
    assert found.message.endswith(f" a remark in brackets: {remark}")


def test_round_brackets_inside_a_text_and_empty_ones_are_no_remark() -> None:
    texts = ["He (a tall man) came.", "(So) he went (home).", "one [...] two", "dash [-]", "Oh [!]"]
    assert judged(texts, TextSpeakable(), "en") == []


@pytest.mark.parametrize(
    ("text", "language"),
    [("+Окна многоэтажных дом+ов", "ru"), ("замо\u0301к", "ru"), ("It's a well-known fact.", "en"),
     ("¿Qué?", "es"), ("« Oui »", "fr"), ("ALL IN CAPITALS", "en"), ("I said: I will.", "en"),
     ("He co. operated", "ru"), ("Wait… — no", "en")],
)  # fmt: skip
def test_what_is_read_as_written_is_none(text: str, language: str) -> None:
    assert judged([text], TextSpeakable(), language) == []


@pytest.mark.parametrize(
    ("text", "language", "what"),
    [
        ("Mr. Smith", "en", "Mr."),
        ("e.g. this", "en", "e.g."),
        ("z. B. heute", "de", "z. B."),
        ("и т. д.", "ru", "т. д."),
        ("el Sr. Pérez", "es", "Sr."),
        ("M. et Mme. Dupont etc.", "fr", "Mme. etc."),
        ("bez Dr. Novák", "cs", "Dr."),
    ],
)
def test_abbreviations_are_a_note(text: str, language: str, what: str) -> None:
    (found,) = judged([text], TextSpeakable(), language)
    assert (found.code, found.severity) == ("text-unspeakable", Severity.NOTE)
    assert found.message.endswith(f": {what}")


def test_planted_signs_in_every_language() -> None:
    rng = random.Random(3)
    signs = ["1984", "12", "3.5", "%", "&", "@", "#", "€", "$5", "=", "www.site.net", "10:45", "5°", "№"]
    planted = found = 0
    for language in SENTENCES:
        for line in texts(language):
            for sign in signs:
                words = line.split()
                words.insert(rng.randrange(len(words) + 1), sign)
                planted += 1
                found += any(
                    f.severity is Severity.WARNING for f in judged([" ".join(words)], TextSpeakable(), language)
                )
    assert planted > 600
    assert found == planted
