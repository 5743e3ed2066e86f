"""From the journal of an encoding to the files of its codes, and what an earlier run left of them."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ttsprep.codec.encode_step import EncodeStep
from ttsprep.codec.references import REFERENCES, references_of, write_reference
from ttsprep.codec.sequences import SEQUENCES
from ttsprep.codec.token_formats import SUMMARY
from ttsprep.core.errors import CorpusError
from ttsprep.core.files import clean, digest, regular, safe_names, writing
from ttsprep.core.output_folder import Output
from ttsprep.core.package import __version__
from ttsprep.core.store.cache import KEY
from ttsprep.core.store.store import Rows, Store
from ttsprep.core.tables import read_table, write_csv, write_json, write_table
from ttsprep.core.types import Clip
from ttsprep.core.untrusted import read_json

if TYPE_CHECKING:
    from ttsprep.codec.encode_job import Job

QUALITY, SKIPPED = "quality.parquet", "skipped.csv"
_LISTED = 50
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


@dataclass(frozen=True, slots=True)
class PreviousRun:
    """What an earlier run left.

    Attributes
    ----------
    out
        Where.
    keys
        Of the clips in it, if it was finished with this codec and these settings.
    summary
        Of that run, else empty.
    """

    out: Path
    keys: frozenset[str] = frozenset()
    summary: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, out: Path, code: str) -> "PreviousRun":
        """Look into an output folder; `code` stands for codec and settings."""
        try:
            summary = read_json(out / SUMMARY)
            files = {str(name): int(about["bytes"]) for name, about in summary["files"].items()}
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


def write_shards(
    output: Output, job: "Job", store: Store, step: EncodeStep, rows: Rows, previous: PreviousRun
) -> dict[str, Any]:
    """Write the shards and the tables, unless they are there already, and return the summary.

    Parameters
    ----------
    output
        Folder of the codes.
    job
        What was encoded, with what.
    store
        Holds what was coded in this run and in those that did not finish; without journals afterwards.
    step, rows
        What was done, and the rows of the clips, but for those that `previous` has.
    previous
        What was there before.
    """
    clips, ids, form = job.plan.clips, job.plan.ids, job.options.form
    has_text = form in {"hf", "webdataset", *SEQUENCES}
    about = [(clip.text, clip.speaker, clip.language) if has_text else () for clip in clips]
    paths = [clip.path for clip in clips]
    parts = (__version__, job.code, form, job.options.first_token, job.spec, list(ids), paths, about, _outcomes(rows))
    stamp = hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()
    if previous.summary.get("stamp") == stamp:
        store.finish()
        return previous.summary
    missing = frozenset(key for key, place in zip(rows.keys, rows.places.tolist(), strict=True) if place < 0)
    if missing:
        rows = store.take(step, rows, previous.rows(missing))
    resolved = rows.table([KEY, "status", "status_reason", "frames", "samples", "distance_db"])
    good = [i for i, status in enumerate(resolved["status"].to_pylist()) if status == "ok"]
    if not good:
        first = resolved.slice(0, 1).to_pylist()[0]
        raise CorpusError(
            f"none of {len(clips):,} clips can be coded; the first: {first['status']}: {first['status_reason']}"
        )
    writer = _Writer(output, job, rows, resolved)
    names = safe_names(ids)
    known = {i: _about(clips[i], names[ids[i]]) for i in good}
    if form in SEQUENCES:
        samples = resolved["samples"].to_pylist()
        writer.references(known, [samples[i] / job.spec.sample_rate for i in good])
    writer.shards(list(known.items()))
    summary = writer.finish(writer.tables() | {"code": job.code, "stamp": stamp})
    store.finish()
    return summary


def _outcomes(rows: Rows) -> list[str | tuple[str, str]]:
    """Return the key of each clip, or why it has none."""
    failed = [i for i, key in enumerate(rows.keys) if not key]
    reasons = replace(rows, places=rows.places[failed]).table(["status", "status_reason"])
    outcomes: list[Any] = list(rows.keys)
    for i, status, reason in zip(failed, *(column.to_pylist() for column in reasons.columns), strict=True):
        outcomes[i] = (status, reason)
    return outcomes


def _about(clip: Clip, name: str) -> dict[str, str]:
    known = {"text": clip.text, "speaker": clip.speaker, "language": clip.language, "audio": clip.path, "name": name}
    return {key: clean(value) for key, value in known.items()}


class _Writer:
    """Writes one set of shards and its tables."""

    def __init__(self, output: Output, job: "Job", rows: Rows, resolved: pa.Table) -> None:
        from ttsprep.codec.codebook_stats import Usage

        self._output, self._out, self._job, self._spec = output, output.path, job, job.spec
        self._rows, self._resolved = rows, resolved
        self._usage = Usage.empty(job.spec.num_codebooks, job.spec.codebook_size)
        self._files: list[str] = []
        self._references: dict[str, Clip] = {}
        self._shards = self._frames = self._samples = 0

    def references(self, known: Mapping[int, dict[str, str]], seconds: Sequence[float]) -> None:
        """Write the reference clip of each speaker, and its path to what is known of the clips."""
        places, clips = list(known), self._job.plan.clips
        chosen = references_of(self._job.plan.root, [clips[i] for i in places], seconds)
        files = {speaker: f"{REFERENCES}/{known[places[at]]['name']}.wav" for speaker, at in chosen.items()}
        self._references = {files[speaker]: clips[places[at]] for speaker, at in chosen.items()}
        for i, about in known.items():
            about["ref_audio"] = files.get(clips[i].speaker, "")

    def shards(self, clips: Sequence[tuple[int, Mapping[str, str]]]) -> None:
        """Write the shards of clips given by their place, and what else is known."""
        from ttsprep.codec.token_formats import shard_files, write_shard
        from ttsprep.codec.tokens import SHARD_TOKENS

        groups: list[list[tuple[int, Mapping[str, str]]]] = []
        tokens = SHARD_TOKENS
        frames = self._resolved["frames"].to_pylist()
        for clip in clips:
            more = frames[clip[0]] * self._spec.num_codebooks
            if tokens + more > SHARD_TOKENS:
                groups.append([])
                tokens = 0
            groups[-1].append(clip)
            tokens += more
        self._shards = len(groups)
        places = [(number, len(groups)) for number in range(len(groups))]
        abouts = [[about for _, about in group] for group in groups]
        files = [shard_files(self._job.options.form, *one) for one in zip(places, abouts, strict=True)]
        self._files = sorted({*self._references, *(name for names in files for name in names)})
        self._output.expect(self._files)
        with writing(self._out):
            (self._out / SUMMARY).unlink(missing_ok=True)  # from now on what is there is not whole
        for name, reference in self._references.items():
            write_reference(self._job.plan.root, reference, self._out / name, self._spec.sample_rate)
        for place, group, about in zip(places, groups, abouts, strict=True):
            table = self._table([i for i, _ in group])
            self._count(table)
            options = self._job.options
            write_shard(options.form, self._out, place, table, about, self._spec, options.first_token)

    def _table(self, clips: Sequence[int]) -> pa.Table:
        from ttsprep.codec.tokens import schema

        columns = schema(self._spec.codebook_size)
        batches = (self._rows.batch_of(int(self._rows.places[i])) for i in clips)
        rows = pa.Table.from_batches([batch.slice(row, 1) for batch, row in batches])
        table = rows.append_column("id", pa.array([clean(self._job.plan.ids[i]) for i in clips], pa.string()))
        return table.select(columns.names).combine_chunks().cast(columns)

    def _count(self, table: pa.Table) -> None:
        for codes in table["codes"].combine_chunks():
            self._usage.add(codes.values.to_numpy(zero_copy_only=False).reshape(self._spec.num_codebooks, -1))
        self._frames += sum(table["frames"].to_pylist())
        self._samples += sum(table["samples"].to_pylist())

    def tables(self) -> dict[str, Any]:
        """Write the tables about the clips, and return the summary."""
        from ttsprep.codec.codebook_stats import middle_and_largest, outliers

        names = (KEY, "status", "status_reason", "samples", "distance_db")
        keys, statuses, reasons, samples, distance = (self._resolved[name].to_pylist() for name in names)
        distances = [float("nan") if value is None else value for value in distance]
        far = outliers(distances).tolist()
        columns: list[list[Any]] = [
            [clean(name) for name in self._job.plan.ids],
            [clean(clip.path) for clip in self._job.plan.clips],
            statuses,
            reasons,
            keys,
            [None if count is None else count / self._spec.sample_rate for count in samples],
            distance,
            far,
        ]
        quality = pa.table(
            [pa.array(c, f.type) for c, f in zip(columns, QUALITY_SCHEMA, strict=True)], schema=QUALITY_SCHEMA
        )
        write_table(self._out / QUALITY, quality)
        skipped = [row for row in quality.to_pylist() if row["status"] != "ok"]
        shown = ([row["id"], row["path"], row["status"], row["status_reason"]] for row in skipped)
        write_csv(self._out / SKIPPED, ("id", "path", "code", "reason"), shown, safe=True)
        odd = sorted((row for row in quality.to_pylist() if row["outlier"]), key=lambda row: -row["distance_db"])
        books = self._usage.books()
        return {
            "ttsprep": __version__,
            "spec": self._spec.document(),
            "format": self._job.options.form,
            "clips": statuses.count("ok"),
            "hours": round(self._samples / self._spec.sample_rate / 3600, 6),
            "frames": self._frames,
            "tokens": self._frames * self._spec.num_codebooks,
            "shards": self._shards,
            "kbits_per_s": round(self._spec.frame_rate * sum(book["bits"] for book in books) / 1000, 3),
            "codebooks": books,
            "distance_db": middle_and_largest(distances),
            "outliers": len(odd),
            "outlier_clips": [{"id": row["id"], "distance_db": round(row["distance_db"], 2)} for row in odd[:_LISTED]],
            "skipped": dict(sorted(Counter(row["status"] for row in skipped).items())),
        }

    def finish(self, summary: Mapping[str, Any]) -> dict[str, Any]:
        """Remove what earlier runs left, and say that this one is whole: return the summary as it is written."""
        mine = sorted({*self._files, QUALITY, SKIPPED})
        self._output.sweep(self._files)
        files = {
            name: {"bytes": regular(self._out / name).st_size, "sha256": digest(self._out / name)} for name in mine
        }
        whole = {**summary, "files": files}
        write_json(self._out / SUMMARY, whole)
        return whole
