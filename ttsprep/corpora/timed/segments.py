"""JSON of speech recognisers: an object whose ``segments`` have start, end and text, as Whisper writes it."""

from collections.abc import Iterator
from typing import Any

from ttsprep.core.untrusted import parse_json
from ttsprep.corpora.tables.names import SPEAKER, value
from ttsprep.corpora.timed.piece import Fault, Piece, PieceOrFault, made

_KEY = "segments"


def is_segments(text: str) -> bool:
    """Whether a text is a JSON object with segments that have times."""
    return has_segments({_KEY: _segments(text)})


def has_segments(record: dict[str, Any]) -> bool:
    """Whether a JSON object has segments with times and texts."""
    segments = record.get(_KEY)
    return isinstance(segments, list) and any(isinstance(one, dict) and {"start", "text"} <= {*one} for one in segments)


def segment_pieces(text: str) -> Iterator[PieceOrFault]:
    """Yield the segments in their order; one alone is the text of the whole recording. Lines are their numbers."""
    segments = _segments(text)
    for number, one in enumerate(segments, 1):
        match one:
            case {"start": int() | float() as start, "end": int() | float() as end, "text": str() as words}:
                alone = len(segments) == 1
                yield made(Piece(number, float(start), float(end), words.strip(), value(one, SPEAKER), whole=alone))
            case _:
                yield Fault(number, f"is no segment with start, end and text: {str(one)[:200]}")


def _segments(text: str) -> list[Any]:
    if not text.lstrip().startswith("{") or f'"{_KEY}"' not in text:
        return []
    try:
        segments = parse_json(text).get(_KEY)
    except ValueError:
        return []
    return segments if isinstance(segments, list) else []
