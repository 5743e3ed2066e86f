"""The folder of a build: whether it is ours, whether it is finished and up to date, and what is left over in it."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ttsprep.audit.measure import versions
from ttsprep.audit.pipeline import FILES, NO_MODELS
from ttsprep.build.config import Recipe
from ttsprep.build.process import VERSION
from ttsprep.build.targets import trainers
from ttsprep.core.errors import AudioError
from ttsprep.core.files import LOCK_NAME, atomic_write, digest, inside, regular, signature, writing
from ttsprep.core.output_folder import JOURNALS, Kind
from ttsprep.core.package import __version__
from ttsprep.core.untrusted import read_json
from ttsprep.corpora.corpus import Corpus
from ttsprep.corpora.layouts.ttsprep_build import DOCUMENT
from ttsprep.models.base import SelectedModels
from ttsprep.models.whisper import weights

STAMP = ".unchanged.json"
EXPORTS = "exports"
"""Folder of the exports, each in a folder of its name."""
BEFORE, AFTER = "source", "audit"
"""Folders of the audits of the source and of the result."""
KIND = Kind(
    "build",
    (
        *(DOCUMENT, "metadata.csv", "clips.parquet", "provenance.parquet", "rejected.csv", "report.html"),
        *("README.md", "croissant.json", "re-record.csv"),
        *(STAMP, ".cache.parquet", JOURNALS, f"{BEFORE}/.*.parquet"),
        *(f"{folder}/{name}" for folder in (BEFORE, AFTER) for name in (*FILES, LOCK_NAME)),
    ),
)
"""What a build writes; its audio and its exports are listed before they are written."""


def inputs_stamp(todo: Corpus, recipe: Recipe, decisions: Path | None, models: SelectedModels = NO_MODELS) -> str:
    """Stand for all that a build depends on, by the signatures of the files: nothing is read."""
    root = todo.root.resolve()
    hasher = hashlib.sha256()
    steps = [(step.name, step.version, repr(step)) for step in recipe.configured_stages()]
    weights_digest = recipe.transcribe and digest(weights(recipe.transcribe.model))
    trainer = trainers().get(recipe.trainer)  # its lists and its script
    options = (recipe.model_dump_json(), decisions and digest(decisions))
    rules = (__version__, VERSION, versions(), steps, trainer, *options, weights_digest)
    models_used = [(model.name, model.version, model.digest()) for model in models.models]
    about = (str(root), todo.layout, todo.why, todo.findings, todo.orphans)
    hasher.update(repr((rules, about, models_used)).encode("utf-8", "backslashreplace"))
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
        stamp = read_json(out / STAMP)
        if stamp != {"inputs": inputs, "outputs": _outputs_stamp(out)}:
            return None
        document = read_json(out / DOCUMENT)
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
