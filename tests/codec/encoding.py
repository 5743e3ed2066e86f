"""What tests of encoding share: quick options, and what a folder of codes holds."""

import hashlib
from pathlib import Path

import pyarrow.parquet as pq
import pytest

pytest.importorskip("torch")

from ttsprep.codec.encode import Encoded, encode
from ttsprep.codec.encode_job import Options

FAST = Options(beam=1)
CLIPS = 5


def encoded(corpus: Path, out: Path, options: Options = FAST, *, jobs: int = 2) -> Encoded:
    return encode(corpus, out, options, jobs=jobs)


def shards(out: Path) -> dict[str, str]:
    """Content of all that is written, but for the hidden files, which know this machine."""
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def rows(out: Path) -> dict[str, dict]:
    table = pq.read_table(out / "codes-00000-of-00001.parquet")
    return {row["id"]: row for row in table.to_pylist()}
