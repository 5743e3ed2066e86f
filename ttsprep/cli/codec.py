"""The commands ``ttsprep encode``, ``decode`` and ``codec``."""

import math
import signal
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ttsprep.cli import console
from ttsprep.cli.console import pairs, plain_table, print_json, print_rich, printable, write
from ttsprep.cli.options import AsJson, Jobs, ReadingGroup, WorkersGroup, grouped
from ttsprep.core.errors import MissingExtraError, UsageError
from ttsprep.core.workers.pool import cores
from ttsprep.core.workers.ray_cluster import connected
from ttsprep.report.format import count, hours

if TYPE_CHECKING:
    from rich.table import Table

    from ttsprep.codec.codec import Codec
    from ttsprep.codec.decode import Decoded
    from ttsprep.codec.doctor import Health
    from ttsprep.codec.encode import Encoded
    from ttsprep.codec.encode_job import Job
    from ttsprep.codec.verify import Verified

BUILDS = Path("build")
"""Where the newest finished build is looked for."""


def _needs_torch() -> None:
    try:
        import ttsprep.codec.codec  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingExtraError("the codec needs torch: pip install 'ttsprep[codec]'") from None


@dataclass(frozen=True, slots=True)
class CodingGroup:
    """How clips are encoded, and where the tokens go."""

    codec: Annotated[str, typer.Option(metavar="CODEC", help="nano16, a checkpoint, or a folder.")] = "nano16"
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the tokens.")] = Path("codes")
    form: Annotated[str, typer.Option("--format", metavar="FORM", help="parquet, npy, hf, frames ...")] = "parquet"
    first_token: Annotated[int, typer.Option(metavar="N", min=0, help="Id of the first code in --format flat.")] = 0
    device: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu or cuda.")] = "auto"
    num_codebooks: Annotated[
        int | None, typer.Option("--codebooks", metavar="K", min=1, help="Only the first K codebooks. [default: all]")
    ] = None
    beam: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Beam width; 1 is fastest. [default: of the codec]")
    ] = None


@grouped
def encode(
    corpus: Annotated[
        Path | None, typer.Argument(metavar="[CORPUS]", help="Corpus. [default: the newest build in ./build]")
    ] = None,
    *,
    reading: ReadingGroup,
    coding: CodingGroup,
    workers: WorkersGroup,
    verify: Annotated[bool, typer.Option("--verify", help="Encode and decode a sample again, and compare.")] = False,
    as_json: AsJson = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be encoded, and stop.")] = False,
) -> int:
    """Encode clips as codebook indices of a neural codec.

    The corpus is only read. A second run encodes only what has changed; after an interruption the same command
    resumes.
    """
    _needs_torch()
    from ttsprep.build.options import audit_recipe
    from ttsprep.codec.encode import encode as run
    from ttsprep.codec.encode import newest_build, prepare_job
    from ttsprep.codec.encode_job import Options
    from ttsprep.corpora.source import readable

    read = audit_recipe(reading=reading.keys())
    with console.Meter() as meter:
        source = readable(newest_build(BUILDS) if corpus is None else corpus, progress=meter)
    own = {name: value for name, value in asdict(coding).items() if name != "out"}
    options = Options(layout=read.layout, reading=read.reading(), **own)
    out = coding.out
    if dry_run:
        job = prepare_job(source, options)
        show_job(job, out, job.coder.device_name, as_json=as_json)
        return 0

    with connected(workers.cluster, jobs=workers.jobs, paths=[source]), console.Meter() as meter:
        result = run(source, out, options, jobs=cores(workers.jobs), progress=meter)
    verified = None
    if verify:
        from ttsprep.codec.verify import verify as look

        verified = look(result.job, out)
    show_encoded(result, verified, as_json=as_json)
    return int(verified is not None and not verified.same)


def decode(
    codes: Annotated[Path, typer.Argument(metavar="CODES", help="Folder of the tokens, or one shard.")],
    *,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the clips.")] = Path("decoded"),
    codec: Annotated[str, typer.Option(metavar="CODEC", help="Codec of the tokens. [default: the one they name]")] = "",
    jobs: Jobs = None,
    as_json: AsJson = False,
) -> None:
    """Decode tokens to clips of the same lengths and levels."""
    _needs_torch()
    from ttsprep.codec.decode import decode as run

    with console.Meter() as meter:
        result = run(codes, out, codec=codec, jobs=cores(jobs), progress=meter)
    show_decoded(result, as_json=as_json)


codec = typer.Typer(
    help="Train a codec on your speech, and measure it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Recipe = Annotated[Path, typer.Argument(metavar="RECIPE", help="File with preset, settings and sources (.toml).")]
_Speech = Annotated[Path, typer.Option(metavar="DIR", help="Folder written by pack.")]
_Checkpoint = Annotated[str, typer.Argument(metavar="CHECKPOINT", help="Checkpoint file, or nano16.")]
Recordings = Annotated[Path, typer.Argument(metavar="CORPUS", help="Folder of recordings.")]


@codec.command("pack")
def _pack(
    recipe: _Recipe,
    *,
    data: Annotated[list[Path], typer.Option(metavar="DIR", help="Folder with the sources; may be repeated.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the packed speech.")],
) -> None:
    """Decode the sources of a recipe into one array."""
    _needs_torch()
    from ttsprep.codec.training.data import pack_recipe

    pack_recipe(recipe, data, out)


@dataclass(frozen=True, slots=True)
class MaterialGroup:
    """What a codec is trained on."""

    speech: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder written by pack.")] = None
    corpus: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of recordings, instead of a recipe and --speech.")
    ] = None
    preset: Annotated[str, typer.Option(metavar="NAME", help="nano16, base16 or base24, for --corpus.")] = "nano16"


@dataclass(frozen=True, slots=True)
class TrainingGroup:
    """How a codec is trained."""

    steps: Annotated[int | None, typer.Option(metavar="N", min=1, help="Stop at this step.")] = None
    decay: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="End the run: decay the learning rate over N steps."),
    ] = None
    begin_from: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Checkpoint to start a new run from.")
    ] = None
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a setting; may be repeated.")
    ] = None
    device: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu or cuda.")] = "auto"
    save_minutes: Annotated[float, typer.Option(metavar="M", min=0.0, help="Minutes between saves.")] = 5.0


@codec.command("train")
@grouped
def _train(
    recipe: Annotated[
        Path | None, typer.Argument(metavar="[RECIPE]", help="File with preset, settings and sources (.toml).")
    ] = None,
    *,
    material: MaterialGroup,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder of the run.")],
    training: TrainingGroup,
) -> None:
    """Train a codec, or resume its training."""
    _needs_torch()
    speech, corpus = material.speech, material.corpus
    if (recipe is None or speech is None) == (corpus is None):
        raise UsageError("nothing to train on: give a recipe with --speech, or --corpus with --preset")
    from ttsprep.codec.device import find_device
    from ttsprep.codec.training.config import CodecRecipe, parse_settings, read_recipe
    from ttsprep.codec.training.train import TrainOptions, reexecute, train

    if find_device(training.device) == "cpu":
        reexecute()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # asked to stop: the state is saved first
    options = TrainOptions(**asdict(training) | {"changes": parse_settings(training.changes or ())})
    chosen = CodecRecipe(preset=material.preset) if recipe is None else read_recipe(recipe)
    run = train(chosen, out, options, speech=speech, corpus=corpus, tell=console.log)
    console.log(f"{out} is at step {run.trainer.step:,}; for a checkpoint: ttsprep codec export {out} checkpoint.pt")


@codec.command("fit")
def _fit(
    recipe: _Recipe, *, speech: _Speech, out: Annotated[Path, typer.Option(metavar="FILE", help="The checkpoint.")]
) -> None:
    """Fit a codec in closed form, in seconds."""
    _needs_torch()
    from ttsprep.codec import checkpoint
    from ttsprep.codec.training.config import read_recipe
    from ttsprep.codec.training.data import Speech as PackedSpeech
    from ttsprep.codec.training.export import fit

    checkpoint.claim_checkpoint("codec fit", out, [speech])
    checkpoint.write_checkpoint(fit(read_recipe(recipe).config(), PackedSpeech(speech)), out)


@codec.command("export")
def _export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run.")],
    out: Annotated[Path, typer.Argument(metavar="FILE", help="The checkpoint.")],
    *,
    speech: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder written by pack. [default: speech in RUN]")
    ] = None,
    last: Annotated[bool, typer.Option("--last", help="Export the last weights instead of the averaged ones.")] = False,
) -> None:
    """Export the checkpoint of a run."""
    _needs_torch()
    from ttsprep.codec import checkpoint
    from ttsprep.codec.training.data import Speech as PackedSpeech
    from ttsprep.codec.training.export import export

    checkpoint.claim_checkpoint("codec export", out, [run, *([speech] if speech else [])])
    trained_on = PackedSpeech(speech or run / "speech")
    exported = export(run, averaged=not last, licence=trained_on.licence, speech=trained_on)
    checkpoint.write_checkpoint(exported, out)
    write(f"{out}: step {exported.step}, digest {exported.digest()}\n")


@codec.command("eval")
def _eval(
    checkpoint: _Checkpoint,
    corpus: Recordings,
    *,
    clips: Annotated[int, typer.Option(metavar="N", min=1, help="Number of clips, ten seconds of each.")] = 20,
    beam: Annotated[int, typer.Option(metavar="N", min=1, help="Beam width of the search.")] = 1,
    baseline: Annotated[
        list[str] | None, typer.Option(metavar="B", help="Also measure opus, lyra, or a Hugging Face folder.")
    ] = None,
    lyra: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the models of Lyra.")] = None,
) -> None:
    """Measure a codec with its first codebook, its first two, and so on to all of them."""
    _needs_torch()
    from ttsprep.codec.evaluate import compare_baselines, evaluate, read_clips, table
    from ttsprep.codec.external import load_codec

    codec = load_codec(checkpoint)
    chosen = read_clips(corpus, codec.sample_rate, clips)
    parts = [table(evaluate(codec, chosen, range(1, codec.num_codebooks + 1), beam=beam))]
    parts += compare_baselines(baseline or (), chosen, codec.sample_rate, lyra)
    write("\n\n".join(parts) + "\n")


@codec.command("doctor")
def _doctor(
    checkpoint: _Checkpoint,
    corpus: Annotated[
        Path | None, typer.Argument(metavar="[CORPUS]", help="Folder of recordings. [default: check the weights only]")
    ] = None,
    *,
    clips: Annotated[int, typer.Option(metavar="N", min=1, help="Number of clips, ten seconds of each.")] = 40,
) -> None:
    """Check the health of a checkpoint."""
    _needs_torch()
    from ttsprep.codec.codec import Codec
    from ttsprep.codec.doctor import health_check
    from ttsprep.codec.evaluate import read_clips

    codec = Codec.load(checkpoint)
    speech = None if corpus is None else [clip for _, clip in read_clips(corpus, codec.sample_rate, clips)]
    health = health_check(codec, speech)
    write(health_text(codec, health, measured=speech is not None) + "\n")


def health_text(codec: "Codec", health: "Health", *, measured: bool) -> str:
    """Return a table of codebooks, and the verdict; `measured`: the codec was measured on speech."""
    lines = ["book  updates  range   norm" + ("  used  perplexity  reach  left" if measured else "")]
    for number, book in enumerate(health.books):
        shown = f"{number:4}  {book.updates:7}  {book.range:5.2f}  {book.norm:5.2f}"
        if measured:
            shown += f"  {book.used:4.0%}  {book.perplexity:10.0f}  {book.reach:5.2f}  {book.left:4.0%}"
        lines.append(shown)
    config = codec.config
    causal = "causal, " if config.causal else ""
    lines.append(f"{config.bit_rate / 1000:.2f} kbit/s; {causal}latency {config.latency_ms:.1f} ms")
    if measured and health.books:
        lines.append(
            f"level out / in {health.level:.3f}, drift of the output {health.drift_db:+.1f} dB, "
            f"upper half of the band {health.treble_db:+.1f} dB"
        )
    well = "healthy" if measured else "no fault in the weights; name a CORPUS to see what they do to speech"
    lines += [f"{issue.severity}: {issue.cause}: {issue.message}" for issue in health.issues] or [well]
    return "\n".join(lines)


def show_job(job: "Job", out: Path, device: str, *, as_json: bool) -> None:
    """Show what would be encoded, with what."""
    spec, corpus = job.spec, job.plan
    document = {
        "corpus": printable(str(corpus.root)),
        "layout": corpus.layout,
        "clips": len(job.plan.clips),
        "spec": spec.document(),
        "format": job.options.form,
        "device": device,
        "out": printable(str(out)),
    }
    if as_json:
        print_json(document)
        return
    print_rich(
        pairs({
            "would encode": f"{count(len(job.plan.clips), 'clip')} of {document['corpus']} ({corpus.layout})",
            "with": f"{_codec(spec.document())} on {device}",
            "would write": f"{document['out']} ({job.options.form})",
        })
    )


def _codec(spec: Mapping[str, Any]) -> str:
    bits = spec["num_codebooks"] * spec["frame_rate"] * math.log2(spec["codebook_size"]) / 1000
    return (
        f"{printable(spec['codec'])} ({spec['digest'][:12]}): {spec['sample_rate']} Hz, "
        f"{spec['num_codebooks']} x {spec['codebook_size']} at {spec['frame_rate']:g} Hz = {bits:.2g} kbit/s, "
        f"beam {spec['beam']}"
    )


def show_encoded(result: "Encoded", verified: "Verified | None", *, as_json: bool) -> None:
    """Show what was encoded, the use of the codebooks, and outliers."""
    from rich.text import Text

    summary = result.summary
    if as_json:
        more = {"verified": verified.document()} if verified else {}
        print_json({**summary, "coded": result.coded, "out": printable(str(result.out)), **more})
        return
    rows = {
        "encoded": f"{count(summary['clips'], 'clip')}, {hours(summary['hours'])}, {count(summary['tokens'], 'token')}",
        "codec": _codec(summary["spec"]),
        "entropy": f"{summary['kbits_per_s']} kbit/s, summed over the codebooks",
        "out": f"{printable(str(result.out))}: {count(summary['shards'], 'shard')} ({summary['format']})",
    }
    if summary["skipped"]:
        reasons = ", ".join(f"{code} {number:,}" for code, number in summary["skipped"].items())
        rows["skipped"] = f"{reasons}: see {printable(str(result.out / 'skipped.csv'))}"
    if summary["outliers"]:
        named = ", ".join(f"{printable(row['id'])} ({row['distance_db']:g} dB)" for row in summary["outlier_clips"][:5])
        rows["outliers"] = (
            f"{count(summary['outliers'], 'clip')} far less accurate than the rest "
            f"(median {summary['distance_db']['median']:g} dB): {named}"
        )
    parts: list[Any] = [pairs(rows), Text(), _books(summary["codebooks"])]
    if verified:
        parts += [Text(), pairs(verified.lines())]
    print_rich(*parts)


def _books(books: Sequence[Mapping[str, Any]]) -> "Table":
    table = plain_table()
    for title in ("codebook", "codes used", "perplexity", "bits"):
        table.add_column(title, justify="right", no_wrap=True)
    for number, book in enumerate(books):
        table.add_row(str(number), f"{book['used']:.1%}", f"{book['perplexity']:.0f}", f"{book['bits']:.2f}")
    return table


def show_decoded(result: "Decoded", *, as_json: bool) -> None:
    """Show what was decoded."""
    document = {
        "out": printable(str(result.out)),
        "clips": result.clips,
        "seconds": round(result.seconds, 3),
        "clipped": result.clipped,
        "decoded": result.fresh,
    }
    if as_json:
        print_json(document)
        return
    rows = {"decoded": f"{count(result.clips, 'clip')}, {hours(result.seconds / 3600)}", "out": str(document["out"])}
    if result.clipped:
        rows["clipped"] = f"{count(result.clipped, 'clip')} clipped at full scale"
    print_rich(pairs(rows))
