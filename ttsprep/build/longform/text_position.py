"""Where a text lies in a recording, by durations and pauses alone, and how certain each place is.

A hidden semi-Markov model: the stretches of speech between pauses are read off the text in order, each taking a run
of words. How well a run fits is the probability of its duration, given its phones (a log-normal, as sentence lengths
in Gale and Church 1993), of a pause of that length after its last word, and of no pause after the others. Stretches
without text and text that was not read are possible, at a price. The forward and backward sums (Rabiner 1989) give the
probability of every place of a pause in the text, all others considered.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ttsprep.build.longform.book_words import BookText
from ttsprep.checks.pace import robust_line
from ttsprep.core.dsp import robust_spread

PositionValues = npt.NDArray[np.float64]

BEAM = 45.0
"""Places less probable than the best by this many nats are not followed."""
WORDLESS, UNREAD, UNREAD_PHONE = -9.0, -9.0, -0.12
"""Log probability of a stretch of speech without text, of text that is not read, and of each phone of it."""
_WIDEST = 3.5
"""Spreads that a duration may be off."""
FEW_PHONES = 15.0
"""A run of so few phones has twice the variance; see `ttsprep.checks.pace`."""
_ROUNDS, ROUNDS_WITH_SOUND = 3, 2
NO_SCORE = -8.0
_RANGE = -7.0
"""Log probability down to which a place is worth listening to."""

Kinds = tuple[float, float, float, float]
"""A value for each `After`."""


@dataclass(frozen=True, slots=True)
class SpeakingRate:
    """How a reader reads.

    Attributes
    ----------
    onset, phone
        Seconds that a stretch of speech takes: so much, and so much a phone.
    spread
        Of the natural logarithm of the duration of a long stretch.
    pausing
        Probability of a pause after a word of each kind.
    typical, pause_spread
        Median length of such pauses in seconds, and the spread of its natural logarithm.
    """

    onset: float
    phone: float
    spread: float = 0.12
    pausing: Kinds = (0.03, 0.6, 0.97, 0.01)
    typical: Kinds = (0.3, 0.38, 0.65, 0.3)
    pause_spread: Kinds = (0.35, 0.45, 0.45, 0.35)


@dataclass(frozen=True, slots=True)
class TextPositions:
    """Where each stretch of speech begins and ends in the text.

    Attributes
    ----------
    begins, ends
        The most probable first and past-the-last word of each stretch.
    begin_p, end_p
        The probability of each.
    wordless, unread
        Probability that the stretch has no text, and that text before it was not read.
    begin_range, end_range
        The first and past-the-last place with a probability of 0.001 and more, shape (stretches, 2).
    fit
        How well each stretch sounds like its text: log likelihood a frame against that of any sound; NaN where no
        comparison was made.
    reading
        As it was learnt from this recording.
    """

    begins: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    begin_p: PositionValues
    end_p: PositionValues
    wordless: PositionValues
    unread: PositionValues
    begin_range: npt.NDArray[np.int64]
    end_range: npt.NDArray[np.int64]
    fit: PositionValues
    reading: SpeakingRate


@dataclass(frozen=True, slots=True)
class AcousticScores:
    """How well the sound of one stretch fits each text.

    Attributes
    ----------
    begin, end
        The words that the first row and column stand for: where a text begins, and the word past its last.
    logs
        Log probability against that of any sound, shape (begins, ends).
    frames
        That were compared.
    """

    begin: int
    end: int
    logs: PositionValues
    frames: int

    def at(self, begins: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> PositionValues:
        """Return those of pairs of places; `NO_SCORE` for pairs that were not listened to."""
        rows, columns = begins - self.begin, ends - self.end
        known = (rows >= 0) & (rows < self.logs.shape[0]) & (columns >= 0) & (columns < self.logs.shape[1])
        return np.where(known, self.logs[np.where(known, rows, 0), np.where(known, columns, 0)], NO_SCORE)


_Listen = Callable[[TextPositions], Sequence[AcousticScores]]


@dataclass(slots=True)
class _Span:
    """Log probabilities of neighbouring places in the text."""

    first: int
    logs: PositionValues

    def at(self, first: int, count: int) -> PositionValues:
        """Return those of `count` places from `first` on, -inf outside."""
        result = np.full(count, -np.inf)
        low, high = max(first, self.first), min(first + count, self.first + len(self.logs))
        if high > low:
            result[low - first : high - first] = self.logs[low - self.first : high - self.first]
        return result


def place(
    text: BookText, seconds: PositionValues, pauses: PositionValues, listen: _Listen | None = None
) -> TextPositions:
    """Find the words of each stretch of speech.

    Parameters
    ----------
    text
        Of the whole recording.
    seconds
        Duration of each stretch of speech, shape (stretches,).
    pauses
        Seconds of the pause after each, shape (stretches,); the last is not used.
    listen
        Compares the sound of each stretch with the texts that it may have.
    """
    phone = seconds.sum() / text.sizes.sum()
    reading = SpeakingRate(onset=0.0, phone=float(phone))
    for _ in range(_ROUNDS):
        reading = _learn(_Model(text, seconds, pauses, reading).placing(), text, seconds, pauses)
    placing = _Model(text, seconds, pauses, reading).placing()
    if listen is None:
        return placing
    for _ in range(ROUNDS_WITH_SOUND):
        scores = listen(placing)
        if not scores:
            break
        placing = _Model(text, seconds, pauses, reading, scores).placing()
        reading = _learn(placing, text, seconds, pauses)
    return placing


class _Model:
    def __init__(
        self,
        text: BookText,
        seconds: PositionValues,
        pauses: PositionValues,
        reading: SpeakingRate,
        scores: Sequence[AcousticScores] = (),
    ) -> None:
        self.scores = scores
        self.text, self.seconds, self.pauses, self.reading = text, seconds, pauses, reading
        self.phones = np.concatenate(([0.0], np.cumsum(text.sizes)))
        pausing = np.array(reading.pausing)
        # silent[j]: no pause after any of the first j words
        self.silent = np.concatenate(([0.0], np.cumsum(np.log1p(-pausing)[text.after])))
        self.paused = np.log(pausing)

    def placing(self) -> TextPositions:
        count, words = len(self.seconds), len(self.text.sizes)
        befores, afters = self._forward()
        result = TextPositions(
            np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count), np.zeros(count), np.zeros(count),
            np.zeros(count), np.zeros((count, 2), np.int64), np.zeros((count, 2), np.int64),
            np.full(count, np.nan), self.reading,
        )  # fmt: skip
        # what is left after the last stretch was not read
        later = _Span(0, np.full(words + 1, UNREAD) + UNREAD_PHONE * (self.phones[-1] - self.phones))
        later.logs[-1] = 0.0
        for k in range(count - 1, -1, -1):
            after, before = afters[k], befores[k]
            end = after.logs + later.at(after.first, len(after.logs))
            total = _log_sum(end)
            if not np.isfinite(total):
                continue
            chosen = int(end.argmax())
            result.ends[k], result.end_p[k] = after.first + chosen, np.exp(end[chosen] - total)
            result.end_range[k] = _range(after.first, end - total)
            starts, edges = self._edges(k, before)
            width = edges.shape[1]
            offsets = starts[:, None] + np.arange(width)
            reach = later.at(before.first, len(before.logs) + width + int(starts.max()) + 1)
            index = np.arange(len(before.logs))[:, None] + offsets
            log_sums = _log_sum_rows(edges + reach[np.minimum(index, len(reach) - 1)])
            mute = WORDLESS + reach[: len(before.logs)]
            here = np.logaddexp(log_sums, mute)
            begin = before.logs + here
            chosen = int(begin.argmax())
            result.begins[k], result.begin_p[k] = before.first + chosen, np.exp(begin[chosen] - total)
            result.begin_range[k] = _range(before.first, begin - total)
            result.wordless[k] = np.exp(_log_sum(before.logs + mute) - total)
            later, result.unread[k] = self._unread_before(k, afters, before.first, here, total)
        for k, score in enumerate(self.scores):
            if result.ends[k] > result.begins[k]:
                result.fit[k] = score.at(result.begins[k : k + 1], result.ends[k : k + 1])[0] / score.frames
        return result

    def _unread_before(
        self, k: int, afters: list[_Span], first: int, here: PositionValues, total: float
    ) -> tuple[_Span, float]:
        """Step back over the text that may be left out before stretch `k`."""
        phones = self.phones[first : first + len(here)]
        skipped = UNREAD + _accumulate((here + UNREAD_PHONE * phones)[::-1])[::-1] - UNREAD_PHONE * phones
        later = _Span(first, np.logaddexp(here, skipped))
        earlier = afters[k - 1] if k else _Span(0, np.zeros(1))
        straight = earlier.logs + _Span(first, here).at(earlier.first, len(earlier.logs))
        return later, float(1.0 - min(1.0, np.exp(_log_sum(straight) - total)))

    def _forward(self) -> tuple[list[_Span], list[_Span]]:
        """Return the log probabilities of all up to before and after each stretch."""
        befores, afters = [], []
        now = _Span(0, np.zeros(1))
        for k in range(len(self.seconds)):
            before = self._skip(now)
            starts, edges = self._edges(k, before)
            sums = before.logs[:, None] + edges
            mute = before.logs + WORDLESS
            peak = max(float(sums.max(initial=-np.inf)), float(mute.max()))
            width = edges.shape[1]
            length = len(before.logs) + int(starts.max()) + width + 1
            index = np.arange(len(before.logs))[:, None] + starts[:, None] + np.arange(width)
            summed = np.bincount(index.ravel(), np.exp(sums - peak).ravel(), length)
            summed[: len(mute)] += np.exp(mute - peak)
            with np.errstate(divide="ignore"):
                now = _trimmed(_Span(before.first, np.log(summed) + peak), len(self.text.sizes) + 1)
            befores.append(before)
            afters.append(now)
        return befores, afters

    def _skip(self, now: _Span) -> _Span:
        """Allow text that is not read, as far as the beam reaches."""
        reach = self.phones[now.first] + (BEAM + UNREAD) / -UNREAD_PHONE
        stop = max(int(np.searchsorted(self.phones, reach)), now.first + len(now.logs))
        logs = now.at(now.first, min(stop, len(self.phones)) - now.first)
        phones = self.phones[now.first : now.first + len(logs)]
        skipped = UNREAD + _accumulate(logs - UNREAD_PHONE * phones) + UNREAD_PHONE * phones
        return _trimmed(_Span(now.first, np.logaddexp(logs, skipped)), len(self.phones))

    def _edges(self, k: int, before: _Span) -> tuple[npt.NDArray[np.int64], PositionValues]:
        """Log probability of stretch `k` being read from each place; offsets of the first end, shape (places, ends)."""
        reading = self.reading
        spoken = max(self.seconds[k] - reading.onset, 0.03)
        guess = spoken / reading.phone
        wide = _WIDEST * reading.spread * np.sqrt(1 + FEW_PHONES / guess)
        origin = np.arange(before.first, before.first + len(before.logs))
        low = np.searchsorted(self.phones, self.phones[origin] + guess * np.exp(-wide) - 2)
        high = np.searchsorted(self.phones, self.phones[origin] + guess * np.exp(wide) + 2, side="right")
        low = np.maximum(low, origin + 1)
        width = max(1, int((high - low).max()))
        ends = low[:, None] + np.arange(width)
        valid = ends < len(self.phones)
        ends = np.minimum(ends, len(self.phones) - 1)
        size = np.maximum(self.phones[ends] - self.phones[origin][:, None], 1.0)
        spread = reading.spread * np.sqrt(1 + FEW_PHONES / size)
        off = np.log(self.seconds[k] / (reading.onset + reading.phone * size)) / spread
        logs = -0.5 * off**2 - np.log(spread) + self.silent[ends - 1] - self.silent[origin][:, None]
        if k < len(self.seconds) - 1:
            logs += self._pause(self.pauses[k])[self.text.after[ends - 1]]
        if self.scores:
            logs += self.scores[k].at(origin[:, None], ends)
        logs[~valid | (np.abs(off) > _WIDEST + 1)] = -np.inf
        return low - origin, logs

    def _pause(self, seconds: float) -> PositionValues:
        """Log probability of a pause of this length after a word of each kind."""
        spread = np.array(self.reading.pause_spread)
        off = (np.log(max(seconds, 0.05)) - np.log(self.reading.typical)) / spread
        return np.asarray(self.paused - 0.5 * np.minimum(off**2, 12.0) - np.log(spread))


def _learn(placing: TextPositions, text: BookText, seconds: PositionValues, pauses: PositionValues) -> SpeakingRate:
    """Learn the pace and the pauses from the stretches that are placed with some certainty."""
    reading = placing.reading
    phones = np.concatenate(([0.0], np.cumsum(text.sizes)))
    sure = (placing.begin_p > 0.7) & (placing.end_p > 0.7) & (placing.wordless < 0.3) & (placing.ends > placing.begins)
    if sure.sum() < 8:
        return reading
    size = phones[placing.ends[sure]] - phones[placing.begins[sure]]
    slope, onset = robust_line(size, seconds[sure])
    off = np.log(seconds[sure] / (onset + slope * size)) / np.sqrt(1 + FEW_PHONES / size)
    spread = float(np.clip(robust_spread(off, 0.0), 0.07, 0.2))
    kinds: list[list[float]] = [[], [], [], []]
    silent = np.zeros(4)
    for k in np.flatnonzero(sure):
        silent += np.bincount(text.after[placing.begins[k] : placing.ends[k] - 1], minlength=4)
        if k < len(seconds) - 1:
            kinds[text.after[placing.ends[k] - 1]].append(float(np.log(pauses[k])))
    kept = [_learn_pauses(reading, kind, kinds[kind], float(silent[kind])) for kind in range(4)]
    return replace(
        reading,
        onset=onset,
        phone=slope,
        spread=spread,
        pausing=_kinds(row[0] for row in kept),
        typical=_kinds(row[1] for row in kept),
        pause_spread=_kinds(row[2] for row in kept),
    )


def _learn_pauses(reading: SpeakingRate, kind: int, logs: list[float], silent: float) -> tuple[float, float, float]:
    """Return how probable, long and spread the pauses after one kind of word are.

    What was believed before counts as ten places, so that a kind that is hardly met keeps its values.
    """
    count = len(logs) + 10
    pausing = (len(logs) + 10 * reading.pausing[kind]) / (count + silent)
    typical = (sum(logs) + 10 * np.log(reading.typical[kind])) / count
    square = (sum((x - typical) ** 2 for x in logs) + 10 * reading.pause_spread[kind] ** 2) / count
    return float(np.clip(pausing, 0.002, 0.99)), float(np.exp(typical)), max(float(np.sqrt(square)), 0.25)


def _kinds(values: Iterable[float]) -> Kinds:
    word, clause, sentence, link = values
    return word, clause, sentence, link


def _range(first: int, logs: PositionValues) -> tuple[int, int]:
    likely = np.flatnonzero(logs > _RANGE)
    return (first + int(likely[0]), first + int(likely[-1]) + 1) if len(likely) else (first, first)


def _log_sum(logs: PositionValues) -> float:
    peak = logs.max(initial=-np.inf)
    return float(peak + np.log(np.exp(logs - peak).sum())) if np.isfinite(peak) else -np.inf


def _log_sum_rows(logs: PositionValues) -> PositionValues:
    peak = np.maximum(logs.max(axis=1), -1e300)
    with np.errstate(divide="ignore"):
        return np.asarray(peak + np.log(np.exp(logs - peak[:, None]).sum(axis=1)))


def _accumulate(logs: PositionValues) -> PositionValues:
    """Return the running `logaddexp` of everything before each place; nothing is before the first."""
    result = np.full(len(logs), -np.inf)
    result[1:] = np.logaddexp.accumulate(logs)[:-1]
    return result


def _trimmed(span: _Span, stop: int) -> _Span:
    """Leave out what is outside the text or the beam, at both ends."""
    logs = span.logs[: stop - span.first]
    kept = np.flatnonzero(logs > logs.max() - BEAM)
    return _Span(span.first + int(kept[0]), logs[kept[0] : kept[-1] + 1])
