"""Where the corpus of an audit or of codes is: written down apart from the tables, as it is of this machine."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

from ttsprep.core.files import clean
from ttsprep.core.tables import write_json
from ttsprep.core.untrusted import read_json

CORPUS_FILE = ".corpus.json"


def save_corpus_path(out: Path, root: Path) -> None:
    """Write down where the corpus is, for `corpus_path`."""
    write_json(out / CORPUS_FILE, {"corpus": clean(str(root.resolve()))})


def corpus_path(out: Path) -> str:
    """Return where the corpus of an audit was, or "" where it is not written down."""
    try:
        return str(read_json(out / CORPUS_FILE)["corpus"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def locate_corpus(folder: Path) -> Path | None:
    """Return where the corpus of an audit or of codes was, as the system knows it; None if that is not known."""
    seen = corpus_path(folder)
    with suppress(OSError):  # a name that no folder can have
        return unescaped_path(Path("/"), seen.lstrip("/")) if seen.startswith("/") else None
    return None


def unescaped_path(root: Path, name: str) -> Path:
    r"""Return the path that a table has as `name`, where bytes that are not UTF-8 are written as ``\xff``."""
    here = root
    for part in PurePosixPath(name).parts:
        here /= next(_spelt(here, part), part) if "\\x" in part and not (here / part).exists() else part
    return here


def _spelt(folder: Path, part: str) -> Iterator[str]:
    """Yield the names in a folder that a table has as `part`."""
    if folder.is_dir():
        yield from (path.name for path in folder.iterdir() if clean(path.name) == part)
