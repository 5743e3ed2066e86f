"""Which arm speaks better, and how sure that is: a paired bootstrap over sentences and seeds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.curation_pays.arms import ARMS

RESAMPLES = 10_000
Values = npt.NDArray[np.float64]
MEASURES: dict[str, tuple[str, str]] = {
    "nats": ("nats", "words"),
    "CER": ("letter_errors", "letters"),
    "WER": ("word_errors", "words"),
    "MCD dB": ("mcd_db", ""),
    "F0 semitones": ("f0_semitones", ""),
}
"""Name of each measure, the column it sums, and the one that this is divided by (none: sentences). Less is better."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with the middle 95 % of its resamples."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        if np.isnan(self.value):
            return "none"
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


class Scores:
    """The scores of arms on the same sentences.

    Parameters
    ----------
    table
        From `score`, with the columns ``arm`` and ``seed``.
    seed
        Of the resamples, which are the same for every measure and arm.
    """

    def __init__(self, table: pd.DataFrame, seed: int = 0) -> None:
        self.table = table.sort_values(["seed", "id"])
        self.arms = list(dict.fromkeys(table["arm"]))
        self._random = seed

    def value(self, measure: str, arm: str) -> Interval:
        """Return a measure of an arm."""
        return self._interval(measure, [arm], lambda one: one[0])

    def difference(self, measure: str, arm: str, other: str) -> Interval:
        """Return a measure of an arm less that of another; under 0 where the arm is better."""
        return self._interval(measure, [arm, other], lambda both: both[0] - both[1])

    def closed(self, measure: str, arm: str, worst: str = "B", best: str = "O") -> Interval:
        """Return the share of the gap between two arms that an arm closes."""
        return self._interval(measure, [arm, worst, best], lambda rows: (rows[1] - rows[0]) / (rows[1] - rows[2]))

    def _interval(self, measure: str, arms: Sequence[str], of: Callable[[Values], Values]) -> Interval:
        above, below = MEASURES[measure]
        pairs = [self._arrays(arm, above, below) for arm in arms]
        tops, bottoms = (np.stack(parts) for parts in zip(*pairs, strict=True))  # (arms, seeds, sentences)
        random = np.random.default_rng(self._random)
        seeds, sentences = tops.shape[1:]
        rows = random.integers(seeds, size=(RESAMPLES, seeds))[:, :, None]
        columns = random.integers(sentences, size=(RESAMPLES, sentences))[:, None, :]
        with np.errstate(invalid="ignore", divide="ignore"):  # F0 of sentences without a voiced frame: NaN
            whole = of(tops.sum(axis=(1, 2)) / bottoms.sum(axis=(1, 2)))
            drawn = of(tops[:, rows, columns].sum(axis=(2, 3)) / bottoms[:, rows, columns].sum(axis=(2, 3)))
        low, high = np.nanpercentile(drawn, [2.5, 97.5]) if np.isfinite(drawn).any() else (np.nan, np.nan)
        return Interval(float(whole), float(low), float(high))

    def _arrays(self, arm: str, above: str, below: str) -> tuple[Values, Values]:
        own = self.table[self.table["arm"] == arm]
        shape = own["seed"].nunique(), own["id"].nunique()
        top = own[above].to_numpy(np.float64).reshape(shape)
        bottom = own[below].to_numpy(np.float64).reshape(shape) if below else np.isfinite(top).astype(np.float64)
        return np.nan_to_num(top), bottom


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return every measure of every arm, and its difference from B and from D, as text."""
    scores = Scores(table)
    rows = []
    for arm in scores.arms:
        row = {"arm": arm} | {measure: str(scores.value(measure, arm)) for measure in MEASURES}
        for other in ("B", "D"):
            if other in scores.arms and arm != other:
                row[f"nats less {other}"] = str(scores.difference("nats", arm, other))
        if {"B", "O"} <= set(scores.arms) and arm in ARMS and arm not in "BO":
            row["gap B to O closed, nats"] = str(scores.closed("nats", arm))
        rows.append(row)
    return pd.DataFrame(rows).fillna("")


def costs(table: pd.DataFrame) -> pd.DataFrame:
    """Return how much worse every arm is than A by each measure, the worst first."""
    scores = Scores(table)
    kinds = [arm for arm in scores.arms if arm not in ("A", "nano16")]
    rows = {kind: {name: scores.difference(name, kind, "A") for name in list(MEASURES)[:4]} for kind in kinds}
    order = sorted(kinds, key=lambda kind: -rows[kind]["nats"].value)
    return pd.DataFrame([{"planted": kind} | {name: str(cost) for name, cost in rows[kind].items()} for kind in order])
