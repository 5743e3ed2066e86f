"""A text as the tokens that the voice learns from: phones, and what stands between words."""

import re
from collections.abc import Iterable, Sequence

from ttsprep.text.phonemes import WORD, phonemize

EDGE, STOP = "<edge>", "."
"""Silence at both ends; a pause at the end of a sentence."""
GAPS = (EDGE, WORD, ",", STOP)
"""Tokens that stand for no phone; they may last no time at all."""
_MARK = re.compile(r"([,;:.!?—]+|\s[-–]+\s|--+)")


def tokens(text: str, language: str) -> list[str]:
    """Return the phones of a text with a gap behind each word: a mark where there is punctuation.

    Examples
    --------
    >>> tokens("Hello, world!", "en-us")
    ['<edge>', 'h', 'ə', 'l', 'oʊ', ',', 'w', 'ɜː', 'l', 'd', '<edge>']
    """
    pieces = _MARK.split(text)
    result = [EDGE]
    for piece, mark in zip(phonemize(pieces[::2], language), [*pieces[1::2], ""], strict=True):
        for word in filter(None, piece.split(f" {WORD} ")):
            result += [*word.split(), WORD]
        if result[-1] in GAPS[1:] and mark:
            result[-1] = STOP if set(mark) & set(".!?") else ","
    if len(result) > 1:
        result.pop()
    return [*result, EDGE]


class Inventory:
    """Numbers of tokens; 0 is the padding.

    Parameters
    ----------
    names
        Of all tokens, gaps first.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._numbers = {name: number for number, name in enumerate(self.names, 1)}

    @classmethod
    def of(cls, texts: Iterable[Sequence[str]]) -> "Inventory":
        """Return the inventory of texts."""
        return cls([*GAPS, *sorted({token for text in texts for token in text} - set(GAPS))])

    def __len__(self) -> int:
        return len(self.names) + 1

    def numbers(self, text: Sequence[str]) -> list[int]:
        """Return the number of each token; a phone that was never seen becomes one that begins like it, or none."""
        return [number for token in text if (number := self._number(token))]

    def _number(self, token: str) -> int:
        for end in range(len(token), 0, -1):
            if number := self._numbers.get(token[:end]):
                return number
        return 0
