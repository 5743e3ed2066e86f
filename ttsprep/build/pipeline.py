"""The build: audit the source -> choose -> stages -> audit the result -> exports, report, provenance."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from ttsprep.audit.decisions import Decision, refuse_missing
from ttsprep.audit.goal.judge import judge, judge_result, judges_of
from ttsprep.audit.goal.rate import find_goal
from ttsprep.audit.pipeline import NO_MODELS, Audit, Audited, Extras, Measured, conclude, measure
from ttsprep.audit.select import Rejection, Terms, select
from ttsprep.build import output_folder as state
from ttsprep.build import provenance as tables
from ttsprep.build import targets as trainers
from ttsprep.build.card.files import write_card
from ttsprep.build.card.rerecord import sentences_to_record
from ttsprep.build.config import Recipe
from ttsprep.build.fit import unknown_symbols
from ttsprep.build.prepare import (
    HALF,
    PreparedSource,
    prepare,
    refuse_nothing,
    refuse_phonemes,
    refuse_unreadable,
    refuse_without_texts,
    unread,
)
from ttsprep.build.process import FOLDER, BuildItem, ProcessStep
from ttsprep.build.provenance import PROVENANCE
from ttsprep.build.split import Unused
from ttsprep.build.stages.base import Stage
from ttsprep.build.stages.format import Format
from ttsprep.build.stages.resample import Resample
from ttsprep.build.trainers import script as training
from ttsprep.core.errors import CorpusError
from ttsprep.core.files import atomic_write, lock, safe_names, writing
from ttsprep.core.output_folder import Output, claim, open_output
from ttsprep.core.progress import NO_PROGRESS, Progress, Renamed
from ttsprep.core.store.cache import refresh_index
from ttsprep.core.store.store import LOCAL, Store
from ttsprep.core.tables import findings_table, write_json, write_table
from ttsprep.core.types import Clip
from ttsprep.core.workers.forkserver import reused_servers
from ttsprep.corpora.corpus import Corpus, read_corpus
from ttsprep.corpora.exports.base import Entry, Export
from ttsprep.corpora.exports.ljspeech import LJSpeech
from ttsprep.corpora.layouts.ttsprep_build import DOCUMENT
from ttsprep.models.base import SelectedModels

__all__ = ["Built", "Draft", "build", "draft"]


BUILT = Decision(True, None, "it is built: a limit that moved when others left rejects nothing")
_Report = Callable[[Audited, Audited, pd.DataFrame, pd.DataFrame], str]
"""Makes ``report.html`` of source, result, rejections and provenance, as `ttsprep.report.page.build_report` does."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a build is going to do.

    Attributes
    ----------
    source
        The clips, as an audit lists them; of long recordings the pieces.
    refused
        What of long recordings is in no piece.
    decisions
        Of a person, by id.
    before
        The audit of the source.
    steps
        The stages, in order.
    recipe
        As it was asked for.
    log_p
        How sure a model was of the texts that it wrote, by id.
    """

    source: Corpus
    refused: list[Rejection]
    decisions: Mapping[str, Decision]
    before: Audit
    steps: tuple[Stage, ...]
    recipe: Recipe
    log_p: Mapping[str, float] = field(default_factory=dict)

    def describe(self) -> dict[str, Any]:
        """Return what would be built, in the form of ``build.json``."""
        return tables.drafted(self.before, self.refused, self.steps, self.recipe)


@dataclass(frozen=True, slots=True)
class Built:
    """A finished build.

    Attributes
    ----------
    out
        Its folder.
    document
        What ``build.json`` says.
    rejected
        What is not in it, and why.
    fresh
        Clips that were built in this run; the others were there.
    """

    out: Path
    document: dict[str, Any]
    rejected: list[Rejection]
    fresh: int

    @property
    def train(self) -> str:
        """The command that trains on it; "" if it is made for no trainer."""
        trainer = self.document["recipe"]["trainer"]
        return f"sh {shlex.quote(str(self.out / training.script_name(trainer)))}" if trainer else ""


def draft(
    source: Path,
    out: Path,
    recipe: Recipe,
    *,
    jobs: int,
    decisions: Path | None = None,
    models: SelectedModels = NO_MODELS,
    progress: Progress = NO_PROGRESS,
) -> Draft:
    """Audit the source into `out` and choose its clips, as `build` would; nothing is built.

    Raises
    ------
    TtsprepError
        If the source, the recipe or the decisions cannot be read, or `out` cannot be written.
    """
    refuse_missing(decisions)
    claim(state.KIND, out, [source])
    todo = read_corpus(source, recipe.layout, recipe.language, recipe.reading())
    refuse_phonemes(todo, recipe)
    if not recipe.segment and not decisions:
        refuse_without_texts(todo.root, todo.clips, recipe, HALF)  # before anything is written
        refuse_unreadable(todo.root, todo.clips, recipe)
    with open_output(state.KIND, out, [todo.root]), reused_servers():
        ready = prepare(todo, decisions, out / state.BEFORE, recipe, jobs, progress)
        refuse_nothing(ready, None)
        return _draft(ready, out, recipe, Extras(models), jobs, progress)


def build(
    source: Path,
    out: Path,
    recipe: Recipe,
    *,
    jobs: int,
    decisions: Path | None = None,
    models: SelectedModels = NO_MODELS,
    progress: Progress = NO_PROGRESS,
    report: _Report | None = None,
) -> Built:
    """Build a clean copy of a corpus, or what is missing of it.

    Parameters
    ----------
    source
        Folder or metadata file of the corpus; only read.
    out
        Folder of the build: new, empty, or an earlier build.
    recipe
        What to build and how strictly.
    jobs
        Worker processes.
    decisions
        A ``decisions.csv`` that overrides what the findings say.
    models
        That measure the clips of the source as well, as in an audit.
    progress
        Receives every stage.
    report
        Makes ``report.html``; none is written without it.

    Raises
    ------
    TtsprepError
        If the source, the recipe or the decisions cannot be read, `out` cannot be written, or no clip is left.
    """
    refuse_missing(decisions)
    claim(state.KIND, out, [source])
    todo = read_corpus(source, recipe.layout, recipe.language, recipe.reading())
    refuse_phonemes(todo, recipe)
    if not recipe.segment and not decisions:
        refuse_without_texts(todo.root, todo.clips, recipe, HALF)  # before anything is written
        refuse_unreadable(todo.root, todo.clips, recipe)
    with open_output(state.KIND, out, [todo.root]) as held, reused_servers():
        inputs = state.inputs_stamp(todo, recipe, decisions, models)
        document = state.finished(out, inputs)
        if document is not None:
            return Built(out, document, tables.read_rejected(out / "rejected.csv"), 0)
        ready = prepare(todo, decisions, out / state.BEFORE, recipe, jobs, progress)
        if not ready.todo.clips:
            state.unfinish(out)  # its rejected.csv is about to be that of another source
        refuse_nothing(ready, out / "rejected.csv")
        made = _draft(ready, out, recipe, Extras(models), jobs, progress)
        state.unfinish(out)
        built = _build(made, recipe, held, jobs, progress, report)
        state.finish(out, inputs)
        return built


def _draft(ready: PreparedSource, out: Path, recipe: Recipe, extras: Extras, jobs: int, progress: Progress) -> Draft:
    todo, decisions = ready.todo, ready.decisions
    naming = Renamed(progress, {"measuring": "measuring the source"})
    with lock(out / state.BEFORE):
        measured = measure(todo, out / state.BEFORE, recipe, jobs=jobs, progress=naming, extras=extras)
        goal = find_goal(measured.clips, recipe.rate, recipe.asked)
        # recordings are cut and texts written by now
        terms = replace(recipe.terms(goal.rate), stages=frozenset(recipe.pipeline))
        terms = replace(terms, decisions=decisions, low_confidence=ready.low_confidence)
        before = conclude(measured, recipe, goal, terms)
    steps = tuple(_at_one_rate(step, goal.rate) for step in recipe.configured_stages())
    lost = {rejection.id for rejection in before.selection.rejected}
    kept = [clip for name, clip in zip(todo.ids, todo.clips, strict=True) if name not in lost]
    refuse_without_texts(todo.root, kept, recipe)
    return Draft(todo, ready.refused, decisions, before, steps, recipe, ready.log_p)


def _at_one_rate(step: Stage, rate: int) -> Stage:
    """Fill in the rate of the goal, where the recipe leaves it open."""
    return replace(step, sample_rate=rate) if isinstance(step, Resample) and not step.sample_rate else step


def _build(made: Draft, recipe: Recipe, held: Output, jobs: int, progress: Progress, report: _Report | None) -> Built:
    out, store = held.path, Store(held.path)
    rows, fresh = _process(made, held, store, jobs, progress)
    rejected = [*unread(made.source), *made.refused, *made.before.selection.rejected, *_failures(rows)]
    rows = rows[rows["status"] == "ok"]
    clips = dict(zip(made.source.ids, made.source.clips, strict=True))
    naming = Renamed(progress, {"measuring": "measuring the result"})
    rows, late, measured, terms = _judged(made, out, rows, jobs, naming)
    rejected += late
    tables.write_rejected(out / "rejected.csv", rejected)
    if measured is None:
        raise CorpusError(f"every clip is rejected: {_counted(rejected)}; the reasons are in {out / 'rejected.csv'}")
    entries = tables.entries_of(rows, clips, recipe)
    with lock(out / state.AFTER):
        after = conclude(measured, recipe, made.before.goal, terms)
    entries = tables.with_references(entries, after.clips)
    forms = recipe.configured_exports()
    exports = [f"{state.EXPORTS}/{form.name}/" for form in forms if not isinstance(form, LJSpeech)]
    trainer = trainers.load_trainer(recipe.trainer) if recipe.trainer else None
    scripts = [training.script_name(trainer.name)] if trainer else []
    held.expect([*exports, *scripts])
    if trainer:
        training.refuse_empty(trainer, entries)
    refused = _export(entries, forms, out, dict(zip(rows["id"], rows["source_id"], strict=True)))
    rejected += refused
    tables.write_rejected(out / "rejected.csv", rejected)
    _refuse_untrainable(entries, refused, dict(zip(rows["source_id"], rows["id"], strict=True)), out / "rejected.csv")
    if trainer:
        training.write_script(trainer, entries, out)
    write_table(out / "clips.parquet", tables.entries_table(entries))
    write_table(out / "provenance.parquet", pa.Table.from_pandas(rows, PROVENANCE, preserve_index=False))
    if report:
        source = Audited.of(made.source, made.before)
        result = replace(Audited.of(measured.corpus, after), out=out)
        atomic_write(out / "report.html", report(source, result, tables.rejected_frame(rejected), rows).encode())
    held.sweep([*rows["path"], *held.settle(exports), *scripts])
    for folder in (out, out / state.AFTER):
        refresh_index(out, folder / LOCAL, rows["path"])
    store.finish()
    document = tables.document(made.before, after, rejected, entries, recipe, unknown_symbols(after.clips))
    write_card(out, document, recipe, sentences_to_record(rejected, clips, entries))
    write_json(out / DOCUMENT, document)
    return Built(out, document, rejected, fresh)


def _judged(
    made: Draft, out: Path, rows: pd.DataFrame, jobs: int, progress: Progress
) -> tuple[pd.DataFrame, list[Rejection], Measured | None, Terms]:
    """Measure and judge what was built until nothing in it is bad; return what is left, what went, and its audit."""
    recipe, clips = made.recipe, dict(zip(made.source.ids, made.source.clips, strict=True))
    judges, wanted = judges_of(recipe, made.before.goal.rate), recipe.enabled_codes()
    # its band is that of the source, which was judged
    rules = recipe.select.model_copy(update={"keep_hours": 0.0, "keep": (*recipe.select.keep, "narrowband")})
    gone: list[Rejection] = []
    while len(rows):
        listed = _listing(out, rows, clips, made.source.name)
        names = dict(zip(rows["id"], rows["source_id"], strict=True))
        decided = {name: made.decisions[source] for name, source in names.items() if source in made.decisions}
        with lock(out / state.AFTER):
            measured = measure(listed, out / state.AFTER, recipe, jobs=jobs, progress=progress)
        terms = Terms(rules, decisions=decided, where="result")
        findings = judge_result(measured.clips, made.before.clips, names, judges, wanted)
        late = select(measured.clips, findings_table(findings).to_pandas(), terms).rejected
        late = late or _unused(tables.entries_of(rows, clips, recipe), recipe)
        if not late:
            alone = findings_table(judge(measured.clips, judges, wanted)).to_pandas()
            moved = {item.id: BUILT for item in select(measured.clips, alone, terms).rejected}
            return rows, gone, measured, replace(terms, decisions=decided | moved)
        gone += [replace(item, id=names[item.id]) for item in late]
        rows = rows[~rows["id"].isin([item.id for item in late])]
    return rows, gone, None, Terms()


def _process(made: Draft, held: Output, store: Store, jobs: int, progress: Progress) -> tuple[pd.DataFrame, int]:
    """Build the chosen clips; return their provenance, and how many of them are new."""
    out, corpus, chosen = held.path, made.source, set(made.before.selection.kept)
    digests = dict(zip(made.before.clips["id"], made.before.clips["sha256"], strict=True))
    names = safe_names(corpus.ids)
    items = [
        BuildItem(clip, name, names[name], digests[name])
        for clip, name in zip(corpus.clips, corpus.ids, strict=True)
        if name in chosen
    ]
    with writing(out):
        (out / FOLDER).mkdir(exist_ok=True)
    container = next((step.container for step in made.steps if isinstance(step, Format)), "wav")
    step = ProcessStep(str(corpus.root.resolve()), str(out.resolve()), made.steps, container)
    held.expect(map(step.path, items))
    rows = store.map(step, items, jobs, progress)
    table = rows.table()
    log_p = pa.array(map(made.log_p.get, table["source_id"].to_pylist()), pa.float32())
    table = table.set_column(table.schema.get_field_index("asr_log_p"), "asr_log_p", log_p)
    return table.to_pandas(), rows.new


def _failures(rows: pd.DataFrame) -> list[Rejection]:
    columns = ["source_id", "status_stage", "status", "status_reason"]
    failed = rows.loc[rows["status"] != "ok", columns].itertuples(index=False)
    return [Rejection(name, stage, (code,), reason) for name, stage, code, reason in failed]


def _counted(rejected: Sequence[Rejection]) -> str:
    reasons = tables.by_reason(rejected)
    named = ", ".join(f"{number} {reason}" for reason, number in list(reasons.items())[:5])
    return f"{named} (--recipe longform cuts long recordings)" if "too-long" in reasons else named


def _listing(out: Path, rows: pd.DataFrame, clips: Mapping[str, Clip], name: str) -> Corpus:
    """List the clips of the result, for their audit: it is called as its source is, wherever it lies."""
    listed = [
        Clip(name, path, text, clips[source].speaker, clips[source].language)
        for name, path, text, source in rows[["id", "path", "normalised", "source_id"]].itertuples(index=False)
    ]
    return Corpus(out, "build", "built just now", listed, [clip.id for clip in listed], title=name)


def _unused(entries: Sequence[Entry], recipe: Recipe) -> list[Rejection]:
    """Return the clips that belong to no part."""
    speakers, texts = ({entry.id: getattr(entry, name) for entry in entries} for name in ("speaker", "normalised"))
    unused = Unused(recipe.split, speakers, texts)(list(speakers))
    return [Rejection(name, "split", (), reason) for name, reason in unused.items()]


def _refuse_untrainable(
    entries: Sequence[Entry], refused: Sequence[Rejection], names: Mapping[str, str], table: Path
) -> None:
    """Refuse a build in which a list to train from is empty."""
    train = {entry.id for entry in entries if entry.split == "train"}
    if not train:
        raise CorpusError("no clip is left to train from: all are in other splits; give more clips or other [split]")
    for stage in dict.fromkeys(one.stage for one in refused):
        reasons = {names[one.id]: one.reason for one in refused if one.stage == stage}
        if train <= reasons.keys():
            first = reasons[min(train)]
            raise CorpusError(
                f"{stage}: all {len(train):,} training clips are refused, the first as {first}; see {table}"
            )


def _export(entries: list[Entry], forms: Sequence[Export], out: Path, sources: Mapping[str, str]) -> list[Rejection]:
    """Write every export; return what some of them cannot hold."""
    refused = []
    if not any(isinstance(form, LJSpeech) for form in forms):
        forms = [LJSpeech(), *forms]
    for form in forms:
        fitting = []
        for entry in entries:
            if reason := form.refuse(entry):
                refused.append(Rejection(sources[entry.id], f"export {form.name}", (), reason))
            else:
                fitting.append(entry)
        folder = out if isinstance(form, LJSpeech) else out / state.EXPORTS / form.name
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        form.write(fitting, out, folder)
    return refused
