"""What a report is made of, and the quantities that it shows with their units."""

import unicodedata
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ttsprep.audit.percentiles import AREAS
from ttsprep.audit.pipeline import Audited
from ttsprep.checks.base import Chart, all_checks
from ttsprep.checks.phonemes import Coverage, coverage
from ttsprep.core.errors import UsageError
from ttsprep.report.format import decimal

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BuildTables:
    """A build, as its report needs it.

    Attributes
    ----------
    before, after
        The audits of the source and of the result.
    rejected
        Columns ``id`` (of the source), ``stage``, ``codes`` (the worst first, separated by blanks) and ``reason``;
        what is no clip of the source may have a ``duration_s`` of its own.
    provenance
        Columns ``id`` (of the result) and ``source_id``; where there are ``gain_db``, ``lead_removed_s`` and
        ``tail_removed_s``, the report says what they amount to.
    """

    before: Audited
    after: Audited
    rejected: pd.DataFrame
    provenance: pd.DataFrame

    @cached_property
    def coverages(self) -> tuple[Coverage | None, Coverage | None]:
        """Phones of source and result, in the language of the source: a result without clips has none of its own."""
        language = main_language(self.before.table)
        return coverage_of(self.before.table, language), coverage_of(self.after.table, language)


def main_language(clips: pd.DataFrame) -> str:
    """Return the language of most clips that have phonemes; "" if there is none."""
    if not {"phonemes", "language"} <= set(clips):
        return ""
    languages = clips["language"][(clips["phonemes"] != "") & (clips["language"] != "")]
    return "" if languages.empty else str(languages.value_counts().sort_index().idxmax())


def coverage_of(clips: pd.DataFrame, language: str) -> Coverage | None:
    """Return the phones of the clips in a language; None where there are none."""
    if not language or not {"phonemes", "language"} <= set(clips):
        return None
    spoken = clips[(clips["phonemes"] != "") & (clips["language"] == language)]
    try:
        return None if spoken.empty else coverage(spoken, language)
    except UsageError:  # eSpeak NG has no such language
        return None


@dataclass(frozen=True, slots=True)
class Quantity(Chart):
    """A measured column as a reader should see it.

    Attributes
    ----------
    column
        Of ``clips.parquet``.
    """

    column: str = ""

    def show(self, value: float) -> str:
        """Write `value`, given in `unit`, with its unit and a real minus sign."""
        return f"{decimal(value, self.digits)} {self.unit}".rstrip()

    def span(self, low: float, high: float, joint: str = "") -> str:
        """Write two values with their unit once; one value where both read the same."""
        if self.show(low) == self.show(high):
            return self.show(low)
        joint = joint or (" to " if low < 0 or high < 0 else "–")
        return f"{decimal(low, self.digits)}{joint}{self.show(high)}"

    def iqr(self, values: Values) -> str:
        """Write the quartiles: ``5.1–8.7 s``."""
        low, high = np.percentile(values, [25, 75])
        return self.span(float(low), float(high))

    def middle(self, values: Values) -> str:
        """Write median and quartiles: ``median 7.0 s (IQR 5.1–8.7)``."""
        iqr = self.iqr(values).removesuffix(self.unit).rstrip()
        return f"median {self.show(float(np.median(values)))} (IQR {iqr})"

    def spread(self, values: Values) -> str:
        """Write the least and the greatest value: ``range 1.1–10.1 s``."""
        span = self.span(float(values.min()), float(values.max()))
        return f"every clip {span}" if span == self.show(float(values.min())) else f"range {span}"

    def difference(self, value: float) -> str:
        """Write the distance of two values: levels of LUFS or dBFS differ by LU or dB."""
        unit = {"LUFS": "LU", "dBFS": "dB"}.get(self.unit, self.unit)
        return f"{decimal(value, self.digits)} {unit}".rstrip()


@cache
def quantities() -> tuple[Quantity, ...]:
    """Return the measures that a report draws, as the checks declare them, by area."""
    place = {area: number for number, area in enumerate(AREAS)}
    checks = sorted(all_checks().values(), key=lambda check: place.get(check.area, len(place)))
    return tuple(Quantity(**asdict(chart), column=column) for check in checks for column, chart in check.charts.items())


def visible(value: Any) -> str:
    """Return text with every character that would act instead of show (control, bidi) spelled out."""
    text = "" if value is None or pd.isna(value) else str(value)
    if text.isprintable():
        return text
    return "".join(
        f"⟨U+{ord(c):04X}⟩"
        if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and c not in "\u200c\u200d"
        else c
        for c in text
    )


def cut_text(text: str, most: int) -> str:
    """Return at most `most` characters of a text."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
