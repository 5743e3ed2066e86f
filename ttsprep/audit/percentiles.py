"""Where a clip stands among the others: every measure beside the quartiles of its corpus."""

import math
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ttsprep.audit.measure import DERIVED
from ttsprep.checks.base import all_checks

AREAS = {
    "file": ("file", "format", "length", "files"),
    "level": ("level",),
    "noise": ("noise", "hum", "reverb", "mos"),
    "spectrum": ("bandwidth", "lossy", "timbre", "codes"),
    "silence": ("silence",),
    "text": ("text", "text_encoding", "text_speakable", "phonemes"),
    "text and audio": ("rate", "pace", "transcript", "language"),
    "voice": ("voice", "speaker"),
}
"""Checks whose measures are shown together; those of plug-ins come last."""
OTHERS = "others"
OF_FILE = {
    "duration_s": "length of the clip [s]",
    "sample_rate": "of the file [Hz]",
    "channels": "of the file [count]",
}
SHORT = {"count": "", "ratio": "", "0-1": "", "1-5": "", "semitones": "st", "thousandths": "‰", "of full scale": "FS"}
"""Units as they follow a value, where that is not how the catalogue has them."""
FINEST = 6
"""Most decimals of a value."""
REACH = 3.0
"""Distances of the quartiles from the middle half to the ends of an axis, at most: what is farther lies beyond it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a value stands among those of the corpus.

    Attributes
    ----------
    clips
        That have the measure, this one among them.
    low, q1, median, q3, high
        Least, quartiles and greatest of their values.
    percentile
        Share of the clips with less, and half of those with as much, in per cent.
    """

    clips: int
    low: float
    q1: float
    median: float
    q3: float
    high: float
    percentile: float


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of a clip.

    Attributes
    ----------
    name, area, meaning, unit
        Column of ``clips.parquet``, what it belongs to, what it says, and its unit or "".
    value
        None where there was nothing to measure.
    standing
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
    standing: Standing | None
    severity: str = ""
    model: str = ""

    @property
    def digits(self) -> int:
        """Decimals that tell the clips of the middle half apart."""
        if self.unit == "Hz" or not isinstance(self.value, float):
            return 0
        known = [self.value] if self.standing is None else [self.value, self.standing.low, self.standing.high]
        if all(number.is_integer() for number in known):
            return 0
        spread = self.standing.q3 - self.standing.q1 if self.standing else 0.0
        scale = spread or abs(self.value) / 10 or 1.0
        return min(max(1 - math.floor(math.log10(scale)), 0), FINEST)

    def show(self, value: float) -> str:
        """Write a value of this measure, without its unit, with a real minus sign."""
        text = f"{value:,.{self.digits}f}"
        return text.replace("-", "−") if float(text.replace(",", "")) else text.removeprefix("-")

    @property
    def shown_unit(self) -> str:
        """The unit as it follows a value; "" for counts and shares."""
        return SHORT.get(self.unit, self.unit)


def measures(clips: pa.Table, row: int) -> list[Measure]:
    """Return every measure of the clip in a row of a table of clips, by area."""
    found = [_measure(clips, row, "file", name, text, "") for name, text in OF_FILE.items()]
    for check in all_checks().values():
        found += [_measure(clips, row, check.name, name, text, check.model) for name, text in check.measures.items()]
    found += [_measure(clips, row, "rate", name, text, "") for name, text in DERIVED.items()]
    order = [*AREAS, OTHERS]
    there = [measure for measure in found if measure.name in clips.column_names and "base64" not in measure.unit]
    return sorted(there, key=lambda measure: order.index(measure.area))


def _measure(clips: pa.Table, row: int, check: str, name: str, text: str, model: str) -> Measure:
    area = next((area for area, checks in AREAS.items() if check in checks), OTHERS)
    meaning, _, unit = text.removesuffix("]").rpartition(" [")
    meaning, unit = (meaning, unit) if meaning else (text, "")
    if name not in clips.column_names:
        return Measure(name, area, meaning, unit, None, None, model=model)
    column = clips.column(name)
    value = column[row].as_py()
    if pa.types.is_string(column.type):
        return Measure(name, area, meaning, unit, value or None, None, model=model)
    values = column.to_numpy().astype(np.float64)
    found = standing(values, row)
    return Measure(name, area, meaning, unit, float(values[row]) if found else None, found, model=model)


def standing(values: np.ndarray[tuple[int], np.dtype[np.float64]], row: int) -> Standing | None:
    """Return where the value in a row stands among all that are finite; None if it is not finite itself."""
    value = values[row]
    if not np.isfinite(value):
        return None
    there = values[np.isfinite(values)]
    low, q1, median, q3, high = (float(number) for number in np.percentile(there, [0, 25, 50, 75, 100]))
    rank = np.count_nonzero(there < value) + np.count_nonzero(there == value) / 2
    return Standing(len(there), low, q1, median, q3, high, 100 * float(rank) / len(there))


def reach(standing: "Standing") -> tuple[float, float]:
    """Return the ends of the axis that a standing is drawn on: far outliers lie beyond it."""
    box = standing.q3 - standing.q1
    if not (box > 0 and math.isfinite(box)):
        return standing.low, standing.high
    return max(standing.low, standing.q1 - REACH * box), min(standing.high, standing.q3 + REACH * box)
