"""The folder of a build: whether it is ours, whether it is finished and up to date, and what is left over in it."""

import hashlib
import json
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from shutil import rmtree
from typing import Any

from ttsprep import __version__
from ttsprep.audit.measure import versions
from ttsprep.build.config import Recipe
from ttsprep.build.process import FOLDER, VERSION
from ttsprep.core.errors import AudioError, OutputError, UsageError
from ttsprep.core.files import LOCK_NAME, atomic_write, digest, inside, regular, signature, writing
from ttsprep.corpora.corpus import Corpus
from ttsprep.corpora.layouts.ttsprep_build import DOCUMENT, MARK
from ttsprep.models.transcriber import model_file

STAMP = ".unchanged.json"
EXPORTS = "exports"
"""Folder of the exports, each in a folder of its name."""


def claim(out: Path, source: Path) -> None:
    """See that `out` may become the folder of a build, or is one; nothing is written.

    Parameters
    ----------
    out
        The folder.
    source
        Root of the corpus.

    Raises
    ------
    OutputError
        If it holds anything that is not of a build, which would be mixed up or overwritten; or the source, which
        could be swept away; or a link to another folder, where files would be written and removed.
    """
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out} is a file: choose a folder for the build with --out")
    if Path(os.path.realpath(source)).is_relative_to(os.path.realpath(out)):
        raise OutputError(f"the source {source} lies inside the output {out}: choose another folder with --out")
    if not out.exists():
        return
    with writing(out):
        found = sorted({entry.name for entry in os.scandir(out)} - {LOCK_NAME, f".{MARK}.part"})
    if found and MARK not in found:
        raise OutputError(
            f"{out} is no build, but holds {found[0]!a}{' and more' if len(found) > 1 else ''}: "
            "choose a new or empty folder with --out"
        )
    for place, folders, _ in os.walk(out):
        for path in (Path(place, name) for name in folders):
            if path.is_symlink():
                raise OutputError(f"{path} is a link to another folder, which is not ours to write to: remove the link")


def mark(out: Path) -> None:
    """Tell everybody that the folder is a build; its lock is held."""
    if not (out / MARK).is_file():
        atomic_write(out / MARK, b"This folder is written by ttsprep build. What is put here by hand may be removed.\n")


def refuse_missing(decisions: Path | None) -> None:
    """Refuse a file of decisions that is not there, before any work is done.

    Raises
    ------
    UsageError
        If it is not.
    """
    if decisions is not None and not decisions.is_file():
        raise UsageError(f"there is no file {decisions}: --decisions takes a CSV with the columns id and decision")


def inputs_stamp(todo: Corpus, recipe: Recipe, decisions: Path | None) -> str:
    """Stand for all that a build depends on, by the signatures of the files: nothing is read."""
    root = todo.root.resolve()
    hasher = hashlib.sha256()
    steps = [(step.name, step.version, repr(step)) for step in recipe.configured_stages()]
    heard = recipe.transcribe and digest(Path(model_file(recipe.transcribe.model)))
    rules = (__version__, VERSION, versions(), steps, recipe.model_dump_json(), decisions and digest(decisions), heard)
    about = (str(root), todo.layout, todo.why, todo.findings, todo.orphans)
    hasher.update(repr((rules, about)).encode("utf-8", "backslashreplace"))
    for name, clip in zip(todo.ids, todo.clips, strict=True):
        hasher.update(repr((name, clip, _signature(root, clip.path))).encode("utf-8", "backslashreplace"))
    return hasher.hexdigest()


def _signature(root: Path, path: str) -> tuple[int, ...]:
    try:
        return signature(regular(inside(root, path)))
    except AudioError:
        return ()


def _outputs_stamp(out: Path) -> str:
    hasher = hashlib.sha256()
    for path in _files(out):
        status = path.lstat()
        if not path.name.startswith("."):
            about = (path.relative_to(out).as_posix(), *signature(status))
            hasher.update(repr(about).encode("utf-8", "backslashreplace"))
    return hasher.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(place, name) for name in sorted(names))


def finished(out: Path, inputs: str) -> dict[str, Any] | None:
    """Return what ``build.json`` says, if the build is finished and nothing has changed since, on either side."""
    try:
        stamp = json.loads((out / STAMP).read_text(encoding="utf-8"))
        if stamp != {"inputs": inputs, "outputs": _outputs_stamp(out)}:
            return None
        document: dict[str, Any] = json.loads((out / DOCUMENT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return document


def finish(out: Path, inputs: str) -> None:
    """Remember that the build is up to date."""
    atomic_write(out / STAMP, json.dumps({"inputs": inputs, "outputs": _outputs_stamp(out)}).encode())


def unfinish(out: Path) -> None:
    """Take the mark of a finished build away, before anything of it is changed."""
    with writing(out):
        (out / STAMP).unlink(missing_ok=True)
        (out / DOCUMENT).unlink(missing_ok=True)


def sweep(out: Path, wanted: Collection[str], exports: Collection[str]) -> None:
    """Remove audio and exports that are no longer part of the build, and what a killed run left half-written.

    Parameters
    ----------
    out
        The build.
    wanted
        Paths of its audio, relative to it.
    exports
        Names of its exports.
    """
    names = {path.removeprefix(f"{FOLDER}/") for path in wanted}
    with writing(out):
        for entry in os.scandir(out / FOLDER):
            if entry.name not in names and not entry.is_dir(follow_symlinks=False):
                Path(entry.path).unlink()
        _sweep_exports(out / EXPORTS, exports)
        for path in _files(out):
            if path.name.startswith(".") and path.name.endswith(".part"):
                path.unlink()


def _sweep_exports(folder: Path, wanted: Collection[str]) -> None:
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if path.name not in wanted:
            rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()
