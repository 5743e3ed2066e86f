"""Writes what those read that a build is handed on to."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ttsprep.build.card.croissant import croissant
from ttsprep.build.card.readme import readme
from ttsprep.build.card.rerecord import RERECORD
from ttsprep.build.config import Recipe
from ttsprep.core.files import atomic_write
from ttsprep.core.tables import write_csv, write_json


def write_card(out: Path, document: Mapping[str, Any], recipe: Recipe, again: Sequence[tuple[str, ...]]) -> None:
    """Write ``README.md``, ``croissant.json`` and ``re-record.csv`` of a build whose tables are written.

    Parameters
    ----------
    out
        The build.
    document
        What ``build.json`` says.
    recipe
        That it was built with.
    again
        The sentences to record again, as `ttsprep.build.card.rerecord` returns them.
    """
    write_csv(out / "re-record.csv", RERECORD, again, safe=True)
    atomic_write(out / "README.md", readme(document, recipe, len(again)).encode("utf-8", "replace"))
    write_json(out / "croissant.json", croissant(document, recipe, out))
