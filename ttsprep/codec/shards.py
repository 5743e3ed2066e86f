"""From the journal of an encoding to the files of its codes, and what an earlier run left of them."""

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ttsprep import __version__
from ttsprep.core.errors import CorpusError
from ttsprep.core.files import atomic_write, safe_names, writing
from ttsprep.core.output_folder import Output
from ttsprep.core.tables import Journal, clean, read_table, to_batch, write_json, write_table
from ttsprep.core.types import Clip

if TYPE_CHECKING:
    from ttsprep.codec.tokens import TokenSpec

SUMMARY, QUALITY, SKIPPED = "codes.summary.json", "quality.parquet", "skipped.csv"
LISTED = 50
"""Outliers that the summary names; the table has all of them."""

QUALITY_SCHEMA = pa.schema([
    ("id", pa.string()),
    ("path", pa.string()),
    ("status", pa.string()),
    ("status_reason", pa.string()),
    ("fingerprint", pa.string()),
    ("seconds", pa.float64()),
    ("distance_db", pa.float32()),
    ("outlier", pa.bool_()),
])
"""Every clip of the corpus, also those that were skipped."""


def journal_schema(codebook_size: int) -> pa.Schema:
    """Return the columns in which coded clips are kept until the shards are written."""
    from ttsprep.codec.tokens import schema

    return pa.schema([
        ("fingerprint", pa.string()),
        ("status", pa.string()),
        ("status_reason", pa.string()),
        *[column for column in schema(codebook_size) if column.name != "id"],
        ("distance_db", pa.float32()),
    ])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a clip; a clip with a fingerprint is in the journal, one without cannot be coded."""

    fingerprint: str
    status: str = "ok"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """The journal, on disk until it is looked at.

    Attributes
    ----------
    batches
        As they were appended.
    places
        Batch and row of each fingerprint.
    """

    batches: list[pa.RecordBatch]
    places: dict[str, tuple[int, int]]

    @classmethod
    def read(cls, journal: Journal) -> "Held":
        """Read what is in the journal."""
        batches = list(journal.read())
        places: dict[str, tuple[int, int]] = {}
        for number, batch in enumerate(batches):
            for row, fingerprint in enumerate(batch.column("fingerprint").to_pylist()):
                places.setdefault(fingerprint, (number, row))
        return cls(batches, places)

    def row(self, fingerprint: str) -> pa.RecordBatch:
        """Return the row of a fingerprint."""
        batch, row = self.places[fingerprint]
        return self.batches[batch].slice(row, 1)

    def value(self, fingerprint: str, column: str) -> Any:
        """Return one cell."""
        batch, row = self.places[fingerprint]
        return self.batches[batch].column(column)[row].as_py()


@dataclass(frozen=True, slots=True)
class Finished:
    """What an earlier run left.

    Attributes
    ----------
    out
        Where.
    fingerprints
        Of the clips in it, if it was finished with this codec and these settings.
    summary
        Of that run, else empty.
    """

    out: Path
    fingerprints: frozenset[str] = frozenset()
    summary: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, out: Path, code: str) -> "Finished":
        """Look into an output folder; `code` stands for codec and settings."""
        try:
            summary = json.loads((out / SUMMARY).read_text(encoding="utf-8"))
            files = {str(name): int(size) for name, size in summary["files"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls(out)
        whole = all((out / name).is_file() and (out / name).stat().st_size == size for name, size in files.items())
        quality = read_table(out / QUALITY)
        if not whole or summary.get("code") != code or quality is None or quality.schema.names != QUALITY_SCHEMA.names:
            return cls(out)
        return cls(out, frozenset(quality["fingerprint"].to_pylist()) - {""}, summary)

    def rows(self, wanted: frozenset[str]) -> Iterator[dict[str, Any]]:
        """Yield what is known of fingerprints, as the journal holds it.

        Raises
        ------
        TokenError
            If a shard is damaged.
        """
        from ttsprep.codec.token_formats import open_codes

        quality = read_table(self.out / QUALITY)
        known = {row["id"]: row for row in quality.to_pylist() if row["fingerprint"] in wanted} if quality else {}
        kept = ("fingerprint", "status", "status_reason", "distance_db")
        yield from ({name: row[name] for name in kept} for row in known.values() if row["status"] != "ok")
        if any(row["status"] == "ok" for row in known.values()):
            for row in open_codes(self.out).rows():
                if row.id in known:
                    more = {name: known[row.id][name] for name in kept}
                    frames = row.codes.shape[1]
                    yield more | {
                        "codes": row.codes.reshape(-1), "frames": frames, "scale": row.scale, "samples": row.samples
                    }  # fmt: skip


def write(
    out: Output,
    clips: Sequence[Clip],
    ids: Sequence[str],
    outcomes: Sequence[Outcome],
    spec: "TokenSpec",
    form: str,
    code: str,
    finished: Finished,
    journal: Journal,
) -> dict[str, Any]:
    """Write the shards and the tables, unless they are there already, and return the summary.

    Parameters
    ----------
    out
        Folder of the codes.
    clips, ids, outcomes
        The corpus, in its order.
    spec, form, code
        What the codes mean, how they are written, and what stands for codec and settings.
    finished
        What was there before.
    journal
        Holds what was coded in this run and in those that did not finish; empty afterwards.
    """
    about = [(clip.text, clip.speaker, clip.language) if form in {"hf", "webdataset"} else () for clip in clips]
    became = [outcome.fingerprint or (outcome.status, outcome.reason) for outcome in outcomes]
    parts = (__version__, code, form, spec, list(ids), [clip.path for clip in clips], about, became)
    stamp = hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()
    if finished.summary.get("stamp") == stamp:
        journal.discard()
        return finished.summary
    missing = frozenset(o.fingerprint for o in outcomes if o.fingerprint) - Held.read(journal).places.keys()
    if missing:
        schema = journal_schema(spec.codebook_size)
        for row in finished.rows(missing):
            journal.append(to_batch([row], schema))
        journal.close()
    held = Held.read(journal)
    settled = [_settled(outcome, held) for outcome in outcomes]
    good = [i for i, outcome in enumerate(settled) if outcome.status == "ok"]
    if not good:
        first = settled[0]
        raise CorpusError(f"none of {len(clips):,} clips can be coded; the first: {first.status}: {first.reason}")
    writer = _Writer(out, spec, form, held)
    names = safe_names(ids)
    rows = [(ids[i], settled[i].fingerprint, _about(clips[i], names[ids[i]])) for i in good]
    writer.shards(rows)
    summary = writer.tables(clips, ids, settled) | {"code": code, "stamp": stamp}
    summary = writer.finish(summary)
    journal.discard()
    return summary


def _settled(outcome: Outcome, held: Held) -> Outcome:
    """Return what became of a clip, by the journal where that knows."""
    if outcome.fingerprint:
        status, reason = (held.value(outcome.fingerprint, name) for name in ("status", "status_reason"))
        return Outcome(outcome.fingerprint, status, reason)
    return outcome


def _about(clip: Clip, name: str) -> Mapping[str, str]:
    return {
        "text": clean(clip.text), "speaker": clean(clip.speaker), "language": clean(clip.language), "name": name
    }  # fmt: skip


class _Writer:
    """Writes one set of shards and its tables."""

    def __init__(self, output: Output, spec: "TokenSpec", form: str, held: Held) -> None:
        from ttsprep.codec.codebook_stats import Usage

        self._output, self._out, self._spec, self._form, self._held = output, output.path, spec, form, held
        self._usage = Usage.empty(spec.num_codebooks, spec.codebook_size)
        self._files: list[str] = []
        self._shards = self._frames = self._samples = 0

    def shards(self, rows: Sequence[tuple[str, str, Mapping[str, str]]]) -> None:
        """Write the shards of clips given by id, fingerprint, and what else is known."""
        from ttsprep.codec.token_formats import shard_files, write_shard
        from ttsprep.codec.tokens import SHARD_TOKENS

        groups: list[list[tuple[str, str, Mapping[str, str]]]] = []
        tokens = SHARD_TOKENS
        for row in rows:
            more = self._held.value(row[1], "frames") * self._spec.num_codebooks
            if tokens + more > SHARD_TOKENS:
                groups.append([])
                tokens = 0
            groups[-1].append(row)
            tokens += more
        self._shards = len(groups)
        places = [(number, len(groups)) for number in range(len(groups))]
        abouts = [[row[2] for row in group] for group in groups]
        files = [shard_files(self._form, *one) for one in zip(places, abouts, strict=True)]
        self._files = sorted({name for names in files for name in names})
        self._output.expect(self._files)
        with writing(self._out):
            (self._out / SUMMARY).unlink(missing_ok=True)  # from now on what is there is not whole
        for place, group, about in zip(places, groups, abouts, strict=True):
            table = self._table(group)
            self._count(table)
            write_shard(self._form, self._out, place, table, about, self._spec)

    def _table(self, group: Sequence[tuple[str, str, Mapping[str, str]]]) -> pa.Table:
        from ttsprep.codec.tokens import schema

        columns = schema(self._spec.codebook_size)
        rows = pa.Table.from_batches([self._held.row(fingerprint) for _, fingerprint, _ in group])
        table = rows.append_column("id", pa.array([clean(name) for name, _, _ in group], pa.string()))
        return table.select(columns.names).combine_chunks().cast(columns)

    def _count(self, table: pa.Table) -> None:
        for codes in table["codes"].combine_chunks():
            self._usage.add(codes.values.to_numpy(zero_copy_only=False).reshape(self._spec.num_codebooks, -1))
        self._frames += sum(table["frames"].to_pylist())
        self._samples += sum(table["samples"].to_pylist())

    def tables(self, clips: Sequence[Clip], ids: Sequence[str], outcomes: Sequence[Outcome]) -> dict[str, Any]:
        """Write the tables about the clips, and return the summary."""
        from ttsprep.codec.codebook_stats import middle_and_largest, outliers

        rows = [o.fingerprint if o.status == "ok" else "" for o in outcomes]
        distance, samples = (
            [self._held.value(row, name) if row else None for row in rows] for name in ("distance_db", "samples")
        )
        distances = [float("nan") if value is None else value for value in distance]
        far = outliers(distances).tolist()
        columns: list[list[Any]] = [
            [clean(name) for name in ids],
            [clean(clip.path) for clip in clips],
            [outcome.status for outcome in outcomes],
            [clean(outcome.reason) for outcome in outcomes],
            [outcome.fingerprint for outcome in outcomes],
            [None if count is None else count / self._spec.sample_rate for count in samples],
            distance,
            far,
        ]
        quality = pa.table(
            [pa.array(c, f.type) for c, f in zip(columns, QUALITY_SCHEMA, strict=True)], schema=QUALITY_SCHEMA
        )
        write_table(self._out / QUALITY, quality)
        skipped = [row for row in quality.to_pylist() if row["status"] != "ok"]
        _write_skipped(self._out / SKIPPED, skipped)
        odd = sorted((row for row in quality.to_pylist() if row["outlier"]), key=lambda row: -row["distance_db"])
        books = self._usage.books()
        return {
            "ttsprep": __version__,
            "spec": self._spec.document(),
            "format": self._form,
            "clips": len(rows) - rows.count(""),
            "hours": round(self._samples / self._spec.sample_rate / 3600, 6),
            "frames": self._frames,
            "tokens": self._frames * self._spec.num_codebooks,
            "shards": self._shards,
            "kbits_per_s": round(self._spec.frame_rate * sum(book["bits"] for book in books) / 1000, 3),
            "codebooks": books,
            "distance_db": middle_and_largest(distances),
            "outliers": len(odd),
            "outlier_clips": [{"id": row["id"], "distance_db": round(row["distance_db"], 2)} for row in odd[:LISTED]],
            "skipped": dict(sorted(Counter(row["status"] for row in skipped).items())),
        }

    def finish(self, summary: Mapping[str, Any]) -> dict[str, Any]:
        """Remove what earlier runs left, and say that this one is whole: return the summary as it is written."""
        mine = sorted({*self._files, QUALITY, SKIPPED})
        self._output.sweep(self._files)
        sizes = {name: (self._out / name).stat().st_size for name in mine}
        whole = {**summary, "files": sizes}
        write_json(self._out / SUMMARY, whole)
        return whole


def _write_skipped(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["id", "path", "code", "reason"])
    writer.writerows([row["id"], row["path"], row["status"], row["status_reason"]] for row in rows)
    atomic_write(path, buffer.getvalue().encode())
