"""Cuts long recordings into clips: in pauses only, each with its part of the text where that can be told.

`Segmenting` is the work of `ttsprep.run.run`; `cut` makes clips of what it returns.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ttsprep import audio
from ttsprep.errors import AudioError
from ttsprep.files import digest, inside
from ttsprep.recipe import Segment
from ttsprep.segmenting.division import Piece, Refused, divide
from ttsprep.segmenting.levels import scan
from ttsprep.types import Clip

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
