"""FLAC (RFC 9639) that a pipe left without its length, and files joined end to end: what libsndfile stops at."""

from ttsprep.core.errors import AudioError
from ttsprep.core.media.window import Overlay, Window

_START = 8
"""Offset of STREAMINFO's fields: after ``fLaC`` and the header of its block."""
_TOTAL = _START + 13
"""Offset of the byte whose lower half, with the four that follow, is the number of samples."""
_TAIL = 1 << 17
"""Bytes at the end of a file in which its last frame begins: no encoder writes longer ones of speech."""
_BLOCKS = (0, 192, *(576 << n for n in range(4)), 0, 0, *(256 << n for n in range(8)))


def _table(polynomial: int, bits: int) -> list[int]:
    table = []
    for byte in range(256):
        value = byte << (bits - 8)
        for _ in range(8):
            value = (value << 1) ^ (polynomial if value >> (bits - 1) else 0)
        table.append(value & ((1 << bits) - 1))
    return table


_CRC8, _CRC16 = _table(0x107, 8), _table(0x18005, 16)


def _crc8(data: bytes) -> int:
    value = 0
    for byte in data:
        value = _CRC8[value ^ byte]
    return value


def _crc16(data: bytes) -> int:
    value = 0
    for byte in data:
        value = (value << 8 & 0xFFFF) ^ _CRC16[value >> 8 ^ byte]
    return value


def is_flac(head: bytes) -> bool:
    """Whether a file begins as FLAC does."""
    return head.startswith(b"fLaC") and head[4] & 127 == 0


def has_total(head: bytes) -> bool:
    """Whether the header of a FLAC file says how many samples it has."""
    return bool(int.from_bytes(head[_TOTAL : _TOTAL + 5], "big") & (1 << 36) - 1)


def refuse_joined(data: Window) -> None:
    """Refuse a file in which a second FLAC stream follows: decoders stop before it.

    Raises
    ------
    AudioError
        ``audio-unreadable``.
    """
    for start in (b"fLaC\x00\x00\x00\x22", b"fLaC\x80\x00\x00\x22"):
        if data.find(start, _START) > 0:
            what = "another FLAC stream follows the first one, and decoders stop before it"
            raise AudioError("audio-unreadable", f"{what}: write each to a file of its own")


def with_total(descriptor: int) -> Overlay:
    """Return a file whose header has no number of samples with the number that its last frame gives.

    Raises
    ------
    AudioError
        ``audio-cut-off-file`` if the last frame is not whole.
    """
    data = Window(descriptor)
    head = bytearray(data.at(0, _TOTAL + 5))
    smallest = int.from_bytes(head[_START : _START + 2], "big")
    tail = data.at(max(_TOTAL, data.size - _TAIL), _TAIL)
    place = len(tail)
    while (place := max(tail.rfind(sync, 0, place) for sync in (b"\xff\xf8", b"\xff\xf9"))) >= 0:
        total = _end(tail[place : place + 16], smallest)
        if total and not _crc16(tail[place:]):
            head[_TOTAL:] = ((head[_TOTAL] >> 4) << 36 | total).to_bytes(5, "big")
            return Overlay(descriptor, bytes(head), len(head), data.size - len(head))
    raise AudioError("audio-cut-off-file", "its last FLAC frame is not whole: bytes are missing or damaged")


def _end(head: bytes, smallest: int) -> int:
    """Return the sample after a frame by the header of the frame, or 0 if it is none."""
    if len(head) < 6 or head[1] & 2 or not head[2] >> 4 or head[2] & 15 == 15 or head[3] & 1:
        return 0
    leading = f"{head[4]:08b}".find("0")  # the number of the frame is coded as a letter of UTF-8 is
    more = max(0, leading - 1)
    number = head[4] & (0xFF >> (leading + 1)) if leading else head[4]
    for byte in head[5 : 5 + more]:
        number = number << 6 | byte & 63
    place = 5 + more
    code = head[2] >> 4
    size = _BLOCKS[code]
    if code in {6, 7}:
        size = int.from_bytes(head[place : place + code - 5], "big") + 1
        place += code - 5
    place += {12: 1, 13: 2, 14: 2}.get(head[2] & 15, 0)
    if _crc8(head[: place + 1]):
        return 0
    return (number if head[1] & 1 else number * smallest) + size
