"""Two groups of clips in one corpus, where a measure has two heaps: told as such instead of clip by clip."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ttsprep.checks.bandwidth import spectrum_end_hz
from ttsprep.core.dsp import robust_spread

_Values = npt.NDArray[np.float64]

_FEWEST = 30
"""Clips under which two heaps are chance."""
_SHARE = 0.08
"""Of the clips that the smaller group has at least."""
VALLEY = 0.2
"""Density between the groups, in that of the whole range: more is one wide heap."""
_APART = 3.0
"""Distance of the medians, in spreads of the groups."""


@dataclass(frozen=True, slots=True)
class Heap:
    """A group: its clips, their hours and the median of the measure."""

    clips: int
    hours: float
    median: float


@dataclass(frozen=True, slots=True)
class Groups:
    """Two groups of clips.

    Attributes
    ----------
    measure, name, unit
        What tells them apart.
    limit
        Between them.
    low, high
        Clips under `limit`, and the others.
    """

    measure: str
    name: str
    unit: str
    limit: float
    low: Heap
    high: Heap

    def as_json(self) -> dict[str, Any]:
        """Return it as ``summary.json`` has it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Measure:
    """A measure that may have two heaps, and the least distance that a listener or a model notices."""

    column: str
    name: str
    unit: str
    least: float
    of_one_voice: bool = False
    read: Callable[[pd.DataFrame], "pd.Series[float]"] | None = None
    semitones: bool = False

    def values(self, clips: pd.DataFrame) -> _Values:
        """Return the measure of each clip."""
        return np.asarray(self.read(clips) if self.read else clips[self.column], np.float64)


_MEASURES = (
    _Measure("bandwidth_hz", "bandwidth", "Hz", 1_000.0, read=spectrum_end_hz),
    _Measure("loudness_lufs", "loudness", "LUFS", 6.0),
    _Measure("noise_floor_dbfs", "noise floor", "dBFS", 10.0),
    _Measure("decay_db_per_60ms", "room (decay of the sound)", "dB in 60 ms", 3.0),
    _Measure("f0_median_hz", "pitch", "Hz", 4.0, of_one_voice=True, semitones=True),
)


def find_groups(clips: pd.DataFrame) -> list[Groups]:
    """Return the measures with two heaps, and the group under and above the gap between them.

    Pitch is judged only where the corpus names one speaker at most: two voices differ.

    Parameters
    ----------
    clips
        The table of an audit.
    """
    readable = clips[clips["status"] == "ok"]
    voices = readable["speaker"][readable["speaker"] != ""].nunique()
    hours = readable["duration_s"].fillna(0.0).to_numpy(float) / 3600
    groups = []
    for measure in _MEASURES:
        if measure.column not in readable or (measure.of_one_voice and voices > 1):
            continue
        values = measure.values(readable)
        known = np.isfinite(values)
        at, sizes = values[known], hours[known]
        low = _split(12 * np.log2(at) if measure.semitones else at, measure.least) if len(at) >= _FEWEST else None
        if low is None:
            continue
        limit = float((at[low].max() + at[~low].min()) / 2)
        heaps = (_heap(at[low], sizes[low]), _heap(at[~low], sizes[~low]))
        groups.append(Groups(measure.column, measure.name, measure.unit, limit, *heaps))
    return groups


def in_low_group(clips: pd.DataFrame, measure: str, limit: float) -> npt.NDArray[np.bool_]:
    """Return which clips are in the lower of two groups, by `measure` and `limit` of a `Groups`."""
    one = next(one for one in _MEASURES if one.column == measure)
    return np.asarray(one.values(clips) <= limit, np.bool_)


def _heap(values: _Values, hours: _Values) -> Heap:
    return Heap(len(values), round(float(hours.sum()), 6), float(np.median(values)))


def _split(values: _Values, least: float) -> npt.NDArray[np.bool_] | None:
    """Return which values are in the lower of two heaps; None if there is one heap."""
    order = np.sort(values)
    count = len(order)
    first, last = max(1, int(_SHARE * count)), count - max(1, int(_SHARE * count))
    sums = np.cumsum(order)
    sizes = np.arange(1, count + 1)
    left = sums[:-1] / sizes[:-1]
    right = (sums[-1] - sums[:-1]) / (count - sizes[:-1])
    between = sizes[:-1] * (count - sizes[:-1]) * (right - left) ** 2
    between[: first - 1] = between[last:] = -1.0
    place = int(between.argmax()) + 1
    low, high = order[:place], order[place:]
    apart = float(np.median(high) - np.median(low))
    spread = robust_spread(low) + robust_spread(high)
    if apart < least or apart < _APART * spread:
        return None
    middle = np.median(low) + apart / 3, np.median(low) + 2 * apart / 3
    in_valley = float(((order > middle[0]) & (order < middle[1])).mean())
    return values <= low[-1] if in_valley <= VALLEY / 3 else None
