"""Codes one clip after another in a worker: decode once, resample, code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ttsprep.core import audio
from ttsprep.core.errors import AudioError
from ttsprep.core.files import inside, regular
from ttsprep.core.store.cache import KEY
from ttsprep.core.store.step import Row, Step, StepResults, make_key
from ttsprep.core.types import Clip
from ttsprep.core.workers.pool import Limits

if TYPE_CHECKING:
    from ttsprep.codec.codec import EncodedClip
    from ttsprep.codec.external import AudioCodec
    from ttsprep.codec.tokens import TokenSpec

CODING_VERSION = 2
"""Raised whenever the same clip and codec would give other codes."""
_PASSING = frozenset({"audio-missing", "path-outside-corpus", "decoder-crashed"})
"""Faults that lie in the surroundings: tried again by the next run."""
_LIMITS = Limits(seconds_per_item=1800, memory_bytes=3 << 30)
"""Of a worker; a recording of ten hours takes a quarter of an hour."""
SHARD = 16
"""Clips that a worker is given at a time; four times as many, where they make one batch on a GPU."""


def row_schema(codebook_size: int) -> pa.Schema:
    """Return the columns in which coded clips are kept until the shards are written."""
    from ttsprep.codec.tokens import schema

    return pa.schema([
        (KEY, pa.string()),
        ("status", pa.string()),
        ("status_reason", pa.string()),
        *[column for column in schema(codebook_size) if column.name != "id"],
        ("distance_db", pa.float32()),
    ])


@dataclass
class EncodeStep(Step[Clip]):
    """Codes every clip of a corpus.

    Attributes
    ----------
    root
        The corpus.
    codec
        What the user called it; loaded once, and shared by the workers.
    spec
        What the codes mean.
    code
        Stands for the codec and its settings in keys.
    coder
        The codec of this process. If it is on a GPU, workers return samples, which are coded here.
    """

    name = "encode"
    stage = "encoding"
    limits = _LIMITS
    table = ""  # the rows of an earlier run are in its shards

    root: str
    codec: str
    spec: "TokenSpec"
    code: str
    coder: "AudioCodec | None" = field(default=None, repr=False)
    in_parent: bool = field(init=False)
    shard: int = field(init=False)
    schema: pa.Schema = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Decide where clips are coded."""
        self.in_parent = self.coder is not None and self.coder.device_name != "cpu"
        self.shard = 4 * SHARD if self.in_parent else SHARD
        self.schema = row_schema(self.spec.codebook_size)

    def __getstate__(self) -> Mapping[str, Any]:
        """Leave out the codec of this process."""
        return self.__dict__ | {"coder": None}

    def path(self, item: Clip) -> str:
        """Return the file of a clip."""
        return item.path

    def key(self, item: Clip, sha256: str) -> str:
        """Stand for all that the codes depend on: bytes, piece of them, the codec and its settings."""
        return make_key(self.code, sha256, repr(item.start), repr(item.end))

    def setup(self) -> None:
        """Load the codec."""
        from ttsprep.codec.external import load_codec

        self.coder = load_codec(self.codec)

    def rows(self, batch: Sequence[Clip]) -> list[Row]:
        """Return the codes of clips, or what is wrong with them."""
        return [self._row(clip) for clip in batch]

    def failed(self, item: Clip, reason: str) -> Row:
        """Return the row of a clip that killed its worker."""
        return {"status": "decoder-crashed", "status_reason": f"coding it failed twice: {reason}"}

    def seconds(self, item: Clip, row: Row) -> float:
        """Return the length of a coded clip."""
        return float(row.get("samples", 0) / self.spec.sample_rate)

    def complete(self, results: StepResults) -> StepResults:
        """Code what workers have decoded, while they decode the next."""
        if not self.in_parent:
            yield from results
            return
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(1) as pool:
            waiting = []
            for number, rows in results:
                waiting.append((number, pool.submit(self._coded, rows)))
                while len(waiting) > 2 or (waiting and waiting[0][1].done()):
                    first, future = waiting.pop(0)
                    yield first, future.result()
            for number, future in waiting:
                yield number, future.result()

    def _coded(self, rows: Sequence[Row]) -> list[Row]:
        clips = [row.pop("clip") for row in rows if "clip" in row]
        spec = self.spec
        coded = iter(self._coder().encode(clips, num_codebooks=spec.num_codebooks, beam=spec.beam))
        done = [row.get("status") != "ok" or "codes" in row for row in rows]
        return [row if is_done else row | _flat(next(coded)) for row, is_done in zip(rows, done, strict=True)]

    def _coder(self) -> "AudioCodec":
        if self.coder is None:
            raise AssertionError("the codec is loaded in setup")
        return self.coder

    def _row(self, clip: Clip) -> Row:
        try:
            path = inside(Path(self.root), clip.path)
            regular(path)
            return {"status": "ok", "status_reason": ""} | self._code(path, clip)
        except AudioError as error:
            row: Row = {"status": error.code, "status_reason": str(error)}
            passing = error.code in _PASSING
            return row | {KEY: ""} if passing else row

    def _code(self, path: Path, clip: Clip) -> Row:
        from ttsprep.codec import mono_stream

        coder, spec = self._coder(), self.spec
        decoded = audio.read(path, start=clip.start, end=clip.end)
        if decoded.complete:
            samples = mono_stream.mono_at(decoded, coder.sample_rate)
            if self.in_parent:
                return {"clip": samples}
            return _flat(coder.encode([samples], num_codebooks=spec.num_codebooks, beam=spec.beam)[0])
        seconds = decoded.claimed / decoded.rate
        if seconds > coder.longest_s:
            raise AudioError("too-long", f"lasts {seconds:,.0f} s; this codec takes {coder.longest_s:,.0f} s at most")
        del decoded
        channel = mono_stream.stream_channel(path, clip.start, clip.end)
        return _flat(
            coder.encode_stream(
                lambda: mono_stream.chunks(path, clip.start, clip.end, coder.sample_rate, channel),
                num_codebooks=spec.num_codebooks,
                beam=spec.beam,
            )
        )


def _flat(clip: "EncodedClip") -> Row:
    """Return the columns of a coded clip."""
    return {
        "codes": clip.codes.reshape(-1),
        "frames": clip.codes.shape[1],
        "scale": clip.scale,
        "samples": clip.samples,
        "distance_db": clip.distance_db,
    }
