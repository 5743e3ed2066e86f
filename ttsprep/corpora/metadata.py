"""Reading the text files that describe a corpus: every line either kept exactly, or found fault with.

Lines end at a line feed only: U+2028, vertical tabs and lone carriage returns are part of the text. Nothing
is unquoted, stripped, or taken for a number or a missing value.
"""

import gzip
import io
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip, Finding, Severity
from ttsprep.core.untrusted import UntrustedError, open_regular, parse_json
from ttsprep.corpora.encoding import sniff, surely_western

LINE_LIMIT = 1 << 20
"""Characters; a longer line is no transcript, and is skipped without being held in memory."""
_SNIFF = 1 << 16
_ENDLESS_S = 1e9
"""Seconds that no recording has."""
_File: TypeAlias = "io.BufferedReader[Any] | gzip.GzipFile"
_SURROGATE = re.compile("[\ud800-\udfff]")


class TableRow(NamedTuple):
    """A row of a table: its cells as they are in the file.

    Attributes
    ----------
    line
        Number of the line where it begins, from 1.
    problem
        What is wrong with it, or "".
    """

    line: int
    cells: list[str]
    problem: str = ""


def malformed(name: str, line: int, what: str, clip: str = "") -> Finding:
    """Return the finding for a line of the file `name` that is not as it should be."""
    return Finding(clip, "metadata-malformed", Severity.ERROR, f"{name} line {line}: {what}")


def checked(name: str, line: int, clip: Clip, problem: str = "") -> Iterator[Clip | Finding]:
    """Yield `clip` as it was read from a line, preceded by what is wrong with that line."""
    if not clip.path or not clip.id:
        yield malformed(name, line, problem or "names no audio file")
        return
    if "\0" in clip.path:
        yield malformed(name, line, f"the name {clip.path!r} holds a NUL character, which no file name can")
        return
    if problem:
        yield malformed(name, line, problem, clip.id)
    if not clip.text.isascii() and _SURROGATE.search(clip.text):
        yield Finding(
            clip.id,
            "text-encoding",
            Severity.ERROR,
            f"{name} line {line}: the text is not valid UTF-8, and its encoding cannot be told for certain",
        )
        clip = replace(clip, text=_SURROGATE.sub("\ufffd", clip.text))
    if not (clip.speaker + clip.language).isascii():
        clip = replace(clip, speaker=_writable(clip.speaker), language=_writable(clip.language))
    yield clip


def _writable(label: str) -> str:
    return label.encode("utf-8", "backslashreplace").decode()


def lines(path: Path) -> Iterator[tuple[int, str] | Finding]:
    """Yield number and text of each line that is not blank, without its end.

    Bytes that are not UTF-8 are read as Windows-1252 where that is beyond doubt for the whole file, else they
    become surrogate escapes, which still open the files they name; `checked` finds fault with them in a text.

    Raises
    ------
    CorpusError
        If the file cannot be read, is empty, or is not text.
    """
    for item in raw_lines(path):
        if isinstance(item, Finding):
            yield item
        elif item[1] and not item[1].isspace():
            yield item[0], without_end(item[1])


def holds(path: Path, sign: bytes) -> bool:
    """Whether an ASCII character may be in a file, in whatever encoding."""
    try:
        with _open_regular(path) as file:
            return any(sign in block for block in iter(lambda: file.read(_SNIFF), b""))
    except (EOFError, OSError, zlib.error):
        return True  # `lines` says what is wrong with the file


def without_end(line: str) -> str:
    """Return a line without its end."""
    return line.removesuffix("\n").removesuffix("\r")


def raw_lines(path: Path) -> Iterator[tuple[int, str] | Finding]:
    """Yield number and text of each line with its end; see `lines`."""
    try:
        with _open_regular(path) as file:
            encoding = _encoding(path, file)
            yield from _numbered(path, file, encoding)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise CorpusError(f"{path} is a damaged gzip file") from None
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror or error}") from None


@contextmanager
def _open_regular(path: Path) -> Iterator[_File]:
    """Open a regular file, through gzip if it ends in ``.gz``; a FIFO is refused, not waited for."""
    with open_regular(path, _SNIFF) as file:
        if path.suffix == ".gz":
            with gzip.open(file) as unpacked:
                yield unpacked
        else:
            yield file


def _encoding(path: Path, file: _File) -> str:
    """Return the encoding of `file`, and move past its byte-order mark."""
    head = file.peek(_SNIFF)[:_SNIFF]
    encoding, mark = sniff(head)
    if len(head) < _SNIFF and not head[mark:].strip():
        raise CorpusError(f"{path} is empty")
    if not encoding:
        raise CorpusError(f"{path} is not a text file")
    if encoding == "utf-8" and b"\n" not in head and head.count(b"\r") > 1:
        raise CorpusError(f"{path} ends its lines with a lone carriage return; convert it to line feeds")
    file.read(mark)
    return encoding


def _numbered(path: Path, file: _File, encoding: str) -> Iterator[tuple[int, str] | Finding]:
    # In another encoding than UTF-8 a damaged character becomes U+FFFD, which `text-encoding` names.
    number, western, errors = 0, None, "surrogateescape" if encoding == "utf-8" else "replace"
    with io.TextIOWrapper(file, encoding, errors, newline="\n") as text:
        while line := text.readline(LINE_LIMIT + 1):
            number += 1
            if len(line) > LINE_LIMIT and not line.endswith("\n"):
                while line and not line.endswith("\n"):
                    line = text.readline(LINE_LIMIT)
                yield malformed(path.name, number, f"is longer than {LINE_LIMIT:,} characters and was skipped")
                continue
            if encoding == "utf-8" and not line.isascii() and _SURROGATE.search(line):
                if western is None:
                    western = surely_western(_undecodable(path))
                    if western:
                        yield Finding(
                            "",
                            "text-encoding",
                            Severity.NOTE,
                            f"{path.name} line {number} and perhaps more are Latin-1 and were read as such; "
                            "convert the file to UTF-8",
                        )
                line = line.encode("utf-8", "surrogateescape").decode("cp1252") if western else line
            yield number, line


def _undecodable(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file that are not UTF-8."""
    with _open_regular(path) as file:
        while raw := file.readline(LINE_LIMIT):
            try:
                raw.decode()
            except UnicodeDecodeError:
                yield raw


def split_rows(path: Path, separator: str) -> Iterator[TableRow | Finding]:
    """Yield the rows of a table whose cells are never quoted, such as ``id|text`` or a TSV."""
    for item in lines(path):
        yield item if isinstance(item, Finding) else TableRow(item[0], item[1].split(separator))


def json_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]] | Finding]:
    """Yield number and object of each line of a JSON Lines file."""
    for item in lines(path):
        if isinstance(item, Finding):
            yield item
            continue
        try:
            value = parse_json(item[1])
        except UntrustedError as error:
            yield malformed(path.name, item[0], str(error).removeprefix("it "))
            continue
        if isinstance(value, dict):
            yield item[0], value
        else:
            yield malformed(path.name, item[0], "is no JSON object")


def piece(start: object, duration: object) -> tuple[float, float | None]:
    """Return start and end in seconds of a piece; no duration means to the end of the file.

    Raises
    ------
    ValueError
        If they are no numbers, or no place in a file.
    """
    if isinstance(start, bool) or not isinstance(start, int | float) or not 0 <= start < _ENDLESS_S:
        raise ValueError(f"starts at {start!r}, which is no number of seconds")
    if duration is None:
        return float(start), None
    if isinstance(duration, bool) or not isinstance(duration, int | float) or not 0 < duration < _ENDLESS_S:
        raise ValueError(f"lasts {duration!r}, which is no number of seconds above 0")
    return float(start), round(float(start) + float(duration), 9)


def _read(path: Path, most: int) -> bytes:
    """Return at most so many bytes of a file, in memory for as many as it has."""
    if path.suffix == ".gz":
        with _open_regular(path) as file:
            return file.read(most)
    with open_regular(path) as file:
        return file.read(min(most, os.fstat(file.fileno()).st_size or most))


def whole_text(path: Path, most: int) -> str:
    """Return the text of a file without its byte-order mark.

    Raises
    ------
    CorpusError
        If it cannot be read, is not text, or has more than `most` bytes.
    """
    try:
        raw = _read(path, most + 1)
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror or error}") from None
    encoding, mark = sniff(raw[:_SNIFF])
    if not encoding:
        raise CorpusError(f"{path} is not a text file")
    if len(raw) > most:
        raise CorpusError(f"{path} is longer than {most:,} bytes")
    return raw[mark:].decode(encoding, "surrogateescape" if encoding == "utf-8" else "replace")


def transcript(path: Path, name: str, most: int = LINE_LIMIT) -> str:
    """Return the text of a file that holds one transcript, without the line ends after it.

    Parameters
    ----------
    path
        The file.
    name
        How to call it in errors.
    most
        Bytes that it may have.

    Raises
    ------
    CorpusError
        If it cannot be read, is not text, or is longer than that.
    """
    try:
        raw = _read(path, most + 1)
    except OSError as error:
        raise CorpusError(f"{name} cannot be read: {error.strerror or error}") from None
    encoding, mark = sniff(raw)
    if not encoding:
        raise CorpusError(f"{name} is not a text file")
    if len(raw) > most:
        raise CorpusError(f"{name} is longer than {most:,} bytes")
    if encoding != "utf-8":
        return raw[mark:].decode(encoding, "replace").rstrip("\r\n")
    try:
        text = raw[mark:].decode()
    except UnicodeDecodeError:
        text = raw.decode("cp1252") if surely_western([raw]) else raw[mark:].decode("utf-8", "surrogateescape")
    return text.rstrip("\r\n")


def with_transcript(root: Path, clip: Clip, text: str | None) -> Iterator[Clip | Finding]:
    """Yield `clip` with the transcript in the file `text`, preceded by what is wrong with that file."""
    if text is not None:
        try:
            words = transcript(root / text, text)
        except CorpusError as error:
            yield Finding(clip.id, "metadata-malformed", Severity.ERROR, str(error))
        else:
            clip = replace(clip, text=words)
    yield from checked(text or clip.path, 1, clip)
