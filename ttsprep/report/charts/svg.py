"""Elements, scales and axes of SVG; everything that goes in is escaped."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from markupsafe import Markup, escape

from ttsprep.audit.verdict import Verdict
from ttsprep.report.data import Values, cut_text, visible
from ttsprep.report.format import decimal


def tag(name: str, *children: str, **attributes: object) -> Markup:
    """Make an element.

    Parameters
    ----------
    name
        Of the element.
    children
        `Markup` as it is, other text escaped.
    attributes
        ``_`` stands for ``-`` and a trailing ``_`` falls off; None and "" leave the attribute out.
    """
    parts = [f"<{name}"]
    for key, value in attributes.items():
        if value is not None and value != "":
            text = number(value) if isinstance(value, float) else value
            parts.append(f' {key.rstrip("_").replace("_", "-")}="{escape(text)}"')
    parts.append(">")
    parts.extend(escape(child) for child in children)
    parts.append(f"</{name}>")
    return Markup("".join(parts))  # noqa: S704 -- every part is escaped above


def join_svg(children: Iterable[str]) -> Markup:
    """Put elements one after the other."""
    return Markup("").join(children)


def number(value: float) -> str:
    """Write a coordinate shortly: one decimal is a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")


def picture(width: int, height: int, label: str, *children: str, class_: str = "", role: str = "img") -> Markup:
    """Make a whole ``<svg>`` that tells a screen reader `label`.

    It grows with its place, or keeps its width if it has a class of its own. A ``group`` has parts that do something.
    """
    return tag(
        "svg",
        *children,
        viewBox=f"0 0 {width} {height}",
        width=width if class_ else None,
        role=role,
        aria_label=label,
        class_=f"chart {class_}".strip(),
    )


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear map from values low..high to pixels start..stop."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        """Pixels of `value`."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.stop - self.start)

    def ticks(self, most: int) -> list[float]:
        """Round values within the scale, `most` at most."""
        return ticks(self.low, self.high, most)


def ticks(low: float, high: float, most: int) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten from `low` to `high`, `most` at most."""
    span = high - low
    if not (span > 0 and math.isfinite(span)):
        return [low]
    base = 10.0 ** math.floor(math.log10(span / most))
    step = next(base * m for m in (1, 2, 5, 10, 20) if span / (base * m) <= most)
    first = math.ceil(low / step - 1e-9)
    return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]


def tick_label(value: float, values: Sequence[float]) -> str:
    """Write a tick with the decimals that its axis needs, and a real minus sign."""
    step = abs(values[1] - values[0]) if len(values) > 1 else abs(value) or 1.0
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return decimal(value, digits) if round(value, digits) else "0"


def bottom_axis(x: Scale, y: float, label: str, *, top: float, most: int = 5) -> Markup:
    """Ticks, faint rules up to `top`, and the name of the quantity under them."""
    values = x.ticks(most)
    return join_svg([
        *(tag("path", d=f"M{number(x(v))} {number(y)}V{number(top)}", class_="grid") for v in values),
        tag("path", d=f"M{number(x.start)} {number(y)}H{number(x.stop)}", class_="axis"),
        *(tag("text", tick_label(v, values), x=x(v), y=y + 14, class_="tick", text_anchor="middle") for v in values),
        tag("text", label, x=(x.start + x.stop) / 2, y=y + 29, class_="label", text_anchor="middle"),
    ])


def left_axis(y: Scale, x: float, label: str, *, right: float, most: int = 4) -> Markup:
    """Ticks, faint rules to `right`, and the name of the quantity above them."""
    values = y.ticks(most)
    unit, letter = (1_000, "k") if max(values, default=0) >= 10_000 else (1, "")  # no more room than for four digits
    labels = [tick_label(v / unit, [other / unit for other in values]) + letter * bool(v) for v in values]
    return join_svg([
        *(tag("path", d=f"M{number(x)} {number(y(v))}H{number(right)}", class_="grid") for v in values),
        *(
            tag("text", label_, x=x - 6, y=y(v) + 3.5, class_="tick", text_anchor="end")
            for v, label_ in zip(values, labels, strict=True)
        ),
        tag("text", label, x=x, y=y.stop - 8, class_="label"),
    ])


CLASSES = {Verdict.USABLE: "usable", Verdict.FIXABLE: "fix", Verdict.DROP: "drop"}
"""The class of each verdict in the style sheet."""


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


def short(name: str, most: int = 28) -> str:
    """Write a name of at most `most` characters."""
    return cut_text(visible(name), most)
