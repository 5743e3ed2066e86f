"""The charts of the report, as SVG that needs no script: each with a title that says what to see."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from markupsafe import Markup

from ttsprep.audit.verdict import Verdict
from ttsprep.checks.pace import robust_line
from ttsprep.core.dsp import robust_spread
from ttsprep.report.charts.svg import (
    CLASSES,
    Figure,
    Scale,
    bottom_axis,
    column,
    join_svg,
    left_axis,
    number,
    picture,
    short,
    tag,
)
from ttsprep.report.data import Values, quantities, visible
from ttsprep.report.format import count, hours

MOST_DOTS = 4_000
"""Points drawn of a long series; lines and counts are always made from all."""


def strictness(steps: Sequence[Mapping[str, Any]], total: float) -> Figure:
    """Draw the hours that each step of strictness keeps, from lenient to strict; names stand over the bars."""
    width, row = 520, 46
    choices = ((1.0, "hours kept"), (60.0, "minutes kept"), (3600.0, "seconds kept"))
    factor, unit = next((one for one in choices if total * one[0] >= 2), choices[-1])
    x = Scale(0, max(total * factor, 1e-9), 4, width - 108)
    bottom = 6 + row * len(steps)
    bars = []
    for i, step in enumerate(steps):
        y, end = 6 + row * i, x(step["hours"] * factor)
        share = step["hours"] / total if total else 0.0
        tip = f"{step['keep']}: {count(step['clips'], 'clip')}, {hours(step['hours'])}"
        bars.append(
            join_svg([
                tag("text", step["keep"], x=x.start, y=y + 13, class_="name"),
                tag("rect", x=x.start, y=y + 19, width=end - x.start, height=20, class_="kept", data_tip=tip),
                tag("path", d=f"M{number(end)} {y + 19}v20", class_="edge"),
                tag(
                    "text",
                    hours(step["hours"]),
                    tag("tspan", f" {100 * share:.0f} %", class_="tick share"),
                    x=end + 8,
                    y=y + 33,
                    class_="value",
                ),
            ])
        )
    cost = 1 - steps[-1]["hours"] / total if total else 0.0
    title = f"Keeping only clips without findings costs {100 * cost:.0f} % of the hours"
    return Figure(
        title,
        "from lenient to strict; each step is a subset of the step above",
        picture(
            width,
            bottom + 36,
            title,
            *bars,
            bottom_axis(x, bottom, unit, top=bottom, most=6),
        ),
    )


def drift(clips: pd.DataFrame, columns: Sequence[str]) -> list[Figure]:
    """Draw quantities along the order of the corpus with their rolling median."""
    figures = []
    for quantity in (q for name in columns for q in quantities() if q.column == name):
        values = column(clips, quantity.column) * quantity.scale
        there = np.flatnonzero(np.isfinite(values))
        if len(there) < 12:
            continue
        window = max(25, len(there) // 40) | 1
        least = min(window // 2 + 1, len(there))
        rolling = pd.Series(values[there]).rolling(window, center=True, min_periods=least).median().to_numpy()
        low, high = np.percentile(values[there], [1, 99])
        margin = max(0.1 * (high - low), 10 * 10.0**-quantity.digits)
        width, height = 560, 170
        x = Scale(0, max(len(clips) - 1, 1), 44, width - 10)
        y = Scale(low - margin, high + margin, height - 40, 24)
        shown = there[:: -(-len(there) // MOST_DOTS)]
        dots = "".join(
            f"M{number(x(i))} {number(y(v))}h0"
            for i, v in zip(shown, np.clip(values[shown], y.low, y.high), strict=True)
        )
        thin = range(0, len(there), -(-len(there) // 600))
        line = " ".join(f"{number(x(there[i]))},{number(y(min(max(rolling[i], y.low), y.high)))}" for i in thin)
        middle = float(np.median(values[there]))
        swing = float(np.ptp(rolling))
        stays = round(swing, quantity.digits) == 0
        how = f"stays at {quantity.show(middle)}" if stays else f"moves within {quantity.difference(swing)}"
        title = f"{quantity.name}: the rolling median {how}"
        note = f"median of {window} neighbours"
        if len(shown) < len(there):
            note += f"; one clip in {-(-len(there) // MOST_DOTS)} has a dot"
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
    there = np.flatnonzero((units > 0) & (seconds > 0))
    if len(there) < 12 or np.ptp(units[there]) == 0:
        return None
    u, s = units[there], seconds[there]
    slope, intercept = robust_line(u, s)
    residual = s - intercept - slope * u
    spread = max(robust_spread(residual, 0.0), 1e-3)
    distance = np.abs(residual) / spread
    flagged = set(findings.loc[findings["code"] == "rate-outlier", "clip"])
    ids = clips["id"].astype(str).to_numpy()[there]
    far = np.array([i in flagged for i in ids]) if flagged else distance > 5
    width, height = 900, 400
    right, top = (_reach(values, far) for values in (u, s))
    x, y = Scale(0, right * 1.02, 48, width - 12), Scale(0, top * 1.04, height - 42, 26)
    inside = (u <= right) & (s <= top)
    every = -(-int((~far).sum()) // (2 * MOST_DOTS)) or 1
    drawn = np.zeros(len(u), dtype=bool)
    drawn[np.flatnonzero(~far)[::every]] = True
    drawn &= inside
    dots = []
    for v in Verdict:
        pick = np.flatnonzero((drawn | far) & (verdict[there] == v.value))
        d = "".join(f"M{number(x(u[i]))} {number(y(s[i]))}h0" for i in pick)
        dots.append(tag("path", d=d, class_=f"dots {CLASSES[v]}") if d else Markup())
    worst = [i for i in np.argsort(-np.where(far, distance, 0)) if far[i]][:12]
    tips = [f"{visible(ids[i])}: {s[i]:.1f} s for {u[i]:.0f} {unit}s" for i in worst]
    names = named([(x(u[i]), y(s[i]), short(ids[i]), tip) for i, tip in zip(worst, tips, strict=True)], x)

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
    title = f"A {unit} takes {slope * 1000:.0f} ms; {int(far.sum()):,} of {count(len(u), 'clip')} far from the line"
    note = f"robust line and ± 3 of its spread ({spread:.2f} s)" + (
        f"; near it, one clip in {every} has a dot" if every > 1 else ""
    )
    if not inside.all():
        note += f"; {count(int((~inside).sum()), 'longer clip')} beyond the axes"
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


def _reach(values: Values, far: npt.NDArray[np.bool_]) -> float:
    """End an axis where nearly all values and all that are far from the line are within."""
    return float(max([min(values.max(), 1.3 * np.percentile(values, 99)), *values[far]]))


def named(points: Sequence[tuple[float, float, str, str]], x: Scale) -> list[Markup]:
    """Ring points and write their names beside them, leaving out a name that would cover another."""
    parts: list[Markup] = []
    taken: list[tuple[float, float, float]] = []
    for at, height, name, tip in points:
        parts.append(tag("circle", cx=at, cy=height, r=5.0, class_="ring", data_tip=tip))
        end, wide = at > x.start + 0.7 * (x.stop - x.start), 6.6 * len(name) + 9
        left, right = (at - wide, at) if end else (at, at + wide)
        if all(abs(height - other) > 13 or right < first or left > last for other, first, last in taken):
            taken.append((height, left, right))
            place = {"x": at + (-9 if end else 9), "y": height + 3.5, "text_anchor": "end" if end else None}
            parts.append(tag("text", name, **place, class_="tick"))
    return parts
