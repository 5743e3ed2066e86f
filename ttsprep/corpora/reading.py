"""How a person wants a corpus to be read, beside its layout and language."""

from dataclasses import dataclass, field
from pathlib import Path

from ttsprep.corpora.audio_files import is_audio, walk


@dataclass(frozen=True, slots=True)
class Tree:
    """What lies in a folder and below it, hidden files left out.

    Attributes
    ----------
    audio, others
        Audio files and all others, relative to the folder, folder by folder and sorted by name.
    """

    audio: tuple[str, ...]
    others: tuple[str, ...]


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
            If a folder cannot be listed.
        """
        known = self._trees.get(folder)
        if known is None:
            audio: list[str] = []
            others: list[str] = []
            for place, names in walk(folder, follow_links=self.follow_links):
                for name in names:
                    (audio if is_audio(name) else others).append(place + name)
            known = self._trees[folder] = Tree(tuple(audio), tuple(others))
        return known

    def folder_of_audio(self, source: Path) -> Path:
        """Return the folder that paths of clips are relative to, for a corpus or its metadata file."""
        return self.audio_root or (source if source.is_dir() else source.parent)
