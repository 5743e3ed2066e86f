"""Pairs of files: the audio of a clip and its text, in a folder of its speaker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ttsprep.core.errors import UsageError
from ttsprep.core.files import atomic_write, safe_names
from ttsprep.corpora.exports._files import (
    SPLITS,
    audio_name,
    json_line,
    link_audio,
    make_folder,
    remove,
    sweep,
    write_lines,
)
from ttsprep.corpora.exports.base import Entry, Export

_ENDINGS = (".txt", ".lab")
_UNNAMED = "speaker"
"""Folder of clips whose speaker has no name."""


@dataclass(frozen=True)
class Pairs(Export):
    """``train/SPEAKER/ID.wav`` with ``ID.lab``, and so for ``valid`` and ``test``; the text is as it is read aloud.

    ``metadata.jsonl`` beside them names speakers and languages.

    Attributes
    ----------
    ending
        Of the files of texts: ``.lab`` or ``.txt``.
    """

    name = "pairs"
    summary = "train/SPEAKER/ID.wav with its text in ID.lab, and so for valid and test"
    ending: str = ".lab"

    def __post_init__(self) -> None:
        if self.ending not in _ENDINGS:
            raise UsageError(f"ending is one of {', '.join(_ENDINGS)}, not {self.ending!r}")

    def write(self, entries: Sequence[Entry], build: Path, folder: Path) -> None:
        """See `Export.write`."""
        folders = safe_names(sorted({entry.speaker or _UNNAMED for entry in entries}))
        places: dict[Path, list[Entry]] = {}
        for entry in entries:
            places.setdefault(folder / entry.split / folders[entry.speaker or _UNNAMED], []).append(entry)
        if entries:
            make_folder(folder)
            write_lines(folder / "metadata.jsonl", (json_line(_record(e, folders)) for e in entries))
        else:
            remove(folder / "metadata.jsonl")
        for place, part in places.items():
            link_audio(part, build, place)
            for entry in part:
                atomic_write(place / f"{entry.id}{self.ending}", entry.normalised.encode())
        for split in SPLITS:
            for place in sorted((folder / split).glob("*/")):
                part = places.get(place, [])
                keep = {name for entry in part for name in (audio_name(entry), f"{entry.id}{self.ending}")}
                sweep(place, keep, lambda name: name.endswith((*_ENDINGS, ".wav", ".flac")))
            sweep(folder / split, ())


def _record(entry: Entry, folders: Mapping[str, str]) -> dict[str, str]:
    return {
        "file_name": f"{entry.split}/{folders[entry.speaker or _UNNAMED]}/{audio_name(entry)}",
        "text": entry.normalised,
        "speaker": entry.speaker,
        "language": entry.language,
    }
