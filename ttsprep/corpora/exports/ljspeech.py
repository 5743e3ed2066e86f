"""LJSpeech: ``metadata.csv`` with ``id|text|normalised``, beside the ``wavs`` of the build."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ttsprep.corpora.exports._files import no_cell, no_row, one_line, write_lines
from ttsprep.corpora.exports.base import Entry, Export


@dataclass(frozen=True)
class LJSpeech(Export):
    """The form that most recipes of trainers read; `folder` is the build itself.

    There is no quoting: a text is written as it is, also one that starts with a quote or with ``=``.
    Line breaks in the text as the source has it are blanks here. Speakers and splits have no place in it.
    """

    name = "ljspeech"
    summary = "metadata.csv with id|text|normalised text, beside wavs/"

    def refuse(self, entry: Entry) -> str:
        """See `Export.refuse`."""
        return no_row(entry, ("id", "normalised"), "|") or no_cell(one_line(entry.text), "|")

    def write(self, entries: Sequence[Entry], build: Path, folder: Path) -> None:
        """See `Export.write`."""
        del build
        write_lines(folder / "metadata.csv", (f"{e.id}|{one_line(e.text)}|{e.normalised}" for e in entries))
