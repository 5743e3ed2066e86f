"""Reading archives member by member, in one pass, and without trusting what they say of themselves."""

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol, cast

from ttsprep.core.errors import CorpusError

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".zip")
DAMAGED = (
    *(tarfile.TarError, zipfile.BadZipFile, NotImplementedError),
    *(EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error, struct.error, UnicodeDecodeError),
)
"""What the readers raise where an archive is damaged; bz2 raises an OSError without a number."""
_OPENERS: dict[str, Callable[..., Any]] = {
    **{"gz": gzip.open, "tgz": gzip.open},
    **{"bz2": bz2.open, "tbz2": bz2.open},
    **{"xz": lzma.open, "txz": lzma.open},
}
_HEADER = 1 << 20
"""Bytes that the header of one tar member may take, with its long names: tarfile holds it in memory."""


class RefusedError(Exception):
    """What is wrong with a member, or with the whole archive."""


class Readable(Protocol):
    """The content of a member."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; b"" at the end."""
        ...


class Member(NamedTuple):
    """A member of an archive, whatever it is in; `data` is None for a folder, `problem` says why it is refused."""

    name: str
    problem: str
    data: Readable | None


@contextmanager
def _opened(archive: Path, opener: Callable[..., Any]) -> Iterator[Any]:
    try:
        file = opener(archive, "rb")
    except OSError as error:
        raise CorpusError(f"{archive} cannot be read: {error.strerror or error}") from None
    with file:
        yield file


class _Metered:
    """The bytes of a tar stream, as far as they are allowed, and the last of them."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._blocks = [b"", b""]
        self._end = 0
        self.allowed = _HEADER

    def read(self, size: int, /) -> bytes:
        block = self._raw.read(size)
        self.allowed -= len(block)
        if self.allowed < 0:
            raise RefusedError(f"has a member whose header takes more than {_HEADER} bytes")
        if block:
            self._blocks = [self._blocks[1], block]
            self._end += len(block)
        return block

    def recent(self, place: int) -> bytes:
        """Return the 512 bytes at `place`, which were among the last that were read."""
        held = b"".join(self._blocks)
        start = place - (self._end - len(held))
        return held[start : start + tarfile.BLOCKSIZE]


def tar_members(archive: Path) -> Generator[Member]:
    """Yield the members of a tar file in one pass."""
    with _opened(archive, _OPENERS.get(archive.name.lower().rsplit(".", 1)[-1], open)) as raw:
        stream = _Metered(raw)
        file = cast(IO[bytes], stream)
        with tarfile.open(fileobj=file, mode="r|", encoding="utf-8", errors="surrogateescape", bufsize=1 << 16) as tar:
            while (member := tar.next()) is not None:
                tar.members.clear()  # type: ignore[attr-defined]  # it would keep a million of them
                problem = _tar_problem(member)
                stream.allowed = _HEADER + member.size
                yield Member(member.name, problem, None if problem or member.isdir() else tar.extractfile(member))
                stream.allowed = _HEADER
            # tarfile takes a damaged header for the end, and asks for none
            if stream.recent(tar.offset) != bytes(tarfile.BLOCKSIZE):
                raise tarfile.ReadError("it has no end mark where its last member ends")


def _tar_problem(member: tarfile.TarInfo) -> str:
    if member.issym():
        return "is a symbolic link"
    if member.islnk():
        return "is a hard link"
    if member.issparse():
        return "is a sparse file"
    if member.size < 0:
        return "has a negative size"
    if member.isdir() or member.isreg():
        return ""
    return "is a FIFO" if member.isfifo() else "is a device, or of an unknown kind"


def zip_members(archive: Path, *, most_bytes: int, most_members: int) -> Generator[Member]:
    """Yield the members of a zip file, whose directory states at most that many members and bytes.

    Raises
    ------
    RefusedError
        If it states more.
    """
    with _opened(archive, open) as raw:
        _count(raw, most_members)
        with zipfile.ZipFile(raw) as file:
            members = file.infolist()
            if sum(member.file_size for member in members) > most_bytes:
                raise RefusedError(f"would unpack to more than {most_bytes} bytes")
            for member in members:
                problem = _zip_problem(member)
                if problem or member.is_dir():
                    yield Member(member.filename, problem, None)
                else:
                    with file.open(member) as data:
                        yield Member(member.filename, "", data)


def _zip_problem(member: zipfile.ZipInfo) -> str:
    if not member.filename:
        return "has no name"
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "is a symbolic link"
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "is a FIFO, a device, or of an unknown kind"
    return "is encrypted" if member.flag_bits & 1 else ""


def _count(file: IO[bytes], most: int) -> None:
    """Refuse a zip file of more than `most` members, before `zipfile` holds them all in memory.

    The number that its end states may be a lie, so its directory is walked (APPNOTE 6.3.10, sections 4.3.12 to 4.3.16).
    """
    end = file.seek(0, io.SEEK_END)
    start = file.seek(max(0, end - (22 + 0xFFFF)))
    tail = file.read()
    place = tail.rfind(b"PK\5\6")
    if place < 0 or len(tail) - place < 22:
        raise zipfile.BadZipFile("it has no directory at its end")
    size = struct.unpack_from("<L", tail, place + 12)[0]
    directory_end = start + place
    if place >= 20 and tail[place - 20 : place - 16] == b"PK\6\7":  # zip64: the sizes are in a record before
        record = directory_end - 20 - 56
        if record >= 0:
            file.seek(record)
            zip64 = file.read(56)
            if zip64[:4] == b"PK\6\6":
                size, directory_end = struct.unpack_from("<Q", zip64, 40)[0], record
    if size > directory_end:
        raise zipfile.BadZipFile("its directory is larger than the file")
    file.seek(directory_end - size)
    members = 0
    while size >= 46:
        entry = file.read(46)
        if entry[:4] != b"PK\1\2":
            raise zipfile.BadZipFile("its directory is damaged")
        more = sum(struct.unpack_from("<3H", entry, 28))
        file.seek(more, io.SEEK_CUR)
        size -= 46 + more
        members += 1
        if members > most:
            raise RefusedError(f"holds more than {most} members")
    file.seek(0)
