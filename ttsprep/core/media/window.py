"""A file in pieces: parsers look at any byte of a recording of hours, and hold a megabyte of it."""

import io
import os
from typing import Any

_PIECE = 1 << 20


class Window:
    """Bytes of an open file by their offset; its position, which a decoder may share, is left alone.

    Parameters
    ----------
    descriptor
        Of a regular file.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._start, self._held = descriptor, 0, b""
        self.size = os.fstat(descriptor).st_size

    def at(self, place: int, count: int) -> bytes:
        """Return `count` bytes from offset `place` on, fewer at the end of the file."""
        first = place - self._start
        if first < 0 or first + count > len(self._held):
            self._start, first = place, 0
            self._held = os.pread(self._descriptor, max(count, _PIECE), place)
        return self._held[first : first + count]

    def find(self, wanted: bytes, place: int) -> int:
        """Return the offset of `wanted` at or after `place`, or -1."""
        while place < self.size:
            offset = self.at(place, _PIECE).find(wanted)
            if offset >= 0:
                return place + offset
            place += _PIECE - len(wanted) + 1
        return -1


class Overlay(io.RawIOBase):
    """An open file with another beginning, for decoders that need a right header: nothing is copied.

    Parameters
    ----------
    descriptor
        Of a regular file.
    head
        What stands at the beginning.
    start, size
        Which bytes of the file follow it.
    """

    def __init__(self, descriptor: int, head: bytes, start: int, size: int) -> None:
        self._descriptor, self._head, self._start, self._size = descriptor, head, start, len(head) + size
        self._place = 0

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def seekable(self) -> bool:
        """Whether it can be read at any place."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte."""
        self._place = max(0, offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence])
        return self._place

    def readinto(self, buffer: Any) -> int:
        """Read as many bytes as `buffer` takes, or are left."""
        view = memoryview(buffer).cast("B")
        count, head = max(0, min(len(view), self._size - self._place)), self._head[self._place :]
        if head:
            count = min(count, len(head))
            view[:count] = head[:count]
        elif count:
            place = self._start + self._place - len(self._head)
            count = os.preadv(self._descriptor, [view[:count]], place)
        self._place += count
        return count
