"""One decoded clip and the views of it that the checks share, each computed at most once.

Frames last 40 ms at a hop of 10 ms whatever the sample rate, so that bins are 25 Hz apart at every rate.
"""

from functools import cached_property

import numpy as np
import numpy.typing as npt
import scipy.fft

from ttsprep.types import Audio, Samples

HOP_S = 0.010
FRAME_S = 0.040
SILENCE_DB = -120.0
DIGITAL_SILENCE_DB = -100.0
"""Below what any converter records: samples that were written, not heard."""
F0_RANGE = (65.0, 500.0)
LOW_BINS = 40
"""Complex bins kept for the search for hum: up to 1 kHz."""
F0_STRIDE = 2
"""F0 is taken every second frame: 20 ms."""

Array = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


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
        channels = self.audio.samples
        if channels.shape[1] == 1:
            mono = channels[:, 0]
        else:
            mono = channels.mean(axis=1)
            energies = np.einsum("ij,ij->j", channels, channels)
            if np.dot(mono, mono) < 0.1 * energies.max():
                mono = channels[:, int(energies.argmax())]
        return np.ascontiguousarray(mono - mono.mean(dtype=np.float64).astype(np.float32))

    @property
    def frame_size(self) -> int:
        """Samples a frame: 40 ms, even."""
        return 2 * round(FRAME_S / 2 * self.rate)

    @property
    def bin_hz(self) -> float:
        """Distance of two bins of `power`, 25 Hz but for rounding."""
        return self.rate / self.frame_size

    @cached_property
    def _spectra(self) -> tuple[Array, npt.NDArray[np.complex64]]:
        size = self.frame_size
        hop = max(1, round(HOP_S * self.rate))
        half = size // 2
        padded = np.pad(self.samples, (half, half + hop))
        count = len(self.samples) // hop + 1
        frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop][:count]
        # scaled so that the bins of a frame sum to its mean square
        window = np.hanning(size + 1)[:-1].astype(np.float32)
        window *= np.float32(np.sqrt(2.0 / size / np.dot(window, window)))
        power = np.empty((count, half + 1), np.float32)
        low = np.empty((count, min(LOW_BINS, half + 1)), np.complex64)
        for i in range(0, count, 64):  # blocks that stay in the cache
            block = scipy.fft.rfft(frames[i : i + 64] * window, axis=1)
            power[i : i + 64] = block.real**2 + block.imag**2
            low[i : i + 64] = block[:, : low.shape[1]]
        return power, low

    @property
    def power(self) -> Array:
        """Power spectrogram, shape (frames, bins): Hann windows; the bins of a frame sum to its mean square."""
        return self._spectra[0]

    @property
    def low_spectrum(self) -> npt.NDArray[np.complex64]:
        """The complex spectrum below 1 kHz, shape (frames, 40), same scale as `power`."""
        return self._spectra[1]

    @cached_property
    def level_db(self) -> Array:
        """Level of each frame in dBFS between 150 Hz and 5 kHz, where speech is."""
        low = int(np.ceil(150 / self.bin_hz))
        high = min(int(5_000 / self.bin_hz), self.power.shape[1])
        return to_db(self.power[:, low:high].sum(axis=1))


    @cached_property
    def peak_db(self) -> float:
        """Level of loud speech in dBFS: the 98th percentile of `level_db`."""
        return float(np.percentile(self.level_db, 98))

    @cached_property
    def floor_db(self) -> float:
        """Level of the quiet frames in dBFS: the 5th percentile of `level_db`, digital silence left out.

        In a clip without any pause this is the level of its weakest sounds.
        """
        alive = self.level_db[self.level_db > DIGITAL_SILENCE_DB]
        return float(np.percentile(alive, 5)) if len(alive) else SILENCE_DB

    @cached_property
    def speech(self) -> Mask:
        """Which frames hold speech, by energy alone, shape (frames,).

        34 dB under loud speech, or 8 dB over the floor if that is higher; gaps under 80 ms are filled, bursts
        under 40 ms dropped.
        """
        if self.peak_db <= DIGITAL_SILENCE_DB:
            return np.zeros(len(self.level_db), np.bool_)
        limit = min(max(self.peak_db - 34.0, self.floor_db + 8.0), self.peak_db - 6.0)
        return _without_short_runs(_without_short_runs(self.level_db > limit, False, 8), True, 4)

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
        frames = self.power[self.speech] if self.speech.any() else self.power
        return np.asarray(frames.mean(axis=0))

    @cached_property
    def f0(self) -> Array:
        """F0 in Hz every 20 ms, NaN where unvoiced, shape (ceil(frames / 2),).

        Autocorrelation of the magnitude-compressed spectrum below 4 kHz (Tolonen and Karjalainen 2000, eq. 4, with
        exponent 0.67), divided by that of the window; peaks are refined by a parabola.
        """
        return _f0(self.power[::F0_STRIDE], self.speech[::F0_STRIDE], self.frame_size, self.rate)


def runs(mask: Mask) -> list[tuple[int, int]]:
    """Return the (first, past-the-last) indices of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _without_short_runs(mask: Mask, value: bool, shortest: int) -> Mask:
    """Flip the runs of `value` shorter than `shortest` frames, but no gap at either end."""
    result = mask.copy()
    for first, last in runs(mask if value else ~mask):
        inner = value or (first > 0 and last < len(mask))
        if last - first < shortest and inner:
            result[first:last] = not value
    return result


def _f0(power: Array, speech: Mask, size: int, rate: int) -> Array:
    result = np.full(len(power), np.nan, np.float32)
    rows = np.flatnonzero(speech)
    bins = min(int(4_000 / rate * size), power.shape[1])
    if not len(rows) or bins < 20:
        return result
    lags = 640
    step = size / rate / lags  # seconds a lag
    shortest, longest = int(1 / F0_RANGE[1] / step), int(1 / F0_RANGE[0] / step) + 1
    window = scipy.fft.irfft(np.abs(scipy.fft.rfft(np.hanning(size + 1)[:-1], 2 * size)) ** 2)[:size]
    window = np.interp(np.arange(longest + 2) * step * rate, np.arange(size), window / window[0]).astype(np.float32)
    low = max(1, int(60 / rate * size))
    for i in range(0, len(rows), 256):
        chunk = rows[i : i + 256]
        compressed = np.zeros((len(chunk), bins), np.float32)
        compressed[:, low:] = power[chunk, low:bins] ** np.float32(0.33)
        correlation = scipy.fft.irfft(compressed, lags, axis=1)[:, : longest + 2]
        correlation = correlation / np.maximum(correlation[:, :1], np.float32(1e-30)) / window**0.5
        inside = correlation[:, shortest : longest + 1]
        before, after = correlation[:, shortest - 1 : longest], correlation[:, shortest + 1 : longest + 2]
        is_peak = (inside >= before) & (inside > after)
        # a slight preference for short lags, against octave errors downwards
        bias = np.linspace(0.0, 0.08, inside.shape[1], dtype=np.float32)
        score = np.where(is_peak, inside - bias, -1.0)
        best = score.argmax(axis=1)
        line = np.arange(len(chunk))
        left, top, right = (correlation[line, best + shortest + d] for d in (-1, 0, 1))
        offset = 0.5 * (left - right) / np.minimum(left - 2 * top + right, -1e-6)
        f0 = 1.0 / ((best + shortest + np.clip(offset, -0.5, 0.5)) * step)
        result[chunk] = np.where(score[line, best] > 0.22, f0, np.nan)
    return result


def to_db(power: npt.NDArray[np.float32]) -> Array:
    """10 log10 of a power, no lower than -120 dB."""
    decibels: Array = np.float32(10.0) * np.log10(np.maximum(power, np.float32(10 ** (SILENCE_DB / 10))))
    return decibels
