"""Recordings as a codec hears them: mono, at its sample rate, whole or in chunks with the same samples."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from ttsprep.core import audio
from ttsprep.core.types import Audio, Samples


def resampled(blocks: Iterable[tuple[int, Samples]], rate: int) -> Iterator[Samples]:
    """Bring blocks of (sample rate, mono samples) to another rate; joined they do not depend on how they were cut."""
    import soxr

    stream = None
    for given, mono in blocks:
        if given == rate:
            yield mono
            continue
        if stream is None:
            stream = soxr.ResampleStream(given, rate, 1, dtype="float32", quality="HQ")
        yield stream.resample_chunk(mono)
    if stream is not None:
        yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def mono_at(decoded: Audio, rate: int) -> Samples:
    """Return what was decoded, mono at `rate`."""
    return audio.resample(audio.mixdown(decoded.samples), decoded.rate, rate)


def chunks(path: Path, start: float, end: float | None, rate: int, channel: int | None) -> Iterator[Samples]:
    """Yield a recording of any length, or a piece in seconds, mono at `rate`; `channel` is that of `stream_channel`."""
    blocks = audio.stream(path, start=start, end=end)
    return resampled(((given, audio.mix(block, channel)) for given, block in blocks), rate)


def stream_channel(path: Path, start: float, end: float | None) -> int | None:
    """Return which channel stands for a recording of any length, as `ttsprep.core.audio.sole_channel`."""
    return audio.sole_channel(block for _, block in audio.stream(path, start=start, end=end))
