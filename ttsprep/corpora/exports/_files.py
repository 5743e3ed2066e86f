"""The folders of an export: made, and cleared of what an earlier export left."""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ttsprep.core.errors import OutputError, UsageError
from ttsprep.core.files import atomic_file, writing
from ttsprep.corpora.exports.base import Entry

_AUDIO = (".wav", ".flac")


def make_folder(folder: Path) -> None:
    """Make `folder` if it is not there.

    Raises
    ------
    OutputError
        If it cannot be made, or is a link: what it leads to is not ours to clear.
    """
    _refuse_link(folder)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)


def remove(*paths: Path) -> None:
    """Remove files that an earlier export may have left.

    Raises
    ------
    OutputError
        If one cannot be removed.
    """
    for path in paths:
        with writing(path):
            path.unlink(missing_ok=True)


def sweep(folder: Path, keep: Iterable[str], ours: Callable[[str], bool] = lambda name: name.endswith(_AUDIO)) -> None:
    """Remove what an earlier export left in `folder`, and `folder` itself once it is empty.

    Parameters
    ----------
    folder
        May be missing.
    keep
        Names that stay.
    ours
        Whether a name is one that an export gives: by default, of audio. All others stay.

    Raises
    ------
    OutputError
        If something cannot be removed, or `folder` is a link.
    """
    _refuse_link(folder)
    wanted = frozenset(keep)
    if not folder.is_dir():
        return
    with writing(folder):
        for path in folder.iterdir():
            name = path.name
            if name.startswith(".") and name.endswith(".part"):  # a killed run was writing it
                name = name[1:].removesuffix(".part")
            if path.name not in wanted and ours(name):
                path.unlink()
        if not any(folder.iterdir()):
            folder.rmdir()


def _refuse_link(folder: Path) -> None:
    if folder.is_symlink():
        raise OutputError(f"{folder} is a link, and what it leads to is left alone: remove the link")


_SPOKEN = {"normalised": "normalised text"}
_BREAKS = {ord(c): f"\\u{ord(c):04x}" for c in "\x85\u2028\u2029"}


def no_cell(text: str, delimiter: str, what: str = "text") -> str:
    """Return why `text` cannot be a cell of a table without quotes, or "".

    Every character that `str.splitlines` breaks at counts as a line break: a reader that uses it would see
    two lines, and one that opens the file as text does so at a lone carriage return.

    Parameters
    ----------
    text
        The cell.
    delimiter
        Between cells, such as ``|``; "" where only line breaks matter.
    what
        What it is called in the reason.
    """
    if delimiter and delimiter in text:
        return f"the {what} holds {delimiter!r}, which divides the columns"
    first = next(iter(text.splitlines(keepends=True)), "")
    if first.splitlines() in ([], [text]):
        return ""
    return f"the {what} holds a line break ({first[-1]!a})"


def no_row(entry: Entry, fields: Iterable[str], delimiter: str) -> str:
    """Return why one of the `fields` of `entry` cannot be a cell, or ""."""
    reasons = (no_cell(str(getattr(entry, name)), delimiter, _SPOKEN.get(name, name)) for name in fields)
    return next(filter(None, reasons), "")


def one_line(text: str) -> str:
    """Return a text as the source has it on one line: for columns that are kept beside the one that is read aloud."""
    return " ".join(text.splitlines())


def json_line(record: Mapping[str, Any]) -> str:
    """Return a JSON object on one line, whatever a reader takes for the end of a line."""
    return json.dumps(record, ensure_ascii=False, allow_nan=False).translate(_BREAKS)


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write `lines` in UTF-8, each with a line feed after it; the file is whole or not there.

    Raises
    ------
    OutputError
        If the disk is full or `path` cannot be written.
    """
    with atomic_file(path) as file:
        for line in lines:
            file.write(f"{line}\n".encode())


def shards_of(entries: Sequence[Entry], build: Path, clips: int, megabytes: float) -> Iterator[list[Entry]]:
    """Yield `entries` in runs of at most so many clips and so much audio, but of one clip at least."""
    shard: list[Entry] = []
    size = 0
    for entry in entries:
        more = (build / entry.path).stat().st_size
        if shard and (len(shard) >= clips or size + more > megabytes * 1e6):
            yield shard
            shard, size = [], 0
        shard.append(entry)
        size += more
    if shard:
        yield shard


SPLITS = ("train", "valid", "test")


def by_split(entries: Sequence[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    """Yield each split with its entries, in their order; also those that have none."""
    for split in SPLITS:
        yield split, [entry for entry in entries if entry.split == split]


def speaker_numbers(entries: Sequence[Entry]) -> dict[str, int]:
    """Return a number from 0 for every speaker, in the order of their names."""
    return {speaker: number for number, speaker in enumerate(sorted({entry.speaker for entry in entries}))}


def audio_name(entry: Entry) -> str:
    """Return the name of its file, without the folder."""
    return entry.path.rpartition("/")[2]


def link_audio(entries: Iterable[Entry], build: Path, folder: Path) -> None:
    """Make `folder` hold the audio of `entries`; a copy where the file system has no hard links.

    What is there already and is the file of the build stays as it is.

    Raises
    ------
    OutputError
        If the disk is full or `folder` cannot be written.
    """
    make_folder(folder)
    for entry in entries:
        target = folder / audio_name(entry)
        with writing(target):
            _link(build / entry.path, target)


def _link(source: Path, target: Path) -> None:
    wanted = source.stat()
    with suppress(FileNotFoundError):
        there = target.lstat()
        if os.path.samestat(there, wanted):
            return
        # A copy has the time of its original; the build writes a changed file anew, with another time.
        if there.st_nlink == 1 and (there.st_size, there.st_mtime_ns) == (wanted.st_size, wanted.st_mtime_ns):
            return
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    try:
        part.hardlink_to(source)
        part.replace(target)
    except OSError:  # another device, too many links, or a file system without them
        part.unlink(missing_ok=True)
        with source.open("rb") as original, atomic_file(target) as copy:
            shutil.copyfileobj(original, copy, 1 << 20)
        os.utime(target, ns=(wanted.st_atime_ns, wanted.st_mtime_ns))


def audio_prefix(build: Path, absolute: bool, delimiter: str = "|") -> str:
    """Return what comes before the name of an audio file in a table.

    Parameters
    ----------
    build
        The build.
    absolute
        Give the file in the build, by its absolute path; else the one beside the table, in ``wavs``.
    delimiter
        Between the columns of the table; "" where it may stand in one.

    Raises
    ------
    UsageError
        If the path cannot be written to a table.
    """
    if not absolute:
        return "wavs/"
    prefix = f"{build.resolve() / 'wavs'}/"
    if not prefix.isprintable() or (delimiter and delimiter in prefix):
        raise UsageError(f"the path {prefix!a} cannot be written to a table: name the build otherwise")
    return prefix
