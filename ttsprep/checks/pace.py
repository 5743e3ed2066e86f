"""How long the speech of each clip is against what its text takes at the pace of its speaker."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from ttsprep.core.dsp import ENOUGH, deviation, robust_spread

FEWEST = 12
_SHORT = 15.0
"""Phones; a text this short doubles the variance of the relative duration."""
SHORTEST_S = 0.08
MOST_UNREAD = 0.1
"""Share of the texts without phones, above which the characters of all of them are counted."""

_Values = npt.NDArray[np.float64]


def pace(corpus: pd.DataFrame) -> pd.DataFrame:
    """Compare the duration of the speech with a robust line over the number of phones.

    Parameters
    ----------
    corpus
        Columns ``speaker``, ``phones``, ``chars``, ``speech_s`` and ``level_range_db``. Speakers with fewer than 30
        clips are held against the line of the whole corpus.

    Returns
    -------
    pandas.DataFrame
        ``expected`` seconds, ``off`` (natural logarithm of the duration over the expected one) and ``z`` (off in robust
        spreads); NaN where there is no text or no speech, and everywhere under 12 clips.
    """
    size = corpus.phones.where(corpus.phones > 0, corpus.chars).astype("float64")
    if corpus.phones[corpus.chars > 0].isna().mean() > MOST_UNREAD:  # phones and characters are not to be mixed
        size = corpus.chars.astype("float64")
    usable = (size > 0) & (corpus.speech_s > 0.1) & (corpus.level_range_db >= 10)
    result = pd.DataFrame(np.nan, index=corpus.index, columns=["expected", "off", "z"])
    if usable.sum() < FEWEST:
        return result
    seconds, size = corpus.speech_s.astype("float64").where(usable), size.where(usable)
    speakers = corpus.speaker[usable]
    counts = speakers.groupby(speakers).transform("count")
    for name, group in speakers.groupby(speakers.where(counts >= ENOUGH, "\0pooled")):
        base = group.index if name != "\0pooled" else speakers.index
        slope, intercept = robust_line(np.asarray(size[base]), np.asarray(seconds[base]))
        expected = np.maximum(intercept + slope * size, SHORTEST_S)
        off = np.log(seconds / expected)
        widened = np.sqrt(1 + _SHORT / size)
        spread = max(robust_spread((off / widened)[base], 0.0), 0.05)
        rows = group.index
        result.loc[rows, "expected"] = expected[rows]
        result.loc[rows, "off"] = off[rows]
        result.loc[rows, "z"] = (off / widened / spread)[rows]
    return result


def robust_line(size: _Values, seconds: _Values) -> tuple[float, float]:
    """Line through seconds over size that a third of wrong pairs does not move.

    Huber weights on relative residuals (Huber 1964), iterated; the intercept stays between 0 and 0.5 s.

    Returns
    -------
    slope, intercept
        Seconds per unit of size, and seconds.
    """
    slope, intercept = float(np.median(seconds / size)), 0.0
    for _ in range(20):
        expected = np.maximum(intercept + slope * size, SHORTEST_S)
        relative = np.log(seconds / expected)
        scale = max(robust_spread(relative, 0.0), 1e-3)
        weight = 1 / np.maximum(1.0, np.abs(relative) / (1.5 * scale)) / expected**2
        mean_x, mean_y = np.average(size, weights=weight), np.average(seconds, weights=weight)
        variance = np.average((size - mean_x) ** 2, weights=weight)
        if variance > 1e-6:
            slope = max(float(np.average((size - mean_x) * (seconds - mean_y), weights=weight) / variance), 1e-3)
        intercept = float(min(max(mean_y - slope * mean_x, 0.0), 0.5))
        slope = max(float(np.median((seconds - intercept) / size)), 1e-3)
    return slope, intercept


def speed(corpus: pd.DataFrame) -> "pd.Series[float]":
    """How much a clip sounds like played at another speed, in robust spreads; positive for faster.

    The geometric sense of two witnesses: F0 above that of the speaker and speech shorter than its text takes. 0 where
    they contradict each other or one is missing.
    """
    f0 = deviation(12 * np.log2(corpus.f0_median_hz), corpus.speaker, least_spread=0.7).z
    fast = -pace(corpus).z
    agree = (np.sign(f0) == np.sign(fast)) & (np.minimum(f0.abs(), fast.abs()) > 1)
    together: pd.Series[float] = ((f0 + fast) / 2**0.5).where(agree, 0.0)
    return together
