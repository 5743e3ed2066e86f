"""The levels of a recording of any length, read in blocks, so that hours take a few megabytes."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ttsprep.core import audio
from ttsprep.core.dsp import Array, triangles
from ttsprep.core.signal import DIGITAL_SILENCE_DB, HOP_S, Mask, Signal, runs, to_db, without_short_runs

BLOCK_S = 90.0
_CONTEXT = 2
"""Frames at the edges of a block that miss a part of their window."""
LOW_HZ = (150.0, 5_000.0)
HIGH_HZ = (3_000.0, 10_000.0)
MEL_BANDS, MEL_HZ = 20, (100.0, 7_600.0)


@dataclass(frozen=True, slots=True)
class Levels:
    """A recording as the search for pauses sees it; frame ``i`` is centred at ``i * hop`` samples.

    Attributes
    ----------
    rate
        Sample rate in Hz.
    hop
        Samples from one frame to the next.
    samples
        Length of the recording in samples.
    low, high
        Level of each frame in dBFS between 150 Hz and 5 kHz, where voices are, and between 3 and 10 kHz, where
        fricatives are; shape (frames,).
    timbre
        Level of every second frame in 20 mel bands in dB, shape (ceil(frames / 2), 20).
    """

    rate: int
    hop: int
    samples: int
    low: Array
    high: Array
    timbre: npt.NDArray[np.float16]

    @property
    def seconds_per_frame(self) -> float:
        """Seconds from one frame to the next."""
        return self.hop / self.rate

    def sample(self, frame: int) -> int:
        """Return the sample at the centre of a frame."""
        return min(frame * self.hop, self.samples)


def scan(path: Path, *, start: float = 0.0, end: float | None = None) -> Levels:
    """Read a recording in blocks of 90 s and return its levels.

    Parameters
    ----------
    path
        A regular file.
    start, end
        Seconds; the piece to read.

    Raises
    ------
    AudioError
        As `audio.read`, for any block.
    """
    low: list[Array] = []
    high: list[Array] = []
    timbre: list[npt.NDArray[np.float16]] = []
    first, rate, position = 0, 0, 0
    while True:
        begin = start if not rate else (first + position) / rate
        until = begin + BLOCK_S if end is None else min(end, begin + BLOCK_S)
        decoded = audio.read(path, start=begin, end=until)
        if not rate:
            rate = decoded.rate
            first, last = round(start * rate), None if end is None else round(end * rate)
        hop = max(1, round(HOP_S * rate))
        count = len(decoded.samples)
        wanted = round(until * rate) - round(begin * rate)
        ended = (decoded.complete and count < wanted) or (last is not None and first + position + count >= last)
        ended = ended or count <= 2 * _CONTEXT * hop
        signal = Signal(decoded)
        bands = to_db(signal.bands(*(_bins(signal, *edges) for edges in (LOW_HZ, HIGH_HZ))))
        until_frame = (
            (count // hop - _CONTEXT) // 2 * 2
        )  # even, so that every second frame of all blocks is every second
        kept = slice(_CONTEXT if position else 0, None if ended else until_frame)
        low.append(bands[kept, 0])
        high.append(bands[kept, 1])
        timbre.append(to_db(signal.power[kept][::2] @ _mel(signal.power.shape[1], signal.bin_hz)).astype(np.float16))
        if ended:
            joined = np.concatenate(low), np.concatenate(high), np.concatenate(timbre)
            return Levels(rate, hop, position + count, *joined)
        position += (until_frame - _CONTEXT) * hop


def _bins(signal: Signal, low: float, high: float) -> tuple[int, int]:
    bins = signal.power.shape[1]
    return min(int(np.ceil(low / signal.bin_hz)), bins - 1), min(int(high / signal.bin_hz), bins)


@lru_cache(maxsize=16)
def _mel(bins: int, bin_hz: float) -> Array:
    """Triangles on the mel scale, 2595 log10(1 + f / 700), shape (bins, bands)."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (MEL_HZ[0], min(MEL_HZ[1], 0.95 * bins * bin_hz)))
    edges = 700 * (10 ** (np.linspace(low, high, MEL_BANDS + 2) / 2595) - 1)
    return np.asarray(triangles(edges, np.arange(bins) * bin_hz).T, np.float32)


_WINDOW_S = 20.0
STEP_S = 1.0
UNDER_SPEECH_DB = 36.0
OVER_FLOOR_DB = 8.0
DRIFT_DB = 22.0
"""What the reader's level may fall below its usual one; what is softer is no speech."""
SHORTEST_GAP_S = 0.08
SHORTEST_SOUND_S = 0.04
CLEAR_S = 0.10
"""Kept between a cut and speech, where the pause allows it."""
_ROOM_S = 0.30
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


def is_speech(levels: Levels) -> Mask:
    """Which frames hold speech, shape (frames,).

    A frame does if one of its bands is 36 dB under loud speech or higher, and 8 dB over the floor; both follow
    the recording: percentiles 95 and 5 of the 20 s around. What stays 22 dB under the usual level of speech is none.
    """
    mask = _active(levels.low, levels) | _active(levels.high, levels)
    gap, sound = (round(seconds / levels.seconds_per_frame) for seconds in (SHORTEST_GAP_S, SHORTEST_SOUND_S))
    return without_short_runs(without_short_runs(mask, False, gap), True, sound)


def _active(band: Array, levels: Levels) -> Mask:
    floor, loud = _running(band, levels.seconds_per_frame)
    loud = np.maximum(loud, np.median(loud) - DRIFT_DB)
    limit = np.minimum(np.maximum(loud - UNDER_SPEECH_DB, floor + OVER_FLOOR_DB), loud - 6.0)
    mask: Mask = (band > limit) & (band > DIGITAL_SILENCE_DB)
    return mask


def _running(band: Array, hop_s: float) -> tuple[Array, Array]:
    """Return the percentiles 5 and 95 around each frame, digital silence left out, shape (frames,) each."""
    half, step = round(_WINDOW_S / 2 / hop_s), max(1, round(STEP_S / hop_s))
    centres = np.arange(0, len(band), step)
    estimates = np.full((len(centres), 2), np.nan, np.float32)
    for row, centre in enumerate(centres):
        window = band[max(0, centre - half) : centre + half]
        window = window[window > DIGITAL_SILENCE_DB]
        if len(window):
            places = [(len(window) - 1) * 5 // 100, (len(window) - 1) * 95 // 100]
            estimates[row] = np.partition(window, places)[places]
    finite = np.isfinite(estimates[:, 0])
    if not finite.any():
        silent = np.full(len(band), DIGITAL_SILENCE_DB, np.float32)
        return silent, silent
    frames = np.arange(len(band))
    floor, loud = (
        np.interp(frames, centres[finite], estimates[finite, column]).astype(np.float32, copy=False)
        for column in (0, 1)
    )
    return floor, loud


def find_pauses(levels: Levels, mask: Mask, shortest_s: float) -> list[Pause]:
    """Return the pauses of at least `shortest_s`, with the places to cut in, in order.

    The first lies before all speech and the last behind it, whatever their lengths; an empty list if there is no
    speech.
    """
    sounds = runs(mask)
    if not sounds:
        return []
    loudness = _smooth(levels)
    hop_s = levels.seconds_per_frame
    size, room, clear = round(shortest_s / hop_s), round(_ROOM_S / hop_s), round(CLEAR_S / hop_s)
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
