"""The parts of a build: for training, validation and test."""

from collections.abc import Iterator, Sequence

from ttsprep.exports.base import Entry

SPLITS = ("train", "valid", "test")


def by_split(entries: Sequence[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    """Yield each split with its entries, in their order; also those that have none."""
    for split in SPLITS:
        yield split, [entry for entry in entries if entry.split == split]


def speaker_numbers(entries: Sequence[Entry]) -> dict[str, int]:
    """Return a number from 0 for every speaker, in the order of their names."""
    return {speaker: number for number, speaker in enumerate(sorted({entry.speaker for entry in entries}))}
