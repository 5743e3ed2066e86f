"""Rows from all over a table, and what its columns show; the refusal of a table that cannot be read for certain."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from ttsprep.core.errors import CorpusError
from ttsprep.corpora.tables.evidence import Evidence, weigh
from ttsprep.corpora.tables.match import AudioIndex
from ttsprep.corpora.tables.names import ROLES, TIMES, plain_name, without_unit

_FEW = 400
"""Rows of the sample that names are looked up for."""
_SHOWN = 60
"""Characters of a cell that a refusal shows."""
_JUDGED = 2000
"""Characters of a cell that a column is judged by."""


@dataclass
class Sample:
    """Rows from all over a table.

    Attributes
    ----------
    name, path
        Of the table, for what was decided, and for errors.
    rows
        The cells of its usual rows, without a title line.
    title
        The title line, or an empty list.
    index, folder
        The audio of the corpus, and where the table lies in it.
    cells
        Cells of a row where that is not what most rows have, or 0.
    """

    name: str
    path: Path
    rows: Sequence[Sequence[str]]
    title: Sequence[str]
    index: AudioIndex
    folder: str = ""
    cells: int = 0

    @cached_property
    def count(self) -> int:
        """Cells of a usual row."""
        return len(self.title) or self.cells or usual_count(self.rows)

    @cached_property
    def columns(self) -> list[list[str]]:
        """The cells by column, of rows as long as most."""
        usual = [row for row in self.rows if len(row) == self.count] or [
            [*row, *[""] * self.count][: self.count] for row in self.rows
        ]
        return [[row[place][:_JUDGED] for row in usual] for place in range(self.count)]

    @cached_property
    def evidence(self) -> list[Evidence]:
        """What each column shows."""
        return [weigh(column) for column in self.columns]

    @cached_property
    def files(self) -> list[list[str | None]]:
        """The files that the cells of each column stand for."""
        return [[self.index.likely(cell, self.folder) for cell in column[:_FEW]] for column in self.columns]

    def matched(self, place: int) -> float:
        """Return the share of a column that stands for files of the corpus."""
        files = self.files[place]
        return sum(file is not None for file in files) / max(1, len(files))

    @cached_property
    def numbered(self) -> list[int]:
        """The columns with numbers of files; see `AudioIndex.numbered`."""
        cells = [[cell.strip() for cell in column[:_FEW]] for column in self.columns]
        return [place for place, column in enumerate(cells) if self.index.numbered(column)]

    def is_prose(self, place: int) -> bool:
        """Whether every cell of a column has blanks, as no column of names has."""
        return all(" " in cell.strip() for cell in self.columns[place])

    def named(self, role: str) -> int | None:
        """Return the column that the title line names so."""
        titles = [without_unit(title) if role in TIMES else plain_name(title) for title in self.title]
        return next((titles.index(name) for name in ROLES[role] if name in titles), None)

    def show(self) -> str:
        """Return three rows, for a refusal."""
        rows = [self.title, *self.rows[:2]] if self.title else self.rows[:3]
        return " / ".join(" | ".join(_cut(cell) for cell in row) for row in rows)


def _cut(cell: str) -> str:
    return cell if len(cell) <= _SHOWN else f"{cell[:_SHOWN]}…"


def usual_count(rows: Sequence[Sequence[str]]) -> int:
    """Return how many cells most rows have."""
    return Counter(map(len, rows)).most_common(1)[0][0] if rows else 0


def refuse(sample: Sample, what: str, known: Mapping[str, int] = MappingProxyType({})) -> CorpusError:
    """Return the error for a table that cannot be read for certain: three rows, and the option that decides.

    Parameters
    ----------
    known
        Columns that are certain, by what they are.
    """
    return CorpusError(
        f"{sample.path}: {what}; its rows begin: {sample.show()}; say what each column is, such as "
        f"--columns {','.join(_guess(sample, known))} "
        "(path, text, speaker, language, id, start, end, duration, or - for none of them), "
        "and see ttsprep inspect for what each column shows"
    )


def _guess(sample: Sample, known: Mapping[str, int]) -> list[str]:
    """Return a line for ``--columns`` that a person only has to put right."""
    roles = ["-"] * sample.count
    best = max(range(sample.count), key=lambda place: (sample.matched(place), sample.evidence[place].named, -place))
    roles[best] = "path"
    others = [place for place in range(sample.count) if place != best]
    if others:
        roles[max(others, key=lambda place: (sample.evidence[place].prose, sample.evidence[place].letters))] = "text"
    for role, place in known.items():
        roles[place] = role
    return roles
