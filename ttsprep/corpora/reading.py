"""How a person wants a corpus to be read, beside its layout and language."""

import gc
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from ttsprep.core.types import Finding, Severity
from ttsprep.core.untrusted import open_regular
from ttsprep.corpora.audio_files import is_audio, walk

_LISTS, _LINES, _BYTES = 16, 1000, 1 << 20
"""Files, and lines of each, in which absolute paths of audio are looked for."""
SHALLOW = 2
"""Parts of a path that is no folder of a corpus, such as ``/home``: all below it would be listed."""
_CELLS = re.compile(r"[|\t,;\n]| ")


@dataclass(frozen=True, slots=True)
class Tree:
    """What lies in a folder and below it, hidden files left out.

    Attributes
    ----------
    audio, others
        Audio files and all others, relative to the folder, folder by folder and sorted by name.
    unlisted
        Why folders below it cannot be listed, a line each.
    """

    audio: tuple[str, ...]
    others: tuple[str, ...]
    unlisted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """Options of reading that are the same for every layout.

    Attributes
    ----------
    columns
        What the columns of a table are, of ``--columns``; empty to find them.
    audio_root
        Folder that the audio lies in where that is not the folder of the metadata, of ``--audio-root``.
    follow_links
        Whether links to folders are followed.
    language
        Of clips that do not say theirs, or "".
    """

    columns: tuple[str, ...] = ()
    audio_root: Path | None = None
    follow_links: bool = False
    language: str = ""
    _trees: dict[Path, Tree] = field(default_factory=dict, repr=False, compare=False)

    def tree(self, folder: Path) -> Tree:
        """Return what lies in a folder; it is listed once.

        Raises
        ------
        CorpusError
            If it cannot be listed.
        """
        known = self._trees.get(folder)
        if known is None:
            audio: list[str] = []
            others: list[str] = []
            unlisted: list[str] = []
            for place, names in walk(folder, follow_links=self.follow_links, unlisted=unlisted):
                endings = [name[name.rfind(".") :] for name in names]
                heard = set(filter(is_audio, {*endings}))
                audio += [place + name for name, ending in zip(names, endings, strict=True) if ending in heard]
                others += [place + name for name, ending in zip(names, endings, strict=True) if ending not in heard]
            known = self._trees[folder] = Tree(tuple(audio), tuple(others), tuple(unlisted))
        return known

    def findings(self) -> list[Finding]:
        """Return a finding for each folder that could not be listed."""
        highest = [tree for folder, tree in self._trees.items() if not self._trees.keys() & set(folder.parents)]
        lines = dict.fromkeys(line for tree in highest for line in tree.unlisted)
        return [Finding("", "folder-unreadable", Severity.ERROR, line) for line in lines]

    def with_absolute_root(self, source: Path) -> "Reading":
        """Return the same with the folder that holds all audio that a list names by absolute paths of this machine.

        Parameters
        ----------
        source
            A list, or a folder with lists, without audio of its own.
        """
        lists = [source] if source.is_file() else [source / name for name in self.tree(source).others[:_LISTS]]
        for path in lists:
            try:
                with open_regular(path) as file:
                    text = file.read(_BYTES).decode("utf-8", "surrogateescape")
                lines = text.split("\n", _LINES)[:_LINES]
                cells = [cell.strip().strip('"') for line in lines for cell in _CELLS.split(line)]
                named = [cell for cell in cells if cell.startswith("/") and is_audio(cell) and Path(cell).is_file()]
            except OSError:  # of the list, or of a name that is too long for any file
                continue
            folder = Path(os.path.commonpath([Path(name).parent for name in named])) if named else Path("/")
            if len(folder.parts) > SHALLOW:
                return replace(self, audio_root=folder)
        return self

    def folder_of_audio(self, source: Path) -> Path:
        """Return the folder that paths of clips are relative to, for a corpus or its metadata file."""
        return self.audio_root or (source if source.is_dir() else source.parent)


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the collector of cycles from walking over a million rows, which have none, again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
