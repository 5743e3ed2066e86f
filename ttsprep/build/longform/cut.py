"""Cuts long recordings into clips: in pauses only, each with its part of the text where that can be told.

`Segmenting` is the work of `ttsprep.core.workers.pool.run`; `cut` makes clips of what it returns.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ttsprep.build.config import Segment
from ttsprep.build.longform.divide import Piece, Refused, divide
from ttsprep.build.longform.pauses import scan
from ttsprep.build.select import Rejection
from ttsprep.core import audio
from ttsprep.core.errors import AudioError
from ttsprep.core.files import digest, inside
from ttsprep.core.tables import clean, unique, write_json
from ttsprep.core.types import Clip
from ttsprep.core.workers.pool import Limits, run
from ttsprep.corpora.corpus import Corpus

__all__ = ["VERSION", "Cuts", "Piece", "Refused", "Segmenting", "cut", "fingerprint"]

VERSION = 1
"""Raised whenever the same recording, text and rules yield other pieces."""


@dataclass(frozen=True, slots=True)
class Cuts:
    """What became of one clip.

    Attributes
    ----------
    fingerprint
        Of all that the pieces depend on; empty if the file could not be read.
    pieces
        In order, in seconds of the file; ``None`` where the clip stays as it is.
    refused
        What is in no piece although there is speech in it, and why.
    """

    fingerprint: str
    pieces: tuple[Piece, ...] | None
    refused: tuple[Refused, ...] = ()


def fingerprint(clip: Clip, sha256: str, rules: Segment) -> str:
    """Stand for all that the cuts of `clip` depend on: its bytes, piece, text, language, the rules, our code."""
    parts = (str(VERSION), sha256, repr(clip.start), repr(clip.end), clip.language, rules.model_dump_json(), clip.text)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass
class Segmenting:
    """The work of the workers that cut.

    A recording of an hour takes about 10 s: allow for that in `run.Limits`.

    Attributes
    ----------
    root
        The corpus.
    rules
        How long clips are, and which pauses are cut in.
    known
        Fingerprints that need no work again.
    """

    root: str
    rules: Segment
    known: frozenset[str] = frozenset()

    def prepare(self, items: Sequence[Clip]) -> None:
        """Nothing is cheaper for many clips at once."""

    def __call__(self, item: Clip) -> Cuts:
        """Return the cuts of a clip; if its fingerprint is known, without pieces.

        A clip that cannot be read stays as it is: the audit says what is wrong with it.
        """
        try:
            path = inside(Path(self.root), item.path)
            mark = fingerprint(item, digest(path), self.rules)
            if mark in self.known or not _is_long(path, item, self.rules.longest_s):
                return Cuts(mark, None)
            levels = scan(path, start=item.start, end=item.end)
        except AudioError:
            return Cuts("", None)
        pieces, refused = divide(levels, item, self.rules)
        return Cuts(mark, tuple(pieces), tuple(refused))

    def lost(self, item: Clip, reason: str) -> Cuts:
        """Return a refusal of the whole clip, which killed its worker or made the search fail."""
        return Cuts("", (), (Refused(item.start, item.end, f"cutting it failed twice: {reason}"),))


def cut(clip: Clip, cuts: Cuts) -> tuple[list[Clip], list[Refused]]:
    """Return the clips that are made of `clip`, and what of it is in none.

    Examples
    --------
    >>> chapter = Clip("chapter", "chapter.mp3", "One. Two.")
    >>> pieces, refused = cut(chapter, Cuts("", (Piece(0.5, 4.25, "One."), Piece(4.25, 9.0, "Two."))))
    >>> [(piece.id, piece.start, piece.end, piece.text) for piece in pieces]
    [('chapter_0001', 0.5, 4.25, 'One.'), ('chapter_0002', 4.25, 9.0, 'Two.')]
    """
    if cuts.pieces is None:
        return [clip], list(cuts.refused)
    pieces = [
        replace(clip, id=f"{clip.id}_{number:04d}", text=piece.text, start=piece.start, end=piece.end)
        for number, piece in enumerate(cuts.pieces, 1)
    ]
    return pieces, list(cuts.refused)


def _is_long(path: Path, clip: Clip, longest: float) -> bool:
    """Whether a clip is longer than `longest` seconds; reads no more than that of it."""
    if clip.end is not None and clip.end - clip.start <= longest:
        return False
    decoded = audio.read(path, start=clip.start, end=clip.start + longest + 0.1)
    return len(decoded.samples) / decoded.rate > longest


SECONDS = 3600.0
"""For one recording: ten seconds an hour of it, and some have hundreds."""
CACHE = ".cuts.json"


def cut_source(
    todo: Corpus, out: Path, rules: Segment, jobs: int, on_plan: Callable[[int], None], on_item: Callable[[int], None]
) -> tuple[Corpus, list[Rejection], list[int]]:
    """Return the plan with the pieces of long recordings in their place, what is in none, and where each piece is from.

    That is the place of the recording in `todo`; a clip that stays as it is keeps its id.

    Parameters
    ----------
    todo
        The corpus as it is.
    out
        The build; remembers the pieces.
    rules
        How long they are.
    jobs
        Worker processes.
    on_plan, on_item
        Called with the number of recordings, and of those that are done.
    """
    known = _read(out / CACHE)
    work = Segmenting(str(todo.root.resolve()), rules, frozenset(known))
    on_plan(len(todo.clips))
    results = run(
        work, ([clip] for clip in todo.clips), jobs=jobs, limits=Limits(seconds_per_item=SECONDS), on_item=on_item
    )
    found: dict[int, Cuts] = {}
    with closing(results):
        for number, (cuts,) in results:
            found[number] = known.get(cuts.fingerprint, cuts)
    _write(out / CACHE, found.values())
    clips: list[Clip] = []
    rejected: list[Rejection] = []
    origins: list[int] = []
    for number, clip in enumerate(todo.clips):
        pieces, refused = cut(clip, found[number])
        clips += pieces
        origins += [number] * len(pieces)
        rejected += [Rejection(todo.ids[number], "segment", (), f"{span(item)}: {item.reason}") for item in refused]
    return replace(todo, clips=clips, ids=unique([clean(clip.id) for clip in clips])), rejected, origins


def span(item: Refused) -> str:
    """Say where something is that is in no piece."""
    return f"{item.start:.1f} s to the end" if item.end is None else f"{item.start:.1f}-{item.end:.1f} s"


def _read(path: Path) -> dict[str, Cuts]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["cuts"]
        return {row["fingerprint"]: _cuts(row) for row in rows}
    except (OSError, ValueError, KeyError, TypeError):  # not there, damaged, or of another version
        return {}


def _cuts(row: Mapping[str, Any]) -> Cuts:
    pieces = row["pieces"]
    return Cuts(
        row["fingerprint"],
        None if pieces is None else tuple(Piece(**piece) for piece in pieces),
        tuple(Refused(**item) for item in row["refused"]),
    )


def _write(path: Path, cuts: Iterable[Cuts]) -> None:
    write_json(path, {"cuts": [asdict(item) for item in cuts if item.fingerprint]})
