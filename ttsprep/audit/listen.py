"""The pass of an audit that listens: fills the columns of checks whose measures come from a model."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ttsprep.audit.decisions import Decision
from ttsprep.audit.measure import Row
from ttsprep.checks.base import Check, all_checks
from ttsprep.checks.transcript import reassigned
from ttsprep.core import audio
from ttsprep.core.errors import AudioError
from ttsprep.core.files import inside
from ttsprep.core.tables import Journal, read_table, to_batch, write_table
from ttsprep.core.types import Clip, Samples
from ttsprep.core.workers.pool import Limits, run
from ttsprep.models.base import RATE, ModelInput, SelectedModels, SpeechModel

LIMITS = Limits(seconds_per_item=1800.0, memory_bytes=6 << 30)
"""Of a worker with a model: a whole batch is one item here; one that asks for more memory is halved."""
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
class Task:
    """A clip to listen to, with the key of its row and transcripts of other clips."""

    clip: Clip
    key: str
    others: tuple[str, ...]


@dataclass
class Listening:
    """The work of the processes that listen: a batch is decoded, and heard at once, in `prepare`."""

    root: str
    listener: SpeechModel
    _rows: dict[str, Row] = field(default_factory=dict, repr=False)

    def prepare(self, items: Sequence[Task]) -> None:
        """Listen to a batch."""
        self._rows = {item.key: {} for item in items}
        heard = []
        for item in items:
            try:
                samples = decode(Path(self.root), item.clip)
            except AudioError:
                continue  # measuring has named it
            heard.append((item.key, ModelInput(item.clip, samples, item.others)))
        measured = self.listener.measure([clip for _, clip in heard]) if heard else []
        for (key, _), row in zip(heard, measured, strict=True):
            self._rows[key] = row

    def __call__(self, item: Task) -> Row:
        """Return what was measured of one clip."""
        return self._rows.pop(item.key) | {"key": item.key}

    def lost(self, item: Task, reason: str) -> Row:
        """Return the row of a clip that the model failed on: it is tried again by the next audit."""
        del item, reason
        return {"key": ""}


def decode(root: Path, clip: Clip) -> Samples:
    """Return a clip as listeners hear it: mono, 16 kHz, at most its first 180 s.

    Raises
    ------
    AudioError
        If it cannot be read.
    """
    heard = audio.load_mono(inside(root, clip.path), RATE, start=clip.start, end=clip.end)
    if not len(heard):
        raise AudioError("audio-empty", "holds no samples")
    return heard


def listen(
    root: Path,
    clips: Sequence[Clip],
    table: pa.Table,
    out: Path,
    listeners: Sequence[SpeechModel],
    *,
    jobs: int,
    on_plan: Callable[[str, int, int], None] | None = None,
    on_progress: Callable[[int, float], None] | None = None,
) -> pa.Table:
    """Return the table of an audit with what the listeners measured, and nothing from the other listeners.

    Parameters
    ----------
    root
        Of the corpus.
    clips
        As in `table`.
    table
        What was measured of them.
    out
        Folder of the audit, for what is known from the last one, and for a journal.
    listeners
        Who listens.
    jobs
        Worker processes; each loads the model.
    on_plan
        Called for each listener with its name, the clips, and those it has to listen to.
    on_progress
        Called with the clips heard and their seconds of audio since the last call.
    """
    known = {listener.name: listener for listener in listeners}
    for name in sorted({check.model for check in all_checks().values()} - {""}):
        columns = columns_of(name)
        heard = _nothing(columns, len(clips))
        if name in known:
            heard = _listen(root, clips, table, out, known[name], jobs, on_plan, on_progress)
        for column in columns:
            table = table.set_column(table.schema.get_field_index(column), heard.schema.field(column), heard[column])
    return table


def _nothing(columns: Mapping[str, bool], rows: int) -> pa.Table:
    return _schema(columns).empty_table().take(pa.nulls(rows, pa.int64())).drop_columns(["key"])


def _schema(columns: Mapping[str, bool]) -> pa.Schema:
    kinds = [pa.field(name, pa.string() if text else pa.float32()) for name, text in columns.items()]
    return pa.schema([("key", pa.string()), *kinds])


def _listen(
    root: Path,
    clips: Sequence[Clip],
    table: pa.Table,
    out: Path,
    listener: SpeechModel,
    jobs: int,
    on_plan: Callable[[str, int, int], None] | None,
    on_progress: Callable[[int, float], None] | None,
) -> pa.Table:
    """Return one row a clip, null where it could not be heard."""
    schema, file = _schema(columns_of(listener.name)), out / f".listened-{listener.name}.parquet"
    journal = Journal(out / f".journal-{listener.name}", schema)
    earlier = read_table(file)
    batches = list(journal.read())
    if earlier is not None and earlier.schema.names == schema.names:
        batches += earlier.replace_schema_metadata(None).cast(schema).to_batches()
    keys = _keys(clips, table, listener)
    known = set(pa.Table.from_batches(batches, schema)["key"].to_pylist())
    seconds = dict(zip(keys, table["duration_s"].to_pylist(), strict=True))
    others = like(clips)
    todo = {key: Task(clips[i], key, others[i]) for i, key in enumerate(keys) if key and key not in known}
    tasks = sorted(todo.values(), key=lambda task: seconds[task.key] or 0.0)
    if on_plan:
        on_plan(listener.name, len(set(keys) - {""}), len(tasks))
    shards = [tasks[i : i + listener.batch] for i in range(0, len(tasks), listener.batch)]
    results = run(Listening(str(root.resolve()), listener), shards, jobs=jobs, limits=LIMITS)
    with closing(journal), closing(results):
        for number, rows in results if shards else ():
            batches.append(to_batch([row for row in rows if row["key"]], schema))
            journal.append(batches[-1])
            if on_progress:
                shard = shards[number]
                on_progress(len(shard), sum(seconds[task.key] or 0.0 for task in shard))
    heard = pa.Table.from_batches(batches, schema)
    places = {key: place for place, key in enumerate(heard["key"].to_pylist())}
    rows_of_clips = heard.take(pa.array([places.get(key) for key in keys], pa.int64())).combine_chunks()
    write_table(file, rows_of_clips.filter(pc.is_valid(rows_of_clips["key"])))
    journal.discard()
    return rows_of_clips


def _keys(clips: Sequence[Clip], table: pa.Table, listener: SpeechModel) -> list[str]:
    """Stand for all that the measures of each clip depend on; "" for a clip that cannot be read."""
    own = (listener.name, str(listener.version), listener.digest())
    keys = []
    columns = (table[name].to_pylist() for name in ("sha256", "status", "channels"))
    for clip, sha256, status, channels in zip(clips, *columns, strict=True):
        mixed = (f"mixdown {MIXDOWN_VERSION}",) if (channels or 1) > 1 else ()
        parts = (*own, *mixed, sha256 or "", repr(clip.start), repr(clip.end), clip.language, clip.text)
        stamp = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
        keys.append(stamp if sha256 and status == "ok" else "")
    return keys


def account(clips: pd.DataFrame, judges: Sequence[Check], asked: SelectedModels) -> dict[str, Any]:
    """Return what was listened to and what was not, as ``summary.json`` has it.

    Returns
    -------
    dict
        For each listener that was asked for, by name: ``skipped``, a line that says what is missing and how to have
        it, else ""; ``heard``, the clips that it said something of; ``not_heard``, those that can be read and of
        which it did not; ``codes``, what is judged by it; and ``not_judged``: for each check the ``code``, the
        ``clips`` that say too little, and ``why``.
    """
    readable = int((clips.status == "ok").sum())
    found: dict[str, Any] = {}
    for name in [*(listener.name for listener in asked.models), *asked.skipped]:
        own = [check for check in judges if check.model == name]
        heard = sum((_heard(clips, check) for check in own), start=np.zeros(len(clips), np.bool_))
        not_judged = []
        for check in own:
            for column, threshold in check.enough.items():
                limit = float(getattr(check, threshold))
                if count := int((_heard(clips, check) & (clips[column] < limit)).sum()):
                    why = TOO_LITTLE[column].format(limit)
                    not_judged += [{"code": code.code, "clips": count, "why": why} for code in check.codes]
        found[name] = {
            "skipped": asked.skipped.get(name, ""),
            "heard": int(heard.sum()),
            "not_heard": readable - int(heard.sum()),
            "not_judged": not_judged,
            "codes": [code.code for check in own for code in check.codes],
        }
    return found


def _heard(clips: pd.DataFrame, check: Check) -> npt.NDArray[np.bool_]:
    filled = [clips[name] != "" if name in check.strings else clips[name].notna() for name in check.measures]
    return np.asarray(np.logical_or.reduce(filled), np.bool_)


def propose(clips: pd.DataFrame, findings: pd.DataFrame) -> dict[str, Decision]:
    """Return the texts that mismatching clips should have, where other clips have them, for a person to look at."""
    found = says_text_of(clips, findings)
    return {name: Decision(None, text, f"says the text of {other}") for name, (other, text) in found.items()}


def says_text_of(clips: pd.DataFrame, findings: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Return for mismatching clips that say the text of another which that is, and its text."""
    mismatches = findings["clip"][findings.code == "transcript-mismatch"]
    doubted = clips[clips.id.isin(mismatches)]
    texts = dict(zip(doubted.id, doubted.text, strict=True))
    return {name: (other, texts[other]) for name, other in reassigned(doubted).items()}


def like(clips: Sequence[Clip]) -> list[tuple[str, ...]]:
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
