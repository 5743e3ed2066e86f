"""JSON of speech recognisers: texts with start and end, under the names that each of them uses."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from ttsprep.core.untrusted import parse_json
from ttsprep.corpora.tables.names import SPEAKER, value
from ttsprep.corpora.timed.piece import Fault, Piece, PieceOrFault, made


class _Shape(NamedTuple):
    """Where a recogniser writes its segments, and what their keys are; ``*`` is each item of a list."""

    place: str
    start: str = "start"
    end: str = "end"
    text: str = "text"
    unit: int = 1
    """Of its times in a second."""


_DEEPGRAM = "results.channels.0.alternatives.0"
_SHAPES = (
    _Shape("segments"),  # Whisper, faster-whisper, WhisperX
    _Shape("transcription", "offsets.from", "offsets.to", unit=1000),  # whisper.cpp
    _Shape("chunks", "timestamp.0", "timestamp.1"),  # transformers
    _Shape("results.utterances", text="transcript"),  # Deepgram
    _Shape(f"{_DEEPGRAM}.paragraphs.paragraphs.*.sentences.*"),
    _Shape("results.audio_segments", "start_time", "end_time", "transcript"),  # AWS Transcribe
    _Shape("utterances", unit=1000),  # AssemblyAI
)
_WHOLE = ("results.transcripts.0.transcript", f"{_DEEPGRAM}.transcript")
"""Where the text of the whole recording stands, if there are no segments."""
_SPEAKERS = (*SPEAKER, "speaker_label")
_KEYS = {place.split(".")[0] for place in (*(shape.place for shape in _SHAPES), *_WHOLE)}


def is_segments(text: str) -> bool:
    """Whether a text is a JSON object with segments that have times."""
    record = _record(text)
    return record != {} and has_segments(record)


def has_segments(record: dict[str, Any]) -> bool:
    """Whether a JSON object is what a recogniser writes: segments with times and texts, or one text."""
    return next(_pieces(record), None) is not None


def segment_pieces(text: str) -> Iterator[PieceOrFault]:
    """Yield the segments in their order; one alone is the text of the whole recording. Lines are their numbers."""
    return _pieces(_record(text))


def _pieces(record: dict[str, Any]) -> Iterator[PieceOrFault]:
    for shape in _SHAPES:
        segments = _all(record, shape.place.removesuffix(".*") + ".*") if shape.place.split(".")[0] in record else []
        if not any(_at(one, shape.start) is not None and isinstance(_at(one, shape.text), str) for one in segments):
            continue
        if shape.place == "chunks" and isinstance(record.get("text"), str) and _are_words(segments):
            continue
        for number, one in enumerate(segments, 1):
            start, end = (_number(_at(one, key), shape.unit) for key in (shape.start, shape.end))
            words = _at(one, shape.text)
            if end is None and number == len(segments) and shape.place == "chunks":  # it goes on to the end
                end = math.inf
            if start is None or end is None or not isinstance(words, str):
                yield Fault(number, f"is no segment with start, end and text: {str(one)[:200]}")
            else:
                alone = len(segments) == 1
                yield made(Piece(number, start, end, words.strip(), value(one, _SPEAKERS), whole=alone))
        return
    for place in _WHOLE:
        if isinstance(words := _at(record, place), str):
            yield Piece(1, 0.0, 1.0, words.strip(), whole=True)
            return


def _are_words(chunks: list[Any]) -> bool:
    """Whether the pieces are of less than a second, as the times of single words are."""
    times = [(_number(_at(one, "timestamp.0"), 1), _number(_at(one, "timestamp.1"), 1)) for one in chunks]
    lengths = [end - start for start, end in times if start is not None and end is not None]
    return len(chunks) > 1 and sum(lengths) < len(lengths)


def _number(time: object, unit: int) -> float | None:
    """Return a time in seconds; AWS writes its numbers as strings, and thousandths are whole numbers."""
    if isinstance(time, bool) or not isinstance(time, int if unit > 1 else int | float | str):
        return None
    try:
        return float(time) / unit
    except (ValueError, OverflowError):
        return None


def _at(value: Any, place: str) -> Any:
    return next(iter(_all(value, place)), None)


def _all(value: Any, place: str) -> list[Any]:
    """Return what stands at a place in a document, such as ``a.0.b`` or ``a.*.b``."""
    values = [value]
    for key in place.split("."):
        if key == "*":
            values = [item for one in values if isinstance(one, list) for item in one]
        elif key.isdigit():
            values = [one[int(key)] for one in values if isinstance(one, list) and len(one) > int(key)]
        else:
            values = [one[key] for one in values if isinstance(one, dict) and key in one]
    return values


def _record(text: str) -> dict[str, Any]:
    if not text.lstrip().startswith("{") or not any(f'"{key}"' in text for key in _KEYS):
        return {}
    try:
        record = parse_json(text)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}
