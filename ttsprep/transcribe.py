"""Writes down clips that have no text, and says why what was written is not to be trusted.

`Transcribing` is the work of `ttsprep.run.run`; `doubt` judges what it returns, so that other limits need no model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from ttsprep.characters import folded, spoken_chars
from ttsprep.checks.hallucinated import Hallucinated, compression, stock_phrases
from ttsprep.checks.language import Language
from ttsprep.checks.rate import Rate
from ttsprep.checks.text import loop
from ttsprep.errors import AudioError
from ttsprep.listen import Task, decode
from ttsprep.listening.base import RATE, Heard
from ttsprep.listening.writing import write
from ttsprep.measure import Row
from ttsprep.recipe import Transcribe

VERSION = 2
"""Raised whenever the same clip and model yield another text."""
WRITTEN = pa.schema([
    ("key", pa.string()),
    ("seconds", pa.float32()),
    ("text", pa.string()),
    ("log_p", pa.float32()),
    ("word_log_p", pa.float32()),
    ("word", pa.string()),
    ("no_speech_p", pa.float32()),
    ("first_s", pa.float32()),
    ("after_s", pa.float32()),
    ("language", pa.string()),
    ("language_p", pa.float32()),
    ("problem", pa.string()),
])
"""What is known of each clip: its length, and the fields of `ttsprep.listening.writing.Written`."""

FIRST_S, AFTER_S = 1.2, 0.5
"""More speech than this up to the second token, or after the last word, has no text, in seconds."""
REMARKS = frozenset("[](){}♪♫*")
"""In a text with one of these, Whisper wrote of a sound: ``[Music]``, ``(wind howling)``."""


@dataclass
class Transcribing:
    """The work of the processes that write clips down: a batch is heard at once, in `prepare`.

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
        """Write a batch down."""
        self._rows = {item.key: {"key": ""} for item in items}
        heard = []
        for item in items:
            try:
                heard.append((item.key, Heard(item.clip, decode(Path(self.root), item.clip))))
            except AudioError:
                continue  # measuring names it
        written = write(self.model, [clip for _, clip in heard], language=self.language)
        for (key, clip), row in zip(heard, written, strict=True):
            self._rows[key] = {"key": key, "seconds": len(clip.samples) / RATE, **asdict(row)}

    def __call__(self, item: Task) -> Row:
        """Return what was written of one clip; with no key if it cannot be read."""
        return self._rows.pop(item.key)

    def lost(self, item: Task, reason: str) -> Row:
        """Return the row of a clip that the model failed on: it is tried again by the next build."""
        del item, reason
        return {"key": ""}


def doubt(row: Mapping[str, Any], language: str, rules: Transcribe) -> tuple[tuple[str, ...], str]:
    """Say why a text that was written is not to be trusted: codes and a reason, both empty if it is.

    Parameters
    ----------
    row
        Of `WRITTEN`; a number that is not known is None.
    language
        That it was written in.
    rules
        Of the recipe.
    """
    text: str = row["text"] or ""
    no_speech = row["no_speech_p"] or 0.0
    if row["problem"]:
        return (), row["problem"]
    if no_speech >= rules.no_speech_p:
        return ("no-speech",), f"no speech, with probability {no_speech:.2f} (limit {rules.no_speech_p:g})"
    if not spoken_chars(text):
        return ("text-empty",), "nothing is written down"
    if not REMARKS.isdisjoint(text):
        return ("text-hallucinated",), "written down as a sound, not as speech"
    if phrase := next(filter(None, stock_phrases(text)), ""):
        return ("text-hallucinated",), f"recognisers write this where nobody speaks: {phrase}"
    if what := loop(folded(text)):
        return ("text-repetition",), f"the model was caught in a loop: {what}"
    if len(text) >= Hallucinated.compressed_chars and compression(text) > Hallucinated.compression:
        return ("text-repetition",), f"repeats itself: compresses {compression(text):.1f} times"
    if spoken_chars(text) > Rate.fastest_cps * row["seconds"]:
        return (
            "rate-outlier",
        ), f"{spoken_chars(text) / row['seconds']:.0f} characters a second: more than can be said"
    other = row["language"] or ""
    if row["seconds"] < Language.shortest_s:
        other = ""  # too little is said
    if other and other != language and row["language_p"] >= Language.heard_p:
        return ("language-mismatch",), f"sounds like {other!r} (probability {row['language_p']:.2f})"
    return (), _unsure(row, rules)


def _unsure(row: Mapping[str, Any], rules: Transcribe) -> str:
    if row["first_s"] > FIRST_S:
        return f"{row['first_s']:.1f} s of speech at its start have hardly a text"
    if row["after_s"] > AFTER_S:
        return f"{row['after_s']:.1f} s of speech after the last word have no text"
    if row["log_p"] is None or row["log_p"] < rules.least_log_p:
        return f"unsure: mean log-probability {row['log_p'] or 0.0:.2f} (limit {rules.least_log_p:g})"
    if row["word_log_p"] < rules.least_word_log_p:
        return f"unsure of {row['word']!r}: log-probability {row['word_log_p']:.2f} (limit {rules.least_word_log_p:g})"
    return ""
