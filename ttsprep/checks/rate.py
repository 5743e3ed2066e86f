"""Rate: how long the speech is for its text."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ttsprep.checks.base import Check, Code
from ttsprep.checks.robust import ENOUGH
from ttsprep.types import Finding, Severity

FEWEST = 12


@dataclass(frozen=True)
class Rate(Check):
    """Rate: how long the speech is for its text.

    Attributes
    ----------
    outlier_z
        Distance from the expected duration in robust spreads of clips of that length.
    outlier_ratio
        Least factor between the duration and the expected one.
    fastest_cps, slowest_cps
        Characters a second that no reader reaches, for corpora too small to compare with themselves.
    """

    name = "rate"
    version = 1
    codes = (
        Code(
            "rate-outlier",
            "The speech is far too long or too short for its text.",
            "Duration of the speech (pauses over 0.15 s left out) against a robust line through duration and number of "
            "phones of the speaker's clips (characters where there are no phones), in logarithms, so that both sides "
            "count alike. The spread is taken among clips of like length. Error from 5.5 spreads and a factor of 1.5; "
            "warning from 3.7 spreads and a factor of 1.3. Under 12 clips only 3 to 30 characters a second are held "
            "against it.",
            "Words are missing in the text or in the audio, or the text belongs to another clip: alignment fails, and "
            "the model learns to skip and to babble.",
            "Listen and read; correct the text, or drop the clip.",
        ),
    )
    measures = {}

    outlier_z: float = 3.7
    outlier_ratio: float = 1.3
    error_z: float = 5.5
    error_ratio: float = 1.5
    fastest_cps: float = 30.0
    slowest_cps: float = 3.0

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        size = corpus.phones.where(corpus.phones > 0, corpus.chars).astype("float64")
        spoken = (size > 0) & (corpus.speech_s > 0.1) & (corpus.level_range_db >= 10)
        table = pd.DataFrame({
            "id": corpus.id,
            "speaker": corpus.speaker,
            "size": size,
            "seconds": corpus.speech_s,
            "cps": corpus.chars / corpus.speech_span_s,
        })[spoken]
        if len(table) < FEWEST:
            yield from self._absolute(table)
            return
        counts = table.groupby("speaker")["size"].transform("count")
        for _, group in table.groupby(table.speaker.where(counts >= ENOUGH, "\0pooled")):
            yield from self._relative(group, table)

    def _relative(self, group: pd.DataFrame, whole: pd.DataFrame) -> Iterator[Finding]:
        base = group if len(group) >= ENOUGH else whole
        slope, intercept = _robust_line(base["size"].to_numpy(), base.seconds.to_numpy())
        off = np.log(group.seconds / np.maximum(intercept + slope * group["size"], 0.08)).to_numpy()
        against = np.log(base.seconds / np.maximum(intercept + slope * base["size"], 0.08)).to_numpy()
        spread = _spread_by_size(base["size"].to_numpy(), against)(group["size"].to_numpy())
        z = off / spread
        for i in np.flatnonzero((np.abs(z) > self.outlier_z) & (np.abs(off) > np.log(self.outlier_ratio))):
            error = abs(z[i]) > self.error_z and abs(off[i]) > np.log(self.error_ratio)
            row = group.iloc[i]
            expected = max(intercept + slope * row["size"], 0.08)
            what = "too long: text is missing" if off[i] > 0 else "too short: speech is missing"
            message = (
                f"{row.seconds:.1f} s of speech where its text takes about {expected:.1f} s ({np.exp(abs(off[i])):.1f} "
                f"times {what}, or the text is another's)"
            )
            severity = Severity.ERROR if error else Severity.WARNING
            yield Finding(row.id, "rate-outlier", severity, message, float(row.seconds), float(expected))

    def _absolute(self, table: pd.DataFrame) -> Iterator[Finding]:
        for row in table[(table.cps > self.fastest_cps) | (table.cps < self.slowest_cps)].itertuples():
            limit = self.fastest_cps if row.cps > self.fastest_cps else self.slowest_cps
            message = f"{row.cps:.0f} characters a second (limit {limit:g}): text or speech is missing"
            yield Finding(row.id, "rate-outlier", Severity.WARNING, message, row.cps, limit)


def _robust_line(size: np.ndarray, seconds: np.ndarray) -> tuple[float, float]:
    """Line through duration over size by iteratively reweighted least squares in relative error (Huber weights)."""
    slope, intercept = float(np.median(seconds / size)), 0.0
    for _ in range(20):
        expected = np.maximum(intercept + slope * size, 0.08)
        relative = np.log(seconds / expected)
        scale = max(1.4826 * float(np.median(np.abs(relative))), 1e-3)
        weight = 1 / np.maximum(1.0, np.abs(relative) / (1.5 * scale)) / expected**2
        total, mean_x, mean_y = weight.sum(), np.average(size, weights=weight), np.average(seconds, weights=weight)
        variance = (weight * (size - mean_x) ** 2).sum() / total
        if variance < 1e-6:
            break
        slope = max(float((weight * (size - mean_x) * (seconds - mean_y)).sum() / total / variance), 1e-3)
        intercept = min(max(mean_y - slope * mean_x, 0.0), 0.5)
        slope = max(float(np.median((seconds - intercept) / size)), 1e-3)
    return slope, float(intercept)


def _spread_by_size(size: np.ndarray, off: np.ndarray) -> "np.ufunc":
    """Robust spread of log-residuals as a function of size: clips of a few phones vary more."""
    order = np.argsort(size)
    groups = np.array_split(order, max(1, len(order) // 30))
    centres = np.array([np.log(np.median(size[g])) for g in groups])
    spreads = np.array([1.4826 * np.median(np.abs(off[g])) for g in groups])
    spreads = np.maximum(spreads, 0.06)

    def spread(sizes: np.ndarray) -> np.ndarray:
        return np.interp(np.log(sizes), centres, spreads)

    return spread  # type: ignore[return-value]
