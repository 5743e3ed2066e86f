"""Which audio file a name in a table stands for: as it is written, or by the nearest rule that is one to one."""

import os
import posixpath
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from string import ascii_letters, digits

from ttsprep.corpora.audio_files import AUDIO, is_audio, stem

HINTS = ("", "wavs", "wav", "audio", "clips", "audios", "audio_files", "mp3", "flac")
"""Folders beside a table in which names without a folder are looked for, in this order."""
_LONGEST_PATH = 4096
"""Characters; no system takes a longer path."""
_LABEL_STUDIO = re.compile(r"\A.*(?:/upload/(?:[0-9]+/)?[0-9a-f]{8}-|/local-files/\?d=)")
"""Before the names of files that were uploaded to Label Studio, or that it reads in place."""
_SIGNS = re.compile(r"[^a-z0-9]+")
_SHAPE = str.maketrans(dict.fromkeys(ascii_letters, "a") | dict.fromkeys(digits, "0"))
"""Few names of a corpus differ by more than their letters and digits: what has another shape is none of them."""
_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")


def plain_path(name: str) -> str:
    """Return a path with slashes, without blanks around it, ``./``, doubled slashes and what Label Studio adds."""
    name = name.strip().replace("\\", "/")
    if "/upload/" in name or "?d=" in name:
        name = _LABEL_STUDIO.sub("", name)
    if "//" in name or "./" in name:
        name = posixpath.normpath(name)
    return name


def _base(path: str) -> str:
    return stem(path.rpartition("/")[2])


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def _letters(path: str) -> str:
    """Keep letters and digits of the base name alone."""
    if path.isascii():
        return _SIGNS.sub("", _base(path).lower())
    return "".join(filter(str.isalnum, _folded(_base(path))))


RULES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("another extension", stem),
    ("another case or form of the letters", lambda path: _folded(stem(path))),
    ("the base name alone", _base),
    ("the base name, in another case", lambda path: _folded(_base(path))),
    ("the letters and digits of the base name", _letters),
    ("the base name without leading zeros", lambda path: _ZEROS.sub("", _letters(path))),
)
"""What a name and a file may share, the nearest first, each with what it compares."""
_FOLDERS = 2
"""Rules before this one compare folders too."""


@dataclass(slots=True)
class Matches:
    """Which file each name stands for.

    Attributes
    ----------
    paths
        A file relative to the root for each name, or None.
    by_rule
        How many names were matched by each rule, beside those that are written as the files are.
    example
        For each such rule a name, and its file.
    """

    paths: list[str | None]
    by_rule: dict[str, int] = field(default_factory=dict)
    example: dict[str, tuple[str, str]] = field(default_factory=dict)


class AudioIndex:
    """Looks up the audio files of a corpus; lists no folder and opens no file.

    Parameters
    ----------
    root
        Folder of the corpus.
    files
        Its audio files, relative to `root`, with slashes.
    """

    def __init__(self, root: Path, files: Iterable[str]) -> None:
        self.root = root
        paths = tuple(files)
        self.files = dict(zip(paths, paths, strict=True))  # to itself: a clip shares the string
        self._endings = tuple({path[path.rfind(".") :] for path in self.files})
        audio = filter(is_audio, self._endings)
        self._suffixes = sorted(audio, key=lambda suffix: (AUDIO.index(suffix.lower()), suffix))
        self._folders = {path[: path.rfind("/") + 1] for path in self.files}
        self._above = self._folders.union(*map(_above, self._folders))
        self._near: dict[str, list[str]] = {}
        self._far: dict[str, list[str]] = {}
        self._shapes: frozenset[str] = frozenset()
        self._rules: dict[str, dict[str, list[str]]] = {}
        self._links: dict[str, bool] = {}
        self._roots = tuple(dict.fromkeys((f"{os.path.normpath(root.absolute())}/", f"{os.path.realpath(root)}/")))

    def exact(self, name: str, folder: str = "") -> str | None:
        """Return the file that `name` is the path of, its extension given or not, or None.

        Parameters
        ----------
        name
            As the table has it.
        folder
            Of the table, relative to the root; "" or with a slash at its end.
        """
        if not name or len(name) > _LONGEST_PATH or "\0" in name:
            return None
        file = self._as_written(name, folder)
        if file is None and (plain := plain_path(name)) != name:
            file = self._as_written(plain, folder)
        return file

    def _as_written(self, path: str, folder: str) -> str | None:
        if "/" not in path:
            places = self._near.get(folder) or self._near.setdefault(folder, self._places(folder, self._folders))
        elif path.startswith(self._roots):
            prefix = next(filter(path.startswith, self._roots))
            return self._there(path[len(prefix) :])
        elif path.startswith("../"):
            return next(filter(None, map(self._there, _written(path, folder))), None)
        else:
            places = self._far.get(folder) or self._far.setdefault(folder, self._places(folder, self._above))
        for place in places:
            if (file := self._there(place + path)) is not None:
                return file
        return None

    @staticmethod
    def _places(folder: str, there: Set[str]) -> list[str]:
        """Return the folders that are there in which a name may be meant to be."""
        return [place for place in _written("", folder) if place in there]

    def _there(self, path: str) -> str | None:
        file = self.files.get(path) if path.endswith(self._endings) else None
        if file is None:
            for suffix in self._suffixes:
                if (file := self.files.get(path + suffix)) is not None:
                    break
        return file

    def behind_link(self, path: str, folder: str = "") -> str | None:
        """Return where a path is meant to be if that is a folder that a link leads to, so that it was not listed."""
        for written in _written(path, folder) if is_path(path) else ():
            place = written.rpartition("/")[0]
            if place not in self._links:
                real = os.path.realpath(self.root / place)
                self._links[place] = Path(real).is_dir() and real != f"{self._roots[-1]}{place}".rstrip("/")
            if self._links[place]:
                return written
        return None

    def size(self, path: str | None) -> int:
        """Return the bytes of a file of the corpus, or 0 for none."""
        try:
            return (self.root / path).stat().st_size if path else 0
        except OSError:
            return 0

    def likely(self, name: str, folder: str = "") -> str | None:
        """Return the file that `name` stands for by the nearest rule that leaves one, without regard to other rows."""
        file = self.exact(name, folder)
        if file is not None or not is_path(name):
            return file
        letters = _letters(plain_path(name))
        if not self._shapes:
            paths = "\0".join(self.files)  # at once: a call for each takes a second for a million
            shapes = set(paths.translate(_SHAPE).split("\0") if paths.isascii() else self.files)
            bases = {path[path.rfind("/") + 1 : path.rfind(".")] for path in shapes}
            self._shapes = frozenset(_letters(f"{base}.wav").translate(_SHAPE) for base in bases)
        if letters.translate(_SHAPE) not in self._shapes:
            return None
        if letters not in self._by(*RULES[4]):  # which all rules before it imply
            return None
        for number, (rule, key) in enumerate(RULES[:5]):
            for path in _written(plain_path(name), folder) if number < _FOLDERS else (plain_path(name),):
                wanted = key(path)
                files = self._by(rule, key).get(wanted, ()) if wanted else ()
                if len(files) == 1:
                    return files[0]
                if len(files) > 1 and (nearest := _nearest(path, files, folder)):
                    return nearest
        return None

    def numbered(self, names: Sequence[str]) -> bool:
        """Whether names are numbers of files without their leading zeros, as spreadsheets give: ``7``, ``007.wav``."""
        rule, key = RULES[-1]
        known = self._by(rule, key)
        candidates = [known.get(key(name), []) for name in names if name.isdigit()]
        alone = [files[0] for files in candidates if len(files) == 1]
        return len(names) > 2 and len(set(names)) == len(names) and len(alone) >= 0.9 * len(names)

    def match(self, names: Sequence[str], folder: str = "") -> Matches:
        """Match the names of a table with files: by a rule only where that is one to one.

        Parameters
        ----------
        names
            As the table has them, in its order.
        folder
            Of the table, as in `exact`.
        """
        paths = self._quickly(names, folder)
        for place, path in enumerate(paths):
            paths[place] = path or self.exact(names[place], folder)
        result = Matches(paths)
        if None not in paths:
            return result
        free = set(self.files).difference(path for path in paths if path)
        missing: dict[str, list[int]] = defaultdict(list)
        for place, path in enumerate(paths) if free else ():
            if path is None and is_path(names[place]):
                missing[names[place]].append(place)
        for number, (rule, key) in enumerate(RULES):
            if not free or not missing:
                break
            known = self._by(rule, key)
            claims: dict[str, list[str]] = defaultdict(list)
            for name in missing:
                written = plain_path(name)
                for path in _written(written, folder) if number < _FOLDERS else (written,):
                    wanted = key(path)
                    files = [file for file in known.get(wanted, ()) if file in free] if wanted else []
                    file = files[0] if len(files) == 1 else _nearest(path, files, folder)
                    if file:
                        claims[file].append(name)
                        break
            for file, claimed in claims.items():
                if len(claimed) == 1:
                    for place in missing.pop(claimed[0]):
                        paths[place] = file
                    free.discard(file)
                    result.by_rule[rule] = result.by_rule.get(rule, 0) + 1
                    result.example.setdefault(rule, (claimed[0], file))
        return result

    def _quickly(self, names: Sequence[str], folder: str) -> list[str | None]:
        """Return what `exact` does, where all audio that is near has one extension and one place; else nothing."""
        places = self._places(folder, self._folders)
        if len(places) != 1 or len(self._suffixes) != 1:
            return [None] * len(names)
        find, near, end = self.files.get, places[0], self._suffixes[0]
        return [
            find(near + (name if name.endswith(end) else name + end)) if "/" not in name else None for name in names
        ]

    def _by(self, rule: str, key: Callable[[str], str]) -> dict[str, list[str]]:
        known = self._rules.get(rule)
        if known is None:
            known = defaultdict(list)
            for path in self.files:
                known[key(path)].append(path)
            known = self._rules[rule] = dict(known)
        return known


def _written(path: str, folder: str) -> list[str]:
    """Return where a path may be meant to be: beside the table, in the folders for audio there, or in the root."""
    return [_joined(f"{folder}{hint}/" if hint else folder, path) for hint in HINTS] + ([path] if folder else [])


def _joined(place: str, path: str) -> str:
    if path.startswith("../") and place:
        return posixpath.normpath(place + path)
    return place + path if not path.startswith("/") else path


def _nearest(path: str, files: Sequence[str], folder: str) -> str:
    """Return the file that shares more of the last folders with `path`, or lies nearer to the table's, or ""."""
    shared = sorted(((_shared_folders(path, file), file) for file in files), reverse=True)
    if len(shared) > 1 and shared[0][0] > shared[1][0]:
        return shared[0][1]
    while folder:  # each speaker's table with the same names: those below it are meant, or below the folder above it
        below = [file for file in files if file.startswith(folder)]
        if below:
            return below[0] if len(below) == 1 else ""
        folder = folder[: folder.rstrip("/").rfind("/") + 1]
    return ""


def _shared_folders(one: str, other: str) -> int:
    first, second = one.split("/")[-2::-1], other.split("/")[-2::-1]
    return next(
        (n for n, pair in enumerate(zip(first, second, strict=False)) if pair[0] != pair[1]),
        min(len(first), len(second)),
    )


def _above(folder: str) -> Iterator[str]:
    """Yield the folders that a folder lies in, with a slash at their ends, and "" for the root."""
    parts = folder.split("/")[:-1]
    yield from ("/".join([*parts[:count], ""]) for count in range(len(parts)))


def is_path(name: str) -> bool:
    """Whether a cell may be the path of a file at all."""
    return len(name) <= _LONGEST_PATH and bool(name.strip()) and "\0" not in name


def names_audio(cell: str) -> bool:
    """Whether a cell is written as the name of an audio file is."""
    return len(cell) < 1024 and is_audio(cell.strip())
