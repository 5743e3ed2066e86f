"""Parsing a table of any form: which delimiter, which quotes, whether a title line; then its rows."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path

from ttsprep.core.types import Finding
from ttsprep.corpora.metadata import TableRow, holds, lines, raw_lines, without_end
from ttsprep.corpora.tables.match import AudioIndex, names_audio

_COLUMNS = 1000
"""Columns that are looked at for the names of audio files: a text of commas has no end of them."""
_SIGNS = (" - ", " – ", " — ", " = ", " -> ", " => ", " → ", "=")
DELIMITERS = ("|", "\t", ",", ";", "~", "^", "\x01", "\x1f", ":", *_SIGNS, "  ", " ")
_PROSE = (",", ";", ":", *_SIGNS, " ", "  ")
"""Delimiters that a text may hold as well. After a colon or blanks the last column takes the rest of the line, and
the name comes first."""
_QUOTABLE = (",", ";")
"""Delimiters of which files are quoted by RFC 4180; others are, where every cell of a column is in quotes."""
_SAMPLE = 200
_SPAN = 20
"""Lines that a quoted cell may take; one that takes more was never closed."""
_ARCTIC = re.compile(r'\(\s*(\S+)\s+"(.*)"\s*\)\s*\Z')


@dataclass(frozen=True, slots=True)
class Dialect:
    r"""How the lines of a table are cut into cells.

    Attributes
    ----------
    delimiter
        Between cells; ``()`` for the Lisp lines of CMU Arctic, ``(id)`` for ``<s> text </s> (id)`` of CMU Sphinx.
    quote
        Around cells, or "".
    escape
        Whether a quote in a quoted cell is written ``\"`` instead of doubled.
    columns
        Cells of a line, or 0 for what most have. A line with more has the delimiter in its text: after a colon or
        blank the last cell takes the rest, with commas and semicolons the text does.
    strip
        Whether blanks stand around the delimiters.
    paired
        Whether every second line, which begins with the delimiter, goes on with the line before it.
    """

    delimiter: str
    quote: str = ""
    escape: bool = False
    columns: int = 0
    strip: bool = False
    paired: bool = False

    def describe(self) -> str:
        """Return the delimiter in words."""
        names = {
            "\t": "tab",
            "|": "|",
            " ": "blank",
            "  ": "blanks",
            "()": '( id "text" )',
            "(id)": "text (id)",
            "\x01": "^A",
            "\x1f": "^_",
        }
        return names.get(self.delimiter, self.delimiter)


def find_dialect(path: Path, index: AudioIndex, folder: str) -> Dialect | None:
    """Tell how a table is written, by which way of cutting it names audio in one column.

    Parameters
    ----------
    path
        The table.
    index
        The audio of the corpus.
    folder
        Of the table, relative to the root, as for `AudioIndex.exact`.

    Returns
    -------
    Dialect or None
        None if no way of cutting gives rows of two cells or more with names in one column.

    Raises
    ------
    CorpusError
        If the file cannot be read, or is not text.
    """
    sample = [item[1] for item in islice(lines(path), _SAMPLE) if not isinstance(item, Finding)]
    if not sample:
        return None
    if sum(map(bool, map(_ARCTIC.match, sample))) > 0.8 * len(sample):
        return Dialect("()")
    ids = [cells[0] for line in sample if len(cells := _sphinx(line)) > 1]
    there = sum(index.likely(name, folder) is not None for name in ids)
    if (len(ids) if _file_ids(path) else there) > 0.8 * len(sample):
        return Dialect("(id)")
    best: tuple[tuple[float, ...], Dialect] | None = None
    for place, delimiter in enumerate(DELIMITERS):
        if sum(delimiter in line for line in sample) < 0.5 * len(sample):
            continue
        for dialect in _ways(delimiter, sample):
            score = _score(dialect, sample, index, folder)
            if score is not None and (best is None or (*score, -place) > best[0]):
                best = (*score, -place), dialect
    if best is None:
        return None
    bare = not (best[1].quote or best[1].columns) and len(best[1].delimiter) == 1
    return replace(best[1], quote='"') if bare and _is_as_csv_writes(path, best[1]) else best[1]


def _is_as_csv_writes(path: Path, dialect: Dialect) -> bool:
    """Whether Python's `csv` writes every line with a quote just so: in no other table are all quotes doubled."""
    if not holds(path, b'"'):
        return False
    quoted = False
    for item in lines(path):
        if isinstance(item, Finding) or '"' not in item[1]:
            continue
        cells = _split_quoted(item[1], replace(dialect, quote='"'))
        line = io.StringIO()
        csv.writer(line, delimiter=dialect.delimiter, lineterminator="").writerow(cells)
        if not isinstance(cells, list) or line.getvalue() != item[1]:
            return False
        quoted = True
    return quoted


def _ways(delimiter: str, sample: Sequence[str]) -> Iterator[Dialect]:
    continued = sum(line.startswith(delimiter) for line in sample)
    paired = not delimiter.startswith(" ") and 0.4 * len(sample) < continued < 0.6 * len(sample)
    strip = (
        not delimiter.isspace()
        and all(f" {delimiter}" in line or f"{delimiter} " in line for line in sample if delimiter in line)
        and delimiter not in _PROSE
    )
    if delimiter in _QUOTABLE:
        yield Dialect(delimiter, '"', escape=_escapes(delimiter, sample), paired=paired)
    quote = _whole_quotes(delimiter, sample)
    if quote and (delimiter not in _QUOTABLE or quote != '"'):
        yield Dialect(delimiter, quote, paired=paired)
        return
    counts = Counter(line.count(delimiter) + 1 for line in sample)
    usual, often = counts.most_common(1)[0]
    if delimiter in _PROSE and delimiter not in _QUOTABLE:
        least = min(counts)
        yield Dialect(delimiter, columns=2, strip=delimiter == ":" and all(": " in line for line in sample))
        if least > 2:
            yield Dialect(delimiter, columns=least)
    elif delimiter not in _QUOTABLE:
        doubled = all(f"{delimiter}{delimiter}" in line for line in sample)
        if doubled and delimiter == "|" and usual == 3:
            yield Dialect("||", strip=strip)
        else:
            yield Dialect(delimiter, strip=strip, paired=paired)
    elif often < 0.9 * len(sample) and '"' not in "".join(sample):
        yield Dialect(delimiter, columns=max(2, sorted(counts.elements())[len(sample) // 20]))


def _escapes(delimiter: str, sample: Sequence[str]) -> bool:
    return any('\\"' in line for line in sample) and not any(
        '""' in line.replace(f'{delimiter}""', "") for line in sample
    )


def _whole_quotes(delimiter: str, sample: Sequence[str]) -> str:
    """Return the quote that every cell of one column is in, where the table is long enough to tell."""
    rows = [line.split(delimiter) for line in sample]
    usual = Counter(map(len, rows)).most_common(1)[0][0]
    rows = [row for row in rows if len(row) == usual][1:] if len(rows) > 3 else []
    for quote in "\"'":
        for column in zip(*rows, strict=True):
            cells = [cell.strip() for cell in column if cell.strip()]
            if len(cells) > 2 and all(len(c) > 1 and c[0] == quote == c[-1] for c in cells):
                return quote
    return ""


def _score(
    dialect: Dialect, sample: Sequence[str], index: AudioIndex, folder: str
) -> tuple[float, float, float] | None:
    """Rate a way of cutting: by the column that names audio there, that is written so, and by equal rows."""
    rows = [row.cells for row in _paired_rows(iter(enumerate(sample, 1)), dialect) if isinstance(row, TableRow)]
    counts = Counter(map(len, rows))
    usual = dialect.columns or counts.most_common(1)[0][0]
    if usual < 2:
        return None
    rows = rows[1:] if len(rows) > 2 else rows  # the first may be a title line
    fitting = [row for row in rows if len(row) == usual]
    if not fitting:
        return None
    often = sum(number for length, number in counts.items() if length == usual or (dialect.columns and length > usual))
    there = named = 0.0
    first_only = dialect.delimiter in _PROSE and dialect.delimiter not in _QUOTABLE
    for column in [*zip(*fitting, strict=True)][: 1 if first_only else _COLUMNS]:
        there = max(there, sum(index.likely(cell, folder) is not None for cell in column) / len(column))
        named = max(named, sum(map(names_audio, column)) / len(column))
    share = 1.0 if dialect.columns else len(fitting) / len(rows)
    return round(there * share, 1), round(named * share, 1), round(often / len(rows), 2)


def read_rows(path: Path, dialect: Dialect) -> Iterator[TableRow | Finding]:
    """Yield the rows of a table; blank lines are left out.

    A quote that was never closed costs its own line, not the rows after it: a quoted cell that goes on over
    lines which are rows themselves was not meant to be one. Such a line is given as it is, with its quotes.
    """
    if dialect.quote:
        yield from _paired(quoted_rows(path, dialect), dialect)
    else:
        rows = _paired_rows(lines(path), dialect)
        yield from _with_folders(rows, _file_ids(path)) if dialect.delimiter == "(id)" else rows


def _paired_rows(source: Iterator[tuple[int, str] | Finding], dialect: Dialect) -> Iterator[TableRow | Finding]:
    """Cut numbered lines into rows."""
    yield from _paired(_cut(source, dialect), dialect)


def _cut(source: Iterator[tuple[int, str] | Finding], dialect: Dialect) -> Iterator[TableRow | Finding]:
    delimiter, most = dialect.delimiter, dialect.columns - 1 if dialect.delimiter not in _QUOTABLE else -1
    plain = not (dialect.quote or dialect.strip or delimiter in {"()", "(id)", "  "})
    for item in source:
        if isinstance(item, Finding):
            yield item
            continue
        number, line = item
        if plain:
            yield TableRow(number, line.split(delimiter, most))
        elif dialect.quote:
            cells = _split_quoted(line, dialect)
            yield TableRow(number, cells if isinstance(cells, list) else line.split(delimiter))
        elif delimiter == "()":
            match = _ARCTIC.match(line)
            yield TableRow(number, [match[1], match[2].replace('\\"', '"')] if match else [line])
        elif delimiter == "(id)":
            yield TableRow(number, _sphinx(line))
        elif delimiter == "  ":
            yield TableRow(number, re.split(r" {2,}", line.strip(), maxsplit=max(most, 0)))
        else:
            yield TableRow(number, [cell.strip() for cell in line.split(delimiter, most)])


def _with_folders(rows: Iterator[TableRow | Finding], paths: Sequence[str]) -> Iterator[TableRow | Finding]:
    """Put the folders of a list of files before the ids of CMU Sphinx, which speakers may share, in their order."""
    table = list(rows)
    ids = [row.cells[0] for row in table if isinstance(row, TableRow)]
    named = iter(paths if ids == [path.rpartition("/")[2] for path in paths] else ids)
    for item in table:
        yield item if isinstance(item, Finding) else item._replace(cells=[next(named), *item.cells[1:]])


def _file_ids(path: Path) -> list[str]:
    """Return the lines of ``NAME.fileids`` beside ``NAME.transcription``."""
    beside = path.with_suffix(".fileids")
    return [item[1].strip() for item in lines(beside) if not isinstance(item, Finding)] if beside.is_file() else []


def _sphinx(line: str) -> list[str]:
    """Return id and text of a line ``<s> text </s> (id)``, or the line as its one cell."""
    text, _, name = line.rstrip().rpartition("(")
    if not name.endswith(")") or " " in name:
        return [line]
    return [name[:-1], text.strip().removeprefix("<s>").removesuffix("</s>").strip()]


def _paired(rows: Iterator[TableRow | Finding], dialect: Dialect) -> Iterator[TableRow | Finding]:
    if not dialect.paired:
        yield from rows
        return
    before: TableRow | None = None
    for row in rows:
        if isinstance(row, Finding):
            yield row
        elif before is not None and not row.cells[0].strip():
            yield TableRow(before.line, before.cells + row.cells[1:], before.problem or row.problem)
            before = None
        else:
            if before is not None:
                yield before
            before = row
    if before is not None:
        yield before


@cache
def _patterns(delimiter: str, quote: str, escape: bool) -> tuple[re.Pattern[str], re.Pattern[str]]:
    d, q = re.escape(delimiter), re.escape(quote)
    inner = rf"[^{q}\\]*+(?:\\.[^{q}\\]*+)*+" if escape else rf"[^{q}]*+(?:{q}{q}[^{q}]*+)*+"
    return re.compile(rf"{q}({inner}){q}(?={d}|\Z)", re.S), re.compile(rf"{q}{inner}\Z", re.S)


def _split_quoted(text: str, dialect: Dialect) -> list[str] | str:
    """Return the cells of a record by RFC 4180, or what is wrong with it: ``open`` or ``stray``."""
    delimiter, quote = dialect.delimiter, dialect.quote
    if quote not in text:
        return text.split(delimiter)
    whole, unclosed = _patterns(delimiter, quote, dialect.escape)
    cells, position = [], 0
    while True:
        if text.startswith(quote, position):
            match = whole.match(text, position)
            if match is None:
                return "open" if unclosed.match(text, position) else "stray"
            cell = match[1]
            cells.append(
                re.sub(r"\\(.)", r"\1", cell, flags=re.S) if dialect.escape else cell.replace(quote * 2, quote)
            )
            position = match.end()
        else:
            end = text.find(delimiter, position)
            end = len(text) if end < 0 else end
            cells.append(text[position:end])
            position = end
        if position == len(text):
            return cells
        position += len(delimiter)


COMMAS = Dialect(",", '"')


def quoted_rows(path: Path, dialect: Dialect = COMMAS) -> Iterator[TableRow | Finding]:
    """Yield the rows of a table with quoted cells, such as one with commas."""
    columns = 0
    source = raw_lines(path)
    ahead: list[tuple[int, str]] = []
    while True:
        item = ahead.pop(0) if ahead else next(source, None)
        if item is None:
            return
        if isinstance(item, Finding):
            yield item
            continue
        number, first = item
        if not first.strip():
            continue
        first = without_end(first)
        cells = _split_quoted(first, dialect)
        if cells == "open":
            for following in islice(source, _SPAN - len(ahead)):
                if isinstance(following, Finding):
                    yield following
                else:
                    ahead.append(following)
            cells = _join(item[1], ahead, columns, dialect)
        if isinstance(cells, list):
            columns = columns or len(cells)
            yield TableRow(number, cells)
        else:
            what = "has a quote that is never closed" if cells == "open" else "has text after a closing quote"
            yield TableRow(number, first.split(dialect.delimiter), f"{what}; it was read as it is")


def _join(first: str, ahead: list[tuple[int, str]], columns: int, dialect: Dialect) -> list[str] | str:
    """Close an open quoted cell with the lines ahead, taking from them what belongs to it."""
    text = first
    for count, (_, line) in enumerate(ahead, start=1):
        alone = _split_quoted(without_end(line), dialect)
        row = alone if isinstance(alone, list) else without_end(line).split(dialect.delimiter)
        if len(row) == columns and any(map(names_audio, row)):
            return "open"
        text += line
        cells = _split_quoted(without_end(text), dialect)
        if cells != "open":
            del ahead[:count]
            return cells
    return "open"
