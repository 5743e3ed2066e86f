"""A clip as the voice learns it: latents of nano16, fundamental frequency and phase, and cepstra to align by."""

from dataclasses import dataclass, fields
from pathlib import Path

import librosa
import numpy as np
import numpy.typing as npt
import scipy.fft
import torch

from ttsprep.codec import Codec
from ttsprep.codec.codec import speech_level
from ttsprep.core import audio
from ttsprep.core.audio import resample
from ttsprep.core.errors import AudioError
from ttsprep.core.files import atomic_file, digest, inside
from ttsprep.core.signal import Signal
from ttsprep.core.types import Audio, Samples
from ttsprep.corpora.corpus import Corpus
from ttsprep.models.phones.hmm import slopes

RATE, HOP = 16_000, 320
MELS, _CEPSTRA = 26, 13
Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sound:
    """What is heard of a clip.

    Attributes
    ----------
    log_f0
        Natural logarithm of F0 in Hz, straight lines where nothing is voiced, every 20 ms.
    voiced
        1 where it is, every 20 ms.
    cepstra
        With slopes, every 10 ms, shape (frames, 39).
    quiet
        Which frames of 10 ms are without speech.
    """

    log_f0: Array
    voiced: Array
    cepstra: Array
    quiet: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Features(Sound):
    """What a voice learns of a clip, beside what is heard.

    Attributes
    ----------
    latents
        Of the encoder of nano16, before its quantiser, every 20 ms, shape (frames, 64).
    level
        Natural logarithm of the level that nano16 divides by.
    phase
        Of the fundamental in the middle of each frame of 20 ms, in radians.
    """

    latents: Array
    level: float
    phase: Array


def clip_samples(corpus: Corpus, index: int) -> Samples | None:
    """Return a clip at 16 kHz; None where it cannot be read or lasts under 0.2 s."""
    clip = corpus.clips[index]
    try:
        decoded = audio.read(inside(corpus.root, clip.path), start=clip.start, end=clip.end)
    except AudioError:
        return None
    samples = resample(Signal(decoded).samples, decoded.rate, RATE)
    return samples if len(samples) >= RATE // 5 else None


def listen(samples: Samples) -> Sound:
    """Take what is heard of a clip at 16 kHz, a whole number of frames."""
    frames = -(-len(samples) // HOP)
    signal = Signal(Audio(np.pad(samples, (0, frames * HOP - len(samples)))[:, None], RATE))
    return Sound(*_pitch(signal, frames), _cepstra(signal)[: 2 * frames], ~signal.speech[: 2 * frames])


def features(codec: Codec, samples: Samples) -> Features:
    """Take the features of a clip at 16 kHz."""
    sound = listen(samples)
    padded = np.pad(samples, (0, len(sound.voiced) * HOP - len(samples)))
    level = speech_level(samples, RATE)
    with torch.inference_mode():
        latents = codec.model.encoder(torch.from_numpy(padded / np.float32(level))[None])[0].numpy()
    phase = _phase(padded, np.exp(sound.log_f0))
    return Features(sound.log_f0, sound.voiced, sound.cepstra, sound.quiet, latents, float(np.log(level)), phase)


def _pitch(signal: Signal, frames: int) -> tuple[Array, Array]:
    """Return log F0 and voicing in the middle of each frame; `Signal.f0` has them at the start."""
    found = signal.f0
    at = np.flatnonzero(np.isfinite(found))
    if not len(at):
        return np.full(frames, np.log(150.0), np.float32), np.zeros(frames, np.float32)
    middle = np.arange(frames) + 0.5
    log_f0 = np.interp(middle, at, np.log(found[at]))
    voiced = np.isfinite(found)
    both = np.append(voiced, False)
    return log_f0.astype(np.float32), (both[:frames] & both[1 : frames + 1]).astype(np.float32)


def _phase(samples: Samples, f0: Array) -> Array:
    """Return the phase of the fundamental: the argument of one bin at F0 of 40 ms around the middle of the frame."""
    size = 2 * HOP
    spread = np.pad(samples, HOP)
    blocks = np.lib.stride_tricks.sliding_window_view(spread, size)[HOP // 2 :: HOP][: len(f0)]
    offsets = np.arange(size) - size // 2 + 0.5
    turns = np.exp(-2j * np.pi / RATE * f0[:, None] * offsets)
    return np.asarray(np.angle((blocks * np.hanning(size) * turns).sum(axis=1)), np.float32)


def _cepstra(signal: Signal) -> Array:
    bank = librosa.filters.mel(sr=signal.rate, n_fft=signal.frame_size, n_mels=MELS, fmin=80, norm=None)
    logs = np.log(np.maximum(signal.power @ np.asarray(bank.T), 1e-9))
    values = scipy.fft.dct(logs, axis=1, norm="ortho")[:, :_CEPSTRA]
    values -= values[signal.speech].mean(axis=0) if signal.speech.any() else values.mean(axis=0)
    bends = librosa.feature.delta(values, width=5, order=2, axis=0, mode="nearest")
    return np.concatenate((values, 3 * slopes(values), 3 * bends), axis=1).astype(np.float32)


def remembered(codec: Codec, corpus: Corpus, index: int, folder: Path) -> Features | None:
    """Return the features of a clip from `folder`, where they are kept by what is in its file; None as `clip_samples`.

    Arms share most of their clips.
    """
    clip = corpus.clips[index]
    try:
        name = digest(inside(corpus.root, clip.path))
    except AudioError:
        return None
    path = folder / f"{name}-{clip.start:g}-{clip.end}.npz"
    names = [field.name for field in fields(Features)]
    if path.exists():
        with np.load(path, allow_pickle=False) as kept:
            return Features(**{one: kept[one] for one in names})
    samples = clip_samples(corpus, index)
    if samples is None:
        return None
    found = features(codec, samples)
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as file:
        np.savez(file, allow_pickle=False, **{one: np.asarray(getattr(found, one)) for one in names})
    return found
