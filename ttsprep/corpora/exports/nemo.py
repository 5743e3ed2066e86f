"""NeMo: one manifest a split, a JSON object a line."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ttsprep.core.tables import write_json
from ttsprep.corpora.exports._files import (
    audio_name,
    audio_prefix,
    by_split,
    json_line,
    link_audio,
    make_folder,
    remove,
    speaker_numbers,
    sweep,
    write_lines,
)
from ttsprep.corpora.exports.base import Entry, Export


@dataclass(frozen=True)
class NeMo(Export):
    """``train.json``, ``valid.json``, ``test.json``, the audio in ``wavs``, and ``speakers.json`` with a number each.

    Attributes
    ----------
    absolute
        Give absolute paths into the build, as NeMo's `TTSDataset` wants them, in place of ``wavs/ID.wav``.
    speaker_numbers
        Give speakers as numbers, as `TTSDataset` wants them, in place of names, as `TextToSpeechDataset` does.
    """

    name = "nemo"
    summary = "train.json, valid.json and test.json with audio_filepath, text, normalized_text and duration"
    absolute: bool = False
    speaker_numbers: bool = False

    def write(self, entries: Sequence[Entry], build: Path, folder: Path) -> None:
        """See `Export.write`."""
        prefix = audio_prefix(build, self.absolute)
        numbers = speaker_numbers(entries)
        make_folder(folder)
        if not self.absolute:
            link_audio(entries, build, folder / "wavs")
        for split, part in by_split(entries):
            path = folder / f"{split}.json"
            if part:
                write_lines(path, self._lines(part, prefix, numbers))
            else:
                remove(path)
        if self.speaker_numbers or any(numbers):
            write_json(folder / "speakers.json", numbers)
        else:
            remove(folder / "speakers.json")
        sweep(folder / "wavs", () if self.absolute else map(audio_name, entries))

    def _lines(self, entries: Sequence[Entry], prefix: str, numbers: Mapping[str, int]) -> Iterator[str]:
        for entry in entries:
            record: dict[str, Any] = {
                "audio_filepath": prefix + audio_name(entry),
                "duration": entry.duration_s,
                "text": entry.text,
                "normalized_text": entry.normalised,
                "id": entry.id,
            }
            if self.speaker_numbers:
                record["speaker"] = numbers[entry.speaker]
            elif entry.speaker:
                record["speaker"] = entry.speaker
            if entry.language:
                record["lang"] = entry.language
            yield json_line(record)
