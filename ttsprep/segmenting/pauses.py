"""Where a reader is silent, in a recording whose level and noise drift."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ttsprep.segmenting.levels import Levels
from ttsprep.signal import DIGITAL_SILENCE_DB, Array, Mask, runs

WINDOW_S = 20.0
STEP_S = 1.0
UNDER_SPEECH_DB = 36.0
OVER_FLOOR_DB = 8.0
DRIFT_DB = 22.0
"""What the reader's level may fall below its usual one; what is softer is no speech."""
SHORTEST_GAP_S = 0.08
SHORTEST_SOUND_S = 0.04
CLEAR_S = 0.10
"""Kept between a cut and speech, where the pause allows it."""
ROOM_S = 0.30
"""Room tone kept beside speech where a long silence is left out."""
LONGEST_PAUSE_S = 1.5
"""A longer silence belongs to no clip."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A silence between two stretches of speech, in frames.

    Attributes
    ----------
    first, last
        The first frame without speech, and the first with speech again.
    end, begin
        Where the clip before it ends and the one after it begins; the same frame, but in long silences.
    """

    first: int
    last: int
    end: int
    begin: int


def speech(levels: Levels) -> Mask:
    """Which frames hold speech, shape (frames,).

    A frame does if one of its bands is 36 dB under loud speech or higher, and 8 dB over the floor; both follow
    the recording: percentiles 95 and 5 of the 20 s around. What stays 22 dB under the usual level of speech is none.
    """
    mask = _active(levels.low, levels) | _active(levels.high, levels)
    gap, sound = (round(seconds / levels.seconds_per_frame) for seconds in (SHORTEST_GAP_S, SHORTEST_SOUND_S))
    for first, last in runs(~mask):
        if last - first < gap and first and last < len(mask):
            mask[first:last] = True
    for first, last in runs(mask):
        if last - first < sound:
            mask[first:last] = False
    return mask


def _active(band: Array, levels: Levels) -> Mask:
    floor, loud = _running(band, levels.seconds_per_frame)
    loud = np.maximum(loud, np.median(loud) - DRIFT_DB)
    limit = np.minimum(np.maximum(loud - UNDER_SPEECH_DB, floor + OVER_FLOOR_DB), loud - 6.0)
    found: Mask = (band > limit) & (band > DIGITAL_SILENCE_DB)
    return found


def _running(band: Array, hop_s: float) -> tuple[Array, Array]:
    """Return the percentiles 5 and 95 around each frame, digital silence left out, shape (frames,) each."""
    half, step = round(WINDOW_S / 2 / hop_s), max(1, round(STEP_S / hop_s))
    centres = np.arange(0, len(band), step)
    found = np.full((len(centres), 2), np.nan, np.float32)
    for row, centre in enumerate(centres):
        window = band[max(0, centre - half) : centre + half]
        window = window[window > DIGITAL_SILENCE_DB]
        if len(window):
            places = [(len(window) - 1) * 5 // 100, (len(window) - 1) * 95 // 100]
            found[row] = np.partition(window, places)[places]
    heard = np.isfinite(found[:, 0])
    if not heard.any():
        silent = np.full(len(band), DIGITAL_SILENCE_DB, np.float32)
        return silent, silent
    frames = np.arange(len(band))
    floor, loud = (
        np.interp(frames, centres[heard], found[heard, column]).astype(np.float32, copy=False) for column in (0, 1)
    )
    return floor, loud


def find(levels: Levels, mask: Mask, shortest_s: float) -> list[Pause]:
    """Return the pauses of at least `shortest_s`, with the places to cut in, in order.

    The first lies before all speech and the last behind it, whatever their lengths; an empty list if there is no
    speech.
    """
    sounds = runs(mask)
    if not sounds:
        return []
    loudness = _smooth(levels)
    hop_s = levels.seconds_per_frame
    size, room, clear = round(shortest_s / hop_s), round(ROOM_S / hop_s), round(CLEAR_S / hop_s)
    head, tail = sounds[0][0], sounds[-1][1]
    result = [Pause(0, head, 0, _quietest(loudness, head - room, head - clear) if head > 2 * room else 0)]
    for (_, first), (last, _) in pairwise(sounds):
        if last - first < size:
            continue
        if (last - first) * hop_s > LONGEST_PAUSE_S:
            end = _quietest(loudness, first + clear, first + room)
            begin = _quietest(loudness, last - room, last - clear)
        else:
            margin = min(clear, (last - first) // 3)
            end = begin = _quietest(loudness, first + margin, last - margin)
        result.append(Pause(first, last, end, begin))
    end = _quietest(loudness, tail + clear, tail + room) if len(mask) - tail > 2 * room else len(mask)
    result.append(Pause(tail, len(mask), end, len(mask)))
    return result


def _smooth(levels: Levels) -> Array:
    """Level of the 50 ms around each frame in both bands, in dB."""
    power = 10 ** (levels.low / 10) + 10 ** (levels.high / 10)
    summed = np.convolve(power, np.full(5, 0.2, np.float32), mode="same")
    decibels: Array = 10 * np.log10(np.maximum(summed, 1e-12)).astype(np.float32)
    return decibels


def _quietest(loudness: Array, first: int, last: int) -> int:
    """Return the quietest frame from `first` to `last`; near the middle rather than at the edges, by up to 3 dB."""
    inside = loudness[first : last + 1]
    off_centre = np.linspace(-1, 1, len(inside)) if len(inside) > 1 else np.zeros(1)
    return first + int(np.argmin(inside + 3.0 * off_centre**2))
