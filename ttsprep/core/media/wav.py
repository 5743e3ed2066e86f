"""Headers of WAV files: those that a pipe left without sizes, and those that promise a little too much."""

import os
from dataclasses import dataclass

UNKNOWN = 0x7FFF0000
"""Sizes from here on, and 0, are not known to the program that wrote the header: it wrote into a pipe."""
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
        return self.there > 0 and (self.claimed == 0 or (self.claimed >= UNKNOWN and self.claimed > self.there))

    @property
    def missing(self) -> int:
        """Frames that the header promises and the file lacks."""
        return 0 if self.is_piped else -(-max(0, self.claimed - self.there) // self.frame)


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
