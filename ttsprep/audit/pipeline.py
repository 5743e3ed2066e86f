"""The audit: plan -> measure -> judge -> write."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ttsprep.audit.codes import COLUMN, read_codes, with_column
from ttsprep.audit.config import AuditConfig
from ttsprep.audit.decisions import Decision, refuse_missing, with_decisions, write_decisions
from ttsprep.audit.goal.groups import find_groups
from ttsprep.audit.goal.judge import completed_terms, judge, judges_of
from ttsprep.audit.goal.rate import Goal, find_goal
from ttsprep.audit.measure import CEPSTRA_COLUMN, MeasureStep, versions, without_long_texts
from ttsprep.audit.model_pass import MeasuredCorpus, add_model_columns, coverage_summary, propose_text_fixes
from ttsprep.audit.select import Selection, Terms, select
from ttsprep.audit.unchanged import PROPOSED, STATE_FILE, digests_of_results, forget_state
from ttsprep.audit.verdict import summarise, verdict_table
from ttsprep.checks.base import Check
from ttsprep.core.errors import AudioError
from ttsprep.core.files import atomic_write, clean, digest
from ttsprep.core.output_folder import JOURNALS, Kind, claim, open_output
from ttsprep.core.package import __version__
from ttsprep.core.progress import NO_PROGRESS, Progress
from ttsprep.core.store.corpus_path import save_corpus_path
from ttsprep.core.store.store import Store
from ttsprep.core.tables import (
    findings_table,
    manifest_table,
    read_table,
    write_json,
    write_table,
)
from ttsprep.core.types import Clip, Finding, Severity
from ttsprep.core.untrusted import read_json
from ttsprep.core.workers.forkserver import reused_servers
from ttsprep.corpora.corpus import Corpus, read_corpus
from ttsprep.models.base import SelectedModels

NO_MODELS = SelectedModels()
FILES = (
    *(
        "clips.parquet",
        "findings.parquet",
        "verdicts.parquet",
        "summary.json",
        "report.html",
        "run.json",
        PROPOSED,
        "decisions*.csv",  # of ttsprep review
        "explain/*.html",
    ),
    *(".cache.parquet", ".corpus.json", STATE_FILE, ".listened-*", JOURNALS),
)
AUDIT_KIND = Kind("audit", FILES)
"""What an audit writes."""


@dataclass(frozen=True, slots=True)
class Audit:
    """The result of an audit.

    Attributes
    ----------
    out
        Where the tables and the report are.
    clips, findings
        The tables.
    summary
        As in ``summary.json``.
    measured
        Clips that were measured in this run; the others were known.
    selection
        Which clips a build keeps.
    goal
        What they are judged for.
    """

    out: Path
    clips: pd.DataFrame
    findings: pd.DataFrame
    summary: dict[str, Any]
    measured: int
    selection: Selection
    goal: Goal


@dataclass(frozen=True, slots=True)
class Audited:
    """An audit with the corpus that it is of.

    Attributes
    ----------
    root
        Folder of the corpus.
    clips, ids
        As `ttsprep.corpora.corpus.read_corpus` lists them.
    table, findings, summary
        As the audit wrote them; texts without nulls.
    selection
        Which clips a build keeps.
    out
        Folder of ``report.html``, if the page is to play the corpus from where it lies.
    """

    root: Path
    clips: Sequence[Clip]
    ids: Sequence[str]
    table: pd.DataFrame
    findings: pd.DataFrame
    summary: dict[str, Any]
    selection: Selection
    out: Path | None = None

    @classmethod
    def of(cls, listed: Corpus, audit: Audit) -> "Audited":
        """Return an audit with the corpus that it was made of."""
        tables = (audit.clips, audit.findings, audit.summary, audit.selection)
        return cls(listed.root, listed.clips, listed.ids, *tables, audit.out)


_Report = Callable[[Audited], str]
"""Makes ``report.html``, as `ttsprep.report.page.audit_report` does."""


@dataclass(frozen=True, slots=True)
class Extras:
    """What an audit takes beside the corpus.

    Attributes
    ----------
    models
        That measure the clips as well, and those that are not here; none by default, as they are slow.
    codes
        What ``ttsprep encode`` wrote for this corpus, to be judged and shown as well.
    decisions
        A ``decisions.csv`` that overrides what the findings say, and has other texts, as for a build.
    """

    models: SelectedModels = NO_MODELS
    codes: Path | None = None
    decisions: Path | None = None


_NOTHING = Extras()


def audit(
    path: Path,
    out: Path,
    config: AuditConfig,
    *,
    jobs: int,
    progress: Progress = NO_PROGRESS,
    extras: Extras = _NOTHING,
    report: _Report | None = None,
) -> Audit:
    """Measure what is not known yet, judge everything, and write the tables and the report.

    Parameters
    ----------
    path
        Folder or metadata file of the corpus; only read.
    out
        Folder for the results, outside the corpus.
    config
        Layout, language, thresholds and codes.
    jobs
        Worker processes.
    progress
        Receives the stages ``measuring``, and ``listening (NAME)`` for each model.
    extras
        What else is measured and known.
    report
        Makes ``report.html``; none is written without it.

    Raises
    ------
    TtsprepError
        If the corpus cannot be read, or the results cannot be written.
    """
    more = [extras.codes] if extras.codes else []
    claim(AUDIT_KIND, out, [path, *more])
    refuse_missing(extras.decisions)
    corpus = read_corpus(path, config.layout, config.language, config.reading())
    corpus, decisions = with_decisions(corpus, extras.decisions)
    config.configured_checks(), config.enabled_codes()  # what is wrong in there is said before anything is written
    with open_output(AUDIT_KIND, out, [corpus.root, *more]), reused_servers():
        measured = measure(corpus, out, config, jobs=jobs, progress=progress, extras=extras)
        return conclude(replace(measured, decisions=decisions), config, report=report)


@dataclass(frozen=True, slots=True)
class Measured:
    """A corpus with what was measured of it.

    Attributes
    ----------
    corpus, out
        What was measured, and the folder of its audit.
    clips
        The table.
    new
        Clips that were measured in this run.
    models
        That were asked to measure, too.
    codes
        Of which codec the distances in the table are; empty without codes.
    decisions
        Of a person, by id.
    """

    corpus: Corpus
    out: Path
    clips: pd.DataFrame
    new: int
    models: SelectedModels = NO_MODELS
    codes: Mapping[str, Any] = field(default_factory=dict)
    decisions: Mapping[str, Decision] = field(default_factory=dict)


def measure(
    corpus: Corpus,
    out: Path,
    config: AuditConfig,
    *,
    jobs: int,
    progress: Progress = NO_PROGRESS,
    extras: Extras = _NOTHING,
) -> Measured:
    """Measure what is not known of a corpus yet, and write ``clips.parquet``; as `audit`."""
    models, codes = extras.models, extras.codes
    distances, used = read_codes(codes, corpus.ids) if codes else ([], {})
    forget_state(out)
    save_corpus_path(out, corpus.root)
    store = Store(out)
    step = MeasureStep(str(corpus.root.resolve()), cepstra=any(model.takes_cepstra for model in models.models))
    rows = store.map(step, corpus.clips, jobs, progress)
    corpus = without_long_texts(corpus)
    measured = _joined(corpus, rows.table(step.kept_schema.names))
    write_table(out / "clips.parquet", measured)
    heard = MeasuredCorpus(measured, corpus, partial(rows.value, column=CEPSTRA_COLUMN) if step.cepstra else None)
    table = add_model_columns(heard, store, models.models, jobs, progress)
    store.finish()
    table = with_column(table, COLUMN, distances) if codes else table
    fits = config.fit()
    for name, values in fits(corpus.clips).items() if fits else ():
        table = with_column(table, name, values)
    if not table.equals(measured):
        write_table(out / "clips.parquet", table)
    return Measured(corpus, out, frame(table), rows.new, models, used)


def conclude(
    measured: Measured,
    config: AuditConfig,
    goal: Goal | None = None,
    terms: Terms | None = None,
    *,
    report: _Report | None = None,
) -> Audit:
    """Judge what was measured, select the clips that a build keeps, and write all but ``clips.parquet``.

    Parameters
    ----------
    measured
        The corpus, and its audit so far.
    config
        How strictly it is judged.
    goal
        What it is judged for; None for what the `config` asks for, or what the corpus can be trained at best.
    terms
        On which clips are selected; None for those of the `config`.
    report
        Makes ``report.html``; none is written without it.
    """
    corpus, out, clips = measured.corpus, measured.out, measured.clips
    goal, wanted = goal or find_goal(clips, config.rate, config.asked), config.enabled_codes()
    judges = judges_of(config, goal.rate)
    terms = terms or replace(config.terms(goal.rate), decisions=measured.decisions)
    terms = completed_terms(terms, config, clips, judges)
    listening = coverage_summary(clips, judges, measured.models)
    stages = sorted(terms.stages)  # a set is written in another order by every process
    table_stamp = f"{digest(out / 'clips.parquet')} {measured.codes} {listening}"
    selection_stamp = f"{goal} {replace(terms, stages=frozenset())} {stages}"
    stamp = _stamp(corpus, f"{table_stamp} {selection_stamp}", judges, wanted)
    about = {
        "ttsprep": __version__,
        "stamp": stamp,
        "recipe": config.model_dump(mode="json", include=set(AuditConfig.model_fields)),
    }
    if (earlier := _earlier(out, stamp, with_report=report is not None)) is not None:
        write_json(out / "run.json", about | {"results": digests_of_results(out)})  # not stamped: a key of a build
        findings, summary = earlier
        return Audit(out, clips, findings, summary, measured.new, select(clips, findings, terms), goal)
    (out / "run.json").unlink(missing_ok=True)  # no killed run leaves it beside tables of another corpus
    judged = [*_about_files(corpus, wanted), *judge(clips, judges, wanted)]
    order = {name: place for place, name in enumerate(["", *clips.id])}
    judged.sort(key=lambda finding: (order.get(clean(finding.clip), 0), finding.code))
    table = findings_table(judged)
    write_table(out / "findings.parquet", table)
    findings = table.to_pandas()
    selection = select(clips, findings, terms)
    write_table(out / "verdicts.parquet", verdict_table(clips, selection, terms))
    summary = _about(corpus, clips) | {"goal": goal.as_json(), "groups": [one.as_json() for one in find_groups(clips)]}
    summary |= summarise(clips, findings, selection, terms)
    summary |= {"codes_used": dict(measured.codes)} if measured.codes else {}
    summary |= {"listening": listening} if listening else {}
    pieces = [decision for decision in terms.decisions.values() if {decision.start, decision.end} != {None}]
    summary |= {"trimmed_clips": len(pieces)} if pieces and terms.where == "select" else {}
    write_json(out / "summary.json", summary)
    if proposed := propose_text_fixes(clips, findings):
        write_decisions(out / PROPOSED, proposed)
    else:
        (out / PROPOSED).unlink(missing_ok=True)
    result = Audit(out, clips, findings, summary, measured.new, selection, goal)
    if report:
        atomic_write(out / "report.html", report(Audited.of(corpus, result)).encode())
    write_json(out / "run.json", about | {"results": digests_of_results(out)})
    return result


def _joined(todo: Corpus, measures: pa.Table) -> pa.Table:
    """Return what the corpus says of the clips, and what was measured of them."""
    manifest = manifest_table(todo.clips, todo.ids)
    return pa.table([*manifest.columns, *measures.columns], schema=pa.schema([*manifest.schema, *measures.schema]))


def frame(table: pa.Table) -> pd.DataFrame:
    """Return a table as checks see it: no nulls in text, NaN in numbers."""
    frame: pd.DataFrame = table.to_pandas()
    for name in table.column_names:
        if table.schema.field(name).type == pa.string():
            frame[name] = frame[name].fillna("")
        elif frame[name].dtype == object or str(frame[name].dtype).startswith(("int", "Int")):
            frame[name] = frame[name].astype(np.float64)
    return frame


def _about_files(todo: Corpus, wanted: frozenset[str]) -> Iterator[Finding]:
    yield from (finding for finding in todo.findings if finding.code in wanted)
    if "audio-orphan" in wanted:
        for name in todo.orphans:
            yield Finding("", "audio-orphan", Severity.NOTE, f"{name} is named by no line of the metadata")


def _stamp(todo: Corpus, table: str, judges: Sequence[Check], wanted: frozenset[str]) -> str:
    """Stand for all that findings and report depend on; `table` stands for ``clips.parquet`` and the codes."""
    rules = (__version__, versions(), [repr(judge) for judge in judges], sorted(wanted))
    corpus = (todo.name, todo.layout, todo.why, *todo.decided)
    return hashlib.sha256(repr((table, *rules, *corpus, todo.findings, todo.orphans)).encode()).hexdigest()


def _earlier(out: Path, stamp: str, *, with_report: bool) -> tuple[pd.DataFrame, dict[str, Any]] | None:
    """Return findings and summary of the last audit, if nothing they depend on has changed."""
    try:
        known = read_json(out / "run.json")
        if known["stamp"] != stamp or known["results"] != digests_of_results(out):
            return None
        summary = read_json(out / "summary.json")
    except (OSError, ValueError, KeyError, AudioError):
        return None
    findings = read_table(out / "findings.parquet")
    if findings is None or (with_report and not (out / "report.html").is_file()):
        return None
    return findings.to_pandas(), summary


def _about(todo: Corpus, clips: pd.DataFrame) -> dict[str, Any]:
    return {
        "corpus": clean(todo.name),
        "layout": todo.layout,
        "recognised_by": clean(todo.why),
        "reading": [clean(line) for line in todo.decided],
        "languages": sorted(set(clips.language) - {""}),
        "speakers": int(clips.speaker[clips.speaker != ""].nunique()),
        "orphans": len(todo.orphans),
    }
