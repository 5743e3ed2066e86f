"""Has Whisper write the text that a piece of a recording seems to hold, and says which reading of it fits best."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from ttsprep.errors import AudioError, UsageError
from ttsprep.listen import Task, decode
from ttsprep.listening.base import Heard
from ttsprep.listening.likeliest import likeliest
from ttsprep.measure import Row

VERSION = 2
"""Raised whenever the same piece, texts and model yield another row."""
FORCED = pa.schema([
    ("key", pa.string()),
    ("text", pa.string()),
    ("text_log_p", pa.float32()),
    ("mismatch_nats", pa.float32()),
    ("doubted_word", pa.string()),
    ("said", pa.string()),
])
"""The likeliest text of a piece, and how well it fits: measures as those of ``transcript-mismatch``."""


@dataclass
class Forcing:
    """The work of the processes that score the texts of pieces; a task has the texts that are possible.

    Attributes
    ----------
    root
        The corpus.
    model
        Path of an openai-whisper checkpoint.
    language
        What is spoken; that of each clip if it is empty.
    """

    root: str
    model: str
    language: str
    _rows: dict[str, Row] = field(default_factory=dict, repr=False)

    def prepare(self, items: Sequence[Task]) -> None:
        """Score a batch."""
        self._rows = {item.key: {"key": ""} for item in items}
        heard: dict[str, list[tuple[str, Heard]]] = defaultdict(list)
        for item in items:
            try:
                clip = Heard(item.clip, decode(Path(self.root), item.clip), item.others)
            except AudioError:
                continue  # writing it down has refused it
            heard[self.language or item.clip.language].append((item.key, clip))
        for language, clips in heard.items():
            try:
                rows = likeliest(self.model, [clip for _, clip in clips], language)
            except UsageError:
                continue  # likewise
            for (key, _), row in zip(clips, rows, strict=True):
                self._rows[key] = {"key": key, **row}

    def __call__(self, item: Task) -> Row:
        """Return the row of one piece; with no key if it cannot be heard."""
        return self._rows.pop(item.key)

    def lost(self, item: Task, reason: str) -> Row:
        """Return the row of a piece that the model failed on: it is tried again by the next build."""
        del item, reason
        return {"key": ""}
