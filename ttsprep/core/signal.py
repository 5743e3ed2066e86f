"""One decoded clip and the views of it that the checks share, each computed at most once.

Frames last 40 ms at a hop of 10 ms whatever the sample rate, so that bins are 25 Hz apart at every rate.
"""

from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from ttsprep.core.audio import mixdown
from ttsprep.core.dsp import Array
from ttsprep.core.types import Audio, Samples

HOP_S = 0.010
FRAME_S = 0.040
SILENCE_DB = -120.0
DIGITAL_SILENCE_DB = -100.0
"""Below what any converter records: samples that were written, not heard."""
F0_RANGE = (65.0, 500.0)
LOW_BINS = 40
"""Complex bins kept for the search for hum: up to 1 kHz."""
_BLOCK = 128
"""Frames transformed at once: few enough to stay in the cache."""
F0_STRIDE = 2
"""F0 is taken every second frame: 20 ms."""

_STEP_16 = 2.0**-15
"""One step of 16-bit PCM."""

Mask = npt.NDArray[np.bool_]
_Places = npt.NDArray[np.intp]


class Signal:
    """A clip as its checks see it.

    Parameters
    ----------
    audio
        What was decoded.

    Attributes
    ----------
    audio
        As given, with all channels.
    rate
        Sample rate in Hz.
    duration
        Seconds.
    """

    def __init__(self, audio: Audio) -> None:
        self.audio = audio
        self.rate = audio.rate
        self.duration = len(audio.samples) / audio.rate

    @cached_property
    def samples(self) -> Samples:
        """Mono samples without DC offset, shape (frames,): the mean of the channels, or the loudest if they cancel."""
        mono = mixdown(self.audio.samples)
        return np.ascontiguousarray(mono - mono.mean(dtype=np.float64).astype(np.float32))

    @property
    def frame_size(self) -> int:
        """Samples a frame: 40 ms, even."""
        return 2 * round(FRAME_S / 2 * self.rate)

    @property
    def hop_s(self) -> float:
        """Seconds from one frame to the next: 10 ms, but for rounding to whole samples."""
        return round(HOP_S * self.rate) / self.rate

    @property
    def bin_hz(self) -> float:
        """Distance of two bins of `power`, 25 Hz but for rounding."""
        return self.rate / self.frame_size

    @cached_property
    def _spectra(self) -> tuple[Array, npt.NDArray[np.complex64]]:
        import scipy.fft  # half of what importing this package would cost

        size = self.frame_size
        hop = max(1, round(HOP_S * self.rate))
        half = size // 2
        count = len(self.samples) // hop + 1
        padded = np.zeros(half + max(len(self.samples), (count - 1) * hop) + half + hop, np.float32)
        padded[half : half + len(self.samples)] = self.samples
        frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop][:count]
        window = _window(size)
        power = np.empty((count, half + 1), np.float32)
        low = np.empty((count, min(LOW_BINS, half + 1)), np.complex64)
        for i in range(0, count, _BLOCK):
            block = scipy.fft.rfft(frames[i : i + _BLOCK] * window, axis=1)
            low[i : i + _BLOCK] = block[:, : low.shape[1]]
            squares = block.view(np.float32)
            np.multiply(squares, squares, out=squares)
            np.add(squares[:, ::2], squares[:, 1::2], out=power[i : i + _BLOCK])
        return power, low

    @property
    def power(self) -> Array:
        """Power spectrogram, shape (frames, bins): Hann windows; the bins of a frame sum to its mean square."""
        return self._spectra[0]

    @property
    def low_spectrum(self) -> npt.NDArray[np.complex64]:
        """The complex spectrum below 1 kHz, shape (frames, 40), same scale as `power`."""
        return self._spectra[1]

    def bands(self, *edges: tuple[int, int]) -> Array:
        """Power of each frame in bands of bins, from the first up to but not including the second.

        Shape (frames, bands).
        """
        places = [bin_ for edge in edges for bin_ in edge]
        last = self.power.shape[1]
        if places[-1] >= last:
            places.pop()
        if len(edges) > 1 and max(places) < last and all(low < high for low, high in edges):
            # twenty times as fast as a product with a narrow matrix
            return np.ascontiguousarray(np.add.reduceat(self.power, places, axis=1)[:, ::2])
        return np.asarray(self.power @ _bands(last, edges))

    @cached_property
    def level_db(self) -> Array:
        """Level of each frame in dBFS between 150 Hz and 5 kHz, where speech is."""
        low = int(np.ceil(150 / self.bin_hz))
        high = min(int(5_000 / self.bin_hz), self.power.shape[1])
        return to_db(self.bands((low, high))[:, 0])

    @cached_property
    def peak_db(self) -> float:
        """Level of loud speech in dBFS: the 98th percentile of `level_db`."""
        return percentile(self.level_db, 98)

    @cached_property
    def floor_db(self) -> float:
        """Level of the quiet frames in dBFS: the 5th percentile of `level_db`, digital silence left out.

        In a clip without any pause this is the level of its weakest sounds.
        """
        alive = self.level_db[self.level_db > DIGITAL_SILENCE_DB]
        return percentile(alive, 5) if len(alive) else SILENCE_DB

    @cached_property
    def speech(self) -> Mask:
        """Which frames hold speech, by energy alone, shape (frames,).

        34 dB under loud speech, or 8 dB over the floor if that is higher; gaps under 80 ms are filled, bursts
        under 40 ms dropped.
        """
        if self.peak_db <= DIGITAL_SILENCE_DB:
            return np.zeros(len(self.level_db), np.bool_)
        limit = min(max(self.peak_db - 34.0, self.floor_db + 8.0), self.peak_db - 6.0)
        return without_short_runs(without_short_runs(self.level_db > limit, False, 8), True, 4)

    @cached_property
    def pauses(self) -> Mask:
        """Frames at least 50 ms away from any speech, where only the room is heard, shape (frames,)."""
        reach = 5
        near = np.convolve(self.speech, np.ones(2 * reach + 1, np.float32))[reach:-reach] > 0.5
        quiet: Mask = ~near & (self.level_db > DIGITAL_SILENCE_DB)
        return quiet

    @cached_property
    def speech_spectrum(self) -> Array:
        """Mean power spectrum of the frames with speech, shape (bins,); of all frames if there is no speech."""
        chosen = self.speech if self.speech.any() else np.ones_like(self.speech)
        weights = chosen.astype(np.float32)
        return np.asarray(weights @ self.power / weights.sum())

    @cached_property
    def f0(self) -> Array:
        """F0 in Hz every 20 ms, NaN where unvoiced, shape (ceil(frames / 2),).

        Autocorrelation of the magnitude-compressed spectrum below 4 kHz (Tolonen and Karjalainen 2000, eq. 4, with
        exponent 0.67), divided by that of the window; peaks are refined by a parabola.
        """
        return _f0(self.power[::F0_STRIDE], self.speech[::F0_STRIDE], self.frame_size, self.rate)


@lru_cache(maxsize=16)
def _window(size: int) -> Array:
    """Hann window, scaled so that the bins of a frame sum to its mean square."""
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    window *= np.float32(np.sqrt(2.0 / size / np.dot(window, window)))
    return window


@lru_cache(maxsize=64)
def _bands(bins: int, edges: tuple[tuple[int, int], ...]) -> Array:
    """Matrix that sums the bins of each band, shape (bins, bands)."""
    matrix = np.zeros((bins, len(edges)), np.float32)
    for column, (low, high) in enumerate(edges):
        matrix[low:high, column] = 1.0
    return matrix


def percentile(values: Array, percent: float) -> float:
    """`numpy.percentile` of a few values, which takes longer to check its arguments than to do its work."""
    place = (len(values) - 1) * percent / 100
    low = int(place)
    high = min(low + 1, len(values) - 1)
    partition = np.partition(values, (low, high))
    return float(partition[low] + (partition[high] - partition[low]) * (place - low))


def runs(mask: Mask) -> list[tuple[int, int]]:
    """Return the (first, past-the-last) indices of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def without_short_runs(mask: Mask, value: bool, shortest: int) -> Mask:
    """Flip the runs of `value` shorter than `shortest` frames, but no gap at either end."""
    result = mask.copy()
    for first, last in runs(mask if value else ~mask):
        inner = value or (first > 0 and last < len(mask))
        if last - first < shortest and inner:
            result[first:last] = not value
    return result


def _f0(power: Array, speech: Mask, size: int, rate: int) -> Array:
    import scipy.fft

    result = np.full(len(power), np.nan, np.float32)
    rows = np.flatnonzero(speech)
    bins = min(int(4_000 / rate * size), power.shape[1])
    if not len(rows) or bins < 20:
        return result
    lags = 640
    step = size / rate / lags  # seconds a lag
    shortest, longest = int(1 / F0_RANGE[1] / step), int(1 / F0_RANGE[0] / step) + 1
    taper = _f0_taper(size, rate, lags, longest + 2)
    low = max(1, int(60 / rate * size))
    # a slight preference for short lags, against octave errors downwards
    bias = np.linspace(0.0, 0.08, longest + 1 - shortest, dtype=np.float32)
    for i in range(0, len(rows), 64):
        chunk = rows[i : i + 64]
        compressed = np.zeros((len(chunk), bins), np.float32)
        # by exp and log, which numpy computes in vectors, other than powers
        logs = np.log(np.maximum(power[chunk, low:bins], np.float32(1e-30)))
        np.exp(np.multiply(logs, np.float32(0.33), out=logs), out=compressed[:, low:])
        correlation = scipy.fft.irfft(compressed, lags, axis=1)[:, : longest + 2]
        correlation = correlation * (taper / np.maximum(correlation[:, :1], np.float32(1e-30)))
        inside = correlation[:, shortest : longest + 1]
        before, after = correlation[:, shortest - 1 : longest], correlation[:, shortest + 1 : longest + 2]
        is_peak = (inside >= before) & (inside > after)
        score = np.where(is_peak, inside - bias, np.float32(-1))
        best = score.argmax(axis=1)
        line = np.arange(len(chunk))
        left, top, right = (correlation[line, best + shortest + d] for d in (-1, 0, 1))
        offset = 0.5 * (left - right) / np.minimum(left - 2 * top + right, -1e-6)
        f0 = 1.0 / ((best + shortest + np.clip(offset, -0.5, 0.5)) * step)
        result[chunk] = np.where(score[line, best] > 0.22, f0, np.nan)
    return result


@lru_cache(maxsize=16)
def _f0_taper(size: int, rate: int, lags: int, count: int) -> Array:
    """Undo the autocorrelation of the window: a factor for each lag."""
    import scipy.fft

    window = scipy.fft.irfft(np.abs(scipy.fft.rfft(np.hanning(size + 1)[:-1], 2 * size)) ** 2)[:size]
    at = np.arange(count) * (size / lags)
    return np.asarray(np.interp(at, np.arange(size), window / window[0]) ** -1.0, np.float32)


def to_db(power: npt.NDArray[np.float32]) -> Array:
    """10 log10 of a power, no lower than -120 dB."""
    # by the natural logarithm, which numpy computes in vectors
    natural = np.log(np.maximum(power, np.float32(10 ** (SILENCE_DB / 10))))
    decibels: Array = np.float32(10 / np.log(10)) * natural
    return decibels


def runs_at_extremes(samples: Samples, high: float, low: float) -> tuple[_Places, _Places]:
    """Return firsts and lengths of runs of two or more samples at an extreme; none of fewer than 8 samples in all."""
    starts, lengths = [np.empty(0, np.intp)], [np.empty(0, np.intp)]
    for extreme, sign in ((high, 1.0), (-low, -1.0)):
        if extreme < 300 * _STEP_16:  # the steps of 16 bits make flat tops of their own
            continue
        least = extreme - max(1.5 * _STEP_16, extreme * 1e-4)
        near = np.flatnonzero(samples > least if sign > 0 else samples < -least)
        firsts = np.flatnonzero(np.diff(near, prepend=-9) > 1)
        sizes = np.diff(firsts, append=len(near))
        starts.append(near[firsts[sizes > 1]])
        lengths.append(sizes[sizes > 1])
    first, size = np.concatenate(starts), np.concatenate(lengths)
    return (first, size) if size.sum() >= 8 else (first[:0], size[:0])


def clipped_stretches(audio: Audio, gap_s: float = 0.03) -> list[tuple[float, float]]:
    """Return from when to when any channel is cut flat, in seconds; runs less than a gap apart are one stretch."""
    places: list[tuple[int, int]] = []
    for channel in audio.samples.T:
        starts, lengths = runs_at_extremes(channel, float(channel.max()), float(channel.min()))
        places += zip(starts.tolist(), (starts + lengths).tolist(), strict=True)
    merged: list[tuple[float, float]] = []
    for start, end in sorted(places):
        if merged and start / audio.rate < merged[-1][1] + gap_s:
            merged[-1] = merged[-1][0], max(merged[-1][1], end / audio.rate)
        else:
            merged.append((start / audio.rate, end / audio.rate))
    return merged
