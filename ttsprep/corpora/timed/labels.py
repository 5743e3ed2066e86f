"""Label tracks of Audacity: start, end and text in seconds, separated by tabs."""

import re
from collections.abc import Iterator

from ttsprep.core.types import Severity
from ttsprep.corpora.timed.piece import Fault, Piece, PieceOrFault, made

_NUMBER = r"-?[0-9]+(?:[.,][0-9]+)?"
_LABEL = re.compile(rf"({_NUMBER})\t({_NUMBER})(?:\t(.*))?", re.S)
_ALIGNED = re.compile(rf"\s*{_NUMBER}\s+{_NUMBER}\s+\S.*", re.S)
"""A line of an aligner: HTK (start and end in 100 ns), WaveSurfer (seconds), Festival (end, colour)."""
_HEADER = 20
"""Lines that the header of a label file of Festival has at most, with the ``#`` that ends it."""
_LONGEST = 200
"""Characters of a line that an error shows."""


def is_label_track(text: str) -> bool:
    """Whether most lines begin with two times and a tab."""
    if "\t" not in text:
        return False
    lines = [line for _, line in _lines(text)]
    return 2 * sum(_LABEL.fullmatch(line) is not None for line in lines) > len(lines)


def is_alignment(text: str) -> bool:
    """Whether most of several lines begin with two numbers and blanks, as in the labels of aligners."""
    lines = [line for _, line in _lines(text)]
    lines = lines[lines.index("#") + 1 if "#" in lines[:_HEADER] else 0 :]
    return len(lines) > 1 and 2 * sum(_ALIGNED.fullmatch(line) is not None for line in lines) > len(lines)


def label_pieces(text: str) -> Iterator[PieceOrFault]:
    """Yield the labels of a track in their order, and a fault for each line that is none.

    A label without length marks a place and is a note.
    """
    for number, line in _lines(text):
        label = _LABEL.fullmatch(line)
        if label is None:
            yield Fault(number, f"is no label (start, end and text, separated by tabs): {line[:_LONGEST]!r}")
            continue
        start, end = (float(time.replace(",", ".")) for time in label.group(1, 2))
        words = label[3] or ""
        if start == end >= 0:
            yield Fault(number, f"marks a place, {start:g} s, and is no piece: {words[:_LONGEST]!r}", Severity.NOTE)
        else:
            yield made(Piece(number, start, end, words))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield number and text of each line that is not blank; frequencies, which follow a backslash, are left out."""
    for number, ended in enumerate(text.split("\n"), 1):
        line = ended.removesuffix("\r")
        if line.strip() and not line.startswith("\\"):
            yield number, line
