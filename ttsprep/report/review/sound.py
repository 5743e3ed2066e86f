"""What a reviewer hears and sees of a clip: its file as it is, or decoded; its waveform and its spectrogram."""

import json
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ttsprep.core import audio
from ttsprep.core.errors import AudioError
from ttsprep.core.files import inside, regular
from ttsprep.core.media.sniff import HEAD
from ttsprep.core.types import Audio, Clip
from ttsprep.report.clip.audio import load_clip_audio

PLAYED_WAV = {"PCM_U8", "PCM_16", "PCM_24", "FLOAT"}
"""Encodings of WAV that every browser plays."""
COLUMNS_A_SECOND, LEAST_COLUMNS, MOST_COLUMNS, STROKES, BANDS = 100, 600, 3_000, 1_400, 96
"""Of the picture of a clip."""
MOST_BYTES = 24 << 20
"""Of pictures and decoded audio that are remembered."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Bytes for an ``<audio>`` element.

    Attributes
    ----------
    kind
        Media type.
    path
        The file that a browser plays as it is; None if it was decoded.
    data
        The decoded bytes.
    """

    kind: str
    path: Path | None = None
    data: bytes = b""


class Cache:
    """Remembers the bytes that were made last."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most, self._size = most, 0
        self._known: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """Return what is known by `key`, or make it."""
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        data = make()
        with self._lock:
            if key not in self._known and len(data) <= self._most:
                self._known[key] = data
                self._size += len(data)
                while self._size > self._most:
                    self._size -= len(self._known.popitem(last=False)[1])
        return data


def sound_of(root: Path, clip: Clip, cache: Cache) -> Sound:
    """Return the audio of a clip in a form that browsers play.

    Raises
    ------
    AudioError
        If the file is not there, or cannot be decoded.
    """
    path = inside(root, clip.path)
    status = regular(path)
    if not clip.start and clip.end is None and (kind := _played(path)):
        return Sound(kind, path)
    key = ("wav", str(path), status.st_mtime_ns, status.st_size, clip.start, clip.end)
    return Sound("audio/wav", data=cache.get(key, lambda: _wav(audio.read(path, start=clip.start, end=clip.end))))


def _played(path: Path) -> str:
    """Return the media type of a file that browsers play; "" for the others."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise AudioError("audio-unreadable", f"cannot be opened: {error.strerror}") from None
    if head.startswith(b"fLaC"):
        return "audio/flac"
    if head.startswith(b"OggS") and (b"vorbis" in head or b"OpusHead" in head):
        return "audio/ogg"
    if head.startswith((b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xfa", b"\xff\xf2")):
        return "audio/mpeg"
    if head.startswith(b"RIFF") and head[8:12] == b"WAVE":
        import soundfile

        try:
            return "audio/wav" if soundfile.info(os.fspath(path)).subtype in PLAYED_WAV else ""
        except soundfile.LibsndfileError:
            return ""
    return ""


def _wav(decoded: Audio) -> bytes:
    samples = np.clip(decoded.samples, -1, 1 - 2**-15)
    return audio.encode_audio(Audio(samples, decoded.rate, "PCM_16"), "wav")


def picture_of(root: Path, clip: Clip, sha256: str | None, cache: Cache) -> bytes:
    """Return the waveform and the spectrogram of a clip as JSON.

    ``seconds``; ``wave``, the path of an SVG of 0..``columns`` by -100..100; ``spectrogram``, a data: URI of a PNG;
    ``clipped``, from when to when it is cut flat; ``note``, how it is another file than was audited. Or only ``fault``,
    why it cannot be decoded.
    """
    try:
        status = regular(inside(root, clip.path))
    except AudioError as error:
        return json.dumps({"fault": str(error)}).encode()
    key = ("picture", clip.path, status.st_mtime_ns, status.st_size, clip.start, clip.end)
    return cache.get(key, lambda: _picture(root, clip, sha256))


def _picture(root: Path, clip: Clip, sha256: str | None) -> bytes:
    from ttsprep.core.signal import clipped_stretches
    from ttsprep.report.sound import TOP_HZ, png, spectrogram, uri, waveform

    loaded = load_clip_audio(root, clip, sha256)
    if loaded.decoded is None or loaded.samples is None:
        return json.dumps({"fault": loaded.fault}).encode()
    rate, seconds = loaded.decoded.rate, loaded.seconds
    top = min(rate / 2, TOP_HZ)
    columns = int(np.clip(seconds * COLUMNS_A_SECOND, LEAST_COLUMNS, MOST_COLUMNS))
    changed = "The file has changed since the audit: the findings are those of the old file." if loaded.changed else ""
    whole = "" if loaded.decoded.complete else f"Only the first {seconds:.0f} s are shown."
    return json.dumps({
        "seconds": round(seconds, 4),
        "wave": waveform(loaded.samples, STROKES),
        "columns": STROKES,
        "spectrogram": uri("image/png", png(spectrogram(loaded.samples, rate, top, columns, BANDS))),
        "clipped": clipped_stretches(loaded.decoded),
        "note": " ".join(filter(None, (changed, whole))),
    }).encode()
