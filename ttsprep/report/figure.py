"""What all charts share: a figure with its sentence, columns as floats, hours in words."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from markupsafe import Markup

from ttsprep.report.tables import visible
from ttsprep.verdict import Verdict

Values = npt.NDArray[np.float64]

CLASSES = {Verdict.USABLE: "usable", Verdict.MEND: "mend", Verdict.DROP: "drop"}
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


def hours(value: float) -> str:
    """Write hours as a person says them: 23.9 h, 41.7 min, 12 s, 0.4 s."""
    if value >= 2:
        return f"{value:,.1f} h"
    seconds = value * 3600
    return f"{value * 60:.1f} min" if seconds >= 60 else f"{seconds:.1f} s" if 0 < seconds < 9.5 else f"{seconds:.0f} s"


def short(name: str, most: int = 28) -> str:
    """Write a name of at most `most` characters."""
    name = visible(name)
    return name if len(name) <= most else f"{name[: most - 1]}…"
