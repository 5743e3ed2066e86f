"""Word diff: which words of two texts agree, and what only one of them has."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain, islice, pairwise

from ttsprep.core.errors import UsageError
from ttsprep.text.characters import letters
from ttsprep.text.phonemes import WORD, phonemize

_ALIKE = 0.6
"""Share of the phones of a word that make it said, however it is spelled."""
SPELLED = 0.9
"""Likeness of a word that sounds the same and is spelled in another way."""
LONG_WORD = 20
"""Characters a word on average, from which on a script has no blanks: its characters are compared."""
EXTRA_PHONES = 4
"""From so many phones on, what is said and not written counts: fewer are a slip of the model."""


@dataclass(frozen=True)
class TextComparison:
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
        return tuple(one >= _ALIKE for one in self.likeness)


@dataclass(frozen=True, slots=True)
class DiffSpan:
    """Neighbouring words of two texts.

    Attributes
    ----------
    written, hypothesis
        The words of either; the same where `same`, but for case and punctuation.
    same
        Whether they agree.
    marked
        Whether it is the word that the caller points out.
    """

    written: str
    hypothesis: str
    same: bool
    marked: bool = False


def diff_words(written: str, hypothesis: str, *, mark: int = -1, longest: int | None = None) -> list[DiffSpan]:
    """Cut two texts into spans that agree and spans that differ; case and punctuation count for nothing.

    Parameters
    ----------
    written, hypothesis
        The texts; one without blanks is compared letter by letter.
    mark
        Place of a written word that is to be a span of its own; negative for none.
    longest
        Words of either that are compared; the others are left out.

    Examples
    --------
    >>> [(span.written, span.hypothesis, span.same) for span in diff_words("One, two three.", "one too three")]
    [('One,', 'one', True), ('two', 'too', False), ('three.', 'three', True)]
    """
    spaced = len(written) < LONG_WORD * max(1, len(written.split()))
    left, right = (text.split()[:longest] if spaced else list(text)[:longest] for text in (written, hypothesis))
    keys = [letters(word) for word in left], [letters(word) for word in right]
    blank = " " if spaced else ""
    spans: list[DiffSpan] = []
    for _, a, b, c, d in SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        same = "".join(keys[0][a:b]) == "".join(keys[1][c:d])
        cuts = sorted({a, b, *((mark, mark + 1) if a <= mark < b else ())})
        for first, last in pairwise(cuts) if a < b else ((a, b),):
            words = left[first:last]
            other = right[c:d] if last == b else []
            if same and len(cuts) > 2:
                other = words
            spans.append(DiffSpan(blank.join(words), blank.join(other), same, a <= mark < b and first == mark))
    return _joined(spans, blank)


def _joined(spans: Sequence[DiffSpan], blank: str) -> list[DiffSpan]:
    """Return neighbours that agree as one span, such as words around a dash that stands alone."""
    joined: list[DiffSpan] = []
    for span in spans:
        if joined and span.same and joined[-1].same and not (span.marked or joined[-1].marked):
            last = joined.pop()
            written = blank.join(filter(None, (last.written, span.written)))
            joined.append(DiffSpan(written, blank.join(filter(None, (last.hypothesis, span.hypothesis))), True))
        else:
            joined.append(span)
    return joined


def compare_texts(written: Sequence[str], hypothesis: Sequence[str], language: str) -> TextComparison:
    """Compare two texts word by word, and where they differ phone by phone."""
    left, right = [letters(word) for word in written], [letters(word) for word in hypothesis]
    likeness = [0.0 if word else 1.0 for word in left]
    extra: dict[int, int] = {}
    for kind, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
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
    return TextComparison(tuple(likeness), extra, _error_rate("".join(left), "".join(right)))


def _shares(ours: Sequence[Sequence[str]], theirs: Sequence[Sequence[str]]) -> list[float]:
    """Return how much each word has in common with what was heard in its place, in phones."""
    if len(ours) == len(theirs):
        return [2 * sum(_common(a, b)) / max(1, len(a) + len(b)) for a, b in zip(ours, theirs, strict=True)]
    whole, theirs_joined = list(chain.from_iterable(ours)), list(chain.from_iterable(theirs))
    common = iter(_common(whole, theirs_joined))
    longer = min(1.0, 2 * len(whole) / max(1, len(whole) + len(theirs_joined)))
    return [longer * sum(islice(common, len(phones))) / max(1, len(phones)) for phones in ours]


def _common(ours: Sequence[str], theirs: Sequence[str]) -> list[bool]:
    """Return for each phone whether it is also heard, in this order."""
    common = [False] * len(ours)
    for block in SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks():
        common[block.a : block.a + block.size] = [True] * block.size
    return common


def without_loops(hypothesis: Sequence[str], written: Sequence[str] = ()) -> list[str]:
    """Return the words with every looped phrase once, unless it is written as often.

    A model that does not find the end says the same again and again, until it is cut off somewhere in a phrase. Up
    to three words may come twice; more than three loop when they come twice.
    """
    words, keys = list(hypothesis), [letters(word) for word in hypothesis]
    text = " ".join(letters(word) for word in written)
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


def _error_rate(written: str, hypothesis: str) -> float:
    """Return the edit distance (Levenshtein 1966) over the length of `written`, or NaN where that is 0."""
    from rapidfuzz.distance import Levenshtein

    return Levenshtein.distance(written, hypothesis) / len(written) if written else float("nan")
