"""Shards: which clips go together in a file, and what an earlier export left."""

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from ttsprep.exports.base import Entry
from ttsprep.files import writing


def shards_of(entries: Sequence[Entry], build: Path, clips: int, megabytes: float) -> Iterator[list[Entry]]:
    """Yield `entries` in runs of at most so many clips and so much audio, but of one clip at least."""
    shard: list[Entry] = []
    size = 0
    for entry in entries:
        more = (build / entry.path).stat().st_size
        if shard and (len(shard) >= clips or size + more > megabytes * 1e6):
            yield shard
            shard, size = [], 0
        shard.append(entry)
        size += more
    if shard:
        yield shard


def sweep_shards(folder: Path, pattern: re.Pattern[str], keep: Collection[str]) -> None:
    """Remove the files in `folder` whose names match `pattern`, but those to keep.

    Raises
    ------
    OutputError
        If one cannot be removed.
    """
    with writing(folder):
        for path in folder.iterdir():
            hidden = path.name.startswith(".") and path.name.endswith(".part")  # a killed run was writing it
            name = path.name[1:].removesuffix(".part") if hidden else path.name
            if pattern.fullmatch(name) and path.name not in keep:
                path.unlink()
