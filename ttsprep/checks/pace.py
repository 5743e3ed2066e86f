"""How long the speech of each clip is against what its phones take from its speaker."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ttsprep.core.dsp import ENOUGH, deviation, robust_spread
from ttsprep.text.phonemes import WORD

FEWEST_FOR_PACE = 12
_SHORT = 15.0
"""Phones; a text this short doubles the variance of the relative duration."""
SHORTEST_S = 0.08
MOST_UNREAD = 0.1
"""Share of the texts without phones, above which the characters of all of them are counted."""
_VOWELS = frozenset("aeiouyɑɐɒæɔəɚɘɛɜɝɞɨɪɯɵøœɶʉʊʌʏɤᵻ")
_REDUCED, _SONORANTS, _LONG = frozenset("əɐᵻɪʊɨʌ"), frozenset("mnɱɳɲŋlɫɭʎɹɻrwjɥʋ"), "ː"
_SPREAD = 0.25
"""Of the durations of a phone between readers, in the duration of a typical one."""
_SILENT_S, _SILENT_SPREAD_S = 0.05, 0.15
"""Seconds of a clip that no phone takes, as its last one is longer, and how much they and those of a word differ."""
_LEAST_SPREAD = 0.05
"""Of the relative durations: no reader is steadier."""
_SAMPLE, _ROUNDS = 4_000, 20
_BISQUARE = 3.0
"""Robust spreads from which on a clip has no weight (Beaton and Tukey 1974)."""

_Values = npt.NDArray[np.float64]
_Counts = Mapping[str, int]


def pace(corpus: pd.DataFrame) -> pd.DataFrame:
    """Compare the duration of the speech with what its phones take.

    Parameters
    ----------
    corpus
        Columns ``speaker``, ``phonemes``, ``phones``, ``chars``, ``speech_s`` and ``level_range_db``. Speakers with
        fewer than 30 clips are held against the durations of the whole corpus.

    Returns
    -------
    pandas.DataFrame
        ``expected`` seconds, ``off`` (natural logarithm of the duration over the expected one) and ``z`` (off in robust
        spreads); NaN where there is no text or no speech, and everywhere under 12 clips.
    """
    unread = corpus.phones[corpus.chars > 0].isna().mean() > MOST_UNREAD  # phones and characters are not to be mixed
    size = (corpus.chars if unread else corpus.phones).astype("float64")
    usable = (size > 0) & (corpus.speech_s > 0.1) & (corpus.level_range_db >= 10)
    result = pd.DataFrame(np.nan, index=corpus.index, columns=["expected", "off", "z"])
    if usable.sum() < FEWEST_FOR_PACE:
        return result
    rows = corpus.index[usable]
    seconds, size = corpus.speech_s[rows].astype("float64"), size[rows]
    counted = [{"": int(one)} for one in size] if unread else [Counter(text.split()) for text in corpus.phonemes[rows]]
    texts = pd.Series(counted, rows)
    speakers = corpus.speaker[rows]
    counts = speakers.groupby(speakers).transform("count")
    for name, group in speakers.groupby(speakers.where(counts >= ENOUGH, "\0pooled")):
        base = group.index if name != "\0pooled" else rows
        units, silent = durations(list(texts[base]), np.asarray(seconds[base], np.float64))
        expected = pd.Series([seconds_of(text, units, silent) for text in texts[base]], base)
        off = np.log(seconds[base] / expected)
        widened = np.sqrt(1 + _SHORT / size[base])
        # a few clips fit their own durations too well
        spread = max(robust_spread(off / widened, 0.0), _LEAST_SPREAD) * (1 + len(units) / len(base)) ** 0.5
        table = pd.DataFrame({"expected": expected, "off": off, "z": off / widened / spread})
        result.loc[group.index] = table.loc[group.index]
    return result


def seconds_of(text: _Counts, units: Mapping[str, float], silent: float) -> float:
    """Return what a text takes, in seconds."""
    return max(silent + sum(count * units[unit] for unit, count in text.items()), SHORTEST_S)


def durations(texts: Sequence[_Counts], seconds: _Values) -> tuple[dict[str, float], float]:
    """Return the seconds of each phone, and those of a clip that no phone takes.

    Ridge regression of seconds on counts of phones, towards usual proportions at the pace of the speaker (Hoerl and
    Kennard 1970), by relative residuals with Tukey's weights, iterated from the median pace: a third of wrong texts
    does not move it. The mark between words counts as a phone.

    Parameters
    ----------
    texts
        How often each phone occurs in each text.
    seconds
        Of speech, shape (texts,).
    """
    units = sorted(set().union(*texts))
    place = {unit: at for at, unit in enumerate(units)}
    chosen = np.linspace(0, len(texts) - 1, min(len(texts), _SAMPLE)).astype(int)
    counts = np.zeros((len(chosen), len(units) + 1))
    counts[:, -1] = 1  # what no phone takes
    for row, at in enumerate(chosen):
        for unit, count in texts[at].items():
            counts[row, place[unit]] = count
    spoken = seconds[chosen]
    usual = np.array([*map(usual_duration, units), 0.0])
    pace_s = float(np.median(spoken / np.maximum(counts @ usual, 0.5)))
    prior = usual * pace_s
    prior[-1] = _SILENT_S
    spreads = [_SILENT_SPREAD_S if unit == WORD else _SPREAD * pace_s for unit in units]
    stiff = np.array([*spreads, _SILENT_SPREAD_S]) ** -2.0
    estimate = prior
    for _ in range(_ROUNDS):
        expected = np.maximum(counts @ estimate, SHORTEST_S)
        relative = np.log(spoken / expected)
        scale = max(robust_spread(relative, 0.0), 0.02)
        weight = np.clip(1 - (relative / (_BISQUARE * scale)) ** 2, 0, None) ** 2 / (scale * expected) ** 2
        weighted = counts * weight[:, None]
        before = estimate
        estimate = np.linalg.solve(weighted.T @ counts + np.diag(stiff), weighted.T @ spoken + stiff * prior)
        if np.allclose(estimate, before, rtol=1e-3, atol=1e-4):
            break
    return dict(zip(units, estimate.tolist(), strict=False)), float(estimate[-1])


def usual_duration(phone: str) -> float:
    """Return how long a phone is beside others, in that of a typical one (after Crystal and House 1988)."""
    if phone == WORD:
        return 0.0
    if _LONG in phone or sum(char in _VOWELS for char in phone) > 1:
        return 1.5
    if phone[:1] in _REDUCED:
        return 0.6
    return 0.75 if phone[:1] in _SONORANTS else 1.0


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
