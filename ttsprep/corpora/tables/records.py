"""Tables of records: JSON Lines, one JSON array or object, Markdown and XLSX, as a title line and rows."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from ttsprep.core.errors import CorpusError, MissingExtraError
from ttsprep.core.types import Finding, Severity
from ttsprep.core.untrusted import open_regular, parse_json
from ttsprep.corpora.metadata import TableRow, json_rows, lines, malformed, raw_lines, whole_text
from ttsprep.corpora.tables.label_studio import is_task, task_records
from ttsprep.corpora.tables.names import PATH, TEXT

JSON = (".json", ".jsonl", ".jsonl.gz", ".json.gz", ".ndjson")
XLSX = (".xlsx",)
MARKDOWN = (".md", ".markdown")
_BAR = re.compile(r"(?<!\\)\|")
_DASHES = re.compile(r"[\s|:]*-[-\s|:]*")
_LINK = re.compile(r"!?\[[^]]*\]\(<?([^)<>]+)>?\)")
_KINDS = {
    type(None): "null",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}
_WHOLE = 1 << 30
"""Bytes of a JSON file that is one value, at most."""


def json_records(path: Path) -> Iterator[tuple[int, dict[str, Any]] | Finding]:
    """Yield number and object of each record: of each line, or of one array or object that is the whole file.

    An object of lists gives the records of all, or is a list for each column. An object of objects, such as
    ``{"a": {"text": ...}}``, gives its records with the key as ``id``; one of strings,
    such as ``{"a": "Hello."}``, the keys as ``id`` and the strings as ``text``.

    Raises
    ------
    CorpusError
        If the file cannot be read, or is not text.
    """
    begin = list(islice((item[1] for item in lines(path) if not isinstance(item, Finding)), 2))
    if _is_whole("".join(begin[:1])) and len(begin) > 1:
        yield from json_rows(path)
        return
    try:
        document = parse_json(whole_text(path, _WHOLE))
    except ValueError:
        yield from json_rows(path)  # which names the lines that are no JSON
        return
    if isinstance(document, dict):
        lists = [value for value in document.values() if isinstance(value, list)]
        if len(lists) == 1:
            document = lists[0]
        elif lists and len(lists) == len(document) and (rows := _of_lists(document)):
            document = rows
        elif document and all(isinstance(value, dict) for value in document.values()):
            document = [{"id": key, **value} for key, value in document.items()]
        elif len(document) > 1 and not {*TEXT, *PATH}.intersection(document) and _are_strings(document.values()):
            document = [{"id": key, "text": value} for key, value in document.items()]
        else:
            document = [document]
    for number, record in enumerate(document if isinstance(document, list) else [document], 1):
        if not isinstance(record, dict):
            yield malformed(path.name, number, "is no JSON object")
        elif is_task(record):
            yield from task_records(path.name, number, record)
        else:
            yield number, record


def _of_lists(document: dict[str, list[Any]]) -> list[Any]:
    """Return the records of lists side by side: parts such as train and test, or columns of one length."""
    if all(isinstance(item, dict) for part in document.values() for item in part):
        return [item for part in document.values() for item in part]
    if len({len(column) for column in document.values()}) > 1:
        return []
    return [dict(zip(document, cells, strict=True)) for cells in zip(*document.values(), strict=True)]


def _are_strings(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _is_whole(line: str) -> bool:
    """Whether a line is a JSON object by itself, as in JSON Lines."""
    try:
        return isinstance(parse_json(line), dict)
    except ValueError:
        return not line.lstrip().startswith(("[", "{"))


def record_rows(path: Path) -> tuple[list[str], list[TableRow | Finding]]:
    """Return the titles of a JSON table, and its rows; a text that is no string is a problem of its row."""
    titles: dict[str, None] = {}
    records: list[tuple[int, dict[str, Any]] | Finding] = []
    for item in json_records(path):
        if isinstance(item, Finding):
            records.append(item)
        else:
            flat = _flat(item[1])
            records.append((item[0], flat))
            titles |= dict.fromkeys(flat)
    rows: list[TableRow | Finding] = []
    for item in records:
        if isinstance(item, Finding):
            rows.append(item)
            continue
        number, record = item
        wrong = [key for key in record if key in TEXT and not isinstance(record[key], str)]
        key = next((key for key in TEXT if key in record), "")
        problem = f"{key} is {_KINDS.get(type(record[key]), 'no text')}, not a string" if key in wrong else ""
        if not key and any(name in titles for name in TEXT):
            problem = "has no text"
        paths = [name for name in (*PATH, "id") if name in titles]
        if not problem and paths and not any(isinstance(record.get(name), str | dict) for name in paths):
            problem = f"has no {paths[0]}"
        rows.append(TableRow(number, ["" if title in wrong else _cell(record.get(title)) for title in titles], problem))
    return list(titles), rows


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with the fields of its objects beside its own, where it has no text or no path by itself."""
    if not record.keys().isdisjoint(TEXT) and not record.keys().isdisjoint((*PATH, "id")):
        return record
    inner = {key: value for key, value in record.items() if isinstance(value, dict) and "path" not in value}
    own = {key: value for key, value in record.items() if key not in inner}
    return own | {f"{key}.{name}": value for key, fields in inner.items() for name, value in fields.items()}


def _cell(value: Any) -> str:
    if isinstance(value, dict):  # the audio of a data set: its bytes are elsewhere, or its path
        value = value.get("path")
    if value is None or isinstance(value, list):
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def markdown_rows(path: Path) -> tuple[list[str], list[TableRow | Finding]]:
    """Return the titles of the longest table of a Markdown file, and its rows: lines with bars under one of dashes.

    Tables with the same titles are one.
    """
    tables: dict[tuple[str, ...], list[TableRow | Finding]] = {}
    rows: list[TableRow | Finding] | None = None
    before = ""
    for item in raw_lines(path):
        number, line = (0, "") if isinstance(item, Finding) else (item[0], item[1].strip())
        titles = tuple(_between_bars(before))
        if "|" in line and _DASHES.fullmatch(line) and len(titles) == len(_between_bars(line)):
            rows = tables.setdefault(titles, [])
        elif "|" not in line:
            rows = None
        elif rows is not None:
            rows.append(TableRow(number, _between_bars(line)))
        before = line
    titles, longest = max(tables.items(), key=lambda item: len(item[1]), default=((), []))
    return list(titles), longest


def _between_bars(line: str) -> list[str]:
    """Return the cells of a line, without the marks of code, of a link and of a bar in a text."""
    inner = line.removeprefix("|")
    cells = _BAR.split(inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner)
    cells = [cell.strip().replace("\\|", "|") for cell in cells]
    cells = [link[1] if (link := _LINK.fullmatch(cell)) else cell for cell in cells]
    return [cell[1:-1] if cell[:1] == cell[-1:] == "`" and len(cell) > 2 else cell for cell in cells]


def sheet_rows(path: Path) -> list[TableRow | Finding]:
    """Return the rows of a spreadsheet: of its first sheet that has any, and of the others that have its columns.

    A title line that comes again on a later sheet is left out; a sheet with other columns is a note.

    Raises
    ------
    MissingExtraError
        If the extra is not installed.
    CorpusError
        If it is no spreadsheet, or empty.
    """
    try:
        from openpyxl import load_workbook  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        raise MissingExtraError(
            f"{path} is a spreadsheet, which takes the extra xlsx: pip install 'ttsprep[xlsx]', or save it as CSV"
        ) from None
    try:
        with open_regular(path) as file:
            book = load_workbook(file, read_only=True, data_only=True)
            sheets = {sheet.title: _sheet(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}
    except Exception as error:  # a damaged archive or document fails in a hundred ways
        raise CorpusError(f"{path} cannot be read as a spreadsheet: {error}") from None
    rows: list[TableRow | Finding] = []
    first: list[str] = []
    for title, cells in sheets.items():
        if cells and rows and len(cells[0].cells) != len(first):
            what = f"{path.name}: the sheet {title!r} has other columns than the first and is left aside"
            rows.append(Finding("", "metadata-malformed", Severity.NOTE, what))
            continue
        first = first or (cells[0].cells if cells else [])
        rows += cells[1:] if rows and cells[:1] and cells[0].cells == first else cells
    if not rows:
        raise CorpusError(f"{path} is empty")
    return rows


def _sheet(lines: Iterable[Sequence[Any]]) -> list[TableRow]:
    """Return the rows of a sheet that are not empty, without the empty columns after the last one."""
    rows = [TableRow(number, [_plain(cell) for cell in line]) for number, line in enumerate(lines, 1)]
    rows = [row for row in rows if any(row.cells)]
    width = max((n for row in rows for n, cell in enumerate(row.cells, 1) if cell), default=0)
    return [TableRow(row.line, [*row.cells, *[""] * width][:width]) for row in rows]


def _plain(cell: Any) -> str:
    """Return a cell as it is shown: a whole number without the point that spreadsheets give it."""
    if cell is None:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
