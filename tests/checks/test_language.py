"""The language that is spoken, and the script of the text, judged from the table."""

import numpy as np
import pandas as pd
import pytest

from checks.texts import SENTENCES, texts
from ttsprep.checks.language import Language
from ttsprep.core.types import Severity
from ttsprep.text.scripts import WRITTEN, scripts_of


def unheard(lines: list[str], language: str) -> pd.DataFrame:
    """Return the table of clips c0, c1 ... that nobody has listened to."""
    table = pd.DataFrame({"id": [f"c{at}" for at in range(len(lines))], "text": lines, "language": language})
    return table.assign(duration_s=3.0, spoken_language="", spoken_language_p=np.nan, language_p=np.nan)


def test_only_a_clip_that_surely_is_in_another_language_is_named() -> None:
    corpus = unheard(["words"] * 5, "en-us").assign(
        duration_s=[3.0, 3.0, 3.0, 1.0, 3.0],
        spoken_language=["en", "de", "de", "de", ""],
        spoken_language_p=[0.99, 0.95, 0.5, 0.95, np.nan],
        language_p=[0.99, 0.001, 0.4, 0.001, np.nan],
    )
    (finding,) = Language().judge(corpus)
    assert finding.clip == "c1"
    assert "'de'" in finding.message
    assert list(Language(shortest_s=0.5).judge(corpus))[1].clip == "c3"


@pytest.mark.parametrize("language", SENTENCES)
def test_the_script_of_a_language_is_its_own(language: str) -> None:
    assert list(Language().judge(unheard(texts(language), language))) == []


@pytest.mark.parametrize(
    ("own", "other", "script"),
    [("en", "ru", "Cyrillic"), ("ru", "en-us", "Latin"), ("es", "gu", "Gujarati"), ("ja", "ru", "Cyrillic")],
)
def test_a_text_in_another_script_is_named(own: str, other: str, script: str) -> None:
    lines = texts("en-us" if own == "en" else own) * 3
    (found,) = Language().judge(unheard([*lines, texts(other)[-1]], own))
    assert (found.clip, found.severity) == (f"c{len(lines)}", Severity.WARNING)
    assert f"{script} script, which {own!r} is not" in found.message


def test_foreign_words_asides_and_spelled_letters_are_no_other_language() -> None:
    lines = [
        "Наберите www.asterisk.org в Интернете на компьютере",
        "<beep ascending>",
        "[laughs] да",
        "A",
        "USB",
        "",
        "8",
    ]
    assert list(Language().judge(unheard([*lines, *texts("ru")], "ru"))) == []


def test_many_texts_in_another_script_are_named_and_most_of_them_once() -> None:
    few = list(Language().judge(unheard([*texts("en-us"), *texts("ru")], "en-us")))
    assert [finding.clip for finding in few] == [f"c{at}" for at in range(15, 25)]
    (all_of_them,) = Language().judge(unheard(texts("ru"), "en-us"))
    assert all_of_them.clip == ""
    assert "10 of 10 texts are written in Cyrillic script" in all_of_them.message


def test_a_language_with_several_scripts_or_none_known_is_not_judged_by_them() -> None:
    assert scripts_of("sr") == {"LATIN", "CYRILLIC"}
    assert scripts_of("pt_BR") == {"LATIN"}
    assert scripts_of("zh-Latn") == scripts_of("xx") == scripts_of("") == scripts_of("en-shaw") == set()
    for language in ("sr", "xx", ""):
        assert list(Language().judge(unheard([*texts("ru"), texts("en-us")[1]], language))) == []


def test_scripts_are_named_as_unicode_does() -> None:
    import unicodedata

    names = {unicodedata.name(chr(code), "").split(" ")[0] for code in range(0x41, 0x3200)}
    assert set(WRITTEN) - names == {"HAN"}  # which Unicode calls CJK
