"""What a check is, and the registry of all of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from ttsprep.core.errors import UsageError, nearest
from ttsprep.core.plugins import load_plugins, register
from ttsprep.core.signal import Signal
from ttsprep.core.types import Clip, Finding, Measures, Severity

MOST, FEW = 0.9, 2
"""Share of the clips that makes a matter of the corpus of what is no fault of a clip; so few clips say nothing."""

_TOO_LITTLE = {"speech_s": "less than {:g} s of speech", "duration_s": "shorter than {:g} s"}
"""Why a clip is not judged, by the column that says too little."""

SeverityLimits = Sequence[tuple[Severity, float]]
"""The most severe first."""


@dataclass(frozen=True, slots=True)
class Code:
    """An entry of the catalogue of findings: what ``ttsprep explain`` prints.

    Attributes
    ----------
    code
        kebab-case name; a public contract.
    summary
        What it is, in one sentence.
    measured
        How it is measured, with the source of the formula, and what the limit is.
    impact
        Why it hurts a text-to-speech model.
    fix
        What to do about it.
    """

    code: str
    summary: str
    measured: str
    impact: str
    fix: str


@dataclass(frozen=True, slots=True)
class Chart:
    """How a report draws a measure.

    Attributes
    ----------
    name, unit
        What to call it, and its unit.
    digits
        Decimals worth showing.
    scale
        Factor from the unit of the column to `unit`.
    short
        Heading in the table of clips; "" keeps it out of there.
    narrow
        The unit there, where `unit` is too wide.
    """

    name: str
    unit: str
    digits: int
    scale: float = 1.0
    short: str = ""
    narrow: str = ""


class Check:
    """Measures every clip, and judges the corpus.

    A subclass is a frozen dataclass whose fields are its thresholds (the keys of ``[checks.NAME]`` in a recipe).
    `measure` is static, so that no threshold can reach a measure: judging again never decodes audio.

    Attributes
    ----------
    name
        Key in recipes, name of the file and of the docs page.
    area
        Heading under which its measures are shown, such as ``noise``; empty for its own name.
    codes
        The findings it can yield.
    measures
        Columns it adds to ``clips.parquet``: name -> "description [unit]".
    charts
        Column -> how a report draws it, for those that it draws.
    strings
        Those of its columns that hold text; the others hold numbers.
    version
        Raised whenever `measure` changes; measured clips are then measured again.
    audio
        False if it needs only the text, so that it also runs where the audio is missing.
    model
        Name of the model that fills its columns, where an audit is asked to listen; empty if `measure` does. Where
        no model has measured them the columns are NaN or "", and yield no finding.
    enough
        Column -> the threshold under which a clip says too little to be judged; such clips are counted in
        ``summary.json``.
    """

    name: ClassVar[str] = ""
    area: ClassVar[str] = ""
    codes: ClassVar[tuple[Code, ...]] = ()
    measures: ClassVar[Mapping[str, str]] = {}
    charts: ClassVar[Mapping[str, Chart]] = {}
    strings: ClassVar[frozenset[str]] = frozenset()
    version: ClassVar[int] = 1
    audio: ClassVar[bool] = True
    model: ClassVar[str] = ""
    enough: ClassVar[Mapping[str, str]] = {}
    registry: ClassVar[dict[str, type["Check"]]] = {}

    def __init_subclass__(cls) -> None:
        register(Check.registry, "checks", cls.name, cls)

    @staticmethod
    def measure(clip: Clip, signal: Signal) -> Measures:
        """Measure one clip; pure, runs in parallel. `signal` is silent and empty where `audio` is False."""
        del clip, signal
        return {}

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:
        """Judge the whole corpus from its table of measures, without any audio."""
        del corpus
        yield from ()

    def has_measures(self, corpus: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Return of which clips there is a measure of this check."""
        numbers = [corpus[name].notna() for name in self.measures if name not in self.strings]
        return np.asarray(np.logical_or.reduce(numbers or [corpus[name] != "" for name in self.strings]), np.bool_)

    def not_judged(self, corpus: pd.DataFrame) -> Iterator[tuple[str, int, str]]:
        """Yield a code, how many measured clips it says nothing of, and why; by default those of `enough`."""
        for column, threshold in self.enough.items():
            limit = float(getattr(self, threshold))
            if count := int((self.has_measures(corpus) & (corpus[column] < limit)).sum()):
                yield from ((code.code, count, _TOO_LITTLE[column].format(limit)) for code in self.codes)


def rows(table: pd.DataFrame) -> Iterator[Any]:
    """Yield the rows of a table as named tuples, whose fields are typed by no stub."""
    return iter(table.itertuples() if len(table) else ())  # a hundred columns of nothing take as long as a clip


def graded(
    table: pd.DataFrame,
    column: str,
    code: str,
    limits: SeverityLimits,
    message: str,
    *,
    below: bool = False,
    place: Callable[[Any], tuple[float, float]] | None = None,
) -> Iterator[Finding]:
    """Yield a finding for each row with a value beyond a limit.

    Parameters
    ----------
    table, column
        Where the values are; NaN is beyond nothing.
    code
        Of the findings.
    limits
        The most severe first; a finding has the first that its value is beyond.
    message
        With ``{row.COLUMN}``, ``{value}`` and ``{limit}`` where they are to stand.
    below
        Whether values under a limit are beyond it; else those over it.
    place
        Where in the clip it is: start and end in seconds.
    """
    sign = -1 if below else 1
    beyond = sign * table[column] > sign * limits[-1][1]
    for row in rows(table[beyond]) if beyond.any() else ():  # a selection of no row copies every column, too
        value = getattr(row, column)
        severity, limit = next((severity, limit) for severity, limit in limits if sign * value > sign * limit)
        where = place(row) if place else ()
        yield Finding(row.id, code, severity, message.format(row=row, value=value, limit=limit), value, limit, *where)


def listed(table: pd.DataFrame, column: str, code: str, severity: Severity, message: str) -> Iterator[Finding]:
    """Yield a finding for each row with a text in `column`, which stands for ``{}`` in `message`."""
    filled = table[table[column].fillna("") != ""]
    for clip, what in zip(filled["id"], filled[column], strict=True):
        yield Finding(clip, code, severity, message.format(what))


@cache
def all_checks() -> dict[str, type[Check]]:
    """Every check by name, ours and those of plug-ins."""
    return load_plugins("ttsprep.checks", Check.registry)


@cache
def catalogue() -> dict[str, tuple[Code, type[Check]]]:
    """Every code with its explanation and its check."""
    return {code.code: (code, check) for check in all_checks().values() for code in check.codes}


def known_code(code: str) -> str:
    """Return `code` if it is in the catalogue.

    Raises
    ------
    UsageError
        If it is not; names the nearest.
    """
    if code not in catalogue():
        raise UsageError(f"no finding is called {code!r}; {nearest(code, catalogue())}")
    return code
