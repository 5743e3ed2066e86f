"""What runs remember of each other: digests of unchanged files, and rows by their key in the user's cache folder.

Nothing depends on it: a file of it that is missing, damaged or of another version is passed over and replaced.
"""

import hashlib
import os
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ttsprep.core.errors import AudioError, OutputError, UsageError
from ttsprep.core.files import Signature, clean, inside, regular, signature
from ttsprep.core.tables import CACHE, read_parquet, read_table, write_table

_VARIABLE = "TTSPREP_CACHE"
KEY = "fingerprint"
"""Column of a row's key: it stands for all that the row depends on; rows without one are not remembered."""
SIZE_VARIABLE = "TTSPREP_CACHE_BYTES"
_MOST_BYTES, MOST_FILES = 1 << 30, 512
"""Of rows and digests in the cache folder, unless the variable says another size; 0 is for none."""
_SEGMENT = 1 << 16
"""Rows in one file of the cache."""


def cache_folder() -> Path | None:
    """Return the user's cache: ``$TTSPREP_CACHE``, else ``ttsprep`` in the system's folder; None without a home."""
    if given := os.environ.get(_VARIABLE):
        return Path(given).absolute()
    system = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if system.is_absolute():
        return system / "ttsprep"
    try:
        return Path.home() / ".cache" / "ttsprep"
    except RuntimeError:  # no HOME, and no entry for this user
        return None


def most_bytes() -> int:
    """Return how much may lie in the cache.

    Raises
    ------
    UsageError
        If the variable holds no number.
    """
    given = os.environ.get(SIZE_VARIABLE, "")
    if given and not given.isdecimal():
        raise UsageError(f"{SIZE_VARIABLE}={given}: give a number of bytes, or 0 for no cache")
    return int(given) if given else _MOST_BYTES


def _shared_folder() -> Path | None:
    """Return the folder for rows and digests, if there may be any."""
    return cache_folder() if most_bytes() else None


class FileIndex:
    """Digest and signature of files: a file whose signature has not changed is not read again.

    Parameters
    ----------
    root
        Folder that the paths are relative to.
    places
        Parquet files that hold the index; all are read, the first that knows a path wins.
    """

    def __init__(self, root: str, places: Iterable[Path]) -> None:
        self._root = root
        self._unread = list(places)
        self._known: dict[str, tuple[str, Signature]] = {}
        self._changed = False

    def sha256(self, path: str) -> str:
        """Return the digest of a file that has not changed since it was added, "" otherwise."""
        try:
            now = signature(regular(inside(Path(self._root), path)))
        except AudioError:
            return ""
        name = clean(path)
        while (file := self._known.get(name)) is None or file[1] != now:
            if not self._unread:
                return ""
            self._read(self._unread.pop(0))
        return file[0]

    def _read(self, place: Path) -> None:
        table = read_table(place)
        if table is None or table.schema.names != CACHE.names:
            self._changed = True
            return
        for path, sha256, *stat in zip(*(column.to_pylist() for column in table.columns), strict=True):
            self._known.setdefault(path, (sha256, Signature(*stat)))

    def add(self, path: str, sha256: str, stat: Signature) -> None:
        """Remember a file as it is now."""
        self._known[clean(path)] = (sha256, stat)
        self._changed = True

    def refresh(self, paths: Iterable[str]) -> None:
        """Take over the time that a hard link changes of a file, and nothing else."""
        while self._unread:
            self._read(self._unread.pop(0))
        for name in paths:
            if file := self._known.get(clean(name)):
                now = signature(regular(Path(self._root, name)))
                if now != file[1] and now._replace(ctime_ns=file[1].ctime_ns) == file[1]:
                    self.add(name, file[0], now)

    def save(self, place: Path) -> None:
        """Write the index, if it has changed.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        if self._changed:
            columns = zip(*((path, sha256, *stat) for path, (sha256, stat) in self._known.items()), strict=True)
            filled = list(columns) or [()] * len(CACHE)
            arrays = [pa.array(column, kind) for column, kind in zip(filled, CACHE.types, strict=True)]
            write_table(place, pa.table(arrays, schema=CACHE))


def refresh_index(root: Path, place: Path, paths: Iterable[str]) -> None:
    """Take over into an index the time that hard links to files have changed."""
    index = FileIndex(str(root), [place])
    index.refresh(paths)
    index.save(place)


class KeySet:
    """Keys by their first 64 bits: eight bytes each, however many there are; it may hold a key by mistake."""

    def __init__(self, prefixes: npt.NDArray[np.uint64] | None = None) -> None:
        self.prefixes = np.unique(np.zeros(0, np.uint64) if prefixes is None else prefixes)

    @classmethod
    def of(cls, keys: Iterable[str]) -> "KeySet":
        """Return the set of `keys`, which are hexadecimal."""
        digits = bytes.fromhex("".join(key[:16] for key in keys if key))
        return cls(np.frombuffer(digits, ">u8").astype(np.uint64))

    def __contains__(self, key: str) -> bool:
        if not key:
            return False
        prefix = np.uint64(int(key[:16], 16))
        place = int(np.searchsorted(self.prefixes, prefix))
        return place < len(self.prefixes) and bool(self.prefixes[place] == prefix)

    def __or__(self, other: "KeySet") -> "KeySet":
        return KeySet(np.concatenate([self.prefixes, other.prefixes]))


class RowCache:
    """Rows of one step in the user's cache, by key, whatever corpus they are of.

    A run adds files and changes none, so runs beside each other do no harm; a file is written whole or not at all.

    Parameters
    ----------
    name
        Of the step.
    schema
        Of its rows; has the column `KEY`.
    """

    def __init__(self, name: str, schema: pa.Schema) -> None:
        self._schema = schema
        folder = _shared_folder()
        stamp = hashlib.sha256(f"{schema}\0{_environment()}".encode()).hexdigest()[:16]
        self._folder = folder / ".rows" / f"{name}-{stamp}" if folder else None
        self._segments = dict(self._read_keys())

    def _read_keys(self) -> Iterator[tuple[Path, KeySet]]:
        for path in sorted(self._folder.glob("*.parquet")) if self._folder else ():
            try:
                with path.open("rb") as file:
                    keys = read_parquet(file, [KEY])[KEY]
                yield path, KeySet.of(keys.to_pylist())
            except (OSError, ValueError, KeyError):  # of Arrow too: damaged, or removed by another run
                _remove(path)

    def keys(self) -> KeySet:
        """Return the keys of all rows."""
        return KeySet(np.concatenate([np.zeros(0, np.uint64), *(keys.prefixes for keys in self._segments.values())]))

    def fetch(self, wanted: Collection[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of the keys that can be read; a key comes once."""
        missing = set(wanted)
        for path, keys in self._segments.items():
            if not missing or not np.isin(KeySet.of(missing).prefixes, keys.prefixes).any():
                continue
            table = read_table(path)
            if table is None or table.schema.names != self._schema.names:
                _remove(path)
                continue
            table = table.replace_schema_metadata(None).cast(self._schema)
            table = table.filter(pc.is_in(table[KEY], pa.array(sorted(missing), pa.string()))).combine_chunks()
            missing -= set(table[KEY].to_pylist())
            yield from table.to_batches()
            _touch(path)

    def add(self, table: pa.Table) -> None:
        """Add rows with a key, and remove what was used longest ago where the cache is too large.

        Raises
        ------
        OutputError
            If the folder cannot be written.
        """
        if self._folder is None:
            return
        _make_folder(self._folder)
        for start in range(0, table.num_rows, _SEGMENT):
            part = table.slice(start, _SEGMENT)
            part = part.filter(pc.not_equal(part[KEY], ""))
            if part.num_rows:
                write_table(self._folder / f"{uuid4().hex}.parquet", part)
        prune(self._folder.parent.parent)


def shared_index(root: str) -> Path | None:
    """Return the file in the user's cache with the digests of the files of a corpus."""
    folder = _shared_folder()
    name = hashlib.sha256(os.fsencode(os.path.realpath(root))).hexdigest()[:32]
    return folder / ".files" / f"{name}.parquet" if folder else None


def save_shared(index: FileIndex, place: Path) -> None:
    """Write an index into the user's cache; another run may write the same at any time.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    _make_folder(place.parent)
    part = place.with_name(f"{uuid4().hex}.parquet")
    index.save(part)
    try:
        if part.exists():
            part.replace(place)
    except OSError as error:
        raise OutputError(f"cannot write {place}: {error.strerror}") from None


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it.

    Raises
    ------
    OutputError
        If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {(error.strerror or str(error)).lower()}") from None


def prune(folder: Path) -> None:
    """Remove the files of a cache that were used longest ago, until the others fit."""
    entries = []
    for path in (*folder.glob(".rows/*/*"), *folder.glob(".rows/*/.*.part"), *folder.glob(".files/*")):
        try:
            status = path.stat()
        except OSError:
            continue  # another run has removed it
        entries.append((status.st_mtime_ns, status.st_size, path))
    room, count = most_bytes(), MOST_FILES
    for _, size, path in sorted(entries, reverse=True):
        room, count = room - size, count - 1
        if room < 0 or count < 0:
            _remove(path)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # read-only: it is passed over again


def _touch(path: Path) -> None:
    try:
        os.utime(path)
    except OSError:
        return  # read-only, or removed by another run


@cache
def _environment() -> str:
    """Return the versions of this package and of all that it may import: another one may measure something else."""
    try:
        required = metadata.requires("ttsprep") or []
    except metadata.PackageNotFoundError:
        required = []
    names = {line.split(";")[0].split("[")[0].split(">")[0].split("=")[0].split("<")[0].strip() for line in required}
    values = []
    for name in sorted(names | {"ttsprep"}):
        try:
            values.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return ", ".join(values)
