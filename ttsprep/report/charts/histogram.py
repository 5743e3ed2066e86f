"""How a quantity is distributed: over the clips by verdict, or before a build and after it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from markupsafe import Markup

from ttsprep.audit.goal.groups import in_low_group
from ttsprep.audit.verdict import Verdict
from ttsprep.checks.base import catalogue
from ttsprep.report.charts.svg import (
    CLASSES,
    Figure,
    Scale,
    bottom_axis,
    column,
    left_axis,
    number,
    picture,
    tag,
)
from ttsprep.report.data import Quantity, Values, quantities

BINS = 36
_WIDTH, _HEIGHT, TOP, BOTTOM = 340, 188, 24, 148
_NAME, _NAMES = 12, 3
"""Height of the name of a limit, and how many stand above one another."""
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
"""Quantities that are drawn before a build and after it, in that order."""
SAMPLE_RATE = Quantity("Sample rate", "kHz", 2, 1e-3, column="sample_rate")
_UNLIKE, TALLEST = 3.0, 2.2
"""A peak over so many times that of the other is cut at so many: loudness made equal would else flatten the source."""


class Limit(NamedTuple):
    """Where a check draws its line; `joint` is the side on which it flags some clips only, by other measures too."""

    value: float
    code: str
    joint: int = 0


_Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Layer:
    """Clips in each bin, with a name for tooltips and a class in the style sheet; bars, or an outline over them."""

    name: str
    class_: str
    counts: _Counts
    outline: bool = False


@dataclass(slots=True)
class JudgedCounts:
    """What findings say of a quantity.

    Attributes
    ----------
    limits
        One that differs from clip to clip (by speaker, say) is left out: no line would be true.
    flagged
        Values of the clips that were flagged.
    """

    limits: list[Limit] = field(default_factory=list)
    flagged: list[float] = field(default_factory=list)


def judged(clips: pd.DataFrame, findings: pd.DataFrame) -> dict[str, JudgedCounts]:
    """Return what findings say of each column that their check measures, if their value is the clip's value of it."""
    known = findings[(findings["clip"] != "") & findings["value"].notna() & findings["limit"].notna()]
    by_id = clips.drop_duplicates("id").set_index("id")
    result: dict[str, JudgedCounts] = {}
    for code, group in known.groupby("code"):
        rows = by_id.index.get_indexer(pd.Index(group["clip"]))
        value, limit = group["value"].to_numpy(float), group["limit"].to_numpy(float)
        for name in catalogue()[str(code)][1].charts if code in catalogue() else ():
            own = np.where(rows < 0, np.nan, column(by_id, name)[rows])
            same = np.isclose(own, value, rtol=1e-3, atol=1e-6)
            if same.mean() < 0.9:
                continue
            counts = result.setdefault(name, JudgedCounts())
            counts.flagged += value[same].tolist()
            every = column(by_id, name)
            for side, here in ((1, same & (value > limit)), (-1, same & (value < limit))):
                at = limit[here]
                if not len(at) or np.ptp(at) > 0.02 * max(np.abs(at).max(), 1e-9):
                    continue
                line = float(np.median(at))
                beyond = side * (every - line) > 0.02 * max(abs(line), 1e-9)
                beyond[rows[rows >= 0]] = False
                limit_ = Limit(line, str(code), side if beyond.any() else 0)
                if (line, str(code)) not in [known[:2] for known in counts.limits]:
                    counts.limits.append(limit_)
            break
    return result


def histogram(
    quantity: Quantity, clips: pd.DataFrame, verdict: npt.NDArray[Any], counts: JudgedCounts, split: float | None = None
) -> Figure | None:
    """Draw a quantity over the clips, stacked by verdict, or by group; None where nothing was measured.

    A bar names the values that it stands for, so that the page's script can filter by them.

    Parameters
    ----------
    quantity
        What to draw.
    clips, verdict
        The table and the verdict of each of its rows.
    found
        What findings say of it, in the unit of the column.
    split
        Limit between the two groups of clips by this quantity, where there are two.
    """
    values = column(clips, quantity.column) * quantity.scale
    there = np.isfinite(values)
    values, verdict = values[there], verdict[there]
    if not len(values):
        return None
    limits = [limit._replace(value=limit.value * quantity.scale) for limit in counts.limits]
    flagged = np.array(counts.flagged, dtype=float) * quantity.scale
    edges = np.linspace(*axis_range(values, limits, 10.0**-quantity.digits), BINS + 1)
    if split is not None:
        low = in_low_group(clips[there], quantity.column, split)
        layers = [_Layer(f"in the {name} group", name, _count(values[mask], edges))
                  for name, mask in (("low", low), ("high", ~low))]  # fmt: skip
    else:
        layers = [_Layer(v.value, CLASSES[v], _count(values[verdict == v.value], edges)) for v in Verdict]
    notes = [quantity.spread(values)]
    if quantity.column == "duration_s":
        outside = [("under 1 s", np.mean(values < 1)), *((f"over {s} s", np.mean(values > s)) for s in (15, 30))]
        notes += [f"{100 * share:.1f} % {name}" if share else f"none {name}" for name, share in outside]
    if beyond := _beyond(values, edges):
        notes.append(f"{beyond:,} beyond the axis, in the outermost bars")
    top = float(np.sum([layer.counts for layer in layers], axis=0).max())
    title = f"{quantity.name}: {quantity.middle(values) if split is None else 'two groups'}"
    return _draw(quantity, edges, layers, (title, "; ".join(notes)), top, limits, flagged)


def before_after_histograms(
    before: pd.DataFrame, after: pd.DataFrame, sides: tuple[str, str] = ("source", "build")
) -> list[Figure]:
    """Draw the quantities of `COMPARED` that were measured, in that order; `sides` names the two tables."""
    known = {quantity.column: quantity for quantity in (*quantities(), SAMPLE_RATE)}
    figures = (before_after_histogram(known[name], before, after, sides) for name in COMPARED)
    return [figure for figure in figures if figure is not None]


def before_after_histogram(
    quantity: Quantity, before: pd.DataFrame, after: pd.DataFrame, sides: tuple[str, str] = ("source", "build")
) -> Figure | None:
    """Draw a quantity of two tables of clips on the same axes; None where neither has anything but zeros."""
    values = [column(table, quantity.column) * quantity.scale for table in (before, after)]
    was, now = (side[np.isfinite(side)] for side in values)
    if not was.any() and not now.any():
        return None
    outliers = 0 if quantity is SAMPLE_RATE else 2  # a rate that only a few clips have is what is to be seen
    least = 10.0**-quantity.digits
    ends = [axis_range(side, [], least, outliers=outliers) for side in (was, now) if len(side)]
    edges = np.linspace(min(end[0] for end in ends), max(end[1] for end in ends), BINS + 1)
    layers = [
        _Layer(f"in the {sides[0]}", "was", _count(was, edges)),
        _Layer(f"in the {sides[1]}", "now", _count(now, edges), outline=True),
    ]
    peaks = [int(layer.counts.max()) for layer in layers]
    top = TALLEST * min(peaks) if 0 < min(peaks) < max(peaks) / _UNLIKE else float(max(peaks))
    quantity = replace(quantity, unit=quantity.narrow or quantity.unit)
    title, note = _change(quantity, was, now, sides)
    if beyond := _beyond(was, edges) + _beyond(now, edges):
        note += f"; {beyond:,} beyond the axis"
    return _draw(quantity, edges, layers, (title, note), top)


def _change(quantity: Quantity, was: Values, now: Values, sides: tuple[str, str]) -> tuple[str, str]:
    """Say what became of the median and of the interquartile range."""
    if not len(was) or not len(now):
        there, lacking = (was, sides[1]) if len(was) else (now, sides[0])
        return f"{quantity.name}: {quantity.middle(there)}", f"not measured in the {lacking}"
    old, new = float(np.median(was)), float(np.median(now))
    same = quantity.show(old) == quantity.show(new)
    first, then = quantity.iqr(was), quantity.iqr(now)
    return (
        f"{quantity.name}: median {f'still {quantity.show(new)}' if same else quantity.span(old, new, ' → ')}",
        f"IQR {first}, {'as before' if first == then else f'then {then}'}",
    )


def _count(values: Values, edges: Values) -> _Counts:
    return np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]


def _beyond(values: Values, edges: Values) -> int:
    return int(((values < edges[0]) | (values > edges[-1])).sum())


def axis_range(values: Values, limits: Sequence[Limit], least: float, *, outliers: float = 0.5) -> tuple[float, float]:
    """Return the ends of an axis for all but `outliers` per cent at either end, and for limits that are near."""
    low, high = np.percentile(values, [outliers, 100 - outliers])
    margin = max(0.08 * (high - low), least)
    low, high = max(low - margin, values.min()), min(high + margin, values.max())
    span = max(high - low, 4 * least)
    near = [limit.value for limit in limits if low - span < limit.value < high + span]
    low, high = min([low, *near]), max([high, *near])
    if high - low < 4 * least:
        low, high = low - 2 * least, high + 2 * least
    return float(max(low, 0.0) if values.min() >= 0 else low), float(high)


def _draw(
    quantity: Quantity,
    edges: Values,
    layers: Sequence[_Layer],
    words: tuple[str, str],
    top: float,
    limits: Sequence[Limit] = (),
    flagged: Values | None = None,
) -> Figure:
    """Draw the bars of the layers, stacked, an outline over them, axes, limits and tooltips.

    Where `flagged` is given, clips of those values get a tick under the axis, and a bar filters the table.
    """
    title, note = words
    x = Scale(edges[0], edges[-1], 40, _WIDTH - 14)
    limits = sorted(limit for limit in limits if x.low <= limit.value <= x.high)
    y = Scale(0, top, BOTTOM, TOP + _NAME * min(len(limits), _NAMES))
    paths, base = [], np.zeros(BINS, dtype=np.int64)
    for layer in layers:
        d = _outline(layer.counts, edges, x, y) if layer.outline else _bars(layer.counts, base, edges, x, y)
        if d:
            paths.append(tag("path", d=d, class_=layer.class_))
        base = base if layer.outline else base + layer.counts
    svg = picture(
        _WIDTH,
        _HEIGHT,
        f"{title}; {note}",
        *_joint(x, limits),
        left_axis(y, 40, "", right=_WIDTH - 14, most=3),
        tag("text", "clips", x=34, y=TOP - 12, class_="label", text_anchor="end"),
        *paths,
        *(_cut(layer.counts, edges, x, y) for layer in layers if (layer.counts > top).any()),
        bottom_axis(x, BOTTOM, quantity.unit or quantity.name.lower(), top=BOTTOM, most=5),
        *_limit_lines(x, limits),
        *_ticks([] if flagged is None else flagged.tolist(), x),
        *_tips(quantity, edges, layers, x, filters=flagged is not None),
        role="img" if flagged is None else "group",
    )
    return Figure(title, note, svg)


def _ticks(values: Sequence[float], x: Scale) -> list[Markup]:
    """Mark values under the axis; what is beyond it, at its end."""
    places = sorted({x(min(max(value, x.low), x.high)) for value in values})
    return [tag("path", d="".join(f"M{number(place)} {BOTTOM}v6" for place in places), class_="flag")] if places else []


def _bars(counts: _Counts, base: _Counts, edges: Values, x: Scale, y: Scale) -> str:
    wide = number(x(edges[1]) - x(edges[0]) - 0.8)
    return "".join(
        f"M{number(x(edges[i]) + 0.4)} {number(y(base[i]))}V{number(y(min(base[i] + n, y.high)))}"
        f"h{wide}V{number(y(base[i]))}z"
        for i, n in enumerate(counts)
        if n
    )


def _outline(counts: _Counts, edges: Values, x: Scale, y: Scale) -> str:
    """Return one closed stair for each run of bins that are not empty."""
    d, open_ = "", False
    for i, n in enumerate([*counts.tolist(), 0]):
        at = number(x(edges[i]))
        if n:
            d += f"{'H' if open_ else f'M{at} {number(y.start)}'}{at if open_ else ''}V{number(y(min(n, y.high)))}"
        elif open_:
            d += f"H{at}V{number(y.start)}"
        open_ = bool(n)
    return d


def _cut(counts: _Counts, edges: Values, x: Scale, y: Scale) -> Markup:
    """Write the true count over the tallest bar that does not fit, and break the bars."""
    tallest = int(counts.argmax())
    gaps = "".join(
        f"M{number(x(edges[i]) - 1)} {TOP + 9}L{number(x(edges[i + 1]) + 1)} {TOP + 5}"
        for i in np.flatnonzero(counts > y.high)
    )
    at = min(max((x(edges[tallest]) + x(edges[tallest + 1])) / 2, x.start + 12), x.stop - 12)
    count = tag("text", f"{counts[tallest]:,}", x=at, y=TOP - 5, class_="over-top", text_anchor="middle")
    return tag("g", tag("path", d=gaps, class_="gap"), count)


def _joint(x: Scale, limits: Sequence[Limit]) -> list[Markup]:
    """Shade where a check flags only the clips that are odd by another measure, too."""
    parts = []
    for limit in limits:
        if limit.joint:
            at, end = x(limit.value), x.stop if limit.joint > 0 else x.start
            place = {"x": min(at, end), "y": TOP, "width": abs(end - at), "height": BOTTOM - TOP}
            parts.append(tag("rect", **place, class_="joint"))
    return parts


def _limit_lines(x: Scale, limits: Sequence[Limit]) -> list[Markup]:
    """Draw each limit, with its name above the bars."""
    parts = []
    for row, limit in enumerate(limits):
        at = x(limit.value)
        right = at > (x.start + x.stop) / 2
        place = {"x": at + (-4 if right else 4), "y": TOP + 9 + _NAME * (row % _NAMES)}
        parts += [
            tag("path", d=f"M{number(at)} {TOP}V{BOTTOM}", class_="limit"),
            tag("text", limit.code, **place, class_="limit-name", text_anchor="end" if right else None),
        ]
    return parts


def _tips(quantity: Quantity, edges: Values, layers: Sequence[_Layer], x: Scale, *, filters: bool) -> list[Markup]:
    """Return an invisible bar with a tooltip for each bin that is not empty; the outermost stand for all beyond."""
    finer = replace(quantity, digits=quantity.digits + 1)
    place = {"y": TOP, "width": x(edges[1]) - x(edges[0]), "height": BOTTOM - TOP, "class_": "hit"}
    tips = []
    for i in range(BINS):
        counts = [f"{layer.counts[i]:,} {layer.name}" for layer in layers if layer.counts[i]]
        if counts:
            tip = f"{finer.span(edges[i], edges[i + 1])}: {', '.join(counts)}"
            ends = (edges[i] if i else None, edges[i + 1] if i + 1 < BINS else None)
            values = {"data_by": quantity.name, "data_from": ends[0], "data_to": ends[1]} if filters else {}
            tips.append(tag("rect", x=x(edges[i]), **place, data_tip=tip, **_exactly(values)))
    return tips


def _exactly(values: dict[str, Any]) -> dict[str, Any]:
    """Write numbers with all their digits: those of a picture are rounded to a tenth of a pixel."""
    return {name: repr(float(value)) if isinstance(value, float) else value for name, value in values.items()}
