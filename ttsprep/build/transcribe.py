"""Writes down clips that have no text, and says why what was written is not to be trusted.

`TranscribeStep` writes down; `doubt` judges what it wrote, so that other limits need no model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from ttsprep.audit.model_pass import LIMITS, ClipInput, rows_of_readable
from ttsprep.audit.select import Rejection
from ttsprep.build.config import Transcribe
from ttsprep.checks.hallucinated import Hallucinated, compression, stock_phrases
from ttsprep.checks.language import Language
from ttsprep.checks.rate import RateCheck
from ttsprep.checks.text import loop
from ttsprep.core.errors import AudioError
from ttsprep.core.files import digest, inside, regular
from ttsprep.core.progress import Progress
from ttsprep.core.store.cache import KEY
from ttsprep.core.store.step import Row, Step, make_key
from ttsprep.core.store.store import Store
from ttsprep.corpora.corpus import Corpus
from ttsprep.models.base import RATE, ModelInput
from ttsprep.models.transcriber import transcribe_clips
from ttsprep.models.whisper import weights
from ttsprep.text.characters import count_spoken, fold

_VERSION = 3
"""Raised whenever the same clip and model yield another text."""
BATCH = 16
"""Clips of like length that are heard at once."""
_WRITTEN = pa.schema([
    (KEY, pa.string()),
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
"""What is known of each clip: its length, and the fields of `ttsprep.models.transcriber.Transcription`."""

FIRST_S, AFTER_S = 1.2, 0.5
"""More speech than this up to the second token, or after the last word, has no text, in seconds."""
REMARKS = frozenset("[](){}♪♫*")
"""In a text with one of these, Whisper wrote of a sound: ``[Music]``, ``(wind howling)``."""


@dataclass
class TranscribeStep(Step[ClipInput]):
    """Writes clips down.

    Attributes
    ----------
    root
        The corpus.
    model
        Path of an openai-whisper checkpoint.
    digest
        Of its file.
    language
        What is spoken; that of each clip if it is empty.
    name
        Of the rows: what is written down, and for what.
    stage
        What a person is told.
    """

    schema = _WRITTEN
    batch = shard = BATCH
    limits = LIMITS

    root: str
    model: str
    digest: str
    language: str
    name: str = "transcripts"
    stage: str = "writing down"
    table: str = field(init=False)

    def __post_init__(self) -> None:
        """Name the table."""
        self.table = f".{self.name}.parquet"

    def path(self, item: ClipInput) -> str:
        """Return the file of a clip."""
        return item.clip.path

    def key(self, item: ClipInput, sha256: str) -> str:
        """Stand for all that a text depends on: bytes, piece of them, language, model, our code."""
        clip = item.clip
        own = (str(_VERSION), self.digest, self.language)
        return make_key(*own, sha256, repr(clip.start), repr(clip.end), clip.language)

    def order(self, item: ClipInput) -> float:
        """Put clips of like length together."""
        return item.seconds

    def rows(self, batch: Sequence[ClipInput]) -> list[Row]:
        """Write a batch down."""
        return rows_of_readable(self.root, batch, self._write)

    def failed(self, item: ClipInput, reason: str) -> Row:
        """Return an empty row: the next build tries again."""
        return {}

    def _write(self, clips: Sequence[ModelInput]) -> list[Row]:
        written = transcribe_clips(self.model, clips, language=self.language)
        return [{"seconds": len(clip.samples) / RATE, **asdict(row)} for clip, row in zip(clips, written, strict=True)]


def doubt(row: Mapping[str, Any], language: str, rules: Transcribe) -> tuple[tuple[str, ...], str]:
    """Say why a text that was written is not to be trusted: codes and a reason, both empty if it is.

    Parameters
    ----------
    row
        Of `_WRITTEN`; a number that is not known is None.
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
    if not count_spoken(text):
        return ("text-empty",), "nothing is written down"
    if not REMARKS.isdisjoint(text):
        return ("text-hallucinated",), "written down as a sound, not as speech"
    if phrase := next(filter(None, stock_phrases(text)), ""):
        return ("text-hallucinated",), f"recognisers write this where nobody speaks: {phrase}"
    if what := loop(fold(text)):
        return ("text-repetition",), f"the model was caught in a loop: {what}"
    if len(text) >= Hallucinated.compressed_chars and compression(text) > Hallucinated.compression:
        return ("text-repetition",), f"repeats itself: compresses {compression(text):.1f} times"
    if count_spoken(text) > RateCheck.fastest_cps * row["seconds"]:
        return (
            "rate-outlier",
        ), f"{count_spoken(text) / row['seconds']:.0f} characters a second: more than can be said"
    other = row["language"] or ""
    if row["seconds"] < Language.shortest_s:
        other = ""  # too little is said
    if other and other != language and row["language_p"] >= Language.spoken_p:
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


BYTES_PER_S = 32_000
"""Of a file, as if all were alike: only the order counts."""
STAGE = "transcribe"


@dataclass(frozen=True, slots=True)
class Transcripts:
    """What was written down.

    Attributes
    ----------
    todo
        The corpus, with the texts.
    log_p
        How sure the model was of each of them: mean log-probability, by id.
    low_confidence
        Why one is not to be trusted, by id.
    """

    todo: Corpus
    log_p: Mapping[str, float] = field(default_factory=dict)
    low_confidence: Mapping[str, Rejection] = field(default_factory=dict)


def transcribe_source(corpus: Corpus, out: Path, rules: Transcribe, jobs: int, progress: Progress) -> Transcripts:
    """Return the corpus with a text for each clip that had none.

    Parameters
    ----------
    corpus
        As it is.
    out
        The folder that remembers what was written.
    rules
        Of the recipe.
    jobs
        Worker processes; each loads the model.
    progress
        Receives the stage ``writing down``.

    Raises
    ------
    UsageError
        If the model is not on this machine, or is none.
    """
    places = [i for i, clip in enumerate(corpus.clips) if not count_spoken(clip.text)]
    if not places:
        return Transcripts(corpus)
    model = str(weights(rules.model))
    step = TranscribeStep(str(corpus.root.resolve()), model, digest(Path(model)), rules.language)
    rows = Store(out).map(step, [clip_input(corpus, i) for i in places], jobs, progress)
    clips, log_p, low_confidence = list(corpus.clips), {}, {}
    for i, row in zip(places, rows.table().to_pylist(), strict=True):
        name = corpus.ids[i]
        if not row[KEY]:
            continue  # it cannot be read, as the audit says
        text = row["text"] or ""
        clips[i] = replace(clips[i], text=text)
        if row["log_p"] is not None:
            log_p[name] = float(row["log_p"])
        spoken = (rules.language or clips[i].language).replace("_", "-").split("-")[0].lower()
        codes, reason = doubt(row, spoken, rules)
        if reason:
            written = f"; written: {text if len(text) <= 120 else f'{text[:119]}…'}" if text else ""
            low_confidence[name] = Rejection(name, STAGE, codes, f"{reason}{written}")
    return Transcripts(replace(corpus, clips=clips), log_p, low_confidence)


def clip_input(corpus: Corpus, place: int, texts: tuple[str, ...] = ()) -> ClipInput:
    """Return a clip of a corpus for a model, with its length by its file where it is all of that."""
    clip = corpus.clips[place]
    if clip.end is not None:
        return ClipInput(clip, clip.end - clip.start, texts)
    try:
        return ClipInput(clip, regular(inside(corpus.root, clip.path)).st_size / BYTES_PER_S, texts)
    except AudioError:
        return ClipInput(clip, 0.0, texts)
