"""Pages of Ogg (RFC 3533): whether all are there and whole, which libogg does not tell: it skips a damaged page."""

import zlib
from collections.abc import Iterator
from typing import NamedTuple

from ttsprep.core.errors import AudioError
from ttsprep.core.media.window import Window

_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_HEADER, _CAPTURE = 27, b"OggS"
_CODECS = (b"OpusHead", b"\x01vorbis", b"\x7fFLAC", b"Speex   ")
_FIRST, _LAST = 2, 4
_UNKNOWN = (1 << 64) - 1
"""Granule position of a page on which no packet ends."""


class _Page(NamedTuple):
    place: int
    flags: int
    granule: int
    stream: int
    number: int
    whole: bool
    is_audio: bool


def checksum(page: bytes) -> int:
    """Return the checksum of a page whose own field for it is zero (RFC 3533, section 6).

    It is CRC-32 with the polynomial of zlib, from the highest bit of each byte to the lowest, which begins with zero
    and is not inverted at its end: zlib's, of mirrored bytes.
    """
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_MIRRORED), "big")


def refuse_damaged_ogg(data: Window) -> None:
    """Walk through the pages of a file without decoding them.

    Raises
    ------
    AudioError
        ``audio-cut-off-file`` if a page is damaged or missing; ``audio-unreadable`` if streams follow one another.
    """
    last: dict[int, _Page] = {}
    audio: set[int] = set()
    for page in _pages(data):
        before = last.get(page.stream)
        where = f"the Ogg page at byte {page.place:,}"
        if not page.whole:
            raise AudioError("audio-cut-off-file", f"{where} is damaged: its checksum is not that of its bytes")
        if page.flags & _FIRST and page.is_audio:
            audio.add(page.stream)
            if any(one.flags & _LAST for stream, one in last.items() if stream in audio):
                what = "another Ogg stream follows the first one (a chained file), and most decoders stop before it"
                raise AudioError("audio-unreadable", f"{what}: write it as one, with ffmpeg -i FILE OUT.flac")
        elif not page.flags & _FIRST and page.number != (before.number + 1 if before else 0) & 0xFFFFFFFF:
            raise AudioError("audio-cut-off-file", f"pages before {where} are missing")
        if before and not page.flags & _LAST and page.granule < before.granule != _UNKNOWN:
            raise AudioError("audio-cut-off-file", f"{where} goes back in time: pages are missing or damaged")
        last[page.stream] = page
    if not audio or not all(last[stream].flags & _LAST for stream in audio):
        raise AudioError("audio-cut-off-file", "the last Ogg page does not end the stream: bytes are missing")


def _pages(data: Window) -> Iterator[_Page]:
    place = 0
    while True:
        head = data.at(place, _HEADER)
        if not head.startswith(_CAPTURE) or len(head) < _HEADER:
            # what follows the last page is no sound: a tag, or zeros; before another page it was one
            if (at := data.find(_CAPTURE, place)) < 0:
                return
            raise AudioError("audio-cut-off-file", f"{at - place:,} bytes at byte {place:,} are no Ogg page")
        lacing = data.at(place + _HEADER, head[26])
        size = _HEADER + len(lacing) + sum(lacing)
        page = bytearray(data.at(place, size))
        claimed, page[22:26] = int.from_bytes(page[22:26], "little"), bytes(4)
        whole = len(page) == size and len(lacing) == head[26] and checksum(bytes(page)) == claimed
        yield _Page(
            place,
            flags=head[5],
            granule=int.from_bytes(head[6:14], "little"),
            stream=int.from_bytes(head[14:18], "little"),
            number=int.from_bytes(head[18:22], "little"),
            whole=whole,
            is_audio=page.startswith(_CODECS, _HEADER + len(lacing)),
        )
        place += size
