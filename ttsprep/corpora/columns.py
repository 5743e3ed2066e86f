"""Telling which column of a table holds the path, the text, the speaker and the language."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ttsprep.core.errors import CorpusError
from ttsprep.corpora.audio_files import is_audio

PATH: tuple[str, ...] = (
    *("file_name", "audio_filepath", "audio_file", "audio_path", "filename", "wav_filename", "wav_path"),
    *("path", "audio", "file", "wav"),
)
TEXT: tuple[str, ...] = (
    *("normalized_text", "text_normalized", "normalised_text", "normalized_transcription"),
    *("text", "transcription", "transcript", "sentence"),
)
"""What is read aloud comes before what was written: ``normalized_text`` before ``text``."""
SPEAKER = ("speaker", "speaker_name", "speaker_id", "client_id")
LANGUAGE = ("language", "lang", "locale")
_SENTENCE = re.compile(r"\s\S+\s")
"""Three words or more, which no label has."""
ID = ("id", "utt_id", "utterance_id", "file_id", "clip_id")


@dataclass(frozen=True, slots=True)
class Order:
    """Which cell of a row is which; None where the table does not say."""

    columns: int
    path: int
    text: int
    speaker: int | None = None
    language: int | None = None

    def pick(self, cells: Sequence[str], which: int | None) -> str:
        """Return a cell, or "" where there is none."""
        return cells[which] if which is not None and which < len(cells) else ""


def column(header: Sequence[str], names: Sequence[str]) -> int | None:
    """Return the index of the first of `names` that is in `header`, whatever its case."""
    plain = [h.strip().lower() for h in header]
    return next((plain.index(n) for n in names if n in plain), None)


def value(record: dict[str, Any], names: Sequence[str]) -> str:
    """Return the first of `names` that a JSON record has, as text; "" if it has none or it is no label."""
    found = next((record[n] for n in names if n in record), "")
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""


def from_header(header: Sequence[str]) -> Order | None:
    """Return the order that a header names, or None if `header` is none."""
    path, text = column(header, PATH), column(header, TEXT)
    if path is None or text is None:
        return None
    return Order(len(header), path, text, column(header, SPEAKER), column(header, LANGUAGE))


def usual_count(rows: Sequence[Sequence[str]]) -> int:
    """Return how many cells most rows have."""
    return Counter(map(len, rows)).most_common(1)[0][0] if rows else 0


def wrong_count(cells: Sequence[str], columns: int, whose: str) -> str:
    """Return that a row has not as many cells as `whose` have, or "" if it has."""
    if len(cells) == columns:
        return ""
    return f"has {len(cells)} column{'s' if len(cells) > 1 else ''} where {whose} {columns}"


def are_labels(cells: Sequence[str], others: Sequence[str]) -> bool:
    """Whether `cells` name speakers rather than hold sentences, going by themselves and by `others`.

    Labels are short, without spaces, and come again; a lone row has nothing to compare with.
    """
    if not cells or any(len(c) > 40 or _SENTENCE.search(c) for c in cells):
        return False
    if all(c.strip().isdigit() for c in cells) and not all(c.strip().isdigit() for c in others):
        return True
    return len(set(cells)) <= len(cells) / 3 and len(set(cells)) < len(set(others))


def filelist_order(rows: Sequence[Sequence[str]], name: str) -> Order:
    """Tell the order of a filelist without a header from its rows.

    Raises
    ------
    CorpusError
        If rows of this many cells are in no known order.
    """
    count = usual_count(rows)
    if count == 2:
        return Order(2, 0, 1)
    if count == 4:
        return Order(4, 0, 3, 1, 2)
    if count == 3:
        usual = [r for r in rows if len(r) == 3]
        second, third = [r[1] for r in usual], [r[2] for r in usual]
        sentences = any(_SENTENCE.search(cell) for cell in second)
        if are_labels(third, second) or (sentences and not any(" " in cell for cell in third)):
            return Order(3, 0, 1, 2)
        return Order(3, 0, 2) if sentences else Order(3, 0, 2, 1)
    raise CorpusError(
        f"{name} has {count} columns; known are path|text, path|speaker|text, path|text|speaker, "
        "path|text|normalised text and path|speaker|language|text, or a header that names them"
    )


def paths_first(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first cells are audio files, as in a filelist, and not ids."""
    body = rows[1:] if rows and from_header(rows[0]) else rows
    return bool(body) and sum(is_audio(r[0]) and len(r) > 1 for r in body) > 0.5 * len(body)
