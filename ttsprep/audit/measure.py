"""Measures one clip after another in a worker: decode once, every check."""

import importlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from ttsprep.checks.base import Check, all_checks
from ttsprep.checks.text import MOST_CHARS, TOO_LONG
from ttsprep.core import audio
from ttsprep.core.errors import AudioError, UsageError
from ttsprep.core.files import inside, regular
from ttsprep.core.signal import Signal
from ttsprep.core.store.cache import KEY
from ttsprep.core.store.step import Row, Step, make_key
from ttsprep.core.tables import measured_schema
from ttsprep.core.types import Audio, Clip, Finding, Severity
from ttsprep.corpora.corpus import Corpus
from ttsprep.models.phones.features import pack_cepstra
from ttsprep.text.phonemes import phonemize

SIGNAL_VERSION = 4
"""Raised whenever `Signal` or `audio` change what they yield."""
DERIVED = {
    "chars_per_s": "spoken characters per second, from the first to the last speech",
    "phones_per_s": "phones per second of speech, pauses left out",
}
CEPSTRA_COLUMN = "cepstra"
_PASSING = frozenset({"audio-missing", "path-outside-corpus", "decoder-crashed"})
"""Faults that lie in the surroundings: tried again by the next audit."""


def columns() -> dict[str, bool]:
    """Every measure by name, in the order of the table, and whether it holds text."""
    checks = sorted(all_checks().values(), key=lambda check: check.name)
    own = {name: name in check.strings for check in checks for name in check.measures}
    return own | dict.fromkeys(DERIVED, False)


def versions() -> str:
    """Everything in the code that measures depend on."""
    checks = sorted(f"{check.name}:{check.version}" for check in all_checks().values() if not check.model)
    return f"signal:{SIGNAL_VERSION} {' '.join(checks)}"


@dataclass
class MeasureStep(Step[Clip]):
    """Measures every clip of a corpus.

    Attributes
    ----------
    root
        The corpus.
    shared
        Whether rows are kept in the user's cache.
    code
        Everything in the code that measures depend on.
    cepstra
        Whether rows have those of clips with a text, for a model that takes them; they depend on the audio alone.
    """

    name = "measure"
    stage = "measuring"
    table = "clips.parquet"
    saves = False
    root: str
    shared: bool = True
    code: str = field(default_factory=versions)
    cepstra: bool = False
    schema: pa.Schema = field(default_factory=lambda: measured_schema(columns()), repr=False)
    _checks: list[type[Check]] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        """Add the column for cepstra."""
        if self.cepstra:
            self.passing = frozenset({CEPSTRA_COLUMN})
            self.schema = self.schema.append(pa.field(CEPSTRA_COLUMN, pa.binary()))

    def path(self, item: Clip) -> str:
        """Return the file of a clip."""
        return item.path

    def key(self, item: Clip, sha256: str) -> str:
        """Stand for all that the measures depend on: the bytes, the piece of them, text, language, our code."""
        return make_key(self.code, sha256, repr(item.start), repr(item.end), item.language, item.text)

    def setup(self) -> None:
        """Load what measuring needs, so that the workers share it."""
        for name in ("scipy.fft", "phonemizer.backend"):
            importlib.import_module(name)
        self._checks = sorted(all_checks().values(), key=lambda check: check.name)

    def setup_batch(self, items: Sequence[Clip]) -> None:
        """Phonemise all texts at once: a call into eSpeak NG costs as much as a hundred sentences."""
        texts: Mapping[str, list[str]] = defaultdict(list)
        for item in items:
            if not is_too_long(item):
                texts[item.language].append(item.text)
        for language, batch in texts.items():
            if language:
                try:
                    phonemize(batch, language)
                except UsageError:
                    continue  # the check of phonemes names the unknown language, once

    def rows(self, batch: Sequence[Clip]) -> list[Row]:
        """Return the measures of clips."""
        return [self._row(clip) for clip in batch]

    def failed(self, item: Clip, reason: str) -> Row:
        """Return the row of a clip that killed its worker, or made a check fail."""
        return {
            "sha256": "", "status": "decoder-crashed", "status_reason": f"measuring it failed twice: {reason}"
        }  # fmt: skip

    def seconds(self, item: Clip, row: Row) -> float:
        """Return the length of a clip."""
        return float(row.get("duration_s", 0.0))

    def _row(self, clip: Clip) -> Row:
        try:
            path = inside(Path(self.root), clip.path)
            regular(path)
            decoded = audio.read(path, start=clip.start, end=clip.end)
        except AudioError as error:
            row: Row = {"status": error.code, "status_reason": str(error)}
            if error.code in _PASSING:
                row[KEY] = ""
            return row | self._measure(clip, None)
        return {"status": "ok", "status_reason": ""} | _described(decoded) | self._measure(clip, decoded)

    def _measure(self, clip: Clip, decoded: Audio | None) -> Row:
        silent = Audio(np.zeros((0, 1), np.float32), 16_000)
        signal = Signal(decoded or silent)
        row: Row = {}
        # a clip of one sample has no spread, an all-silent one no level: that is NaN, not a warning
        with np.errstate(all="ignore"):
            for check in self._checks:
                if is_too_long(clip) if not check.audio else decoded is None:
                    continue
                row |= check.measure(clip, signal)
            if self.cepstra and decoded is not None and clip.text and clip.language:
                row[CEPSTRA_COLUMN] = pack_cepstra(signal)
        return row | _rates(row)


def _described(decoded: Audio) -> Row:
    frames, channels = max(len(decoded.samples), decoded.claimed), decoded.samples.shape[1]
    return {
        "sample_rate": decoded.rate,
        "channels": channels,
        "subtype": decoded.subtype,
        "frames": frames,
        "duration_s": frames / decoded.rate,
    }


def _rates(row: Row) -> Row:
    span, speech = row.get("speech_span_s") or np.nan, row.get("speech_s") or np.nan
    return {"chars_per_s": row.get("chars", np.nan) / span, "phones_per_s": row.get("phones", np.nan) / speech}


def is_too_long(clip: Clip) -> bool:
    """Whether the text of a clip is too long to be judged."""
    return len(clip.text) > MOST_CHARS


def without_long_texts(corpus: Corpus) -> Corpus:
    """Return a corpus with a finding for each text that is too long, in whose place is none."""
    if not any(map(is_too_long, corpus.clips)):
        return corpus
    clips, findings = [], [*corpus.findings]
    for name, clip in zip(corpus.ids, corpus.clips, strict=True):
        if is_too_long(clip):
            size, start = len(clip.text), ascii(clip.text[:40])
            message = f"the text has {size:,} characters (limit {MOST_CHARS:,}) and was not judged: {start} ..."
            findings.append(Finding(name, TOO_LONG.code, Severity.ERROR, message, float(size), float(MOST_CHARS)))
        clips.append(replace(clip, text="") if is_too_long(clip) else clip)
    return replace(corpus, clips=clips, findings=findings)
