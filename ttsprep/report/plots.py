"""The charts of the report, as SVG that needs no script: each with a title that says what to see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from markupsafe import Markup

from ttsprep.report.svg import Scale, bottom_axis, join, left_axis, number, picture, tag
from ttsprep.report.tables import QUANTITIES, Quantity, visible
from ttsprep.verdict import Verdict

Values = npt.NDArray[np.float64]
Limits = Mapping[str, Sequence[tuple[float, str]]]

CLASSES = {Verdict.USABLE: "usable", Verdict.MEND: "mend", Verdict.DROP: "drop"}
MOST_DOTS = 4_000
"""Points drawn of a long series; lines and counts are always made from all."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with the sentence that says what to see."""

    title: str
    note: str
    svg: Markup


def column(clips: pd.DataFrame, name: str) -> Values:
    """Return a column as floats, NaN where there is no finite number; all NaN if the column is missing."""
    if name not in clips:
        return np.full(len(clips), np.nan)
    values = pd.to_numeric(clips[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def limits_of(clips: pd.DataFrame, findings: pd.DataFrame) -> dict[str, list[tuple[float, str]]]:
    """Find the limits to draw: those of findings whose value is the clip's own value of that column.

    Limits that differ from clip to clip (by speaker, say) are left out: no one line would be true.
    """
    known = findings[(findings["clip"] != "") & findings["value"].notna() & findings["limit"].notna()]
    by_id = clips.drop_duplicates("id").set_index("id")
    result: dict[str, list[tuple[float, str]]] = {}
    for code, group in known.groupby("code"):
        for quantity in QUANTITIES:
            if quantity.column not in by_id:
                continue
            own = column(by_id, quantity.column)[by_id.index.get_indexer(group["clip"])]
            value, limit = group["value"].to_numpy(float), group["limit"].to_numpy(float)
            same = np.isclose(own, value, rtol=1e-3, atol=1e-6)
            if same.mean() < 0.9:
                continue
            for side in (value > limit, value < limit):
                at = np.unique(limit[side & same])
                if len(at) and np.ptp(at) <= 0.02 * max(abs(at).max(), 1e-9):
                    result.setdefault(quantity.column, []).append((float(np.median(at)), str(code)))
            break
    return result


def strictness(steps: Sequence[Mapping[str, Any]], total: float) -> Figure:
    """Draw the hours that each step of strictness keeps."""
    width, height, row, left = 620, 0, 34, 196
    height = row * len(steps) + 34
    unit, factor = ("h", 1.0) if total >= 2 else ("min", 60.0)
    x = Scale(0, max(total * factor, 1e-9), left, width - 76)
    bars, outline = [], ""
    for i, step in enumerate(steps):
        y, end = 6 + row * i, x(step["hours"] * factor)
        share = step["hours"] / total if total else 0.0
        tip = f"{step['keep']}: {step['clips']:,} clips, {hours(step['hours'])}"
        outline += f"{'M' if not i else 'L'}{number(end)} {y}V{y + row}"
        bars.append(
            join([
                tag("text", step["keep"], x=left - 10, y=y + 21, text_anchor="end", class_="name"),
                tag(
                    "rect",
                    x=float(left),
                    y=y,
                    width=max(end - left, 0.0),
                    height=row,
                    class_="kept",
                    data_tip=tip,
                ),
                tag("text", hours(step["hours"]), x=end + 8, y=y + 16, class_="value"),
                tag("text", f"{share:.0%}", x=end + 8, y=y + 29, class_="tick"),
            ])
        )
    axis = bottom_axis(x, 6 + row * len(steps), "", top=6, most=6)
    drop = 1 - steps[-1]["hours"] / total if total and steps else 0.0
    return Figure(
        f"From lenient to strict: keeping only clips without any remark costs {drop:.0%} of the hours",
        f"Hours kept ({unit} on the axis); each step is a subset of the one above.",
        picture(
            width, height, "Hours kept at each strictness", axis, *bars, tag("path", d=outline, class_="edge")
        ),
    )


def histogram(
    quantity: Quantity, clips: pd.DataFrame, verdict: npt.NDArray[Any], limits: Sequence[tuple[float, str]]
) -> Figure | None:
    """Draw how a quantity is distributed, stacked by verdict; None where nothing was measured."""
    values = column(clips, quantity.column) * quantity.scale
    there = np.isfinite(values)
    values, verdict = values[there], verdict[there]
    if not len(values):
        return None
    limits = [(value * quantity.scale, code) for value, code in limits]
    low, high = _range(values, limits, 10.0**-quantity.digits)
    edges = np.linspace(low, high, 37)
    inside = np.clip(values, low, high)
    counts = {v: np.histogram(inside[verdict == v.value], edges)[0] for v in Verdict}
    tallest = int(sum(counts.values()).max())
    width, height = 340, 188
    x, y = Scale(low, high, 40, width - 8), Scale(0, tallest, height - 40, 24)
    step = x(edges[1]) - x(edges[0])
    base = np.zeros(36)
    shapes = []
    for v in Verdict:
        d = "".join(
            f"M{number(x(edges[i]) + 0.4)} {number(y(base[i]))}V{number(y(base[i] + n))}h{number(step - 0.8)}V{number(y(base[i]))}z"
            for i, n in enumerate(counts[v])
            if n
        )
        base = base + counts[v]
        shapes.append(tag("path", d=d, class_=CLASSES[v]) if d else Markup())
    tips = [
        tag(
            "rect",
            x=x(edges[i]),
            y=24.0,
            width=step,
            height=float(height - 64),
            class_="hit",
            data_tip=_bin_tip(quantity, edges, i, counts),
        )
        for i in range(36)
        if base[i]
    ]
    q1, median, q3 = np.percentile(values, [25, 50, 75])
    title = f"{quantity.name}: half lie between {quantity.show(q1).removesuffix(quantity.unit).rstrip()} and {quantity.show(q3)}"
    if quantity.show(q1) == quantity.show(q3):
        title = f"{quantity.name}: mostly {quantity.show(median)}"
    note = f"all between {quantity.show(values.min()).removesuffix(quantity.unit).rstrip()} and {quantity.show(values.max())}"
    if quantity.column == "duration_s":
        shares = [
            f"{np.mean(values < 1):.1%} under 1 s",
            *(f"{np.mean(values > s):.1%} over {s} s" for s in (15, 30)),
        ]
        note = "; ".join([note, *shares])
    beyond = int(((values < low) | (values > high)).sum())
    if beyond:
        note += f"; {beyond} beyond the axis, counted in the outermost bars"
    return Figure(
        title,
        note,
        picture(
            width,
            height,
            f"{title}; {note}",
            left_axis(y, 40, "clips", right=width - 8, most=3),
            *shapes,
            bottom_axis(x, height - 40, quantity.unit, top=height - 40, most=5),
            *_limit_lines(x, limits, 24, height - 40),
            *tips,
        ),
    )


def _bin_tip(quantity: Quantity, edges: Values, i: int, counts: Mapping[Verdict, npt.NDArray[Any]]) -> str:
    finer = Quantity("", "", quantity.unit, quantity.digits + 1)
    parts = [f"{int(counts[v][i]):,} {v.value}" for v in Verdict if counts[v][i]]
    return f"{finer.show(edges[i]).removesuffix(quantity.unit).rstrip()} to {finer.show(edges[i + 1])}: {', '.join(parts)}"


def _range(values: Values, limits: Sequence[tuple[float, str]], least: float) -> tuple[float, float]:
    """The axis: nearly all values, and the limits unless they are far away."""
    low, high = np.percentile(values, [0.5, 99.5])
    margin = max(0.08 * (high - low), least)
    low, high = max(low - margin, values.min()), min(high + margin, values.max())
    span = max(high - low, 4 * least)
    near = [v for v, _ in limits if low - span < v < high + span]
    low, high = min([low, *near]), max([high, *near])
    if high - low < 4 * least:
        low, high = low - 2 * least, high + 2 * least
    return float(low), float(high)


def _limit_lines(x: Scale, limits: Sequence[tuple[float, str]], top: float, bottom: float) -> list[Markup]:
    lines = []
    for row, (value, code) in enumerate(sorted(limits)):
        if x.low <= value <= x.high:
            at, right = x(value), x(value) > (x.start + x.stop) / 2
            lines.append(tag("path", d=f"M{number(at)} {number(top)}V{number(bottom)}", class_="limit"))
            lines.append(
                tag(
                    "text",
                    code,
                    x=at + (-4 if right else 4),
                    y=top + 9 + 11 * (row % 3),
                    class_="limit-name",
                    text_anchor="end" if right else None,
                )
            )
    return lines


def drift(clips: pd.DataFrame, columns: Sequence[str]) -> list[Figure]:
    """Draw quantities along the order of the corpus with their rolling median."""
    figures = []
    for quantity in (q for name in columns for q in QUANTITIES if q.column == name):
        values = column(clips, quantity.column) * quantity.scale
        there = np.flatnonzero(np.isfinite(values))
        if len(there) < 12:
            continue
        window = max(9, len(there) // 40) | 1
        rolling = (
            pd
            .Series(values[there])
            .rolling(window, center=True, min_periods=window // 2 + 1)
            .median()
            .to_numpy()
        )
        low, high = np.percentile(values[there], [1, 99])
        margin = max(0.1 * (high - low), 10.0**-quantity.digits)
        width, height = 560, 170
        x = Scale(0, max(len(clips) - 1, 1), 44, width - 10)
        y = Scale(low - margin, high + margin, height - 40, 24)
        shown = there[:: -(-len(there) // MOST_DOTS)]
        dots = "".join(
            f"M{number(x(i))} {number(y(v))}h0"
            for i, v in zip(shown, np.clip(values[shown], y.low, y.high), strict=True)
        )
        thin = range(0, len(there), -(-len(there) // 600))
        line = " ".join(
            f"{number(x(there[i]))},{number(y(min(max(rolling[i], y.low), y.high)))}" for i in thin
        )
        middle = float(np.median(values[there]))
        swing = float(np.ptp(rolling))
        title = f"{quantity.name}: the rolling median moves within {quantity.show(swing).lstrip('−')}"
        note = f"median of {window} neighbours"
        if len(shown) < len(there):
            note += f"; a dot for every {-(-len(there) // MOST_DOTS)}th clip"
        figures.append(
            Figure(
                title,
                note,
                picture(
                    width,
                    height,
                    title,
                    left_axis(y, 44, quantity.unit, right=width - 10, most=4),
                    tag("path", d=dots, class_="dots"),
                    tag("path", d=f"M44 {number(y(middle))}H{width - 10}", class_="middle"),
                    tag("polyline", points=line, class_="line"),
                    bottom_axis(x, height - 40, "clip, in the order of the corpus", top=height - 40, most=6),
                ),
            )
        )
    return figures


def text_to_audio(clips: pd.DataFrame, findings: pd.DataFrame, verdict: npt.NDArray[Any]) -> Figure | None:
    """Draw the length of speech against the length of text, with the robust line that they should follow."""
    units, unit = column(clips, "phones"), "phone"
    if not np.isfinite(units).any():
        units, unit = column(clips, "chars"), "character"
    seconds, name = column(clips, "speech_s"), "speech"
    if not np.isfinite(seconds).any():
        seconds, name = column(clips, "duration_s"), "audio"
    there = np.flatnonzero(np.isfinite(units) & np.isfinite(seconds))
    if len(there) < 12 or np.ptp(units[there]) == 0:
        return None
    u, s = units[there], seconds[there]
    intercept, slope, spread = robust_line(u, s)
    distance = np.abs(s - intercept - slope * u) / spread
    flagged = set(findings.loc[findings["code"] == "rate-outlier", "clip"])
    ids = clips["id"].astype(str).to_numpy()[there]
    far = np.array([i in flagged for i in ids]) if flagged else distance > 5
    width, height = 720, 380
    x, y = Scale(0, float(u.max()) * 1.02, 48, width - 12), Scale(0, float(s.max()) * 1.04, height - 42, 26)
    every = -(-int((~far).sum()) // (2 * MOST_DOTS)) or 1
    drawn = np.zeros(len(u), dtype=bool)
    drawn[np.flatnonzero(~far)[::every]] = True
    dots = []
    for v in Verdict:
        pick = np.flatnonzero((drawn | far) & (verdict[there] == v.value))
        d = "".join(f"M{number(x(u[i]))} {number(y(s[i]))}h0" for i in pick)
        dots.append(tag("path", d=d, class_=f"dots {CLASSES[v]}") if d else Markup())
    names = [
        join([
            tag(
                "circle",
                cx=x(u[i]),
                cy=y(s[i]),
                r=5.0,
                class_="ring",
                data_tip=f"{visible(ids[i])}: {s[i]:.1f} s for {u[i]:.0f} {unit}s",
            ),
            tag(
                "text",
                _short(ids[i]),
                x=x(u[i]) + (-9 if u[i] > 0.7 * u.max() else 9),
                y=y(s[i]) + 3.5,
                class_="tick",
                text_anchor="end" if u[i] > 0.7 * u.max() else None,
            ),
        ])
        for i in np.argsort(-np.where(far, distance, 0))[:6]
        if far[i]
    ]

    def line(offset: float, class_: str) -> Markup:
        a = (0.0, intercept + offset)
        b = (x.high, intercept + offset + slope * x.high)
        return tag(
            "path",
            d=f"M{number(x(a[0]))} {number(y(a[1]))}L{number(x(b[0]))} {number(y(b[1]))}",
            class_=class_,
            clip_path="url(#plot)",
        )

    clip = tag("clipPath", tag("rect", x=48, y=26, width=width - 60, height=height - 68), id="plot")
    title = (
        f"A {unit} takes {slope * 1000:.0f} ms; {int(far.sum()):,} of {len(u):,} clips lie far from the line"
    )
    note = f"robust line and ± 3 of its spread ({spread:.2f} s)" + (
        f"; a dot for every {every}th clip near it" if every > 1 else ""
    )
    return Figure(
        title,
        note,
        picture(
            width,
            height,
            title,
            clip,
            left_axis(y, 48, f"seconds of {name}", right=width - 12, most=6),
            bottom_axis(x, height - 42, f"{unit}s in the text", top=26, most=8),
            line(0, "line"),
            line(3 * spread, "band"),
            line(-3 * spread, "band"),
            *dots,
            *names,
        ),
    )


def robust_line(u: Values, s: Values) -> tuple[float, float, float]:
    """Fit s = intercept + slope * u by iterated least squares with Tukey's biweight.

    Returns
    -------
    intercept, slope, spread
        In the unit of `s`; the spread is 1.4826 times the median absolute residual, at least 1e-3.
    """
    weights = np.ones_like(u)
    intercept = slope = spread = 0.0
    for _ in range(30):
        mean_u, mean_s = np.average(u, weights=weights), np.average(s, weights=weights)
        variance = np.average((u - mean_u) ** 2, weights=weights)
        if variance == 0:
            break
        slope = float(np.average((u - mean_u) * (s - mean_s), weights=weights) / variance)
        intercept = float(mean_s - slope * mean_u)
        residual = s - intercept - slope * u
        spread = max(1.4826 * float(np.median(np.abs(residual))), 1e-3)
        weights = np.clip(1 - (residual / (4.685 * spread)) ** 2, 0, None) ** 2
    return intercept, slope, max(spread, 1e-3)


def hours(value: float) -> str:
    """Write hours as a person says them: 23.9 h, 41.7 min, 12 s."""
    if value >= 2:
        return f"{value:,.1f} h"
    return f"{value * 60:.1f} min" if value * 3600 >= 60 else f"{value * 3600:.0f} s"


def _short(name: str, most: int = 28) -> str:
    name = visible(name)
    return name if len(name) <= most else f"{name[: most - 1]}…"
