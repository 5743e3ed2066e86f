"""Corpus-relative judgement: how far a clip lies from the others of its speaker."""

import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ttsprep.core.types import Samples

if TYPE_CHECKING:
    import pandas as pd

ENOUGH = 30
"""A group of fewer clips is judged against the whole corpus."""
FEWEST = 8
"""A corpus of fewer clips is not judged relative to itself."""


def deviation(values: "pd.Series", speakers: "pd.Series", *, least_spread: float) -> "pd.DataFrame":
    """How far each value lies from the median of its speaker, and in spreads.

    Parameters
    ----------
    values
        One measure, a row per clip; NaN where it could not be measured.
    speakers
        Speaker of each row; speakers with fewer than 30 measured clips are pooled with the whole corpus.
    least_spread
        Floor of the spread in the unit of the measure: what a listener would not notice. Without it a very even
        corpus would call harmless clips outliers.

    Returns
    -------
    pandas.DataFrame
        ``centre``, ``off`` (value minus centre) and ``z`` (off in spreads, by 1.4826 MAD), NaN where there are
        fewer than 8 clips to compare with.
    """
    import pandas as pd

    values = values.astype("float64")
    counts = values.groupby(speakers).transform("count")
    group = speakers.where(counts >= ENOUGH, "\0pooled")
    pooled = values.median(), robust_spread(values)
    centre = values.groupby(group).transform("median").where(group != "\0pooled", pooled[0])
    spread = values.groupby(group).transform(robust_spread).where(group != "\0pooled", pooled[1])
    if values.count() < ENOUGH:
        spread = spread * 1.5  # the spread of a few clips is itself uncertain
    if values.count() < FEWEST:
        centre = centre * np.nan
    off = values - centre
    return pd.DataFrame({"centre": centre, "off": off, "z": off / spread.clip(lower=least_spread)})


def robust_spread(values: npt.ArrayLike, centre: float | None = None) -> float:
    """Return the standard deviation that a normal bulk of `values` has: 1.4826 times the median absolute deviation.

    Parameters
    ----------
    values
        Any number of them; NaN is left out.
    centre
        What they deviate from, if not their median.

    Returns
    -------
    float
        In the unit of the values; NaN if there are none.
    """
    known = np.asarray(values, np.float64)
    known = known[~np.isnan(known)]
    if not len(known):
        return float("nan")
    return float(1.4826 * np.median(np.abs(known - (np.median(known) if centre is None else centre))))


Array = npt.NDArray[np.float32]
SIZE, _HOP = 400, 160
"""Samples a frame and from one to the next at 16 kHz: 25 and 10 ms."""


def frames(samples: Samples) -> Array:
    """Return all whole frames, shape (frames, 400); a view, not to be written to."""
    return np.lib.stride_tricks.sliding_window_view(samples, SIZE)[::_HOP]


def triangles(edges: npt.NDArray[Any], points: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return overlapping triangles over `points`, shape (edges - 2, points); the middle edge of each has weight 1."""
    low, middle, high = (edges[i : len(edges) - 2 + i, None] for i in range(3))
    return np.asarray(np.maximum(0.0, np.minimum((points - low) / (middle - low), (high - points) / (high - middle))))


def unit_sum(bank: npt.NDArray[np.float64], centres: npt.NDArray[np.float64]) -> Array:
    """Return filters of unit sum; one that lies between two bins takes the bin nearest to its centre (in bins)."""
    empty = ~bank.any(axis=1)
    bank[empty, centres[empty].round().astype(int)] = 1
    return np.asarray(bank / bank.sum(axis=1, keepdims=True), np.float32)


@lru_cache(maxsize=64)
def mel_filters(rate: int, n_fft: int, bands: int, *, slaney: bool = False) -> Array:
    """Return the mel filter bank of librosa from 0 Hz to half of `rate`.

    Importing librosa takes a second and 115 MB, so nothing that runs for every clip or report calls this.

    Parameters
    ----------
    rate
        Sample rate in Hz.
    n_fft
        Samples of the transform.
    bands
        Filters.
    slaney
        Filters of unit area on the mel scale of Slaney, instead of filters of unit sum on that of HTK.

    Returns
    -------
    ndarray
        float32, shape (bands, n_fft // 2 + 1); shared, not to be written to.
    """
    import librosa

    if slaney:
        return np.asarray(librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=bands), np.float32)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Empty filters", UserWarning)  # `unit_sum` fills them
        bank = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=bands, htk=True, norm=None, dtype=np.float64)
    return unit_sum(bank, librosa.mel_frequencies(bands + 2, fmax=rate / 2, htk=True)[1:-1] * n_fft / rate)
