"""The pass of an audit over models: fills the columns of checks whose measures come from a model."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ttsprep.audit.decisions import Decision
from ttsprep.checks.base import Check, all_checks
from ttsprep.checks.transcript import reassigned
from ttsprep.core import audio
from ttsprep.core.errors import AudioError
from ttsprep.core.files import inside
from ttsprep.core.progress import NO_PROGRESS, Progress
from ttsprep.core.signal import Signal
from ttsprep.core.store.cache import KEY
from ttsprep.core.store.step import Row, Step, make_key
from ttsprep.core.store.store import Store
from ttsprep.core.types import Clip, Samples
from ttsprep.core.workers.pool import Limits
from ttsprep.corpora.corpus import Corpus
from ttsprep.models.base import RATE, ClipSource, ModelInput, SelectedModels, SpeechModel
from ttsprep.models.phones.features import LONGEST_COMPARED_S, pack_cepstra

Cepstra = Callable[[int], bytes | None]

LIMITS = Limits(seconds_per_item=1800.0, memory_bytes=6 << 30)
"""Of a worker with a model: the time is that of a batch; one that asks for more memory is halved."""
OTHERS = 8
"""Transcripts of other clips that go with each clip."""
MIXDOWN_VERSION = 2
"""Raised whenever `ttsprep.core.audio.mixdown` gives something else: clips of several channels are heard again."""
_NO_SAMPLES = np.zeros(0, np.float32)


def columns_of(listener: str) -> dict[str, bool]:
    """Every measure that a listener fills, by name, and whether it holds text."""
    checks = [check for check in all_checks().values() if check.model == listener]
    return {name: name in check.strings for check in checks for name in check.measures}


@dataclass(frozen=True, slots=True)
class ClipInput:
    """A clip for a model.

    Attributes
    ----------
    clip
        As the corpus has it.
    seconds
        Its length, about: clips of like length go together.
    texts
        Transcripts of other clips, or those that are possible.
    channels
        Of its file, where that is known.
    place
        In the corpus.
    cepstra
        Where the model takes them and measuring had them.
    """

    clip: Clip
    seconds: float = 0.0
    texts: tuple[str, ...] = ()
    channels: int = 1
    place: int = 0
    cepstra: bytes = b""


@dataclass
class ModelStep(Step[ClipInput]):
    """Has a model measure every clip.

    Attributes
    ----------
    root
        The corpus.
    model
        What measures.
    cepstra
        Returns those of a clip by its place in the corpus, or None; stays in this process.
    """

    limits = LIMITS
    shared = True

    root: str
    model: SpeechModel
    cepstra: Cepstra | None = field(default=None, repr=False)
    name: str = field(init=False)
    table: str = field(init=False)
    stage: str = field(init=False)
    batch: int = field(init=False)
    shard: int = field(init=False)
    schema: pa.Schema = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Take name, columns and batch from the model."""
        self.name = f"listened-{self.model.name}"
        self.table = f".{self.name}.parquet"
        self.stage = f"listening ({self.model.name})"
        self.batch = self.shard = self.model.batch
        self.schema = _schema(columns_of(self.model.name))

    def __getstate__(self) -> Mapping[str, Any]:
        """Leave out what stays in this process."""
        return self.__dict__ | {"cepstra": None}

    def path(self, item: ClipInput) -> str:
        """Return the file of a clip."""
        return item.clip.path

    def load(self, item: ClipInput) -> ClipInput:
        """Return a clip with its cepstra, if the model takes them and they are at hand."""
        known = self.cepstra(item.place) if self.cepstra and self.model.takes_cepstra else None
        return replace(item, cepstra=known) if known else item

    def key(self, item: ClipInput, sha256: str) -> str:
        """Stand for all that the measures depend on: model, bytes, piece of them, mixdown, language, text, others."""
        model, clip = self.model, item.clip
        own = (model.name, str(model.version), model.digest())
        mixed = (f"mixdown {MIXDOWN_VERSION}",) if item.channels > 1 else ()
        compared = item.texts if model.needs_text else ()
        return make_key(*own, *mixed, sha256, repr(clip.start), repr(clip.end), clip.language, clip.text, *compared)

    def order(self, item: ClipInput) -> float:
        """Put clips of like length together."""
        return item.seconds

    def rows(self, batch: Sequence[ClipInput]) -> list[Row]:
        """Return what the model measures of clips."""
        read = _with_cepstra if self.model.takes_cepstra else _with_samples
        return rows_of_readable(self.root, batch, self.model.measure, read)

    def failed(self, item: ClipInput, reason: str) -> Row:
        """Return an empty row: the next audit tries again."""
        return {}

    def seconds(self, item: ClipInput, row: Row) -> float:
        """Return the length of a clip."""
        return item.seconds


def _with_samples(root: Path, item: ClipInput) -> ModelInput:
    return ModelInput(item.clip, decode_clips(root, item.clip), item.texts)


def _with_cepstra(root: Path, item: ClipInput) -> ModelInput:
    return ModelInput(item.clip, _NO_SAMPLES, item.texts, item.cepstra or read_cepstra(root, item))


def read_cepstra(root: Path, item: ClipInput) -> bytes:
    """Return the cepstra of a clip as measuring has them."""
    if item.seconds > LONGEST_COMPARED_S:
        return b""
    clip = item.clip
    return pack_cepstra(Signal(audio.read(inside(root, clip.path), start=clip.start, end=clip.end)))


def rows_of_readable(
    root: str,
    batch: Sequence[ClipInput],
    work: Callable[[Sequence[ModelInput]], Sequence[Mapping[str, Any]]],
    read: Callable[[Path, ClipInput], ModelInput] = _with_samples,
) -> list[Row]:
    """Return the rows that `work` makes of decoded clips; a clip that cannot be read has an empty one without a key."""
    rows: list[Row] = [{KEY: ""} for _ in batch]
    readable, inputs = [], []
    for place, item in enumerate(batch):
        try:
            inputs.append(read(Path(root), item))
        except AudioError:
            continue  # measuring names it
        readable.append(place)
    for place, row in zip(readable, work(inputs) if inputs else (), strict=True):
        rows[place] = dict(row)
    return rows


def decode_clips(root: Path, clip: Clip) -> Samples:
    """Return a clip as models take it: mono, 16 kHz, at most its first 180 s.

    Raises
    ------
    AudioError
        If it cannot be read.
    """
    samples = audio.load_mono(inside(root, clip.path), RATE, start=clip.start, end=clip.end)
    if not len(samples):
        raise AudioError("audio-empty", "holds no samples")
    return samples


@dataclass(frozen=True, slots=True)
class MeasuredCorpus:
    """A corpus as it was measured without models.

    Attributes
    ----------
    table
        The measures.
    corpus
        Its clips are those of `table`.
    cepstra
        Returns those of a clip by its place, or None where it was measured by an earlier run.
    """

    table: pa.Table
    corpus: Corpus
    cepstra: Cepstra | None = None


def add_model_columns(
    heard: MeasuredCorpus, store: Store, models: Sequence[SpeechModel], workers: int, progress: Progress = NO_PROGRESS
) -> pa.Table:
    """Return the table of an audit with what models measured, and nothing from models that were not asked.

    Parameters
    ----------
    heard
        What was measured without them.
    store
        Of the audit.
    models
        What measures.
    workers
        Worker processes; each loads the model.
    progress
        Receives a stage for each model.
    """
    table, clips, root = heard.table, heard.corpus.clips, heard.corpus.root
    asked = {model.name: model for model in models}
    texts = similar_length_texts(clips) if asked else []
    columns = [table[name].to_pylist() for name in ("status", "duration_s", "channels")] if asked else []
    readable = [
        ClipInput(clips[i], seconds or 0.0, texts[i], channels or 1, i)
        for i, (status, seconds, channels) in enumerate(zip(*columns, strict=True))
        if status == "ok"
    ]
    for name in sorted({check.model for check in all_checks().values()} - {""}):
        names = columns_of(name)
        rows, places = _schema(names).empty_table(), np.full(len(clips), -1)
        items = [item for item in readable if item.clip.text or not asked[name].needs_text] if name in asked else []
        if items:
            model = asked[name].fitted(_source(heard, items), store.folder)
            step = ModelStep(str(root.resolve()), model, heard.cepstra)
            rows = store.map(step, items, workers, progress).table()
            places[[item.place for item in items]] = np.arange(len(items))
        rows = rows.take(pa.array(places, mask=places < 0)).combine_chunks()
        for column in names:
            table = table.set_column(table.schema.get_field_index(column), rows.schema.field(column), rows[column])
    return table


def _source(heard: MeasuredCorpus, readable: Sequence[ClipInput]) -> ClipSource:
    """Return the clips that can be read, for a model that learns from them."""
    digests = heard.table["sha256"].to_pylist()

    def cepstra(number: int) -> bytes:
        item = readable[number]
        return (heard.cepstra and heard.cepstra(item.place)) or read_cepstra(heard.corpus.root, item)

    return ClipSource(
        [item.clip for item in readable],
        [digests[item.place] for item in readable],
        [item.seconds for item in readable],
        cepstra,
    )


def _schema(columns: Mapping[str, bool]) -> pa.Schema:
    kinds = [pa.field(name, pa.string() if text else pa.float32()) for name, text in columns.items()]
    return pa.schema([(KEY, pa.string()), *kinds])


def coverage_summary(clips: pd.DataFrame, judges: Sequence[Check], asked: SelectedModels) -> dict[str, Any]:
    """Return what was listened to and what was not, as ``summary.json`` has it.

    Returns
    -------
    dict
        For each listener that was asked for, by name: ``skipped``, a line that says what is missing and how to have
        it, else ""; ``measured``, the clips that it said something of; ``not_measured``, those that can be read and of
        which it did not; ``codes``, what is judged by it; and ``not_judged``: for each check the ``code``, the
        ``clips`` that say too little, and ``why``.
    """
    readable = int((clips.status == "ok").sum())
    summary: dict[str, Any] = {}
    for name in [*(listener.name for listener in asked.models), *asked.skipped]:
        own = [check for check in judges if check.model == name]
        measured = sum((check.has_measures(clips) for check in own), start=np.zeros(len(clips), np.bool_))
        left_out = (part for check in own for part in check.not_judged(clips))
        not_judged = [{"code": code, "clips": count, "why": why} for code, count, why in left_out]
        summary[name] = {
            "skipped": asked.skipped.get(name, ""),
            "measured": int(measured.sum()),
            "not_measured": readable - int(measured.sum()),
            "not_judged": not_judged,
            "codes": [code.code for check in own for code in check.codes],
        }
    return summary


def not_heard_again(before: Mapping[str, Any], after: Mapping[str, Any]) -> frozenset[str]:
    """Return the codes of models that measured the source of a build and not its result, from both summaries.

    What they name in a clip that is kept remains.
    """
    heard, again = (summary.get("listening", {}) for summary in (before, after))
    return frozenset(code for name in heard.keys() - again.keys() for code in heard[name]["codes"])


def propose_text_fixes(clips: pd.DataFrame, findings: pd.DataFrame) -> dict[str, Decision]:
    """Return the texts that mismatching clips should have, where other clips have them, for a person to look at."""
    owners = says_text_of(clips, findings)
    return {name: Decision(None, text, f"says the text of {other}") for name, (other, text) in owners.items()}


def says_text_of(clips: pd.DataFrame, findings: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Return for mismatching clips that say the text of another which that is, and its text."""
    mismatches = findings["clip"][findings.code == "transcript-mismatch"]
    doubted = clips[clips.id.isin(mismatches)]
    texts = dict(zip(doubted.id, doubted.text, strict=True))
    return {name: (other, texts[other]) for name, other in reassigned(doubted).items()}


def similar_length_texts(clips: Sequence[Clip]) -> list[tuple[str, ...]]:
    """Return for each clip texts of others in its language, those of like length first."""
    languages: dict[str, set[str]] = defaultdict(set)
    for clip in clips:
        languages[clip.language].add(clip.text)
    ordered = {
        language: sorted(texts - {""}, key=lambda text: (len(text), text)) for language, texts in languages.items()
    }
    places = {language: {text: place for place, text in enumerate(texts)} for language, texts in ordered.items()}
    result = []
    for clip in clips:
        texts, place = ordered[clip.language], places[clip.language].get(clip.text, 0)
        near = texts[max(0, place - OTHERS) : place + OTHERS + 1]
        near = sorted((text for text in near if text != clip.text), key=lambda text: abs(len(text) - len(clip.text)))
        result.append(tuple(near[:OTHERS]))
    return result
