"""Cuts long recordings into clips: in pauses only, each with its part of the text where that can be told.

`SegmentStep` finds the pieces; `cut_recordings` makes clips of them.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pyarrow as pa

from ttsprep.audit.select import Rejection
from ttsprep.build.config import Segment
from ttsprep.build.longform.divide import CutPiece, Skipped, divide
from ttsprep.build.longform.pauses import scan
from ttsprep.core import audio
from ttsprep.core.errors import AudioError
from ttsprep.core.files import clean, inside, regular, unique
from ttsprep.core.progress import Progress
from ttsprep.core.store.cache import KEY
from ttsprep.core.store.step import Row, Step, make_key
from ttsprep.core.store.store import Store
from ttsprep.core.types import Clip
from ttsprep.core.untrusted import parse_json
from ttsprep.core.workers.pool import Limits
from ttsprep.corpora.corpus import Corpus

_VERSION = 1
"""Raised whenever the same recording, text and rules yield other pieces."""
_SECONDS = 3600.0
"""For one recording: ten seconds an hour of it, and some have hundreds."""


@dataclass(frozen=True, slots=True)
class Segments:
    """What a clip is cut into.

    Attributes
    ----------
    pieces
        In order, in seconds of the file; ``None`` where the clip stays as it is.
    skipped
        What is in no piece although there is speech in it, and why.
    """

    pieces: tuple[CutPiece, ...] | None
    skipped: tuple[Skipped, ...] = ()

    def row(self) -> Row:
        """Return the row of a table."""
        return {"segments": json.dumps(asdict(self))}

    @classmethod
    def of(cls, row: Row) -> "Segments":
        """Return what a row holds."""
        document = parse_json(row["segments"])
        pieces = document["pieces"]
        return cls(
            None if pieces is None else tuple(CutPiece(**piece) for piece in pieces),
            tuple(Skipped(**item) for item in document["skipped"]),
        )


@dataclass
class SegmentStep(Step[Clip]):
    """Finds where long recordings are cut.

    Attributes
    ----------
    root
        The corpus.
    rules
        How long clips are, and which pauses are cut in.
    """

    name = "segment"
    stage = "cutting"
    schema = pa.schema([(KEY, pa.string()), ("segments", pa.string())])
    shard = 1
    limits = Limits(seconds_per_item=_SECONDS)
    shared = True
    table = ".segment.parquet"

    root: str
    rules: Segment

    def path(self, item: Clip) -> str:
        """Return the file of a clip."""
        return item.path

    def key(self, item: Clip, sha256: str) -> str:
        """Stand for all that the pieces depend on: bytes, piece of them, text, language, rules, our code."""
        place = (repr(item.start), repr(item.end))
        return make_key(str(_VERSION), sha256, *place, item.language, self.rules.model_dump_json(), item.text)

    def rows(self, batch: Sequence[Clip]) -> list[Row]:
        """Return the pieces of clips; one that cannot be read stays as it is: the audit says what is wrong with it."""
        return [self._row(clip) for clip in batch]

    def failed(self, item: Clip, reason: str) -> Row:
        """Return a refusal of the whole clip, which killed its worker or made the search fail."""
        return Segments((), (Skipped(item.start, item.end, f"cutting it failed twice: {reason}"),)).row()

    def _row(self, clip: Clip) -> Row:
        try:
            path = inside(Path(self.root), clip.path)
            regular(path)
            if not _is_long(path, clip, self.rules.longest_s):
                return Segments(None).row()
            levels = scan(path, start=clip.start, end=clip.end)
        except AudioError:
            return Segments(None).row() | {KEY: ""}
        pieces, skipped = divide(levels, clip, self.rules)
        return Segments(tuple(pieces), tuple(skipped)).row()


def cut_recordings(clip: Clip, segments: Segments) -> tuple[list[Clip], list[Skipped]]:
    """Return the clips that are made of `clip`, and what of it is in none.

    Examples
    --------
    >>> chapter = Clip("chapter", "chapter.mp3", "One. Two.")
    >>> segments = Segments((CutPiece(0.5, 4.25, "One."), CutPiece(4.25, 9.0, "Two.")))
    >>> pieces, skipped = cut_recordings(chapter, segments)
    >>> [(piece.id, piece.start, piece.end, piece.text) for piece in pieces]
    [('chapter_0001', 0.5, 4.25, 'One.'), ('chapter_0002', 4.25, 9.0, 'Two.')]
    """
    if segments.pieces is None:
        return [clip], list(segments.skipped)
    pieces = [
        replace(clip, id=f"{clip.id}_{number:04d}", text=piece.text, start=piece.start, end=piece.end)
        for number, piece in enumerate(segments.pieces, 1)
    ]
    return pieces, list(segments.skipped)


def _is_long(path: Path, clip: Clip, longest: float) -> bool:
    """Whether a clip is longer than `longest` seconds; reads no more than that of it."""
    if clip.end is not None and clip.end - clip.start <= longest:
        return False
    decoded = audio.read(path, start=clip.start, end=clip.start + longest + 0.1)
    return len(decoded.samples) / decoded.rate > longest


def cut_source(
    corpus: Corpus, out: Path, rules: Segment, jobs: int, progress: Progress
) -> tuple[Corpus, list[Rejection], list[int]]:
    """Return the corpus with the pieces of long recordings in their place, what is in none, and their origins.

    The origin of a piece is the place of its recording in `corpus`; a clip that stays as it is keeps its id.

    Parameters
    ----------
    corpus
        As it is.
    out
        The folder that remembers the pieces.
    rules
        How long they are.
    jobs
        Worker processes.
    progress
        Receives the stage ``cutting``.
    """
    step = SegmentStep(str(corpus.root.resolve()), rules)
    rows = Store(out).map(step, corpus.clips, jobs, progress).table()
    clips: list[Clip] = []
    rejected: list[Rejection] = []
    origins: list[int] = []
    for number, (clip, row) in enumerate(zip(corpus.clips, rows.to_pylist(), strict=True)):
        pieces, skipped = cut_recordings(clip, Segments.of(row))
        clips += pieces
        origins += [number] * len(pieces)
        rejected += [Rejection(corpus.ids[number], "segment", (), f"{span(item)}: {item.reason}") for item in skipped]
    return replace(corpus, clips=clips, ids=unique([clean(clip.id) for clip in clips])), rejected, origins


def span(item: Skipped) -> str:
    """Say where something is that is in no piece."""
    return f"{item.start:.1f} s to the end" if item.end is None else f"{item.start:.1f}-{item.end:.1f} s"
