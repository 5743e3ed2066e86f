"""Containers that libsndfile does not read: MP4, WebM, AAC, WMA, AMR, decoded by PyAV."""

import os

import numpy as np

from ttsprep.core.errors import AudioError
from ttsprep.core.types import Audio, Samples

CLOSED = {"protocol_whitelist": "none", "enable_drefs": "0", "use_absolute_path": "0"}
"""Options of FFmpeg by which a file can lead to no other file and to no address."""
_RATES = (4_000, 384_000)
CHANNELS = 8


def refuse_implausible(rate: int, channels: int) -> None:
    """Refuse a rate or a number of channels that no recording has."""
    if not _RATES[0] <= rate <= _RATES[1]:
        raise AudioError("sample-rate-implausible", f"claims {rate} Hz; {_RATES[0]:,}-{_RATES[1]:,} Hz are plausible")
    if channels > CHANNELS:
        raise AudioError("audio-unreadable", f"claims {channels} channels; at most {CHANNELS} are read")


def container_header(descriptor: int, form: str) -> tuple[float, int, int]:
    """Return seconds, rate in Hz and channels of the audio in a container; nothing is decoded.

    Parameters
    ----------
    descriptor, form
        As for `decode_container`.

    Raises
    ------
    AudioError
        ``audio-unreadable`` if there is none.
    """
    import av
    import av.error

    try:
        with os.fdopen(os.dup(descriptor), "rb") as file, av.open(file, "r", format=form, options=CLOSED) as container:
            if not container.streams.audio:
                raise AudioError("audio-unreadable", "the container has no audio stream")
            stream, micros = container.streams.audio[0], container.duration or 0
            return micros / 1_000_000, stream.rate or 0, stream.channels
    except av.error.FFmpegError as error:
        raise AudioError("audio-unreadable", f"cannot be decoded: {error.strerror}") from None


def decode_container(
    descriptor: int, form: str, start: float, end: float | None, longest: float
) -> tuple[Audio, int | None]:
    """Decode the audio of a container through PyAV; also return the frames that it claims, where it does.

    Parameters
    ----------
    descriptor
        Of the open file. The demuxer gets its bytes and nothing else: it can open no other file and no address.
    form
        The demuxer, as `ttsprep.core.media.sniff.container` returns it.
    start, end
        Seconds; the piece to decode.
    longest
        Seconds that are decoded, at most.

    Raises
    ------
    AudioError
        ``audio-unreadable`` if the file cannot be decoded.
    """
    import av
    import av.error

    blocks: list[Samples] = []
    try:
        with os.fdopen(os.dup(descriptor), "rb") as file, av.open(file, "r", format=form, options=CLOSED) as container:
            if not container.streams.audio:
                raise AudioError("audio-unreadable", "the container has no audio stream")
            stream = container.streams.audio[0]
            rate, channels = stream.rate or 0, stream.channels
            subtype = stream.codec_context.name.upper()
            refuse_implausible(rate, channels)
            stop = longest + start if end is None else min(end, longest + start)
            first, most, count = round(start * rate), round(stop * rate), 0
            resampler = av.AudioResampler(format="fltp", layout=stream.layout, rate=rate)
            for frame in container.decode(stream):
                for piece in resampler.resample(frame):
                    block = np.asarray(piece.to_ndarray(), dtype=np.float32).T
                    if count + len(block) > first:  # what lies before takes time, but no memory
                        blocks.append(block[max(0, first - count) :])
                    count += len(block)
                if count > most:
                    break
            claimed = None
            if form == "mov" and stream.duration is not None and stream.time_base is not None:
                claimed = float(stream.duration * stream.time_base)
    except av.error.FFmpegError as error:
        raise AudioError("audio-unreadable", f"cannot be decoded: {error.strerror}") from None
    whole = np.concatenate(blocks) if blocks else np.zeros((0, 1), np.float32)
    samples = whole[: most - first]
    if claimed is not None and end is None and count < most and count < (claimed - 0.1) * rate:
        return Audio(samples, rate, subtype), round((claimed - start) * rate)
    return Audio(np.ascontiguousarray(samples), rate, subtype, complete=end is not None or count <= most), None
