"""The level of speech: what a clip is divided by before it is coded, and multiplied by after."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from ttsprep.types import Samples

FLOOR = 3e-3
Powers = npt.NDArray[np.float64]


def speech_level(samples: Samples, rate: int) -> float:
    """Return the RMS of the speech in a clip, plus a small floor, so that codes do not depend on gain.

    Frames of 20 ms count as speech where they are within 20 dB of the 95th percentile.

    Parameters
    ----------
    samples
        One clip, mono.
    rate
        Sample rate.

    Returns
    -------
    float
        At least `FLOOR`.
    """
    return level_of(frame_powers(samples, rate))


def streamed_level(chunks: Iterable[Samples], rate: int) -> float:
    """Return `speech_level` of a clip that arrives in chunks of any size: the same bits."""
    size = frame_size(rate)
    powers: list[Powers] = []
    rest = np.zeros(0, np.float32)
    for chunk in chunks:
        held = np.concatenate([rest, chunk])
        whole = len(held) // size * size
        powers.append(frame_powers(held[:whole], rate))
        rest = held[whole:]
    return level_of(np.concatenate([*powers, frame_powers(rest, rate)]))


def frame_size(rate: int) -> int:
    """Return the samples in a frame of 20 ms."""
    return max(1, rate // 50)


def frame_powers(samples: Samples, rate: int) -> Powers:
    """Return the mean square of each frame of 20 ms, the last one filled up with zeros."""
    size = frame_size(rate)
    padded = np.zeros(-(-len(samples) // size) * size, np.float64)
    padded[: len(samples)] = samples
    return np.asarray(np.square(padded.reshape(-1, size)).mean(1))


def level_of(powers: Powers) -> float:
    """Return the level of the frames that are speech."""
    if not len(powers):
        return FLOOR
    loud = powers[powers >= 0.01 * np.percentile(powers, 95)]
    return float(np.float32(np.sqrt(loud.mean()) + FLOOR))
