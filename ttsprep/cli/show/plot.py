"""Lines drawn with characters: the level of a clip in time with its findings, and a value among others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ttsprep.audit.percentiles import Distribution, Measure
from ttsprep.cli.console import COLOURS, encodable
from ttsprep.report.charts.svg import tick_label, ticks
from ttsprep.report.clip.text import percentile_words

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.text import Text

    from ttsprep.core.types import Samples
    from ttsprep.report.clip.report import ClipReport

_LEVELS, PLAIN = "▁▂▃▄▅▆▇█", " .:-=+*#"
_RANGE_DB = 40.0
"""From the lowest to the highest character of the level."""
_WIDEST = 112
PLAINER = str.maketrans({"−": "-", "‰": "o/oo"})
MOST_MARKS = 8
LEAST_BAR, WIDEST_BAR = 12, 40
_ALIKE = "all the same"
SCALE = "corpus, least to greatest"


@dataclass(frozen=True)
class WaveformLine:
    """The level of a clip from left to right, the findings that have a place, and the seconds."""

    report: "ClipReport"

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "Iterator[Text]":
        """Draw it as wide as there is room."""
        from rich.text import Text

        samples, decoded = self.report.audio.samples, self.report.audio.decoded
        if samples is None or decoded is None:
            return
        width = max(10, min(options.max_width - 4, _WIDEST))
        yield Text("  " + level_line(samples, width, _LEVELS if encodable(_LEVELS) else PLAIN), "cyan")
        stroke = "━" if encodable("━") else "="
        seconds = len(samples) / decoded.rate
        placed = [finding for finding in self.report.findings if finding.start is not None]
        for finding in placed[:MOST_MARKS]:
            start = finding.start or 0.0
            end = start if finding.end is None else finding.end
            first = min(int(start / seconds * width), width - 1)
            long = max(1, min(round((end - start) / seconds * width), width - first))
            after = first + long + 1 + len(finding.code) <= width
            name = f"{finding.code} " if not after and first > len(finding.code) else ""
            line = Text("  " + " " * (first - len(name)) + name + stroke * long, COLOURS[finding.severity])
            yield line.append(f" {finding.code}") if after else line
        yield Text("  " + time_line(seconds, width), "dim")


def level_line(samples: "Samples", width: int, letters: str) -> str:
    """Write the level of a clip as `width` letters, from low to high."""
    edges = np.linspace(0, len(samples), width + 1).astype(int)
    pieces = [samples[first : max(after, first + 1)] for first, after in pairwise(edges)]
    power = np.array([float(np.mean(np.square(piece, dtype=np.float64))) if len(piece) else 0.0 for piece in pieces])
    decibels = 10 * np.log10(np.maximum(power, 1e-12))
    steps = (decibels - decibels.max() + _RANGE_DB) / _RANGE_DB * (len(letters) - 1)
    return "".join(letters[int(step)] for step in np.clip(np.rint(steps), 0, len(letters) - 1))


def time_line(seconds: float, width: int) -> str:
    """Write round times under a line of `width` letters that lasts `seconds`."""
    times = ticks(0.0, seconds, max(2, width // 12))
    line = [" "] * width
    for time in times:
        label = tick_label(time, times)
        first = int(time / seconds * width) if seconds else 0
        if first + len(label) <= width:
            line[first : first + len(label)] = label
    return "".join(line).rstrip() + " s"


@dataclass(frozen=True)
class MeasureTable:
    """Measures with a bar each: a line from the least to the greatest, a box of the middle half, and a mark.

    Where it is narrow the median goes first, then the rank, then the bar: names and values are never cut.
    """

    measures: Sequence[Measure]

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "Iterator[Text]":
        """Draw it as wide as there is room."""
        from rich.text import Text

        shown = [(measure, measure.value) for measure in self.measures if isinstance(measure.value, float)]
        if not shown:
            return
        rows = [_cells(measure, value) for measure, value in shown]
        widths = [max(map(len, column)) for column in zip(*rows, ("", "", "", "median", "rank"), strict=True)]
        kept = [3, 4]
        while True:
            room = options.max_width - sum(widths[:3]) - 2 - sum(widths[i] + 1 for i in kept) - 5
            if room >= LEAST_BAR or not kept:
                break
            kept.pop(0)
        room = min(room, WIDEST_BAR) if room >= LEAST_BAR else 0
        letters = "─▒┃●◀▶" if encodable("─▒┃●◀▶") else "-=|o<>"
        heads = "".join(f" {('median', 'rank')[i - 3]:>{widths[i]}}" for i in kept)
        title = (SCALE if room > len(SCALE) else "").ljust(room)
        if head := f"{' ' * (sum(widths[:3]) + 7)}{title}{heads}".rstrip():
            yield Text(head, "dim")
        area = ""
        for (measure, value), cells in zip(shown, rows, strict=True):
            if measure.area != area:
                area = measure.area
                yield Text(f"  {area}", "dim")
            style = f"bold {COLOURS[measure.severity]}" if measure.severity else ""
            line = Text(no_wrap=True, overflow="ignore")
            line.append(f"    {cells[0]:<{widths[0]}} {cells[1]:>{widths[1]}}", style)
            line.append(f" {cells[2]:<{widths[2]}} ", "dim")
            line.append(_bar(measure, value, room, letters, style or "bold"))
            yield line.append("".join(f" {cells[i]:>{widths[i]}}" for i in kept), "dim")


def _cells(measure: Measure, value: float) -> tuple[str, str, str, str, str]:
    known = measure.distribution
    median = measure.show(known.median) if known is not None and known.clips > 1 else ""
    cells = (measure.name, measure.show(value), measure.shown_unit, median, percentile_words(measure))
    name, shown, unit, median, place = (cell if encodable(cell) else cell.translate(PLAINER) for cell in cells)
    return name, shown, unit, median, place


def _bar(measure: Measure, value: float, width: int, letters: str, style: str) -> "Text":
    from rich.text import Text

    known = measure.distribution
    if not width or known is None or known.clips < 2:
        return Text(" " * width)
    if known.low == known.high:
        return Text(_ALIKE.ljust(width), "dim")
    line, place = bar(known, value, width, letters)
    text = Text(line, "dim")
    text.stylize(f"not dim {style}", place, place + 1)
    return text


def bar(known: Distribution, value: float, width: int, letters: str) -> tuple[str, int]:
    """Draw a value among others with the letters for line, box, median, mark, and marks beyond the ends.

    Returns
    -------
    tuple of str and int
        The line, and the place of the mark in it.
    """
    low, high = known.axis_range

    def at(number: float) -> int:
        return round((min(max(number, low), high) - low) / (high - low) * (width - 1))

    line = [letters[0]] * width
    line[at(known.q1) : at(known.q3) + 1] = letters[1] * (at(known.q3) - at(known.q1) + 1)
    line[at(known.median)] = letters[2]
    place = at(value)
    line[place] = letters[4] if value < low else letters[5] if value > high else letters[3]
    return "".join(line), place
