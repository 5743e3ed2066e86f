"""What the phones of a text sound like in one recording, learnt from the recording itself.

The way forced aligners start without a model (a "flat start", Young et al., The HTK Book, 2006, chapter 8): the phones
of stretches whose text is likely known share out their time evenly, each phone becomes a Gaussian over its frames,
and dividing the time by the best path and learning again are repeated. That is enough to tell which of a few texts
was read.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ttsprep.signal import Array

Indices = npt.NDArray[np.int64]

ROUNDS = 5
MOST_STRETCHES = 500
"""Learnt from: some 20 minutes."""
FEWEST_FRAMES = 30
"""Of a phone; a rarer one sounds like all phones together."""
SILENCE = 0
"""Number of the unit that may stand between words."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Features of a stretch of speech, shape (frames, features), and the units of the text that it may hold.

    Attributes
    ----------
    units
        Units in order, `SILENCE` after each word.
    """

    features: Array
    units: Indices


@dataclass(frozen=True, slots=True)
class Sounds:
    """A Gaussian for each unit, with independent features: shapes (units, features).

    Attributes
    ----------
    weights
        Share of the frames of each unit.
    """

    means: Array
    variances: Array
    weights: Array

    def likelihoods(self, features: Array) -> Array:
        """Log likelihood of each frame for each unit, over that of all units together; shape (frames, units)."""
        inverse = 1 / self.variances
        logs = features**2 @ (-0.5 * inverse.T) + features @ (self.means * inverse).T
        logs += -0.5 * (self.means**2 * inverse + np.log(self.variances)).sum(axis=1)
        with np.errstate(divide="ignore"):
            weighted = logs + np.log(self.weights)
        peak = weighted.max(axis=1, keepdims=True)
        logs -= peak + np.log(np.exp(weighted - peak).sum(axis=1, keepdims=True))
        return np.asarray(logs, np.float32)


def learn(stretches: Sequence[Stretch], silence: Array, units: int, before: Sounds | None = None) -> Sounds:
    """Learn the sounds of `units` units.

    Parameters
    ----------
    stretches
        With their texts; some may be wrong.
    silence
        Features of frames without speech.
    before
        Sounds to begin with; else phones share out the time of a stretch evenly.
    """
    step = max(1, -(-len(stretches) // MOST_STRETCHES))
    used = [stretch for stretch in stretches[::step] if len(stretch.features) >= len(stretch.units) / 2 + 1]
    sounds = before or _estimate([(s.features, _evenly(s)) for s in used], silence, units)
    for _ in range(ROUNDS):
        sounds = _estimate([(s.features, s.units[_path(sounds.likelihoods(s.features), s.units)]) for s in used],
                           silence, units)  # fmt: skip
    return sounds


def scores(likelihoods: Array, units: Indices, starts: Indices, ends: Indices) -> Array:
    """Log likelihood of a stretch for every text that begins and ends at given places.

    Parameters
    ----------
    likelihoods
        From `Sounds.likelihoods`, shape (frames, units).
    units
        Of the longest text, `SILENCE` after each word.
    starts, ends
        Places in `units` of the first and the last unit of the texts.

    Returns
    -------
    numpy.ndarray
        Shape (starts, ends); -inf where the frames are too few, or the end lies before the start.
    """
    emitted = likelihoods[:, units]
    over = _skippable(units)
    now = np.full((len(starts), len(units)), -np.inf, np.float32)
    now[np.arange(len(starts)), starts] = emitted[0, starts]
    for frame in emitted[1:]:
        then = now.copy()
        np.maximum(then[:, 1:], now[:, :-1], out=then[:, 1:])
        then[:, over] = np.maximum(then[:, over], now[:, over - 2])
        then += frame
        now = then
    return now[:, ends]


def _path(likelihoods: Array, units: Indices) -> Indices:
    """Return the place in `units` of each frame on the best path through all of them (Viterbi)."""
    emitted = likelihoods[:, units]
    over = _skippable(units)
    count = len(units)
    came = np.zeros((len(emitted), count), np.int8)
    now = np.full(count, -np.inf, np.float32)
    now[0] = emitted[0, 0]
    for t in range(1, len(emitted)):
        then = now.copy()
        better = now[:-1] > then[1:]
        came[t, 1:] = better
        np.maximum(then[1:], now[:-1], out=then[1:])
        jump = now[over - 2] > then[over]
        came[t, over[jump]] = 2
        then[over[jump]] = now[over - 2][jump]
        now = then + emitted[t]
    places = np.zeros(len(emitted), np.int64)
    place = count - 1 if now[-1] >= now[max(0, count - 2)] else count - 2
    for t in range(len(emitted) - 1, -1, -1):
        places[t] = place
        place -= int(came[t, place])
    return places


def _skippable(units: Indices) -> Indices:
    """Return the places that may follow the one before the last: those behind a silence."""
    behind = np.flatnonzero(units[:-1] == SILENCE) + 1
    return behind[behind >= 2]


def _evenly(stretch: Stretch) -> Indices:
    spoken = stretch.units[stretch.units != SILENCE]
    return spoken[np.arange(len(stretch.features)) * len(spoken) // len(stretch.features)]


def _estimate(shared: Sequence[tuple[Array, Indices]], silence: Array, units: int) -> Sounds:
    features = np.concatenate([silence, *(rows for rows, _ in shared)])
    labels = np.concatenate([np.full(len(silence), SILENCE), *(units for _, units in shared)])
    counts = np.bincount(labels, minlength=units).astype(np.float32)
    sums, squares = (np.zeros((units, features.shape[1]), np.float64) for _ in range(2))
    order = np.argsort(labels, kind="stable")
    edges = np.concatenate(([0], np.cumsum(counts).astype(np.int64)))
    for unit in np.flatnonzero(counts):
        rows = features[order[edges[unit] : edges[unit + 1]]]
        sums[unit], squares[unit] = rows.sum(axis=0), (rows**2).sum(axis=0)
    mean, variance = features.mean(axis=0), features.var(axis=0)
    # every unit begins with a few frames of the average sound
    total = counts[:, None] + FEWEST_FRAMES
    means = (sums + FEWEST_FRAMES * mean) / total
    variances = (squares + FEWEST_FRAMES * (variance + mean**2)) / total - means**2
    weights = counts / counts.sum()
    return Sounds(means.astype(np.float32), np.maximum(variances, 0.05 * variance).astype(np.float32), weights)
