"""Finding audio files in a corpus: looking names up, making paths relative to its root."""

import os
import posixpath
from pathlib import Path

from ttsprep.core.errors import CorpusError
from ttsprep.corpora.audio_files import AUDIO, is_audio, is_folder, listing, stem


def file_names(folder: Path) -> list[str]:
    """Return the names in `folder` that are no folders, sorted; links to folders count as names."""
    return [e.name for e in _entries(folder) if not e.is_dir(follow_symlinks=False)]


def subfolders(folder: Path) -> list[str]:
    """Return the names of the folders in `folder`, sorted; links to folders are included."""
    return [e.name for e in _entries(folder) if is_folder(e)]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return what is in a folder; nothing where it cannot be listed, which `Reading.findings` names."""
    try:
        return listing(folder)
    except CorpusError:
        return []


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
        self.folders = [f for f in folders if is_folder(root / f)] or [folders[0]]
        self._names: dict[str, dict[str, str]] = {}

    def find(self, name: str) -> str | None:
        """Return the path relative to the root of the audio called `name`, or None if it is not there."""
        inner, slash, last = name.rpartition("/")
        for folder in self.folders:
            place = f"{folder}/{inner}{slash}" if folder else inner + slash
            names = self._list(place)
            path = names.get(last) or names.get(stem(last))
            if path is not None:
                return place + path
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
    paths: dict[str, str] = {}
    for name in file_names(folder):
        if is_audio(name):
            first = paths.setdefault(stem(name), name)
            if first != name:
                paths |= {first: first, name: name, stem(name): min(first, name, key=_preference)}
    return paths


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
