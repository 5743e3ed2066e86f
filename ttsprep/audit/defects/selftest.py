"""Proves the checks on a user's own clips: plants known defects in copies, and counts the detections."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import soundfile as sf

from ttsprep.audit.config import AuditConfig
from ttsprep.audit.defects.inject import Defect, Take
from ttsprep.audit.defects.inject_files import DEFECTS
from ttsprep.audit.goal.judge import judge
from ttsprep.audit.measure import MeasureStep, columns
from ttsprep.audit.model_pass import ClipInput, ModelStep, read_cepstra, similar_length_texts
from ttsprep.audit.pipeline import frame
from ttsprep.checks.base import Check, all_checks
from ttsprep.core import audio
from ttsprep.core.errors import AudioError, CorpusError
from ttsprep.core.files import inside
from ttsprep.core.progress import NO_PROGRESS, Progress, Renamed
from ttsprep.core.signal import Signal
from ttsprep.core.store.cache import KEY
from ttsprep.core.store.step import Row
from ttsprep.core.store.store import Store
from ttsprep.core.tables import manifest_table, measured_schema, to_batch
from ttsprep.core.types import Clip, Finding, Severity
from ttsprep.corpora.corpus import read_corpus
from ttsprep.models.base import LISTENS, ClipSource, SpeechModel, load_model

BACKGROUND = 240
"""Clips that stay as they are; what is planted is judged among them."""
PER_DEFECT = 20


@dataclass(frozen=True, slots=True)
class DefectOutcome:
    """What became of one defect.

    Attributes
    ----------
    defect
        What was planted.
    planted, detected
        Clips that it was planted in, and those in which one of its codes was detected.
    missed
        Ids of the clips in which it was not detected.
    """

    defect: Defect
    planted: int
    detected: int
    missed: tuple[str, ...]

    @property
    def missed_too_often(self) -> bool:
        """Whether under 95 % were detected, or under 80 % of a faint defect."""
        return self.detected < (0.95 if self.defect.plain else 0.8) * self.planted


@dataclass(frozen=True, slots=True)
class SelfTest:
    """The result of a self-test.

    Attributes
    ----------
    clips
        Clips that were judged as they are.
    alarms
        Findings on them, by code and severity: a clean corpus has few.
    with_error, with_warning
        How many of them have an error, and a warning.
    outcomes
        For each defect.
    """

    clips: int
    alarms: dict[tuple[str, Severity], int]
    with_error: int
    with_warning: int
    outcomes: tuple[DefectOutcome, ...]


def selftest(
    path: Path,
    recipe: AuditConfig,
    *,
    jobs: int,
    per_defect: int = PER_DEFECT,
    background: int = BACKGROUND,
    defects: Sequence[Defect] = DEFECTS,
    seed: int = 0,
    progress: Progress = NO_PROGRESS,
) -> SelfTest:
    """Plant every defect in copies of the user's clips and count what the checks find.

    Parameters
    ----------
    path
        The corpus; only read. Copies go to a temporary folder.
    recipe
        As for an audit.
    jobs
        Worker processes.
    per_defect, background
        Clips to plant each defect in, and clips that stay as they are.
    defects
        What to plant.
    seed
        Of the choice of clips and places.
    progress
        Receives the stages ``measuring``, ``measuring defects``, and those of models.

    Raises
    ------
    CorpusError
        If fewer than 10 clips can be read.
    """
    todo = read_corpus(path, recipe.layout, recipe.language, recipe.reading())
    judges, wanted = recipe.configured_checks(), recipe.enabled_codes()
    random = np.random.default_rng(seed)
    chosen = [todo.clips[i] for i in sorted(random.permutation(len(todo.clips))[:background])]
    takes = dict(_takes(todo.root, chosen))
    clips = [clip for clip in chosen if clip.id in takes]
    if len(clips) < 10:
        raise CorpusError(f"{path} has {len(clips)} clips that can be read; a self-test needs 10")
    defects = [defect for defect in defects if defect.code in wanted and _applies(defect, takes[clips[0].id])]
    with tempfile.TemporaryDirectory(prefix="ttsprep-selftest-") as folder:
        planted = [
            _plant(defect, clips, takes, Path(folder) / str(n), per_defect, np.random.default_rng([seed, n]))
            for n, defect in enumerate(defects)
        ]
        whole = [*clips, *(clip for group in planted for clip, _ in group)]
        rows = _measured(Path(folder), todo.root, clips, jobs, progress)
        names = {f"listening ({name})": f"listening to defects ({name})" for name in LISTENS}
        defective = Renamed(progress, {"measuring": "measuring defects"} | names)
        rows += _measured(Path(folder), Path(folder), whole[len(clips) :], jobs, defective)
        for model in _learned(Path(folder), todo.root, clips, rows, wanted):
            texts = similar_length_texts(whole)
            heard = [*zip(whole, texts, rows, strict=True)]
            _listen(Path(folder), ModelStep(str(todo.root.resolve()), model), heard[: len(clips)], jobs, progress)
            _listen(Path(folder), ModelStep(folder, model), heard[len(clips) :], jobs, defective)
    clean, rest = rows[: len(clips)], rows[len(clips) :]
    outcomes = []
    for defect, group in zip(defects, planted, strict=True):
        spoilt, rest = rest[: len(group)], rest[len(group) :]
        if not group:  # such as a text to spoil, in a corpus without any
            continue
        outcomes.append(_outcome(defect, clips, clean, group, spoilt, judges, wanted))
    findings = list(judge(_table(clips, clean), judges, wanted))
    return _summary(clips, findings, outcomes)


def _takes(root: Path, clips: Sequence[Clip]) -> Iterator[tuple[str, Take]]:
    for clip in clips:
        try:
            decoded = audio.read(inside(root, clip.path), start=clip.start, end=clip.end)
        except AudioError:
            continue
        yield clip.id, Take(Signal(decoded).samples, decoded.rate, clip.text)


def _applies(defect: Defect, take: Take) -> bool:
    """Whether a defect can be heard at this sample rate: nothing is upsampled from where it is already."""
    return defect.least_rate <= take.rate


def _plant(
    defect: Defect,
    clips: Sequence[Clip],
    takes: dict[str, Take],
    folder: Path,
    count: int,
    random: np.random.Generator,
) -> list[tuple[Clip, str]]:
    """Write spoilt copies; return each as a clip of its own, with the id of the original."""
    folder.mkdir()
    group: list[tuple[Clip, str]] = []
    order = random.permutation(len(clips))
    for i in order:
        if len(group) == count:
            break
        clip, take = clips[i], takes[clips[i].id]
        other = _other(clips, takes, take, random)
        if defect.words > len(take.text.split()) or (defect.words > 1 and other is None):
            continue
        spoilt = defect.plant(take, other or take, random)
        file = folder / f"{i}.wav"
        sf.write(file, spoilt.samples, spoilt.rate, subtype=spoilt.subtype, format="WAV")
        if defect.spoil:
            defect.spoil(file)
        planted = replace(clip, id=f"{clip.id} planted", path=f"{folder.name}/{file.name}", text=spoilt.text)
        group.append((replace(planted, start=0.0, end=None), clip.id))
    return group


def _other(clips: Sequence[Clip], takes: dict[str, Take], take: Take, random: np.random.Generator) -> Take | None:
    """Return another clip whose text is at least half as long again, or shorter by a third."""
    for i in random.permutation(len(clips))[:50]:
        other = takes[clips[i].id]
        ratio = (len(other.text) + 1) / (len(take.text) + 1)
        if ratio > 1.6 or ratio < 0.6:
            return other
    return None


def _measured(out: Path, root: Path, clips: Sequence[Clip], jobs: int, progress: Progress) -> list[dict[str, Any]]:
    store = Store(out)
    rows: list[Row] = (
        store.map(MeasureStep(str(root.resolve()), shared=False), clips, jobs, progress).table().to_pylist()
    )
    store.finish()
    return rows


def _learned(
    out: Path, root: Path, clips: Sequence[Clip], rows: Sequence[dict[str, Any]], wanted: frozenset[str]
) -> list[SpeechModel]:
    """Return the models of every audit, those that learn from the clips that stay as they are."""
    seconds = [row["duration_s"] or 0.0 for row in rows[: len(clips)]]
    source = ClipSource(
        clips,
        [clip.path for clip in clips],
        seconds,
        lambda i: read_cepstra(root, ClipInput(clips[i], seconds[i])),
    )
    needed = {check.model for check in all_checks().values() if wanted.intersection(code.code for code in check.codes)}
    return [load_model(name).fitted(source, out) for name in LISTENS if name in needed]


def _listen(
    out: Path,
    step: ModelStep,
    whole: Sequence[tuple[Clip, tuple[str, ...], dict[str, Any]]],
    jobs: int,
    progress: Progress,
) -> None:
    """Add what a model measures to the rows of clips with a text."""
    readable = [(clip, texts, row) for clip, texts, row in whole if row["status"] == "ok" and clip.text]
    items = [ClipInput(clip, row["duration_s"] or 0.0, texts) for clip, texts, row in readable]
    store = Store(out)
    measured = store.map(step, items, jobs, progress).table().to_pylist()
    store.finish()
    for (_, _, row), more in zip(readable, measured, strict=True):
        row |= {name: value for name, value in more.items() if name != KEY}


def _table(clips: Sequence[Clip], rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    table = manifest_table(clips, [clip.id for clip in clips])
    schema = measured_schema(columns())
    measures = pa.Table.from_batches([to_batch(rows, schema)])
    for name in measures.column_names:
        table = table.append_column(measures.schema.field(name), measures[name])
    return frame(table)


def _outcome(
    defect: Defect,
    clips: Sequence[Clip],
    clean: Sequence[dict[str, Any]],
    group: Sequence[tuple[Clip, str]],
    spoilt: Sequence[dict[str, Any]],
    judges: Sequence[Check],
    wanted: frozenset[str],
) -> DefectOutcome:
    originals = {original for _, original in group}
    kept = [i for i, clip in enumerate(clips) if defect.beside or clip.id not in originals]
    table = _table([*(clips[i] for i in kept), *(clip for clip, _ in group)], [*(clean[i] for i in kept), *spoilt])
    names = {defect.code, *defect.also}
    hits = {finding.clip for finding in judge(table, judges, wanted) if finding.code in names}
    missed = tuple(original for clip, original in group if clip.id not in hits)
    return DefectOutcome(defect, len(group), len(group) - len(missed), missed)


def _summary(clips: Sequence[Clip], findings: Sequence[Finding], outcomes: Sequence[DefectOutcome]) -> SelfTest:
    about_clips = [finding for finding in findings if finding.clip]
    alarms: dict[tuple[str, Severity], int] = {}
    for finding in about_clips:
        key = finding.code, finding.severity
        alarms[key] = alarms.get(key, 0) + 1
    by_severity = {
        severity: len({finding.clip for finding in about_clips if finding.severity == severity})
        for severity in Severity
    }
    return SelfTest(len(clips), alarms, by_severity[Severity.ERROR], by_severity[Severity.WARNING], tuple(outcomes))
