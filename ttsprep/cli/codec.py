"""The commands ``ttsprep encode``, ``decode`` and ``codec``."""

import json
import math
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ttsprep.cli import console
from ttsprep.cli.audit import length, pairs
from ttsprep.cli.console import count, printable, show, write
from ttsprep.cli.options import AsJson, Cluster, Jobs
from ttsprep.core.errors import MissingExtraError, UsageError
from ttsprep.core.workers.pool import cores
from ttsprep.core.workers.ray_cluster import connected

if TYPE_CHECKING:
    from rich.table import Table

    from ttsprep.codec.codec import Codec
    from ttsprep.codec.decode import Decoded
    from ttsprep.codec.doctor import Health
    from ttsprep.codec.encode import Encoded, Job
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


def encode(
    corpus: Annotated[
        Path | None, typer.Argument(metavar="[CORPUS]", help="A folder. [default: the newest build in ./build]")
    ] = None,
    *,
    codec: Annotated[
        str, typer.Option(metavar="C", help="A checkpoint, a folder of Hugging Face, or nano16.")
    ] = "nano16",
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the codes go.")] = Path("codes"),
    form: Annotated[str, typer.Option("--format", metavar="F", help="parquet, npy, webdataset or hf.")] = "parquet",
    layout: Annotated[str, typer.Option(metavar="NAME", help="How the corpus is arranged.")] = "auto",
    device: Annotated[str, typer.Option(metavar="D", help="auto, cpu or cuda.")] = "auto",
    num_codebooks: Annotated[
        int | None, typer.Option("--codebooks", metavar="K", min=1, help="Only the first K codebooks. [default: all]")
    ] = None,
    beam: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Paths searched: 1 is fastest. [default: of the codec]")
    ] = None,
    jobs: Jobs = None,
    cluster: Cluster = "",
    verify: Annotated[bool, typer.Option("--verify", help="Code and decode a sample again.")] = False,
    as_json: AsJson = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be encoded, and stop.")] = False,
) -> int:
    """Turn clips into the codebook indices of a neural codec.

    The corpus is only read. A second run codes only what has changed; one that was stopped goes on.
    """
    _needs_torch()
    from ttsprep.codec.encode import Options, newest_build, prepare
    from ttsprep.codec.encode import encode as run

    source = newest_build(BUILDS) if corpus is None else corpus
    options = Options(codec, form, layout, num_codebooks, beam, device)
    if dry_run:
        job = prepare(source, options)
        show_job(job, out, job.coder.device_name, as_json=as_json)
        return 0

    with connected(cluster, jobs=jobs, paths=[source]), console.Meter() as meter:
        result = run(source, out, options, jobs=cores(jobs), progress=meter)
    verified = None
    if verify:
        from ttsprep.codec.verify import verify as look

        verified = look(result.job, out)
    show_encoded(result, verified, as_json=as_json)
    return int(verified is not None and not verified.same)


def decode(
    codes: Annotated[Path, typer.Argument(metavar="CODES", help="Folder of the codes, or one shard.")],
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the clips go.")] = Path("decoded"),
    codec: Annotated[str, typer.Option(metavar="C", help="What they were coded with. [default: what they say]")] = "",
    jobs: Jobs = None,
    as_json: AsJson = False,
) -> None:
    """Turn codes back into clips of the same lengths and levels."""
    _needs_torch()
    from ttsprep.codec.decode import decode as run

    with console.Meter() as meter:
        result = run(
            codes,
            out,
            codec=codec,
            jobs=cores(jobs),
            progress=meter,
        )
    show_decoded(result, as_json=as_json)


codec = typer.Typer(
    help="Train a codec on your own speech, and see how good and how healthy it is.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Recipe = Annotated[Path, typer.Argument(metavar="RECIPE", help="Preset, settings and sources, a .toml file.")]
Speech = Annotated[Path, typer.Option(metavar="DIR", help="Folder written by pack.")]
Checkpoint = Annotated[str, typer.Argument(metavar="CHECKPOINT", help="A file, or nano16.")]
Recordings = Annotated[Path, typer.Argument(metavar="CORPUS", help="A folder of recordings.")]


@codec.command("pack")
def _pack(
    recipe: Recipe,
    *,
    data: Annotated[list[Path], typer.Option(metavar="DIR", help="Folder the sources are in; may be repeated.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the speech goes.")],
) -> None:
    """Decode the sources of a recipe into one array."""
    _needs_torch()
    from ttsprep.codec.training.data import pack_recipe

    pack_recipe(recipe, data, out)


@codec.command("train")
def _train(
    recipe: Annotated[
        Path | None, typer.Argument(metavar="[RECIPE]", help="Preset, settings and sources, a .toml file.")
    ] = None,
    *,
    speech: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder written by pack.")] = None,
    corpus: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A folder of recordings, instead of a recipe and --speech.")
    ] = None,
    preset: Annotated[str, typer.Option(metavar="NAME", help="With --corpus: nano16, base16 or base24.")] = "nano16",
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the run.")],
    steps: Annotated[int | None, typer.Option(metavar="N", min=1, help="Stop at this step.")] = None,
    decay: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Bring the run to an end: let the learning rate fall over N steps."),
    ] = None,
    begin_from: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="A checkpoint to begin a new run from.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a setting; may be repeated.")
    ] = None,
    device: Annotated[str, typer.Option(metavar="D", help="auto, cpu or cuda.")] = "auto",
    save_minutes: Annotated[float, typer.Option(metavar="M", min=0.0, help="How often the state is saved.")] = 5.0,
) -> None:
    """Train, or go on training: stop and start at will."""
    _needs_torch()
    if (recipe is None or speech is None) == (corpus is None):
        raise UsageError("say what to train on: a recipe with --speech, or --corpus with --preset")
    from ttsprep.codec.device import find_device
    from ttsprep.codec.training.config import CodecRecipe, parse_settings, read_recipe
    from ttsprep.codec.training.train import TrainOptions, reexecute, train

    if find_device(device) == "cpu":
        reexecute()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # asked to stop: the state is saved first
    options = TrainOptions(steps, decay, begin_from, parse_settings(settings or ()), device, save_minutes)
    chosen = CodecRecipe(preset=preset) if recipe is None else read_recipe(recipe)
    run = train(chosen, out, options, speech=speech, corpus=corpus, tell=console.tell)
    console.tell(f"{out} is at step {run.trainer.step:,}; for a checkpoint: ttsprep codec export {out} checkpoint.pt")


@codec.command("fit")
def _fit(
    recipe: Recipe, *, speech: Speech, out: Annotated[Path, typer.Option(metavar="FILE", help="The checkpoint.")]
) -> None:
    """Fit a codec in closed form, in seconds."""
    _needs_torch()
    from ttsprep.codec import checkpoint
    from ttsprep.codec.training.config import read_recipe
    from ttsprep.codec.training.data import Speech as PackedSpeech
    from ttsprep.codec.training.export import fit

    checkpoint.claim("codec fit", out, [speech])
    checkpoint.write(fit(read_recipe(recipe).config(), PackedSpeech(speech)), out)


@codec.command("export")
def _export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run.")],
    out: Annotated[Path, typer.Argument(metavar="FILE", help="The checkpoint.")],
    *,
    speech: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder written by pack. [default: speech in RUN]")
    ] = None,
    last: Annotated[bool, typer.Option("--last", help="The last weights, not the averaged ones.")] = False,
) -> None:
    """Turn a run into a checkpoint to share."""
    _needs_torch()
    from ttsprep.codec import checkpoint
    from ttsprep.codec.training.data import Speech as PackedSpeech
    from ttsprep.codec.training.export import export

    checkpoint.claim("codec export", out, [run, *([speech] if speech else [])])
    trained_on = PackedSpeech(speech or run / "speech")
    exported = export(run, averaged=not last, licence=trained_on.licence, speech=trained_on)
    checkpoint.write(exported, out)
    write(f"{out}: step {exported.step}, digest {exported.digest()}\n")


@codec.command("eval")
def _eval(
    checkpoint: Checkpoint,
    corpus: Recordings,
    *,
    clips: Annotated[int, typer.Option(metavar="N", min=1, help="How many, ten seconds of each.")] = 20,
    beam: Annotated[int, typer.Option(metavar="N", min=1, help="Paths searched.")] = 1,
    baseline: Annotated[
        list[str] | None, typer.Option(metavar="B", help="opus, lyra, or a folder of Hugging Face; may be repeated.")
    ] = None,
    lyra: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the models of Lyra are.")] = None,
) -> None:
    """Measure a codec with its first codebook, its first two, and so on to all of them."""
    _needs_torch()
    from ttsprep.codec.evaluate import compare_baselines, evaluate, read_clips, table
    from ttsprep.codec.external import load

    codec = load(checkpoint)
    chosen = read_clips(corpus, codec.sample_rate, clips)
    parts = [table(evaluate(codec, chosen, range(1, codec.num_codebooks + 1), beam=beam))]
    parts += compare_baselines(baseline or (), chosen, codec.sample_rate, lyra)
    write("\n\n".join(parts) + "\n")


@codec.command("doctor")
def _doctor(
    checkpoint: Checkpoint,
    corpus: Annotated[
        Path | None, typer.Argument(metavar="[CORPUS]", help="A folder of recordings. [default: the weights alone]")
    ] = None,
    *,
    clips: Annotated[int, typer.Option(metavar="N", min=1, help="How many, ten seconds of each.")] = 40,
) -> None:
    """Look at the health of a checkpoint."""
    _needs_torch()
    from ttsprep.codec.codec import Codec
    from ttsprep.codec.doctor import health_check
    from ttsprep.codec.evaluate import read_clips

    codec = Codec.load(checkpoint)
    speech = None if corpus is None else [clip for _, clip in read_clips(corpus, codec.sample_rate, clips)]
    health = health_check(codec, speech)
    write(health_text(codec, health, heard=speech is not None) + "\n")


def health_text(codec: "Codec", health: "Health", *, heard: bool) -> str:
    """Return a table of codebooks, and the verdict; `heard`: the codec was measured on speech."""
    lines = ["book  updates  range   norm" + ("  used  perplexity  reach  left" if heard else "")]
    for number, book in enumerate(health.books):
        shown = f"{number:4}  {book.updates:7}  {book.range:5.2f}  {book.norm:5.2f}"
        if heard:
            shown += f"  {book.used:4.0%}  {book.perplexity:10.0f}  {book.reach:5.2f}  {book.left:4.0%}"
        lines.append(shown)
    config = codec.config
    causal = "causal, " if config.causal else ""
    lines.append(f"{config.bit_rate / 1000:.2f} kbit/s; {causal}latency {config.latency_ms:.1f} ms")
    if heard and health.books:
        lines.append(
            f"level out / in {health.level:.3f}, drift of the output {health.drift_db:+.1f} dB, "
            f"upper half of the band {health.treble_db:+.1f} dB"
        )
    well = "healthy" if heard else "no fault in the weights; name a CORPUS to see what they do to speech"
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
        write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
        return
    show(
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
    """Show what was encoded, how its codes are used, and which clips stand out."""
    from rich.text import Text

    summary = result.summary
    if as_json:
        more = {"verified": verified.document()} if verified else {}
        document = {**summary, "coded": result.coded, "out": printable(str(result.out)), **more}
        write(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n")
        return
    where = f"{printable(str(result.out))}: {count(summary['shards'], 'shard')} ({summary['format']})"
    rows = {
        "encoded": f"{count(summary['clips'], 'clip')}, {length(summary['hours'])}, {summary['tokens']:,} codes",
        "codec": _codec(summary["spec"]),
        "says": f"{summary['kbits_per_s']} kbit/s by the entropy of each codebook",
        "out": where,
    }
    if summary["skipped"]:
        reasons = ", ".join(f"{code} {number:,}" for code, number in summary["skipped"].items())
        rows["skipped"] = f"{reasons}: see {printable(str(result.out / 'skipped.csv'))}"
    if summary["outliers"]:
        named = ", ".join(f"{printable(row['id'])} ({row['distance_db']:g} dB)" for row in summary["outlier_clips"][:5])
        rows["outliers"] = (
            f"{count(summary['outliers'], 'clip')} that the codec fits far worse than the rest "
            f"(median {summary['distance_db']['median']:g} dB): {named}"
        )
    parts: list[Any] = [pairs(rows), Text(), _books(summary["codebooks"])]
    if verified:
        parts += [Text(), pairs(verified.lines())]
    show(*parts)


def _books(books: Sequence[Mapping[str, Any]]) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False, header_style="dim", show_edge=False)
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
        write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
        return
    rows = {"decoded": f"{count(result.clips, 'clip')}, {length(result.seconds / 3600)}", "out": str(document["out"])}
    if result.clipped:
        rows["clipped"] = f"{count(result.clipped, 'clip')} went beyond full scale and were cut there"
    show(pairs(rows))
