"""Mel spectra as the speaker models were trained with."""

import numpy as np
import numpy.typing as npt

from ttsprep.types import Samples

Array = npt.NDArray[np.float32]
SIZE, HOP = 400, 160
"""Samples a frame and from one to the next at 16 kHz: 25 and 10 ms."""


def frames(samples: Samples) -> Array:
    """Return all whole frames, shape (frames, 400); a view, not to be written to."""
    return np.lib.stride_tricks.sliding_window_view(samples, SIZE)[::HOP]


def triangles(edges: npt.NDArray[np.float64], points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return overlapping triangles over `points`, shape (edges - 2, points); the middle edge of each has weight 1."""
    low, middle, high = (edges[i : len(edges) - 2 + i, None] for i in range(3))
    return np.maximum(0.0, np.minimum((points - low) / (middle - low), (high - points) / (high - middle)))
