"""Filelists: lines such as ``path|speaker|text``, in the columns that a trainer reads."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter

from ttsprep.core.errors import UsageError, nearest
from ttsprep.core.tables import write_json
from ttsprep.corpora.exports._files import (
    audio_name,
    audio_prefix,
    link_audio,
    make_folder,
    no_cell,
    no_row,
    one_line,
    remove,
    speaker_numbers,
    sweep,
    write_lines,
)
from ttsprep.corpora.exports.base import Entry, Export
from ttsprep.text.phonemes import espeak_code, is_readable, transcribe

_TEXTS = ("id", "speaker", "text", "normalised", "language")
_FIELDS = (*_TEXTS, "path", "file", "speaker_id", "phonemes", "lang", "duration")
"""What may stand in braces in a template."""
SEPARATORS = "\t\x01\x1f"
"""Control characters that may stand between columns: no reader takes them for the end of a line."""
_IN_NAMES = "-_./~\"'{}"
_BATCH = 500
"""Clips that are phonemised together."""


@dataclass(frozen=True)
class Filelist(Export):
    """One line a clip, by a template; ``train.txt``, ``valid.txt``, ``test.txt``, and the audio in ``wavs``.

    Attributes
    ----------
    template
        A line, with ``{path}`` (``wavs/ID.wav``), ``{file}`` (``ID.wav``), ``{id}``, ``{speaker}``,
        ``{speaker_id}`` (a number from 0; ``speakers.json`` says whose), ``{text}`` (on one line), ``{normalised}``
        (as it is read aloud), ``{phonemes}`` (that in IPA with stress and punctuation), ``{language}``, ``{lang}``
        (``en`` for ``en-us``) and ``{duration}`` (seconds).
    one_speaker
        The template where there is one speaker; "" for the same.
    delimiter
        Between the columns; a clip is refused if it is in one of them.
    header
        The first line; "" for none.
    files
        Name of a list; without ``{split}`` in it, all clips are in one; with ``{lang}``, each language has its own.
    quoted
        Quote columns as Python's `csv` and pandas read them, for trainers that use these.
    absolute
        Give absolute paths into the build, in place of ``wavs/ID.wav``.
    """

    name = "filelist"
    summary = "train.txt, valid.txt and test.txt with lines of your template, such as {path}|{speaker}|{text}"
    template: str = "{path}|{speaker}|{normalised}"
    one_speaker: str = ""
    delimiter: str = "|"
    header: str = ""
    files: str = "{split}.txt"
    quoted: bool = False
    absolute: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"(?!\.)(?:[\w.-]|\{split\}|\{lang\})+", self.files) or self.files in {
            "wavs",
            "speakers.json",
        }:
            raise UsageError(f"files is a file name such as '{{split}}.txt', not {self.files!r}")
        for name in ("template", "one_speaker", "delimiter", "header"):
            if not all(char.isprintable() or char in SEPARATORS for char in getattr(self, name)):
                raise UsageError(f"{name} is one line without control characters, not {getattr(self, name)!r}")
        if not self.delimiter or (self.quoted and len(self.delimiter) > 1):
            raise UsageError(f"delimiter is a character, not {self.delimiter!r}")
        if any(char.isalnum() or char in _IN_NAMES for char in self.delimiter):
            raise UsageError(
                f"delimiter is a sign that no name of a file, no quote and no brace is, not {self.delimiter!r}"
            )
        for template in self._templates():
            self._verify(template)

    def _verify(self, template: str) -> None:
        used = _fields(template)
        for name in used:
            if name not in _FIELDS:
                raise UsageError(f"template: there is no field {{{name}}}; {nearest(name, _FIELDS)}")
        if not {"path", "file", "id"}.intersection(used):
            raise UsageError(f"template: {template!r} names no audio: add {{path}}, {{file}} or {{id}}")
        if any(len(_fields(column)) > 1 for column in template.split(self.delimiter)):
            raise UsageError(f"template: {template!r} has fields without the delimiter {self.delimiter!r} between")

    @property
    def phonemises(self) -> bool:
        """Whether it writes phonemes."""
        return any("phonemes" in _fields(template) for template in self._templates())

    def refuse(self, entry: Entry) -> str:
        """See `Export.refuse`."""
        used = {name for template in self._templates() for name in _fields(template)}
        if "phonemes" in used:
            used.add("normalised")
            if not entry.language:
                return "it has no language, without which it cannot be phonemised"
            try:
                espeak_code(entry.language)
            except UsageError as error:
                return str(error)
            if not is_readable(entry.normalised, entry.language):
                return f"eSpeak NG cannot phonemise its letters in {entry.language!r}: it would read their names"
        if not entry.language and ("lang" in used or "{lang}" in self.files):
            return "it has no language, which the list names"
        delimiter = "" if self.quoted else self.delimiter
        reason = no_row(entry, (name for name in _TEXTS if name in used and name != "text"), delimiter)
        return reason or (no_cell(one_line(entry.text), delimiter) if "text" in used else "")

    def write(self, entries: Sequence[Entry], build: Path, folder: Path) -> None:
        """See `Export.write`."""
        prefix = audio_prefix(build, self.absolute, "" if self.quoted else self.delimiter)
        numbers = speaker_numbers(entries)
        template = self.one_speaker if self.one_speaker and len(numbers) == 1 else self.template
        make_folder(folder)
        if not self.absolute:
            link_audio(entries, build, folder / "wavs")
        lists = self._lists(entries)
        for path in folder.glob(self.files.replace("{split}", "*").replace("{lang}", "*")):
            if path.name not in lists:
                remove(path)
        for name, part in lists.items():
            write_lines(folder / name, self._lines(part, template, prefix, numbers))
        if "speaker_id" in _fields(template):
            write_json(folder / "speakers.json", numbers)
        else:
            remove(folder / "speakers.json")
        sweep(folder / "wavs", () if self.absolute else map(audio_name, entries))

    def _lists(self, entries: Sequence[Entry]) -> dict[str, list[Entry]]:
        """Return the lists that have clips, by their names."""
        lists: dict[str, list[Entry]] = {}
        for entry in entries:
            name = self.files.replace("{split}", entry.split).replace("{lang}", short_language(entry.language))
            lists.setdefault(name, []).append(entry)
        return lists

    def _lines(self, entries: Sequence[Entry], template: str, prefix: str, numbers: Mapping[str, int]) -> Iterator[str]:
        if self.header:
            yield self.header
        columns = template.split(self.delimiter)
        for entry, phonemes in _sounded(entries) if "phonemes" in _fields(template) else ((e, "") for e in entries):
            values = {
                "path": prefix + audio_name(entry),
                "file": audio_name(entry),
                "speaker_id": str(numbers[entry.speaker]),
                "phonemes": phonemes,
                "lang": short_language(entry.language),
                "duration": f"{entry.duration_s:.6g}",
                **{name: getattr(entry, name) for name in _TEXTS},
                "text": one_line(entry.text),
            }
            yield self._joined([column.format_map(values) for column in columns])

    def _joined(self, cells: Sequence[str]) -> str:
        if not self.quoted:
            return self.delimiter.join(cells)
        line = io.StringIO()
        csv.writer(line, delimiter=self.delimiter, lineterminator="").writerow(cells)
        return line.getvalue()

    def _templates(self) -> list[str]:
        return [self.template, self.one_speaker] if self.one_speaker else [self.template]


@cache
def _fields(template: str) -> tuple[str, ...]:
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise UsageError(f"template: {template!r}: {error}") from None
    for _, name, form, conversion in parts:
        if form or conversion:
            raise UsageError(f"template: {{{name}}} stands alone in its braces")
    return tuple(name for _, name, _, _ in parts if name is not None)


def _sounded(entries: Sequence[Entry]) -> Iterator[tuple[Entry, str]]:
    """Yield the entries with their phonemes."""
    for start in range(0, len(entries), _BATCH):
        batch = entries[start : start + _BATCH]
        phonemes: dict[str, str] = {}
        for language in {entry.language for entry in batch}:
            part = [entry for entry in batch if entry.language == language]
            spoken = transcribe([entry.normalised for entry in part], language)
            phonemes |= zip((entry.id for entry in part), spoken, strict=True)
        yield from ((entry, phonemes[entry.id]) for entry in batch)


def short_language(language: str) -> str:
    """Return the language without its region: ``en`` for ``en-us``, and the names that trainers use for Chinese."""
    code = language.lower().replace("_", "-")
    if code in {"zh-hk", "zh-mo"}:
        return "yue"
    return {"cmn": "zh"}.get(code.split("-")[0], code.split("-")[0])
