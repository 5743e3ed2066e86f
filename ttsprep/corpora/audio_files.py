"""Which files under a folder are audio, and the walk that finds them: one rule for all that read recordings."""

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from operator import attrgetter
from pathlib import Path

from ttsprep.core.errors import CorpusError

AUDIO = (
    *(".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aiff", ".aif"),
    *(".webm", ".aac", ".mp4", ".wma", ".amr", ".caf", ".w64", ".sph", ".au", ".oga", ".mka", ".3gp"),
)
"""Extensions of audio files, the one to prefer first where several files share a stem."""


_SUFFIXES = frozenset(AUDIO)
_NAME = attrgetter("name")


def is_audio(name: str) -> bool:
    """Whether `name` ends as an audio file does, in any case."""
    dot = name.rfind(".")
    return dot >= 0 and name[dot:].lower() in _SUFFIXES


def stem(name: str) -> str:
    """Return `name` without its audio extension, if it has one."""
    dot = name.rfind(".")
    return name[:dot] if dot >= 0 and name[dot:].lower() in _SUFFIXES else name


def is_folder(place: "Path | os.DirEntry[str]") -> bool:
    """Whether a path leads to a folder; False where that cannot be seen, as a folder above it may not be searched."""
    try:
        return place.is_dir()
    except OSError:
        return False


def listing(folder: Path) -> list[os.DirEntry[str]]:
    """Return the entries of `folder` by name, hidden ones left out.

    Raises
    ------
    CorpusError
        If it cannot be listed.
    """
    try:
        with os.scandir(folder) as entries:
            return sorted([e for e in entries if e.name[0] != "."], key=_NAME)
    except OSError as error:
        raise CorpusError(f"{folder} cannot be listed: {error.strerror}") from None


def walk(
    root: Path, *, depth: int | None = None, follow_links: bool = False, unlisted: list[str] | None = None
) -> Iterator[tuple[str, list[str]]]:
    """Yield each folder under `root` with the names of its files.

    Parameters
    ----------
    root
        A folder.
    depth
        How many levels of subfolders to go down; None for all.
    follow_links
        Whether links to folders are followed, each folder once.
    unlisted
        Receives why a folder below `root` cannot be listed; such a folder has no files here.

    Yields
    ------
    tuple of str and list of str
        The folder relative to `root` ("" for `root`, else with a slash at its end), and its files sorted by
        name. A folder comes before its subfolders, which are sorted by name. Names that are not UTF-8 hold
        surrogate escapes.

    Raises
    ------
    CorpusError
        If `root` cannot be listed.
    """
    pending = [""]
    seen = set()
    while pending:
        folder = pending.pop()
        if follow_links:
            place = os.path.realpath(root / folder)
            if place in seen:
                continue
            seen.add(place)
        names: list[str] = []
        inner: list[str] = []
        try:
            with os.scandir(root / folder) as entries:
                for entry in entries:
                    is_inner = is_folder(entry) if follow_links else entry.is_dir(follow_symlinks=False)
                    (inner if is_inner else names).append(entry.name)
        except OSError as error:
            if not folder:
                raise CorpusError(f"{root} cannot be listed: {error.strerror}") from None
            if unlisted is not None:
                unlisted.append(f"{folder} cannot be listed: {error.strerror}")
            names, inner = [], []
        names, inner = (sorted([name for name in some if name[0] != "."]) for some in (names, inner))
        yield folder, names
        if depth is None or folder.count("/") < depth:
            pending.extend(f"{folder}{name}/" for name in reversed(inner))


def audio_files(root: Path, *, leave_out: str = "") -> Iterator[str]:
    """Yield every audio file under `root`, folder by folder, sorted by name.

    Whatever is named like audio is yielded, also a broken link or a FIFO: what it is shows when it is
    opened. Links to folders are not followed; hidden files and folders are left out.

    Parameters
    ----------
    root
        A folder.
    leave_out
        `fnmatch` pattern of relative paths not to yield, such as `Layout.left_out`.

    Yields
    ------
    str
        Path relative to `root`, with slashes.

    Raises
    ------
    CorpusError
        If `root` cannot be listed.
    """
    for folder, names in walk(root):
        for name in names:
            if is_audio(name) and not (leave_out and fnmatchcase(folder + name, leave_out)):
                yield folder + name
