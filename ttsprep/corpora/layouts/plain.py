"""Plain folder: audio files, each with its text in a ``.txt``, ``.lab`` or ``.json`` file beside it, or none."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip, Finding
from ttsprep.corpora.layouts.base import Layout
from ttsprep.corpora.layouts.table import candidates
from ttsprep.corpora.metadata import checked, with_transcript
from ttsprep.corpora.paths import stem
from ttsprep.corpora.tables.names import LANGUAGE, SPEAKER, value
from ttsprep.corpora.tables.records import json_records

_TEXTS = (".txt", ".lab", ".normalized.txt", ".json")
"""Endings of files with the text of one clip, the one to prefer first."""
_KEYS = ("text", "transcript", "transcription", "sentence")


class Plain(Layout):
    """Subfolders are read too. A clip without a text file has an empty text."""

    name = "plain"
    summary = (
        "audio files anywhere in the folder, with NAME.txt, NAME.lab or NAME.json beside NAME.wav, or without text"
    )
    fallback = True

    def recognise(self, root: Path) -> str:
        """See `Layout.recognise`."""
        found = self.reading.tree(root).audio if root.is_dir() else ()
        return f"audio files such as {found[0]!r}, and no table of texts" if found else ""

    def read(self, root: Path) -> Iterator[Clip | Finding]:
        """See `Layout.read`."""
        if not root.is_dir():
            raise CorpusError(f"{root} is a file; the plain layout is a folder of audio files")
        tree = self.reading.tree(root)
        texts = {path for path in tree.others if path.lower().endswith(_TEXTS)}
        counts: Counter[str] = Counter()
        for path in tree.audio:
            ends = (end for end in _TEXTS if stem(path) + end in texts)
            beside = next((stem(path) + end for end in ends), None)
            if beside is None:
                yield from checked(path, 1, Clip(stem(path), path, ""))
                continue
            counts[beside.removeprefix(stem(path))] += 1
            if beside.endswith(".json"):
                yield from _of_record(root, path, beside)
            else:
                yield from with_transcript(root, Clip(stem(path), path, ""), beside)
        for end, count in counts.items():
            self.decided.append(f"{count:,} transcripts from NAME{end}")
        aside = [path for path in candidates(tree.others, tree.audio) if path not in texts or "/" not in path]
        if aside:
            names = f"{', '.join(aside[:3])}{f' and {len(aside) - 3} more' if aside[3:] else ''}"
            command = f"ttsprep audit {root / aside[0]} reads it as a table"
            self.decided.append(f"left aside, as it names no audio and texts: {names}; {command}")


def _of_record(root: Path, path: str, beside: str) -> Iterator[Clip | Finding]:
    """Yield a clip whose text, speaker and language stand in a JSON object beside it, as in Emilia."""
    clip, problem = Clip(stem(path), path, ""), ""
    item = next((item for item in json_records(root / beside) if not isinstance(item, Finding)), None)
    record = item[1] if item else {}
    text = next((record[key] for key in _KEYS if key in record), None)
    if isinstance(text, str):
        clip = replace(clip, text=text, speaker=value(record, SPEAKER), language=value(record, LANGUAGE))
    else:
        problem = "has no text" if item else "is no JSON object"
    yield from checked(beside, 1, clip, problem)
