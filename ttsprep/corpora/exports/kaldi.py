"""Kaldi: a data folder a split, with ``wav.scp``, ``text``, ``utt2spk`` and ``spk2utt``."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ttsprep.corpora.exports._files import (
    audio_name,
    audio_prefix,
    by_split,
    link_audio,
    make_folder,
    no_row,
    remove,
    sweep,
    write_lines,
)
from ttsprep.corpora.exports.base import Entry, Export

_UNNAMED = "speaker"
"""Clips without a speaker are one voice."""
_TABLES = ("wav.scp", "text", "utt2spk", "spk2utt", "utt2lang", "utt2dur")


@dataclass(frozen=True)
class Kaldi(Export):
    """``train/``, ``valid/`` and ``test/``, sorted as Kaldi wants it (by bytes); ``text`` is what is read aloud.

    Attributes
    ----------
    absolute
        Give absolute paths into the build, so that scripts find them from any folder, in place of ``wavs/ID.wav``.
    prefix
        Begin ids with their speaker (``SPEAKER-ID``) where they do not yet: Kaldi's `validate_data_dir.sh`
        wants ids and speakers to sort alike.
    """

    name = "kaldi"
    summary = "train/, valid/, test/ with wav.scp, text, utt2spk and spk2utt"
    absolute: bool = True
    prefix: bool = False

    def refuse(self, entry: Entry) -> str:
        """See `Export.refuse`."""
        for what, label in (("id", entry.id), ("speaker", entry.speaker), ("language", entry.language)):
            if label and label.split() != [label]:
                return f"the {what} {label!r} holds a blank, which divides the columns"
        return no_row(entry, ("id", "speaker", "language", "normalised"), "")

    def write(self, entries: Sequence[Entry], build: Path, folder: Path) -> None:
        """See `Export.write`."""
        prefix = audio_prefix(build, self.absolute)
        for split, part in by_split(entries):
            place = folder / split
            linked = [] if self.absolute else part
            if part:
                make_folder(place)
                if linked:
                    link_audio(linked, build, place / "wavs")
                self._tables(part, prefix, place)
            elif place.is_dir():
                remove(*(place / name for name in _TABLES))
            sweep(place / "wavs", map(audio_name, linked))
            sweep(place, ())

    def _tables(self, entries: Sequence[Entry], prefix: str, place: Path) -> None:
        rows = sorted(((self._key(entry), entry) for entry in entries), key=lambda row: row[0].encode())
        speakers: dict[str, list[str]] = {}
        for key, entry in rows:
            speakers.setdefault(entry.speaker or _UNNAMED, []).append(key)
        write_lines(place / "wav.scp", (f"{key} {prefix}{audio_name(entry)}" for key, entry in rows))
        write_lines(place / "text", (f"{key} {entry.normalised}" for key, entry in rows))
        write_lines(place / "utt2spk", (f"{key} {entry.speaker or _UNNAMED}" for key, entry in rows))
        write_lines(place / "spk2utt", _grouped(speakers))
        write_lines(place / "utt2dur", (f"{key} {entry.duration_s:.6g}" for key, entry in rows))
        if all(entry.language for entry in entries):
            write_lines(place / "utt2lang", (f"{key} {entry.language}" for key, entry in rows))
        else:
            remove(place / "utt2lang")

    def _key(self, entry: Entry) -> str:
        if not self.prefix or not entry.speaker or entry.id.startswith(entry.speaker):
            return entry.id
        return f"{entry.speaker}-{entry.id}"


def _grouped(speakers: dict[str, list[str]]) -> Iterator[str]:
    for speaker in sorted(speakers, key=str.encode):
        yield f"{speaker} {' '.join(speakers[speaker])}"
