"""What a text with times consists of."""

import math
from typing import NamedTuple, TypeAlias

from ttsprep.core.types import Severity


class Piece(NamedTuple):
    """A stretch of a recording with its text.

    Attributes
    ----------
    line
        Number of the line where it begins, from 1.
    start, end
        Seconds into the recording, ``0 <= start < end``; ``inf`` is the end of the recording.
    text
        What is spoken there.
    speaker
        "" where the file names none.
    problem
        What is wrong with it although its times are right, or "".
    whole
        Whether the file has this stretch alone, from the beginning of the recording to its end.
    """

    line: int
    start: float
    end: float
    text: str
    speaker: str = ""
    problem: str = ""
    whole: bool = False


class Fault(NamedTuple):
    """A line that is no piece, and why.

    Attributes
    ----------
    line
        Its number, from 1.
    what
        What is wrong with it, as it follows the name of the file and the number of the line.
    severity
        An error where a text is lost with it.
    """

    line: int
    what: str
    severity: Severity = Severity.ERROR


PieceOrFault: TypeAlias = "Piece | Fault"


def made(piece: Piece) -> PieceOrFault:
    """Return a piece, or what is wrong with its times."""
    if not math.isfinite(piece.start) or math.isnan(piece.end):
        return Fault(piece.line, f"has no times in seconds; its text is {piece.text!r}")
    if piece.start < 0:
        return Fault(piece.line, f"starts at {piece.start:g} s, before its recording; its text is {piece.text!r}")
    if piece.end < piece.start:
        return Fault(
            piece.line, f"ends at {piece.end:g} s, before its start at {piece.start:g} s; its text is {piece.text!r}"
        )
    if piece.end == piece.start:
        return Fault(piece.line, f"lasts 0 s, at {piece.start:g} s; its text is {piece.text!r}")
    return piece
