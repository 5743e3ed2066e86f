"""What a person has decided about single clips: ``decisions.csv``."""

import csv
import io
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ttsprep.core.errors import UsageError, nearest
from ttsprep.core.tables import write_csv
from ttsprep.core.types import Clip
from ttsprep.core.untrusted import UntrustedError, read_text

if TYPE_CHECKING:
    from ttsprep.corpora.corpus import Corpus

DECISIONS = "decisions.csv"
"""Name of the file in the folder of an audit."""
DECISION_COLUMNS = ("id", "decision", "text", "reason", "start", "end", "reviewer")
DECISION_WORDS = {True: "keep", False: "reject", None: ""}
"""How a decision is written."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of a clip.

    Attributes
    ----------
    keep
        True or False overrides what the findings say; None leaves it to them.
    text
        In place of its transcript; None leaves that as it is.
    reason
        Why; goes into ``rejected.csv``.
    start, end
        Seconds into the clip: only what is between is built; None for its own start or end.
    reviewer
        Who decided.
    """

    keep: bool | None = None
    text: str | None = None
    reason: str = ""
    start: float | None = None
    end: float | None = None
    reviewer: str = ""

    def apply(self, clip: Clip) -> Clip:
        """Return the clip with the text, the start and the end that were decided.

        A start beyond the end of the audio is found when the clip is decoded; an end beyond it counts for nothing.

        Raises
        ------
        UsageError
            If nothing is left of the piece of a recording that the clip is.
        """
        first, last = clip.start + (self.start or 0.0), clip.end
        if self.end is not None:
            last = clip.start + self.end if last is None else min(last, clip.start + self.end)
        if last is not None and last <= first:
            raise UsageError(f"the decision for {clip.id!r} starts at {self.start:g} s, but the clip is shorter")
        return replace(clip, text=clip.text if self.text is None else self.text, start=first, end=last)


def read_decisions(path: Path, known: Collection[str] | None) -> dict[str, Decision]:
    """Read a CSV with a header: ``id``, and any of the others of `DECISION_COLUMNS`.

    ``decision`` is ``keep``, ``reject`` or empty; ``start`` and ``end`` are seconds into the clip or empty.

    Parameters
    ----------
    path
        The file, in UTF-8.
    known
        The ids that there are; None takes any id.

    Raises
    ------
    UsageError
        If a line of it makes no sense; names the line.
    """
    try:
        content = read_text(path, 1 << 30)
    except UntrustedError as error:
        raise UsageError(f"{path}: {error}") from None
    except OSError as error:
        raise UsageError(f"cannot read the decisions {path}: {error.strerror}") from None
    reader = csv.DictReader(io.StringIO(content, newline=""), strict=True)
    decisions: dict[str, Decision] = {}
    known = None if known is None else frozenset(known)
    try:
        for name in reader.fieldnames or ():
            if name not in DECISION_COLUMNS:
                raise UsageError(f"{path}: there is no column {name!r}; {nearest(name, DECISION_COLUMNS)}")
            if list(reader.fieldnames or ()).count(name) > 1:
                raise UsageError(f"{path}: the column {name!r} is there twice: remove one")
        if "id" not in (reader.fieldnames or ()):
            raise UsageError(
                f"{path} has no column id: its first line is a header such as {','.join(DECISION_COLUMNS)}"
            )
        for row in reader:
            place = f"{path}, line {reader.line_num}"
            if None in row or None in row.values():
                raise UsageError(f"{place}: it has not as many cells as the header")
            name = row["id"]
            if known is not None and name not in known:
                close = nearest(name, known) if len(known) <= 20_000 else "see clips.parquet for the ids"
                raise UsageError(
                    f"{place}: there is no clip {name!r}; {close if len(close) < 200 else 'none is alike'}"
                )
            if name in decisions:
                raise UsageError(f"{place}: the clip {name!r} is decided twice")
            decisions[name] = _decision(row, place)
    except csv.Error as error:
        raise UsageError(f"{path}, after line {reader.line_num}: {error}") from None
    return decisions


def refuse_missing(path: Path | None) -> None:
    """Refuse a file of decisions that is not there, before any work is done.

    Raises
    ------
    UsageError
        If it is not.
    """
    if path is not None and not path.is_file():
        raise UsageError(f"there is no file {path}: --decisions takes a CSV with the columns id and decision")


def with_decisions(corpus: "Corpus", path: Path | None) -> tuple["Corpus", dict[str, Decision]]:
    """Read what a person decided; return the corpus with their texts and pieces, and the decisions by id."""
    if path is None:
        return corpus, {}
    decisions = read_decisions(path, corpus.ids)
    none = Decision()
    clips = [decisions.get(name, none).apply(clip) for name, clip in zip(corpus.ids, corpus.clips, strict=True)]
    return replace(corpus, clips=clips), decisions


def write_decisions(path: Path, decisions: Mapping[str, Decision]) -> None:
    """Write a file that `read_decisions` reads."""
    rows = []
    for name, decision in decisions.items():
        piece = ("" if second is None else f"{second:.3f}" for second in (decision.start, decision.end))
        word = DECISION_WORDS[decision.keep]
        rows.append((name, word, decision.text or "", decision.reason, *piece, decision.reviewer))
    write_csv(path, DECISION_COLUMNS, rows)


def _decision(row: Mapping[str, str], place: str) -> Decision:
    word = row.get("decision", "").strip().lower()
    if word not in DECISION_WORDS.values():
        raise UsageError(f"{place}: the decision is keep, reject or empty, not {word!r}")
    keep = next(keep for keep, name in DECISION_WORDS.items() if name == word)
    start, end = (_seconds(row, column, place) for column in ("start", "end"))
    if end is not None and end <= (start or 0.0):
        raise UsageError(f"{place}: the end, {end:g} s, is not after the start, {start or 0.0:g} s")
    reason, reviewer = (row.get(column, "").strip() for column in ("reason", "reviewer"))
    return Decision(keep, row.get("text") or None, reason, start, end, reviewer)


def _seconds(row: Mapping[str, str], column: str, place: str) -> float | None:
    cell = row.get(column, "").strip()
    try:
        value = round(float(cell), 3) if cell else None
    except ValueError:
        value = math.nan
    if value is not None and not 0 <= value < math.inf:
        raise UsageError(f"{place}: the {column} is in seconds into the clip or empty, not {cell!r}")
    return value
