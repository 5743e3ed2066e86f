"""The audio of an export: hard links to the files of the build, so that it costs no room."""

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ttsprep.errors import UsageError
from ttsprep.exports.base import Entry
from ttsprep.exports.folders import make_folder
from ttsprep.files import atomic_file, writing


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


def audio_prefix(build: Path, absolute: bool) -> str:
    """Return what comes before the name of an audio file in a table.

    Parameters
    ----------
    build
        The build.
    absolute
        Give the file in the build, by its absolute path; else the one beside the table, in ``wavs``.

    Raises
    ------
    UsageError
        If the path cannot be written to a table.
    """
    if not absolute:
        return "wavs/"
    prefix = f"{build.resolve() / 'wavs'}/"
    if not prefix.isprintable() or "|" in prefix:
        raise UsageError(f"the path {prefix!a} cannot be written to a table: name the build otherwise")
    return prefix
