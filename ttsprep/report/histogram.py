"""How a quantity is distributed over the clips, stacked by verdict, with the limits that were applied."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from markupsafe import Markup

from ttsprep.report.figure import CLASSES, Figure, Values, column
from ttsprep.report.svg import Scale, bottom_axis, left_axis, number, picture, tag
from ttsprep.report.tables import QUANTITIES, Quantity
from ttsprep.verdict import Verdict

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
