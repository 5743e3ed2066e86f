"""How the codes of a corpus are used: per codebook, and which clips the codec does not fit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ttsprep.codec.tokens import Numbers
from ttsprep.core.dsp import robust_spread

FAR = 4.0
"""Robust deviations above the middle of a corpus from which a clip is an outlier."""
SPREAD_DB = 0.3
"""The least deviation that counts: a corpus of one voice in one room may have hardly any."""


@dataclass(slots=True)
class Usage:
    """Counts of every code.

    Attributes
    ----------
    counts
        ``(codebooks, codebook_size)``.
    """

    counts: npt.NDArray[np.int64]

    @classmethod
    def empty(cls, codebooks: int, codebook_size: int) -> "Usage":
        """Return counts of nothing."""
        return cls(np.zeros((codebooks, codebook_size), np.int64))

    def add(self, codes: Numbers) -> None:
        """Count codes ``(codebooks, frames)``."""
        for number, row in enumerate(codes):
            self.counts[number] += np.bincount(row, minlength=self.counts.shape[1])

    def books(self) -> list[dict[str, Any]]:
        """Return, for every codebook, the share of codes that occur, perplexity and bits a code.

        Perplexity ``2^H`` is the number of codes that, used equally, would say as much; ``H`` is the entropy.
        """
        out = []
        for book in self.counts:
            bits = entropy(book)
            out.append({
                "used": round(float((book > 0).mean()), 4),
                "perplexity": round(2.0**bits, 1),
                "bits": round(bits, 3),
            })
        return out


def entropy(counts: npt.NDArray[np.int64]) -> float:
    """Return the bits that a code says, from how often each occurs."""
    share = counts[counts > 0] / max(1, counts.sum())
    return float(-(share * np.log2(share)).sum())


def outliers(distance_db: Sequence[float]) -> npt.NDArray[np.bool_]:
    """Say which clips the codec fits much worse than the rest: `FAR` deviations above the median, NaN never.

    A deviation is robust, and at least `SPREAD_DB`.
    """
    values = np.asarray(distance_db, np.float64)
    known = values[~np.isnan(values)]
    if not len(known):
        return np.zeros(len(values), bool)
    middle = np.median(known)
    spread = max(SPREAD_DB, robust_spread(known))
    return np.asarray(np.nan_to_num(values, nan=-np.inf) > middle + FAR * spread)


def middle_and_largest(distance_db: Sequence[float]) -> dict[str, float]:
    """Return ``median`` and ``largest`` of distances in any order, without NaN; empty if no distance is known."""
    known = [value for value in distance_db if not math.isnan(value)]
    return {"median": round(float(np.median(known)), 3), "largest": round(max(known), 3)} if known else {}
