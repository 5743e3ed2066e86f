"""Parquet with the audio in it, as Hugging Face `datasets` writes and loads it."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttsprep.core.errors import UsageError
from ttsprep.core.files import atomic_file
from ttsprep.corpora.exports._files import audio_name, by_split, make_folder, shards_of, sweep
from ttsprep.corpora.exports.base import Entry, Export

if TYPE_CHECKING:
    import pyarrow as pa

_NAMES = {"train": "train", "valid": "validation", "test": "test"}
"""The splits as `datasets` names them."""
_SHARD = re.compile(r"(?:train|validation|test)-\d{5}-of-\d{5}\.parquet")
_CLIPS, _MEGABYTES = 100, 32.0
"""Size of a row group, which is what a writer and a reader hold in memory."""


@dataclass(frozen=True)
class Parquet(Export):
    """``data/train-00000-of-00003.parquet`` and so on; ``load_dataset(folder)`` gives the audio as audio.

    Attributes
    ----------
    clips, megabytes
        A shard ends before it would have more clips, or more audio.
    """

    name = "parquet"
    summary = "data/train-00000-of-00003.parquet with the audio in it, for datasets.load_dataset"
    clips: int = 100_000
    megabytes: float = 500.0

    def __post_init__(self) -> None:
        if self.clips < 1 or not self.megabytes > 0:
            raise UsageError("clips and megabytes are above 0")

    def write(self, entries: Sequence[Entry], build: Path, folder: Path) -> None:
        """See `Export.write`."""
        place = folder / "data"
        make_folder(place)
        rates = {entry.sample_rate for entry in entries}
        schema = _schema(rates.pop() if len(rates) == 1 else None)
        written = set()
        for split, part in by_split(entries):
            shards = list(shards_of(part, build, self.clips, self.megabytes))
            for number, shard in enumerate(shards):
                name = f"{_NAMES[split]}-{number:05d}-of-{len(shards):05d}.parquet"
                written.add(name)
                _write_shard(place / name, shard, build, schema)
        sweep(place, written, lambda name: bool(_SHARD.fullmatch(name)))


def _schema(sample_rate: int | None) -> "pa.Schema":
    """Return the columns, with the note that makes `datasets` decode the audio."""
    import pyarrow as pa

    texts = ("id", "text", "normalized_text", "speaker", "language")
    audio = {"_type": "Audio"} if sample_rate is None else {"sampling_rate": sample_rate, "_type": "Audio"}
    features: dict[str, Any] = {
        "audio": audio,
        **{name: {"dtype": "string", "_type": "Value"} for name in texts},
        "duration": {"dtype": "float64", "_type": "Value"},
    }
    columns = [
        ("audio", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        *((name, pa.string()) for name in texts),
        ("duration", pa.float64()),
    ]
    return pa.schema(columns, metadata={"huggingface": json.dumps({"info": {"features": features}})})


def _write_shard(path: Path, entries: Sequence[Entry], build: Path, schema: "pa.Schema") -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # Samples hardly get smaller by packing, and never come twice.
    names = [name for name in schema.names if name != "audio"]
    packed = {"audio.bytes": "none", **dict.fromkeys((*names, "audio.path"), "zstd")}
    with atomic_file(path) as file, pq.ParquetWriter(file, schema, compression=packed, use_dictionary=names) as writer:
        for group in shards_of(entries, build, _CLIPS, _MEGABYTES):
            writer.write_table(pa.Table.from_pylist([_row(entry, build) for entry in group], schema))


def _row(entry: Entry, build: Path) -> dict[str, Any]:
    return {
        "audio": {"bytes": (build / entry.path).read_bytes(), "path": audio_name(entry)},
        "id": entry.id,
        "text": entry.text,
        "normalized_text": entry.normalised,
        "speaker": entry.speaker,
        "language": entry.language,
        "duration": entry.duration_s,
    }
