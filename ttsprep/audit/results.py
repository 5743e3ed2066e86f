"""What an audit left in its folder, opened again: its tables, one clip in them, and where the corpus is now."""

import difflib
import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from ttsprep.core.errors import UsageError, nearest
from ttsprep.core.files import clean
from ttsprep.core.output_folder import mark_of
from ttsprep.core.store.corpus_path import corpus_path, locate_corpus, unescaped_path
from ttsprep.core.tables import read_table
from ttsprep.core.untrusted import read_json
from ttsprep.corpora.paths import corpus_folder

BUILD = mark_of("build")
SOURCE = "source"
"""Folder of a build with the audit of its source."""
_MOST_COMPARED = 20_000
"""Names that a misspelt one is compared with: those that begin most like it."""
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class AuditFolder:
    """A finished audit.

    Attributes
    ----------
    folder
        Where its tables are.
    clips, findings, verdicts
        The tables.
    summary
        As in ``summary.json``.
    run
        As in ``run.json``: the version of ttsprep, and the recipe.
    build
        The build whose source was audited, where it is one.
    """

    folder: Path
    clips: pa.Table
    findings: pa.Table
    verdicts: pa.Table
    summary: dict[str, Any]
    run: dict[str, Any]
    build: Path | None = None


def open_audit(path: Path, columns: Collection[str] | None = None) -> AuditFolder:
    """Open the folder of an audit, or of a build: then the audit of its source.

    Parameters
    ----------
    path
        The folder.
    columns
        What is read of the clips; None for all.

    Raises
    ------
    UsageError
        If it is neither.
    """
    folder = path / SOURCE if (path / BUILD).is_file() else path
    clips = read_table(folder / "clips.parquet", columns)
    findings, verdicts = (read_table(folder / f"{name}.parquet") for name in ("findings", "verdicts"))
    summary = _json(folder / "summary.json")
    if clips is None or findings is None or verdicts is None or "codes" not in summary:
        what = "is not there" if not path.exists() else "holds no finished audit"
        raise UsageError(f"{path} {what}: give a folder that ttsprep audit or ttsprep build wrote")
    build = folder.parent if folder.name == SOURCE and (folder.parent / BUILD).is_file() else None
    return AuditFolder(folder, clips, findings, verdicts, summary, _json(folder / "run.json"), build)


def _json(path: Path) -> dict[str, Any]:
    try:
        return read_json(path)
    except (OSError, ValueError):
        return {}


def audits_in(folder: Path) -> list[Path]:
    """Return the finished audits ``*.audit`` in a folder, the newest first."""
    audits = [path for path in folder.glob("*.audit") if (path / "summary.json").is_file()]
    return sorted(audits, key=lambda path: -(path / "summary.json").stat().st_mtime)


def find_clip(audit: AuditFolder, name: str, *, codes: tuple[str, ...] = ()) -> int:
    """Return the row of a clip.

    Parameters
    ----------
    audit
        Where to look.
    name
        Its id, the name that the corpus gives it, the path of its file (from here or from the root of the corpus),
        the name of its file with or without extension, or a beginning that one id or one file name alone has.
    codes
        Findings that a misspelt name may have meant as well.

    Raises
    ------
    UsageError
        If there is none, or there are several; names them, or the nearest.
    """
    wanted = clean(name)
    ids, given, paths = (audit.clips.column(column).to_pylist() for column in ("id", "given_id", "path"))
    tail = clean(os.path.normpath(name))
    ways: tuple[list[int], ...] = (
        [row for row, one in enumerate(ids) if one == wanted],
        [row for row, one in enumerate(given) if one == wanted],
        [row for row, one in enumerate(paths) if tail == os.path.normpath(one) or tail.endswith(f"/{one}")],
        [row for row, one in enumerate(paths) if wanted in {PurePosixPath(one).name, PurePosixPath(one).stem}],
        [row for row, one in enumerate(ids) if one.startswith(wanted)] if wanted else [],
        [row for row, one in enumerate(paths) if PurePosixPath(one).name.startswith(wanted)] if wanted else [],
    )
    for rows in ways:
        if len(rows) == 1:
            return rows[0]
        if rows:
            some = ", ".join(ids[row] for row in rows[:_MOST_NAMED]) + (", ..." if len(rows) > _MOST_NAMED else "")
            raise UsageError(f"{name!r} fits {len(rows):,} clips, say which: {some}")
    if wanted in codes:
        raise UsageError(f"{wanted} is a finding, and no clip of {audit.folder}: without --audit it is explained")
    raise UsageError(f"no clip of {audit.folder} is called {wanted!r}; {_hint(wanted, ids, codes)}")


def _hint(name: str, ids: list[str], codes: tuple[str, ...]) -> str:
    alike, cut = ids, 0
    while len(alike) > _MOST_COMPARED and cut < len(name):
        cut += 1
        narrower = [one for one in alike if one.startswith(name[:cut])]
        if not narrower:
            break
        alike = narrower
    alike = [*alike[:_MOST_COMPARED], *codes]
    if difflib.get_close_matches(name, alike, n=1, cutoff=0.6):
        return nearest(name, alike)
    return f"it has {len(ids):,}, such as {', '.join(ids[:2])}" if ids else "it has none"


def root_of(audit: AuditFolder, given: Path | None) -> tuple[Path | None, str]:
    """Return where the audio is: as given, as the audit saw it, or beside the audit or here by the same name.

    Returns
    -------
    tuple of Path or None and str
        The folder; if there is none, why.

    Raises
    ------
    UsageError
        If the one given is not there.
    """
    if given is not None:
        if not given.exists():
            raise UsageError(f"{given} is not there: --corpus takes the folder that was audited, where it is now")
        return corpus_folder(given), ""
    name, seen = str(audit.summary.get("corpus", "")), corpus_path(audit.folder)
    if audit.summary.get("layout") == "build" and (audit.folder.parent / BUILD).is_file():
        return audit.folder.parent, ""
    place = locate_corpus(audit.folder)
    places = [place] if place else []
    if name and name not in {".", ".."} and "/" not in name:
        places += [audit.folder.resolve().parent / name, Path.cwd() / name]
    for place in places:
        with suppress(OSError):  # a name that no folder can have
            if place.is_dir():
                return place, ""
    return None, f"the corpus is not at {seen or 'a known place'} any more: say where with --corpus DIR"


def path_of(root: Path, name: str) -> str:
    """Return the path of a file relative to `root`, as the system knows it, by its path in a table."""
    return name if PurePosixPath(name).is_absolute() else str(unescaped_path(root, name).relative_to(root))
