"""How a quantity is distributed before and after: bars for the source, an outline over them for the result."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from markupsafe import Markup

from ttsprep.report.figure import Figure, Values, column
from ttsprep.report.histogram import BINS, BOTTOM, HEIGHT, TOP, WIDTH, reach
from ttsprep.report.svg import Scale, bottom_axis, left_axis, number, picture, tag
from ttsprep.report.tables import QUANTITIES, Quantity

COMPARED = (
    "duration_s",
    "chars_per_s",
    "loudness_lufs",
    "lead_silence_s",
    "tail_silence_s",
    "noise_floor_dbfs",
    "sample_rate",
    "bandwidth_hz",
    "f0_median_hz",
)
SAMPLE_RATE = Quantity("sample_rate", "Sample rate", "kHz", 2, 1e-3)
UNLIKE, TALLEST = 3.0, 2.2
"""A peak over so many times that of the other is cut at so many: loudness made equal would else flatten the source."""

Counts = npt.NDArray[np.int64]


def overlays(before: pd.DataFrame, after: pd.DataFrame) -> list[Figure]:
    """Draw the quantities of `COMPARED` that were measured, in that order."""
    known = {quantity.column: quantity for quantity in (*QUANTITIES, SAMPLE_RATE)}
    figures = (overlay(known[name], before, after) for name in COMPARED)
    return [figure for figure in figures if figure is not None]


def overlay(quantity: Quantity, before: pd.DataFrame, after: pd.DataFrame) -> Figure | None:
    """Draw a quantity of two tables of clips on the same axes; None where neither has anything but zeros."""
    was, now = (_there(table, quantity) for table in (before, after))
    if not was.any() and not now.any():
        return None
    beyond = 0 if quantity is SAMPLE_RATE else 2  # a rate that only a few clips have is what is to be seen
    ends = [reach(values, [], 10.0**-quantity.digits, beyond=beyond) for values in (was, now) if len(values)]
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    quantity = replace(quantity, unit=quantity.narrow or quantity.unit)
    edges = np.linspace(low, high, BINS + 1)
    counts = [np.histogram(np.clip(values, low, high), edges)[0] for values in (was, now)]
    peaks = [int(count.max()) for count in counts]
    flattened = 0 < min(peaks) < max(peaks) / UNLIKE
    top = TALLEST * min(peaks) if flattened else float(max(peaks))
    x, y = Scale(low, high, 40, WIDTH - 14), Scale(0, top, BOTTOM, TOP)
    title, note = _words(quantity, was, now)
    outside = sum(int(((values < low) | (values > high)).sum()) for values in (was, now))
    if outside:
        note += f"; {outside:,} beyond the axis"
    svg = picture(
        WIDTH,
        HEIGHT,
        f"{title}; {note}",
        left_axis(y, 40, "", right=WIDTH - 14, most=3),
        tag("text", "clips", x=34, y=TOP - 12, class_="label", text_anchor="end"),
        *_bars(counts[0], edges, x, y),
        *_outline(counts[1], edges, x, y),
        *(_cut(count, edges, x, y) for count in counts),
        bottom_axis(x, BOTTOM, quantity.unit, top=BOTTOM, most=5),
        *_tips(quantity, edges, counts, x),
    )
    return Figure(title, note, svg)


def _there(table: pd.DataFrame, quantity: Quantity) -> Values:
    values = column(table, quantity.column) * quantity.scale
    return values[np.isfinite(values)]


def _words(quantity: Quantity, was: Values, now: Values) -> tuple[str, str]:
    """Say what the median did, and where the middle half lies."""
    if not len(now):
        return f"{quantity.name}: median {quantity.show(float(np.median(was)))}", "not measured in the build"
    if not len(was):
        return f"{quantity.name}: median {quantity.show(float(np.median(now)))}", "not measured in the source"
    old, new = float(np.median(was)), float(np.median(now))
    same = quantity.show(old) == quantity.show(new)
    moved = f"still {quantity.show(new)}" if same else quantity.span(old, new, "→")
    first, then = _half(quantity, was), _half(quantity, now)
    return (
        f"{quantity.name}: median {moved}",
        f"middle half {first}{', as before' if first == then else f', then {then}'}",
    )


def _half(quantity: Quantity, values: Values) -> str:
    low, high = (float(v) for v in np.percentile(values, [25, 75]))
    same = quantity.show(low) == quantity.show(high)
    return f"at {quantity.show(low)}" if same else quantity.span(low, high, "to")


def _bars(counts: Counts, edges: Values, x: Scale, y: Scale) -> list[Markup]:
    wide, base = number(x(edges[1]) - x(edges[0]) - 0.8), number(y.start)
    d = "".join(
        f"M{number(x(edges[i]) + 0.4)} {base}V{number(y(min(n, y.high)))}h{wide}V{base}z"
        for i, n in enumerate(counts.tolist())
        if n
    )
    return [tag("path", d=d, class_="was")] if d else []


def _outline(counts: Counts, edges: Values, x: Scale, y: Scale) -> list[Markup]:
    """Draw one closed stair for each run of bins that are not empty."""
    d, open_ = "", False
    for i, n in enumerate([*counts.tolist(), 0]):
        at = number(x(edges[i]))
        if n:
            d += f"{'H' if open_ else f'M{at} {number(y.start)}'}{at if open_ else ''}V{number(y(min(n, y.high)))}"
        elif open_:
            d += f"H{at}V{number(y.start)}"
        open_ = bool(n)
    return [tag("path", d=d, class_="now")] if d else []


def _cut(counts: Counts, edges: Values, x: Scale, y: Scale) -> Markup:
    """Write the true count over the tallest bar that does not fit, and break the bars."""
    over = np.flatnonzero(counts > y.high)
    if not len(over):
        return Markup()
    tallest = int(counts.argmax())
    gaps = "".join(f"M{number(x(edges[i]) - 1)} {TOP + 9}L{number(x(edges[i + 1]) + 1)} {TOP + 5}" for i in over)
    at = (x(edges[tallest]) + x(edges[tallest + 1])) / 2
    return tag(
        "g",
        tag("path", d=gaps, class_="gap"),
        tag(
            "text",
            f"{counts[tallest]:,}",
            x=min(max(at, x.start + 12), x.stop - 12),
            y=TOP - 5,
            class_="over-top",
            text_anchor="middle",
        ),
    )


def _tips(quantity: Quantity, edges: Values, counts: list[Counts], x: Scale) -> list[Markup]:
    finer = Quantity("", "", quantity.unit, quantity.digits + 1)
    step = x(edges[1]) - x(edges[0])
    place: dict[str, Any] = {"y": TOP, "width": step, "height": BOTTOM - TOP, "class_": "hit"}
    return [
        tag(
            "rect",
            x=x(edges[i]),
            **place,
            data_tip=f"{finer.span(edges[i], edges[i + 1], 'to')}: {was:,} clips before, {now:,} after",
        )
        for i, (was, now) in enumerate(zip(*(count.tolist() for count in counts), strict=True))
        if was or now
    ]
