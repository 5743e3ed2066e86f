"""Lhotse: recordings and supervisions, a pair of manifests a split."""

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ttsprep.core.files import atomic_file
from ttsprep.corpora.exports._files import (
    audio_name,
    audio_prefix,
    by_split,
    json_line,
    link_audio,
    make_folder,
    remove,
    sweep,
)
from ttsprep.corpora.exports.base import Entry, Export


@dataclass(frozen=True)
class Lhotse(Export):
    """``recordings_SPLIT.jsonl.gz`` with ``supervisions_SPLIT.jsonl.gz``, and the audio in ``wavs``.

    The normalised text is ``custom["normalized_text"]``, where Lhotse's own recipes have it.

    Attributes
    ----------
    absolute
        Give absolute paths into the build, in place of ``wavs/ID.wav``.
    """

    name = "lhotse"
    summary = "recordings_train.jsonl.gz with supervisions_train.jsonl.gz, and so on"
    absolute: bool = False

    def write(self, entries: Sequence[Entry], build: Path, folder: Path) -> None:
        """See `Export.write`."""
        prefix = audio_prefix(build, self.absolute)
        make_folder(folder)
        if not self.absolute:
            link_audio(entries, build, folder / "wavs")
        for split, part in by_split(entries):
            _write(folder / f"recordings_{split}.jsonl.gz", part, lambda entry: _recording(entry, prefix))
            _write(folder / f"supervisions_{split}.jsonl.gz", part, _supervision)
        sweep(folder / "wavs", () if self.absolute else map(audio_name, entries))


def _write(path: Path, entries: Sequence[Entry], record: Callable[[Entry], dict[str, Any]]) -> None:
    if not entries:
        remove(path)
        return
    # No name and no time in the header, so that the same entries give the same bytes.
    with atomic_file(path) as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
        for entry in entries:
            packed.write(f"{json_line(record(entry))}\n".encode())


def _recording(entry: Entry, prefix: str) -> dict[str, Any]:
    channels = list(range(entry.channels))
    return {
        "id": entry.id,
        "sources": [{"type": "file", "channels": channels, "source": prefix + audio_name(entry)}],
        "sampling_rate": entry.sample_rate,
        "num_samples": entry.frames,
        "duration": entry.duration_s,
        "channel_ids": channels,
    }


def _supervision(entry: Entry) -> dict[str, Any]:
    record: dict[str, Any] = {
        "id": entry.id,
        "recording_id": entry.id,
        "start": 0.0,
        "duration": entry.duration_s,
        "channel": 0 if entry.channels == 1 else list(range(entry.channels)),
        "text": entry.text,
        "custom": {"normalized_text": entry.normalised},
    }
    if entry.language:
        record["language"] = entry.language
    if entry.speaker:
        record["speaker"] = entry.speaker
    return record
