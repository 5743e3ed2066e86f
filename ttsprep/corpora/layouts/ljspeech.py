"""LJSpeech: ``metadata.csv`` with ``id|text`` or ``id|text|normalised text``, audio in ``wavs/``."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip, Finding
from ttsprep.corpora.columns import ID, PATH, TEXT, are_labels, column, paths_first, usual_count, wrong_count
from ttsprep.corpora.layouts.base import Layout
from ttsprep.corpora.metadata import Row, checked, sampled, split_rows
from ttsprep.corpora.paths import Lookup, corpus_folder, stem

_NAMES = ("metadata.csv", "metadata.txt")


class LJSpeech(Layout):
    """Audio in ``wavs/`` or beside the table, with any extension; the last column is what is read aloud.

    Where the middle of three columns holds speakers (``id|speaker|text``, as Piper has it), it is taken for
    that: labels without spaces that come again and again.
    """

    name = "ljspeech"
    summary = "metadata.csv with id|text or id|text|normalised text, and wavs/ID.wav"

    @staticmethod
    def recognise(root: Path) -> str:
        """See `Layout.recognise`."""
        path = _table(root)
        if path is None:
            return ""
        rows = _cells(sampled(split_rows(path, "|"), 100)[0])
        count = usual_count(rows)
        folders = any("/" in r[0] for r in rows)
        if count not in {2, 3} or (paths_first(rows) and (folders or path.name not in _NAMES)):
            return ""
        return "" if _is_comma_table(rows[0]) else f"{path.name} has {count} columns, id{'|text' * (count - 1)}"

    @staticmethod
    def read(root: Path) -> Iterator[Clip | Finding]:
        """See `Layout.read`."""
        path = _table(root)
        if path is None:
            raise CorpusError(f"{root} is no ljspeech corpus: it has no {' or '.join(_NAMES)}")
        first, rows = sampled(split_rows(path, "|"))
        sample = _cells(first)
        count = usual_count(sample)
        if count not in {2, 3}:
            raise CorpusError(f"{path} has {count} columns where ljspeech has id|text or id|text|normalised text")
        usual = [r for r in sample if len(r) == 3]
        labels = [r[1] for r in usual]
        has_speakers = are_labels(labels, [r[2] for r in usual]) and len(set(labels)) <= len(labels) / 3
        lookup = Lookup(corpus_folder(root), ("wavs", "wav", ""))
        for row in rows:
            if isinstance(row, Finding):
                yield row
                continue
            cells = row.cells
            if row.line == 1 and _is_header(cells) and lookup.find(cells[0]) is None:
                continue
            text = cells[-1] if 1 < len(cells) <= count else "|".join(cells[1:])
            speaker = cells[1] if has_speakers and len(cells) == count else ""
            name = cells[0]
            clip = Clip(stem(name), lookup.path(name) if name else "", text, speaker)
            yield from checked(path.name, row.line, clip, wrong_count(cells, count, "most lines have"))


def _table(root: Path) -> Path | None:
    if not root.is_dir():
        return root
    return next((root / n for n in _NAMES if (root / n).exists()), None)


def _cells(rows: Sequence[Row | Finding]) -> list[list[str]]:
    return [r.cells for r in rows if isinstance(r, Row)]


def _is_header(cells: Sequence[str]) -> bool:
    return column(cells[:1], ID + PATH) is not None and column(cells[1:], TEXT) is not None


def _is_comma_table(header: Sequence[str]) -> bool:
    """Whether the line is the header of a comma-separated table, whose texts may hold the other delimiter."""
    return len(header) == 1 and column(header[0].split(","), PATH) is not None
