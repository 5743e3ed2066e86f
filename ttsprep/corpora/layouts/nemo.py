"""NeMo: JSON Lines manifests with ``audio_filepath``, ``text``, ``offset`` and ``duration``."""

import math
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip, Finding
from ttsprep.corpora.columns import ID, LANGUAGE, SPEAKER, TEXT, value
from ttsprep.corpora.layouts.base import Layout
from ttsprep.corpora.metadata import checked, json_rows, malformed
from ttsprep.corpora.paths import Relative, corpus_folder, file_names, stem

_EXTENSIONS = (".json", ".jsonl")
_MOST = 64


class NeMo(Layout):
    """Every manifest in the folder is read, by name; paths are relative to it.

    ``offset`` and ``duration`` cut a piece out of a longer file; ``duration`` alone only says how long the
    file is. Pieces are named by their file and their start in milliseconds unless the manifest has an ``id``.
    """

    name = "nemo"
    summary = "*.json or *.jsonl with one {audio_filepath, text, duration} a line"

    @staticmethod
    def recognise(root: Path) -> str:
        """See `Layout.recognise`."""
        found = _manifests(root)
        return f"{', '.join(p.name for p in found[:3])} with audio_filepath" if found else ""

    @staticmethod
    def read(root: Path) -> Iterator[Clip | Finding]:
        """See `Layout.read`."""
        found = [root] if not root.is_dir() else _manifests(root)
        if not found:
            raise CorpusError(f"{root} is no NeMo corpus: no .json or .jsonl file in it has audio_filepath")
        relative = Relative(corpus_folder(root))
        for path in found:
            for item in json_rows(path):
                if isinstance(item, Finding):
                    yield item
                else:
                    yield from _read_line(path.name, *item, relative)


def _read_line(name: str, line: int, record: dict[str, Any], relative: Relative) -> Iterator[Clip | Finding]:
    audio = record.get("audio_filepath")
    if not isinstance(audio, str):
        yield malformed(name, line, "has no audio_filepath")
        return
    key = next((n for n in TEXT if n in record), "text")
    text, problem = record.get(key), ""
    if not isinstance(text, str):
        problem = f"{key} is {type(text).__name__}, not a string" if key in record else "has no text"
    start, end = 0.0, None
    if record.get("offset") is not None:
        try:
            start, end = piece(record["offset"], record.get("duration"))
        except ValueError as error:
            problem = str(error)
    path = relative(audio)
    own = value(record, ID) or (f"{stem(path)}-{round(start * 1000):07d}" if start else stem(path))
    said = text if isinstance(text, str) else ""
    clip = Clip(own, path, said, value(record, SPEAKER), value(record, LANGUAGE), start, end)
    yield from checked(name, line, clip, problem)


def piece(start: object, duration: object) -> tuple[float, float | None]:
    """Return start and end in seconds of a piece; no duration means to the end of the file.

    Raises
    ------
    ValueError
        If they are no numbers, or no place in a file.
    """
    if isinstance(start, bool) or not isinstance(start, int | float) or not math.isfinite(start) or start < 0:
        raise ValueError(f"starts at {start!r}, which is no number of seconds")
    if duration is None:
        return float(start), None
    if isinstance(duration, bool) or not isinstance(duration, int | float) or not 0 < duration < math.inf:
        raise ValueError(f"lasts {duration!r}, which is no number of seconds above 0")
    return float(start), round(float(start) + float(duration), 9)


def _manifests(root: Path) -> list[Path]:
    if not root.is_dir():
        return [root] if _is_manifest(root) else []
    names = (n for n in file_names(root) if n.lower().endswith(_EXTENSIONS))
    return [root / n for n in islice(names, _MOST) if _is_manifest(root / n)]


def _is_manifest(path: Path) -> bool:
    try:
        first = next((r for r in json_rows(path)), None)
    except CorpusError:
        return False
    return isinstance(first, tuple) and "audio_filepath" in first[1]
