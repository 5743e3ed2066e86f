"""Which words of a book each piece of its recording holds, by what a recogniser wrote of the pieces.

Three words in a row that are once in the book and once in what was written are anchors (patience diff, Bram Cohen);
the longest chain of them in order is kept (Fredman 1975). Between two anchors the words are lined up by Needleman
and Wunsch (1970), words alike counting more than words that differ.
"""

import bisect
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise

from ttsprep.build.longform.book_words import BookText
from ttsprep.text.characters import letters

GRAM = 3
"""Words of an anchor."""
MOST_CELLS = 250_000
"""Of one table between two anchors; with more, the words between them stay unmatched."""
SAME, _ALIKE, DIFFERENT, LEFT_OUT = 2.0, 1.0, -0.8, -0.7
ALIKE_RATIO = 0.5
LEAST_SHARE = 0.5
"""Of the words of a piece, that are in the book, for it to be of the book."""
MORE_LETTERS = 4
"""A written word of so many letters, for which there is none in the book, was said all the same."""
MOST_OPEN = 4
"""More words that may belong to either of two pieces, or to none, were not read."""


@dataclass(frozen=True, slots=True)
class PieceMatch:
    """The words of a book that a piece holds.

    Attributes
    ----------
    begin, end
        The first word, and the one past the last.
    before, after
        Words before and after these that may be in it, too: nothing of them was written down.
    reason
        Why it has none; "" if it has.
    """

    begin: int = 0
    end: int = 0
    before: int = 0
    after: int = 0
    reason: str = ""


def match_pieces(book: BookText, written: Sequence[str]) -> list[PieceMatch]:
    """Find the words of each piece.

    Parameters
    ----------
    book
        The text of the recording.
    written
        What a recogniser wrote of each piece, in order.
    """
    left = [letters(book.text[first:last]) for first, last in book.spans]
    pieces_words = [[word for word in map(letters, text.split()) if word] for text in written]
    right = [word for words in pieces_words for word in words]
    place_in_book = dict(word_pairs(left, right))  # place in what was written -> place in the book
    result = []
    at = 0
    for words in pieces_words:
        own = {i: place_in_book[at + i] for i in range(len(words)) if at + i in place_in_book}
        # a number is read in many ways: one that stands beside another word may be that of a page
        result.append(
            _piece(left, words, {i: j for i, j in own.items() if _is_lettered(left[j]) or left[j] == words[i]})
        )
        at += len(words)
    return _opened(result, left)


def _piece(book: Sequence[str], words: Sequence[str], own: Mapping[int, int]) -> PieceMatch:
    alike = sum(_worth(words[i], book[place]) > 0 for i, place in own.items())
    if not alike or alike < LEAST_SHARE * len(words):
        return PieceMatch(reason="there is speech that the text does not have")
    near = "".join(book[place] for place in own.values())
    if any(i not in own and len(word) >= MORE_LETTERS and word not in near for i, word in enumerate(words)):
        return PieceMatch(reason="there is speech that the text does not have")
    begin, end = min(own.values()), max(own.values()) + 1
    silent = set(range(begin, end)) - set(own.values())
    if not all(_is_lettered(book[i]) for i in silent):
        return PieceMatch(reason="numbers of the text may not be read")
    return PieceMatch(begin, end)


def _opened(pieces: list[PieceMatch], book: Sequence[str]) -> list[PieceMatch]:
    """Add the words between two pieces that may be of either."""
    indices = [i for i, piece in enumerate(pieces) if not piece.reason]
    result = list(pieces)
    for number, i in enumerate(indices):
        earlier = pieces[indices[number - 1]].end if number else 0
        later = pieces[indices[number + 1]].begin if number + 1 < len(indices) else len(book)
        piece = pieces[i]
        before, after = _open(book[earlier : piece.begin][::-1]), _open(book[piece.end : later])
        result[i] = PieceMatch(piece.begin, piece.end, before, after)
    return result


def _open(words: Sequence[str]) -> int:
    """Return how many of the words beside a piece, from it on, may be in it."""
    if len(words) > MOST_OPEN:
        return 0
    return next((i for i, word in enumerate(words) if not _is_lettered(word)), len(words))


def _is_lettered(word: str) -> bool:
    return any(map(str.isalpha, word))


def word_pairs(book: Sequence[str], transcript: Sequence[str]) -> list[tuple[int, int]]:
    """Return places in `transcript` and the places in `book` that they belong to, in order."""
    chain = [(-1, -1), *_anchors(book, transcript), (len(transcript), len(book))]
    pairs: dict[int, int] = {}
    for (a, b), (c, d) in pairwise(chain):
        if a >= 0:
            pairs[a] = b
        pairs |= {a + 1 + i: b + 1 + j for i, j in _lined_up(transcript[a + 1 : c], book[b + 1 : d])}
    return sorted(pairs.items())


def _anchors(book: Sequence[str], transcript: Sequence[str]) -> list[tuple[int, int]]:
    """Return the words of the longest chain of three words that are once in each."""
    once = []
    for words in (transcript, book):
        grams = [tuple(words[i : i + GRAM]) for i in range(len(words) - GRAM + 1)]
        counts = Counter(grams)
        once.append({gram: i for i, gram in enumerate(grams) if counts[gram] == 1})
    common = sorted((i, once[1][gram]) for gram, i in once[0].items() if gram in once[1])
    tails: list[int] = []  # the last place in the book of the best chain of each length
    ends: list[int] = []
    back: list[int] = []
    for place, (_, j) in enumerate(common):
        length = bisect.bisect_left(tails, j)
        back.append(ends[length - 1] if length else -1)
        if length == len(tails):
            tails.append(j)
            ends.append(place)
        else:
            tails[length], ends[length] = j, place
    chosen = []
    place = ends[-1] if ends else -1
    while place >= 0:
        chosen.append(common[place])
        place = back[place]
    anchored = {i + k: j + k for i, j in reversed(chosen) for k in range(GRAM)}
    result: list[tuple[int, int]] = []
    for i, j in sorted(anchored.items()):
        if not result or j > result[-1][1]:
            result.append((i, j))
    return result


def _lined_up(transcript: Sequence[str], book: Sequence[str]) -> list[tuple[int, int]]:
    rows, columns = len(transcript), len(book)
    if not rows or not columns or rows * columns > MOST_CELLS:
        return []
    score = [[j * LEFT_OUT for j in range(columns + 1)]]
    came = [[2] * (columns + 1)]
    for i in range(1, rows + 1):
        above, row, steps = score[-1], [i * LEFT_OUT], [1]
        for j in range(1, columns + 1):
            choices = (
                above[j - 1] + _worth(transcript[i - 1], book[j - 1]),
                above[j] + LEFT_OUT,
                row[j - 1] + LEFT_OUT,
            )
            best = max(choices)
            row.append(best)
            steps.append(choices.index(best))
        score.append(row)
        came.append(steps)
    pairs = []
    i, j = rows, columns
    while i and j:
        step = came[i][j]
        if step == 0:
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif step == 1:
            i -= 1
        else:
            j -= 1
    return pairs[::-1]


def _worth(one: str, other: str) -> float:
    if one == other:
        return SAME
    return _ALIKE if _ratio(one, other) >= ALIKE_RATIO else DIFFERENT


@lru_cache(maxsize=1 << 16)
def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
