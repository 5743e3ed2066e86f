"""Whether an audit would find what the last one found: by the state of all that it reads, without reading it.

The state of a file is its `ttsprep.core.files.Signature`, by which the store knows an unchanged recording as well.
"""

import hashlib
import json
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ttsprep.core.errors import AudioError
from ttsprep.core.files import Signature, atomic_write, digest, regular, signature
from ttsprep.core.package import __version__
from ttsprep.core.untrusted import read_json

STATE_FILE = ".unchanged.json"
PROPOSED = "proposed-decisions.csv"
"""Texts for clips that say another clip's text, as ``build --decisions`` takes them."""
_RESULTS = ("clips.parquet", "findings.parquet", "verdicts.parquet", "summary.json", "report.html", "run.json")


def input_state(out: Path, options: Mapping[str, Any], inputs: Iterable[Path]) -> str:
    """Return what stands for the options of an audit, and for all files that it may read; "" where nothing can.

    Parameters
    ----------
    out
        Folder of the audit, which is no input where it lies beside a metadata file.
    options
        All that results depend on, by name.
    inputs
        Folders with all that is below them, and files: of the corpus, a recipe, codes.
    """
    fixed = (__version__, sys.version, str(Path.cwd()), sorted(options.items()))
    known = hashlib.sha256(repr(fixed).encode("utf-8", "surrogatepass"))
    try:
        for line in _packages():
            known.update(line)
        left_out = _key(out.stat()) if out.exists() else None
        for path in inputs:
            if not path.is_dir():
                regular(path)  # what comes through a pipe has no state
            known.update(f"\0{os.path.realpath(path)}\0{_signature(path)}".encode("utf-8", "surrogatepass"))
            for line in _below(path, left_out) if path.is_dir() else ():
                known.update(line)
    except (OSError, AudioError):
        return ""
    return known.hexdigest()


def digests_of_results(out: Path) -> dict[str, str]:
    """Return the digests of those results in `out` that the next audit reads; an `AudioError` if one is not there."""
    return {name: digest(out / name) for name in ("findings.parquet", "verdicts.parquet", "summary.json")}


def unchanged_summary(out: Path, state: str) -> dict[str, Any] | None:
    """Return the summary of the last audit in `out`, if it was of this state and no file of it has changed."""
    try:
        about = read_json(out / STATE_FILE)
        if not state or about != {"inputs": state, "results": _results(out)}:
            return None
        summary = read_json(out / "summary.json")
    except (OSError, ValueError):
        return None
    return summary


def remember_state(out: Path, state: str, inputs: Iterable[Path]) -> None:
    """Write down that the results in `out` are of a state that was taken before anything was read.

    It is not, where the audio turned out to lie in none of the `inputs` themselves: unpacked, behind a link, or where a
    recipe or a list says.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    from ttsprep.core.store.corpus_path import locate_corpus  # loads Arrow

    if state and locate_corpus(out) in {path.resolve() for path in inputs}:
        atomic_write(out / STATE_FILE, json.dumps({"inputs": state, "results": _results(out)}).encode())


def forget_state(out: Path) -> None:
    """Say that the results in `out` may be of anything."""
    (out / STATE_FILE).unlink(missing_ok=True)


def _results(out: Path) -> dict[str, list[int]]:
    return {name: list(signature((out / name).stat())) for name in _RESULTS}


def _packages() -> Iterator[bytes]:
    """Yield the state of our own files, and of the folders in which installing a package leaves a trace."""
    homes = {str(Path(__file__).parents[1])}
    recipes = find_spec("ttsprep.recipes")
    homes |= set(recipes.submodule_search_locations or ()) if recipes else set()
    for home in sorted(homes):
        yield from _below(Path(home), None)
    for place in map(Path, sys.path):
        with suppress(OSError):
            if place.name in {"site-packages", "dist-packages"}:
                yield f"{place}\0{place.stat().st_mtime_ns}\0".encode("utf-8", "surrogatepass")


def _below(folder: Path, left_out: tuple[int, int] | None) -> Iterator[bytes]:
    """Yield the state of all files below a folder, in an order that is always the same."""
    waiting = [os.fspath(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            listing = sorted(entries, key=lambda entry: entry.name)
        for entry in listing:
            if not entry.is_dir(follow_symlinks=False):
                yield f"{entry.path}\0{_signature(entry)}\0".encode("utf-8", "surrogatepass")
            elif entry.name != "__pycache__" and (left_out is None or _key(entry.stat()) != left_out):
                waiting.append(entry.path)


def _signature(path: "Path | os.DirEntry[str]") -> Signature | None:
    """Return the signature of what a link leads to; None where that is nothing; of a folder, what says which it is."""
    try:
        status = path.stat()
    except OSError:
        return None
    return Signature(0, 0, 0, status.st_ino) if stat.S_ISDIR(status.st_mode) else signature(status)


def _key(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
