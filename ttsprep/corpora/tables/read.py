"""Reading a table: its rows as clips, with what was decided about it."""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip, Finding, Severity
from ttsprep.corpora.audio_files import stem
from ttsprep.corpora.metadata import TableRow, checked
from ttsprep.corpora.paths import Relative
from ttsprep.corpora.tables.columns import Columns, find_columns
from ttsprep.corpora.tables.evidence import language_tag, may_be_text
from ttsprep.corpora.tables.match import AudioIndex, Matches, names_audio
from ttsprep.corpora.tables.names import ID, PATH, ROLES, TEXT, without_unit
from ttsprep.corpora.tables.pieces import piece_of, with_units
from ttsprep.corpora.tables.records import JSON, MARKDOWN, XLSX, markdown_rows, record_rows, sheet_rows
from ttsprep.corpora.tables.rows import find_dialect, read_rows
from ttsprep.corpora.tables.sample import Sample, refuse
from ttsprep.corpora.tables.text_choice import MARKS
from ttsprep.text.scripts import OWN_TAGS

_NUMBER = re.compile(r"[0-9]{1,9}\Z")
_UNDECODED = re.compile("[\udc80-\udcff]")
"""A byte of a file that is not UTF-8."""
_COMMENTS = ("#", "//", ";")
_SAMPLED = 1000
"""Rows from all over a table that its columns are found by."""
NAMED = ("metadata", "transcript", "transcripts", "line_index")
"""Names of tables that are read even where none of the audio they name is there."""


@dataclass
class Table:
    """A table, cut into rows, whose columns are not known yet.

    Attributes
    ----------
    path
        The file.
    name
        Relative to the folder of the corpus.
    folder
        Of the table, relative to the root of the audio; "" or with a slash at its end.
    rows
        All of its rows in order, without the title line, and findings about its lines.
    title
        The title line, or an empty list.
    form
        How it is written, for the terminal: ``|``, ``tab``, ``JSON``.
    joint
        What stands between cells, for a row that is put together again.
    cells
        Cells of a row where longer ones are no fault: they have the delimiter in their text; else 0.
    left_out
        Which lines are comments and no rows, for the terminal; "" for none.
    """

    path: Path
    name: str
    folder: str
    rows: list[TableRow | Finding]
    title: list[str]
    form: str
    joint: str
    cells: int = 0
    left_out: str = ""

    def sample(self, index: AudioIndex) -> Sample:
        """Return rows from all over the table."""
        usual = [row for row in self.rows[:: max(1, len(self.rows) // _SAMPLED)] if isinstance(row, TableRow)]
        return Sample(self.name, self.path, [row.cells for row in usual], self.title, index, self.folder, self.cells)


def open_table(path: Path, name: str, folder: str, index: AudioIndex) -> Table | None:
    """Cut a file into rows; None if no way of cutting makes a table of it.

    Raises
    ------
    CorpusError
        If the file cannot be read, or is not text.
    """
    low = path.name.lower()
    if low.endswith(JSON):
        title, rows = record_rows(path)
        return Table(path, name, folder, rows, title, "JSON", " ") if title else None
    if low.endswith(MARKDOWN):
        title, rows = markdown_rows(path)
        return Table(path, name, folder, rows, title, "Markdown", " ") if rows else None
    if low.endswith(XLSX):
        return _titled(Table(path, name, folder, sheet_rows(path), [], "XLSX", " "), index)
    dialect = find_dialect(path, index, folder)
    if dialect is None:
        return None
    joint = " " if dialect.delimiter == "()" else dialect.delimiter
    rows = list(read_rows(path, dialect))
    table = Table(path, name, folder, rows, [], dialect.describe(), joint, dialect.columns)
    _leave_comments_out(table, index)
    return _titled(table, index)


def _leave_comments_out(table: Table, index: AudioIndex) -> None:
    """Leave out rows that begin with the sign of a comment where few do; one that names the columns loses its sign."""
    marked = [row for row in table.rows if isinstance(row, TableRow) and row.cells[0].startswith(_COMMENTS)]
    if not marked:
        return
    rows = [row for row in table.rows if isinstance(row, TableRow)]
    named = any(index.exact(cell, table.folder) for row in marked for cell in row.cells)
    if 2 * len(marked) >= len(rows) or named:
        return
    lines = {row.line for row in marked}
    others = [row for row in rows if row.line not in lines]
    sample = [row.cells for row in others[:_SAMPLED]]
    table.rows = [row for row in table.rows if isinstance(row, Finding) or row.line not in lines]
    for row in marked:
        bare = [row.cells[0].lstrip("#/; "), *row.cells[1:]]
        if row.line < others[0].line and _is_title(bare, sample, index, table.folder):
            table.rows.insert(0, TableRow(row.line, bare))
            marked.remove(row)
            break
    if marked:
        such, number = table.joint.join(marked[0].cells)[:60], len(marked)
        table.left_out = f"{table.name}: {number:,} comment{'s' if number > 1 else ''} left out, such as {such!r}"


def _titled(table: Table, index: AudioIndex) -> Table:
    """Take the first row for a title line where it is one."""
    place = next((i for i, item in enumerate(table.rows) if isinstance(item, TableRow)), None)
    if place is None:
        return table
    first = table.rows[place]
    if isinstance(first, TableRow) and first.cells[0].strip("\ufeff").lower().startswith("sep="):  # for Excel alone
        del table.rows[place]
        return _titled(table, index)
    others = [row.cells for row in table.rows[place + 1 : place + 200] if isinstance(row, TableRow)]
    if isinstance(first, TableRow) and _is_title(first.cells, others, index, table.folder):
        table.title = [cell.strip() for cell in first.cells]
        last, again = first.cells[-1], first.cells[0].lstrip("\ufeff")  # of tables that were put one behind the other
        table.rows = [
            row
            for row in table.rows
            if isinstance(row, Finding) or row.cells[-1] != last or row.cells[0].lstrip("\ufeff") != again
        ]
    return table


def _is_title(first: Sequence[str], others: Sequence[Sequence[str]], index: AudioIndex, folder: str) -> bool:
    if len(first) < 2 or any(index.likely(cell, folder) or names_audio(cell) for cell in first):
        return False
    names = [without_unit(cell) for cell in first]
    if any(n in PATH + ID for n in names) and any(n in TEXT for n in names):
        return True
    known = [name for names_of in ROLES.values() for name in names_of]
    if sum(name in known for name in names) > len(names) / 2 and names[0] in PATH + ID + TEXT:
        return True
    there = [row for row in others if any(index.likely(cell, folder) for cell in row)]
    if len(there) < max(1, 0.5 * len(others)) or len(set(names)) < len(names):
        return False
    titles = all(len(name) <= 24 and re.sub("[_#./()]", "", name).isalpha() for name in names)
    return titles and (any(name in known for name in names) or _is_like_no_other(first, there, index, folder))


def _is_like_no_other(first: Sequence[str], others: Sequence[Sequence[str]], index: AudioIndex, folder: str) -> bool:
    """Whether a line of words in any language stands over a column of names that have digits, and longer texts."""
    usual = [row for row in others if len(row) == len(first)]
    if len(usual) < 3:
        return False
    columns = list(zip(*usual, strict=True))
    named = max(
        range(len(first)), key=lambda place: sum(index.likely(cell, folder) is not None for cell in columns[place])
    )
    digits = sum(any(map(str.isdigit, cell)) for cell in columns[named]) >= 0.9 * len(usual)
    words = max(len(cell.split()) for cell in first)
    longer = any(sum(" " in cell.strip() for cell in column) >= 0.8 * len(usual) for column in columns)
    return digits and longer and words <= (3 if len(first) > 2 else 1)


def is_candidate(table: Table, index: AudioIndex) -> bool:
    """Whether a file that lies in a corpus is a table about its audio, and not about something else."""
    sample = table.sample(index)
    if not sample.rows:
        return False
    if sample.named("path") is not None and sample.named("text") is not None:
        return True
    known = table.path.name.lower().split(".")[0] in NAMED and len(sample.rows) > 1
    undecoded = sum(any(_UNDECODED.search(cell) for cell in row) for row in sample.rows)
    if 2 * undecoded > len(sample.rows) and any(sample.matched(place) >= 0.5 for place in range(sample.count)):
        raise CorpusError(f"{table.path} is not UTF-8, and its encoding cannot be told for certain: save it as UTF-8")
    if not known and not any(map(may_be_text, sample.evidence)):
        return False
    shares = [sample.matched(place) for place in range(sample.count)]
    if max(shares, default=0.0) >= 0.5 or _in_folders_of_speakers(sample):
        return True
    named = max(range(sample.count), key=lambda place: sample.evidence[place].named)
    if sample.evidence[named].named >= 0.5 and not sample.is_prose(named):
        return True
    return max(shares, default=0.0) * len(sample.rows) >= 3 or known or len(sample.numbered) == 1


def _in_folders_of_speakers(sample: Sample) -> bool:
    """Whether ids are names of files in the folders of the speakers that stand beside them, by the title line."""
    name, speaker = sample.named("id"), sample.named("speaker")
    if name is None or speaker is None:
        return False
    longer = [
        f"{whose.strip()}/{one.strip()}"
        for whose, one in zip(*(sample.columns[p] for p in (speaker, name)), strict=True)
    ]
    return all(sample.index.exact(path, sample.folder) for path in longer)


def decide(table: Table, index: AudioIndex, given: Sequence[str], language: str) -> Columns:
    """Find the columns of a table; see `find_columns`."""
    sample = table.sample(index)
    if not sample.rows:
        raise CorpusError(f"{table.path} names no clip: it has no line beside its title line")
    if sample.count < 2 and not given:
        raise refuse(sample, "it has one column")
    return with_units(sample, find_columns(sample, given, language), given=bool(given))


def table_clips(table: Table, columns: Columns, index: AudioIndex, *, prefix: bool) -> Iterator[Clip | Finding]:
    """Yield the clips of a table, and a finding for each line that is no clip.

    Parameters
    ----------
    table
        As `open_table` returns it.
    columns
        As `decide` returns them.
    index
        The audio of the corpus.
    prefix
        Whether ids that are no paths get the folder of the table before them, as those of several tables may be
        the same.
    """
    rows_of_cells = [row.cells for row in table.rows if isinstance(row, TableRow)]
    count, joint = columns.count, table.joint
    fitted = [cells if len(cells) == count else _fitted(cells, columns, joint) for cells in rows_of_cells]
    names = [cells[columns.path] for cells in fitted]
    matches = index.match(names, table.folder)
    if columns.speaker is not None and not any(matches.paths):  # the name is only one in the folder of the speaker
        longer = [f"{cells[columns.speaker].strip()}/{name.strip()}" for name, cells in zip(names, fitted, strict=True)]
        inner = index.match(longer, table.folder)
        names, matches = (longer, inner) if all(inner.paths) else (names, matches)
    yield from _note(table, columns, names, matches, index)
    place_of_missing = _usual_place(table.folder, names, matches)
    relative = Relative(index.root)
    whose = "the title line has" if table.title else "most lines have"
    rows = zip(fitted, names, matches.paths, strict=True)
    for row in table.rows:
        if isinstance(row, Finding):
            yield row
            continue
        cells, name, file = next(rows)
        problem, surplus = row.problem, len(row.cells) - columns.count
        if surplus and not (surplus > 0 and table.cells and file and columns.alone):
            problem = problem or wrong_count(row.cells, columns.count, whose)
        name = name.strip()
        path = file or _missing(name, table.folder, place_of_missing, relative, index)
        text = cells[columns.text] if columns.text is not None else ""
        if table.title and not text:  # a record that lacks this form of the text
            text = next(filter(None, (cells[other] for other in columns.alike)), "")
        if columns.marks:
            text = MARKS[columns.marks].sub("", text)
        language = _tag(cells[columns.language]) if columns.language is not None else ""
        speaker = cells[columns.speaker] if columns.speaker is not None else ""
        start, end, wrong = piece_of(columns, cells) if columns.start is not None else (0.0, None, "")
        own = cells[columns.id] if columns.id is not None else ""
        if not own:
            own = _own(name, path, table.folder if prefix else "")
            own = f"{own}-{round(start * 1000):07d}" if start else own
        clip = Clip(own, path if name else "", text, speaker, language, start, end)
        if file and name and own and not (problem or wrong) and f"{text}{speaker}{language}".isascii():
            yield clip  # most are: nothing is wrong with them
        else:
            yield from checked(table.name, row.line, clip, problem or wrong)


def _tag(language: str) -> str:
    """Return a language tag of a list of a trainer as one of BCP 47, and any other as it is."""
    return language_tag(language) if language.strip().lower() in OWN_TAGS else language


def wrong_count(cells: Sequence[str], columns: int, whose: str) -> str:
    """Return that a row has not as many cells as `whose` have, or "" if it has."""
    if len(cells) == columns:
        return ""
    return f"has {len(cells)} column{'s' if len(cells) > 1 else ''} where {whose} {columns}"


def _fitted(cells: list[str], columns: Columns, joint: str) -> list[str]:
    """Return a row with as many cells as the others, or more; nothing of its text is dropped."""
    count, text = columns.count, columns.text
    more = len(cells) - count
    if more == 0 or (more > 0 and text is None):
        return cells
    if more > 0 and text is not None:
        if any(place != text for place in columns.alike) and columns.path == 0:  # whose the surplus is cannot be told
            return [cells[0], *[""] * (text - 1), joint.join(cells[1:]), *[""] * (count - text - 1)]
        return [*cells[:text], joint.join(cells[text : text + more + 1]), *cells[text + more + 1 :]]
    if text == count - 1 and len(cells) > 1 and columns.path == 0:
        return [*cells[:-1], *[""] * -more, cells[-1]]
    return [*cells, *[""] * -more]


def _own(name: str, path: str, prefix: str) -> str:
    """Return the id of a clip: the name in the table, or the path of its file where that is a path."""
    if "/" in name or ":" in name or ("\\" in name and "\\" not in path):
        return stem(path)
    return prefix + stem(name)


def _missing(name: str, folder: str, place: str, relative: Relative, index: AudioIndex) -> str:
    """Return where a file should be that is not there."""
    if not name:
        return ""
    written = relative(name)
    if written.startswith("/"):
        return written
    whole = written if names_audio(written) else f"{written}.wav"
    if "/" not in written:
        return place + whole
    return index.behind_link(whole, folder) or (posixpath.normpath(folder + whole) if folder else whole)


def _usual_place(folder: str, names: Sequence[str], matches: Matches) -> str:
    """Return the folder that most names without a folder were found in, with a slash at its end."""
    for name, path in zip(names, matches.paths, strict=True):
        if path and "/" not in name and "/" in path:
            return path.rpartition("/")[0] + "/"
    return folder


def matched_notes(name: str, total: int, matches: Matches) -> Iterator[Finding]:
    """Yield a note for each rule by which names were matched that are not those of files.

    Parameters
    ----------
    name
        What holds the names, for the message.
    total
        How many names there are.
    matches
        As `AudioIndex.match` returns them.
    """
    for rule, count in matches.by_rule.items():
        written, path = matches.example[rule]
        yield Finding(
            "",
            "audio-matched",
            Severity.NOTE,
            f"{name}: {count:,} of {total:,} names are not those of files and were matched by {rule}, "
            f"one to one: {written!r} is {path!r}",
        )


def _note(
    table: Table, columns: Columns, names: Sequence[str], matches: Matches, index: AudioIndex
) -> Iterator[Finding]:
    """Yield one finding that explains how names and files meet, where they do not as they are written."""
    missing = sum(path is None for path in matches.paths)
    yield from matched_notes(table.name, len(names), matches)
    if shifted := _shifted(names, matches, index):
        yield Finding("", "audio-missing", Severity.ERROR, f"{table.name}: {shifted}")
    if missing == len(names) and names and index.files:
        yield Finding(
            "",
            "audio-missing",
            Severity.ERROR,
            f"{table.name}: none of the {len(names):,} names in column {columns.path + 1} stands for one of the "
            f"{len(index.files):,} audio files, by path, name, extension or case: {names[0]!r}, and a file is called "
            f"{next(iter(index.files))!r}; give their folder with --audio-root",
        )


def _shifted(names: Sequence[str], matches: Matches, index: AudioIndex) -> str:
    """Return what speaks for texts that are one file off: numbers without a gap that begin one apart, or ""."""
    lost = [name for name, path in zip(names, matches.paths, strict=True) if path is None]
    over = [*index.files.keys() - set(matches.paths)] if len(lost) == 1 else []
    if len(over) != 1:
        return ""
    numbers = [_last_number(name) for name in (*names, over[0])]
    first, last = min(numbers), max(numbers)
    ends = {_last_number(lost[0]), numbers[-1]} == {first, last}
    if first < 0 or not ends or sorted(numbers) != [*range(first, last + 1)]:
        return ""
    return (
        f"its names count from {min(numbers[:-1])}, the files from {first + (numbers[-1] == last)}: {lost[0]!r} is not "
        f"there, and {over[0]!r} is not named, so that all texts may be one file off"
    )


def _last_number(name: str) -> int:
    digits = _NUMBER.search(stem(name.strip()))
    return int(digits[0]) if digits else -1
