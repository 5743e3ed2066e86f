"""Defects of the sound and of its relation to the text, to plant in copies of clean clips."""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr
from scipy.signal import butter, fftconvolve, sosfilt

from ttsprep.core.types import Samples

Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Take:
    """A clip about to be spoilt: samples (mono, or one column a channel), sample rate in Hz, transcript, encoding."""

    samples: Samples
    rate: int
    text: str
    subtype: str = "PCM_16"


@dataclass(frozen=True, slots=True)
class Defect:
    """A way to spoil a clip.

    Attributes
    ----------
    code
        The finding that must name it.
    name
        What is done, with its strength.
    plain
        True for a case nobody may miss, False for a faint one.
    plant
        Takes the clip, another clip of the corpus, and a random generator.
    spoil
        Done to the file after it was written.
    least_rate
        Sample rate in Hz under which it changes nothing that is heard.
    words
        Least words of a transcript that it can be planted in.
    beside
        The spoilt clip stands beside the original instead of in its place.
    also
        Other findings that name it.
    """

    code: str
    name: str
    plain: bool
    plant: Callable[[Take, Take, Random], Take]
    spoil: Callable[[Path], None] | None = None
    least_rate: int = 0
    words: int = 0
    beside: bool = False
    also: tuple[str, ...] = ()


def rms(samples: Samples) -> float:
    """Root mean square of the loudest half of the 10 ms blocks: the level of the speech, not of its pauses."""
    blocks = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    energies = np.sort((blocks**2).mean(axis=1))
    return float(np.sqrt(energies[len(energies) // 2 :].mean())) if len(energies) else 0.0


def _db(value: float) -> float:
    return float(10 ** (value / 20))


def _audio(change: Callable[[Samples, int, Random], Samples]) -> Callable[[Take, Take, Random], Take]:
    def plant(take: Take, _other: Take, random: Random) -> Take:
        return replace(take, samples=change(take.samples, take.rate, random).astype(np.float32))

    return plant


def _gain(decibels: float) -> Callable[[Take, Take, Random], Take]:
    return _audio(lambda x, _rate, _random: x * _db(decibels))


def _offset(value: float) -> Callable[[Take, Take, Random], Take]:
    return _audio(lambda x, _rate, _random: np.clip(x + value, -1, 1))


def _clipped(share: float, then_db: float) -> Callable[[Take, Take, Random], Take]:
    def change(x: Samples, _rate: int, _random: Random) -> Samples:
        limit = np.quantile(np.abs(x), 1 - share)
        clipped: Samples = np.clip(x, -limit, limit) / limit * _db(then_db)
        return clipped

    return _audio(change)


def _overdriven(x: Samples, _rate: int, _random: Random) -> Samples:
    driven: Samples = np.tanh(x / rms(x) * 0.9).astype(np.float32)
    return driven


def _noise(snr_db: float, colour: str) -> Callable[[Take, Take, Random], Take]:
    def change(x: Samples, rate: int, random: Random) -> Samples:
        noise = random.standard_normal(len(x))
        if colour == "pink":
            spectrum = np.fft.rfft(noise)
            spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(len(x), 1 / rate), 20.0))
            noise = np.fft.irfft(spectrum, len(x))
        noise *= rms(x) * _db(-snr_db) / np.sqrt(np.mean(noise**2))
        return (x + noise).astype(np.float32)

    return _audio(change)


def _hum(decibels: float, mains: float) -> Callable[[Take, Take, Random], Take]:
    def change(x: Samples, rate: int, random: Random) -> Samples:
        t = np.arange(len(x)) / rate
        hum = sum(np.sin(2 * np.pi * mains * k * t + random.uniform(0, 2 * np.pi)) / k for k in (1, 2, 3, 5))
        hum *= rms(x) * _db(decibels) / np.sqrt(np.mean(hum**2))
        return np.asarray(x + hum, np.float32)

    return _audio(change)


def _reverb(rt60: float, direct_db: float) -> Callable[[Take, Take, Random], Take]:
    """Exponentially decaying noise as a late tail (Polack 1988), `direct_db` under the direct sound."""

    def change(x: Samples, rate: int, random: Random) -> Samples:
        t = np.arange(int(rt60 * rate)) / rate
        tail = random.standard_normal(len(t)) * 10 ** (-3 * t / rt60)
        tail[: int(0.002 * rate)] = 0
        tail *= _db(-direct_db) / np.sqrt(np.sum(tail**2))
        tail[0] = 1
        wet = fftconvolve(x, tail)[: len(x)]
        return (wet * (rms(x) / rms(wet.astype(np.float32)))).astype(np.float32)

    return _audio(change)


def _upsampled(rate_from: int) -> Callable[[Take, Take, Random], Take]:
    def change(x: Samples, rate: int, _random: Random) -> Samples:
        low = soxr.resample(x, rate, rate_from)
        return np.asarray(soxr.resample(low, rate_from, rate), np.float32)

    return _audio(change)


def _mp3(kbps: int) -> Callable[[Take, Take, Random], Take]:
    def change(x: Samples, rate: int, _random: Random) -> Samples:
        top, low = (320, 32) if rate >= 32_000 else (160, 8)
        coded = io.BytesIO()
        level = (top - kbps) / (top - low)
        sf.write(
            coded,
            x,
            rate,
            format="MP3",
            subtype="MPEG_LAYER_III",
            bitrate_mode="CONSTANT",
            compression_level=level,
        )
        coded.seek(0)
        return np.asarray(sf.read(coded, dtype="float32")[0][: len(x)], np.float32)

    return _audio(change)


def _telephone(x: Samples, rate: int, _random: Random) -> Samples:
    """Send it through a handset: 300 to 3,400 Hz, by gentle filters and not by resampling."""
    y = sosfilt(butter(3, (300, 3_400), "band", fs=rate, output="sos"), x)
    return (y * (rms(x) / rms(y.astype(np.float32)))).astype(np.float32)


def _other_microphone(x: Samples, rate: int, _random: Random) -> Samples:
    """Record it with a thin, boxy microphone: nothing below 350 Hz, a bump at 1-2 kHz, dull above 3 kHz."""
    thin = sosfilt(butter(2, 350, "high", fs=rate, output="sos"), x)
    dull = sosfilt(butter(1, 3_000, "low", fs=rate, output="sos"), thin)
    bump = sosfilt(butter(1, (1_000, 2_000), "band", fs=rate, output="sos"), dull)
    y = dull + bump
    return (y * (rms(x) / rms(y.astype(np.float32)))).astype(np.float32)


def room_tone(x: Samples, rate: int, seconds: float, random: Random) -> Samples:
    """Return noise like the quietest 50 ms of the clip, at least 45 dB under its speech."""
    size = int(0.05 * rate)
    starts = range(0, max(1, len(x) - size), size)
    quiet = min((x[i : i + size] for i in starts), key=lambda block: float(np.mean(block**2)))
    magnitude = np.abs(np.fft.rfft(quiet * np.hanning(len(quiet))))
    magnitude = np.convolve(magnitude, np.full(9, 1 / 9), "same")  # a room has no formants
    length = int(seconds * rate)
    spectrum = np.fft.rfft(random.standard_normal(length))
    shape = np.interp(np.linspace(0, 1, len(spectrum)), np.linspace(0, 1, len(magnitude)), magnitude)
    noise = np.fft.irfft(spectrum * shape, length)
    level = min(float(np.sqrt(np.mean(quiet**2))), rms(x) * _db(-45))
    return np.asarray(noise * (level / max(float(np.sqrt(np.mean(noise**2))), 1e-12)), np.float32)


def _silence(seconds: float, where: str) -> Callable[[Take, Take, Random], Take]:
    def change(x: Samples, rate: int, random: Random) -> Samples:
        pause = room_tone(x, rate, seconds, random)
        if where == "start":
            return np.concatenate((pause, x))
        if where == "end":
            return np.concatenate((x, pause))
        cut = _quietest(x, rate)
        return np.concatenate((x[:cut], pause, x[cut:]))

    return _audio(change)


def _quietest(x: Samples, rate: int) -> int:
    """Middle of the quietest 20 ms between 30 and 70 % of the clip."""
    size = int(0.02 * rate)
    blocks = x[: len(x) // size * size].reshape(-1, size)
    low, high = int(len(blocks) * 0.3), max(int(len(blocks) * 0.7), int(len(blocks) * 0.3) + 1)
    return int((low + np.argmin((blocks[low:high] ** 2).mean(axis=1))) * size + size // 2)


def loud_places(x: Samples, rate: int, low: float, high: float) -> np.ndarray:
    """Return samples within a share of the clip whose 20 ms are within 10 dB of the speech level: inside a word."""
    size = int(0.02 * rate)
    blocks = (x[: len(x) // size * size].reshape(-1, size) ** 2).mean(axis=1)
    inside = np.flatnonzero(blocks > rms(x) ** 2 / 10)
    inside = inside[(inside >= low * len(blocks)) & (inside < high * len(blocks))]
    return inside * size + size // 2


def _dropout(seconds: float) -> Callable[[Take, Take, Random], Take]:
    def change(x: Samples, rate: int, random: Random) -> Samples:
        places = loud_places(x, rate, 0.1, 0.9)
        at = int(random.choice(places)) if len(places) else len(x) // 2
        y = x.copy()
        y[at : at + int(seconds * rate)] = 0
        return y

    return _audio(change)


def _cut(share: float, end: bool) -> Callable[[Take, Take, Random], Take]:
    def change(x: Samples, rate: int, random: Random) -> Samples:
        x = x if end else x[::-1]
        places = loud_places(x, rate, 1 - share - 0.1, 1 - share + 0.1)
        at = int(random.choice(places)) if len(places) else int(len(x) * (1 - share))
        return x[:at] if end else x[:at][::-1]

    return _audio(change)


def _no_speech(kind: str) -> Callable[[Take, Take, Random], Take]:
    def change(x: Samples, rate: int, random: Random) -> Samples:
        seconds = len(x) / rate
        if kind == "room":
            return room_tone(x, rate, seconds, random)
        if kind == "noise":
            return (random.standard_normal(len(x)) * rms(x)).astype(np.float32)
        t = np.arange(len(x)) / rate
        return (np.sin(2 * np.pi * 440 * t) * rms(x)).astype(np.float32)

    return _audio(change)


def _short(x: Samples, rate: int, _random: Random) -> Samples:
    at = int(np.argmax(np.convolve(x**2, np.ones(int(0.2 * rate), np.float32), "same")))
    half = int(0.125 * rate)
    return x[max(0, at - half) : at + half]


def _long(x: Samples, rate: int, _random: Random) -> Samples:
    return np.tile(x, int(40 * rate / len(x)) + 1)


def _other_speed(semitones: float) -> Callable[[Take, Take, Random], Take]:
    """Played at another speed, as when the sample rate of a header is wrong."""

    def change(x: Samples, rate: int, _random: Random) -> Samples:
        factor = 2 ** (-semitones / 12)
        return np.asarray(soxr.resample(x, rate, rate * factor), np.float32)

    return _audio(change)


def _text_cut(share: float) -> Callable[[Take, Take, Random], Take]:
    def plant(take: Take, _other: Take, _random: Random) -> Take:
        words = take.text.split()
        return replace(take, text=" ".join(words[: max(1, round(len(words) * (1 - share)))]))

    return plant


def _text_doubled(take: Take, other: Take, _random: Random) -> Take:
    """As many words of another clip again."""
    count = len(take.text.split())
    words = other.text.split() or take.text.split()[::-1]
    return replace(take, text=" ".join([take.text, *(words * count)[:count]]))


def _text_swapped(take: Take, other: Take, _random: Random) -> Take:
    return replace(take, text=other.text)


_MISFIT = ("text-misfit", "text-misfit-end", "text-misfit-part")

AUDIO_DEFECTS: tuple[Defect, ...] = (
    Defect("clipping", "2 % of samples clipped, then -6 dB", True, _clipped(0.02, -6)),
    Defect("clipping", "2 % of samples clipped at full scale", True, _clipped(0.02, 0)),
    Defect("clipping", "0.3 % of samples clipped, then -6 dB", False, _clipped(0.003, -6)),
    Defect("dc-offset", "offset of 0.05", True, _offset(0.05)),
    Defect("dc-offset", "offset of 0.015", False, _offset(0.015)),
    Defect("too-quiet", "-35 dB", True, _gain(-35)),
    Defect("too-loud", "overdriven", True, _audio(_overdriven)),
    Defect("loudness-outlier", "-18 dB", True, _gain(-18)),
    Defect("loudness-outlier", "-12 dB", False, _gain(-12)),
    Defect("noisy", "white noise at 10 dB SNR", True, _noise(10, "white")),
    Defect("noisy", "pink noise at 10 dB SNR", True, _noise(10, "pink")),
    Defect("noisy", "pink noise at 20 dB SNR", False, _noise(20, "pink")),
    Defect("noise-floor-high", "white noise at 20 dB SNR", True, _noise(20, "white")),
    Defect("noise-floor-high", "pink noise at 27 dB SNR", False, _noise(27, "pink")),
    Defect("hum", "50 Hz at -25 dB", True, _hum(-25, 50)),
    Defect("hum", "60 Hz at -25 dB", True, _hum(-25, 60)),
    Defect("hum", "50 Hz at -32 dB", False, _hum(-32, 50)),
    Defect("reverberant", "RT60 1.0 s, tail 0 dB under the direct sound", True, _reverb(1.0, 0)),
    Defect("reverberant", "RT60 0.6 s, tail 4 dB under the direct sound", False, _reverb(0.6, 4)),
    Defect("narrowband", "upsampled from 8 kHz", True, _upsampled(8_000), least_rate=11_025),
    Defect("narrowband", "upsampled from 16 kHz", True, _upsampled(16_000), least_rate=22_050),
    Defect("narrowband", "upsampled from 11.025 kHz", True, _upsampled(11_025), least_rate=16_000),
    Defect("lossy-source", "MP3 at 24 kbit/s", True, _mp3(24)),
    Defect("lossy-source", "MP3 at 32 kbit/s", True, _mp3(32)),
    Defect("lossy-source", "MP3 at 40 kbit/s", False, _mp3(40), least_rate=22_050),
    Defect("spectrum-outlier", "through a telephone handset", True, _audio(_telephone)),
    Defect("spectrum-outlier", "another microphone", False, _audio(_other_microphone)),
    Defect("leading-silence", "3 s before", True, _silence(3.0, "start")),
    Defect("leading-silence", "1.3 s before", False, _silence(1.3, "start")),
    Defect("trailing-silence", "3 s after", True, _silence(3.0, "end")),
    Defect("trailing-silence", "1.5 s after", False, _silence(1.5, "end")),
    Defect("long-pause", "3 s inside", True, _silence(3.0, "middle")),
    Defect("long-pause", "1.8 s inside", False, _silence(1.8, "middle")),
    Defect("dropout", "100 ms of zeros", True, _dropout(0.100)),
    Defect("dropout", "20 ms of zeros", False, _dropout(0.020)),
    Defect("cut-start", "the first 30 % cut off", True, _cut(0.3, end=False), also=_MISFIT),
    Defect("cut-end", "the last 30 % cut off", True, _cut(0.3, end=True), also=_MISFIT),
    Defect("no-speech", "room tone only", True, _no_speech("room")),
    Defect("no-speech", "white noise only", True, _no_speech("noise")),
    Defect("no-speech", "a tone only", True, _no_speech("tone")),
    Defect("too-short", "0.25 s of it", True, _audio(_short)),
    Defect("too-long", "repeated for 40 s", True, _audio(_long)),
    Defect("pitch-outlier", "played 8 semitones up", True, _other_speed(8), words=4),
    Defect("pitch-outlier", "played 8 semitones down", True, _other_speed(-8), words=4),
    Defect("pitch-outlier", "played 5.6 semitones up: 16 kHz read as 22.05", False, _other_speed(5.55), words=4),
    Defect("voice-outlier", "a smaller head: played 4 semitones up", True, _other_speed(4), words=4),
    Defect("rate-outlier", "half of the text missing", True, _text_cut(0.5), words=4, also=_MISFIT),
    Defect("rate-outlier", "as much text of another clip added", True, _text_doubled, words=4, also=_MISFIT),
    Defect("rate-outlier", "text of a clip of another length", True, _text_swapped, words=4, also=_MISFIT),
    Defect("rate-outlier", "a third of the text missing", False, _text_cut(0.34), words=4, also=_MISFIT),
)
