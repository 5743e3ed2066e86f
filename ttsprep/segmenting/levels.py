"""The levels of a recording of any length, read in blocks, so that hours take a few megabytes."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ttsprep import audio
from ttsprep.signal import HOP_S, Array, Signal, to_db

BLOCK_S = 90.0
CONTEXT = 2
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
        ended = ended or count <= 2 * CONTEXT * hop
        signal = Signal(decoded)
        bands = to_db(signal.bands(*(_bins(signal, *edges) for edges in (LOW_HZ, HIGH_HZ))))
        until_frame = (
            (count // hop - CONTEXT) // 2 * 2
        )  # even, so that every second frame of all blocks is every second
        kept = slice(CONTEXT if position else 0, None if ended else until_frame)
        low.append(bands[kept, 0])
        high.append(bands[kept, 1])
        timbre.append(to_db(signal.power[kept][::2] @ _mel(signal.power.shape[1], signal.bin_hz)).astype(np.float16))
        if ended:
            joined = np.concatenate(low), np.concatenate(high), np.concatenate(timbre)
            return Levels(rate, hop, position + count, *joined)
        position += (until_frame - CONTEXT) * hop


def _bins(signal: Signal, low: float, high: float) -> tuple[int, int]:
    bins = signal.power.shape[1]
    return min(int(np.ceil(low / signal.bin_hz)), bins - 1), min(int(high / signal.bin_hz), bins)


@lru_cache(maxsize=16)
def _mel(bins: int, bin_hz: float) -> Array:
    """Triangles on the mel scale, 2595 log10(1 + f / 700), shape (bins, bands)."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (MEL_HZ[0], min(MEL_HZ[1], 0.95 * bins * bin_hz)))
    edges = 700 * (10 ** (np.linspace(low, high, MEL_BANDS + 2) / 2595) - 1)
    hz = np.arange(bins)[:, None] * bin_hz
    rising, falling = (hz - edges[:-2]) / np.diff(edges)[:-1], (edges[2:] - hz) / np.diff(edges)[1:]
    return np.asarray(np.maximum(np.minimum(rising, falling), 0.0), np.float32)
