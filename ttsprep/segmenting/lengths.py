"""Which pauses to cut in: clips of a good length, cut in the best pauses, as little as possible left over."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

GOOD_S = 7.0
"""Length of a clip that costs nothing."""
REFUSING = 30.0
"""Cost of leaving a stretch out, and of each second of it: higher than any other."""


@dataclass(frozen=True, slots=True)
class Place:
    """A pause that may be cut in.

    Attributes
    ----------
    end, begin
        Seconds: where the clip before it ends, and the one after it begins.
    cost
        Of cutting here: about 0 for the best pauses, 1 to 3 for others.
    """

    end: float
    begin: float
    cost: float


def choose(
    places: Sequence[Place],
    shortest: float,
    longest: float,
    usable: Callable[[int, int], bool] = lambda first, last: True,
) -> list[tuple[int, int, bool]]:
    """Divide a recording by dynamic programming over its pauses.

    Parameters
    ----------
    places
        In order; the first and last are the ends of the recording.
    shortest, longest
        Seconds that a clip may last.
    usable
        Whether what lies between two places may be a clip.

    Returns
    -------
    list of tuple
        The first and last place of each stretch, and whether it is a clip; else it is left out. They follow each
        other without gaps.
    """
    best = np.full(len(places), np.inf)
    best[0] = 0.0
    came: list[tuple[int, bool]] = [(0, False)] * len(places)
    for last in range(1, len(places)):
        for first in range(last - 1, -1, -1):
            seconds = places[last].end - places[first].begin
            if seconds > longest and first < last - 1:
                break
            total = best[first] + places[last].cost
            fits = shortest <= seconds <= longest and usable(first, last)
            if fits:
                total += seconds / GOOD_S * 2.0 * np.log(seconds / GOOD_S) ** 2
            elif first == last - 1:
                total += REFUSING * (1.0 + max(seconds, 0.0))
            else:
                continue
            if total < best[last]:
                best[last], came[last] = total, (first, fits)
    result: list[tuple[int, int, bool]] = []
    last = len(places) - 1
    while last > 0:
        first, fits = came[last]
        result.append((first, last, fits))
        last = first
    return result[::-1]


def pause_cost(seconds: float) -> float:
    """Return what cutting in a pause of this length costs: nothing from 0.6 s on."""
    return 1.5 * max(0.0, 1.0 - seconds / 0.6)
