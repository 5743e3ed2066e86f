"""Decoding: codes -> clips of the same lengths and levels."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from ttsprep.core.audio import encode_audio as encoded
from ttsprep.core.errors import OutputError
from ttsprep.core.files import atomic_write, safe_names
from ttsprep.core.output_folder import JOURNALS, Kind, claim, open_output
from ttsprep.core.progress import NO_PROGRESS, Progress
from ttsprep.core.store.cache import KEY
from ttsprep.core.store.corpus_path import locate_corpus
from ttsprep.core.store.step import Row, Step, make_key
from ttsprep.core.store.store import Store
from ttsprep.core.tables import read_table, write_table
from ttsprep.core.types import Audio
from ttsprep.core.workers.pool import Limits
from ttsprep.corpora.paths import corpus_folder

if TYPE_CHECKING:
    from ttsprep.codec.external import AudioCodec
    from ttsprep.codec.token_formats import CodeFiles
    from ttsprep.codec.tokens import TokenRow

_TABLE = "decoded.parquet"
_KIND = Kind("decode", (_TABLE, ".decode.parquet", ".cache.parquet", JOURNALS))
"""What is decoded into; the clips are listed before they are written."""
_LIMITS = Limits(seconds_per_item=1800, memory_bytes=4 << 30)
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


@dataclass(frozen=True, slots=True)
class DecodeItem:
    """A clip to decode.

    Attributes
    ----------
    id, file
        Of the clip, and where it goes.
    samples
        Its length.
    stamp
        Stands for its codes and the codec.
    codes
        Of the clip; None until it is its turn.
    """

    id: str
    file: str
    samples: int
    stamp: str
    codes: "TokenRow | None" = None


@dataclass
class DecodeStep(Step[DecodeItem]):
    """Decodes every clip, and writes it as a WAV file of 16 bits.

    Attributes
    ----------
    root
        Folder of the clips.
    codec
        What it is called; loaded once, and shared by the workers.
    codes
        Where the codes are; stays in this process.
    """

    name = "decode"
    stage = "decoding"
    schema = pa.schema([(KEY, pa.string()), ("sha256", pa.string()), ("clipped", pa.int64())])
    shard = 16
    limits = _LIMITS
    makes_file = True
    table = ".decode.parquet"

    root: str
    codec: str
    codes: "CodeFiles | None" = field(default=None, repr=False)
    _coder: "AudioCodec | None" = field(default=None, repr=False)
    _source: "Iterator[TokenRow]" = field(default_factory=lambda: iter(()), repr=False)

    def __getstate__(self) -> Mapping[str, Any]:
        """Leave out what stays in this process."""
        return {"root": self.root, "codec": self.codec}

    def path(self, item: DecodeItem) -> str:
        """Return where a clip goes."""
        return item.file

    def key(self, item: DecodeItem, sha256: str) -> str:
        """Stand for the codes, the codec, and the name of the file."""
        return make_key(item.stamp, item.file)

    def load(self, item: DecodeItem) -> DecodeItem:
        """Return a clip with its codes; they are read once, in order."""
        for row in self._source:
            if row.id == item.id:
                return replace(item, codes=row)
        if self.codes is None:
            raise AssertionError("codes are read where they are held")
        self._source = self.codes.rows()
        return self.load(item)

    def setup(self) -> None:
        """Load the codec."""
        from ttsprep.codec.external import load_codec

        self._coder = load_codec(self.codec)

    def rows(self, batch: Sequence[DecodeItem]) -> list[Row]:
        """Write clips, and count the samples beyond full scale."""
        return [self._row(item) for item in batch]

    def failed(self, item: DecodeItem, reason: str) -> Row:
        """Stop: codes that were coded here can be decoded."""
        raise OutputError(f"cannot decode {item.id!r}: {reason}")

    def seconds(self, item: DecodeItem, row: Row) -> float:
        """Return the length of a clip."""
        return item.samples / self.codes.spec.sample_rate if self.codes else 0.0

    def _row(self, item: DecodeItem) -> Row:
        from ttsprep.codec.codec import EncodedClip

        if self._coder is None or item.codes is None:
            raise AssertionError("the codec is loaded in setup, and the codes in load")
        codes = item.codes
        (samples,) = self._coder.decode([EncodedClip(codes.codes, codes.scale, codes.samples)])
        most = 1 - 2.0**-15
        clipped = int(np.count_nonzero((samples > most) | (samples < -1)))
        data = encoded(Audio(np.clip(samples, -1, most)[:, None], self._coder.sample_rate, "PCM_16"), "wav")
        atomic_write(Path(self.root, item.file), data)
        return {"sha256": hashlib.sha256(data).hexdigest(), "clipped": clipped}


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
    claim(_KIND, out, sources)
    codes = open_codes(folder)
    name = codec or codes.spec.codec
    _refuse_other_codec(codes, name)
    with open_output(_KIND, out, [codes.folder, *sources]) as held:
        items = items_of(codes)
        held.expect(item.file for item in items)
        rows = Store(out).map(DecodeStep(str(out.resolve()), name, codes), items, jobs, progress)
        clipped = rows.table(["clipped"])["clipped"]
        own = {name: [getattr(item, name) for item in items] for name in ("id", "file", "samples", "stamp")}
        table = pa.table(own | {"clipped": clipped}).select(SCHEMA.names).cast(SCHEMA)
        earlier = read_table(out / _TABLE)
        if earlier is None or not earlier.equals(table):
            write_table(out / _TABLE, table)
    seconds = sum(item.samples for item in items) / codes.spec.sample_rate
    return Decoded(out, len(items), seconds, int((clipped.to_numpy() > 0).sum()), rows.new)


def _refuse_other_codec(codes: "CodeFiles", name: str) -> None:
    from ttsprep.codec.external import load_codec
    from ttsprep.codec.tokens import TokenError
    from ttsprep.core.errors import CheckpointError

    spec = codes.spec
    try:
        coder = load_codec(name)
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


def items_of(codes: "CodeFiles") -> list[DecodeItem]:
    """Check every row before anything is written, and name the file of each."""
    rows = [(row.id, row.samples, _stamp(row, codes.spec.digest)) for row in codes.rows()]
    names = safe_names(name for name, _, _ in rows)
    return [DecodeItem(name, f"{names[name]}.wav", samples, stamp) for name, samples, stamp in rows]
