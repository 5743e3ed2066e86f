"""Parquet and Arrow files, read a few rows at a time."""

import mmap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ttsprep.core.errors import CorpusError
from ttsprep.core.untrusted import open_regular, read_json

if TYPE_CHECKING:
    import pyarrow as pa

SHARD_ENDINGS = (".parquet", ".arrow")
_MAGIC = b"ARROW1"


class Columnar(Protocol):
    """A file of rows with named columns."""

    @property
    def schema(self) -> "pa.Schema":
        """Its columns."""
        ...

    @property
    def count(self) -> int:
        """Its rows."""
        ...

    def batches(self, columns: Sequence[str], rows: int) -> Iterator["pa.RecordBatch"]:
        """Yield some columns of at most `rows` rows at a time; ``audio.path`` is a field of a column."""
        ...


class _Parquet:
    """Holds about two pages of a file, as its writer cut them."""

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self._file = pq.ParquetFile(_mapped(path), pre_buffer=False, buffer_size=1 << 20)
        self.schema: pa.Schema = self._file.schema_arrow
        self.count: int = self._file.metadata.num_rows

    def batches(self, columns: Sequence[str], rows: int) -> Iterator["pa.RecordBatch"]:
        yield from self._file.iter_batches(batch_size=rows, columns=list(columns), use_threads=False)


class _Arrow:
    """A stream of record batches, as `datasets` saves them, or a file of them; mapped, not read."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa

        self._source = _mapped(path)
        self._random = self._source.read(len(_MAGIC)) == _MAGIC
        self.schema: pa.Schema = self._reader().schema
        self.count = sum(batch.num_rows for batch in self._whole())

    def _reader(self) -> Any:
        import pyarrow as pa

        self._source.seek(0)
        return (pa.ipc.open_file if self._random else pa.ipc.open_stream)(self._source)

    def _whole(self) -> Iterator["pa.RecordBatch"]:
        reader = self._reader()
        if not self._random:
            yield from reader
            return
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)

    def batches(self, columns: Sequence[str], rows: int) -> Iterator["pa.RecordBatch"]:
        import pyarrow as pa
        import pyarrow.compute as pc

        for batch in self._whole():
            for start in range(0, batch.num_rows, rows):
                piece = batch.slice(start, rows)
                piece.validate(full=True)  # what is mapped was never checked
                taken: dict[str, Any] = {}
                for name in columns:
                    column, _, field = name.partition(".") if name not in batch.schema.names else (name, "", "")
                    values = piece.column(column)
                    taken[column] = (
                        pa.StructArray.from_arrays([pc.struct_field(values, field)], [field]) if field else values
                    )
                yield pa.RecordBatch.from_pydict(taken)


def _mapped(path: Path) -> Any:
    """Return a file for Arrow, which opens no path that is not UTF-8."""
    import pyarrow as pa

    with open_regular(path) as file:
        return pa.BufferReader(pa.py_buffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))


def open_columnar(path: Path) -> Columnar:
    """Open a Parquet or an Arrow file.

    Raises
    ------
    CorpusError
        If it is damaged, or neither.
    """
    import pyarrow as pa

    try:
        file = _Arrow(path) if path.suffix == ".arrow" else _Parquet(path)
        list(_names(file.schema))
    except UnicodeDecodeError:
        raise CorpusError(f"{path} is damaged: the name of a column is not UTF-8") from None
    except (pa.ArrowException, OSError, ValueError) as error:
        kind = "Arrow" if path.suffix == ".arrow" else "Parquet"
        raise CorpusError(f"{path} is damaged or no {kind} file: {error}") from None
    return file


def _names(fields: "Iterable[pa.Field]") -> Iterator[str]:
    """Yield the names of columns, and of fields in them; Arrow decodes a name when it is asked for."""
    import pyarrow.types as kinds

    for field in fields:
        yield field.name
        if kinds.is_struct(field.type):
            yield from _names(field.type)


def saved_files(folder: Path) -> set[str] | None:
    """Return the names of the files that a folder of `datasets` consists of; None if it is no such folder.

    Beside them lie files of its cache, which have the same audio again.
    """
    try:
        state = read_json(folder / "state.json")
        return {str(file["filename"]) for file in state["_data_files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None
