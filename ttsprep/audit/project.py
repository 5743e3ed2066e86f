"""The recipe of a project: ``ttsprep.toml``, or ``[tool.ttsprep]`` in ``pyproject.toml``, above a corpus."""

import os
from pathlib import Path

_NAME, SHARED, TABLE = "ttsprep.toml", "pyproject.toml", "tool.ttsprep"


def project_recipe(corpus: Path) -> str:
    """Return the path of the nearest recipe in or above a corpus, else in or above the working directory; "" if none.

    Parameters
    ----------
    corpus
        Folder of the corpus, or its metadata file.
    """
    for start in (corpus, Path()):
        folder = Path(os.path.realpath(start))
        for place in (folder, *folder.parents):
            if (place / _NAME).is_file():
                return _short(place / _NAME)
            if (place / SHARED).is_file() and _mentions(place / SHARED):
                return _short(place / SHARED)
    return ""


def _mentions(path: Path) -> bool:
    """Whether a file has the table; one that cannot be read is not ours to complain of."""
    try:
        return f"[{TABLE}" in path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def _short(path: Path) -> str:
    """Return a path from the working directory, where it lies in there."""
    here = Path(os.path.realpath(Path.cwd()))
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
