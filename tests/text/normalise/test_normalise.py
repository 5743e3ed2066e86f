"""Transcripts written as they are read; the pairs are in cases.py."""

import doctest
import re
import time
import unicodedata
from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from text.normalise.cases import ENGLISH, MARKS, OTHERS, PIECES, REPAIRS, SOUND
from ttsprep.build.config import parse
from ttsprep.build.stages.base import StageResult, all_stages
from ttsprep.build.stages.normalise import Normalise
from ttsprep.checks.text_encoding import damage
from ttsprep.checks.text_speakable import unspeakable
from ttsprep.core.types import Audio, Clip
from ttsprep.text import repair
from ttsprep.text.characters import CYRILLIC_STRESS
from ttsprep.text.normalise import leftovers, ordinals, punctuation, spell
from ttsprep.text.normalise.lexicon import lexicon

ROOT = Path(__file__).parents[3]
LJSPEECH = ROOT.parent / "shared" / "data" / "ljspeech" / "metadata.csv"
AUDIO = Audio(np.zeros((1, 1), np.float32), 16_000)
STAGE = Normalise()
LANGUAGES = sorted({"en", "fr-be", "xx", *OTHERS})

BUILT = st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from([" ", "", "\u00a0"])), max_size=8)
TEXTS = BUILT.map(lambda parts: "".join(map("".join, parts))) | st.text(max_size=30)


def staged(text: str, language: str = "en", stage: Normalise = STAGE) -> StageResult:
    return stage.apply(Clip("a", "a.wav", text, language=language), AUDIO)


def read(text: str, language: str = "en") -> str:
    return staged(text, language).clip.text


@pytest.mark.parametrize(("text", "expected"), MARKS)
def test_characters(text: str, expected: str) -> None:
    done = staged(text, "")
    assert done.clip.text == expected
    assert done.changes == ({} if text == expected else {"characters": 1})


@pytest.mark.parametrize(("language", "text", "expected", "repaired"), REPAIRS)
def test_damage_that_is_certain_is_undone_and_named(language: str, text: str, expected: str, repaired: str) -> None:
    done = staged(text, language)
    assert done.clip.text == expected
    assert done.changes["repaired"] == repaired
    assert list(damage(done.clip.text)) == []


@pytest.mark.parametrize(("language", "text"), SOUND)
def test_what_only_looks_damaged_stays(language: str, text: str) -> None:
    done = staged(text, language, Normalise(marks=False, abbreviations=False))
    assert done.clip.text == text
    assert "repaired" not in done.changes


@pytest.mark.parametrize(("text", "expected"), ENGLISH)
def test_english(text: str, expected: str) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"), [(language, *case) for language, cases in OTHERS.items() for case in cases]
)
def test_other_languages(language: str, text: str, expected: str) -> None:
    assert read(text, language) == expected


def test_there_are_enough_cases() -> None:
    assert len(MARKS) + len(REPAIRS) + len(SOUND) + len(ENGLISH) + sum(map(len, OTHERS.values())) >= 200


@pytest.mark.parametrize("tag", ["en-US", "EN", "en_us", "en-us"])
def test_language_tags_are_read_however_they_are_written(tag: str) -> None:
    assert read("5 km", tag) == "five kilometers"


def test_what_was_done_and_what_is_left_is_named() -> None:
    done = staged("Dr. King, aged 74, paid $5 for an mp3 of F-16s &amp; [noise] at www.example.org")
    assert done.changes == {
        "repaired": "entities",
        "abbreviations": 2,  # and one is &
        "numbers": 2,
        "left": "www.example.org mp3 F-16s [ ]",
    }
    assert staged("Nothing to do here.").changes == {}
    assert staged("broken \udc80 \ufffd and F5\udc80").changes == {"left": "F5\\udc80 \ufffd U+DC80"}


def test_without_a_table_digits_are_left_and_named() -> None:
    done = staged("5 hundar & 3 katter", "sv")
    assert (done.clip.text, done.changes) == ("5 hundar & 3 katter", {"left": "5 3 &"})


def test_the_parts_can_be_switched_off() -> None:
    text = "“Mr. King” is 5"
    assert staged(text, stage=Normalise(numbers=False)).clip.text == '"Mister King" is 5'
    assert staged(text, stage=Normalise(abbreviations=False)).clip.text == '"Mr. King" is five'
    assert staged(text, stage=Normalise(marks=False)).clip.text == "“Mister King” is five"


def test_a_recipe_sets_the_parts() -> None:
    recipe = parse('pipeline = ["normalise", "format"]\n[stages.normalise]\nnumbers = false\n', "a recipe")
    assert Normalise(numbers=False) in recipe.configured_stages()
    assert all_stages()["normalise"] is Normalise


@settings(max_examples=300)
@given(TEXTS, st.sampled_from(LANGUAGES))
def test_a_normalised_text_stays_as_it_is(text: str, language: str) -> None:
    done = staged(text, language)
    again = staged(done.clip.text, language)
    assert again.clip.text == done.clip.text
    assert set(again.changes) <= {"left"}
    assert bool(set(done.changes) - {"left"}) == (done.clip.text != text)


@settings(max_examples=300)
@given(TEXTS, st.sampled_from(LANGUAGES))
@example("т.д.in ", "ru")
@example("see mail.google.com", "en")
def test_what_the_audit_would_name_is_named(text: str, language: str) -> None:
    done = staged(text, language)
    if any(unspeakable(CYRILLIC_STRESS.sub("", done.clip.text))):
        assert done.changes["left"]


@settings(max_examples=300)
@given(TEXTS, st.sampled_from(LANGUAGES))
def test_no_letter_is_lost(text: str, language: str) -> None:
    done = staged(text, language, Normalise(numbers=False, abbreviations=False))
    if "repaired" not in done.changes:
        assert letters(done.clip.text) == letters(text)
    if letters(text) and "repaired" not in done.changes:
        assert letters(read(text, language))


def letters(text: str) -> Counter[str]:
    """Count the letters; an apostrophe that Unicode calls a letter is none."""
    return Counter(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) in {"Lu", "Ll", "Lo"})


PLAIN = st.sampled_from([
    "the",
    "cat",
    "sat",
    "under",
    "old",
    "trees",
    "and",
    "green",
    "hills",
    "while",
    "they",
    "sang",
])
NUMBERS = st.integers(0, 10**9).map(str) | st.sampled_from(["1,250", "3.5", "$5", "10 km", "21st", "1990-1995", "50%"])


@settings(max_examples=200)
@given(st.lists(PLAIN | NUMBERS, min_size=1, max_size=8))
def test_the_words_around_numbers_stay_in_their_order(parts: list[str]) -> None:
    rest = iter(read(" ".join(parts)).split())
    assert all(word in rest for word in parts if word.isalpha())


def test_it_is_fast() -> None:
    texts = [f"The quick brown fox, number {word}, jumps over the lazy dog." for word in ("one", "two", "three")]
    clips = [Clip("a", "a.wav", text, language="en") for text in texts]
    best = min(timed(clips) for _ in range(5))
    assert len(clips) / best > 5_000, "measured 40,000 a second on an idle core; a busy one is slower"


@pytest.mark.parametrize(
    "piece", ["1", "$1 ", "a.", "$", "&", "<", "@", "- ", "\u200d", "Ã©", "in 1905 and ", "St. ", "+а"]
)
def test_a_long_text_takes_its_time_and_no_more(piece: str) -> None:
    short, long = (Clip("a", "a.wav", piece * (size // len(piece)), language="en") for size in (500, 5_000))
    STAGE.apply(short, AUDIO)
    assert timed([long], 1) < 30 * timed([short], 1) + 0.5, "a text ten times as long takes some ten times as long"


def timed(clips: list[Clip], times: int = 100) -> float:
    start = time.process_time()
    for _ in range(times):
        for clip in clips:
            STAGE.apply(clip, AUDIO)
    return (time.process_time() - start) / times


def test_ljspeech_is_read_as_its_authors_read_it() -> None:
    if not LJSPEECH.is_file():
        pytest.skip("the sample of LJSpeech is not here: ../shared/data/ljspeech")
    rows = [line.split("|") for line in LJSPEECH.read_text(encoding="utf-8").split("\n") if line]
    stage = Normalise(abbreviations=False)  # LJSpeech keeps Mr. and Messrs.
    made = {name: staged(raw, stage=stage).clip.text for name, raw, _ in rows}
    differing = [name for name, raw, official in rows if raw != official]
    wrong = [name for name, _, official in rows if spoken(made[name]) != spoken(official)]
    assert len(differing) >= 60
    assert len(wrong) <= 0.03 * len(differing), wrong
    assert [name for name in made if any(map(str.isdigit, made[name]))] == []


def spoken(text: str) -> list[str]:
    """Return the words without case, hyphens and marks, and without the "and" that only British numbers have."""
    return [word for word in re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower()) if word != "and"]


def test_the_examples_in_the_docs() -> None:
    page = (ROOT / "docs" / "text.md").read_text(encoding="utf-8")
    examples = re.findall(r"^\| `([a-z-]+)` \| `(.+?)` \| `(.+?)` \|$", page, re.MULTILINE)
    assert len(examples) >= 30
    for language, text, expected in examples:
        assert read(text, language) == expected
    tables = sorted(path.stem for path in (ROOT / "ttsprep" / "text" / "normalise" / "languages").glob("*.toml"))
    assert set(re.findall(r"^\| `([a-z]{2})` \| (?:yes|named)", page, re.MULTILINE)) == set(tables)


@pytest.mark.parametrize("language", ["en", "es", "fr", "de", "it", "pt", "nl", "ru", "uk", "pl", "cs"])
def test_a_table_is_whole(language: str) -> None:
    table = lexicon(language)
    assert table.num2words
    assert table.inflects or len(table.months) == 12
    assert {"&", "+", "="} <= set(table.signs)
    assert set(table.abbreviations) <= {
        "always", "closing", "before_name", "after_name", "before_number", "ending", "left", "within",
    }  # fmt: skip


@pytest.mark.parametrize("module", [ordinals, spell, leftovers, punctuation, repair])
def test_the_examples_in_the_code(module: ModuleType) -> None:
    done = doctest.testmod(module, extraglobs={"lexicon": lexicon})
    assert done.attempted > 0
    assert done.failed == 0
