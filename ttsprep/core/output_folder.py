"""Where a command may write: a folder is new, empty, or its own, apart from every source, and holds nothing foreign.

A hidden mark in the folder names the command, and lists every file whose name is not always the same before that file
is written. So a run that is killed at any moment leaves nothing that the next one does not know, and what is not known
is somebody else's: the folder is refused, and only what is listed is ever removed.
"""

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from shutil import rmtree

from ttsprep.core.errors import OutputError, TtsprepError
from ttsprep.core.files import LOCK_NAME, atomic_write, lock, refuse_inside, writing
from ttsprep.core.untrusted import read_json

JOURNALS = ".journal*/journal-*.arrow"
"""What `ttsprep.core.tables.Journal` writes."""
_MARKS = ".ttsprep-*"
_STRAY = (".DS_Store", "Thumbs.db", "desktop.ini", ".~lock.*#", ".nfs*")
"""Left by systems and programs in any folder that somebody looks at: neither refused nor removed."""


def mark_of(command: str) -> str:
    """Return the name of the hidden file in the folders of a command."""
    return f".ttsprep-{command.replace(' ', '-')}"


def corpus_name(corpus: Path) -> str:
    """Return the name that results have by default: that of the folder, or of a metadata file without its suffix."""
    path = corpus.resolve()
    return path.stem if path.is_file() else path.name or "corpus"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a command writes.

    Attributes
    ----------
    command
        Such as ``audit``.
    files
        Its files that need no list, as patterns of paths in the folder; all that is in ``FOLDER/`` is its own.
    """

    command: str
    files: tuple[str, ...] = ()

    @property
    def mark(self) -> str:
        """Name of the hidden file that names the command."""
        return mark_of(self.command)

    def owns(self, path: str, listed: Collection[str] = ()) -> bool:
        """Whether a file is of this command: its path in the folder, also under its name while it is written."""
        patterns = (*self.files, self.mark, LOCK_NAME)
        return any(
            str(one) in listed
            or any(f"{parent}/" in listed for parent in one.parents)
            or any(fnmatchcase(str(one), f"{pattern}*" if pattern.endswith("/") else pattern) for pattern in patterns)
            for one in (PurePosixPath(path), PurePosixPath(path).with_name(_written(path.rpartition("/")[2])))
        )


@dataclass(slots=True)
class Output:
    """A folder that is held for one run of its command.

    Attributes
    ----------
    path, kind
        Which folder, and of which command.
    listed
        Files of the command by path in the folder; ``FOLDER/`` stands for all that is in it.
    """

    path: Path
    kind: Kind
    listed: frozenset[str]

    def expect(self, names: Iterable[str]) -> None:
        """List files that are going to be written."""
        self._list(self.listed | frozenset(names))

    def settle(self, folders: Iterable[str]) -> list[str]:
        """List the files in folders (``FOLDER/``) in place of the folders, and return them: they hold nothing else.

        What is put there from now on is somebody else's.
        """
        folders = frozenset(folders)
        names = [str(path.relative_to(self.path)) for path in _files(self.path)]
        inside = [name for name in names if any(name.startswith(folder) for folder in folders)]
        self._list((self.listed - folders) | frozenset(inside))
        return inside

    def sweep(self, wanted: Iterable[str]) -> None:
        """Remove what is listed and not wanted any more, and what a killed run left half-written."""
        keep = frozenset(wanted)
        with writing(self.path):
            for name in sorted(self.listed - keep):
                _remove(self.path, name)
            for path in _files(self.path):
                if path.name != _written(path.name) and self.kind.owns(str(path.relative_to(self.path)), self.listed):
                    path.unlink()
        self._list(self.listed & keep)

    def _list(self, names: frozenset[str]) -> None:
        if names != self.listed or not (self.path / self.kind.mark).is_file():
            self.listed = names
            text = json.dumps({"written by": f"ttsprep {self.kind.command}", "files": sorted(names)}, indent=1)
            atomic_write(self.path / self.kind.mark, f"{text}\n".encode())


@contextmanager
def open_output(kind: Kind, out: Path, sources: Iterable[Path]) -> Iterator[Output]:
    """Hold the folder `out` for a run; it is made and marked where it is new, unless the run fails before it writes.

    Raises
    ------
    OutputError
        As `claim`, before anything is written.
    BusyError
        If another run holds it.
    """
    sources = list(sources)
    claim(kind, out, sources)
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        with lock(out):
            claim(kind, out, sources)  # another run may have begun and ended since
            folder = Output(out, kind, _listed(kind, out) or frozenset())
            folder.expect(())
            yield folder
    except TtsprepError:
        with suppress(OSError):  # the folder could not be made, or another run has begun
            if made and [path.name for path in _files(out)] == [kind.mark]:
                (out / kind.mark).unlink()
                for place in made:
                    place.rmdir()
        raise


def claim(kind: Kind, out: Path, sources: Iterable[Path]) -> None:
    """See that a command may write to `out`; nothing is written.

    Parameters
    ----------
    kind
        What it writes.
    out
        The folder.
    sources
        Folders that the command reads; those that are not there are left out.

    Raises
    ------
    OutputError
        If `out` is no folder, a source lies in it or around it, it is of another command, or it holds anything that
        the command did not write, or a link to another folder, where files would be written and removed.
    """
    if os.path.lexists(out) and not out.is_dir():
        raise OutputError(f"{out} is a file: choose a folder with --out")
    for source in sources:
        refuse_inside(source, out)
        if out.is_dir() and source.exists():
            _refuse_around(out, source)
    if not out.is_dir():
        return
    with writing(out):
        listed = _listed(kind, out)
        foreign = sorted(_foreign(kind, out, listed))
    if foreign:
        more = " and more" if len(foreign) > 1 else ""
        other = _other(kind, out)
        raise OutputError(
            f"{out} is a folder of {other}: choose another folder for ttsprep {kind.command} with --out"
            if other
            else f"{out} holds {foreign[0]!a}{more}, which ttsprep {kind.command} did not write: "
            "choose a new or empty folder with --out"
        )


def claim_file(command: str, out: Path, sources: Iterable[Path], *, ours: Callable[[Path], bool]) -> None:
    """See that a command may write the file `out`; nothing is written.

    Parameters
    ----------
    command
        Such as ``codec fit``.
    out
        The file.
    sources
        Folders that the command reads.
    ours
        Whether a file is one that the command may replace.

    Raises
    ------
    OutputError
        If `out` is a folder, lies in a source, or is there and is not of the command.
    """
    if out.is_dir():
        raise OutputError(f"{out} is a folder: give the name of a file")
    for source in sources:
        for place in (out, out.parent):  # a link is replaced where it lies, and leads somewhere
            refuse_inside(source, place)
    if os.path.lexists(out) and not (out.is_file() and ours(out)):
        raise OutputError(f"{out} is there, and ttsprep {command} did not write it: choose another name")


def claim_page(command: str, out: Path, sources: Iterable[Path]) -> None:
    """See that a command may write the HTML page `out`: it is new, or names the command as its generator.

    Raises
    ------
    OutputError
        As `claim_file` does.
    """
    mark = f'<meta name="generator" content="ttsprep {command}">'.encode()

    def ours(path: Path) -> bool:
        with path.open("rb") as file:
            return mark in file.read(4096)

    claim_file(command, out, sources, ours=ours)


def _refuse_around(out: Path, source: Path) -> None:
    real = Path(os.path.realpath(source))
    if any(parent.exists() and parent.samefile(out) for parent in real.parents):
        raise OutputError(f"the source {source} lies inside the output {out}: choose another folder with --out")


def _listed(kind: Kind, out: Path) -> frozenset[str] | None:
    """Return the files that the mark in a folder lists; None if there is no such mark."""
    mark = out / kind.mark
    try:
        about = read_json(mark) if not mark.is_symlink() else {}
        if about["written by"] != f"ttsprep {kind.command}":
            return None
        names = frozenset(map(str, about["files"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    # whoever made the mark, nothing outside the folder is removed for its sake
    return frozenset(name for name in names if not {"", ".", ".."} & set(name.removesuffix("/").split("/")))


def _foreign(kind: Kind, out: Path, listed: frozenset[str] | None) -> Iterator[str]:
    if listed is None:
        begun = (LOCK_NAME, f".{kind.mark}.part")  # a run was killed before it could mark the folder
        yield from (path.name for path in out.iterdir() if path.name not in begun and not _stray(path.name))
        return
    for path in _files(out):
        if path.is_symlink() and path.is_dir():
            raise OutputError(f"{path} is a link to another folder, which is not ours to write to: remove the link")
        name = str(path.relative_to(out))
        if not _stray(path.name) and not kind.owns(name, listed):
            yield name


def _other(kind: Kind, out: Path) -> str:
    """Return the command that marked a folder, if it is another one."""
    for mark in sorted(out.glob(_MARKS)):
        if mark.name != kind.mark and mark.is_file() and not mark.name.endswith((".lock", ".part")):
            return mark.name.removeprefix(".").replace("-", " ")
    return ""


def _files(folder: Path) -> Iterator[Path]:
    """Yield all that is no folder; a link to one is no folder."""
    with os.scandir(folder) as entries:
        listing = sorted(entries, key=lambda entry: entry.name)
    for entry in listing:
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path))
        else:
            yield Path(entry.path)


def _remove(folder: Path, name: str) -> None:
    path = folder / name
    if name.endswith("/"):
        if path.is_dir() and not path.is_symlink():
            rmtree(path)
    else:
        path.unlink(missing_ok=True)
        path.with_name(f".{path.name}.part").unlink(missing_ok=True)
    for parent in path.parents:
        if parent == folder or not parent.is_dir() or any(parent.iterdir()):
            return
        parent.rmdir()


def _written(name: str) -> str:
    """Return the name that a file will have which `ttsprep.core.files.atomic_file` is writing as `name`."""
    return name[1:].removesuffix(".part") if name.startswith(".") and name.endswith(".part") else name


def _stray(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in _STRAY)
