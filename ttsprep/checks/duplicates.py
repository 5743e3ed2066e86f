"""Duplicates: the same bytes, or the same take at another gain, offset, rate or coding."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from ttsprep.checks.base import Check, Code
from ttsprep.core.signal import DIGITAL_SILENCE_DB, HOP_S, Signal, percentile, to_db
from ttsprep.core.types import Clip, Finding, Measures, Severity

_EDGES_HZ = (150, 300, 500, 750, 1_050, 1_450, 2_000, 2_700, 3_500)
_BANDS = len(_EDGES_HZ) - 1
POINTS = 32
SPAN_DB = 26.0
_STEP = 24.0
"""Steps of the stored fingerprint in one standard deviation."""
AXES = 14
ROWS, _COLUMNS = 512, 2_048
"""Fingerprints compared at once: bounds the memory."""

Prints = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Duplicates(Check):
    """Duplicates: the same bytes, or the same take at another gain, offset, rate or coding.

    Attributes
    ----------
    correlation
        Least correlation of two fingerprints of one take.
    span
        Most difference of their durations of speech.
    least_speech_s
        Least speech in seconds to tell takes apart; shorter clips are compared by their bytes only.
    """

    name = "duplicates"
    area = "file"
    codes = (
        Code(
            "duplicate-audio",
            "The same take is in the corpus more than once.",
            "SHA-256 of the files; then a fingerprint of 8 bands (150 Hz to 3.5 kHz) by 32 points in time, log energy, "
            "from the first to the last speech, without mean and scale: copies at another gain, offset, sample rate or "
            "coding correlate by 0.99, two takes of the same sentence by less than 0.95. Error for the same bytes, "
            "warning for the same take (limit 0.975, speech of equal length within 4 %); the first clip is kept.",
            "A take that is there twice weighs twice, and it leaks from the training set into the test set.",
            "Drop all but one. If the texts differ, find out which is right.",
        ),
    )
    measures: ClassVar[dict[str, str]] = {
        "take_print": "8 bands by 32 points of log energy [base64 of int8]",
        "take_print_s": "what the fingerprint spans [s]",
    }
    strings = frozenset({"take_print"})

    correlation: float = 0.975
    span: float = 0.04
    least_speech_s: float = 0.3

    @staticmethod
    def measure(clip: Clip, signal: Signal) -> Measures:  # noqa: D102
        if signal.rate < 2 * _EDGES_HZ[-1]:
            return {"take_print": "", "take_print_s": np.nan}
        edges = [max(1, round(hz / signal.bin_hz)) for hz in _EDGES_HZ]
        bands = signal.bands(*pairwise(edges))
        # the span comes from the same bands, so that it does not move with the bandwidth
        level = to_db(bands.sum(axis=1))
        loud = np.flatnonzero(level > max(percentile(level, 98) - SPAN_DB, DIGITAL_SILENCE_DB))
        if len(loud) < 20 or not signal.speech.any():
            return {"take_print": "", "take_print_s": np.nan}
        bands = bands[loud[0] : loud[-1] + 1]
        # a floor 45 dB under the mean of each band, so that noise and coding do not count
        bands = np.maximum(bands, bands.mean(axis=0) * 3e-5) + 1e-12
        place = np.linspace(0, len(bands), POINTS + 1)
        sums = np.vstack((np.zeros(_BANDS), np.cumsum(np.log(bands), axis=0, dtype=np.float64)))
        rows = np.arange(len(sums))
        points = np.diff(np.stack([np.interp(place, rows, sums[:, b]) for b in range(_BANDS)]), axis=1)
        points -= points.mean()
        scaled = np.clip(np.rint(points / max(points.std(), 1e-6) * _STEP), -127, 127).astype(np.int8)
        return {"take_print": base64.b64encode(scaled.tobytes()).decode(), "take_print_s": len(bands) * HOP_S}

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        # pieces of one recording share its bytes, but not their place in it
        files = corpus[corpus.sha256 != ""].groupby(["sha256", "start_s", "end_s"], sort=False, dropna=False)
        first = files.id.transform("first")
        same_bytes = set()
        for identity, original in zip(corpus.id[first.index], first, strict=True):
            if identity != original:
                same_bytes.add(identity)
                message = f"the same bytes as {original}"
                yield Finding(identity, "duplicate-audio", Severity.ERROR, message, 1.0, self.correlation)
        known = corpus[
            (corpus.take_print != "") & ~corpus.id.isin(same_bytes) & (corpus.speech_s >= self.least_speech_s)
        ]
        for later, earlier, alike in self._same_takes(known):
            message = f"the same take as {earlier} (fingerprints correlate by {alike:.3f}, limit {self.correlation:g})"
            yield Finding(later, "duplicate-audio", Severity.WARNING, message, alike, self.correlation)

    def _same_takes(self, corpus: pd.DataFrame) -> Iterator[tuple[str, str, float]]:
        """Yield each clip that repeats an earlier one, the earliest such, and their correlation."""
        if len(corpus) < 2:
            return
        # equal fingerprints need no comparing, and there may be any number of them
        first = corpus.groupby(["take_print", "take_print_s"], sort=False).ngroup().to_numpy()
        _, own = np.unique(first, return_index=True)
        prints, seconds = _unit_vectors(corpus.take_print.iloc[own]), corpus.take_print_s.to_numpy()[own]
        earliest = own[self._earliest(prints, seconds)][first]
        names = corpus.id.to_numpy()
        for high in np.flatnonzero(earliest < np.arange(len(corpus))):
            low = int(earliest[high])
            alike = float(prints[first[high]] @ prints[first[low]])
            yield names[high], names[low], min(alike, 1.0)

    def _earliest(self, prints: Prints, seconds: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """Return for each fingerprint the first that is alike, which may be itself."""
        order = np.argsort(seconds, kind="stable")
        prints, seconds = prints[order], seconds[order]
        reach = seconds * (1 + self.span) + 0.02
        left, right = _distances(prints)
        far = self.correlation - 1 - 1e-4
        earliest = order.copy()
        for i in range(0, len(order), ROWS):
            rows = slice(i, i + ROWS)
            stop = int(np.searchsorted(seconds, reach[rows][-1], "right"))
            for j in range(i, stop, _COLUMNS):
                columns = slice(j, min(j + _COLUMNS, stop))
                near = left[rows] @ right[columns].T > far
                near &= seconds[columns] <= reach[rows, None]
                a, b = np.nonzero(np.triu(near, 1) if i == j else near)
                if len(a) > near.size // 16:
                    alike = (prints[rows] @ prints[columns].T)[a, b]
                else:
                    alike = np.einsum("ij,ij->i", prints[i + a], prints[j + b])
                a, b = i + a[alike > self.correlation], j + b[alike > self.correlation]
                np.minimum.at(earliest, a, order[b])
                np.minimum.at(earliest, b, order[a])
        result = np.empty_like(earliest)
        result[order] = earliest
        return result


def _distances(prints: Prints) -> tuple[Prints, Prints]:
    """Return two matrices: their products are -1/2 of squared distances, or nearer to 0.

    Distances of unit vectors tell their correlations, and along a few principal axes they are never longer: most
    pairs are seen to be unlike at a tenth of the work.
    """
    sample = prints[:: len(prints) // 4_000 + 1]
    _, axes = np.linalg.eigh(sample.T @ sample)
    short = prints @ axes[:, -AXES:]
    half = -0.5 * np.einsum("ij,ij->i", short, short)[:, None]
    one = np.ones_like(half)
    return np.hstack((short, half, one)), np.hstack((short, one, half))


def _unit_vectors(fingerprints: "pd.Series[str]") -> Prints:
    raw = b"".join(map(base64.b64decode, fingerprints))
    vectors = np.frombuffer(raw, np.int8).reshape(len(fingerprints), _BANDS * POINTS).astype(np.float32)
    vectors -= vectors.mean(axis=1, keepdims=True)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    return vectors
