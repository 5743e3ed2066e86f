"""Suggestions of what to record next."""

import random
from collections import Counter

import pandas as pd
import pytest

from ttsprep.audit.sounds.prompts import _gain, _units, suggest
from ttsprep.checks.phonemes import coverage
from ttsprep.core.errors import UsageError
from ttsprep.text.inventory import inventory
from ttsprep.text.phonemes import phonemize

WORDS = [
    "the",
    "old",
    "house",
    "stood",
    "on",
    "a",
    "measure",
    "of",
    "vision",
    "and",
    "pleasure",
    "while",
    "the",
    "boy",
    "enjoyed",
    "his",
    "oyster",
    "near",
    "the",
    "church",
    "and",
    "young",
    "people",
    "thought",
    "about",
    "something",
    "rather",
    "usual",
    "in",
    "beautiful",
    "weather",
    "judge",
    "garage",
    "azure",
    "beige",
    "toy",
    "voice",
    "choice",
    "thin",
    "thick",
    "mother",
    "father",
    "singing",
    "ring",
    "long",
    "strong",
    "water",
    "little",
    "better",
    "butter",
    "yellow",
    "window",
]


def random_sentences(count: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=rng.randint(3, 14))) for _ in range(count)]


def test_what_is_missing_is_asked_for_first() -> None:
    have = phonemize(["The cat sat on the mat and the dog ran to the barn."] * 30, "en-us")
    offered = ["The cat ran to the barn.", "The boy enjoyed the pleasure.", "The dog sat on the mat."]
    (first,) = suggest(offered, have, "en-us", 1)
    assert first.text == "The boy enjoyed the pleasure."
    assert {"ʒ", "ɔɪ", "dʒ", "ɛ-ʒ"} <= set(first.gains)


def test_the_lazy_choice_is_the_greedy_choice() -> None:
    sentences = list(dict.fromkeys(random_sentences(120, seed=1)))
    lines = phonemize(sentences, "en-us")
    have: Counter[tuple[str, ...]] = Counter()
    own, left, plain = inventory("en-us"), set(range(len(sentences))), []
    for _ in range(15):
        best = max(left, key=lambda at: (_gain(lines[at], own, have), -at))
        plain.append(sentences[best])
        have.update(_units(lines[best], own))
        left.remove(best)
    assert [s.text for s in suggest(sentences, [], "en-us", 15)] == plain


def test_suggestions_cover_more_than_chance() -> None:
    sentences = random_sentences(2000, seed=2)

    def diphones(chosen: list[str]) -> int:
        clips = pd.DataFrame({"id": chosen, "phonemes": phonemize(chosen, "en-us")})
        return int((coverage(clips, "en-us").diphones > 0).sum())

    suggested = [s.text for s in suggest(sentences, [], "en-us", 20)]
    assert diphones(suggested) > 1.2 * diphones(sentences[:20])


def test_nothing_more_is_suggested_than_gains() -> None:
    have = phonemize(["The cat sat."] * 60, "en-us")
    assert suggest(["The cat sat.", "the CAT sat!", "", "..."], have, "en-us", 5) == []
    once = suggest(["A new toy.", "a new toy"], have, "en-us", 5)
    assert [s.text for s in once] == ["A new toy."]


def test_nothing_offered_and_nothing_asked_for() -> None:
    assert suggest([], [], "en-us", 5) == []
    assert suggest(["A toy."], [], "en-us", 0) == []
    with pytest.raises(UsageError):
        suggest(["A toy."], [], "xx", 1)
