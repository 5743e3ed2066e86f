"""Where a corpus is: on this machine, in an archive that lies there, or fetched, if a person agrees."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ttsprep.core.errors import CorpusError, UsageError
from ttsprep.core.files import lock, safe_name, writing
from ttsprep.core.progress import NO_PROGRESS, Progress
from ttsprep.core.store.cache import cache_folder
from ttsprep.corpora.audio_files import audio_files
from ttsprep.corpora.download import by_hand, fetch, file_name, verify_download
from ttsprep.corpora.shards.unpacking import find_shards, unpack_shards
from ttsprep.corpora.spec import Download, Source
from ttsprep.corpora.unpack import extract_all, is_archive

_VARIABLE = "TTSPREP_DATA"


@dataclass(frozen=True, slots=True)
class Needs:
    """What is to be done before a corpus can be read.

    Attributes
    ----------
    source
        Of the recipe.
    folder
        Where the corpus is going to be.
    downloads
        Folder for what is fetched.
    missing
        Files to fetch.
    there
        Files of the corpus that are on this machine already, and only have to be unpacked.
    """

    source: Source
    folder: Path
    downloads: Path
    missing: tuple[Download, ...]
    there: tuple[Path, ...]

    @property
    def bytes(self) -> int:
        """Bytes to fetch, as far as they are known."""
        return sum(download.bytes for download in self.missing)

    def describe(self) -> str:
        """Return what a person is asked to agree to."""
        unknown = any(not download.bytes for download in self.missing)
        size = (
            f"{'at least ' if unknown and self.bytes else ''}{size_in_words(self.bytes)}"
            if self.bytes
            else "of unknown size"
        )
        lines = [f"{self.source.name} is not on this machine; it would be fetched ({size}) from:"]
        lines += [f"  {download.url}" for download in self.missing]
        lines.append(f"and unpacked to {self.folder}")
        if self.source.licence:
            lines.append(f"licence: {self.source.licence}")
        if self.source.page:
            lines.append(f"about it: {self.source.page}")
        return "\n".join(lines)


def size_in_words(size: int) -> str:
    """Return a number of bytes as a person says it: ``2.7 GB``."""
    value, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}" if unit != "bytes" else f"{size} bytes"


def home(data: Path | None = None) -> Path:
    """Return the folder for corpora that are fetched: `data`, else ``$TTSPREP_DATA``, else the user's cache."""
    if data is not None:
        return data
    if os.environ.get(_VARIABLE):
        return Path(os.environ[_VARIABLE])
    return cache_folder() or Path("ttsprep-data").absolute()


def places(data: Path | None = None) -> list[Path]:
    """Return the folders that corpora are looked for in: here, `data`, ``$TTSPREP_DATA``, the user's cache."""
    given = os.environ.get(_VARIABLE)
    folders = [Path.cwd(), *([data] if data else []), *([Path(given)] if given else []), home()]
    return list(dict.fromkeys(folders))


def find(source: Source, *, data: Path | None = None) -> Path | None:
    """Return the folder of a corpus on this machine, or None.

    Raises
    ------
    UsageError
        If the recipe does not say its name, or it is no name of a folder.
    """
    _refuse_name(source.name)
    folders = [place / source.name for place in places(data)]
    if data is not None and data.name == source.name:
        folders.insert(0, data)
    return next((folder for folder in folders if folder.is_dir() and any(folder.iterdir())), None)


def needs(source: Source, *, data: Path | None = None) -> Needs:
    """Return what is to be done to have a corpus; nothing is fetched.

    Raises
    ------
    CorpusError
        If only a person can fetch it, or a file that lies there is not the one of the recipe.
    """
    _refuse_name(source.name)
    root = home(data)
    downloads = root / "downloads" / source.name
    if not source.downloads:
        raise CorpusError(_only_by_hand(source, data))
    folders = {download: _there(download, downloads, data) for download in source.downloads}
    missing = tuple(download for download, path in folders.items() if path is None)
    return Needs(source, root / source.name, downloads, missing, tuple(path for path in folders.values() if path))


def get(
    source: Source,
    *,
    data: Path | None = None,
    confirm: Callable[[Needs], bool],
    progress: Progress = NO_PROGRESS,
) -> Path:
    """Return the folder of a corpus, which is unpacked or fetched if it has to be.

    Parameters
    ----------
    source
        Of the recipe.
    data
        Folder with corpora, of ``--data``.
    confirm
        Asked before anything is fetched.
    progress
        Receives the bytes that are fetched and unpacked.

    Raises
    ------
    CorpusError
        If it is not here and cannot be fetched, or `confirm` said no; tells how to get it by hand.
    OutputError, BusyError
        If it cannot be written, or another run is fetching it.
    """
    folder = find(source, data=data)
    if folder is not None:
        return folder
    todo = needs(source, data=data)
    if todo.missing and not confirm(todo):
        hands = "; ".join(by_hand(download, todo.downloads) for download in todo.missing)
        raise CorpusError(f"{source.name} is not on this machine, and was not fetched; to do it yourself, {hands}")
    with lock(todo.downloads):
        folder = find(source, data=data)  # another run may have been faster
        if folder is None:
            _make(todo, data, progress)
    return folder or todo.folder


def _make(todo: Needs, data: Path | None, progress: Progress) -> None:
    paths = []
    for download in todo.source.downloads:
        path = _there(download, todo.downloads, data)
        paths.append(path or fetch(download, todo.downloads, progress))
        if path is not None:
            verify_download(path, download)
    if todo.folder.is_dir() and not any(todo.folder.iterdir()):
        with writing(todo.folder):
            todo.folder.rmdir()
    if all(is_archive(path.name) for path in paths):
        extract_all(paths, todo.folder, progress=progress)
    else:
        unpack_shards(paths, todo.folder, progress, what=f"unpacking {todo.source.name}")


def readable(root: Path, *, data: Path | None = None, progress: Progress = NO_PROGRESS) -> Path:
    """Return a folder with audio files for the corpus `root`: itself, or what its shards are unpacked to.

    Nothing is written into `root`: the clips go to ``unpacked/`` in `home`, once.

    Raises
    ------
    CorpusError, OutputError
        If the shards are damaged, or there is no room for what they hold.
    """
    try:
        shards = find_shards(root)
    except CorpusError:
        if not root.is_dir() or next(audio_files(root), None) is None:
            raise
        shards = []  # a damaged table beside audio files is not where the audio is
    if not shards:
        return root
    real = os.path.realpath(root)
    key = hashlib.sha256(os.fsencode(real)).hexdigest()[:10]
    into = home(data) / "unpacked" / f"{safe_name(Path(real).stem)}-{key}"
    with lock(into.parent):
        unpack_shards(shards, into, progress, what=f"unpacking {root.name}")
    return into


def _refuse_name(name: str) -> None:
    if not name:
        raise UsageError("the recipe names no source: give the corpus with --source, or [source] name in the recipe")
    if name != Path(name).name or name in {".", ".."} or "\0" in name:
        raise UsageError(f"[source] name = {name!r} is not the name of a folder")


def _there(download: Download, downloads: Path, data: Path | None) -> Path | None:
    """Return the file of a download where it lies already, or None.

    In the folder for downloads it is the one. Elsewhere another corpus may have a file of that name.
    """
    name = file_name(download.url)
    if (downloads / name).is_file():
        return downloads / name
    for place in places(data):
        path = place / name
        if path.is_file() and download.bytes in {0, path.stat().st_size}:
            return path
    return None


def _only_by_hand(source: Source, data: Path | None) -> str:
    looked = ", ".join(str(place) for place in places(data))
    page = f" from {source.page}" if source.page else ""
    return (
        f"there is no folder {source.name} in {looked}, and only a person can fetch it: get it{page}, put it into "
        f"{(home(data) / source.name).absolute()}, or give its folder with --source"
    )
