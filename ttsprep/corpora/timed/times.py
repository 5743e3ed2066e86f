"""Times in cells: a clock, or numbers in a unit that the recordings and the texts tell."""

import re
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

_CLOCK = re.compile(r"(?:([0-9]{1,4}):)?([0-9]{1,4}):([0-9]{1,2}(?:[.,][0-9]{1,9})?)")
_NUMBER = re.compile(r"([+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:e[+-]?[0-9]{1,3})?)\s*(ms|s)?", re.I)
_INSIDE = 0.9
"""Share of the pieces that have to end inside their recordings."""
_SLACK_S = 1.0
"""By which an end may lie behind that of the recording: it was rounded."""
_LEAST, _MOST = 0.7, 60.0
"""Letters a second that the median of pieces has, in any script."""
_SLOWEST = 0.25
"""Letters a second below which no text is read aloud."""
_SHORTEST_S = 0.05
_LOWEST_HZ = 8000


class Span(NamedTuple):
    """Times of a piece as they are written, with what they are judged by.

    Attributes
    ----------
    start, end
        As numbers, a clock in seconds; the end is later.
    letters
        Of its text.
    length, rate
        Seconds of the recording and its samples a second; 0 where it is not there.
    clock
        Whether they were written with a colon.
    """

    start: float
    end: float
    letters: int
    length: float = 0.0
    rate: int = 0
    clock: bool = False


class TimeUnit(NamedTuple):
    """What a number means: its name for the terminal, and seconds."""

    name: str
    seconds: float


SECONDS = TimeUnit("seconds", 1.0)
MILLISECONDS = TimeUnit("milliseconds", 0.001)


def parse_time(cell: str) -> float | str | None:
    """Return a time as a number, that of a clock in seconds; None where it is empty, or as it is where it is none."""
    text = cell.strip()
    if not text:
        return None
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, rest = clock.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + float(rest.replace(",", "."))
    number = _NUMBER.fullmatch(text)
    if number is None:
        return cell
    return float(number[1].replace(",", ".")) * (0.001 if (number[2] or "").lower() == "ms" else 1.0)


def find_unit(spans: Sequence[Span]) -> TimeUnit | None:
    """Return the unit of times: seconds, unless recordings or texts speak against it; None if no unit fits.

    Parameters
    ----------
    spans
        Of some pieces.
    """
    if not spans or not _contradicted(spans):
        return SECONDS
    rates = {span.rate for span in spans if span.rate >= _LOWEST_HZ}
    units = [MILLISECONDS, *(TimeUnit(f"samples of {rate:,} Hz", 1 / rate) for rate in rates if len(rates) == 1)]
    if all(span.clock for span in spans):  # a spreadsheet takes 01:02 for hours and minutes
        units = [TimeUnit("minutes and seconds that a spreadsheet took for hours", 1 / 60)]
    fitting = [unit for unit in units if _fits(spans, unit.seconds)]
    if len(fitting) == 1:
        return fitting[0]
    vouched = any(span.length for span in spans) and _inside(spans, 1.0) >= 0.5
    return SECONDS if vouched and not fitting else None


def _contradicted(spans: Sequence[Span]) -> bool:
    spoken = _letters_a_second(spans, 1.0)
    return _inside(spans, 1.0) < 0.5 or (spoken is not None and spoken < _SLOWEST)


def _fits(spans: Sequence[Span], unit: float) -> bool:
    spoken = _letters_a_second(spans, unit)
    long = median(span.end - span.start for span in spans) * unit >= _SHORTEST_S
    return long and _inside(spans, unit) >= _INSIDE and (spoken is None or _LEAST <= spoken <= _MOST)


def _inside(spans: Sequence[Span], unit: float) -> float:
    """Return the share of the pieces of recordings that are there which end inside them; 1 if none is there."""
    known = [span for span in spans if span.length]
    inside = sum(span.end * unit <= span.length + _SLACK_S for span in known)
    return inside / len(known) if known else 1.0


def _letters_a_second(spans: Sequence[Span], unit: float) -> float | None:
    rates = [span.letters / ((span.end - span.start) * unit) for span in spans if span.letters]
    return median(rates) if rates else None
