"""Headers of samples that are not packed (WAV, RF64, W64, AIFF): sizes that a pipe left out, or promise too much."""

from dataclasses import dataclass
from typing import Literal

from ttsprep.core.media.window import Overlay, Window

_MOST = (1 << 31, 1 << 32, (1 << 63) - 24, 0x7F000000)
"""Sizes of about this, and 0, are not known to the program that wrote the header: it wrote into a pipe."""
_NEAR = 1 << 16
_CHUNKS = 64
"""Chunks that are looked through for the samples, at most."""
_LARGEST_FORM, _AIFF_FORM = 1 << 12, 18
"""Bytes that describe samples: at most, and in AIFF where it names no codec."""
_GUID = b"\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
"""What follows the name of a chunk of W64."""


@dataclass(frozen=True, slots=True)
class SampleHeader:
    """Where the samples of a file are.

    Attributes
    ----------
    kind
        ``RIFF``, ``RF64``, ``riff`` (W64) or ``FORM`` (AIFF).
    start
        Offset of the first sample [bytes].
    claimed, there
        Size of the samples by the header, and of what follows it in the file [bytes].
    frame
        Size of one frame [bytes].
    form
        What describes the samples: the contents of the chunk ``fmt`` or ``COMM``.
    """

    kind: str
    start: int
    claimed: int
    there: int
    frame: int
    form: bytes

    @property
    def is_piped(self) -> bool:
        """Whether the size was not known when the header was written."""
        unknown = self.claimed == 0 or any(abs(self.claimed - most) <= _NEAR for most in _MOST)
        return unknown and self.there > 0 and (self.claimed == 0 or self.claimed > self.there)

    @property
    def is_cut(self) -> bool:
        """Whether a file of unknown size ends inside a frame; one byte after an odd number of them fills it up."""
        rest = self.there % self.frame
        return self.is_piped and self.kind == "RIFF" and rest > 0 and not (rest == 1 and self.there % 2 == 0)

    @property
    def missing(self) -> int | None:
        """Frames that the header promises and the file lacks; None where it promises nothing."""
        return None if self.is_piped else -(-max(0, self.claimed - self.there) // self.frame)


def sample_header(data: Window) -> SampleHeader | None:
    """Return the header of a file of samples, or None if it is none or has no samples."""
    kind = data.at(0, 4).decode("latin-1")
    if kind == "riff":
        return _walk(data, kind, 40, 24, "little") if data.at(24, 4) == b"wave" else None
    if kind in {"RIFF", "RF64"}:
        return _walk(data, kind, 12, 8, "little") if data.at(8, 4) == b"WAVE" else None
    if kind == "FORM":
        return _walk(data, kind, 12, 8, "big") if data.at(8, 4) in {b"AIFF", b"AIFC"} else None
    return None


def _walk(data: Window, kind: str, place: int, head: int, order: Literal["little", "big"]) -> SampleHeader | None:
    form, frame, large = b"", 1, 0
    for _ in range(_CHUNKS):
        chunk = data.at(place, head)
        if len(chunk) < head or (kind == "riff" and chunk[4:16] != _GUID):
            return None
        size = int.from_bytes(chunk[16:] if kind == "riff" else chunk[4:], order) - (head if kind == "riff" else 0)
        inside, name = place + head, chunk[:4]
        if name == b"ds64":
            large = int.from_bytes(data.at(inside + 8, 8), "little")
        elif name == b"fmt ":
            form = data.at(inside, min(size, _LARGEST_FORM))
            frame = max(1, int.from_bytes(form[12:14], "little"))
        elif name == b"COMM":
            form = data.at(inside, min(size, _LARGEST_FORM))
            channels, bits = int.from_bytes(form[:2], "big"), int.from_bytes(form[6:8], "big")
            frame = max(1, channels * -(-bits // 8))
        elif name in {b"data", b"SSND"}:
            inside += 8 if name == b"SSND" else 0  # offset and block size
            claimed = large if kind == "RF64" else size - (8 if name == b"SSND" else 0)
            return SampleHeader(kind, inside, claimed, max(0, data.size - inside), frame, form)
        place = inside + max(0, size) + -size % (8 if kind == "riff" else 2)
    return None


def with_sizes(descriptor: int, header: SampleHeader) -> Overlay:
    """Return a file that a pipe left without sizes with the sizes that it has, as RF64 or AIFF."""
    size = header.there - header.there % header.frame
    fields = header.form + bytes(len(header.form) % 2)
    if header.kind == "FORM":
        fields = fields[:2] + (size // header.frame).to_bytes(4, "big") + fields[6:]
        chunks = b"COMM" + len(header.form).to_bytes(4, "big") + fields
        chunks = (
            (b"AIFC" if len(header.form) > _AIFF_FORM else b"AIFF")
            + chunks
            + b"SSND"
            + (size + 8).to_bytes(4, "big")
            + bytes(8)
        )
        head = b"FORM" + (len(chunks) + size).to_bytes(4, "big") + chunks
    else:
        chunks = b"fmt " + len(header.form).to_bytes(4, "little") + fields + b"data\xff\xff\xff\xff"
        whole = (4 + 36 + len(chunks) + size).to_bytes(8, "little")
        sizes = whole + size.to_bytes(8, "little") + (size // header.frame).to_bytes(8, "little") + bytes(4)
        head = b"RF64\xff\xff\xff\xffWAVEds64\x1c\0\0\0" + sizes + chunks
    return Overlay(descriptor, head, header.start, size)
