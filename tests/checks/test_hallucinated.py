"""Transcripts that a recogniser made up."""

import math
import tomllib
from importlib import resources

import pandas as pd
import pytest

from checks.texts import SENTENCES, judged, measured, texts
from ttsprep.checks.hallucinated import PHRASES, Hallucinated, compression, stock_phrases
from ttsprep.core.types import Severity
from ttsprep.text.characters import fold

CREDITS = [
    "Subtitles by the Amara.org community",
    "Sottotitoli e revisione a cura di QTSS",
    "Субтитры сделал DimaTorzok",
    "Редактор субтитров А.Семкин Корректор А.Егорова",
    "Untertitelung des ZDF, 2020",
    "Sous-titres réalisés par la communauté d'Amara.org",
    "字幕由Amara.org社区提供",
    "字幕由 Amara.org 社区提供",
    "We went home. Subtitles by the Amara.org community",
    "we went home subtitles by the amara.org community",
    "Captions by GetTranscribed.com Call me Ishmael. Captions by Jane Doe.",
]
SAYINGS = [
    "チャンネル 登録を お願いします。",
    "謝謝大家收看",
    "시청해주셔서감사합니다",
    "İzlediğiniz için teşekkürler",
    "Спасибо за внимание!",
    "You",
    "Thanks for watching!",
    "Thank you for watching. Please subscribe to my channel.",
    "He went home. Thanks for watching.",
    "Продолжение следует...",
    "ご視聴ありがとうございました",
    "¡Suscríbete!",
    "♪ Merci d'avoir regardé cette vidéo ! ♪",
]
SAID = [
    "I mean you. You.",
    "She said thanks for watching the dog.",
    "Thanks for watching over me, he said.",
    "Please subscribe, he said. They did not.",
    "The subtitles by the editor were bad.",
    "Субтитры к фильму делал наш подрядчик, и это важно.",
    "The letter was transcribed by hand and bound.",
    "Продолжение следует за началом.",
    "Thank you.",
    "",
]


@pytest.mark.parametrize("language", SENTENCES)
def test_plain_sentences_have_no_finding(language: str) -> None:
    lines = texts(language)
    assert judged([*lines, " ".join(lines)], Hallucinated(), language) == []


@pytest.mark.parametrize("text", SAID)
def test_what_is_said_inside_a_text_is_no_finding(text: str) -> None:
    assert stock_phrases(text) == ("", "")
    assert judged([text, "Call me Ishmael."], Hallucinated(), "en-us") == []


@pytest.mark.parametrize("text", CREDITS)
def test_credits_are_errors(text: str) -> None:
    (found,) = judged([*texts("en-us"), text], Hallucinated(), "en-us")
    assert (found.clip, found.code, found.severity) == ("c15", "text-hallucinated", Severity.ERROR)


@pytest.mark.parametrize("text", SAYINGS)
def test_sayings_are_warnings_that_quote_them(text: str) -> None:
    (found,) = judged([*texts("en-us"), text], Hallucinated(), "en-us")
    assert (found.clip, found.code, found.severity) == ("c15", "text-hallucinated", Severity.WARNING)
    assert stock_phrases(text)[1] in found.message


def test_every_phrase_of_the_list_is_found_as_it_is_written_there() -> None:
    text = resources.files("ttsprep.checks").joinpath(PHRASES).read_text(encoding="utf-8")
    for table in tomllib.loads(text).values():
        assert {"credits", "sayings"} <= set(table) <= {"credits", "sayings", "alone"}
        for phrase in (*table["credits"], *table["sayings"]):
            plain = " ".join(phrase.replace("*", " ").split())
            assert fold(plain) == plain, "phrases are compared folded"
        for phrase in table["credits"]:
            assert stock_phrases(phrase.replace("*", "Jane Doe"))[0]
        for phrase in table["sayings"]:
            assert stock_phrases(phrase.replace("*", "Jane Doe"))[1]


def test_a_text_that_repeats_itself_compresses_alike_in_every_script() -> None:
    for phrase in ("and in fact the same, ", "и в самом деле то же, "):
        (found,) = judged([*texts("en-us"), phrase * 12], Hallucinated(), "en-us")
        assert found.severity == Severity.WARNING
        assert found.value == pytest.approx(compression(phrase * 12), rel=1e-6)
        assert found.value is not None
        assert found.value > 5
    assert compression("и в самом деле " * 12) == pytest.approx(compression("v samom dele ii" * 12), rel=0.2)
    assert judged([*texts("en-us"), "no no, no no, no no"], Hallucinated(), "en-us") == []  # too short
    assert math.isnan(compression(""))


def test_a_text_where_whisper_hears_nothing_is_an_error() -> None:
    table = measured(["Thank you.", "Call me Ishmael.", ""], Hallucinated, "en-us")
    heard = table.assign(no_speech_p=[0.9, 0.1, 0.95], chars=[8.0, 13.0, 0.0])
    (found,) = Hallucinated().judge(heard)
    assert (found.clip, found.severity, found.value) == (table["id"][0], Severity.ERROR, 0.9)
    assert list(Hallucinated(no_speech_p=0.95).judge(heard)) == []
    nobody = heard.assign(no_speech_p=pd.Series([None] * 3, dtype=float))
    assert list(Hallucinated().judge(nobody)) == []
