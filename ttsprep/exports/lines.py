"""Tables of lines: what a cell can hold, and how they are written."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ttsprep.exports.base import Entry
from ttsprep.files import atomic_file

_SPOKEN = {"normalised": "normalised text"}
_BREAKS = {ord(c): f"\\u{ord(c):04x}" for c in "\x85\u2028\u2029"}


def no_cell(text: str, delimiter: str, what: str = "text") -> str:
    """Return why `text` cannot be a cell of a table without quotes, or "".

    Every character that `str.splitlines` breaks at counts as a line break: a reader that uses it would see
    two lines, and one that opens the file as text does so at a lone carriage return.

    Parameters
    ----------
    text
        The cell.
    delimiter
        Between cells, such as ``|``; "" where only line breaks matter.
    what
        What it is called in the reason.
    """
    if delimiter and delimiter in text:
        return f"the {what} holds {delimiter!r}, which divides the columns"
    first = next(iter(text.splitlines(keepends=True)), "")
    if first.splitlines() in ([], [text]):
        return ""
    return f"the {what} holds a line break ({first[-1]!a})"


def no_row(entry: Entry, fields: Iterable[str], delimiter: str) -> str:
    """Return why one of the `fields` of `entry` cannot be a cell, or ""."""
    reasons = (no_cell(str(getattr(entry, name)), delimiter, _SPOKEN.get(name, name)) for name in fields)
    return next(filter(None, reasons), "")


def json_line(record: Mapping[str, Any]) -> str:
    """Return a JSON object on one line, whatever a reader takes for the end of a line."""
    return json.dumps(record, ensure_ascii=False, allow_nan=False).translate(_BREAKS)


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write `lines` in UTF-8, each with a line feed after it; the file is whole or not there.

    Raises
    ------
    OutputError
        If the disk is full or `path` cannot be written.
    """
    with atomic_file(path) as file:
        for line in lines:
            file.write(f"{line}\n".encode())
