"""What is said against what is written: which words agree, and what is there only in one of them."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from ttsprep.errors import UsageError
from ttsprep.text import WORD, phonemise

ALIKE = 0.6
"""Share of the phones of a word that make it said, however it is spelled."""
EXTRA_PHONES = 4
"""From so many phones on, what is said and not written counts: fewer are a slip of the model."""


@dataclass(frozen=True)
class Comparison:
    """A written text against what was heard.

    Attributes
    ----------
    confirmed
        For each written word whether it was heard.
    extra
        Places of the written words before which something was said that is not written, with the phones of it; the
        place of the end is the number of words.
    error_rate
        Edit distance of the letters over the written ones.
    """

    confirmed: tuple[bool, ...]
    extra: dict[int, int]
    error_rate: float


def compare(written: Sequence[str], said: Sequence[str], language: str) -> Comparison:
    """Compare two texts word by word, and where they differ phone by phone."""
    left, right = [_letters(word) for word in written], [_letters(word) for word in said]
    confirmed = [not word for word in left]
    extra: dict[int, int] = {}
    for kind, a, b, c, d in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if kind == "equal":
            confirmed[a:b] = [True] * (b - a)
            continue
        ours, spoken = _phones(left[a:b], language), _phones(right[c:d], language)
        theirs = list(chain.from_iterable(spoken))
        whole = list(chain.from_iterable(ours))
        matched = [False] * len(whole)
        for block in difflib.SequenceMatcher(None, whole, theirs, autojunk=False).get_matching_blocks():
            matched[block.a : block.a + block.size] = [True] * block.size
        at = 0
        for place, phones in enumerate(ours, start=a):
            confirmed[place] = confirmed[place] or sum(matched[at : at + len(phones)]) >= ALIKE * len(phones)
            at += len(phones)
        # a number in digits can be read in many ways, of which eSpeak NG has one
        sure = sum(len(phones) for word, phones in zip(right[c:d], spoken, strict=True) if word.isalpha())
        if (more := sure - len(whole)) >= EXTRA_PHONES:
            extra |= {a: more, b: more}
    return Comparison(tuple(confirmed), extra, _error_rate("".join(left), "".join(right)))


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
        lines = phonemise(words, language)
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
