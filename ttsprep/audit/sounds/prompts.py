"""What to record next: the sentences that add most of the phones and diphones a corpus lacks.

A phone or diphone that occurs ``n`` times is worth ``log(1 + n) / log(1 + target)``, at most 1: the first
occurrence counts most, and beyond the target nothing is gained. A sentence is rated by the worth it adds for
each phone that has to be read. What it adds only shrinks as others are chosen, so that a heap of outdated
ratings, looked at again only when they come out on top, finds the greedy choice (Minoux 1978).
"""

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ttsprep.text.characters import fold
from ttsprep.text.inventory import inventory
from ttsprep.text.phonemes import phonemize, phones

PHONE_TARGET = 50
DIPHONE_TARGET = 5
PHONE_WEIGHT = 10.0
"""A phone is worth as much as ten diphones: it is in about as many of them."""
OVERHEAD = 10
"""Phones that every recording costs besides its own, so that single words are not preferred."""

Unit = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A sentence to record.

    Attributes
    ----------
    text
        As it was offered.
    gains
        The phones (``ʒ``) and diphones (``ɔɪ-l``) it adds that were still under their target, rarest first.
    """

    text: str
    gains: tuple[str, ...]


def suggest(sentences: Sequence[str], corpus_phonemes: Iterable[str], language: str, count: int) -> list[Suggestion]:
    """Return up to `count` of `sentences` to record next, the most useful first.

    Parameters
    ----------
    sentences
        What may be recorded; repeated ones are taken once.
    corpus_phonemes
        The column ``phonemes`` of the clips there are.
    language
        Language tag of both.
    count
        How many to choose; fewer come back once nothing more is gained.

    Raises
    ------
    UsageError
        If eSpeak NG has no such language.
    """
    own = inventory(language)
    have: Counter[Unit] = Counter()
    for phonemes in corpus_phonemes:
        have.update(_units(phonemes, own))
    candidates = list({fold(sentence): sentence for sentence in reversed(sentences)}.values())[::-1]
    spoken = phonemize(candidates, language)
    heap = []
    for at, phonemes in enumerate(spoken):
        if gain := _gain(phonemes, own, have):
            heap.append((-gain, at))
    heapq.heapify(heap)
    chosen: list[Suggestion] = []
    while heap and len(chosen) < count:
        _, at = heapq.heappop(heap)
        gain = _gain(spoken[at], own, have)
        if heap and gain < -heap[0][0]:
            if gain > 0:
                heapq.heappush(heap, (-gain, at))
            continue
        if gain > 0:
            units = Counter(_units(spoken[at], own))
            under = sorted((have[unit] / _target(unit), unit) for unit in units if have[unit] < _target(unit))
            chosen.append(Suggestion(candidates[at], tuple("-".join(unit) for _, unit in under)))
            have.update(units)
    return chosen


def _units(phonemes: str, own: frozenset[str]) -> list[Unit]:
    read = phones(phonemes)
    singles: list[Unit] = [(phone,) for phone in read if phone in own]
    return singles + [pair for pair in pairwise(read) if own.issuperset(pair)]


def _target(unit: Unit) -> int:
    return PHONE_TARGET if len(unit) == 1 else DIPHONE_TARGET


def _gain(phonemes: str, own: frozenset[str], have: Counter[Unit]) -> float:
    """Return the worth that reading `phonemes` adds for each phone."""
    worth = 0.0
    for unit, new in Counter(_units(phonemes, own)).items():
        old, target = have[unit], _target(unit)
        if old < target:
            weight = PHONE_WEIGHT if len(unit) == 1 else 1.0
            worth += weight * math.log((1 + min(old + new, target)) / (1 + old)) / math.log(1 + target)
    return worth / (OVERHEAD + phonemes.count(" ") + 1)
