"""Frames of MP3 (ISO 11172-3, 13818-3): whether they follow one another, and whether all belong to one stream.

A frame has no checksum of its sound, so that damage inside of one cannot be told; but a decoder also skips what is
between frames, and stops after as many as the first header counts, both without a word.
"""

from ttsprep.core.errors import AudioError
from ttsprep.core.media.window import Window

_KBITS = (
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
)
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_SLACK = 2
"""Frames that encoders count or leave out at either end."""


def _frame(head: bytes) -> int:
    """Return the size of a frame of layer III by its header [bytes], or 0 if it is none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0
    version, kbits, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or kbits in {0, 15} or rate == 3:
        return 0
    return (144_000 if version == 3 else 72_000) * _KBITS[version == 3][kbits] // _RATES[version][rate] + (
        head[2] >> 1 & 1
    )


def _tag(data: Window, place: int) -> int:
    """Return the size of a tag (ID3, APEv2) [bytes], or 0 if there is none."""
    head = data.at(place, 32)
    if head.startswith(b"ID3") and len(head) >= 10:
        size = sum((byte & 127) << 7 * (3 - i) for i, byte in enumerate(head[6:10]))
        return 10 + size + (10 if head[5] & 16 else 0)
    if head.startswith(b"APETAGEX") and len(head) == 32:
        return 32 + int.from_bytes(head[12:16], "little")
    return 128 if head.startswith(b"TAG") else 0


def _counted(data: Window, place: int, size: int) -> int | None:
    """Return how many frames the header of Xing, LAME or Fraunhofer in a frame counts; None if there is none."""
    frame = data.at(place, min(size, 64))
    for name in (b"Xing", b"Info"):
        at = frame.find(name, 4, 48)
        if at > 0:
            return int.from_bytes(frame[at + 8 : at + 12], "big") if frame[at + 7] & 1 else 0
    return int.from_bytes(frame[50:54], "big") if frame[36:40] == b"VBRI" else None


def refuse_damaged_mpeg(data: Window) -> None:
    """Walk through the frames of an MP3 file without decoding them.

    Raises
    ------
    AudioError
        ``audio-cut-off-file`` if there is anything else between two frames; ``audio-unreadable`` if a second stream
        follows the first.
    """
    place, frames, junk, claimed = _first(data), 0, 0, 0
    while place < data.size:
        size = _frame(data.at(place, 4))
        if not size and (tag := _tag(data, place)):
            place += tag
            continue
        if not size:
            junk, place = place, _next(data, place)
            continue
        if junk:
            what = f"between the MP3 frames at byte {junk:,} there are bytes that are no frame"
            raise AudioError("audio-cut-off-file", f"{what}: sound is missing or damaged")
        counted = _counted(data, place, size)
        if counted is not None and frames:
            _refuse_joined()
        if counted is None:
            frames += 1
        else:
            claimed = counted
        place += size
    if claimed and frames > claimed + _SLACK:
        _refuse_joined()


def _refuse_joined() -> None:
    what = "another MP3 stream follows the first one, and decoders stop before it"
    raise AudioError("audio-unreadable", f"{what}: write each to a file of its own")


def _first(data: Window) -> int:
    place = 0
    while tag := _tag(data, place):
        place += tag
    return place if _frame(data.at(place, 4)) else _next(data, place)


def _next(data: Window, place: int) -> int:
    """Return the offset of the next frame that another one follows, or the end of the file."""
    while (place := data.find(b"\xff", place)) >= 0:
        size = _frame(data.at(place, 4))
        if size and (_frame(data.at(place + size, 4)) or place + size == data.size):
            return place
        place += 1
    return data.size
