"""The words of a long text: how many phones each has, and how likely a reader pauses after it."""

import re
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from ttsprep.characters import is_spoken, spoken_chars
from ttsprep.errors import UsageError
from ttsprep.text import phonemise, phones

_TOKEN = re.compile(r"\S+?(?:[。！？；、，](?=\S)|(?=\s|$))")
_CLOSING = "\"'”’»)]}›*_"
_TITLES = frozenset((
    "mr",
    "mrs",
    "ms",
    "dr",
    "st",
    "jr",
    "sr",
    "vs",
    "prof",
    "rev",
    "gen",
    "col",
    "capt",
    "lt",
    "hon",
    "messrs",
    "mme",
))


class After(IntEnum):
    """What follows a word."""

    WORD = 0
    CLAUSE = 1
    SENTENCE = 2


@dataclass(frozen=True, slots=True)
class Words:
    """A text as the search for its place sees it.

    Attributes
    ----------
    spans
        First and past-the-last character of each word in the text, with its punctuation.
    sizes
        Phones of each word; characters where the language is not known.
    after
        `After` of each word.
    """

    text: str
    spans: list[tuple[int, int]]
    sizes: npt.NDArray[np.float64]
    after: npt.NDArray[np.int8]

    def between(self, first: int, last: int) -> str:
        """Return the text from word `first` up to but not including word `last`, on one line."""
        return " ".join(self.text[self.spans[first][0] : self.spans[last - 1][1]].split())


def words(text: str, language: str) -> Words:
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
    return Words(text, spans, _sizes(tokens, language), np.array(after, np.int8))


def _sizes(tokens: list[str], language: str) -> npt.NDArray[np.float64]:
    try:
        counts = [len(phones(line)) for line in phonemise(tokens, language)] if language else []
    except UsageError:
        counts = []  # the check of phonemes names the unknown language
    return np.array([max(1, n) for n in counts or map(spoken_chars, tokens)], np.float64)


def _after(token: str, text: str, end: int) -> After:
    rest = text[end : end + 80]
    following = rest.lstrip()
    if "\n\n" in rest[: len(rest) - len(following)].replace("\r", ""):
        return After.SENTENCE
    bare = token.rstrip(_CLOSING)
    last = bare[-1:]
    if last in "!?…。！？।؟" or bare.endswith((".", "...")):
        plain = bare.rstrip(".").lstrip("\"'“‘«([").lower()
        if last == "." and (plain in _TITLES or (len(plain) == 1 and plain.isalpha())):
            return After.WORD
        starts = following.lstrip("\"'“‘«([-–— ")[:1]
        return After.CLAUSE if starts.islower() else After.SENTENCE
    return After.CLAUSE if last in ",;:—–-)、，；：،" or bare != token else After.WORD
