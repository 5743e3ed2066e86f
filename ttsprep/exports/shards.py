"""Shards: which clips go together in a file."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ttsprep.exports.base import Entry


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
