"""Reading audio files that may be anything: every way a file can be bad has its own code."""

import io
import os
import stat
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf

from ttsprep.core.errors import AudioError
from ttsprep.core.media.container import container_header, decode_container, refuse_implausible
from ttsprep.core.media.damage import refuse_damaged
from ttsprep.core.media.flac import has_total, is_flac, with_total
from ttsprep.core.media.sniff import HEAD, container
from ttsprep.core.media.wav import sample_header, with_sizes
from ttsprep.core.media.window import Window
from ttsprep.core.types import Audio, Samples

READ_SECONDS = 180.0
"""What is read of one clip: no clip for TTS is longer, and a worker's memory stays bounded."""
READ_BYTES = 1 << 29
"""What the samples and the views of them may take; shortens what is read where rate or channels are extreme."""
VIEWS_BYTES = 28
"""What all views of one frame take together, measured: the mono mix, its copies, and the spectrogram."""
_SHORT_S = 0.02
"""Seconds that a WAV file may be shorter than its header says: a program that counted wrongly, and no loss."""
_BUFFER = 1 << 16
_SLOW_TO_SEEK = frozenset({"MP3", "MPEG"})
_BLOCK_S, _KEPT_BLOCKS = 120.0, 2
_blocks: dict[tuple[int, ...], Samples] = {}
CANCELLED = 0.1
"""Energy of the mean of the channels against that of the loudest, under which something was cancelled."""


def read(path: Path, *, start: float = 0.0, end: float | None = None) -> Audio:
    """Decode an audio file, or a piece of it.

    Parameters
    ----------
    path
        A regular file; anything else (a FIFO, a device, a folder) is refused without being read.
    start, end
        Seconds; the piece to decode.

    Returns
    -------
    Audio
        At most the first `READ_SECONDS`, or less at extreme rates; ``complete`` says whether that was all.

    Raises
    ------
    AudioError
        With the code of what is wrong: ``audio-missing``, ``audio-unreadable``, ``audio-empty``,
        ``audio-cut-off-file``, ``audio-not-finite`` or ``sample-rate-implausible``.
    """
    descriptor = _open(path)
    try:
        head = os.pread(descriptor, HEAD, 0)
        if not head:
            raise AudioError("audio-empty", "the file has 0 bytes")
        refuse_damaged(descriptor)
        if form := container(head):
            audio, claimed = decode_container(descriptor, form, start, end, READ_SECONDS)
        else:
            audio, claimed = _decode(descriptor, start, end)
    finally:
        os.close(descriptor)
    if claimed is not None and len(audio.samples) < claimed:
        raise AudioError(
            "audio-cut-off-file",
            f"decodes to {len(audio.samples) / audio.rate:.2f} s where the file claims "
            f"{claimed / audio.rate:.2f} s: bytes are missing or damaged",
        )
    if not len(audio.samples):
        raise AudioError("audio-empty", "holds no samples")
    if not np.isfinite(audio.samples.sum(dtype=np.float64)):
        bad = int(np.count_nonzero(~np.isfinite(audio.samples)))
        if bad:
            raise AudioError("audio-not-finite", f"{bad} samples are NaN or infinite")
    return audio


def header(path: Path) -> tuple[float, int, int]:
    """Return seconds, rate in Hz and channels of a file by its header; nothing is decoded.

    Raises
    ------
    AudioError
        If the format is not known, or the file cannot be opened.
    """
    descriptor = _open(path)
    try:
        if form := container(os.pread(descriptor, HEAD, 0)):
            return container_header(descriptor, form)
        with _sound_file(descriptor) as file:
            return file.frames / file.samplerate, file.samplerate, file.channels
    except sf.LibsndfileError as error:
        raise AudioError("audio-unreadable", f"cannot be decoded: {str(error.error_string).strip()}") from None
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    """Open a regular file; O_NONBLOCK so that a FIFO without a writer cannot hang us."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        raise AudioError("audio-missing", "the file is not there") from None
    except OSError as error:
        raise AudioError("audio-unreadable", f"cannot be opened: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise AudioError("audio-unreadable", "is not a regular file")
    return descriptor


def _decode(descriptor: int, start: float, end: float | None) -> tuple[Audio, int | None]:
    """Decode with libsndfile; also return the frames that the file claims for the piece."""
    try:
        with _sound_file(descriptor) as file:
            refuse_implausible(file.samplerate, file.channels)
            missing = _refuse_cut_off(file, descriptor)
            first = round(start * file.samplerate)
            if first and first >= file.frames:
                seconds = file.frames / file.samplerate
                what = f"the piece starts at {start:g} s, but the file has {seconds:g} s"
                raise AudioError("audio-empty", what)
            claimed = file.frames - first
            if end is not None:
                claimed = min(claimed, round(end * file.samplerate) - first)
            wanted = min(claimed, _most_frames(file.samplerate, file.channels))
            if file.format in _SLOW_TO_SEEK and file.frames > round(_BLOCK_S * file.samplerate) and (first or end):
                samples = _from_blocks(descriptor, file.samplerate, first, wanted)
            else:
                if first:
                    file.seek(first)
                samples = file.read(wanted, dtype="float32", always_2d=True)
            # An MP3's length is an estimate of its header: only more than two frames missing is a loss.
            slack = 2_304 if file.format in _SLOW_TO_SEEK else 0
            if wanted < claimed:
                _refuse_missing_end(file, first + claimed - slack)
            unread = claimed if wanted < claimed else 0
            audio = Audio(samples, file.samplerate, file.subtype, complete=not unread, claimed=unread, missing=missing)
            return audio, None if len(samples) + slack >= wanted else claimed
    except sf.LibsndfileError as error:
        reason = str(error.error_string).strip().rstrip(".")
        if "lost sync" in reason or "fseek" in reason:  # the latter where the samples end before the header says so
            what = f"the decoder stopped ({reason}): bytes are missing or damaged"
            raise AudioError("audio-cut-off-file", what) from None
        raise AudioError("audio-unreadable", f"cannot be decoded: {reason}") from None


def _from_blocks(descriptor: int, rate: int, first: int, wanted: int) -> Samples:
    """Return frames of a file in which a decoder looks through all that lies before them to find them.

    The file is decoded in blocks, and the last two are kept, so that its pieces in turn take one search a block. A
    block begins with a decoder of its own: what it yields depends on its place alone, not on what was read before.
    """
    size, status = round(_BLOCK_S * rate), os.fstat(descriptor)
    parts = []
    for number in range(first // size, (first + wanted - 1) // size + 1):
        key = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, number)
        if key not in _blocks:
            while len(_blocks) >= _KEPT_BLOCKS:
                del _blocks[next(iter(_blocks))]
            os.lseek(descriptor, 0, os.SEEK_SET)  # libsndfile takes the place of a descriptor for the start of a file
            with _sound_file(descriptor) as file:
                if number:
                    file.seek(number * size)
                _blocks[key] = file.read(size, dtype="float32", always_2d=True)
        parts.append(_blocks[key][max(0, first - number * size) : first + wanted - number * size])
    return np.concatenate(parts)


def _sound_file(descriptor: int) -> sf.SoundFile:
    """Open with libsndfile; a file that a pipe left without its size is whole all the same."""
    data = Window(descriptor)
    header = sample_header(data)
    if header is not None and header.is_piped:
        return sf.SoundFile(io.BufferedReader(with_sizes(descriptor, header), _BUFFER))
    if is_flac(head := data.at(0, 42)) and not has_total(head):
        return sf.SoundFile(io.BufferedReader(with_total(descriptor), _BUFFER))
    return sf.SoundFile(descriptor, closefd=False)


def _most_frames(rate: int, channels: int) -> int:
    return min(int(READ_SECONDS * rate), READ_BYTES // (4 * channels + VIEWS_BYTES))


def _refuse_cut_off(file: Any, descriptor: int) -> int | None:
    """Find what libsndfile reads without an error: headers that promise more than there is; return `Audio.missing`."""
    header = sample_header(Window(descriptor))
    if header is not None and header.is_cut:
        what = f"ends {header.there % header.frame} bytes into a sample, and its header gives no length: it was cut off"
        raise AudioError("audio-cut-off-file", what)
    if header is not None and (
        header.missing is None or (header.kind == "RIFF" and header.missing <= _SHORT_S * file.samplerate)
    ):
        return header.missing
    if "(should be" in file.extra_info or "not equal to frame count" in file.extra_info:
        left = file.frames / file.samplerate
        what = f"the header promises more bytes than the file has; {left:.2f} s are left"
        raise AudioError("audio-cut-off-file", what)
    return 0


def _refuse_missing_end(file: Any, frames: int) -> None:
    """Look whether the last frame is there, where the file is too long to be read to its end."""
    try:
        file.seek(frames - 1)
        if len(file.read(1)):
            return
    except sf.LibsndfileError:
        pass
    seconds = frames / file.samplerate
    raise AudioError("audio-cut-off-file", f"claims {seconds:,.0f} s, but its end is not there")


def stream(
    path: Path, *, start: float = 0.0, end: float | None = None, seconds: float = 30.0
) -> Generator[tuple[int, Samples]]:
    """Decode a file of any length in blocks.

    Parameters
    ----------
    path
        A regular file that libsndfile reads; whether it is whole is for `read` to say, which sees its header.
    start, end
        Seconds; the piece to decode.
    seconds
        In a block.

    Yields
    ------
    rate, samples
        Sample rate in Hz, and float32 ``(frames, channels)``.

    Raises
    ------
    AudioError
        As `read`, where the decoder stops, or samples are not finite.
    """
    descriptor = _open(path)
    try:
        with _sound_file(descriptor) as file:
            refuse_implausible(file.samplerate, file.channels)
            file.seek(round(start * file.samplerate))
            left = file.frames - file.tell()
            if end is not None:
                left = min(left, round(end * file.samplerate) - file.tell())
            while left > 0:
                samples = file.read(min(left, round(seconds * file.samplerate)), dtype="float32", always_2d=True)
                left -= len(samples)
                if not len(samples):
                    return
                if not np.isfinite(samples.sum(dtype=np.float64)):
                    raise AudioError("audio-not-finite", "some samples are NaN or infinite")
                yield file.samplerate, samples
    except sf.LibsndfileError as error:
        raise AudioError("audio-unreadable", f"the decoder stopped: {str(error.error_string).strip()}") from None
    finally:
        os.close(descriptor)


def sole_channel(blocks: Iterable[Samples]) -> int | None:
    """Say which channel stands for a recording where its channels cancel each other; None where their mean does.

    Parameters
    ----------
    blocks
        All of the recording or the piece, ``(frames, channels)``: one part of it may differ from the next, and what
        is heard must not jump from a channel to the mean. Of a recording with one channel only the first is taken.
    """
    mixed: Any = 0
    energies: Any = 0
    for block in blocks:
        if block.shape[1] == 1:
            return 0
        mono = block.mean(axis=1, dtype=np.float32)
        mixed = mixed + np.dot(mono, mono)
        energies = energies + np.einsum("ij,ij->j", block, block)
    return int(np.argmax(energies)) if mixed < CANCELLED * np.max(energies) else None


def mix(samples: Samples, channel: int | None) -> Samples:
    """Return one channel of samples ``(frames, channels)``, or their mean for None; shape (frames,)."""
    mono = samples.mean(axis=1, dtype=np.float32) if channel is None else samples[:, channel]
    return np.ascontiguousarray(mono)


def mixdown(samples: Samples) -> Samples:
    """Return the mean of the channels, or the loudest where they cancel each other: out of phase, they are no silence.

    Parameters
    ----------
    samples
        A whole recording or piece, ``(frames, channels)``; for one that is read in blocks there is `sole_channel`.

    Returns
    -------
    ndarray
        float32 of shape (frames,).
    """
    return mix(samples, sole_channel([samples]))


def resample(mono: Samples, given: int, rate: int) -> Samples:
    """Return mono samples at another rate."""
    import soxr

    at_rate: Samples = mono if given == rate else soxr.resample(mono, given, rate, quality="HQ")
    return at_rate


def load_mono(path: Path, rate: int, *, start: float = 0.0, end: float | None = None, whole: bool = False) -> Samples:
    """Return an audio file, or a piece of it, as models hear it: mono, at `rate` Hz.

    Parameters
    ----------
    path, start, end
        As `read` takes them.
    rate
        Wanted, in Hz.
    whole
        Also what lies beyond the `READ_SECONDS` that `read` returns.

    Raises
    ------
    AudioError
        As `read`.
    """
    decoded = read(path, start=start, end=end)
    given, mono = decoded.rate, mixdown(decoded.samples)
    if whole and not decoded.complete:
        del decoded
        channel = sole_channel(block for _, block in stream(path, start=start, end=end))
        mono = np.concatenate([mix(block, channel) for _, block in stream(path, start=start, end=end)])
    return resample(mono, given, rate)


def encode_audio(audio: Audio, container: str) -> bytes:
    """Return the bytes of an audio file; whole-number samples are stored exactly.

    Parameters
    ----------
    audio
        Its ``subtype`` is ``PCM_16``, ``PCM_24`` or ``FLOAT``; for the first two its samples lie on the steps of
        that many bits, within full scale.
    container
        ``wav`` or ``flac``.
    """
    samples: Any = audio.samples
    if audio.subtype != "FLOAT":
        # by ourselves, as libsndfile scales by 2**15 - 1 when it writes and by 2**15 when it reads
        bits = {"PCM_16": 16, "PCM_24": 24}[audio.subtype]
        whole = np.rint(samples.astype(np.float64) * 2 ** (bits - 1))
        samples = whole.astype(np.int16) if bits == 16 else whole.astype(np.int32) << 8
    buffer = io.BytesIO()
    sf.write(buffer, samples, audio.rate, subtype=audio.subtype, format=container.upper())
    return buffer.getvalue()
