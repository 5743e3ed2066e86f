"""Decoding: codes -> clips of the same lengths and levels."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa

from ttsprep.core.audio import encode as encoded
from ttsprep.core.errors import OutputError
from ttsprep.core.files import atomic_write, safe_names
from ttsprep.core.output_folder import Kind, claim, open_output
from ttsprep.core.progress import NO_PROGRESS, Progress
from ttsprep.core.store.corpus_path import locate_corpus
from ttsprep.core.tables import read_table, write_table
from ttsprep.core.types import Audio
from ttsprep.core.workers.pool import Limits, map_shards
from ttsprep.corpora.paths import corpus_folder

if TYPE_CHECKING:
    from ttsprep.codec.external import AudioCodec
    from ttsprep.codec.token_formats import Codes
    from ttsprep.codec.tokens import TokenRow

SHARD = 16
TABLE = "decoded.parquet"
KIND = Kind("decode", (TABLE,))
"""What is decoded into; the clips are listed before they are written."""
LIMITS = Limits(seconds_per_item=1800, memory_bytes=4 << 30)
SCHEMA = pa.schema([
    ("id", pa.string()),
    ("file", pa.string()),
    ("samples", pa.int64()),
    ("clipped", pa.int64()),
    ("stamp", pa.string()),
])
"""Every decoded clip; ``clipped`` samples were beyond full scale, ``stamp`` stands for its codes and the codec."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What was decoded.

    Attributes
    ----------
    out
        Folder of the clips.
    clips, seconds
        How many, and how long together.
    clipped
        Clips with samples beyond full scale, which a file of 16 bits cannot hold.
    fresh
        Clips that were decoded in this run; the others were there.
    """

    out: Path
    clips: int
    seconds: float
    clipped: int
    fresh: int


@dataclass
class Decoding:
    """The work of the workers of `ttsprep decode`.

    Attributes
    ----------
    codec
        What it is called; loaded once, where this is unpickled.
    """

    codec: str
    _coder: "AudioCodec | None" = field(default=None, repr=False)

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Load the codec."""
        from ttsprep.codec.external import load

        self.__dict__.update(state)
        self._coder = load(self.codec)

    batch: ClassVar[int] = 1

    def setup_batch(self, items: Sequence["TokenRow"]) -> None:
        """Do nothing."""

    def setup(self) -> None:
        """Do nothing."""

    def rows(self, items: Sequence["TokenRow"]) -> list[Any]:
        """Return the rows of a batch."""
        return [self(item) for item in items]

    def __call__(self, item: "TokenRow") -> dict[str, Any]:
        """Return the bytes of a WAV file of 16 bits, and how many samples were beyond full scale."""
        from ttsprep.codec.codec import EncodedClip

        if self._coder is None:
            raise AssertionError("the codec is loaded where the work is unpickled")
        (samples,) = self._coder.decode([EncodedClip(item.codes, item.scale, item.samples)])
        most = 1 - 2.0**-15
        clipped = int(np.count_nonzero((samples > most) | (samples < -1)))
        audio = Audio(np.clip(samples, -1, most)[:, None], self._coder.sample_rate, "PCM_16")
        return {"wav": encoded(audio, "wav"), "clipped": clipped}

    def failed(self, item: "TokenRow", reason: str) -> dict[str, Any]:
        """Return the row of a clip that killed its worker."""
        return {"failed": f"{item.id!r}: {reason}"}


def decode(
    folder: Path,
    out: Path,
    *,
    codec: str = "",
    jobs: int,
    progress: Progress = NO_PROGRESS,
) -> Decoded:
    """Decode all clips of a folder of codes into ``out/ID.wav``.

    Parameters
    ----------
    folder
        Written by `ttsprep.codec.encode.encode`, or a single shard; only read.
    out
        Folder for the clips, outside the codes and the corpus that they are of.
    codec
        What they were coded with, if it is called differently now.
    jobs
        Worker processes.
    progress
        Receives the stage ``decoding``.

    Raises
    ------
    TtsprepError
        If the codes are damaged or of another codec, or the clips cannot be written.
    """
    from ttsprep.codec.token_formats import open_codes

    corpus = locate_corpus(corpus_folder(folder))
    sources = [folder, *([Path(codec)] if codec else []), *([corpus] if corpus else [])]
    claim(KIND, out, sources)
    codes = open_codes(folder)
    name = codec or codes.spec.codec
    _refuse_other_codec(codes, name)
    with open_output(KIND, out, [codes.folder, *sources]) as held:
        table = _plan(codes, out)
        todo = {entry["id"] for entry in table if not entry["there"]}
        progress.start("decoding", len(table), len(todo))
        if todo:
            held.expect(entry["file"] for entry in table)
            _decode(codes, name, out, [entry for entry in table if not entry["there"]], jobs, progress)
            columns = [pa.array([entry[field.name] for entry in table], field.type) for field in SCHEMA]
            write_table(out / TABLE, pa.table(columns, schema=SCHEMA))
    seconds = sum(entry["samples"] for entry in table) / codes.spec.sample_rate
    return Decoded(out, len(table), seconds, sum(entry["clipped"] > 0 for entry in table), len(todo))


def _refuse_other_codec(codes: "Codes", name: str) -> None:
    from ttsprep.codec.external import load
    from ttsprep.codec.tokens import TokenError
    from ttsprep.core.errors import CheckpointError

    spec = codes.spec
    try:
        coder = load(name)
    except CheckpointError as error:
        if name != spec.codec or Path(name).exists():
            raise
        raise TokenError(
            f"{codes.folder} was coded with {name!r} of digest {spec.digest[:16]}..., which is not here: give its "
            f"path with --codec ({error})"
        ) from None
    if coder.digest != spec.digest:
        raise TokenError(
            f"{codes.folder} was coded with {spec.codec!r} of digest {spec.digest[:16]}..., but {name!r} has "
            f"{coder.digest[:16]}...: name the right one with --codec"
        )
    mine = (coder.sample_rate, coder.hop_length, coder.codebook_size)
    theirs = (spec.sample_rate, spec.hop_length, spec.codebook_size)
    if mine != theirs or spec.num_codebooks > coder.num_codebooks:
        raise TokenError(
            f"{codes.folder} claims {theirs[0]} Hz, {theirs[1]} samples a frame, {theirs[2]} codes and "
            f"{spec.num_codebooks} codebooks; {name!r} has {mine[0]}, {mine[1]}, {mine[2]} and {coder.num_codebooks}"
        )


def _stamp(row: "TokenRow", digest: str) -> str:
    parts = (digest, row.codes.dtype.str, row.codes.shape, row.scale, row.samples)
    return hashlib.sha256(repr(parts).encode() + np.ascontiguousarray(row.codes).tobytes()).hexdigest()[:32]


def _plan(codes: "Codes", out: Path) -> list[dict[str, Any]]:
    """Check every row before anything is written, and say which clips are there already."""
    earlier = read_table(out / TABLE)
    known = {row["id"]: row for row in earlier.to_pylist()} if earlier is not None else {}
    table: list[dict[str, Any]] = [
        {"id": row.id, "samples": row.samples, "stamp": _stamp(row, codes.spec.digest)} for row in codes.rows()
    ]
    names = safe_names(entry["id"] for entry in table)
    for entry in table:
        before = known.get(entry["id"], {})
        file = f"{names[entry['id']]}.wav"
        there = before.get("stamp") == entry["stamp"] and before.get("file") == file and (out / file).is_file()
        entry |= {"file": file, "there": there, "clipped": before["clipped"] if there else 0}
    return table


def _decode(
    codes: "Codes",
    codec: str,
    out: Path,
    todo: Sequence[dict[str, Any]],
    jobs: int,
    progress: Progress,
) -> None:
    places = {entry["id"]: number for number, entry in enumerate(todo)}
    wanted = (row for row in codes.rows() if row.id in places)
    shards = iter(lambda: list(islice(wanted, SHARD)), [])
    results = map_shards(
        Decoding(codec),
        shards,
        workers=jobs,
        limits=LIMITS,
        progress=progress,
    )
    with closing(results):
        for number, rows in results:
            entries = todo[number * SHARD : (number + 1) * SHARD]
            for entry, row in zip(entries, rows, strict=True):
                if "failed" in row:
                    raise OutputError(f"cannot decode {row['failed']}")
                atomic_write(out / entry["file"], row["wav"])
                entry["clipped"] = row["clipped"]
            progress.advance(0, sum(entry["samples"] for entry in entries) / codes.spec.sample_rate)
