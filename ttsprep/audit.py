"""The audit: plan -> measure -> judge -> write."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ttsprep import __version__
from ttsprep.checks.base import Check
from ttsprep.errors import AudioError
from ttsprep.files import Signature, inside, lock, refuse_inside, regular, signature
from ttsprep.layouts.detect import Corpus, read_corpus
from ttsprep.layouts.folder import audio_files
from ttsprep.manifest import (
    MANIFEST,
    MEASURED,
    STAT,
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
from ttsprep.measure import Item, Measuring, columns, fingerprint, versions
from ttsprep.recipe import Recipe
from ttsprep.run import run
from ttsprep.types import Clip, Finding, Severity
from ttsprep.verdict import summarise

SHARD = 64
LANGUAGE = "en-us"

Progress = Callable[[int, float], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What an audit is going to read.

    Attributes
    ----------
    corpus
        Folder, layout, and what showed the layout.
    clips
        With the language filled in.
    ids
        Of the clips, made unique.
    findings
        About the metadata.
    orphans
        Audio files that no clip names.
    """

    corpus: Corpus
    clips: list[Clip]
    ids: list[str]
    findings: list[Finding]
    orphans: list[str]


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


def plan(path: Path, recipe: Recipe) -> Plan:
    """List the clips of a corpus without opening any audio.

    Raises
    ------
    CorpusError, UsageError
        If the corpus cannot be read as asked.
    """
    corpus = read_corpus(path, recipe.layout)
    clips: list[Clip] = []
    findings: list[Finding] = []
    for item in corpus.items:
        if isinstance(item, Finding):
            findings.append(item)
        else:
            clips.append(item if item.language else replace(item, language=recipe.language or LANGUAGE))
    named = {os.path.normpath(clip.path) for clip in clips}
    orphans = [name for name in audio_files(corpus.root, leave_out=corpus.left_out) if name not in named]
    return Plan(corpus, clips, _unique([clip.id for clip in clips]), findings, orphans)


def _unique(ids: Sequence[str]) -> list[str]:
    """Append ``~2``, ``~3`` ... to ids that are taken."""
    taken = set(ids)
    seen: Counter[str] = Counter()
    result = []
    for name in ids:
        seen[name] += 1
        unique, n = name, seen[name]
        while n > 1 and (unique := f"{name}~{n}") in taken:
            n += 1
        taken.add(unique)
        result.append(unique)
    return result


def audit(
    path: Path,
    out: Path,
    recipe: Recipe,
    *,
    jobs: int,
    on_progress: Progress | None = None,
    on_plan: Callable[[Plan, int], None] | None = None,
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

    Raises
    ------
    TtsprepError
        If the corpus cannot be read, or the results cannot be written.
    """
    judges, wanted = recipe.judges(), recipe.wanted()
    todo = plan(path, recipe)
    refuse_inside(todo.corpus.root, out)
    with lock(out):
        measured, table = _measure(todo, out, jobs, on_progress, on_plan)
        stamp = _stamp(todo, table, judges, wanted)
        earlier = _earlier(out, stamp)
        clips = frame(table)
        if earlier is not None:
            return Audit(out, clips, *earlier, measured)
        found = [*_about_files(todo, wanted), *judge(clips, judges, wanted)]
        order = {name: place for place, name in enumerate(["", *clips.id])}
        found.sort(key=lambda finding: (order.get(clean(finding.clip), 0), finding.code))
        findings = findings_table(found)
        write_table(out / "findings.parquet", findings)
        seen = findings.to_pandas()
        summary = _about(todo, clips) | summarise(clips, seen)
        write_json(out / "summary.json", summary)
        _report(out, todo, clips, seen, summary)
        write_json(out / "run.json", {"ttsprep": __version__, "stamp": stamp, "recipe": recipe.model_dump(mode="json")})
        return Audit(out, clips, seen, summary, measured)


def _measure(
    todo: Plan,
    out: Path,
    jobs: int,
    on_progress: Progress | None,
    on_plan: Callable[[Plan, int], None] | None,
) -> tuple[int, pa.Table]:
    """Measure the clips that are not known from an earlier audit, and write ``clips.parquet``."""
    schema = measured_schema(columns())
    journal = Journal(out / ".journal", schema)
    batches, places = _known(out, schema, journal)
    root, code = str(todo.corpus.root.resolve()), versions()
    by_stat = _digests_by_stat(out)
    wanted: list[int] = [-1] * len(todo.clips)
    unknown: list[int] = []
    for i, clip in enumerate(todo.clips):
        sha256 = _unchanged(root, clip.path, by_stat) if by_stat else ""
        wanted[i] = places.get(fingerprint(clip, sha256, code), -1) if sha256 else -1
        if wanted[i] < 0:
            unknown.append(i)
    if on_plan:
        on_plan(todo, len(unknown))
    known = frozenset(places)
    shards = [unknown[i : i + SHARD] for i in range(0, len(unknown), SHARD)]
    items = ([Item(todo.clips[i], known if len(known) < 1_000 else frozenset()) for i in shard] for shard in shards)
    rows_so_far = sum(batch.num_rows for batch in batches)
    measured = 0
    with closing(
        run(Measuring(root, code), items, jobs=jobs, on_item=lambda n: on_progress(n, 0.0) if on_progress else None)
    ) as results:
        for number, rows in results:
            fresh = []
            for i, row in zip(shards[number], rows, strict=True):
                if row["fingerprint"] in known and "chars" not in row:
                    wanted[i] = places[row["fingerprint"]]
                else:
                    wanted[i] = rows_so_far + len(fresh)
                    fresh.append(row)
            if fresh:
                batch = to_batch(fresh, schema)
                journal.append(batch)
                batches.append(batch)
                rows_so_far += len(fresh)
                measured += len(fresh)
            if on_progress:
                on_progress(0, sum(row.get("duration_s", 0.0) for row in rows))
    store = pa.Table.from_batches(batches, schema)
    picked = store.take(pa.array(wanted, pa.int64())).combine_chunks()
    manifest = manifest_table(todo.clips, todo.ids)
    _write_cache(out, manifest, picked)
    measures = picked.drop_columns(STAT.names)
    table = manifest
    for name in measures.column_names:
        table = table.append_column(measures.schema.field(name), measures[name])
    write_table(out / "clips.parquet", table)
    journal.discard()
    return measured, table


def _known(out: Path, schema: pa.Schema, journal: Journal) -> tuple[list[pa.RecordBatch], dict[str, int]]:
    """Rows that earlier audits measured, and where each fingerprint is among them."""
    batches = []
    table, cache = read_table(out / "clips.parquet"), read_table(out / ".cache.parquet")
    names = [*MEASURED.names, *columns()]
    if table is not None and cache is not None and len(table) == len(cache) and set(names) <= set(table.column_names):
        table = table.select(names)
        for i, field in enumerate(STAT):
            table = table.add_column(len(MEASURED) + i, field, cache[field.name])
        if table.schema.remove_metadata().equals(schema):
            batches = table.replace_schema_metadata(None).combine_chunks().to_batches()
    batches.extend(journal.read())
    places: dict[str, int] = {}
    row = 0
    for batch in batches:
        for value in batch.column("fingerprint").to_pylist():
            if value:
                places.setdefault(value, row)
            row += 1
    return batches, places


def _write_cache(out: Path, manifest: pa.Table, picked: pa.Table) -> None:
    cache = picked.select([*STAT.names, "sha256"]).append_column("path", manifest["path"])
    write_table(out / ".cache.parquet", cache)


def _digests_by_stat(out: Path) -> dict[str, tuple[Signature, str]]:
    """Digest of each file as of the last audit, with the signature it then had."""
    cache = read_table(out / ".cache.parquet")
    if cache is None:
        return {}
    rows = zip(*(cache[name].to_pylist() for name in ("path", "sha256", *STAT.names)), strict=True)
    return {path: (Signature(*stat), sha256) for path, sha256, *stat in rows if sha256}


def _unchanged(root: str, path: str, by_stat: dict[str, tuple[Signature, str]]) -> str:
    """The digest of a file if its signature is that of the last audit, else ""."""
    earlier = by_stat.get(clean(path))
    if earlier is None:
        return ""
    try:
        status = regular(inside(Path(root), path))
    except AudioError:
        return ""
    return earlier[1] if signature(status) == earlier[0] else ""


def frame(table: pa.Table) -> pd.DataFrame:
    """The table as checks see it: no nulls in text, NaN in numbers."""
    frame = table.to_pandas()
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


def _about_files(todo: Plan, wanted: frozenset[str]) -> Iterator[Finding]:
    yield from (finding for finding in todo.findings if finding.code in wanted)
    if "audio-orphan" in wanted:
        for name in todo.orphans:
            yield Finding("", "audio-orphan", Severity.NOTE, f"{name} is named by no line of the metadata")


def _stamp(todo: Plan, table: pa.Table, judges: Sequence[Check], wanted: frozenset[str]) -> str:
    """Stand for everything that findings and report depend on."""
    state = hashlib.sha256()
    for name in (*MANIFEST.names, "fingerprint", "status", "status_reason"):
        state.update(json.dumps(table[name].to_pylist()).encode())
    state.update(repr((__version__, versions(), [repr(judge) for judge in judges], sorted(wanted))).encode())
    state.update(repr((todo.findings, todo.orphans, todo.corpus.layout)).encode())
    return state.hexdigest()


def _earlier(out: Path, stamp: str) -> tuple[pd.DataFrame, dict[str, Any]] | None:
    """Findings and summary of the last audit, if nothing they depend on has changed."""
    try:
        if json.loads((out / "run.json").read_text(encoding="utf-8"))["stamp"] != stamp:
            return None
        summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError):
        return None
    findings = read_table(out / "findings.parquet")
    if findings is None or not (out / "report.html").is_file():
        return None
    return findings.to_pandas(), summary


def _about(todo: Plan, clips: pd.DataFrame) -> dict[str, Any]:
    return {
        "corpus": clean(todo.corpus.root.resolve().name),
        "layout": todo.corpus.layout,
        "recognised_by": clean(todo.corpus.why),
        "languages": sorted(set(clips.language) - {""}),
        "speakers": int(clips.speaker[clips.speaker != ""].nunique()),
        "orphans": len(todo.orphans),
    }


def _report(out: Path, todo: Plan, clips: pd.DataFrame, findings: pd.DataFrame, summary: dict[str, Any]) -> None:
    from ttsprep.files import atomic_write
    from ttsprep.reporting import report

    atomic_write(out / "report.html", report(todo.corpus.root, todo.clips, todo.ids, clips, findings, summary).encode())
