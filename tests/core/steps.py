"""Steps of a store that say which process made a row."""

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from recorder import Recorder

from ttsprep.core.files import digest
from ttsprep.core.store.cache import KEY, cache_folder
from ttsprep.core.store.step import Row, Step, make_key
from ttsprep.core.store.store import Store

SCHEMA = pa.schema([(KEY, pa.string()), ("text", pa.string()), ("process", pa.int64())])


@dataclass
class Reading(Step[str]):
    """Reads files, and says which process did; `salt` is what the rows depend on beside the files."""

    name = "reading"
    stage = "reading"
    schema = SCHEMA
    table = ".reading.parquet"
    shard = 4

    root: str
    salt: str = ""
    shared: bool = True
    batch: int = 1

    def path(self, item: str) -> str:
        return item

    def key(self, item: str, sha256: str) -> str:
        return make_key(sha256, self.salt)

    def rows(self, batch: Sequence[str]) -> list[Row]:
        return [self.row(item) for item in batch]

    def row(self, item: str) -> Row:
        path = Path(self.root, item)
        text = path.read_text(encoding="utf-8") if path.is_file() else "nothing"
        if text == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        return {"text": text, "process": os.getpid()} | ({KEY: ""} if text == "again" else {})

    def failed(self, item: str, reason: str) -> Row:
        return {"text": f"failed: {reason}"}

    def seconds(self, item: str, row: Row) -> float:
        return 1.5


@dataclass
class Writing(Step[str]):
    """Writes files."""

    name = "writing"
    stage = "writing"
    schema = pa.schema([(KEY, pa.string()), ("sha256", pa.string()), ("process", pa.int64())])
    table = ".writing.parquet"
    makes_file = True

    root: str

    def path(self, item: str) -> str:
        return f"{item}.txt"

    def key(self, item: str, sha256: str) -> str:
        return make_key(item)

    def rows(self, batch: Sequence[str]) -> list[Row]:
        rows: list[Row] = []
        for item in batch:
            path = Path(self.root, self.path(item))
            path.unlink(missing_ok=True)
            path.write_text(item, encoding="utf-8")
            rows.append({"sha256": digest(path), "process": os.getpid()})
        return rows

    def failed(self, item: str, reason: str) -> Row:
        return {}


NAMES = list("jihgfedcba")


def read(
    files: Path, out: Path, names: Sequence[str] = NAMES, **options: Any
) -> tuple[list[dict[str, Any]], tuple[str, int, int]]:
    """Return the rows, and the stage as it was told."""
    progress = Recorder()
    rows = Store(out).map(Reading(str(files), **options), names, 2, progress)
    (stage,) = progress.stages
    assert sum(clips for clips, _ in progress.advances) == stage[2]
    assert progress.notes == []
    return rows.table().to_pylist(), stage


def texts(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [row["text"] for row in rows]


def cached(suffix: str = "*") -> list[Path]:
    folder = cache_folder()
    assert folder is not None
    return [path for path in folder.rglob(suffix) if path.is_file()]
