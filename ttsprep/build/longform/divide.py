"""Which pauses to cut in: clips of a good length, cut in the best pauses, as little as possible left over."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ttsprep.build.config import Segment
from ttsprep.build.longform import pauses
from ttsprep.build.longform.acoustic import AcousticAligner
from ttsprep.build.longform.book_words import After, BookText, split_book
from ttsprep.build.longform.pauses import Levels
from ttsprep.build.longform.text_position import PositionValues, TextPositions, place
from ttsprep.core.dsp import robust_spread
from ttsprep.core.signal import Mask
from ttsprep.core.types import Clip

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


ALIGN_PAUSE_S = 0.2
"""Shortest silence that the search for the text counts as a pause: closures of stops are shorter."""
_SURE = 0.98
"""Least probability of the place in the text at which a piece begins or ends."""
SURE_SHARE = 0.6
"""Of the speech, that has such a place: one text in a wrong order had 11 %, right ones have 90 %."""
_DOUBT = 0.05
"""Most probability of speech without text, or text that was not read, inside a piece."""
_UNLIKE = 4.0
"""Spreads by which a stretch may sound less like its text than most do; never less than any sound would."""
_SQUEEZED = 0.45
"""Of the usual length of a phone: words at the ends of a stretch that are shorter are not said there."""
FEWEST_FITS = 30
"""Stretches with a sure place, to know what is usual."""
FAINT_S = 0.25
"""A sound so short may be a breath or a click: it needs no text."""
STEADY_DB = 10.0
"""What moves by less, from its quiet to its loud frames, is no speech."""
PACES_S = (0.03, 0.25)
"""Seconds of speech a phone or character within which a text can be that of the recording."""


@dataclass(frozen=True, slots=True)
class CutPiece:
    """A clip to be: seconds of the file, and its part of the text."""

    start: float
    end: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Speech that is in no clip: seconds of the file (``end`` is None for its end), and why."""

    start: float
    end: float | None
    reason: str


def divide(levels: Levels, clip: Clip, rules: Segment) -> tuple[list[CutPiece], list[Skipped]]:
    """Divide a recording.

    Parameters
    ----------
    levels
        Of the piece of the file that `clip` is.
    clip
        Its text and language; an empty text is that of a recording without one.
    rules
        Of the recipe.
    """
    speech = pauses.is_speech(levels)
    stops = pauses.find_pauses(levels, speech, min(rules.pause_s, ALIGN_PAUSE_S))
    whole = (clip.start, clip.start + levels.samples / levels.rate)
    if not stops:
        return [], [Skipped(*whole, "no speech is found")]
    division = _Segmenter(levels, clip, rules, stops)
    if reason := division.unalignable_reason(speech):
        return [], [Skipped(*whole, reason)]
    return division.result()


class _Segmenter:
    def __init__(self, levels: Levels, clip: Clip, rules: Segment, stops: list[pauses.Pause]) -> None:
        self.levels, self.rules, self.stops = levels, rules, stops
        self.first_frame = round(clip.start * levels.rate)
        hop_s = levels.seconds_per_frame
        self.lengths = np.array([(pause.last - pause.first) * hop_s for pause in stops])
        self.sounds = np.array([(b.first - a.last) * hop_s for a, b in pairwise(stops)])
        self.text: BookText | None = split_book(clip.text, clip.language) if clip.text.strip() else None
        self.placing: TextPositions | None = None
        self.unlike = self.edges_unlike = np.zeros(len(self.sounds), np.bool_)

    def unalignable_reason(self, speech: Mask) -> str:
        """Say why the text cannot be that of the recording; "" if it may be, or there is none."""
        if self.text is None:
            return ""
        size = float(self.text.sizes.sum())
        if not size or not PACES_S[0] <= self.sounds.sum() / size <= PACES_S[1]:
            return f"the text cannot be placed: {size:,.0f} phones for {self.sounds.sum():,.1f} s of speech"
        listener = AcousticAligner(self.levels, speech, self.stops, self.text)
        self.placing = placing = place(self.text, self.sounds, self.lengths[1:], listener)
        self.unlike = _unlike(placing, self.sounds)
        self.edges_unlike = _edges_unlike(placing, *listener.edges(placing))
        sure = (placing.begin_p > _SURE) & (placing.end_p > _SURE) & (placing.ends > placing.begins)
        share = float(self.sounds[sure].sum() / self.sounds.sum())
        if share < SURE_SHARE:
            wanted = f"{SURE_SHARE:.0%} is the least"
            return f"the text cannot be placed: {share:.0%} of the speech has a sure place in it, {wanted}"
        return ""

    def result(self) -> tuple[list[CutPiece], list[Skipped]]:
        """Choose the pauses to cut in; `stops` are those that may be."""
        last = len(self.stops) - 1
        inner = [i for i in range(1, last) if self.lengths[i] >= self.rules.pause_s]
        stops = [0, *inner, last]
        places = [Place(self._seconds(self.stops[i].end), self._seconds(self.stops[i].begin), self._cost(i, last))
                  for i in stops]  # fmt: skip
        chosen = choose(
            places, self.rules.shortest_s, self.rules.longest_s, lambda a, b: not self._doubt(stops[a], stops[b])
        )
        pieces: list[CutPiece] = []
        skipped: list[Skipped] = []
        for first, end, is_clip in chosen:
            start, stop = places[first].begin, places[end].end
            if is_clip:
                pieces.append(CutPiece(start, stop, self._text(stops[first], stops[end])))
            else:
                reason = self._reason(stops[first], stops[end], stop - start)
                if skipped and skipped[-1].reason == reason and not (pieces and pieces[-1].start >= skipped[-1].start):
                    skipped[-1] = Skipped(skipped[-1].start, stop, reason)
                else:
                    skipped.append(Skipped(start, stop, reason))
        return pieces, skipped

    def _seconds(self, frame: int) -> float:
        return (self.first_frame + self.levels.sample(frame)) / self.levels.rate

    def _cost(self, i: int, last: int) -> float:
        """Return what cutting in pause `i` costs: less in long ones, and at the end of a sentence."""
        if i in {0, last}:
            return 0.0
        cost = pause_cost(float(self.lengths[i]))
        if self.text and self.placing and (end := self.placing.ends[i - 1]):
            cost += {After.SENTENCE: 0.0, After.CLAUSE: 0.6, After.WORD: 1.5, After.LINK: 2.0}[
                After(self.text.after[end - 1])
            ]
        return cost

    def _doubt(self, first: int, last: int) -> str:
        """Say why what lies between two pauses may not be a clip; "" if it may."""
        if any(self.lengths[first + 1 : last] > pauses.LONGEST_PAUSE_S):
            return f"a silence of more than {pauses.LONGEST_PAUSE_S:g} s inside"
        band = self.levels.low[self.stops[first].last : self.stops[last].first]
        if len(band) and np.subtract(*np.percentile(band, (98, 5))) < STEADY_DB:
            return "a steady sound, not speech"
        return self._text_doubt(first, last)

    def _text_doubt(self, first: int, last: int) -> str:
        if self.placing is None:
            return ""
        placing = self.placing
        inside = slice(first, last)
        # a neighbour without words may have lost them to this stretch, as may the text that is not read before it
        around = slice(max(0, first - 1), last + 1)
        if np.any(placing.wordless[around][self.sounds[around] > FAINT_S] > _DOUBT):
            return "the text cannot be placed: there may be speech that it does not have"
        if np.any(placing.unread[first : last + 1] > _DOUBT):
            return "the text cannot be placed: some of it may not be read"
        if np.any(self.unlike[inside]):
            return "what is said does not sound like the text at its place"
        if self.edges_unlike[first] or self.edges_unlike[last - 1]:
            return "its first or last words do not sound like the text at their place"
        sure = min(placing.begin_p[first], placing.end_p[last - 1])
        if sure < _SURE or placing.ends[last - 1] <= placing.begins[first]:
            return "the text cannot be placed: pauses and durations fit more than one place of it"
        return ""

    def _text(self, first: int, last: int) -> str:
        if self.text is None or self.placing is None:
            return ""
        return self.text.between(int(self.placing.begins[first]), int(self.placing.ends[last - 1]))

    def _reason(self, first: int, last: int, seconds: float) -> str:
        if seconds > self.rules.longest_s:
            return f"no pause of {self.rules.pause_s:g} s in {seconds:.1f} s: longer than {self.rules.longest_s:g} s"
        if doubt := self._doubt(first, last):
            return doubt
        return f"shorter than {self.rules.shortest_s:g} s, and no neighbour that it can be joined with"


def _unlike(placing: TextPositions, seconds: PositionValues) -> Mask:
    """Which stretches sound less like their text than nearly all others do, shape (stretches,)."""
    sure = (placing.begin_p > _SURE) & (placing.end_p > _SURE) & np.isfinite(placing.fit)
    if sure.sum() < FEWEST_FITS:
        return np.zeros(len(seconds), np.bool_)
    usual, spread = _usual(placing.fit[sure])
    # half a second doubles the variance
    lowest = np.maximum(usual - _UNLIKE * spread * np.sqrt(1 + 0.5 / seconds), 0.0)
    mask: Mask = placing.fit < np.where(seconds > FAINT_S, lowest, 0.0)
    return mask


def _edges_unlike(placing: TextPositions, fit: PositionValues, frames: PositionValues) -> Mask:
    """Which stretches begin or end with words that sound less like their text, or are much shorter, than others."""
    sure = (placing.begin_p > _SURE) & (placing.end_p > _SURE) & np.isfinite(fit)
    if sure.sum() < FEWEST_FITS:
        return np.zeros(len(fit), np.bool_)
    usual, spread = _usual(fit[sure])
    mask: Mask = (fit < usual - _UNLIKE * spread) | (frames < _SQUEEZED * np.median(frames[sure]))
    return mask


def _usual(values: PositionValues) -> tuple[float, float]:
    return float(np.median(values)), robust_spread(values)
