"""The audit: plan -> measure -> judge -> write."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ttsprep import __version__
from ttsprep.audit.codes import read_codes, with_distances
from ttsprep.audit.config import AuditConfig
from ttsprep.audit.decisions import write_decisions
from ttsprep.audit.listen import account, propose
from ttsprep.audit.listen import listen as listen_to
from ttsprep.audit.measure import KNOWN, Measuring, Row, columns, fingerprint, versions
from ttsprep.audit.verdict import summarise
from ttsprep.checks.base import Check
from ttsprep.core.files import Signature, atomic_write, digest, lock
from ttsprep.core.output_folder import JOURNALS, Kind, claim, open_output
from ttsprep.core.store import note_place, unchanged, write_cache
from ttsprep.core.tables import (
    Journal,
    clean,
    findings_table,
    manifest_table,
    measured_schema,
    read_table,
    to_batch,
    write_json,
    write_table,
)
from ttsprep.core.types import Clip, Finding, Severity
from ttsprep.core.workers.pool import run
from ttsprep.corpora.corpus import Corpus, read_corpus
from ttsprep.models.base import SelectedModels, SpeechModel

SHARD = 64
PROPOSED = "proposed-decisions.csv"
"""Texts for clips that say another clip's text, as ``build --decisions`` takes them."""
FILES = (
    *("clips.parquet", "findings.parquet", "summary.json", "report.html", "run.json", PROPOSED, "explain/"),
    *(".cache.parquet", ".corpus.json", ".listened-*.parquet", JOURNALS),
)
KIND = Kind("audit", FILES)
"""What an audit writes."""

Progress = Callable[[int, float], None]


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
    """

    out: Path
    clips: pd.DataFrame
    findings: pd.DataFrame
    summary: dict[str, Any]
    measured: int


@dataclass(frozen=True, slots=True)
class Audited:
    """An audit with the corpus that it is of.

    Attributes
    ----------
    root
        Folder of the corpus.
    clips, ids
        As `ttsprep.corpora.corpus.plan` lists them.
    table, findings, summary
        As the audit wrote them; texts without nulls.
    """

    root: Path
    clips: Sequence[Clip]
    ids: Sequence[str]
    table: pd.DataFrame
    findings: pd.DataFrame
    summary: dict[str, Any]

    @classmethod
    def of(cls, listed: Corpus, audit: Audit) -> "Audited":
        """Return an audit with the corpus that it was made of."""
        return cls(listed.root, listed.clips, listed.ids, audit.clips, audit.findings, audit.summary)


Report = Callable[[Audited], str]
"""Makes ``report.html``, as `ttsprep.report.page.audit_report` does."""


def audit(
    path: Path,
    out: Path,
    recipe: AuditConfig,
    *,
    jobs: int,
    on_progress: Progress | None = None,
    on_plan: Callable[[Corpus, int], None] | None = None,
    listen: Sequence[SpeechModel] = (),
    skipped: Mapping[str, str] | None = None,
    on_listen: Callable[[str, int, int], None] | None = None,
    codes: Path | None = None,
    report: Report | None = None,
) -> Audit:
    """Measure what is not known yet, judge everything, and write the tables and the report.

    Parameters
    ----------
    path
        Folder or metadata file of the corpus; only read.
    out
        Folder for the results, outside the corpus.
    recipe
        Layout, language, thresholds and codes.
    jobs
        Worker processes.
    on_progress
        Called with the clips finished and their seconds of audio since the last call.
    on_plan
        Called once with the plan and the number of clips to measure.
    listen
        Models that listen to the clips after measuring; none by default, as they are slow.
    skipped
        Models that were asked for and are not here, with a line each that says why: kept in the summary.
    on_listen
        Called for each of them with its name, the clips, and those it has to listen to.
    codes
        What ``ttsprep encode`` wrote for this corpus, to be judged and shown as well.
    report
        Makes ``report.html``; none is written without it.

    Raises
    ------
    TtsprepError
        If the corpus cannot be read, or the results cannot be written.
    """
    more = [codes] if codes else []
    claim(KIND, out, [path, *more])
    todo = read_corpus(path, recipe.layout, recipe.language)
    return examine(
        todo,
        out,
        recipe,
        jobs=jobs,
        on_progress=on_progress,
        on_plan=on_plan,
        listen=listen,
        skipped=skipped,
        on_listen=on_listen,
        codes=codes,
        report=report,
        hold=partial(open_output, KIND, sources=[todo.root, *more]),
    )


def examine(
    todo: Corpus,
    out: Path,
    recipe: AuditConfig,
    *,
    jobs: int,
    on_progress: Progress | None = None,
    on_plan: Callable[[Corpus, int], None] | None = None,
    report: Report | None = None,
    listen: Sequence[SpeechModel] = (),
    skipped: Mapping[str, str] | None = None,
    on_listen: Callable[[str, int, int], None] | None = None,
    codes: Path | None = None,
    hold: Callable[[Path], AbstractContextManager[object]] = lock,
) -> Audit:
    """Audit what a plan lists; as `audit`, but `out` is whatever `hold` holds."""
    judges, wanted = recipe.configured_checks(), recipe.enabled_codes()
    distances, used = read_codes(codes, todo.ids) if codes else ([], {})
    with hold(out):
        note_place(out, todo.root)
        measured, table = _measure(todo, out, jobs, on_progress, on_plan)
        heard = listen_to(
            todo.root, todo.clips, table, out, listen, jobs=jobs, on_plan=on_listen, on_progress=on_progress
        )
        heard = with_distances(heard, distances) if codes else heard
        if not heard.equals(table):
            table = heard
            write_table(out / "clips.parquet", table)
        clips = frame(table)
        listening = account(clips, judges, SelectedModels(tuple(listen), skipped or {}))
        stamp = _stamp(todo, f"{digest(out / 'clips.parquet')} {used} {listening}", judges, wanted)
        earlier = _earlier(out, stamp, with_report=report is not None)
        about = {
            "ttsprep": __version__,
            "stamp": stamp,
            "recipe": recipe.model_dump(mode="json", include=set(AuditConfig.model_fields)),
        }
        if earlier is not None:
            write_json(out / "run.json", about)  # keys of a build are no part of the stamp
            return Audit(out, clips, *earlier, measured)
        (out / "run.json").unlink(missing_ok=True)  # no killed run leaves it beside tables of another corpus
        found = [*_about_files(todo, wanted), *judge(clips, judges, wanted)]
        order = {name: place for place, name in enumerate(["", *clips.id])}
        found.sort(key=lambda finding: (order.get(clean(finding.clip), 0), finding.code))
        findings = findings_table(found)
        write_table(out / "findings.parquet", findings)
        seen = findings.to_pandas()
        summary = _about(todo, clips) | summarise(clips, seen)
        summary |= ({"codes_used": used} if used else {}) | ({"listening": listening} if listening else {})
        write_json(out / "summary.json", summary)
        if proposed := propose(clips, seen):
            write_decisions(out / PROPOSED, proposed)
        else:
            (out / PROPOSED).unlink(missing_ok=True)
        result = Audit(out, clips, seen, summary, measured)
        if report:
            atomic_write(out / "report.html", report(Audited.of(todo, result)).encode())
        write_json(out / "run.json", about)
        return result


def _measure(
    todo: Corpus,
    out: Path,
    jobs: int,
    on_progress: Progress | None,
    on_plan: Callable[[Corpus, int], None] | None,
) -> tuple[int, pa.Table]:
    """Measure the clips that are not known from an earlier audit, and write ``clips.parquet``."""
    schema = measured_schema(columns())
    journal = Journal(out / ".journal", schema)
    batches, places = _known(out, schema, journal)
    root, code = str(todo.root.resolve()), versions()
    files = unchanged(root, todo.clips, out)
    rows = [
        places.get(fingerprint(clip, sha256, code), -1) if sha256 else -1
        for clip, (sha256, _) in zip(todo.clips, files, strict=True)
    ]
    unknown = [i for i, row in enumerate(rows) if row < 0]
    if on_plan:
        on_plan(todo, len(unknown))
    work = Measuring(root, code, frozenset(places))
    shards = [unknown[i : i + SHARD] for i in range(0, len(unknown), SHARD)]
    clips = ([todo.clips[i] for i in shard] for shard in shards)
    first = count = sum(batch.num_rows for batch in batches)
    results = run(work, clips, jobs=jobs, on_item=lambda n: on_progress(n, 0.0) if on_progress else None)
    with closing(journal), closing(results):
        for number, shard in results if unknown else ():  # no workers are started for nothing
            fresh: list[Row] = []
            for i, row in zip(shards[number], shard, strict=True):
                files[i] = (row["sha256"], Signature(*(row.get(name, -1) for name in Signature._fields)))
                if row["status"] == KNOWN:
                    rows[i] = places[row["fingerprint"]]
                else:
                    rows[i] = count + len(fresh)
                    fresh.append(row)
            if fresh:
                batches.append(to_batch(fresh, schema))
                journal.append(batches[-1])
                count += len(fresh)
            if on_progress:
                on_progress(0, sum(row.get("duration_s", 0.0) for row in fresh))
    manifest = manifest_table(todo.clips, todo.ids)
    measures = pa.Table.from_batches(batches, schema).take(pa.array(rows, pa.int64())).combine_chunks()
    table = pa.table([*manifest.columns, *measures.columns], schema=pa.schema([*manifest.schema, *measures.schema]))
    write_cache(out, manifest["path"], files)
    write_table(out / "clips.parquet", table)
    journal.discard()
    return count - first, table


def _known(out: Path, schema: pa.Schema, journal: Journal) -> tuple[list[pa.RecordBatch], dict[str, int]]:
    """Rows that earlier audits measured, and where each fingerprint is among them."""
    batches = []
    table = read_table(out / "clips.parquet")
    if table is not None and set(schema.names) <= set(table.column_names):
        table = table.select(schema.names).replace_schema_metadata(None)
        if table.schema.equals(schema):
            batches = table.combine_chunks().to_batches()
    batches.extend(journal.read())
    places: dict[str, int] = {}
    row = 0
    for batch in batches:
        for value in batch.column("fingerprint").to_pylist():
            if value:
                places.setdefault(value, row)
            row += 1
    return batches, places


def frame(table: pa.Table) -> pd.DataFrame:
    """Return a table as checks see it: no nulls in text, NaN in numbers."""
    frame: pd.DataFrame = table.to_pandas()
    for name in table.column_names:
        if table.schema.field(name).type == pa.string():
            frame[name] = frame[name].fillna("")
        elif frame[name].dtype == object or str(frame[name].dtype).startswith(("int", "Int")):
            frame[name] = frame[name].astype(np.float64)
    return frame


def judge(clips: pd.DataFrame, judges: Sequence[Check], wanted: frozenset[str]) -> Iterator[Finding]:
    """Yield what the checks find in a table of measures."""
    for check in judges:
        if wanted & {code.code for code in check.codes}:
            yield from (finding for finding in check.judge(clips) if finding.code in wanted)


def _about_files(todo: Corpus, wanted: frozenset[str]) -> Iterator[Finding]:
    yield from (finding for finding in todo.findings if finding.code in wanted)
    if "audio-orphan" in wanted:
        for name in todo.orphans:
            yield Finding("", "audio-orphan", Severity.NOTE, f"{name} is named by no line of the metadata")


def _stamp(todo: Corpus, table: str, judges: Sequence[Check], wanted: frozenset[str]) -> str:
    """Stand for all that findings and report depend on; `table` stands for ``clips.parquet`` and the codes."""
    rules = (__version__, versions(), [repr(judge) for judge in judges], sorted(wanted))
    corpus = (todo.root.resolve().name, todo.layout, todo.why)
    return hashlib.sha256(repr((table, *rules, *corpus, todo.findings, todo.orphans)).encode()).hexdigest()


def _earlier(out: Path, stamp: str, *, with_report: bool) -> tuple[pd.DataFrame, dict[str, Any]] | None:
    """Return findings and summary of the last audit, if nothing they depend on has changed."""
    try:
        if json.loads((out / "run.json").read_text(encoding="utf-8"))["stamp"] != stamp:
            return None
        summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError):
        return None
    findings = read_table(out / "findings.parquet")
    if findings is None or (with_report and not (out / "report.html").is_file()):
        return None
    return findings.to_pandas(), summary


def _about(todo: Corpus, clips: pd.DataFrame) -> dict[str, Any]:
    return {
        "corpus": clean(todo.root.resolve().name),
        "layout": todo.layout,
        "recognised_by": clean(todo.why),
        "languages": sorted(set(clips.language) - {""}),
        "speakers": int(clips.speaker[clips.speaker != ""].nunique()),
        "orphans": len(todo.orphans),
    }
