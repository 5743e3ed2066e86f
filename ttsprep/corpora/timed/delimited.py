"""Tables of pieces beside a recording: start, end and text in the columns of a CSV or TSV, with or without titles."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from ttsprep.corpora.tables.names import ROLES, name_of_column, unit_of_title, without_unit
from ttsprep.corpora.timed.piece import Fault, Piece, PieceOrFault, made
from ttsprep.corpora.timed.times import MILLISECONDS, Span, find_unit, parse_time

_DELIMITERS = "\t,;|"
_FIRST = 1024
"""Characters that a line of titles, or the first row, has at most."""
_WHISPER = "start\tend\ttext"
"""The title line of Whisper, under which times are milliseconds."""
_FEW = 3


@dataclass(frozen=True, slots=True)
class _Form:
    """Delimiter of a table, its title line or "", and the places of its columns."""

    delimiter: str
    title: str
    start: int
    last: int
    text: int
    speaker: int | None = None
    lasts: bool = False


def is_delimited(text: str) -> bool:
    """Whether a text has a title line with start, end and text, or two times and a text between commas in each line."""
    return _form(text) is not None


def delimited_pieces(text: str) -> Iterator[PieceOrFault]:
    """Yield the rows in their order; times are in the unit that the title line names, or that goes with the texts."""
    form = _form(text)
    if form is None:
        return
    rows, faults = _rows(text, form)
    yield from faults
    spoken = [words for *_, words, _ in rows]
    if len(rows) > _FEW and not any(" " in words for words in spoken) and median(e - s for _, s, e, *_ in rows) < 1:
        yield Fault(1, "has the times of single words: an alignment, and no transcript")
        return
    spans = [Span(start, end, len(words)) for _, start, end, words, _ in rows if end > start >= 0]
    titles = form.title.split(form.delimiter)
    seconds = unit_of_title(titles[form.start]) if form.title else 0.0
    if not seconds:
        unit = find_unit(spans)
        seconds = unit.seconds if unit else MILLISECONDS.seconds if form.title.lower() == _WHISPER else 0.0
    if not seconds:
        yield Fault(1, "has times that go with its texts neither as seconds nor as milliseconds: write them in seconds")
        return
    for line, start, end, words, speaker in rows:
        yield made(Piece(line, start * seconds, end * seconds, words, speaker))


def _form(text: str) -> _Form | None:
    first = text[:_FIRST].lstrip("\ufeff\r\n").split("\n", 1)[0].rstrip("\r")
    low = first.lower()
    for delimiter in _DELIMITERS if any(name in low for name in ROLES["start"]) else "":  # most texts are no tables
        titles = [without_unit(title.strip('"')) for title in first.split(delimiter)]
        roles = ("start", "end", "duration", "text", "speaker")
        start, end, lasts, words, speaker = (name_of_column(titles, ROLES[role]) for role in roles)
        last = lasts if end is None or end == start else end
        if start is not None and last is not None and words is not None:
            return _Form(delimiter, first, start, last, words, speaker, lasts=last == lasts)
    if first[:1].isdigit() or first[:1] == '"':
        for delimiter in _DELIMITERS[1:]:
            lines = [line.split(delimiter) for line in text.split("\n") if line.strip()]
            if all(len(cells) > 2 and _times(cells) for cells in lines):
                return _Form(delimiter, "", 0, 1, 2)
    return None


def _times(cells: Sequence[str]) -> bool:
    start, end = (parse_time(cell.strip('"')) for cell in cells[:2])
    return isinstance(start, float) and isinstance(end, float) and start <= end


def _rows(text: str, form: _Form) -> tuple[list[tuple[int, float, float, str, str]], list[Fault]]:
    """Return line, start, end, text and speaker of each row, and what is wrong with the others."""
    lines = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=form.delimiter,
        quoting=csv.QUOTE_MINIMAL if form.delimiter in ",;" else csv.QUOTE_NONE,
        strict=True,
    )
    rows: list[tuple[int, float, float, str, str]] = []
    faults: list[Fault] = []
    counts = set()
    try:
        for number, cells in enumerate(lines):
            if not any(map(str.strip, cells)) or (number == 0 and form.title):
                continue
            counts.add(len(cells))
            if not form.title or form.text == len(form.title.split(form.delimiter)) - 1:
                cells[form.text :] = [form.delimiter.join(cells[form.text :])]
            padded = [*cells, *[""] * 64]
            start, last = parse_time(padded[form.start]), parse_time(padded[form.last])
            words, speaker = padded[form.text].strip(), padded[form.speaker] if form.speaker is not None else ""
            if isinstance(start, float) and isinstance(last, float):
                rows.append((lines.line_num, start, start + last if form.lasts else last, words, speaker.strip()))
            else:
                faults.append(Fault(lines.line_num, f"is no piece with start, end and text: {cells[:4]!r}"[:200]))
    except csv.Error as error:
        faults.append(Fault(lines.line_num, f"is not quoted as CSV is: {error}"))
    if not form.title and len(rows) > 1 and len(counts) == 1 and counts != {3}:
        what = (
            f"has {max(counts)} columns, and no title line that tells which is the text: write start,end,speaker,text"
        )
        return [], [Fault(1, what)]
    return rows, faults
