"""The words of a long text: how many phones each has, and how likely a reader pauses after it."""

import re
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ttsprep.core.errors import UsageError
from ttsprep.text.characters import is_spoken
from ttsprep.text.phonemes import WORD, phonemize, phones

_TOKEN = re.compile(r"\S+?(?:[。！？；、，](?=\S)|(?=\s|$))")
_CLOSING = "\"'”’»)]}›*_"
_TITLE = re.compile(r"mr|mrs|ms|dr|st|jr|sr|vs|prof|rev|gen|col|capt|lt|hon|messrs|mme")
LINK_PHONES = 3


class After(IntEnum):
    """What follows a word: nothing, the end of a clause, of a sentence; a link is a short word, tied to the next."""

    WORD = 0
    CLAUSE = 1
    SENTENCE = 2
    LINK = 3


@dataclass(frozen=True, slots=True)
class BookText:
    """A text as the search for its place sees it.

    Attributes
    ----------
    spans
        First and past-the-last character of each word in the text, with its punctuation.
    phones
        Of each word; its characters where the language is not known.
    sizes
        How many these are, at least 1.
    after
        `After` of each word.
    """

    text: str
    spans: list[tuple[int, int]]
    phones: list[list[str]]
    sizes: npt.NDArray[np.float64]
    after: npt.NDArray[np.int8]

    def between(self, first: int, last: int) -> str:
        """Return the text from word `first` up to but not including word `last`, on one line."""
        return " ".join(self.text[self.spans[first][0] : self.spans[last - 1][1]].split())


def split_book(text: str, language: str) -> BookText:
    """Take a text apart.

    Marks that are not spoken, such as a dash between blanks, belong to the word before them.
    """
    spans: list[tuple[int, int]] = []
    pending = -1
    for match in _TOKEN.finditer(text):
        if any(map(is_spoken, match.group())):
            spans.append((match.start() if pending < 0 else pending, match.end()))
            pending = -1
        elif spans and match.group()[0] not in "\"'“‘«([{‹„¿¡":
            spans[-1] = (spans[-1][0], match.end())
        elif pending < 0:
            pending = match.start()
    tokens = [text[first:last] for first, last in spans]
    after = [_after(token, text, span[1]) for token, span in zip(tokens, spans, strict=True)]
    sounds = _phones(tokens, after, language)
    sizes = np.array([max(1, len(word)) for word in sounds], np.float64)
    links = [
        After.LINK if kind == After.WORD and size <= LINK_PHONES else kind
        for kind, size in zip(after, sizes, strict=True)
    ]
    return BookText(text, spans, sounds, sizes, np.array(links, np.int8))


def _phones(tokens: list[str], after: list[After], language: str) -> list[list[str]]:
    """Phonemise phrase by phrase, as words sound among others, and word by word where the words do not match."""
    if not language:
        return _characters(tokens)
    ends = [i + 1 for i, kind in enumerate(after) if kind != After.WORD or i == len(after) - 1]
    phrases = [tokens[first:last] for first, last in pairwise([0, *ends])]
    try:
        lines = phonemize([" ".join(phrase) for phrase in phrases], language)
        result: list[list[str]] = []
        for phrase, line in zip(phrases, lines, strict=True):
            split = line.split(f" {WORD} ")
            result += map(phones, split if len(split) == len(phrase) else phonemize(phrase, language))
    except UsageError:
        return _characters(tokens)  # the check of phonemes names the unknown language
    return result


def _characters(tokens: list[str]) -> list[list[str]]:
    return [[char for char in token.lower() if is_spoken(char)] for token in tokens]


def _after(token: str, text: str, end: int) -> After:
    rest = text[end : end + 80]
    following = rest.lstrip()
    if "\n\n" in rest[: len(rest) - len(following)].replace("\r", ""):
        return After.SENTENCE
    bare = token.rstrip(_CLOSING)
    last = bare[-1:]
    if last in "!?…。！？।؟" or bare.endswith((".", "...")):
        plain = bare.rstrip(".").lstrip("\"'“‘«([").lower()
        if last == "." and (_TITLE.fullmatch(plain) or (len(plain) == 1 and plain.isalpha())):
            return After.WORD
        starts = following.lstrip("\"'“‘«([-–— ")[:1]
        return After.CLAUSE if starts.islower() else After.SENTENCE
    return After.CLAUSE if last in ",;:—–-)、，；：،" or bare != token else After.WORD
