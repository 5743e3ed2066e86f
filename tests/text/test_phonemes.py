"""Text to phones: the same length always, the same result in any batch, whatever is in the text."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttsprep.core.errors import UsageError
from ttsprep.text import phonemes as text
from ttsprep.text.phonemes import espeak_code, is_readable, languages, phonemize, phones, transcribe

SENTENCES = {
    "en-us": [
        "It was the best of times, it was the worst of times.",
        "Call me Ishmael.",
        "It is a truth universally acknowledged, that a single man must be in want of a wife.",
        "Alice was beginning to get very tired of sitting by her sister on the bank.",
    ],
    "ru": [
        "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему.",
        "Мой дядя самых честных правил, когда не в шутку занемог.",
        "Он уважать себя заставил и лучше выдумать не мог.",
    ],
    "es": [
        "En un lugar de la Mancha, de cuyo nombre no quiero acordarme.",
        "No ha mucho tiempo que vivía un hidalgo de los de lanza en astillero.",
    ],
    "gu": ["જ્યાં જ્યાં વસે એક ગુજરાતી, ત્યાં ત્યાં સદાકાળ ગુજરાત.", "નમસ્તે, તમે કેમ છો?"],
    "ja": ["わがはいはねこである。", "なまえはまだない。"],
    "pt-br": [
        "Minha terra tem palmeiras, onde canta o sabiá.",
        "As aves, que aqui gorjeiam, não gorjeiam como lá.",
    ],
}
NASTY = [
    "",
    " ",
    "...",
    "!!!",
    "\x00",
    "a\x00b",
    "\ud800",
    "😀",
    "😀 hello",
    "line\nbreak\r\nand\ttab",
    "\u2028",
    "\u202eabc",
    "\u200b",
    "[[h@loU]]",
    "<b>bold</b>",
    "(en)",
    "| a | b |",
    "_",
    "--",
    "'-লব",
    "1.2.3.4" * 300,
    "a" * 5000,
    "a" + "\u0301" * 500,
    "Привет, world, 世界 и Windows",
]


def test_phones_are_separated_by_blanks_and_words_by_bars() -> None:
    assert phonemize(["Hello, world!", "..."], "en-us") == ["h ə l oʊ | w ɜː l d", ""]
    assert phones("h ə l oʊ | w ɜː l d") == ["h", "ə", "l", "oʊ", "w", "ɜː", "l", "d"]


@pytest.mark.parametrize("language", SENTENCES)
def test_a_text_alone_sounds_as_in_a_batch(language: str) -> None:
    texts = SENTENCES[language] + NASTY
    together = phonemize(texts, language)
    text._memo.clear()
    backwards = phonemize(texts[::-1], language)[::-1]
    text._memo.clear()
    alone = [phonemize([one], language)[0] for one in texts]
    assert together == alone == backwards
    assert all(together[: len(SENTENCES[language])])


def test_known_words_have_their_known_phones() -> None:
    assert phonemize(["thing", "niño", "жизнь", "coração"], "en-us")[0] == "θ ɪ ŋ"
    assert "ɲ" in phonemize(["niño"], "es")[0].split()
    assert phonemize(["жить"], "ru")[0].startswith("ʒ")
    assert "ɐ̃ʊ̃" in phonemize(["coração"], "pt-br")[0].split()


@pytest.mark.parametrize(
    "nothing", ["", " \n\t", "...", "!?", "«»", "😀", "\u200b", "[]", "\x00", "\ud800", "( )", "_|_"]
)
def test_where_nothing_is_spoken_there_are_no_phones(nothing: str) -> None:
    assert phonemize(["one", nothing, "two"], "en-us") == ["w ʌ n", "", "t uː"]


def test_what_surrounds_the_words_is_not_read() -> None:
    plain = phonemize(["hello world"], "en-us")[0]
    for dressed in [
        "Hello, WORLD!!!",
        "«hello» (world)",
        "hello\nworld",
        "😀hello 🎉 world",
        "hel\u200blo\x00 world",
        "hello — world…",
    ]:
        assert phonemize([dressed], "en-us") == [plain]


def test_switches_to_another_language_leave_no_flags() -> None:
    (found,) = phonemize(["Это тест Windows, и все."], "ru")
    assert "(" not in found
    assert "w" in found.split()  # the English word keeps English phones
    assert not any(char.isdigit() for char in phonemize(["你好，世界"], "cmn")[0])


def test_a_stress_mark_is_not_read() -> None:
    plain, plus, acute = phonemize(["замок", "зам+ок", "замо\u0301к"], "ru")
    assert plus == acute == plain


@settings(max_examples=150)
@given(st.lists(st.text(st.characters(), max_size=40), max_size=6))
def test_the_length_is_kept_for_any_strings(texts: list[str]) -> None:
    found = phonemize(texts, "en-us")
    assert len(found) == len(texts)
    for line in found:
        assert line == " ".join(line.split())
        assert not line.startswith("|")
        assert not line.endswith("|")
        assert not set("()_\n\x00") & set(line)


def test_the_memo_is_bounded_and_hit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "MEMO_SIZE", 5)
    text._memo.clear()
    words = ["one", "two", "three", "four", "five", "six", "seven"]
    batch = phonemize(words, "en-us")
    assert len(text._memo) == 5
    monkeypatch.setattr(text, "_espeak", lambda _code: pytest.fail("the memo was not asked"))
    assert phonemize(["seven"], "en-us") == [batch[-1]]


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en", "en-us"),
        ("en-us", "en-us"),
        ("EN_GB", "en-gb"),
        ("en-AU", "en-gb"),
        ("pt-br", "pt-br"),
        ("pt-PT", "pt"),
        ("de-DE", "de"),
        ("fr", "fr-fr"),
        ("fr-CA", "fr-fr"),
        ("zh-CN", "cmn"),
        ("cmn", "cmn"),
        ("zh-HK", "yue"),
        ("es-MX", "es-419"),
        ("ru-RU", "ru"),
        ("no", "nb"),
        ("zh_Hant_TW", "cmn"),
        ("sr-Latn-RS", "sr"),
        ("de-1996", "de"),
    ],
)
def test_language_tags_find_their_voice(tag: str, code: str) -> None:
    assert espeak_code(tag) == code
    assert code in languages()


@pytest.mark.parametrize(
    ("tag", "hint"),
    [
        ("russian", "'ru'"),
        ("gujarati", "'gu'"),
        ("JP", "did you mean 'ja'?"),
        ("deu", "did you mean 'de'?"),
        ("enn", "'en'"),
        ("", "codes such as"),
        ("no-such-thing", "'no'"),
        ("de-german", "'de'"),
        ("en_GB.UTF-8", "'en'"),
    ],
)
def test_an_unknown_language_is_an_error_that_suggests(tag: str, hint: str) -> None:
    with pytest.raises(UsageError, match=f"no language is called '{tag}'") as caught:
        phonemize(["hello"], tag)
    assert hint in str(caught.value)


def test_every_alias_leads_to_a_language() -> None:
    assert set(text._ALIASES.values()) <= set(languages())


def test_nothing_is_printed_or_left_behind(tmp_path: Path) -> None:
    program = (
        "from ttsprep.text.phonemes import phonemize\n"
        "phonemize(['Le football de Windows', '', '...', 'a\\x00', 'Москва'], 'fr')\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={"TMPDIR": str(tmp_path)},
        capture_output=True,
        check=True,
    )
    assert done.stdout == done.stderr == b""
    assert list(tmp_path.iterdir()) == []


def test_a_transcription_has_stress_and_the_punctuation_of_the_text() -> None:
    texts = ['"Hello," he said; (twice)...', "", "...", "  Two  words\n", "cat—dog", "1, 2?!", "\U0001f642 hi"]
    assert transcribe(texts, "en-us") == [
        '"həlˈoʊ," hiː sˈɛd; twˈaɪs...',
        "",
        "...",
        "tˈuː wˈɜːdz",
        "kˈæt—dˈɑːɡ",
        "wˈʌn, tˈuː?!",
        "hˈaɪ",
    ]


def test_a_transcription_has_no_flags_of_another_language() -> None:
    (line,) = transcribe(["Das ist ein Computer, weekend."], "de")
    assert "(" not in line
    assert line.endswith(".")


@given(texts=st.lists(st.text(max_size=30), max_size=4))
@settings(max_examples=30)
def test_a_transcription_does_not_depend_on_the_texts_around_it(texts: list[str]) -> None:
    together = transcribe(texts, "en-us")
    assert together == [transcribe([text], "en-us")[0] for text in texts]


@pytest.mark.parametrize(
    ("line", "language", "readable"),
    [
        ("電車が遅れた", "ja", False),
        ("えきはどこですか", "ja", True),
        ("コーヒー", "ja", True),
        ("電車", "zh", True),
        ("Das 電車 ist neu", "de", False),
        ("그는 괜찮은 척", "ko", True),
        ("Ein Café in Kraków", "de", True),
        ("", "ja", True),
    ],
)
def test_letters_that_are_spelled_in_english_are_not_readable(line: str, language: str, readable: bool) -> None:
    assert is_readable(line, language) == readable
