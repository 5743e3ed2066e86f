"""The folders of an export: made, and cleared of what an earlier export left."""

from collections.abc import Callable, Iterable
from pathlib import Path

from ttsprep.errors import OutputError
from ttsprep.files import writing

_AUDIO = (".wav", ".flac")


def make_folder(folder: Path) -> None:
    """Make `folder` if it is not there.

    Raises
    ------
    OutputError
        If it cannot be made, or is a link: what it leads to is not ours to clear.
    """
    _refuse_link(folder)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)


def remove(*paths: Path) -> None:
    """Remove files that an earlier export may have left.

    Raises
    ------
    OutputError
        If one cannot be removed.
    """
    for path in paths:
        with writing(path):
            path.unlink(missing_ok=True)


def sweep(folder: Path, keep: Iterable[str], ours: Callable[[str], bool] = lambda name: name.endswith(_AUDIO)) -> None:
    """Remove what an earlier export left in `folder`, and `folder` itself once it is empty.

    Parameters
    ----------
    folder
        May be missing.
    keep
        Names that stay.
    ours
        Whether a name is one that an export gives: by default, of audio. All others stay.

    Raises
    ------
    OutputError
        If something cannot be removed, or `folder` is a link.
    """
    _refuse_link(folder)
    wanted = frozenset(keep)
    if not folder.is_dir():
        return
    with writing(folder):
        for path in folder.iterdir():
            name = path.name
            if name.startswith(".") and name.endswith(".part"):  # a killed run was writing it
                name = name[1:].removesuffix(".part")
            if path.name not in wanted and ours(name):
                path.unlink()
        if not any(folder.iterdir()):
            folder.rmdir()


def _refuse_link(folder: Path) -> None:
    if folder.is_symlink():
        raise OutputError(f"{folder} is a link, and what it leads to is left alone: remove the link")
