"""Unpacking archives that come from elsewhere: everything in them is refused that is not a plain file in its place.

Nothing of an archive is trusted: neither its names, nor the kinds of its members, nor what it says of sizes. A
refused archive, and one whose unpacking was killed, leaves nothing under the final name.
"""

import os
import re
import shutil
import unicodedata
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path

from ttsprep.core.errors import CorpusError, OutputError
from ttsprep.core.files import writing
from ttsprep.core.progress import NO_PROGRESS, Progress
from ttsprep.corpora.archive_members import DAMAGED, SUFFIXES, Member, Readable, RefusedError, tar_members, zip_members

MEMBERS = 500_000
"""Members that archives may have; corpora of read speech have fewer."""
RATIO = 20
"""Times its own size that an archive may unpack to; speech shrinks to a third at most, its texts to a tenth."""
_SLACK = 64 << 20
_CHUNK = 1 << 20
_PATH = 1000
_DRIVE = re.compile(r"^[A-Za-z]:")


def is_archive(name: str) -> bool:
    """Whether `name` ends as an archive that `extract` unpacks."""
    return name.lower().endswith(SUFFIXES)


def extract(
    archive: Path,
    into: Path,
    *,
    most_bytes: int | None = None,
    most_members: int = MEMBERS,
    progress: Progress = NO_PROGRESS,
) -> None:
    """Unpack one archive; see `extract_all`."""
    extract_all([archive], into, most_bytes=most_bytes, most_members=most_members, progress=progress)


def extract_all(
    archives: Sequence[Path],
    into: Path,
    *,
    most_bytes: int | None = None,
    most_members: int = MEMBERS,
    progress: Progress = NO_PROGRESS,
) -> None:
    """Unpack archives of regular files into the new folder `into`, whole or not at all.

    A folder that holds all there is becomes `into` itself. Owners, modes and times are not taken over.

    Parameters
    ----------
    archives
        Tar files (plain, gzip, bzip2, xz) and zip files, which may share folders but no file.
    into
        Is not there yet. Until all is unpacked the files lie in ``.NAME.part`` beside it, which a killed run
        leaves and the next removes; so only one process may unpack into `into` (see `files.lock`).
    most_bytes
        That all members may hold together; by default `RATIO` times the size of the archives.
    most_members
        Files and folders that all archives may hold together.
    progress
        Receives the bytes that are written.

    Raises
    ------
    CorpusError
        If an archive is damaged, goes over a budget, or holds a member that is no regular file, lies outside, is
        there twice, or would be taken for another where case does not count; names archive and member.
    OutputError
        If the disk is full, or `into` is there or cannot be written.
    """
    if os.path.lexists(into):
        raise OutputError(f"{into} is already there: remove it to unpack again")
    part = into.with_name(f".{into.name}.part")
    sizes = sum(archive.stat().st_size for archive in archives)
    budget = _Budget(
        RATIO * sizes + _SLACK if most_bytes is None else most_bytes,
        most_members,
        lambda done: progress.transfer(f"unpacking {into.name}", done, 0),
    )
    with writing(into):
        _remove(part)
        part.mkdir(parents=True)
        try:
            tree = _Tree(part, budget)
            for archive in archives:
                _unpack(archive, tree)
            os.sync()  # once, and not for each of a hundred thousand files
            _only_folder(part).rename(into)
        finally:
            _remove(part)


def _remove(part: Path) -> None:
    if part.is_symlink() or part.is_file():
        part.unlink()
    elif part.exists():
        shutil.rmtree(part)


def _only_folder(part: Path) -> Path:
    """Return the folder that holds everything in `part`: itself, or the one entry that it has."""
    entries = list(part.iterdir())
    return entries[0] if len(entries) == 1 and entries[0].is_dir() else part


class _Budget:
    """What may still be unpacked."""

    def __init__(self, most_bytes: int, most_members: int, transferred: Callable[[int], None]) -> None:
        self.most_bytes, self.most_members, self._transferred = most_bytes, most_members, transferred
        self.bytes = self.members = 0

    def member(self) -> None:
        self.members += 1
        if self.members > self.most_members:
            raise RefusedError(f"holds more than {self.most_members} members")

    def spend(self, size: int) -> None:
        self.bytes += size
        if self.bytes > self.most_bytes:
            raise RefusedError(f"would unpack to more than {self.most_bytes} bytes")
        self._transferred(self.bytes)


class _Tree:
    """The folder that is being filled, and the names that are taken in it."""

    def __init__(self, root: Path, budget: _Budget) -> None:
        self.root = root
        self.budget = budget
        self._taken: dict[str, str] = {}  # as a file system that ignores case sees it -> as it is; a folder ends in /

    def folder(self, name: str) -> None:
        """Make the folder that the archive calls `name`."""
        self._folders(_parts(name))

    def file(self, name: str, data: Readable) -> None:
        """Write the file that the archive calls `name`."""
        parts = _parts(name)
        if not parts:
            raise RefusedError("has no name")
        self._folders(parts[:-1])
        path = "/".join(parts)
        taken = self._taken.setdefault(key := _folded(path), "")
        if taken:
            twice = taken.rstrip("/") == path
            raise RefusedError("is there twice" if twice else f"cannot lie beside {taken!a} where case does not count")
        self._taken[key] = path
        with (self.root / path).open("xb") as file:
            while block := data.read(_CHUNK):
                self.budget.spend(len(block))
                file.write(block)

    def _folders(self, parts: Sequence[str]) -> None:
        if self._taken.get(_folded("/".join(parts))) == f"{'/'.join(parts)}/":
            return
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            taken = self._taken.get(key := _folded(path))
            if taken is None:
                (self.root / path).mkdir()
                self._taken[key] = f"{path}/"
            elif taken == path:
                raise RefusedError(f"lies in {path!a}, which is a file")
            elif taken != f"{path}/":
                raise RefusedError(f"cannot lie beside {taken!a} where case does not count")


def _parts(name: str) -> list[str]:
    """Return the parts of a member's path below the root of the archive.

    A drive letter or a backslash is refused too: it leads elsewhere on another system.
    """
    if name.startswith("/") or _DRIVE.match(name):
        raise RefusedError("has an absolute path")
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise RefusedError("leads out of the folder it is unpacked to")
    if "\\" in name or any(unicodedata.category(c) == "Cc" for c in name):
        raise RefusedError("has a backslash or a control character in its name")
    if len(os.fsencode(name)) > _PATH or any(len(os.fsencode(part)) > 255 for part in parts):
        raise RefusedError("has too long a path")
    return parts


def _folded(path: str) -> str:
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _unpack(archive: Path, tree: _Tree) -> None:
    name = ""
    try:
        with closing(_members(archive, tree.budget)) as members:
            while member := _next(archive, members):
                name = member.name
                _take(member, tree)
                name = ""
    except RefusedError as error:
        what = f"its member {name[:200]!a}" if name else "it"
        raise CorpusError(f"{archive} is refused, and nothing of it was kept: {what} {error}") from None
    except DAMAGED as error:
        raise _damaged(archive, error) from None
    except OSError as error:
        if error.errno is None:  # how bz2 says that its data are bad
            raise _damaged(archive, error) from None
        raise


def _next(archive: Path, members: Generator[Member]) -> Member | None:
    try:
        return next(members, None)
    except OSError as error:  # of reading, where all others are of writing
        raise _damaged(archive, error) from None


def _take(member: Member, tree: _Tree) -> None:
    if member.name.split("/")[0] == "__MACOSX":  # what the archiver of macOS adds of its own
        return
    tree.budget.member()
    if member.problem:
        raise RefusedError(member.problem)
    if member.data is None:
        tree.folder(member.name)
    else:
        tree.file(member.name, member.data)


def _members(archive: Path, budget: _Budget) -> Generator[Member]:
    if archive.name.lower().endswith(".zip"):
        return zip_members(
            archive,
            most_bytes=budget.most_bytes - budget.bytes,
            most_members=budget.most_members - budget.members,
        )
    return tar_members(archive)


def _damaged(archive: Path, error: Exception) -> CorpusError:
    return CorpusError(f"{archive} is damaged or no archive, fetch it again: {error or 'it ends too early'}")
