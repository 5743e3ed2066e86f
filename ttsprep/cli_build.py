"""The command ``ttsprep build``."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ttsprep import console, views_build
from ttsprep.cli_options import AsJson, Cluster, Jobs, cores
from ttsprep.cluster import connected
from ttsprep.errors import UsageError

if TYPE_CHECKING:
    from ttsprep.recipe import Recipe
    from ttsprep.source import Needs

OUT = Path("build")
"""Where builds go, each in a folder of the name of its recipe."""


def build(
    *,
    recipe: Annotated[str, typer.Option("--recipe", metavar="R", help="By name, or a .toml file.")] = "",
    source: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The corpus. [default: what the recipe names]")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where corpora are looked for and kept. [env: TTSPREP_DATA]")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="The build. [default: ./build/RECIPE]")] = None,
    trainer: Annotated[str, typer.Option("--for", metavar="TRAINER", help="Meet its needs, such as piper.")] = "",
    layout: Annotated[str, typer.Option(metavar="NAME", help="How the corpus is arranged. [default: auto]")] = "",
    language: Annotated[
        str, typer.Option(metavar="TAG", help="Of clips that do not say theirs. [default: en-us]")
    ] = "",
    export: Annotated[
        list[str] | None, typer.Option(metavar="FORM", help="Write this as well; may be repeated.")
    ] = None,
    decisions: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Clips to keep or reject, and texts: comes before all findings.")
    ] = None,
    keep_hours: Annotated[
        float | None, typer.Option(metavar="H", min=0.0, max=1e6, help="At most; the worst go first.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Reject every clip with a warning.")] = False,
    lenient: Annotated[bool, typer.Option("--lenient", help="Reject only what cannot be mended.")] = False,
    asr_model: Annotated[
        str,
        typer.Option(metavar="PATH|NAME", help="Whisper weights, where the recipe has [transcribe]. [default: base]"),
    ] = "",
    jobs: Jobs = None,
    cluster: Cluster = "",
    yes: Annotated[bool, typer.Option("--yes", help="Fetch without asking.")] = False,
    as_json: AsJson = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be built, and stop.")] = False,
) -> int:
    """Build a clean, normalised, ready-to-train copy of a corpus, with a reason for every rejection.

    The corpus is only read. A second build does only what has changed; one that was stopped goes on.
    """
    if not recipe and source is None:
        raise UsageError("say what to build: --recipe NAME (see: ttsprep recipes), or --source DIR")
    if strict and lenient:
        raise UsageError("--strict and --lenient exclude each other")
    rules = _rules(recipe or "generic", trainer, layout, language, export or ())
    choose: dict[str, Any] = {} if keep_hours is None else {"keep_hours": keep_hours}
    choose |= {"strictness": "strict" if strict else "lenient"} if strict or lenient else {}
    rules = rules.model_copy(update={"choose": rules.choose.model_copy(update=choose)})
    rules = _with_model(rules, asr_model)
    rules.verify()
    out = out or OUT / (Path(recipe).stem if recipe else _name(source))
    from ttsprep import build as verb
    from ttsprep import source as sources

    with console.Meter() as meter:
        told = verb.Told(meter.begin, meter.advance)
        if source is None and dry_run and sources.find(rules.source, data=data) is None:
            needed = sources.needs(rules.source, data=data)
            if needed.missing:
                views_build.show_needs(needed, as_json=as_json)
                return 0
        if source is None:
            source = sources.get(
                rules.source, data=data, confirm=lambda needs: _agreed(needs, yes), on_progress=meter.say
            )
        source = sources.readable(source, data=data, on_progress=meter.say)
        with connected(
            cluster, jobs=jobs, paths=[source, next(path for path in out.absolute().parents if path.exists())]
        ):
            if dry_run:
                draft = verb.draft(source, out, rules, jobs=cores(jobs), decisions=decisions, told=told)
            else:
                built = verb.build(source, out, rules, jobs=cores(jobs), decisions=decisions, told=told)
    if dry_run:
        views_build.show_draft(draft, out, as_json=as_json)
    else:
        views_build.show_built(built, as_json=as_json)
    return 0


def _rules(recipe: str, trainer: str, layout: str, language: str, export: Sequence[str]) -> "Recipe":
    """Return the recipe with what the command line says instead."""
    from ttsprep.recipe import load, shipped
    from ttsprep.text import voice

    rules = load(recipe)
    said = {"layout": layout, "language": language, "trainer": trainer}
    rules = rules.model_copy(update={key: value for key, value in said.items() if value})
    if rules.trainer:
        from ttsprep import trainer as trainers

        rules = trainers.apply(rules, trainers.load(rules.trainer), own=recipe not in shipped())
    forms = tuple(dict.fromkeys((*rules.export, *export)))
    rules = rules.model_copy(update={"export": forms})
    if rules.language:
        voice(rules.language)
    return rules


def _with_model(rules: "Recipe", model: str) -> "Recipe":
    """Put in the weights that are named, and see that what a model needs is installed."""
    if not rules.transcribe:
        if model:
            raise UsageError(
                "--asr-model has no effect without [transcribe] in the recipe, such as --recipe transcribe"
            )
        return rules
    from ttsprep.listening.base import listener

    section = rules.transcribe.model_copy(update={"model": model} if model else {})
    listener("asr", section.model, asked_by="[transcribe] in the recipe")
    return rules.model_copy(update={"transcribe": section})


def _name(source: Path | None) -> str:
    path = (source or Path()).resolve()
    return path.stem if path.is_file() else path.name or "corpus"


def _agreed(needs: "Needs", yes: bool) -> bool:
    """Ask whether to fetch; where nobody can answer that is a no."""
    console.tell(needs.describe())
    if yes:
        return True
    if not (sys.stdin and sys.stdin.isatty()):
        console.tell("nobody is there to agree: give --yes to fetch it")
        return False
    return typer.confirm("Fetch it?", default=False, err=True)


def new_recipe() -> None:
    """Print a recipe with every key, its default and what it does: ttsprep recipe new > my.toml."""
    from ttsprep.recipe_template import template

    console.write(template())


def trainers() -> None:
    """List the trainers that a build can be made for, with --for."""
    from ttsprep import trainer

    views_build.show_trainers({name: trainer.load(name) for name in trainer.trainers()})
