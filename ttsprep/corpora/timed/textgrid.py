"""TextGrids of Praat, long or short: the tiers that hold utterances."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ttsprep.core.types import Severity
from ttsprep.corpora.timed.piece import Fault, Piece, PieceOrFault, made

_HEAD = re.compile(r'(?:\s*File type\s*=)?\s*"ooTextFile(?: short)?"\s+(?:Object class\s*=\s*)?"TextGrid"')
_TOKEN = re.compile(r'"(?:[^"]|"")*"|(?<!\S)![^\n]*|[^\s"]+')
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_SILENCE = frozenset(("", "<sil>", "sil", "<sp>", "sp", "<p>", "<p:>", "#", "<eps>", "silence", "<silence>", "spn"))
_ALIGNED = re.compile(r"(?:.*(?:\s-\s|_))?(?:words?|phones?|phonemes?|segments?|syllables?|mau|kan|ort-mau|kan-mau)")
_TEXTS = re.compile(r"(?:texts?|utterances?|sentences?|transcripts?|transcriptions?|orthography|ortho|trn|ipus?)")


class _DamagedError(Exception):
    """What is wrong, after the number of the line."""


@dataclass
class _Tier:
    name: str
    line: int
    points: bool
    intervals: list[tuple[int, float, float, str]] = field(default_factory=list)

    @property
    def spoken(self) -> list[tuple[int, float, float, str]]:
        """Its intervals that are no silence."""
        return [interval for interval in self.intervals if interval[3].strip().lower() not in _SILENCE]


def is_textgrid(text: str) -> bool:
    """Whether a text begins as a TextGrid does."""
    return _HEAD.match(text) is not None


def textgrid_pieces(text: str) -> Iterator[PieceOrFault]:
    """Yield the intervals of utterances in the order of their starts, and what is wrong with the file.

    Tiers of words and phones are no texts. Of the others, one called ``text``, ``utterances`` or the like is
    taken; without one, all are taken, and their names are speakers where there are several.
    """
    try:
        end, tiers = _read(text)
    except _DamagedError as damage:
        yield Fault(damage.args[0], damage.args[1])
        return
    held = [tier for tier in tiers if not tier.points and tier.spoken and not _ALIGNED.fullmatch(tier.name.lower())]
    named = [tier for tier in held if _TEXTS.fullmatch(tier.name.strip().lower())]
    taken = named or held
    if not taken:
        names = ", ".join(repr(tier.name) for tier in tiers[:5]) or "none"
        yield Fault(1, f"has no tier of utterances; its tiers: {names}", Severity.NOTE)
        return
    if twins := _twins(taken):
        yield Fault(
            twins[1].line,
            f"the tiers {twins[0].name!r} and {twins[1].name!r} give the same stretches different texts; "
            "call the one to read 'text'",
        )
        return
    pieces = [(start, stop, words, line, tier.name) for tier in taken for line, start, stop, words in tier.spoken]
    alone = len(pieces) == 1 and pieces[0][0] <= 0.0 and pieces[0][1] >= end > 0
    for start, stop, words, line, name in sorted(pieces):
        yield made(Piece(line, start, stop, words, name if len(taken) > 1 else "", whole=alone))


def _twins(tiers: list[_Tier]) -> list[_Tier]:
    """Return two tiers most of whose intervals have the same times: forms of one text, and no two speakers."""
    for place, one in enumerate(tiers):
        times = {interval[1:3] for interval in one.spoken}
        for other in tiers[place + 1 :]:
            same = sum(interval[1:3] in times for interval in other.spoken)
            if 2 * same > min(len(times), len(other.spoken)):
                return [one, other]
    return []


def _read(text: str) -> tuple[float, list[_Tier]]:
    """Return the end of the recording and all tiers; Praat itself reads strings and free-standing numbers alone."""
    tokens = _tokens(text)
    for expected in ("ooTextFile", "TextGrid"):
        _, head = _string(tokens)
        if not head.startswith(expected):
            raise _DamagedError(1, "is no TextGrid")
    _number(tokens)
    end = _number(tokens)[1]
    tiers = []
    for _ in range(_count(tokens)):
        line, kind = _string(tokens)
        if kind not in {"IntervalTier", "TextTier"}:
            raise _DamagedError(line, f"has a tier of class {kind!r}, which is not known")
        tier = _Tier(_string(tokens)[1], line, kind == "TextTier")
        tiers.append(tier)
        _number(tokens)
        _number(tokens)
        for _ in range(_count(tokens)):
            line, start = _number(tokens)
            stop = start if tier.points else _number(tokens)[1]
            tier.intervals.append((line, start, stop, _string(tokens)[1]))
    rest = next(tokens, None)
    if rest is not None:
        raise _DamagedError(rest[0], "goes on after the tiers that its header counts")
    return end, tiers


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of each string, with its quotes, and of each number that stands free."""
    if text.count('"') % 2:
        raise _DamagedError(1, "has a quote that is never closed, here or in a later line")
    line, place = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", place, match.start())
        place = match.start()
        token = match[0]
        if token.startswith('"') or _NUMBER.fullmatch(token):
            yield line, token


def _string(tokens: Iterator[tuple[int, str]]) -> tuple[int, str]:
    line, token = next(tokens, (0, ""))
    if not token.startswith('"'):
        raise _DamagedError(line or 1, f"has {token!r} where a string belongs" if token else "ends too early")
    return line, token[1:-1].replace('""', '"').replace("\r\n", "\n")


def _number(tokens: Iterator[tuple[int, str]]) -> tuple[int, float]:
    line, token = next(tokens, (0, ""))
    if not token or token.startswith('"') or not math.isfinite(float(token)):
        raise _DamagedError(line or 1, f"has {token} where a number belongs" if token else "ends too early")
    return line, float(token)


def _count(tokens: Iterator[tuple[int, str]]) -> int:
    line, number = _number(tokens)
    if number < 0 or number != int(number):
        raise _DamagedError(line, f"has {number:g} where a count belongs")
    return int(number)
