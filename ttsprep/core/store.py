"""What is known of the files of a corpus from the last run: a file that looks the same is not read again.

It holds for this machine alone, so it lies apart from the tables, in hidden files.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc

from ttsprep.core.errors import AudioError
from ttsprep.core.files import Signature, inside, regular, signature
from ttsprep.core.tables import CACHE, clean, read_table, write_json, write_table
from ttsprep.core.types import Clip

PLACE = ".corpus.json"
UNSEEN = ("", Signature(-1, -1, -1, -1))
"""In place of the digest and signature of a file that may have changed."""


def unchanged(root: str, clips: Sequence[Clip], out: Path) -> list[tuple[str, Signature]]:
    """Digest and signature of each file that has not changed since the last audit; "" for the others."""
    cache = read_table(out / ".cache.parquet")
    if cache is None or cache.schema.names != CACHE.names:
        return [UNSEEN] * len(clips)
    rows = zip(*(column.to_pylist() for column in cache.columns), strict=True)
    earlier = {path: (sha256, Signature(*stat)) for path, sha256, *stat in rows}
    files = []
    for clip in clips:
        file = earlier.get(clean(clip.path), UNSEEN)
        files.append(file if file is not UNSEEN and _signature(root, clip.path) == file[1] else UNSEEN)
    return files


def _signature(root: str, path: str) -> Signature | None:
    try:
        return signature(regular(inside(Path(root), path)))
    except AudioError:
        return None


def write_cache(out: Path, paths: pa.ChunkedArray, files: Sequence[tuple[str, Signature]]) -> None:
    """Write down digest and signature of each file, for `unchanged`."""
    stats = [[getattr(stat, name) for _, stat in files] for name in Signature._fields]  # of no file, no row
    columns = [paths, [sha256 for sha256, _ in files], *stats]
    cache = pa.table([pa.array(column, kind) for column, kind in zip(columns, CACHE.types, strict=True)], schema=CACHE)
    write_table(out / ".cache.parquet", cache.filter(pc.not_equal(cache["sha256"], "")))


def note_place(out: Path, root: Path) -> None:
    """Write down where the corpus is, for `noted_place`."""
    write_json(out / PLACE, {"corpus": clean(str(root.resolve()))})


def noted_place(out: Path) -> str:
    """Return where the corpus of an audit was, or "" where nobody wrote it down."""
    try:
        return str(json.loads((out / PLACE).read_text(encoding="utf-8"))["corpus"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def noted_corpus(folder: Path) -> Path | None:
    """Return where the corpus of an audit or of codes was, as the system knows it; None if that is not known."""
    seen = noted_place(folder)
    return unescaped_path(Path("/"), seen.lstrip("/")) if seen.startswith("/") else None


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
