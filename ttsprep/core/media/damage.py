"""Losses that decoders do not tell: they skip damaged pages, and stop before what was joined to the end of a file."""

import os

from ttsprep.core.errors import AudioError
from ttsprep.core.media.flac import is_flac, refuse_joined
from ttsprep.core.media.mpeg import refuse_damaged_mpeg
from ttsprep.core.media.ogg import refuse_damaged_ogg
from ttsprep.core.media.window import Window

_KEPT = 64
"""Files whose state is remembered: many clips may be pieces of one recording."""
_known: dict[tuple[int, int, int, int], AudioError | None] = {}


def refuse_damaged(descriptor: int) -> None:
    """See that all of a file can be decoded, by checksums, numbers and headers; nothing is decoded.

    Parameters
    ----------
    descriptor
        Of a regular file: Ogg, MP3, FLAC or MP4; others are left to their decoders.

    Raises
    ------
    AudioError
        ``audio-cut-off-file`` if something is missing or damaged; ``audio-unreadable`` if several streams follow one
        another, of which decoders read the first.
    """
    about = os.fstat(descriptor)
    key = (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns)
    if key not in _known:
        while len(_known) >= _KEPT:
            del _known[next(iter(_known))]
        _known[key] = _fault(Window(descriptor))
    if (fault := _known[key]) is not None:
        raise AudioError(fault.code, str(fault))


def _fault(data: Window) -> AudioError | None:
    head = data.at(0, 42)
    try:
        if head.startswith(b"OggS"):
            refuse_damaged_ogg(data)
        elif is_flac(head):
            refuse_joined(data)
        elif head[4:8] == b"ftyp":
            _refuse_damaged_mp4(data)
        elif head.startswith(b"ID3") or (head[:1] == b"\xff" and head[1] & 0xE6 == 0xE2):
            refuse_damaged_mpeg(data)
    except AudioError as error:
        return error
    return None


def _refuse_damaged_mp4(data: Window) -> None:
    """Walk through the boxes of an MP4 file (ISO 14496-12)."""
    place, movies = 0, 0
    while len(head := data.at(place, 16)) >= 8:
        size = int.from_bytes(head[:4], "big")
        size = int.from_bytes(head[8:], "big") if size == 1 else size or data.size - place
        movies += head[4:8] == b"moov"
        if size < 8 or not head[4:8].isascii():
            return  # what follows the last box is for the decoder to judge
        place += size
    if movies > 1:
        what = "another MP4 follows the first one, and decoders stop before it"
        raise AudioError("audio-unreadable", f"{what}: write each to a file of its own")
    if place > data.size:
        raise AudioError(
            "audio-cut-off-file", f"the last box of the MP4 ends {place - data.size:,} bytes after the file"
        )
