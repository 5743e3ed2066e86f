"""Where each clip of a build comes from: the table, and what of it needs not to be done again."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from ttsprep.errors import AudioError
from ttsprep.files import Signature, regular, signature
from ttsprep.manifest import CACHE, Journal, read_table, write_table

PROVENANCE = pa.schema([
    ("id", pa.string()),
    ("path", pa.string()),
    ("source_id", pa.string()),
    ("source_path", pa.string()),
    ("source_sha256", pa.string()),
    ("source_start_s", pa.float64()),
    ("source_end_s", pa.float64()),
    ("source_rate", pa.int32()),
    ("source_channels", pa.int16()),
    ("source_subtype", pa.string()),
    ("source_frames", pa.int64()),
    ("text", pa.string()),
    ("normalised", pa.string()),
    ("asr_log_p", pa.float32()),
    ("operations", pa.string()),
    ("gain_db", pa.float32()),
    ("lead_removed_s", pa.float32()),
    ("tail_removed_s", pa.float32()),
    ("sha256", pa.string()),
    ("sample_rate", pa.int32()),
    ("channels", pa.int16()),
    ("subtype", pa.string()),
    ("frames", pa.int64()),
    ("status", pa.string()),
    ("status_reason", pa.string()),
    ("status_stage", pa.string()),
    ("fingerprint", pa.string()),
])
"""Where each clip of a build comes from and what was done to it; ``operations`` is a JSON list, in order,
and ``asr_log_p`` how sure a model was of a text that it wrote."""

CACHE_NAME = ".cache.parquet"
Cache = dict[str, tuple[str, Signature]]
"""Digest and signature of each file of a build, by its path."""


def known_rows(out: Path, journal: Journal) -> tuple[list[pa.RecordBatch], dict[str, int], dict[str, str]]:
    """Return what was built before: the rows, the place of each fingerprint in them, and the digest of its file."""
    batches = []
    table = read_table(out / "provenance.parquet")
    if table is not None and table.schema.remove_metadata().equals(PROVENANCE):
        batches = table.replace_schema_metadata(None).combine_chunks().to_batches()
    batches.extend(journal.read())
    places: dict[str, int] = {}
    digests: dict[str, str] = {}
    row = 0
    for batch in batches:
        columns = (batch.column(name).to_pylist() for name in ("fingerprint", "sha256", "status"))
        for fingerprint, sha256, status in zip(*columns, strict=True):
            if status == "ok":
                places[fingerprint], digests[fingerprint] = row, sha256
            row += 1
    return batches, places, digests


def read_cache(out: Path) -> Cache:
    """Return the files that were written, as they were then."""
    cache = read_table(out / CACHE_NAME)
    if cache is None or cache.schema.names != CACHE.names:
        return {}
    rows = zip(*(column.to_pylist() for column in cache.columns), strict=True)
    return {path: (sha256, Signature(*stat)) for path, sha256, *stat in rows}


def write_cache(out: Path, cache: Mapping[str, tuple[str, Signature]], paths: Sequence[str]) -> None:
    """Remember the files at `paths`; apart from the tables, as signatures are of this machine."""
    rows = [(path, *cache[path]) for path in paths if path in cache]
    columns = zip(*((path, sha256, *stat) for path, sha256, stat in rows), strict=True) if rows else [()] * len(CACHE)
    arrays = [pa.array(list(column), kind) for column, kind in zip(columns, CACHE.types, strict=True)]
    write_table(out / CACHE_NAME, pa.table(arrays, schema=CACHE))


def refresh_cache(out: Path, folders: Iterable[Path], paths: Sequence[str]) -> None:
    """Take what hard links change of a file (a time that the system keeps) into what is remembered of it.

    Parameters
    ----------
    out
        The build.
    folders
        Those with a cache of its files.
    paths
        The files, relative to the build.
    """
    for folder in folders:
        cache = read_cache(folder)
        for path in cache.keys() & set(paths):
            sha256, before = cache[path]
            now = signature(regular(out / path))
            if now._replace(ctime_ns=before.ctime_ns) == before:
                cache[path] = (sha256, now)
        write_cache(folder, cache, paths)


def unchanged(path: Path, known: tuple[str, Signature] | None, sha256: str) -> bool:
    """Say whether a file is the one with that digest, without reading it."""
    if known is None or known[0] != sha256:
        return False
    try:
        return not path.is_symlink() and signature(regular(path)) == known[1]
    except AudioError:
        return False
