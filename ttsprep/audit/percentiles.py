"""Every measure of a clip beside the quartiles of its corpus."""

import math
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ttsprep.audit.measure import DERIVED
from ttsprep.checks.base import all_checks

AREAS = ("file", "level", "noise", "spectrum", "silence", "text", "text and audio", "voice")
"""Order of the areas of checks; those that only plug-ins have come last."""
OF_FILE = {
    "duration_s": "length of the clip [s]",
    "sample_rate": "of the file [Hz]",
    "channels": "of the file [count]",
}
_SHORT = {"count": "", "ratio": "", "0-1": "", "1-5": "", "semitones": "st", "thousandths": "‰", "of full scale": "FS"}
"""Units as they follow a value, where that is not how the catalogue has them."""
FINEST = 6
"""Most decimals of a value."""
MOST_IQR = 3.0
"""Axis limit, in interquartile ranges beyond Q1/Q3; farther values are clipped."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """The values of a measure over the corpus, and where one value lies among them.

    Attributes
    ----------
    clips
        That have the measure, this one among them.
    low, q1, median, q3, high
        Least, quartiles and greatest of their values.
    percentile
        Of the value: share of the clips with less, and half of those with as much, in per cent.
    """

    clips: int
    low: float
    q1: float
    median: float
    q3: float
    high: float
    percentile: float

    @property
    def points(self) -> tuple[float, float, float, float, float]:
        """Least value, quartiles, greatest value."""
        return self.low, self.q1, self.median, self.q3, self.high

    @property
    def axis_range(self) -> tuple[float, float]:
        """Ends of the axis to draw it on: far outliers lie beyond."""
        iqr = self.q3 - self.q1
        if not (iqr > 0 and math.isfinite(iqr)):
            return self.low, self.high
        return max(self.low, self.q1 - MOST_IQR * iqr), min(self.high, self.q3 + MOST_IQR * iqr)


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of a clip.

    Attributes
    ----------
    name, area, meaning, unit
        Column of ``clips.parquet``, the area of its check, its description, and its unit or "".
    value
        None where there was nothing to measure.
    distribution
        None for text, and where it was not measured.
    severity
        Of the worst finding that judged it; "" if none did.
    model
        Model that fills it; "" for measures of every audit.
    """

    name: str
    area: str
    meaning: str
    unit: str
    value: float | str | None
    distribution: Distribution | None
    severity: str = ""
    model: str = ""

    @property
    def digits(self) -> int:
        """Decimals that tell the clips of the middle half apart."""
        if self.unit == "Hz" or not isinstance(self.value, float):
            return 0
        known = (
            [self.value] if self.distribution is None else [self.value, self.distribution.low, self.distribution.high]
        )
        if all(number.is_integer() for number in known):
            return 0
        spread = self.distribution.q3 - self.distribution.q1 if self.distribution else 0.0
        scale = spread or abs(self.value) / 10 or 1.0
        return min(max(1 - math.floor(math.log10(scale)), 0), FINEST)

    def show(self, value: float) -> str:
        """Write a value of this measure, without its unit, with a real minus sign."""
        text = f"{value:,.{self.digits}f}"
        return text.replace("-", "−") if float(text.replace(",", "")) else text.removeprefix("-")

    @property
    def shown_unit(self) -> str:
        """The unit as it follows a value; "" for counts and shares."""
        return _SHORT.get(self.unit, self.unit)


def measures(clips: pa.Table, row: int) -> list[Measure]:
    """Return every measure of the clip in a row of a table of clips, by area."""
    described = [("file", name, text, "") for name, text in OF_FILE.items()]
    for check in all_checks().values():
        described += [(check.area or check.name, name, text, check.model) for name, text in check.measures.items()]
    described += [("text and audio", name, text, "") for name, text in DERIVED.items()]
    rows = [_measure(clips, row, *parts) for parts in described if parts[1] in clips.column_names]
    order = [*AREAS, *sorted({measure.area for measure in rows} - {*AREAS})]
    return sorted((m for m in rows if "base64" not in m.unit), key=lambda measure: order.index(measure.area))


def _measure(clips: pa.Table, row: int, area: str, name: str, text: str, model: str) -> Measure:
    meaning, _, unit = text.removesuffix("]").rpartition(" [")
    meaning, unit = (meaning, unit) if meaning else (text, "")
    column = clips.column(name)
    if pa.types.is_string(column.type):
        return Measure(name, area, meaning, unit, column[row].as_py() or None, None, model=model)
    values = column.to_numpy().astype(np.float64)
    summary = distribution(values, row)
    return Measure(name, area, meaning, unit, float(values[row]) if summary else None, summary, model=model)


def distribution(values: np.ndarray[tuple[int], np.dtype[np.float64]], row: int) -> Distribution | None:
    """Return how the finite values are distributed, and where that of a row lies; None if that is not finite."""
    value = values[row]
    if not np.isfinite(value):
        return None
    there = values[np.isfinite(values)]
    low, q1, median, q3, high = (float(number) for number in np.percentile(there, [0, 25, 50, 75, 100]))
    rank = np.count_nonzero(there < value) + np.count_nonzero(there == value) / 2
    return Distribution(len(there), low, q1, median, q3, high, 100 * float(rank) / len(there))
