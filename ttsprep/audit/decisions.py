"""What a person has decided about single clips: ``decisions.csv``."""

import csv
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ttsprep.core.errors import UsageError, nearest
from ttsprep.core.files import atomic_write
from ttsprep.corpora.corpus import Corpus

COLUMNS = ("id", "decision", "text", "reason")


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
    """

    keep: bool | None
    text: str | None
    reason: str


def read_decisions(path: Path, known: Collection[str]) -> dict[str, Decision]:
    """Read a CSV with a header: ``id``, and any of ``decision`` (``keep``, ``reject`` or empty), ``text``, ``reason``.

    Parameters
    ----------
    path
        The file, in UTF-8.
    known
        The ids that there are.

    Raises
    ------
    UsageError
        If a line of it makes no sense; names the line.
    """
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text (byte {error.start}): save it as UTF-8") from None
    except OSError as error:
        raise UsageError(f"cannot read the decisions {path}: {error.strerror}") from None
    reader = csv.DictReader(io.StringIO(content, newline=""), strict=True)
    decisions: dict[str, Decision] = {}
    known = frozenset(known)
    try:
        for name in reader.fieldnames or ():
            if name not in COLUMNS:
                raise UsageError(f"{path}: there is no column {name!r}; {nearest(name, COLUMNS)}")
            if list(reader.fieldnames or ()).count(name) > 1:
                raise UsageError(f"{path}: the column {name!r} is there twice: remove one")
        if "id" not in (reader.fieldnames or ()):
            raise UsageError(f"{path} has no column id: its first line is a header such as {','.join(COLUMNS)}")
        for row in reader:
            place = f"{path}, line {reader.line_num}"
            if None in row or None in row.values():
                raise UsageError(f"{place}: it has not as many cells as the header")
            name = row["id"]
            if name not in known:
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


def with_decisions(corpus: Corpus, path: Path | None) -> tuple[Corpus, dict[str, Decision]]:
    """Read what a person decided; return the corpus with the texts that they gave, and the decisions by id."""
    if path is None:
        return corpus, {}
    decisions = read_decisions(path, corpus.ids)
    texts = {name: decision.text for name, decision in decisions.items() if decision.text is not None}
    clips = [
        replace(clip, text=texts.get(name, clip.text)) for name, clip in zip(corpus.ids, corpus.clips, strict=True)
    ]
    return replace(corpus, clips=clips), decisions


def write_decisions(path: Path, decisions: Mapping[str, Decision]) -> None:
    """Write a file that `read_decisions` reads."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for name, decision in decisions.items():
        word = {True: "keep", False: "reject", None: ""}[decision.keep]
        writer.writerow((name, word, decision.text or "", decision.reason))
    atomic_write(path, buffer.getvalue().encode())


def _decision(row: Mapping[str, str], place: str) -> Decision:
    word = row.get("decision", "").strip().lower()
    if word not in {"keep", "reject", ""}:
        raise UsageError(f"{place}: the decision is keep, reject or empty, not {word!r}")
    return Decision({"keep": True, "reject": False}.get(word), row.get("text") or None, row.get("reason", "").strip())
