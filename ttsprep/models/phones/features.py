"""What is kept of a clip to compare its speech with texts: cepstra in 700 bytes a second."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from ttsprep.core.dsp import Array
from ttsprep.core.signal import HOP_S, Mask, Signal

LONGEST_COMPARED_S = 60.0
"""A longer clip is not compared."""
_CEPSTRA = 13
_EVERY = 2
FEATURES_HOP_S = _EVERY * HOP_S
_BANDS, _LOW_HZ, _HIGH_HZ = 24, 80.0, 7_600.0
_QUIET = 1e-9
"""Power of a band under which all is silence."""
_STEPS = np.array([0.5, *[0.2] * (_CEPSTRA - 1)], np.float32)
"""Of the cepstra in a byte each."""
_MARGIN = 2
"""Frames that are kept before and after speech: silence at the ends would be taken for phones at the flat start."""


def pack_cepstra(signal: Signal) -> bytes:
    """Return the cepstra of a clip every 20 ms, without their mean over speech, and whether that is speech.

    Cepstra of the log power in 24 bands as wide as each other on the mel scale (O'Shaughnessy, Speech Communication,
    1987): 14 bytes a frame; b"" of a clip that is too long to be compared.
    """
    if signal.duration > LONGEST_COMPARED_S:
        return b""
    values, speech = _cepstra(signal), signal.speech[::_EVERY]
    values -= values[speech].mean(axis=0) if speech.any() else values.mean(axis=0)
    packed = np.empty((len(values), _CEPSTRA + 1), np.int8)
    packed[:, :_CEPSTRA] = np.clip(np.rint(values / _STEPS), -127, 127)
    packed[:, _CEPSTRA] = speech
    return packed.tobytes()


@dataclass(frozen=True, slots=True)
class SpeechFeatures:
    """Features of a clip from its first speech to its last, where that begins, and those of frames without speech.

    Attributes
    ----------
    features, quiet
        float32 of shape (frames, 2 x `_CEPSTRA`): cepstra and their slopes every 20 ms.
    start_s
        In seconds.
    """

    features: Array
    start_s: float
    quiet: Array

    @classmethod
    def unpack(cls, packed: bytes) -> "SpeechFeatures":
        """Return what `pack_cepstra` packed."""
        rows = np.frombuffer(packed, np.int8).reshape(-1, _CEPSTRA + 1)
        speech: Mask = rows[:, _CEPSTRA] > 0
        values = rows[:, :_CEPSTRA] * _STEPS
        padded = np.pad(values, ((1, 1), (0, 0)), mode="edge")
        features = np.concatenate((values, 0.75 * (padded[2:] - padded[:-2])), axis=1, dtype=np.float32)
        at = np.flatnonzero(speech)
        first, last = (max(0, int(at[0]) - _MARGIN), int(at[-1]) + _MARGIN + 1) if len(at) else (0, len(rows))
        return cls(features[first:last], first * FEATURES_HOP_S, features[~speech][::3])


def _cepstra(signal: Signal) -> Array:
    import scipy.fft  # the process that learns does without

    power = signal.power[::_EVERY]
    edges = [edge for edge in _edges(signal.bin_hz) if edge <= power.shape[1]]
    logs = np.full((len(power), _BANDS), np.log(_QUIET), np.float32)
    if bands := max(0, len(edges) - 1):  # a rate of 8 kHz has 17 of them
        sums = np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1)
        logs[:, :bands] = np.log(np.maximum(sums, _QUIET))
    return np.asarray(scipy.fft.dct(logs, axis=1, norm="ortho")[:, :_CEPSTRA], np.float32)


@cache
def _edges(bin_hz: float) -> tuple[int, ...]:
    """Return the first bin of each band, and the bin behind the last."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (_LOW_HZ, _HIGH_HZ))
    hz = 700 * (10 ** (np.linspace(low, high, _BANDS + 1) / 2595) - 1)
    return tuple(np.round(hz / bin_hz).astype(int).tolist())
