"""JSON Lines with a reference clip of the speaker in each, as fine-tuning of language models of speech reads it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ttsprep.corpora.exports._files import (
    audio_name,
    audio_prefix,
    by_split,
    json_line,
    link_audio,
    make_folder,
    remove,
    sweep,
    write_lines,
)
from ttsprep.corpora.exports.base import Entry, Export


@dataclass(frozen=True)
class JSONLines(Export):
    """``train.jsonl`` and so on, with ``audio``, ``text`` (as it is read aloud) and ``ref_audio``.

    ``ref_audio`` is the clip of the same speaker, in train where there is one, of 5 to 10 s, clean, and of the
    speaker's usual pitch and level.

    Attributes
    ----------
    absolute
        Give absolute paths into the build, in place of ``wavs/ID.wav``.
    """

    name = "jsonl"
    summary = "train.jsonl, valid.jsonl and test.jsonl with audio, text, ref_audio, speaker and language"
    absolute: bool = False

    def write(self, entries: Sequence[Entry], build: Path, folder: Path) -> None:
        """See `Export.write`."""
        prefix = audio_prefix(build, self.absolute)
        make_folder(folder)
        if not self.absolute:
            link_audio(entries, build, folder / "wavs")
        by_id = {entry.id: entry for entry in entries}
        for split, part in by_split(entries):
            path = folder / f"{split}.jsonl"
            if part:
                write_lines(path, _lines(part, prefix, by_id))
            else:
                remove(path)
        sweep(folder / "wavs", () if self.absolute else map(audio_name, entries))


def _lines(entries: Sequence[Entry], prefix: str, by_id: Mapping[str, Entry]) -> Iterator[str]:
    for entry in entries:
        record = {
            "audio": prefix + audio_name(entry),
            "text": entry.normalised,
            "ref_audio": prefix + audio_name(by_id.get(entry.reference, entry)),
            "speaker": entry.speaker,
            "language": entry.language,
        }
        yield json_line({key: value for key, value in record.items() if value or key == "text"})
