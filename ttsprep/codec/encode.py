"""Encoding: plan -> code -> write shards."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ttsprep.codec.encode_job import Job, Options
from ttsprep.codec.encode_step import CODING_VERSION, EncodeStep
from ttsprep.codec.shards import QUALITY, SKIPPED, PreviousRun, write_shards
from ttsprep.codec.token_formats import SUMMARY
from ttsprep.core.errors import UsageError, nearest
from ttsprep.core.files import clean
from ttsprep.core.output_folder import JOURNALS, Kind, Output, claim, open_output
from ttsprep.core.progress import NO_PROGRESS, Progress
from ttsprep.core.store.corpus_path import save_corpus_path
from ttsprep.core.store.store import Store
from ttsprep.corpora.corpus import read_corpus

_KIND = Kind("encode", (SUMMARY, QUALITY, SKIPPED, ".cache.parquet", ".corpus.json", JOURNALS))
"""What is encoded into; the shards are listed before they are written."""


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


def prepare_job(path: Path, options: Options) -> Job:
    """List the clips and load the codec.

    Raises
    ------
    TtsprepError
        If the corpus or the codec cannot be used as asked.
    """
    from ttsprep.codec.device import find_device
    from ttsprep.codec.external import load_codec
    from ttsprep.codec.sequences import SEQUENCES, Arrangement
    from ttsprep.codec.token_formats import FORMATS
    from ttsprep.codec.tokens import TokenSpec

    if options.form not in FORMATS:
        raise UsageError(f"no format is called {options.form!r}; {nearest(options.form, FORMATS)}")
    todo = read_corpus(path, options.layout, options.reading.language, options.reading)
    coder = load_codec(options.codec, find_device(options.device))
    if not coder.num_codebooks:
        raise UsageError(f"no codebook of {options.codec} was trained: its run never got past the warm-up")
    num_codebooks = coder.num_codebooks if options.num_codebooks is None else options.num_codebooks
    if not 1 <= num_codebooks <= coder.num_codebooks:
        raise UsageError(f"--codebooks {num_codebooks}: {options.codec} has {coder.num_codebooks} trained codebooks")
    if options.beam is not None and not 1 <= options.beam <= coder.codebook_size:
        raise UsageError(f"--beam {options.beam}: a codebook of {options.codec} has {coder.codebook_size} codes")
    spec = TokenSpec(
        codec=clean(_called(options.codec)),
        digest=coder.digest,
        sample_rate=coder.sample_rate,
        hop_length=coder.hop_length,
        num_codebooks=num_codebooks,
        codebook_size=coder.codebook_size,
        beam=coder.default_beam if options.beam is None else options.beam,
    )
    if options.form in SEQUENCES:
        Arrangement(options.form, spec, options.first_token)
    elif options.first_token:
        raise UsageError("--first-token is for --format flat")
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
    claim(_KIND, out, [path, codec])
    job = prepare_job(path, options)
    with open_output(_KIND, out, [job.plan.root, codec]) as held:
        save_corpus_path(out, job.plan.root)
        previous = PreviousRun.read(out, job.code)
        try:
            return _encode(job, held, previous, jobs, progress)
        except TokenError:
            if not previous.keys:
                raise
            # A finished shard turned out to be damaged: what it held is coded again.
            return _encode(job, held, PreviousRun(out), jobs, progress)


def _encode(job: Job, held: Output, previous: PreviousRun, jobs: int, progress: Progress) -> Encoded:
    store = Store(held.path)
    step = EncodeStep(str(job.plan.root.resolve()), job.options.codec, job.spec, job.code, job.coder)
    rows = store.map(step, job.plan.clips, jobs, progress, held=previous.keys)
    summary = write_shards(held, job, store, step, rows, previous)
    new = replace(rows, places=rows.places[rows.is_new]).table(["status"])["status"].to_pylist()
    return Encoded(held.path, summary, new.count("ok"), job)
