"""What is said against what is written: which words agree, and what is there only in one of them."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice

from ttsprep.core.errors import UsageError
from ttsprep.text.phonemes import WORD, phonemize

ALIKE = 0.6
"""Share of the phones of a word that make it said, however it is spelled."""
SPELLED = 0.9
"""Likeness of a word that sounds the same and is spelled in another way."""
EXTRA_PHONES = 4
"""From so many phones on, what is said and not written counts: fewer are a slip of the model."""


@dataclass(frozen=True)
class Comparison:
    """A written text against what was heard.

    Attributes
    ----------
    likeness
        For each written word how much of it was heard: 1 if it was written down with the same letters, else the share
        of phones in common (Dice 1945), at most `SPELLED`.
    extra
        Places of the written words before which something was said that is not written, with the phones of it; the
        place of the end is the number of words.
    error_rate
        Edit distance of the letters over the written ones.
    """

    likeness: tuple[float, ...]
    extra: dict[int, int]
    error_rate: float

    @property
    def confirmed(self) -> tuple[bool, ...]:
        """For each written word whether it was heard."""
        return tuple(one >= ALIKE for one in self.likeness)


def compare(written: Sequence[str], said: Sequence[str], language: str) -> Comparison:
    """Compare two texts word by word, and where they differ phone by phone."""
    left, right = [_letters(word) for word in written], [_letters(word) for word in said]
    likeness = [0.0 if word else 1.0 for word in left]
    extra: dict[int, int] = {}
    for kind, a, b, c, d in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if kind == "equal":
            likeness[a:b] = [1.0] * (b - a)
            continue
        ours, theirs = _phones(left[a:b], language), _phones(right[c:d], language)
        for place, share in enumerate(_shares(ours, theirs), start=a):
            likeness[place] = max(likeness[place], SPELLED * share)
        # a number in digits can be read in many ways, of which eSpeak NG has one
        sure = sum(len(phones) for word, phones in zip(right[c:d], theirs, strict=True) if word.isalpha())
        if (more := sure - sum(map(len, ours))) >= EXTRA_PHONES:
            extra |= {a: more, b: more}
    return Comparison(tuple(likeness), extra, _error_rate("".join(left), "".join(right)))


def _shares(ours: Sequence[Sequence[str]], theirs: Sequence[Sequence[str]]) -> list[float]:
    """Return how much each word has in common with what was heard in its place, in phones."""
    if len(ours) == len(theirs):
        return [2 * sum(_common(a, b)) / max(1, len(a) + len(b)) for a, b in zip(ours, theirs, strict=True)]
    whole, heard = list(chain.from_iterable(ours)), list(chain.from_iterable(theirs))
    common = iter(_common(whole, heard))
    longer = min(1.0, 2 * len(whole) / max(1, len(whole) + len(heard)))
    return [longer * sum(islice(common, len(phones))) / max(1, len(phones)) for phones in ours]


def _common(ours: Sequence[str], theirs: Sequence[str]) -> list[bool]:
    """Return for each phone whether it is also heard, in this order."""
    found = [False] * len(ours)
    for block in difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks():
        found[block.a : block.a + block.size] = [True] * block.size
    return found


def without_loops(said: Sequence[str], written: Sequence[str] = ()) -> list[str]:
    """Return the words with every looped phrase once, unless it is written as often.

    A model that does not find the end says the same again and again, until it is cut off somewhere in a phrase. Up
    to three words may come twice; more than three loop when they come twice.
    """
    words, keys = list(said), [_letters(word) for word in said]
    text = " ".join(_letters(word) for word in written)
    for size in range(1, len(words) // 2 + 1):
        at = 0
        while at + 2 * size <= len(words):
            phrase, end = keys[at : at + size], at + size
            while keys[end : end + size] == phrase:
                end += size
            if end - at >= (2 if size > 3 else 3) * size and " ".join(keys[at:end]) not in text:
                if keys[end:] == phrase[: len(keys) - end]:
                    end = len(keys)
                del words[at + size : end], keys[at + size : end]
            at += 1
    return words


def _letters(word: str) -> str:
    return "".join(character for character in word.casefold() if character.isalnum())


def _phones(words: Sequence[str], language: str) -> list[list[str]]:
    """Return the phones of each word, or its letters in a language that eSpeak NG does not speak."""
    try:
        lines = phonemize(words, language)
    except UsageError:
        return [list(word) for word in words]
    return [
        [phone for phone in line.split() if phone != WORD] or list(word)
        for word, line in zip(words, lines, strict=True)
    ]


def _error_rate(written: str, said: str) -> float:
    """Return the edit distance (Levenshtein 1966) over the length of `written`, or NaN where that is 0."""
    if not written:
        return float("nan")
    row = list(range(len(said) + 1))
    for i, letter in enumerate(written, start=1):
        before, row[0] = row[0], i
        for j, other in enumerate(said, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (letter != other))
    return row[-1] / len(written)
