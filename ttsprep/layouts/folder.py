"""Finding audio files in a corpus: walking it, looking names up, making paths relative to its root."""

import os
import posixpath
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from ttsprep.errors import CorpusError

AUDIO = (".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aiff", ".aif")
"""Extensions of audio files, the one to prefer first where several files share a stem."""


def is_audio(name: str) -> bool:
    """Whether `name` ends as an audio file does, in any case."""
    return name.lower().endswith(AUDIO)


def stem(name: str) -> str:
    """Return `name` without its audio extension, if it has one."""
    return name[: name.rindex(".")] if is_audio(name) else name


def listing(folder: Path) -> list[os.DirEntry[str]]:
    """Return the entries of `folder` by name, hidden ones left out.

    Raises
    ------
    CorpusError
        If it cannot be listed.
    """
    try:
        with os.scandir(folder) as entries:
            return sorted((e for e in entries if not e.name.startswith(".")), key=lambda e: e.name)
    except OSError as error:
        raise CorpusError(f"{folder} cannot be listed: {error.strerror}") from None


def file_names(folder: Path) -> list[str]:
    """Return the names in `folder` that are no folders, sorted; links to folders count as names."""
    return [e.name for e in listing(folder) if not e.is_dir(follow_symlinks=False)]


def subfolders(folder: Path) -> list[str]:
    """Return the names of the folders in `folder`, sorted; links to folders are included."""
    return [e.name for e in listing(folder) if e.is_dir()]


def walk(root: Path, *, depth: int | None = None) -> Iterator[tuple[str, list[str]]]:
    """Yield each folder under `root` with the names of its files, without following links to folders.

    Parameters
    ----------
    root
        A folder.
    depth
        How many levels of subfolders to go down; None for all.

    Yields
    ------
    tuple of str and list of str
        The folder relative to `root` ("" for `root`, else with a slash at its end), and its files sorted by
        name. A folder comes before its subfolders, which are sorted by name. Names that are not UTF-8 hold
        surrogate escapes.
    """
    pending = [""]
    while pending:
        folder = pending.pop()
        names, inner = [], []
        for entry in listing(root / folder):
            if entry.is_dir(follow_symlinks=False):
                inner.append(f"{folder}{entry.name}/")
            else:
                names.append(entry.name)
        yield folder, names
        if depth is None or folder.count("/") < depth:
            pending.extend(reversed(inner))


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
        If a folder cannot be listed.
    """
    for folder, names in walk(root):
        for name in names:
            if is_audio(name) and not (leave_out and fnmatchcase(folder + name, leave_out)):
                yield folder + name


class Lookup:
    """Finds audio by an id that may lack folder or extension; lists each folder once, stats no file.

    Parameters
    ----------
    root
        Folder that names are relative to.
    folders
        Subfolders that a bare id may lie in, in the order they are tried; "" for `root` itself.
    """

    def __init__(self, root: Path, folders: tuple[str, ...]) -> None:
        self.root = root
        self.folders = [f for f in folders if (root / f).is_dir()] or [folders[0]]
        self._names: dict[str, dict[str, str]] = {}

    def find(self, name: str) -> str | None:
        """Return the path relative to the root of the audio called `name`, or None if it is not there."""
        inner, slash, last = name.rpartition("/")
        for folder in self.folders:
            place = f"{folder}/{inner}{slash}" if folder else inner + slash
            names = self._list(place)
            found = names.get(last) or names.get(stem(last))
            if found is not None:
                return place + found
        return None

    def path(self, name: str) -> str:
        """Return where `name` is, or where it should be if it is not there."""
        return self.find(name) or posixpath.join(self.folders[0], name if is_audio(name) else f"{name}.wav")

    def _list(self, place: str) -> dict[str, str]:
        known = self._names.get(place)
        if known is None:
            known = self._names[place] = audio_by_stem(self.root / place)
        return known


def audio_by_stem(folder: Path) -> dict[str, str]:
    """Return the audio files of `folder` by stem, and those that share a stem also by their full name."""
    found: dict[str, str] = {}
    for name in file_names(folder) if folder.is_dir() else ():
        if is_audio(name):
            first = found.setdefault(stem(name), name)
            if first != name:
                found |= {first: first, name: name, stem(name): min(first, name, key=_preference)}
    return found


def _preference(name: str) -> int:
    return AUDIO.index(posixpath.splitext(name)[1].lower())


def corpus_folder(source: Path) -> Path:
    """Return the folder that paths are relative to: `source`, or the folder of the file `source`."""
    return source if source.is_dir() else source.parent


class Relative:
    """Makes the paths that metadata gives relative to the root of the corpus.

    Absolute paths inside the root become relative; all others stay as they are, so that a later step can
    say that they lead out of the corpus. No path is looked up on disk, but for those with backslashes.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._prefixes = {f"{os.path.normpath(root.absolute())}/", f"{os.path.realpath(root)}/"}

    def __call__(self, path: str) -> str:
        """Return `path` relative to the root, where it lies inside."""
        if "\\" in path and "/" not in path and not (self.root / path).exists():
            path = path.replace("\\", "/")
        if path.startswith("/"):
            whole = posixpath.normpath(path)
            for prefix in self._prefixes:
                if whole.startswith(prefix):
                    return whole[len(prefix) :]
            return path
        return posixpath.normpath(path) if path.startswith("./") or "//" in path or "/./" in path else path
