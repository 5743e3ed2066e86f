"""The tables of an audit on disk: their columns, and a journal that survives a kill."""

import csv
import hashlib
import io
import json
import mmap
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import ipc

from ttsprep.core.errors import shortened
from ttsprep.core.files import Signature, atomic_write, clean, writing
from ttsprep.core.types import Clip, Finding
from ttsprep.core.untrusted import open_regular

_SCHEMA_VERSION = 1
_FORMULA = frozenset("=+-@\t\r")
_DIGEST = hashlib.sha256().digest_size

MANIFEST = pa.schema([
    ("id", pa.string()),
    ("path", pa.string()),
    ("text", pa.string()),
    ("speaker", pa.string()),
    ("language", pa.string()),
    ("start_s", pa.float64()),
    ("end_s", pa.float64()),
    ("given_id", pa.string()),
])
"""What the corpus says of a clip; ``given_id`` differs from ``id`` where that was taken."""

MEASURED = pa.schema([
    ("sha256", pa.string()),
    ("sample_rate", pa.int32()),
    ("channels", pa.int16()),
    ("subtype", pa.string()),
    ("frames", pa.int64()),
    ("duration_s", pa.float64()),
    ("status", pa.string()),
    ("status_reason", pa.string()),
    ("fingerprint", pa.string()),
])
"""What was found in its file; ``fingerprint`` stands for everything that its measures depend on."""

CACHE = pa.schema([
    ("path", pa.string()),
    ("sha256", pa.string()),
    *((name, pa.int64()) for name in Signature._fields),
])
"""By which an unchanged file is known without reading it; apart from the tables, as it is of this machine."""

FINDINGS = pa.schema([
    ("clip", pa.string()),
    ("code", pa.string()),
    ("severity", pa.string()),
    ("message", pa.string()),
    ("value", pa.float64()),
    ("limit", pa.float64()),
    ("start", pa.float64()),
    ("end", pa.float64()),
])


def measured_schema(columns: Mapping[str, bool]) -> pa.Schema:
    """Return the schema of measured rows.

    Parameters
    ----------
    columns
        Measures by name, and whether they hold text.
    """
    fields = [pa.field(name, pa.string() if text else pa.float32()) for name, text in columns.items()]
    return pa.schema([*MEASURED, *fields])


def to_batch(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.RecordBatch:
    """Return rows as a batch of `schema`; what a row does not have is null."""
    arrays = []
    for field in schema:
        values = [row.get(field.name) for row in rows]
        if field.type == pa.string():
            values = [None if value is None else clean(value) for value in values]
        arrays.append(pa.array(values, field.type, from_pandas=True))
    return pa.record_batch(arrays, schema=schema)


def manifest_table(clips: Sequence[Clip], ids: Sequence[str]) -> pa.Table:
    """Return the columns of `MANIFEST`; `ids` are unique, those of `clips` need not be."""
    columns: dict[str, list[Any]] = {
        "id": list(map(clean, ids)),
        "path": [clean(clip.path) for clip in clips],
        "text": [clean(clip.text) for clip in clips],
        "speaker": [clean(clip.speaker) for clip in clips],
        "language": [clean(clip.language) for clip in clips],
        "start_s": [clip.start for clip in clips],
        "end_s": [clip.end for clip in clips],
        "given_id": [clean(clip.id) for clip in clips],
    }
    return pa.table(columns, schema=MANIFEST)


def findings_table(findings: Iterable[Finding]) -> pa.Table:
    """Return findings as a table, in the order given."""
    rows = list(findings)
    columns = {field.name: [_cell(getattr(finding, field.name)) for finding in rows] for field in FINDINGS}
    columns["message"] = [shortened(message) for message in columns["message"]]
    return pa.table(columns, schema=FINDINGS)


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return clean(str(value))
    return None if value is None else float(value)


def write_table(path: Path, table: pa.Table) -> None:
    """Write a Parquet file, whole or not at all; the same table gives the same bytes."""
    buffer = io.BytesIO()
    stamped = table.replace_schema_metadata({"ttsprep.schema": str(_SCHEMA_VERSION)})
    pq.write_table(stamped, buffer, compression="zstd", write_page_checksum=True)
    data = buffer.getvalue()
    footer = len(data) - _footer(data)
    atomic_write(path, b"".join((data[:footer], hashlib.sha256(data).digest(), data[footer:])))


def read_table(path: Path, columns: Collection[str] | None = None) -> pa.Table | None:
    """Return a table that `write_table` wrote, or None if it is not there, is damaged, or not of this version.

    Of `columns` those that it has are read; None reads all. Page checksums do not cover headers and footer, and a
    damaged one can end the process: a digest before the footer, where readers of Parquet look at nothing, covers the
    whole file.
    """
    try:
        with open_regular(path) as file:
            data = file.read()
        footer = len(data) - _footer(data)
        data, known = data[: footer - _DIGEST] + data[footer:], data[footer - _DIGEST : footer]
        table = read_parquet(pa.BufferReader(data), columns) if hashlib.sha256(data).digest() == known else None
    except (OSError, pa.ArrowException):
        return None
    version = (table.schema.metadata or {}).get(b"ttsprep.schema") if table is not None else None
    return table if version == str(_SCHEMA_VERSION).encode() else None


def read_parquet(file: Any, columns: Collection[str] | None = None) -> pa.Table:
    """Return those of `columns` that an open Parquet file has; by one thread, an error in another ends the process."""
    with pq.ParquetFile(file, page_checksum_verification=True, pre_buffer=False) as parts:  # read_table loads pandas
        names = [name for name in parts.schema_arrow.names if columns is None or name in columns]
        return parts.read(columns=names, use_threads=False)


def _footer(data: bytes) -> int:
    """Return the bytes of the footer of a Parquet file, from its end."""
    return min(len(data), int.from_bytes(data[-8:-4], "little") + 8)


def is_formula(text: str) -> bool:
    """Say whether a spreadsheet takes a cell for a formula, also one that `write_csv` made safe."""
    return text.lstrip("'")[:1] in _FORMULA


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]], *, safe: bool = False) -> None:
    """Write a CSV that reads as it was; a `safe` one has a quote mark before what a spreadsheet would compute."""
    buffer = io.StringIO(newline="")
    plain = csv.writer(buffer, lineterminator="\n")  # quotes line feeds alone
    quoting = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n")
    plain.writerow(header)
    for row in rows:
        cells = [f"'{text}" if is_formula(text) else text for text in map(clean, row)] if safe else row
        (quoting if any("\r" in text for text in cells) else plain).writerow(cells)
    atomic_write(path, buffer.getvalue().encode())


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON document, whole or not at all."""
    text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False)
    atomic_write(path, (text + "\n").encode())


class Journal:
    """Measured shards on disk as soon as they are there, so that a kill loses only what was in flight.

    Every run appends to a file of its own, an Arrow stream; a stream that was cut off is read up to the cut.

    Parameters
    ----------
    folder
        Where the journals lie; beside those of other steps, in a folder that goes with the last of them.
    schema
        Of the batches; journals of another schema are not read.
    """

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self._folder, self._schema = folder, schema
        self._sink: Any = None
        self._writer: Any = None
        self._path: Path | None = None

    def read(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches that earlier, unfinished runs left; they stay on disk until they are looked at."""
        for path in sorted(self._folder.glob("journal-*.arrow")):
            yield from self._batches(path)

    def written(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches that were appended here, from disk, once the journal is closed."""
        if self._path:
            yield from self._batches(self._path)

    def _batches(self, path: Path) -> Iterator[pa.RecordBatch]:
        try:
            with path.open("rb") as file, ipc.open_stream(_mapped(file)) as stream:
                if stream.schema.equals(self._schema):
                    for batch in stream:
                        batch.validate(full=True)
                        yield batch
        except (OSError, ValueError):  # of Arrow too, and of a file of 0 bytes
            return  # the run was killed while it wrote the rest

    def append(self, batch: pa.RecordBatch) -> None:
        """Write one batch through to the system.

        Raises
        ------
        OutputError
            If the disk is full; what was written before stays.
        """
        with writing(self._folder):
            try:
                if self._writer is None:
                    self._open()
                self._writer.write_batch(batch)
                self._sink.flush()
            except OSError:
                if self._sink is not None:
                    self._sink.raw.close()  # without another flush, which would fail in the same way
                self._writer = self._sink = None
                raise

    def _open(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        number = len(list(self._folder.glob("journal-*.arrow")))
        self._path = self._folder / f"journal-{number:04d}.arrow"
        self._sink = self._path.open("wb")
        self._writer = ipc.new_stream(self._sink, self._schema)

    def close(self) -> None:
        """Stop writing; what was written stays."""
        if self._writer is not None:
            self._writer.close()
            self._sink.close()
            self._writer = None

    def discard(self) -> None:
        """Remove all journals, once their content is in the tables."""
        self.close()
        for path in self._folder.glob("journal-*.arrow"):
            path.unlink()
        for folder in (self._folder, self._folder.parent):  # the latter holds those of other steps, too
            with suppress(OSError):
                folder.rmdir()


def _mapped(file: BinaryIO) -> pa.Buffer:
    return pa.py_buffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
