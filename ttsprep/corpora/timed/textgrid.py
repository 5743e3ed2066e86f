"""TextGrids of Praat, long or short: the tiers that hold utterances."""

import math
import re
from collections.abc import Iterator

from ttsprep.corpora.timed.piece import Fault, PieceOrFault
from ttsprep.corpora.timed.tiers import Tier, tier_pieces

_HEAD = re.compile(r'(?:\s*File type\s*=)?\s*"ooTextFile(?: short)?"\s+(?:Object class\s*=\s*)?"TextGrid"')
_TOKEN = re.compile(r'"(?:[^"]|"")*"|(?<!\S)![^\n]*|[^\s"]+')
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")


class _DamagedError(Exception):
    """What is wrong, after the number of the line."""


def is_textgrid(text: str) -> bool:
    """Whether a text begins as a TextGrid does."""
    return _HEAD.match(text) is not None


def textgrid_pieces(text: str) -> Iterator[PieceOrFault]:
    """Yield the intervals of utterances (see `tier_pieces`), and what is wrong with the file."""
    try:
        end, tiers = _read(text)
    except _DamagedError as damage:
        yield Fault(damage.args[0], damage.args[1])
        return
    yield from tier_pieces(tiers, end)


def _read(text: str) -> tuple[float, list[Tier]]:
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
        tier, points = Tier(_string(tokens)[1], line), kind == "TextTier"
        tiers.append(tier)
        _number(tokens)
        _number(tokens)
        for _ in range(_count(tokens)):
            line, start = _number(tokens)
            stop = start if points else _number(tokens)[1]
            words = _string(tokens)[1]
            tier.intervals += [] if points else [(line, start, stop, words)]
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
