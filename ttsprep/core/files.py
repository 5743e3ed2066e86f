"""Paths and files: what may be read, how outputs are named, and how they are written whole or not at all."""

import errno
import fcntl
import hashlib
import os
import stat
import tempfile
import time
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ttsprep.core.errors import AudioError, BusyError, OutputError
from ttsprep.core.untrusted import open_regular

LOCK_NAME = ".ttsprep.lock"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NAME_BYTES = 150  # leaves room for the hash, an extension and the temporary name within the usual 255
_RESERVED = {"con", "prn", "aux", "nul"} | {f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"}


_KEPT = 64
"""Files whose digest is remembered, in each process."""
_SETTLED_NS = 2_000_000_000
"""Nanoseconds since a file was changed, from which on another change shows in its times."""


class Signature(NamedTuple):
    """What changes when a file is changed, without reading it: if all four are equal, so is the content."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


def signature(status: os.stat_result) -> Signature:
    """Return the signature of a file from its `stat`, such as `regular` returns."""
    return Signature(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def inside(root: Path, name: str) -> Path:
    """Return the resolved path of `name` within `root`, whether or not it is there.

    Raises
    ------
    AudioError
        ``path-outside-corpus`` if the path is absolute, leads out of `root` (also through a symbolic link),
        goes round in circles, or cannot be a path at all.
    """
    shown = ascii(name) if len(name) <= 200 else f"{name[:200]!a}..."
    if "\0" in name:
        raise AudioError("path-outside-corpus", f"{shown} holds a NUL character, so it is no path")
    if Path(name).is_absolute():
        raise AudioError("path-outside-corpus", f"{shown} is an absolute path; give it relative to the corpus")
    home = os.path.realpath(root)
    path = Path(os.path.realpath(Path(home, name)))
    if not path.is_relative_to(home):
        through = "" if os.path.normpath(name).startswith("..") else " through a link, which --follow-links follows"
        raise AudioError("path-outside-corpus", f"{shown} leads out of the corpus{through}, to {str(path)!a}")
    try:
        path.lstat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise AudioError("path-outside-corpus", f"{shown} is a symbolic link that leads to itself") from None
    else:
        if path.is_symlink():  # realpath stops at a link only where links go round in circles
            raise AudioError("path-outside-corpus", f"{shown} is a symbolic link that leads to itself")
    return path


def regular(path: Path) -> os.stat_result:
    """Return the `stat` of a regular file; anything else is refused without being opened.

    Opening a FIFO would wait for ever, and opening a device can do anything.

    Raises
    ------
    AudioError
        ``audio-missing`` if nothing is there, ``audio-unreadable`` if it is no regular file or is hidden.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise AudioError("audio-missing", f"there is no file {path.name!a}") from None
    except (OSError, ValueError) as error:
        raise AudioError("audio-unreadable", f"{path.name[:200]!a}: {_reason(error)}") from None
    if not stat.S_ISREG(status.st_mode):
        raise AudioError("audio-unreadable", f"{path.name!a} is {_kind(status.st_mode)}, not a file")
    return status


_digests: dict[tuple[int, ...], str] = {}


def digest(path: Path) -> str:
    """Return the SHA-256 of a regular file, in hexadecimal; one that many clips are pieces of is read once.

    Raises
    ------
    AudioError
        As `regular`, and ``audio-unreadable`` if the file cannot be read.
    """
    status = regular(path)
    stamp, place = signature(status), (status.st_dev, *signature(status))
    if place in _digests:
        return _digests[place]
    try:
        with open_regular(path) as file:  # it may have become a FIFO meanwhile
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise AudioError("audio-unreadable", f"{path.name!a}: {_reason(error)}") from None
    if max(stamp.mtime_ns, stamp.ctime_ns) < time.time_ns() - _SETTLED_NS and signature(regular(path)) == stamp:
        while len(_digests) >= _KEPT:
            del _digests[next(iter(_digests))]
        _digests[place] = sha256
    return sha256


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write so that at any moment there is either the old `path`, or the whole new one.

    The temporary name is the same every time: what a killed run left is overwritten by the next, so only one
    process may write a given `path` (see `lock`).

    Raises
    ------
    OutputError
        If the disk is full or `path` cannot be written; no trace of the attempt is left.
    """
    part = path.with_name(f".{path.name}.part")
    with writing(path):
        part.unlink(missing_ok=True)  # may be a link to somewhere else: never write through it
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666), "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)


def atomic_write(path: Path, data: bytes) -> None:
    """Write `data` to `path` as `atomic_file` does.

    Raises
    ------
    OutputError
        If the disk is full or `path` cannot be written; no trace of the attempt is left.
    """
    with atomic_file(path) as file:
        file.write(data)


def memory_file(name: str) -> BinaryIO:
    """Return an empty file that lies on no disk; only where the system has none such, in its folder for these."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create(name), "w+b")
    return tempfile.TemporaryFile()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say what to do where the system refuses to write `path`.

    Raises
    ------
    OutputError
        For an OSError within; names a full disk as such.
    """
    try:
        yield
    except OSError as error:
        raise _refused(error, "write", path) from error


def _refused(error: OSError, verb: str, path: Path) -> OutputError:
    if error.errno in _FULL:
        return OutputError(
            f"disk full while writing {path}: make room and give the same command again; "
            "what is finished stays, so the run is resumable"
        )
    return OutputError(f"cannot {verb} {path}: {_reason(error)}")


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold `folder` (made if missing) for this run; the system frees it however the process ends.

    Raises
    ------
    BusyError
        If another run holds it; names its process.
    OutputError
        If the folder cannot be made or locked.
    """
    path = folder / LOCK_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = _take(path)
    except BlockingIOError:
        holder = ""
        with suppress(OSError):  # the first may have ended meanwhile
            holder = path.read_text("ascii", errors="replace").strip()
        who = f"process {holder}" if holder.isdecimal() else "another run"
        raise BusyError(f"{folder} is in use by {who}: wait until it ends, or choose another --out") from None
    except OSError as error:
        raise _refused(error, "lock", path) from error
    try:
        yield
    finally:
        # First the name, then the lock: whoever waits on the old file sees in `_take` that its name is gone.
        path.unlink(missing_ok=True)
        os.close(held)


def refuse_inside(source: Path, out: Path) -> None:
    """Refuse an output folder that is the source or lies in it, under whatever name: it is read only.

    Raises
    ------
    OutputError
        If `out` is `source` or inside it.
    """
    real = Path(os.path.realpath(out))
    for folder in (real, *real.parents):
        with suppress(OSError):
            if folder.samefile(source):
                raise OutputError(f"the output {out} lies inside the source {source}: choose a folder outside it")


def safe_name(identity: str) -> str:
    """Return a file name (without extension) for any clip id, whatever other ids there are.

    An id of letters, marks, digits and ``-_.`` stays as it is, in any script. Everything else is replaced,
    and then a hash of the id follows a ``~`` (which no unchanged name holds), so that two ids never share a
    name. `safe_names` also tells apart ids that differ only by case.
    """
    name = _without_signs(identity)
    return name if name == identity else f"{name}~{_hash(identity)}"


def safe_names(identities: Iterable[str]) -> dict[str, str]:
    """Return a file name (without extension) for each of all ids: ``wavs/1`` becomes ``wavs_1``.

    A hash of the id follows a ``~`` where the names of two ids would be one, or one on file systems that ignore case.
    The result does not depend on the order of `identities`.
    """
    names = {identity: _without_signs(identity) for identity in identities}
    alike = Counter(map(_folded, names.values()))
    unchanged = Counter(_folded(name) for identity, name in names.items() if name == identity)
    return {
        identity: name
        if alike[_folded(name)] == 1 or (name == identity and unchanged[_folded(name)] == 1)
        else f"{name}~{_hash(identity)}"
        for identity, name in names.items()
    }


def _without_signs(identity: str) -> str:
    name = "".join(
        c if c in "-_." or unicodedata.category(c)[0] in "LMN" else "_" for c in unicodedata.normalize("NFC", identity)
    )
    name = name.lstrip(".-").rstrip(".")
    name = name.encode()[:_NAME_BYTES].decode(errors="ignore").rstrip(".") or "_"
    if name.split(".")[0].casefold() in _RESERVED:  # Windows opens a device under these, with any extension
        name = f"_{name}"
    return name


def _take(path: Path) -> int:
    """Return the descriptor of the locked file at `path`, with our pid in it, or raise BlockingIOError."""
    while True:
        held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(held), path.stat()):
                    os.ftruncate(held, 0)
                    os.write(held, f"{os.getpid()}\n".encode())
                    return held
        except BaseException:
            os.close(held)
            raise
        os.close(held)  # its holder removed the file between our open and our lock: that name is free again


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:  # some network file systems cannot sync a folder
            raise
    finally:
        os.close(descriptor)


def _hash(identity: str) -> str:
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:10]


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) and error.strerror else str(error)).lower()


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISFIFO(mode):
        return "a FIFO"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"


def clean(text: str) -> str:
    r"""Return `text` as a table can hold it: bytes that were not UTF-8 are written as ``\xff``."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        try:
            return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        except UnicodeEncodeError:  # a surrogate that stands for no byte, such as JSON can hold
            return text.encode("utf-8", "backslashreplace").decode()
    return text


def unique(ids: Sequence[str]) -> list[str]:
    """Append ``~2``, ``~3`` ... to ids that are taken."""
    taken = set(ids)
    if len(taken) == len(ids):
        return list(ids)
    seen: Counter[str] = Counter()
    result = []
    for name in ids:
        seen[name] += 1
        unique, n = name, seen[name]
        while n > 1 and (unique := f"{name}~{n}") in taken:
            n += 1
        taken.add(unique)
        result.append(unique)
    return result
