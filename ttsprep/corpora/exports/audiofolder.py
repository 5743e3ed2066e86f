"""Hugging Face audiofolder: a folder a split, with the audio and ``metadata.jsonl``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ttsprep.corpora.exports._files import audio_name, by_split, json_line, link_audio, remove, sweep, write_lines
from ttsprep.corpora.exports.base import Entry, Export


@dataclass(frozen=True)
class AudioFolder(Export):
    """``train/``, ``valid/`` and ``test/``, each with its audio and a table of it.

    The table is JSON Lines, not CSV: `datasets` reads CSV with pandas, which takes a text such as ``null`` or
    ``NA`` for a missing one.
    """

    name = "audiofolder"
    summary = "train/, valid/, test/ with audio and metadata.jsonl, for datasets.load_dataset"

    def write(self, entries: Sequence[Entry], build: Path, folder: Path) -> None:
        """See `Export.write`."""
        for split, part in by_split(entries):
            place = folder / split
            if part:
                link_audio(part, build, place)
                write_lines(place / "metadata.jsonl", (json_line(_record(entry)) for entry in part))
            else:
                remove(place / "metadata.jsonl")
            sweep(place, map(audio_name, part))


def _record(entry: Entry) -> dict[str, str]:
    return {
        "file_name": audio_name(entry),
        "id": entry.id,
        "text": entry.text,
        "normalized_text": entry.normalised,
        "speaker": entry.speaker,
        "language": entry.language,
    }
