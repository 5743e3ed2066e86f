"""Weights of models on this machine: found by path or name, never fetched."""

import os
from pathlib import Path

from ttsprep.errors import UsageError


def folders() -> tuple[Path, ...]:
    """Return where weights are looked for by name: ``$TTSPREP_MODELS``, then ``models`` in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    own = os.environ.get("TTSPREP_MODELS")
    return (*((Path(own),) if own else ()), cache / "ttsprep" / "models", cache / "whisper")


def find_weights(name: str, suffixes: tuple[str, ...], *, where_from: str) -> Path:
    """Return the file of a model.

    Parameters
    ----------
    name
        A path, or a name: then a file of that name in one of the `folders`.
    suffixes
        What may follow the name, such as ``.pt``.
    where_from
        Where a person fetches it; ends the error.

    Raises
    ------
    UsageError
        If it is not on this machine.
    """
    if (path := Path(name)).is_file():
        return path.resolve()
    if path.name == name:
        for folder in folders():
            for suffix in ("", *suffixes):
                if (found := folder / f"{name}{suffix}").is_file():
                    return found
    places = ", ".join(map(str, folders()))
    raise UsageError(f"there are no weights {name!r} here, and none are fetched: {where_from}; looked in {places}")
