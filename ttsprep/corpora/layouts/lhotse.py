"""Lhotse: ``recordings.jsonl[.gz]`` and ``supervisions.jsonl[.gz]``, also with a prefix and a split."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip, Finding
from ttsprep.corpora.layouts.base import Layout
from ttsprep.corpora.metadata import checked, json_rows, malformed, piece
from ttsprep.corpora.paths import Relative, file_names
from ttsprep.corpora.tables.names import value

_SAME = 0.001
"""Seconds; a supervision as long as its recording, but for rounding, is the whole file."""


class LhotseLayout(Layout):
    """Each supervision is a clip: a piece of its recording. Sources that are commands or URLs are refused."""

    name = "lhotse"
    summary = "recordings.jsonl.gz with supervisions.jsonl.gz, also PREFIX_recordings_SPLIT.jsonl.gz"

    @staticmethod
    def recognise(root: Path) -> str:
        """See `Layout.recognise`."""
        return ", ".join(f"{recordings} with {supervisions}" for recordings, supervisions in _pairs(root)[:2])

    @staticmethod
    def read(root: Path) -> Iterator[Clip | Finding]:
        """See `Layout.read`."""
        pairs = _pairs(root)
        if not pairs:
            raise CorpusError(f"{root} is no Lhotse corpus: it has no recordings.jsonl with supervisions.jsonl")
        relative = Relative(root)
        for recordings, supervisions in pairs:
            known: dict[str, dict[str, Any]] = {}
            for item in json_rows(root / recordings):
                if isinstance(item, Finding):
                    yield item
                else:
                    known[value(item[1], ("id",))] = item[1]
            for item in json_rows(root / supervisions):
                if isinstance(item, Finding):
                    yield item
                else:
                    yield from _read_supervision(supervisions, *item, known, relative)


def _read_supervision(
    name: str, line: int, record: dict[str, Any], known: dict[str, dict[str, Any]], relative: Relative
) -> Iterator[Clip | Finding]:
    recording = known.get(value(record, ("recording_id",)))
    if recording is None:
        yield malformed(name, line, f"no recording is called {record.get('recording_id')!r}")
        return
    source = _source(recording, record.get("channel", 0))
    kind = source.get("type", "file")
    if kind == "command":
        raise CorpusError(f"the recording {recording['id']!r} is a shell command, and commands are never run")
    if kind != "file" or not isinstance(source.get("source"), str):
        yield malformed(name, line, f"the recording {recording['id']!r} is no file but {kind!r}")
        return
    custom = record.get("custom")
    text, problem = (custom if isinstance(custom, dict) else {}).get("normalized_text", record.get("text")), ""
    if not isinstance(text, str):
        problem = f"text is {type(text).__name__}, not a string" if "text" in record else "has no text"
    start, end = 0.0, None
    try:
        start, end = piece(record.get("start", 0), record.get("duration"))
        if start == 0 and end is not None and end >= recording.get("duration", float("inf")) - _SAME:
            end = None
    except (ValueError, TypeError) as error:
        problem = str(error)
    clip = Clip(
        value(record, ("id",)),
        relative(source["source"]),
        text if isinstance(text, str) else "",
        value(record, ("speaker",)),
        value(record, ("language",)),
        start,
        end,
    )
    yield from checked(name, line, clip, problem)


def _source(recording: dict[str, Any], channel: object) -> dict[str, Any]:
    """Return the source that holds the channel, or the first, or nothing where there is none."""
    sources = recording.get("sources")
    entries = [s for s in sources if isinstance(s, dict)] if isinstance(sources, list) else []
    wanted = channel[0] if isinstance(channel, list) and channel else channel
    for source in entries:
        channels = source.get("channels")
        if isinstance(channels, list) and wanted in channels:
            return source
    return entries[0] if entries else {"type": "nothing"}


def _pairs(root: Path) -> list[tuple[str, str]]:
    if not root.is_dir():
        return []
    names = [n for n in file_names(root) if n.endswith((".jsonl", ".jsonl.gz"))]
    twins = [(n, n.replace("recordings", "supervisions")) for n in names if "recordings" in n]
    return [(recordings, supervisions) for recordings, supervisions in twins if supervisions in names]
