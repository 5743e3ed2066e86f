"""The pass of an audit over models: fills the columns of checks whose measures come from a model."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from ttsprep.audit.decisions import Decision
from ttsprep.checks.base import Check, all_checks
from ttsprep.checks.transcript import reassigned
from ttsprep.core import audio
from ttsprep.core.errors import AudioError
from ttsprep.core.files import inside
from ttsprep.core.progress import NO_PROGRESS, Progress
from ttsprep.core.store.cache import KEY
from ttsprep.core.store.step import Row, Step, make_key
from ttsprep.core.store.store import Store
from ttsprep.core.types import Clip, Samples
from ttsprep.core.workers.pool import Limits
from ttsprep.models.base import RATE, ClipSource, ModelInput, SelectedModels, SpeechModel

LIMITS = Limits(seconds_per_item=1800.0, memory_bytes=6 << 30)
"""Of a worker with a model: the time is that of a batch; one that asks for more memory is halved."""
OTHERS = 8
"""Transcripts of other clips that go with each clip."""
MIXDOWN_VERSION = 2
"""Raised whenever `ttsprep.core.audio.mixdown` gives something else: clips of several channels are heard again."""
TOO_LITTLE = {"speech_s": "less than {:g} s of speech", "duration_s": "shorter than {:g} s"}
"""Why a clip is not judged, by the column that says too little."""


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
    """

    clip: Clip
    seconds: float = 0.0
    texts: tuple[str, ...] = ()
    channels: int = 1


@dataclass
class ModelStep(Step[ClipInput]):
    """Has a model measure every clip.

    Attributes
    ----------
    root
        The corpus.
    model
        What measures.
    """

    limits = LIMITS
    shared = True

    root: str
    model: SpeechModel
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

    def path(self, item: ClipInput) -> str:
        """Return the file of a clip."""
        return item.clip.path

    def key(self, item: ClipInput, sha256: str) -> str:
        """Stand for all that the measures depend on: model, bytes, piece of them, mixdown, language, text."""
        model, clip = self.model, item.clip
        own = (model.name, str(model.version), model.digest())
        mixed = (f"mixdown {MIXDOWN_VERSION}",) if item.channels > 1 else ()
        return make_key(*own, *mixed, sha256, repr(clip.start), repr(clip.end), clip.language, clip.text)

    def order(self, item: ClipInput) -> float:
        """Put clips of like length together."""
        return item.seconds

    def rows(self, batch: Sequence[ClipInput]) -> list[Row]:
        """Return what the model measures of clips."""
        return rows_of_readable(self.root, batch, self.model.measure)

    def failed(self, item: ClipInput, reason: str) -> Row:
        """Return an empty row: the next audit tries again."""
        return {}

    def seconds(self, item: ClipInput, row: Row) -> float:
        """Return the length of a clip."""
        return item.seconds


def rows_of_readable(
    root: str, batch: Sequence[ClipInput], work: Callable[[Sequence[ModelInput]], Sequence[Mapping[str, Any]]]
) -> list[Row]:
    """Return the rows that `work` makes of decoded clips; a clip that cannot be read has an empty one without a key."""
    rows: list[Row] = [{KEY: ""} for _ in batch]
    readable, inputs = [], []
    for place, item in enumerate(batch):
        try:
            samples = decode_clips(Path(root), item.clip)
        except AudioError:
            continue  # measuring names it
        readable.append(place)
        inputs.append(ModelInput(item.clip, samples, item.texts))
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


def add_model_columns(
    table: pa.Table,
    clips: Sequence[Clip],
    root: Path,
    store: Store,
    models: Sequence[SpeechModel],
    workers: int,
    progress: Progress = NO_PROGRESS,
) -> pa.Table:
    """Return the table of an audit with what models measured, and nothing from models that were not asked.

    Parameters
    ----------
    table
        What was measured without them.
    clips
        As in `table`.
    root
        Of the corpus.
    store
        Of the audit.
    models
        What measures.
    workers
        Worker processes; each loads the model.
    progress
        Receives a stage for each model.
    """
    asked = {model.name: model for model in models}
    texts = similar_length_texts(clips) if asked else []
    columns = [table[name].to_pylist() for name in ("status", "duration_s", "channels")] if asked else []
    readable = [
        (i, ClipInput(clips[i], seconds or 0.0, texts[i], channels or 1))
        for i, (status, seconds, channels) in enumerate(zip(*columns, strict=True))
        if status == "ok"
    ]
    for name in sorted({check.model for check in all_checks().values()} - {""}):
        names = columns_of(name)
        rows, places = _schema(names).empty_table(), np.full(len(clips), -1)
        if name in asked:
            items = [item for _, item in readable]
            model = asked[name].fitted(_source(table, root, readable), store.folder)
            rows = store.map(ModelStep(str(root.resolve()), model), items, workers, progress)
            rows = rows.table()
            places[[i for i, _ in readable]] = np.arange(len(readable))
        rows = rows.take(pa.array(places, mask=places < 0)).combine_chunks()
        for column in names:
            table = table.set_column(table.schema.get_field_index(column), rows.schema.field(column), rows[column])
    return table


def _source(table: pa.Table, root: Path, readable: Sequence[tuple[int, ClipInput]]) -> ClipSource:
    """Return the clips that can be read, for a model that learns from them."""
    digests = table["sha256"].to_pylist()
    return ClipSource(
        [item.clip for _, item in readable],
        [digests[i] for i, _ in readable],
        [item.seconds for _, item in readable],
        partial(decode_clips, root),
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
        measured = sum((_has_measures(clips, check) for check in own), start=np.zeros(len(clips), np.bool_))
        not_judged = []
        for check in own:
            for column, threshold in check.enough.items():
                limit = float(getattr(check, threshold))
                if count := int((_has_measures(clips, check) & (clips[column] < limit)).sum()):
                    why = TOO_LITTLE[column].format(limit)
                    not_judged += [{"code": code.code, "clips": count, "why": why} for code in check.codes]
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


def _has_measures(clips: pd.DataFrame, check: Check) -> npt.NDArray[np.bool_]:
    numbers = [clips[name].notna() for name in check.measures if name not in check.strings]
    return np.asarray(np.logical_or.reduce(numbers or [clips[name] != "" for name in check.strings]), np.bool_)


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
