"""The levels of a recording of any length, read in blocks, so that hours take a few megabytes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ttsprep import audio
from ttsprep.signal import HOP_S, Array, Signal, to_db

BLOCK_S = 30.0
CONTEXT = 2
"""Frames at the edges of a block that miss a part of their window."""
LOW_HZ = (150.0, 5_000.0)
HIGH_HZ = (3_000.0, 10_000.0)


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
    """

    rate: int
    hop: int
    samples: int
    low: Array
    high: Array

    @property
    def seconds_per_frame(self) -> float:
        """Seconds from one frame to the next."""
        return self.hop / self.rate

    def sample(self, frame: int) -> int:
        """Return the sample at the centre of a frame."""
        return min(frame * self.hop, self.samples)


def scan(path: Path, *, start: float = 0.0, end: float | None = None) -> Levels:
    """Read a recording in blocks of 30 s and return its levels.

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
        ended = ended or count <= 2 * CONTEXT * hop
        signal = Signal(decoded)
        bands = to_db(signal.bands(*(_bins(signal, *edges) for edges in (LOW_HZ, HIGH_HZ))))
        kept = slice(CONTEXT if position else 0, None if ended else count // hop - CONTEXT)
        low.append(bands[kept, 0])
        high.append(bands[kept, 1])
        if ended:
            return Levels(rate, hop, position + count, np.concatenate(low), np.concatenate(high))
        position += (count // hop - 2 * CONTEXT) * hop


def _bins(signal: Signal, low: float, high: float) -> tuple[int, int]:
    bins = signal.power.shape[1]
    return min(int(np.ceil(low / signal.bin_hz)), bins - 1), min(int(high / signal.bin_hz), bins)
