"""Mojibake: what an audit names is what a build repairs, and what is repaired is what was meant."""

import pytest
from checks.texts import SENTENCES, texts

from ttsprep.text.repair import fix_mojibake, mojibake


def read_wrongly(text: str, encoding: str) -> str:
    return "".join(bytes([byte]).decode(encoding, "ignore") or chr(byte) for byte in text.encode())


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "cp1251"])
@pytest.mark.parametrize("language", SENTENCES)
def test_what_is_named_is_repaired_and_nothing_else(language: str, encoding: str) -> None:
    for line in texts(language):
        assert list(mojibake(line, language)) == []
        hurt = read_wrongly(line, encoding)
        repaired, done = fix_mojibake(hurt, language)
        assert bool(list(mojibake(hurt, language))) == ("mojibake" in done)
        assert list(mojibake(repaired, language)) == []


@pytest.mark.parametrize(
    ("hurt", "meant"),
    [("GroÃŸ.", "Groß."), ("ÃœBER", "ÜBER"), ("ðŸ™‚", "🙂"), ("ï»¿one", "\ufeffone"), ("РџСЂРёРІРµС‚", "Привет")],
)
def test_one_certain_run_is_enough(hurt: str, meant: str) -> None:
    assert len(list(mojibake(hurt, "en"))) == 1
    assert fix_mojibake(hurt, "en") == (meant, ["mojibake"])


def test_two_cyrillic_pairs_are_certain_in_a_cyrillic_language_only() -> None:
    assert list(mojibake("РЅРµ", "ru")) == ["РЅРµ"]
    assert list(mojibake("РЅРµ", "en")) == []
