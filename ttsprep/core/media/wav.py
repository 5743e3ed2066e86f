"""Headers of WAV files: those that a pipe left without sizes, and those that promise a little too much."""

import os
from dataclasses import dataclass

_MOST = (1 << 31, 1 << 32)
"""Sizes of about this, and 0, are not known to the program that wrote the header: it wrote into a pipe."""
_NEAR = 1 << 16
_CHUNKS = 64
"""Chunks that are looked through for the samples, at most."""


@dataclass(frozen=True, slots=True)
class WavHeader:
    """Where the samples of a WAV file are.

    Attributes
    ----------
    start
        Offset of the first sample [bytes].
    claimed, there
        Size of the samples by the header, and of what follows it in the file [bytes].
    frame
        Size of one frame [bytes].
    """

    start: int
    claimed: int
    there: int
    frame: int

    @property
    def is_piped(self) -> bool:
        """Whether the size was not known when the header was written."""
        unknown = self.claimed == 0 or any(abs(self.claimed - most) <= _NEAR for most in _MOST)
        return unknown and self.there > 0 and (self.claimed == 0 or self.claimed > self.there)

    @property
    def is_cut(self) -> bool:
        """Whether a file of unknown size ends inside a frame; one byte after an odd number of them fills it up."""
        rest = self.there % self.frame
        return self.is_piped and rest > 0 and not (rest == 1 and self.there % 2 == 0)

    @property
    def missing(self) -> int | None:
        """Frames that the header promises and the file lacks; None where it promises nothing."""
        return None if self.is_piped else -(-max(0, self.claimed - self.there) // self.frame)


def wav_header(descriptor: int) -> WavHeader | None:
    """Return the header of a WAV file, or None if it is none or has no samples."""
    head = os.pread(descriptor, 12, 0)
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return None
    size, place, frame = os.fstat(descriptor).st_size, 12, 1
    for _ in range(_CHUNKS):
        chunk = os.pread(descriptor, 8, place)
        if len(chunk) < 8:
            return None
        length = int.from_bytes(chunk[4:], "little")
        if chunk[:4] == b"fmt ":
            frame = max(1, int.from_bytes(os.pread(descriptor, 2, place + 20), "little"))
        if chunk[:4] == b"data":
            return WavHeader(place + 8, length, size - place - 8, frame)
        place += 8 + length + length % 2
    return None


def with_sizes(descriptor: int, header: WavHeader) -> bytes:
    """Return the bytes of a file that a pipe left without sizes, with the sizes that it has."""
    whole = header.there - header.there % header.frame
    data = bytearray(os.pread(descriptor, header.start + whole, 0))
    data[4:8] = (len(data) - 8).to_bytes(4, "little")
    data[header.start - 4 : header.start] = whole.to_bytes(4, "little")
    return bytes(data)
