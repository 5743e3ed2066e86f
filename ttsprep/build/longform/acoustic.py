"""What the phones of a text sound like in one recording, learnt from the recording itself.

The way forced aligners start without a model (a "flat start", Young et al., The HTK Book, 2006, chapter 8): the phones
of stretches whose text is likely known share out their time evenly, each phone becomes a Gaussian over its frames,
and dividing the time by the best path and learning again are repeated. That is enough to tell which of a few texts
was read.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import scipy.fft

from ttsprep.build.longform.book_words import BookText
from ttsprep.build.longform.pauses import Levels, Pause
from ttsprep.build.longform.text_position import NO_SCORE, AcousticScores, PositionValues, TextPositions
from ttsprep.core.dsp import Array
from ttsprep.core.signal import Mask

Indices = npt.NDArray[np.int64]

FIRST_ROUNDS, _ROUNDS = 5, 2
MOST_STRETCHES = 500
"""Learnt from: some 20 minutes."""
_FEWEST_FRAMES = 30
"""Of a phone; a rarer one sounds like all phones together."""
_BATCH = 32
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
        places = paths(sounds, used)
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


def paths(sounds: SoundModels, stretches: Sequence[SpeechRun]) -> list[Indices]:
    """Return the place in the units of each frame on the best path through all of them (Viterbi), many at once."""
    result = [np.zeros(0, np.int64)] * len(stretches)
    order = sorted(range(len(stretches)), key=lambda i: len(stretches[i].features))
    for first in range(0, len(order), _BATCH):
        batch = order[first : first + _BATCH]
        rows = _batch([stretches[i] for i in batch], sounds)
        for row, i in enumerate(batch):
            result[i] = rows[row, : len(stretches[i].features)]
    return result


def _batch(stretches: Sequence[SpeechRun], sounds: SoundModels) -> Indices:
    """Return the place in the units of each frame, shape (stretches, frames); what is behind the end is padding."""
    frames = np.array([len(stretch.features) for stretch in stretches])
    widths = np.array([len(stretch.units) for stretch in stretches])
    count, width = len(stretches), int(widths.max())
    emitted = np.zeros((int(frames.max()), count, width), np.float32)
    closed = np.full((count, width), -np.inf, np.float32)  # 0 where the silence before may be left out
    for row, stretch in enumerate(stretches):
        emitted[: frames[row], row, : widths[row]] = sounds.likelihoods(stretch.features)[:, stretch.units]
        emitted[: frames[row], row, widths[row] :] = -np.inf
        closed[row, _skippable(stretch.units)] = 0.0
    came = np.zeros(emitted.shape, np.int8)
    now = np.full((count, width), -np.inf, np.float32)
    now[:, 0] = emitted[0, :, 0]
    for t in range(1, len(emitted)):
        going = (t < frames)[:, None]
        step, jump = now.copy(), now[:, :-2] + closed[:, 2:]
        better = (now[:, :-1] > step[:, 1:]) & going
        np.copyto(step[:, 1:], now[:, :-1], where=better)
        came[t, :, 1:] = better
        better = (jump > step[:, 2:]) & going
        np.copyto(step[:, 2:], jump, where=better)
        came[t, :, 2:][better] = 2
        now = step + emitted[t]
    lines = np.arange(count)
    # the last unit is the silence behind the last word, which may be left out too
    place = np.where(now[lines, widths - 1] >= now[lines, widths - 2], widths - 1, widths - 2)
    places = np.zeros((count, len(emitted)), np.int64)
    for t in range(len(emitted) - 1, -1, -1):
        places[:, t] = place
        place = place - came[t, lines, place]
    return places


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


COEFFICIENTS = 12
_RARE = 40
"""A phone that the text has less often is taken as its first letter."""
WEIGHT = 0.1
"""Of the log likelihood of a frame: neighbouring frames say the same."""
_SURE = 0.6
"""Probability of both ends of a stretch from which its text is learnt from."""
SETTLED = 0.999
"""Probability of both ends of a stretch from which it need not be compared again."""
FEWEST_PHONES = 1_000
"""In stretches with a likely text; fewer teach nothing."""
EDGE_PHONES = 6
_MOST_WORDS = 60
"""Places compared for one end of a stretch."""


class AcousticAligner:
    """Learns what the phones of one recording sound like, and compares each stretch with the texts it may have.

    Parameters
    ----------
    levels, speech, found
        Of the recording.
    text
        Of the recording.
    """

    def __init__(self, levels: Levels, speech: Mask, pauses: list[Pause], text: BookText) -> None:
        self.features = _features(levels, speech)
        quiet = self.features[~speech[::2]]
        self.silence = quiet[:: max(1, len(quiet) // 3_000)]
        # half the frames of the levels
        self.spans = [(a.last // 2, max(b.first // 2, a.last // 2 + 1)) for a, b in pairwise(pauses)]
        self.text = text
        self.units, self.firsts, self.count = _units(text)
        self.sounds: SoundModels | None = None
        self.scores: list[AcousticScores] = []

    def __call__(self, placing: TextPositions) -> list[AcousticScores]:
        """Return how well each stretch fits the texts that `placing` holds possible; nothing if too few are likely."""
        likely = (placing.begin_p > _SURE) & (placing.end_p > _SURE) & (placing.ends > placing.begins)
        stretches = [
            SpeechRun(self.features[slice(*self.spans[k])], self._between(placing.begins[k], placing.ends[k]))
            for k in np.flatnonzero(likely & (placing.wordless < 0.3))
        ]
        if sum(len(stretch.units) for stretch in stretches) < FEWEST_PHONES:
            return []
        self.sounds = learn(stretches, self.silence, self.count, self.sounds)
        settled = np.minimum(placing.begin_p, placing.end_p) > SETTLED
        self.scores = [
            self.scores[k] if self.scores and settled[k] else self._compare(k, placing, self.sounds)
            for k in range(len(self.spans))
        ]
        return self.scores

    def edges(self, placing: TextPositions) -> tuple[PositionValues, PositionValues]:
        """Listen to the first and the last `EDGE_PHONES` of each stretch.

        Returns
        -------
        fit, frames
            The lower log likelihood a frame, and the smaller number of frames, of both ends; NaN where there is
            nothing to compare. Shape (stretches,).
        """
        fit, frames = (np.full(len(self.spans), np.nan) for _ in range(2))
        indices = np.flatnonzero(placing.ends > placing.begins)
        if self.sounds is None:
            return fit, frames
        stretches = [
            SpeechRun(self.features[slice(*self.spans[k])], self._between(placing.begins[k], placing.ends[k]))
            for k in indices
        ]
        for k, stretch, places in zip(indices, stretches, paths(self.sounds, stretches), strict=True):
            units = stretch.units[places]
            logs = self.sounds.likelihoods(stretch.features)[np.arange(len(places)), units]
            phones = np.flatnonzero(stretch.units != SILENCE)
            count = min(EDGE_PHONES, len(phones))
            ends = [units != SILENCE, units != SILENCE]
            ends[0] &= places <= phones[count - 1]
            ends[1] &= places >= phones[-count]
            fit[k] = min(logs[end].mean() if end.any() else -np.inf for end in ends)
            frames[k] = min(int(end.sum()) for end in ends) / count
        return fit, frames

    def _between(self, first: int, last: int) -> Indices:
        return self.units[self.firsts[first] : self.firsts[last]]

    def _compare(self, k: int, placing: TextPositions, sounds: SoundModels) -> AcousticScores:
        begins = _around(placing.begin_range[k], placing.begins[k], len(self.text.phones) - 1)
        ends = _around(placing.end_range[k], placing.ends[k], len(self.text.phones))
        first, last = int(begins[0]), int(ends[-1])
        frames = self.spans[k][1] - self.spans[k][0]
        if last <= first:
            return AcousticScores(first, last, np.full((1, 1), NO_SCORE), frames)
        units = self._between(first, last)
        offset = self.firsts[first]
        begins, ends = begins[begins < last], ends[ends > first]
        likelihoods = sounds.likelihoods(self.features[slice(*self.spans[k])])
        logs = scores(likelihoods, units, self.firsts[begins] - offset, self.firsts[ends] - offset - 2)
        return AcousticScores(first, int(ends[0]), WEIGHT * np.maximum(logs, -1e4).astype(np.float64), frames)


def _around(limits: Indices, chosen: int, stop: int) -> Indices:
    """Return the places between two limits, no more than `_MOST_WORDS` around the chosen one."""
    low, high = max(0, int(limits[0]) - 1), min(stop, int(limits[1]))
    return np.arange(max(low, chosen - _MOST_WORDS // 2), min(high, chosen + _MOST_WORDS // 2) + 1)


def _features(levels: Levels, speech: Mask) -> Array:
    """Cepstrum of each second frame and its slope, without its mean over speech; shape (frames / 2, features)."""
    decibels = levels.timbre.astype(np.float32)
    np.maximum(decibels, np.percentile(decibels[::7], 2), out=decibels)
    cepstrum = scipy.fft.dct(decibels, axis=1, norm="ortho")[:, :COEFFICIENTS]
    cepstrum -= cepstrum[speech[::2]].mean(axis=0)
    padded = np.pad(cepstrum, ((2, 2), (0, 0)), mode="edge")
    slope = padded[3:-1] - padded[1:-3] + 2 * (padded[4:] - padded[:-4])
    return np.concatenate((cepstrum, slope / 10), axis=1)


def _units(text: BookText) -> tuple[Indices, Indices, int]:
    """Return the units of the text, the place of the first of each word, and how many units there are."""
    counts = Counter(phone for word in text.phones for phone in word)
    names = {phone: phone if counts[phone] >= _RARE else phone[0] for phone in counts}
    numbers = {name: number for number, name in enumerate(sorted(set(names.values())), SILENCE + 1)}
    units: list[int] = []
    firsts: list[int] = []
    for word in text.phones:
        firsts.append(len(units))
        units += [numbers[names[phone]] for phone in word] or [len(numbers) + 1]
        units.append(SILENCE)
    return np.array(units), np.array([*firsts, len(units)]), len(numbers) + 2
