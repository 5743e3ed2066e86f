"""Filelists: lines such as ``path|speaker|text``, in the columns that a trainer reads."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Formatter

from ttsprep.errors import UsageError, nearest
from ttsprep.exports.audio import audio_name, audio_prefix, link_audio, make_folder, sweep
from ttsprep.exports.base import Entry, Export
from ttsprep.exports.lines import no_row, write_lines
from ttsprep.exports.splits import by_split, speaker_numbers
from ttsprep.manifest import write_json

FIELDS = ("path", "file", "id", "speaker", "speaker_id", "text", "normalised", "language", "duration")
"""What may stand in braces in a template."""
_TEXTS = ("id", "speaker", "text", "normalised", "language")


@dataclass(frozen=True)
class Filelist(Export):
    """One line a clip, by a template; ``train.txt``, ``valid.txt``, ``test.txt``, and the audio in ``wavs``.

    Attributes
    ----------
    template
        A line, with ``{path}`` (``wavs/ID.wav``), ``{file}`` (``ID.wav``), ``{id}``, ``{speaker}``,
        ``{speaker_id}`` (a number from 0; ``speakers.json`` says whose), ``{text}``, ``{normalised}`` (as it is
        read aloud), ``{language}`` and ``{duration}`` (seconds).
    delimiter
        Between the columns; a clip is refused if it is in one of them.
    header
        The first line; "" for none.
    files
        Name of a list; without ``{split}`` in it, all clips are in one.
    quoted
        Quote columns as Python's `csv` and pandas read them, for trainers that use these.
    absolute
        Give absolute paths into the build, in place of ``wavs/ID.wav``.
    """

    name = "filelist"
    summary = "train.txt, valid.txt and test.txt with lines of your template, such as {path}|{speaker}|{text}"
    template: str = "{path}|{speaker}|{normalised}"
    delimiter: str = "|"
    header: str = ""
    files: str = "{split}.txt"
    quoted: bool = False
    absolute: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"(?!\.)(?:[\w.-]|\{split\})+", self.files) or self.files in {"wavs", "speakers.json"}:
            raise UsageError(f"files is a file name such as '{{split}}.txt', not {self.files!r}")
        if not self.delimiter or (self.quoted and len(self.delimiter) > 1):
            raise UsageError(f"delimiter is a character, not {self.delimiter!r}")
        used = self._fields()
        for name in used:
            if name not in FIELDS:
                raise UsageError(f"template: there is no field {{{name}}}; {nearest(name, FIELDS)}")
        if not {"path", "file", "id"}.intersection(used):
            raise UsageError(f"template: {self.template!r} names no audio: add {{path}}, {{file}} or {{id}}")
        if any(len(self._fields_of(column)) > 1 for column in self._columns()):
            raise UsageError(f"template: {self.template!r} has fields without the delimiter {self.delimiter!r} between")

    def refuse(self, entry: Entry) -> str:
        """See `Export.refuse`."""
        delimiter = "" if self.quoted else self.delimiter
        used = self._fields()
        return no_row(entry, (name for name in _TEXTS if name in used), delimiter)

    def write(self, entries: Sequence[Entry], build: Path, folder: Path) -> None:
        """See `Export.write`."""
        prefix = audio_prefix(build, self.absolute)
        numbers = speaker_numbers(entries)
        make_folder(folder)
        if not self.absolute:
            link_audio(entries, build, folder / "wavs")
        parts = by_split(entries) if "{split}" in self.files else [("all", entries)]
        for split, part in parts:
            path = folder / self.files.replace("{split}", split)
            if part:
                write_lines(path, self._lines(part, prefix, numbers))
            else:
                path.unlink(missing_ok=True)
        if "speaker_id" in self._fields():
            write_json(folder / "speakers.json", numbers)
        else:
            (folder / "speakers.json").unlink(missing_ok=True)
        sweep(folder / "wavs", () if self.absolute else map(audio_name, entries))

    def _lines(self, entries: Sequence[Entry], prefix: str, numbers: Mapping[str, int]) -> Iterator[str]:
        if self.header:
            yield self.header
        columns = self._columns()
        for entry in entries:
            values = {
                "path": prefix + audio_name(entry),
                "file": audio_name(entry),
                "speaker_id": str(numbers[entry.speaker]),
                "duration": f"{entry.duration_s:.6g}",
                **{name: getattr(entry, name) for name in _TEXTS},
            }
            yield self._joined([column.format_map(values) for column in columns])

    def _joined(self, cells: Sequence[str]) -> str:
        if not self.quoted:
            return self.delimiter.join(cells)
        line = io.StringIO()
        csv.writer(line, delimiter=self.delimiter, lineterminator="").writerow(cells)
        return line.getvalue()

    def _columns(self) -> list[str]:
        return self.template.split(self.delimiter)

    def _fields(self) -> list[str]:
        return self._fields_of(self.template)

    @staticmethod
    def _fields_of(template: str) -> list[str]:
        try:
            parts = list(Formatter().parse(template))
        except ValueError as error:
            raise UsageError(f"template: {template!r}: {error}") from None
        for _, name, form, conversion in parts:
            if form or conversion:
                raise UsageError(f"template: {{{name}}} stands alone in its braces")
        return [name for _, name, _, _ in parts if name is not None]
