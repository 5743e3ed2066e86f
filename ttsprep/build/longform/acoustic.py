"""Which of the texts that a stretch of a recording may have is read there, by what its phones sound like."""

from collections import Counter
from itertools import pairwise

import numpy as np
import scipy.fft

from ttsprep.build.longform.book_words import BookText
from ttsprep.build.longform.pauses import Levels, Pause
from ttsprep.build.longform.text_position import NO_SCORE, AcousticScores, PositionValues, TextPositions
from ttsprep.core.dsp import Array
from ttsprep.core.signal import Mask
from ttsprep.models.phones.hmm import SILENCE, Indices, SoundModels, SpeechRun, learn, paths, scores, slopes

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
        fits = [(self.sounds.likelihoods(stretch.features), stretch.units) for stretch in stretches]
        for k, stretch, (likelihoods, _), places in zip(indices, stretches, fits, paths(fits), strict=True):
            units = stretch.units[places]
            logs = likelihoods[np.arange(len(places)), units]
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
    return np.concatenate((cepstrum, slopes(cepstrum)), axis=1)


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
