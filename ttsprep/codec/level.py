"""The level of speech: what a clip is divided by before it is coded, and multiplied by after."""

import numpy as np

from ttsprep.types import Samples

FLOOR = 3e-3


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
    size = max(1, rate // 50)
    count = -(-len(samples) // size)
    if count == 0:
        return FLOOR
    padded = np.zeros(count * size, np.float64)
    padded[: len(samples)] = samples
    power = np.square(padded.reshape(count, size)).mean(1)
    loud = power[power >= 0.01 * np.percentile(power, 95)]
    return float(np.float32(np.sqrt(loud.mean()) + FLOOR))
