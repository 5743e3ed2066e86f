"""Token files: what they hold, and reading them as if they came from anywhere.

A shard ``codes-NNNNN-of-NNNNN.parquet`` has the columns `SCHEMA`, and in its footer, under ``ttsprep.codes``, what the
codes mean (`TokenSpec`) as JSON. Nothing of it is trusted: pages carry checksums, and every row is checked before
it is decoded.
"""

import io
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ttsprep.core.errors import CodecError
from ttsprep.core.files import atomic_write
from ttsprep.core.untrusted import open_regular, parse_json

_VERSION = 2
SPEC_KEY = b"ttsprep.codes"
SHARD_TOKENS = 1 << 24
"""Codes in a shard, about 21 MB of ten bits each; a clip is never cut, so one that is longer has its own."""
NAME = re.compile(r"(?:codes|index|train)-(\d{5})-of-(\d{5})\.(?:parquet|tar|jsonl)")
Numbers = np.ndarray[Any, np.dtype[np.integer[Any]]]


COLUMN_KINDS = {"id": pa.string(), "frames": pa.int32(), "scale": pa.float32(), "samples": pa.int64()}
"""Columns of a shard beside the codes."""


class TokenError(CodecError):
    """A token file is damaged, incomplete, or of another codec."""


@dataclass(frozen=True, slots=True)
class TokenSpec:
    """What the numbers in a token file mean.

    Attributes
    ----------
    codec, digest
        What it is called, a file name without its folder, and the digest that names its weights.
    sample_rate
        Of the clips, in Hz.
    frame
        Samples in a frame of codes.
    num_codebooks, codebook_size
        Codes in a frame, and the numbers from 0 that each can be.
    beam
        Choices kept from codebook to codebook when it was coded.
    """

    codec: str
    digest: str
    sample_rate: int
    hop_length: int
    num_codebooks: int
    codebook_size: int
    beam: int = 1

    @property
    def frame_rate(self) -> float:
        """Frames of codes a second."""
        return self.sample_rate / self.hop_length

    def document(self) -> dict[str, Any]:
        """Return it as it stands in a footer."""
        return {"version": _VERSION, **asdict(self), "frame_rate": self.frame_rate}

    @classmethod
    def of(cls, document: Any, where: str) -> "TokenSpec":
        """Return what a footer says; a `TokenError` if it says something else, or something impossible."""
        if not isinstance(document, dict) or document.get("version") != _VERSION:
            version = document.get("version") if isinstance(document, dict) else None
            raise TokenError(f"{where}: tokens of version {version!r}; this ttsprep reads version {_VERSION}")
        kinds = {"codec": str, "digest": str}
        values: dict[str, Any] = {}
        for name in cls.__slots__:
            value = document.get(name)
            if type(value) is not kinds.get(name, int) or (type(value) is int and not 1 <= value < 1 << 31):
                raise TokenError(f"{where}: {name} is {value!r}")
            values[name] = value
        spec = cls(**values)
        rate = document.get("frame_rate")
        if not isinstance(rate, int | float) or not math.isclose(rate, spec.frame_rate, rel_tol=1e-9):
            raise TokenError(
                f"{where}: says {rate!r} frames a second, but {spec.sample_rate} Hz in frames of "
                f"{spec.hop_length} samples are {spec.frame_rate:g}"
            )
        return spec


@dataclass(frozen=True, slots=True)
class TokenRow:
    """The codes of a clip, ``(codebooks, frames)``, and what turns them back into sound."""

    id: str
    codes: Numbers
    scale: float
    samples: int


def code_type(codebook_size: int) -> pa.DataType:
    """Return the narrowest of int16 and int32 that holds the codes."""
    return pa.int16() if codebook_size <= 1 << 15 else pa.int32()


def schema(codebook_size: int) -> pa.Schema:
    """Return the columns of a shard; ``codes`` are row-major, codebook after codebook."""
    columns = {"id": COLUMN_KINDS["id"], "codes": pa.list_(code_type(codebook_size)), **COLUMN_KINDS}
    return pa.schema(list(columns.items()))


def write_parquet(path: Path, table: pa.Table, spec: TokenSpec, more: dict[str, str] | None = None) -> None:
    """Write a shard and its footer, whole or not at all; the same table gives the same bytes."""
    footer = {SPEC_KEY.decode(): json.dumps(spec.document(), sort_keys=True), **(more or {})}
    buffer = io.BytesIO()
    pq.write_table(
        table.replace_schema_metadata(footer),
        buffer,
        compression="zstd",
        use_dictionary=True,
        dictionary_pagesize_limit=1 << 20,
        write_page_checksum=True,
        row_group_size=4096,
    )
    atomic_write(path, buffer.getvalue())


def read_parquet(path: Path, columns: Sequence[str] = ()) -> tuple[TokenSpec, pa.Table]:
    """Return what the codes of a shard mean, and its columns (by default those of `schema`)."""
    try:
        with (
            open_regular(path) as file,
            pq.ParquetFile(file, page_checksum_verification=True, pre_buffer=False) as shard,
        ):
            footer = shard.schema_arrow
            spec = _spec(footer, path.name)
            wanted = list(columns or schema(spec.codebook_size).names)
            missing = [name for name in wanted if name not in footer.names]
            if missing:
                raise TokenError(f"{path.name} has no column {missing[0]!r}: it is no shard of codes")
            table = shard.read(columns=wanted, use_threads=False)  # an error in a thread would end the process
    except FileNotFoundError:
        raise TokenError(f"{path} is not there") from None
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise TokenError(f"{path.name} is damaged: {str(error).splitlines()[0]}") from None
    wrong = [name for name, kind in COLUMN_KINDS.items() if name in table.column_names and table[name].type != kind]
    if wrong:
        raise TokenError(f"{path.name}: column {wrong[0]!r} holds {table[wrong[0]].type}, not {COLUMN_KINDS[wrong[0]]}")
    if "codes" in table.column_names and not pa.types.is_list(table["codes"].type):
        raise TokenError(f"{path.name}: column 'codes' holds {table['codes'].type}, not lists")
    return spec, table


def _spec(schema: pa.Schema, where: str) -> TokenSpec:
    raw = (schema.metadata or {}).get(SPEC_KEY)
    if raw is None:
        raise TokenError(f"{where}: its footer has no {SPEC_KEY.decode()!r}, so it does not say which codec it is of")
    try:
        document = parse_json(raw)
    except ValueError:
        raise TokenError(f"{where}: its footer cannot be read") from None
    return TokenSpec.of(document, where)


def token_rows(table: pa.Table, spec: TokenSpec, where: str) -> Iterator[TokenRow]:
    """Yield the rows of a shard; a `TokenError` names the row that does not fit, and what is wrong with it."""
    for batch in table.to_batches():
        cells = batch.drop_columns(["codes"]).to_pylist()
        for row, codes in zip(cells, batch.column("codes"), strict=True):
            if codes.values is None:
                raise TokenError(f"{where}: {row['id']!r}: without codes")
            yield valid_row(row, _flat(codes.values, spec, f"{where}: {row['id']!r}"), spec, where)


def _flat(codes: pa.Array, spec: TokenSpec, where: str) -> Numbers:
    """Return codes as one row of numbers, from a list or a list of lists."""
    if pa.types.is_list(codes.type):
        if len(codes) != spec.num_codebooks or codes.null_count:
            raise TokenError(f"{where}: {len(codes)} codebooks, {spec.num_codebooks} expected")
        codes = codes.flatten()
    if not pa.types.is_integer(codes.type) or codes.null_count:
        raise TokenError(f"{where}: codes are no numbers")
    return np.asarray(codes.to_numpy(zero_copy_only=False))


def token_document(data: bytes, where: str) -> dict[str, Any]:
    """Return what a line or a member of JSON says of the codes of a clip; a `TokenError` if it names no clip."""
    try:
        row = parse_json(data)
    except ValueError:
        raise TokenError(f"{where} is no JSON") from None
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        raise TokenError(f"{where} does not say which clip it is of")
    return row


def valid_row(row: Mapping[str, Any], flat: Numbers, spec: TokenSpec, where: str) -> TokenRow:
    """Return a row that can be decoded, from its cells and its codes, row-major, or raise a `TokenError`."""
    frames, scale, samples = (row.get(name) for name in ("frames", "scale", "samples"))
    if not row.get("id"):
        raise TokenError(f"{where}: a row without an id")
    where = f"{where}: {row['id']!r}"
    if type(frames) is not int or type(samples) is not int or type(scale) is not float:
        raise TokenError(f"{where}: frames, scale or samples are missing")
    if samples < 0 or frames != -(-samples // spec.hop_length):
        raise TokenError(f"{where}: {frames} frames, but {samples} samples at {spec.hop_length} a frame")
    if len(flat) != spec.num_codebooks * frames:
        raise TokenError(f"{where}: {len(flat)} codes, but {spec.num_codebooks} codebooks x {frames} frames")
    if len(flat) and not (flat.min() >= 0 and flat.max() < spec.codebook_size):
        raise TokenError(
            f"{where}: codes from {flat.min()} to {flat.max()}, but a codebook has {spec.codebook_size} codes"
        )
    if not (math.isfinite(scale) and scale > 0):
        raise TokenError(f"{where}: scale is {scale}")
    return TokenRow(row["id"], flat.reshape(spec.num_codebooks, frames), scale, samples)


def shard_name(number: int, count: int, extension: str = "parquet") -> str:
    """Return the file name of a shard, numbered from 0."""
    return f"codes-{number:05d}-of-{count:05d}.{extension}"


def ordered_shards(paths: Sequence[Path]) -> list[Path]:
    """Return shards in order; a `TokenError` if one of them is missing, or they are of two sets."""
    numbers = {}
    for path in paths:
        match = NAME.fullmatch(path.name)
        if match:
            numbers[path] = (int(match[1]), int(match[2]))
    counts = {count for _, count in numbers.values()}
    if len(counts) > 1:
        raise TokenError(f"{paths[0].parent} holds shards of {len(counts)} sets: {', '.join(map(str, sorted(counts)))}")
    for count in counts:
        missing = sorted(set(range(count)) - {number for number, _ in numbers.values()})
        if missing:
            raise TokenError(f"{paths[0].parent}: shard {missing[0]} of {count} is missing")
    return sorted(numbers, key=lambda path: numbers[path])
