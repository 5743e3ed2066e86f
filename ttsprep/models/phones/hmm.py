"""What the phones of texts sound like, learned from the speech that they are the texts of.

The way forced aligners start without a model (a "flat start", Young et al., The HTK Book, 2006, chapter 8): the phones
of texts share out the time of their speech evenly, each phone becomes a Gaussian over its frames, and dividing the
time by the best path and learning again are repeated. That is enough to tell which of a few texts was read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ttsprep.core.dsp import Array

Indices = npt.NDArray[np.int64]

FIRST_ROUNDS, _ROUNDS = 5, 2
MOST_STRETCHES = 500
"""Learned from: some 20 minutes."""
_FEWEST_FRAMES = 30
"""Of a phone; a rarer one sounds like all phones together."""
_CELLS = 6_000_000
"""Frames times units of all texts that are laid along their speech at once."""
SILENCE = 0
"""Number of the unit that may stand between words."""


@dataclass(frozen=True, slots=True)
class SpeechRun:
    """Features of a stretch of speech, shape (frames, features), and the units of the text that it may hold.

    Attributes
    ----------
    units
        Units in order, `SILENCE` after each word.
    """

    features: Array
    units: Indices


@dataclass(frozen=True, slots=True)
class SoundModels:
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


def slopes(cepstra: Array) -> Array:
    """Return the slope of each cepstrum over five frames (least squares), shape (frames, cepstra)."""
    padded = np.pad(cepstra, ((2, 2), (0, 0)), mode="edge")
    return np.asarray((padded[3:-1] - padded[1:-3] + 2 * (padded[4:] - padded[:-4])) / 10, np.float32)


def learn(stretches: Sequence[SpeechRun], silence: Array, units: int, before: SoundModels | None = None) -> SoundModels:
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
    for _ in range(_ROUNDS if before else FIRST_ROUNDS):
        places = paths([(sounds.likelihoods(s.features), s.units) for s in used])
        sounds = _estimate([(s.features, s.units[at]) for s, at in zip(used, places, strict=True)], silence, units)
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


def paths(fits: Sequence[tuple[Array, Indices]]) -> list[Indices]:
    """Return the place in the units of each frame on the best path through all of them (Viterbi), many at once.

    Parameters
    ----------
    fits
        Pairs of `SoundModels.likelihoods` and units.
    """
    result = [np.zeros(0, np.int64)] * len(fits)
    for places, batch in _batches(fits):
        came: list[npt.NDArray[np.int8]] = []
        ends = _ends(batch, came)
        widths = np.array([len(units) for _, units in batch])
        # the last unit is the silence behind the last word, which may be left out too
        place = np.where(ends[:, 1] >= ends[:, 0], widths - 1, widths - 2)
        taken = np.zeros((len(batch), len(came)), np.int64)
        for t in range(len(came) - 1, -1, -1):
            going = slice(len(batch) - len(came[t]), None)
            taken[going, t] = place[going]
            place[going] -= came[t][np.arange(len(came[t])), place[going]]
        for row, i in enumerate(places):
            result[i] = taken[row, : len(fits[i][0])]
    return result


def totals(fits: Sequence[tuple[Array, Indices]]) -> list[float]:
    """Return the log likelihood of the best path of each pair, as `paths` takes them."""
    result = [0.0] * len(fits)
    for places, batch in _batches(fits):
        for i, ends in zip(places, _ends(batch), strict=True):
            result[i] = float(ends.max())
    return result


@dataclass(frozen=True, slots=True)
class Tail:
    """What does not match at the end of a text.

    Attributes
    ----------
    gain
        How much more likely the frames are where the text may end with an earlier word, and before the last frame.
    units
        Units of the text behind that word, without silences.
    frames
        Frames behind it that no word of the text has.
    """

    gain: float
    units: int
    frames: int


def tails(fits: Sequence[tuple[Array, Indices]], loss: float) -> list[Tail]:
    """Return what does not match at the end of the text of each pair, as `paths` takes them.

    Parameters
    ----------
    fits
        Likelihoods are those behind the best unit of each frame, so 0 at most.
    loss
        What a frame costs that no word of the text has, in nats.
    """
    result = [Tail(0.0, 0, 0)] * len(fits)
    for places, batch in _batches(fits):
        words: list[tuple[Array, Indices]] = []
        ends = _ends(batch, words=words).max(axis=1)
        for row, i in enumerate(places):
            _, units = fits[i]
            frames = len(fits[i][0])
            behind = len(batch) - np.array([len(best) for best, _ in words[:frames]])
            early = np.array([words[t][0][row - behind[t]] for t in range(frames)])
            early -= loss * np.arange(frames - 1, -1, -1)
            t = int(early.argmax())
            rest = units[words[t][1][row - behind[t]] + 1 :]
            gain = max(0.0, float(early[t] - ends[row]))
            result[i] = Tail(gain, int((rest != SILENCE).sum()), frames - 1 - t) if gain else result[i]
    return result


def _batches(
    fits: Sequence[tuple[Array, Indices]],
) -> Iterator[tuple[list[int], list[tuple[Array, Indices]]]]:
    """Yield places and fits of like length, those with fewest frames first, as many as fit into some memory."""
    order = sorted(range(len(fits)), key=lambda i: len(fits[i][0]))
    first = 0
    while first < len(order):
        last, width = first, 0
        while last < len(order):
            frames, units = fits[order[last]]
            width = max(width, len(units))
            if last > first and (last + 1 - first) * len(frames) * width > _CELLS:
                break
            last += 1
        yield order[first:last], [fits[i] for i in order[first:last]]
        first = last


def _ends(
    batch: Sequence[tuple[Array, Indices]],
    came: list[npt.NDArray[np.int8]] | None = None,
    words: list[tuple[Array, Indices]] | None = None,
) -> Array:
    """Return the log likelihood of the best path to the last unit but one and to the last, shape (fits, 2).

    Parameters
    ----------
    batch
        Those with fewest frames first.
    came
        Receives for each frame how many places before each unit its best path was a frame earlier, shape (fits,
        units); of those fits that have so many frames, which are the last ones.
    words
        Receives for each frame, of the same fits, the log likelihood of the best path to the end of any word, and the
        place of that.
    """
    frames = np.array([len(likelihoods) for likelihoods, _ in batch])
    widths = np.array([len(units) for _, units in batch])
    count, width = len(batch), int(widths.max())
    emitted = np.full((int(frames.max()), count, width), -np.inf, np.float32)
    closed = np.full((count, width), -np.inf, np.float32)  # 0 where the silence before may be left out
    inside = np.full((count, width), -np.inf, np.float32)  # 0 behind words
    for row, (likelihoods, units) in enumerate(batch):
        emitted[: len(likelihoods), row, : len(units)] = likelihoods[:, units]
        closed[row, _skippable(units)] = 0.0
        silences = np.flatnonzero(units[1:] == SILENCE)
        inside[row, silences] = inside[row, silences + 1] = 0.0
    now = np.full((count, width), -np.inf, np.float32)
    now[:, 0] = emitted[0, :, 0]
    ends = np.empty((count, 2), np.float32)
    first = 0
    for t in range(len(emitted)):
        if t:
            step, jump = now.copy(), now[:, :-2] + closed[first:, 2:]
            if came is not None:
                ways = np.zeros(now.shape, np.int8)
                np.greater(now[:, :-1], now[:, 1:], out=ways[:, 1:], casting="unsafe")
            np.maximum(step[:, 1:], now[:, :-1], out=step[:, 1:])
            if came is not None:
                np.copyto(ways[:, 2:], 2, where=jump > step[:, 2:])
            np.maximum(step[:, 2:], jump, out=step[:, 2:])
            now = step
            now += emitted[t, first:]
        if came is not None:
            came.append(ways if t else np.zeros(now.shape, np.int8))
        if words is not None:
            spoken = now + inside[first:]
            place = spoken.argmax(axis=1)
            words.append((spoken[np.arange(len(spoken)), place], place))
        while first < count and frames[first] == t + 1:
            ends[first] = now[0, widths[first] - 2 : widths[first]]
            now, first = now[1:], first + 1
    return ends


def _skippable(units: Indices) -> Indices:
    """Return the places that may follow the one before the last: those behind a silence."""
    behind = np.flatnonzero(units[:-1] == SILENCE) + 1
    return behind[behind >= 2]


def _evenly(stretch: SpeechRun) -> Indices:
    spoken = stretch.units[stretch.units != SILENCE]
    places: Indices = np.arange(len(stretch.features)) * len(spoken) // len(stretch.features)
    return np.asarray(spoken[places])


def _estimate(shared: Sequence[tuple[Array, Indices]], silence: Array, units: int) -> SoundModels:
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
    total = counts[:, None] + _FEWEST_FRAMES
    means = (sums + _FEWEST_FRAMES * mean) / total
    variances = (squares + _FEWEST_FRAMES * (variance + mean**2)) / total - means**2
    weights = counts / counts.sum()
    return SoundModels(means.astype(np.float32), np.maximum(variances, 0.05 * variance).astype(np.float32), weights)
