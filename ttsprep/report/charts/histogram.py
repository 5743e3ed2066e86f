"""How a quantity is distributed over the clips, stacked by verdict, with the limits that were applied."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from markupsafe import Markup

from ttsprep.audit.verdict import Verdict
from ttsprep.report.charts.svg import (
    CLASSES,
    Figure,
    Scale,
    Values,
    bottom_axis,
    column,
    left_axis,
    number,
    picture,
    tag,
)
from ttsprep.report.data import QUANTITIES, Quantity

BINS = 36
WIDTH, HEIGHT, TOP, BOTTOM = 340, 188, 24, 148
Limits = Sequence[tuple[float, str]]


def limits_of(clips: pd.DataFrame, findings: pd.DataFrame) -> dict[str, list[tuple[float, str]]]:
    """Find the limits to draw: those of findings whose value is the clip's own value of that column.

    Limits that differ from clip to clip (by speaker, say) are left out: no one line would be true.
    """
    known = findings[(findings["clip"] != "") & findings["value"].notna() & findings["limit"].notna()]
    by_id = clips.drop_duplicates("id").set_index("id")
    result: dict[str, list[tuple[float, str]]] = {}
    for code, group in known.groupby("code"):
        rows = by_id.index.get_indexer(pd.Index(group["clip"]))
        value, limit = group["value"].to_numpy(float), group["limit"].to_numpy(float)
        for quantity in QUANTITIES:
            if quantity.column not in by_id:
                continue
            own = np.where(rows < 0, np.nan, column(by_id, quantity.column)[rows])
            same = np.isclose(own, value, rtol=1e-3, atol=1e-6)
            if same.mean() < 0.9:
                continue
            for at in (limit[same & (value > limit)], limit[same & (value < limit)]):
                drawn = [v for v, name in result.get(quantity.column, []) if name == code]
                if len(at) and np.ptp(at) <= 0.02 * max(np.abs(at).max(), 1e-9) and np.median(at) not in drawn:
                    result.setdefault(quantity.column, []).append((float(np.median(at)), str(code)))
            break
    return result


def histogram(quantity: Quantity, clips: pd.DataFrame, verdict: npt.NDArray[Any], limits: Limits) -> Figure | None:
    """Draw how a quantity is distributed.

    Parameters
    ----------
    quantity
        What to draw.
    clips, verdict
        The table and the verdict of each of its rows.
    limits
        (limit in the unit of the column, code) pairs.

    Returns
    -------
    Figure or None
        None where nothing was measured.
    """
    values = column(clips, quantity.column) * quantity.scale
    there = np.isfinite(values)
    values, verdict = values[there], verdict[there]
    if not len(values):
        return None
    limits = [(value * quantity.scale, code) for value, code in limits]
    low, high = reach(values, limits, 10.0**-quantity.digits)
    edges = np.linspace(low, high, BINS + 1)
    inside = np.clip(values, low, high)
    counts = {v: np.histogram(inside[verdict == v.value], edges)[0] for v in Verdict}
    total = np.sum([counts[v] for v in Verdict], axis=0)
    x, y = Scale(low, high, 40, WIDTH - 14), Scale(0, float(total.max()), BOTTOM, TOP)
    step = x(edges[1]) - x(edges[0])
    tips = [
        tag("rect", x=x(edges[i]), y=TOP, width=step, height=BOTTOM - TOP, class_="hit", data_tip=tip)
        for i, tip in enumerate(_tips(quantity, edges, counts))
        if total[i]
    ]
    title, note = _words(quantity, values, int(((values < low) | (values > high)).sum()))
    svg = picture(
        WIDTH,
        HEIGHT,
        f"{title}; {note}",
        left_axis(y, 40, "clips", right=WIDTH - 14, most=3),
        *_bars(counts, edges, x, y),
        bottom_axis(x, BOTTOM, quantity.unit or quantity.name.lower(), top=BOTTOM, most=5),
        *_limit_lines(x, limits),
        *tips,
    )
    return Figure(title, note, svg)


def _words(quantity: Quantity, values: Values, beyond: int) -> tuple[str, str]:
    """Say where the middle half lies, and where the rest."""
    q1, median, q3 = np.percentile(values, [25, 50, 75])
    title = f"{quantity.name}: half lie between {quantity.span(q1, q3)}"
    if quantity.show(q1) == quantity.show(q3):
        title = f"{quantity.name}: mostly {quantity.show(median)}"
    low, high = float(values.min()), float(values.max())
    same = quantity.show(low) == quantity.show(high)
    parts = ["every clip the same" if same else f"all between {quantity.span(low, high)}"]
    if quantity.column == "duration_s":
        outside = [
            (f"under {1} s", np.mean(values < 1)),
            *((f"over {s} s", np.mean(values > s)) for s in (15, 30)),
        ]
        parts += [f"{share:.1%} {name}" if share else f"none {name}" for name, share in outside]
    if beyond:
        parts.append(f"{beyond:,} beyond the axis, in the outermost bars")
    return title, "; ".join(parts)


def _bars(counts: Mapping[Verdict, npt.NDArray[Any]], edges: Values, x: Scale, y: Scale) -> list[Markup]:
    """Stack one path of bars on the other, the usable clips at the bottom."""
    base = np.zeros(BINS)
    step = x(edges[1]) - x(edges[0])
    paths = []
    for v in Verdict:
        bars = [
            f"M{number(x(edges[i]) + 0.4)} {number(y(base[i]))}V{number(y(base[i] + n))}"
            f"h{number(step - 0.8)}V{number(y(base[i]))}z"
            for i, n in enumerate(counts[v])
            if n
        ]
        if bars:
            paths.append(tag("path", d="".join(bars), class_=CLASSES[v]))
        base = base + counts[v]
    return paths


def _tips(quantity: Quantity, edges: Values, counts: Mapping[Verdict, npt.NDArray[Any]]) -> list[str]:
    finer = Quantity("", "", quantity.unit, quantity.digits + 1)
    tips = []
    for i in range(BINS):
        parts = [f"{int(counts[v][i]):,} {v.value}" for v in Verdict if counts[v][i]]
        tips.append(f"{finer.span(edges[i], edges[i + 1], 'to')}: {', '.join(parts)}")
    return tips


def reach(values: Values, limits: Limits, least: float, *, beyond: float = 0.5) -> tuple[float, float]:
    """Choose an axis for all but `beyond` per cent at either end, and for the limits unless they are far away."""
    low, high = np.percentile(values, [beyond, 100 - beyond])
    margin = max(0.08 * (high - low), least)
    low, high = max(low - margin, values.min()), min(high + margin, values.max())
    span = max(high - low, 4 * least)
    near = [v for v, _ in limits if low - span < v < high + span]
    low, high = min([low, *near]), max([high, *near])
    if high - low < 4 * least:
        low, high = low - 2 * least, high + 2 * least
    if values.min() >= 0:
        low = max(low, 0.0)
    return float(low), float(high)


def _limit_lines(x: Scale, limits: Limits) -> list[Markup]:
    parts = []
    for row, (value, code) in enumerate(sorted(limits)):
        if x.low <= value <= x.high:
            at, right = x(value), x(value) > (x.start + x.stop) / 2
            parts += [
                tag("path", d=f"M{number(at)} {TOP}V{BOTTOM}", class_="limit"),
                tag(
                    "text",
                    code,
                    x=at + (-4 if right else 4),
                    y=TOP + 9 + 11 * (row % 3),
                    class_="limit-name",
                    text_anchor="end" if right else None,
                ),
            ]
    return parts


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
    title, note = _overlaid_words(quantity, was, now)
    outside = sum(int(((values < low) | (values > high)).sum()) for values in (was, now))
    if outside:
        note += f"; {outside:,} beyond the axis"
    svg = picture(
        WIDTH,
        HEIGHT,
        f"{title}; {note}",
        left_axis(y, 40, "", right=WIDTH - 14, most=3),
        tag("text", "clips", x=34, y=TOP - 12, class_="label", text_anchor="end"),
        *_overlaid_bars(counts[0], edges, x, y),
        *_outline(counts[1], edges, x, y),
        *(_cut(count, edges, x, y) for count in counts),
        bottom_axis(x, BOTTOM, quantity.unit, top=BOTTOM, most=5),
        *_overlaid_tips(quantity, edges, counts, x),
    )
    return Figure(title, note, svg)


def _there(table: pd.DataFrame, quantity: Quantity) -> Values:
    values = column(table, quantity.column) * quantity.scale
    return values[np.isfinite(values)]


def _overlaid_words(quantity: Quantity, was: Values, now: Values) -> tuple[str, str]:
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


def _overlaid_bars(counts: Counts, edges: Values, x: Scale, y: Scale) -> list[Markup]:
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


def _overlaid_tips(quantity: Quantity, edges: Values, counts: list[Counts], x: Scale) -> list[Markup]:
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
