"""Hugging Face audiofolder: ``metadata.csv`` or ``metadata.jsonl`` with ``file_name``, also one a split."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip, Finding
from ttsprep.corpora.columns import LANGUAGE, PATH, SPEAKER, TEXT, Order, column, from_header, value, wrong_count
from ttsprep.corpora.layouts.base import Layout
from ttsprep.corpora.metadata import Row, checked, csv_rows, json_rows, malformed
from ttsprep.corpora.paths import Relative, corpus_folder, stem, subfolders

_NAMES = ("metadata.csv", "metadata.jsonl")


class AudioFolder(Layout):
    """The tables of the folder, of its subfolders, and of those of ``data/`` are read.

    File names are relative to the folder of their table. Of several text columns the normalised one is read.
    """

    name = "audiofolder"
    summary = "metadata.csv or metadata.jsonl with file_name and text, in the folder or one in each split"

    @staticmethod
    def recognise(root: Path) -> str:
        """See `Layout.recognise`."""
        found = _file_tables(root)
        if not found:
            return ""
        folder = corpus_folder(root)
        return f"{', '.join(str(p.relative_to(folder)) for p in found)} with a column of file names"

    @staticmethod
    def read(root: Path) -> Iterator[Clip | Finding]:
        """See `Layout.read`."""
        tables = [root] if not root.is_dir() else _file_tables(root)
        if not tables:
            raise CorpusError(f"{root} is no audiofolder: it has no {' or '.join(_NAMES)} with file_name")
        places = [path.parent for path in tables]
        for path in tables:
            if places.count(path.parent) > 1:
                raise CorpusError(f"{path.parent} has both {' and '.join(_NAMES)}; give the one to be read")
        folder = corpus_folder(root)
        relative = Relative(folder)
        for path in tables:
            place = path.parent.relative_to(folder).as_posix()
            prefix = "" if place == "." else f"{place}/"
            name = f"{prefix}{path.name}"
            rows = _read_json(path, name) if path.suffix == ".jsonl" else _read_csv(path, name)
            for item in rows:
                if isinstance(item, Finding):
                    yield item
                    continue
                line, clip, problem = item
                audio = relative(clip.path if clip.path.startswith("/") or not clip.path else prefix + clip.path)
                clip = Clip(stem(audio), audio, clip.text, clip.speaker, clip.language)
                yield from checked(name, line, clip, problem)


_Read = Iterator[tuple[int, Clip, str] | Finding]


def _tables(root: Path) -> list[Path]:
    if not root.is_dir():
        return [root]
    folders = [root, *(root / n for n in subfolders(root)[:256])]
    if (root / "data").is_dir():
        folders += [root / "data" / n for n in subfolders(root / "data")[:256]]
    return [path for folder in folders for n in _NAMES if (path := folder / n).exists()]


def _file_tables(root: Path) -> list[Path]:
    """Return the tables that name files; an unreadable one in a subfolder is no split of this corpus."""
    found = []
    for path in _tables(root):
        try:
            if _has_file_name(path):
                found.append(path)
        except CorpusError:
            if path.parent == corpus_folder(root):
                raise
    return found


def _has_file_name(path: Path) -> bool:
    if path.suffix == ".jsonl":
        first = next((r for r in json_rows(path) if not isinstance(r, Finding)), None)
        return first is not None and "file_name" in first[1]
    header = next((r.cells for r in csv_rows(path) if isinstance(r, Row)), [])
    return path.suffix == ".csv" and len(header) > 1 and column(header, PATH) is not None


def _read_csv(path: Path, name: str) -> _Read:
    order: Order | None = None
    for row in csv_rows(path):
        if isinstance(row, Finding):
            yield row
            continue
        if order is None:
            order = from_header(row.cells)
            if order is None:
                raise CorpusError(_no_text(path, row.cells))
            continue
        problem = row.problem or wrong_count(row.cells, order.columns, "the header has")
        cells = row.cells[: order.columns]
        if len(row.cells) > order.columns and order.text == order.columns - 1:
            cells[-1] = ",".join(row.cells[order.text :])  # a comma in a text that was not quoted
        pick = order.pick
        clip = Clip(
            "",
            pick(cells, order.path),
            pick(cells, order.text),
            pick(cells, order.speaker),
            pick(cells, order.language),
        )
        yield row.line, clip, problem


def _read_json(path: Path, name: str) -> _Read:
    seen_text = False
    for item in json_rows(path):
        if isinstance(item, Finding):
            yield item
            continue
        line, record = item
        if not seen_text and not any(n in record for n in TEXT):
            raise CorpusError(_no_text(path, list(record)))
        seen_text = True
        audio = next((record[n] for n in PATH if isinstance(record.get(n), str)), "")
        if not audio:
            yield malformed(name, line, "has no file_name")
            continue
        text, problem = json_text(record)
        yield line, Clip("", audio, text, value(record, SPEAKER), value(record, LANGUAGE)), problem


def json_text(record: dict[str, Any]) -> tuple[str, str]:
    """Return the text of a JSON record, and what is wrong with it."""
    key = next((n for n in TEXT if n in record), None)
    if key is None:
        return "", "has no text"
    text = record[key]
    return (text, "") if isinstance(text, str) else ("", f"{key} is {type(text).__name__}, not a string")


def _no_text(path: Path, names: list[str]) -> str:
    return (
        f"{path} has no text column: it has {', '.join(names)}; name the one with the text 'text', "
        "or audit the audio alone with --layout plain"
    )
