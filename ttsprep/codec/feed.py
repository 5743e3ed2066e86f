"""Recordings as a codec hears them: mono, at its sample rate, whole or in chunks with the same samples."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from ttsprep import audio
from ttsprep.types import Audio, Samples


def resampled(blocks: Iterable[tuple[int, Samples]], rate: int) -> Iterator[Samples]:
    """Mix blocks to mono and bring them to another sample rate.

    Parameters
    ----------
    blocks
        Sample rate and samples ``(frames, channels)`` of consecutive blocks.
    rate
        Wanted, in Hz.

    Yields
    ------
    ndarray
        float32; joined they do not depend on how the blocks were cut.
    """
    import soxr

    stream = None
    for given, block in blocks:
        mono = block.mean(1, dtype=np.float32)
        if given == rate:
            yield mono
            continue
        if stream is None:
            stream = soxr.ResampleStream(given, rate, 1, dtype="float32", quality="HQ")
        yield stream.resample_chunk(mono)
    if stream is not None:
        yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def whole(decoded: Audio, rate: int) -> Samples:
    """Return what was decoded, mono at `rate`."""
    return np.concatenate(list(resampled([(decoded.rate, decoded.samples)], rate)))


def chunks(path: Path, start: float, end: float | None, rate: int) -> Iterator[Samples]:
    """Yield a recording of any length, mono at `rate`.

    Raises
    ------
    AudioError
        As `ttsprep.audio.stream`.
    """
    return resampled(audio.stream(path, start=start, end=end), rate)
