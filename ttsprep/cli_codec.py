"""The commands ``ttsprep encode``, ``decode`` and ``codec``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ttsprep import console, views_codec
from ttsprep.cli_options import AsJson, Cluster, Jobs, cores
from ttsprep.cluster import connected
from ttsprep.errors import MissingExtraError

if TYPE_CHECKING:
    from ttsprep.audit import Plan

BUILDS = Path("build")
"""Where the newest finished build is looked for."""


def _needs_torch() -> None:
    try:
        import ttsprep.codec.api  # noqa: F401
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
    depth: Annotated[int | None, typer.Option(metavar="K", min=1, help="Codebooks. [default: all]")] = None,
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
    from ttsprep.encode import Options, newest_build, prepare
    from ttsprep.encode import encode as run

    source = newest_build(BUILDS) if corpus is None else corpus
    options = Options(codec, form, layout, depth, beam, device)
    if dry_run:
        job = prepare(source, options)
        views_codec.show_job(job, out, job.coder.device_name, as_json=as_json)
        return 0

    def begin(plan: "Plan", new: int) -> None:
        meter.begin("encoding", len(plan.clips), new)

    with connected(cluster, jobs=jobs, paths=[source]), console.Meter() as meter:
        result = run(source, out, options, jobs=cores(jobs), on_progress=meter.advance, on_plan=begin)
    verified = None
    if verify:
        from ttsprep.verify import verify as look

        verified = look(result.job, out)
    views_codec.show_encoded(result, verified, as_json=as_json)
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
    from ttsprep.decode import decode as run

    with console.Meter() as meter:
        result = run(
            codes,
            out,
            codec=codec,
            jobs=cores(jobs),
            on_plan=lambda clips, new: meter.begin("decoding", clips, new),
            on_progress=meter.advance,
        )
    views_codec.show_decoded(result, as_json=as_json)


codec = typer.Typer(
    help="Train a codec on your own speech, and see how good and how healthy it is.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Recipe = Annotated[Path, typer.Argument(metavar="RECIPE", help="Preset, settings and sources, a .toml file.")]
Speech = Annotated[Path, typer.Option(metavar="DIR", help="Folder written by pack.")]
Checkpoint = Annotated[str, typer.Argument(metavar="CHECKPOINT", help="A file, or nano16.")]
Corpus = Annotated[Path, typer.Argument(metavar="CORPUS", help="A folder of recordings.")]


@codec.command("pack")
def _pack(
    recipe: Recipe,
    *,
    data: Annotated[list[Path], typer.Option(metavar="DIR", help="Folder the sources are in; may be repeated.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the speech goes.")],
) -> None:
    """Decode the sources of a recipe into one array."""
    _needs_torch()
    from ttsprep.codec import commands

    commands.pack(recipe, data, out)


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
    from ttsprep.codec import commands

    commands.train(
        recipe,
        out,
        speech=speech,
        corpus=corpus,
        preset_name=preset,
        steps=steps,
        decay=decay,
        begin_from=begin_from,
        settings=settings or (),
        device=device,
        save_minutes=save_minutes,
        tell=console.tell,
    )


@codec.command("fit")
def _fit(
    recipe: Recipe, *, speech: Speech, out: Annotated[Path, typer.Option(metavar="FILE", help="The checkpoint.")]
) -> None:
    """Fit a codec in closed form, in seconds."""
    _needs_torch()
    from ttsprep.codec import commands

    commands.fit(recipe, speech, out)


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
    from ttsprep.codec import commands

    console.write(commands.export(run, speech, out, last=last) + "\n")


@codec.command("eval")
def _eval(
    checkpoint: Checkpoint,
    corpus: Corpus,
    *,
    clips: Annotated[int, typer.Option(metavar="N", min=1, help="How many, ten seconds of each.")] = 20,
    beam: Annotated[int, typer.Option(metavar="N", min=1, help="Paths searched.")] = 1,
    baseline: Annotated[
        list[str] | None, typer.Option(metavar="B", help="opus, lyra, or a folder of Hugging Face; may be repeated.")
    ] = None,
    lyra: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the models of Lyra are.")] = None,
) -> None:
    """Measure a codec at every depth."""
    _needs_torch()
    from ttsprep.codec import commands

    console.write(
        commands.evaluate(checkpoint, corpus, clips=clips, beam=beam, baselines=baseline or (), lyra=lyra) + "\n"
    )


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
    from ttsprep.codec import commands

    console.write(commands.doctor(checkpoint, corpus, clips=clips) + "\n")
