"""Encoding: plan -> code -> write shards."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttsprep.codec.encode_step import CODING_VERSION, KNOWN, Coding, Row, fingerprint
from ttsprep.codec.shards import QUALITY, SKIPPED, SUMMARY, Finished, Held, Outcome, journal_schema, write
from ttsprep.core.errors import UsageError, nearest
from ttsprep.core.files import Signature
from ttsprep.core.output_folder import JOURNALS, Kind, Output, claim, open_output
from ttsprep.core.progress import NO_PROGRESS, Progress
from ttsprep.core.store.cache import FileIndex
from ttsprep.core.store.corpus_path import save_corpus_path
from ttsprep.core.store.store import LOCAL
from ttsprep.core.tables import Journal, clean, to_batch
from ttsprep.core.workers.pool import Limits, map_shards
from ttsprep.corpora.corpus import Corpus, read_corpus

if TYPE_CHECKING:
    from ttsprep.codec.external import AudioCodec
    from ttsprep.codec.tokens import TokenSpec

SHARD = 16
"""Clips that a worker is given at a time; four times as many, where they make one batch on a GPU."""
LIMITS = Limits(seconds_per_item=1800, memory_bytes=3 << 30)
"""Of a worker; a recording of ten hours takes a quarter of an hour."""
KIND = Kind("encode", (SUMMARY, QUALITY, SKIPPED, ".cache.parquet", ".corpus.json", JOURNALS))
"""What is encoded into; the shards are listed before they are written."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the codes of a corpus depend on, beside the corpus.

    Attributes
    ----------
    codec
        A checkpoint, a folder, or the name of a codec that ships with ttsprep.
    form
        One of `ttsprep.codec.token_formats.FORMATS`.
    layout
        Of the corpus.
    num_codebooks, beam
        Codebooks, and choices kept from one to the next; None for what the codec recommends.
    device
        ``cpu``, ``cuda``, or ``auto``: a GPU where there is one.
    """

    codec: str = "nano16"
    form: str = "parquet"
    layout: str = "auto"
    num_codebooks: int | None = None
    beam: int | None = None
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class Encoded:
    """What was encoded.

    Attributes
    ----------
    out
        Folder of the codes.
    summary
        As in ``codes.summary.json``.
    coded
        Clips that were coded in this run; the others were known.
    job
        What was done.
    """

    out: Path
    summary: dict[str, Any]
    coded: int
    job: "Job"


@dataclass(frozen=True, slots=True)
class Job:
    """What is going to be encoded, with what.

    Attributes
    ----------
    plan
        The clips.
    coder, spec
        The codec, and what its codes will mean.
    options
        As given.
    code
        Stands for the codec and its settings in fingerprints.
    """

    plan: Corpus
    coder: "AudioCodec"
    spec: "TokenSpec"
    options: Options
    code: str


def newest_build(folder: Path) -> Path:
    """Return the build that was finished last: `folder` itself, or the newest in it.

    Raises
    ------
    UsageError
        If there is none.
    """
    marks = [path for path in (folder / "build.json", *folder.glob("*/build.json")) if path.is_file()]
    if not marks:
        raise UsageError(
            f"no finished build is in ./{folder}: name the folder of a corpus (ttsprep encode CORPUS), "
            "or build one first (ttsprep build)"
        )
    return max(marks, key=lambda path: (path.stat().st_mtime_ns, str(path))).parent


def prepare(path: Path, options: Options) -> Job:
    """List the clips and load the codec.

    Raises
    ------
    TtsprepError
        If the corpus or the codec cannot be used as asked.
    """
    from ttsprep.codec.device import find_device
    from ttsprep.codec.external import load
    from ttsprep.codec.token_formats import FORMATS
    from ttsprep.codec.tokens import TokenSpec

    if options.form not in FORMATS:
        raise UsageError(f"no format is called {options.form!r}; {nearest(options.form, FORMATS)}")
    todo = read_corpus(path, options.layout)
    coder = load(options.codec, find_device(options.device))
    if not coder.num_codebooks:
        raise UsageError(f"no codebook of {options.codec} was trained: its run never got past the warm-up")
    num_codebooks = coder.num_codebooks if options.num_codebooks is None else options.num_codebooks
    if not 1 <= num_codebooks <= coder.num_codebooks:
        raise UsageError(f"--codebooks {num_codebooks}: {options.codec} has {coder.num_codebooks} trained codebooks")
    spec = TokenSpec(
        codec=clean(_called(options.codec)),
        digest=coder.digest,
        sample_rate=coder.sample_rate,
        hop_length=coder.hop_length,
        num_codebooks=num_codebooks,
        codebook_size=coder.codebook_size,
        beam=coder.default_beam if options.beam is None else options.beam,
    )
    settings = (CODING_VERSION, spec.digest, spec.num_codebooks, spec.beam)
    return Job(todo, coder, spec, options, hashlib.sha256(repr(settings).encode()).hexdigest())


def _called(codec: str) -> str:
    """Return what a codec is called in the codes: of a path the last part alone, as the rest is of this machine."""
    return Path(codec).resolve().name if Path(codec).exists() else codec


def encode(
    path: Path,
    out: Path,
    options: Options,
    *,
    jobs: int,
    progress: Progress = NO_PROGRESS,
) -> Encoded:
    """Code what is not coded yet, and write the shards.

    Parameters
    ----------
    path
        Folder or metadata file of the corpus; only read.
    out
        Folder for the codes, outside the corpus.
    options
        Codec and form.
    jobs
        Worker processes.
    progress
        Receives the stage ``encoding``.

    Raises
    ------
    TtsprepError
        If the corpus or the codec cannot be used, or the codes cannot be written.
    """
    from ttsprep.codec.tokens import TokenError

    codec = Path(options.codec)  # is a folder, if it is one of Hugging Face
    claim(KIND, out, [path, codec])
    job = prepare(path, options)
    with open_output(KIND, out, [job.plan.root, codec]) as held:
        save_corpus_path(out, job.plan.root)
        finished = Finished.read(out, job.code)
        try:
            return _encode(job, held, finished, jobs, progress)
        except TokenError:
            if not finished.fingerprints:
                raise
            # A finished shard turned out to be damaged: what it held is coded again.
            return _encode(job, held, Finished(out), jobs, progress)


def _encode(
    job: Job,
    held: Output,
    finished: Finished,
    jobs: int,
    progress: Progress,
) -> Encoded:
    out, clips, root = held.path, job.plan.clips, str(job.plan.root.resolve())
    schema = journal_schema(job.spec.codebook_size)
    journal = Journal(out / ".journal", schema)
    known = finished.fingerprints | Held.read(journal).places.keys()
    index = FileIndex(root, [out / LOCAL])
    outcomes = [
        Outcome(fingerprint(clip, sha256, job.code) if sha256 else "")
        for clip, sha256 in ((clip, index.sha256(clip.path)) for clip in clips)
    ]
    todo = [i for i, outcome in enumerate(outcomes) if outcome.fingerprint not in known]
    progress.start("encoding", len(clips), len(todo))
    fresh = 0
    with closing(journal):
        for shard, rows in _rows(job, root, known, todo, jobs, progress) if todo else ():
            new = [_flat(row) for row in rows if row["status"] != KNOWN and row["fingerprint"]]
            if new:
                journal.append(to_batch(new, schema))
            for i, row in zip(shard, rows, strict=True):
                if row["sha256"]:
                    index.add(clips[i].path, row["sha256"], Signature(*(row[name] for name in Signature._fields)))
                outcomes[i] = Outcome(row["fingerprint"], row["status"], row["status_reason"])
                fresh += row["status"] == "ok"
    if todo:
        index.save(out / LOCAL)
    form, code = job.options.form, job.code
    summary = write(held, clips, job.plan.ids, outcomes, job.spec, form, code, finished, journal)
    return Encoded(out, summary, fresh, job)


def _rows(
    job: Job, root: str, known: frozenset[str], todo: Sequence[int], jobs: int, progress: Progress
) -> Iterator[tuple[Sequence[int], list[Row]]]:
    """Yield the places and the rows of clips to do, as they are finished."""
    elsewhere = job.coder.device_name != "cpu"
    work = Coding(root, job.options.codec, job.spec.num_codebooks, job.spec.beam, job.code, known, elsewhere=elsewhere)
    size = 4 * SHARD if elsewhere else SHARD
    shards = [todo[i : i + size] for i in range(0, len(todo), size)]
    clips = ([job.plan.clips[i] for i in shard] for shard in shards)
    results = map_shards(work, clips, workers=jobs, limits=LIMITS, progress=progress)
    with closing(results):
        for number, rows in _coded(job, results) if elsewhere else results:
            yield shards[number], rows
            samples = sum(row["coded"].samples for row in rows if "coded" in row)
            progress.advance(0, samples / job.spec.sample_rate)


def _coded(job: Job, results: Iterator[tuple[int, list[Row]]]) -> Iterator[tuple[int, list[Row]]]:
    """Code what workers have decoded, while they decode the next."""
    from concurrent.futures import ThreadPoolExecutor

    def code(rows: list[Row]) -> list[Row]:
        clips = [row.pop("clip") for row in rows if "clip" in row]
        coded = iter(job.coder.encode(clips, num_codebooks=job.spec.num_codebooks, beam=job.spec.beam))
        return [row if "coded" in row or row["status"] != "ok" else row | {"coded": next(coded)} for row in rows]

    with ThreadPoolExecutor(1) as pool:
        waiting = []
        for number, rows in results:
            waiting.append((number, pool.submit(code, rows)))
            while len(waiting) > 2 or (waiting and waiting[0][1].done()):
                first, future = waiting.pop(0)
                yield first, future.result()
        for number, future in waiting:
            yield number, future.result()


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as the journal holds it."""
    out = {name: row[name] for name in ("fingerprint", "status", "status_reason")}
    if row["status"] == "ok":
        coded = row["coded"]
        out |= {
            "codes": coded.codes.reshape(-1),
            "frames": coded.codes.shape[1],
            "scale": coded.scale,
            "samples": coded.samples,
            "distance_db": coded.distance_db,
        }
    return out
