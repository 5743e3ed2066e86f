"""The command ``ttsprep build`` and its results, and the lists of recipes and trainers."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ttsprep.cli import console
from ttsprep.cli.console import pairs, plain_table, print_json, print_rich, printable, proposed_texts, write
from ttsprep.cli.options import (
    AsJson,
    Decisions,
    ForTrainer,
    KeepHours,
    Lenient,
    Listen,
    Rate,
    ReadingGroup,
    RecipeName,
    SpeakerModel,
    Strict,
    WorkersGroup,
    grouped,
    listening_models,
    recipe_for,
)
from ttsprep.core.errors import UsageError
from ttsprep.core.output_folder import claim, corpus_name
from ttsprep.core.workers.pool import cores
from ttsprep.core.workers.ray_cluster import connected
from ttsprep.report.format import count, hours

if TYPE_CHECKING:
    from rich.table import Table

    from ttsprep.build.pipeline import Built, Draft
    from ttsprep.build.targets import TrainerProfile
    from ttsprep.corpora.source import Needs

OUT = Path("build")
"""Folder of the builds, each in a folder named after its recipe."""


@dataclass(frozen=True, slots=True)
class PlacesGroup:
    """Where a build finds its corpus, and where it goes."""

    source: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the corpus. [default: the one that the recipe names]")
    ] = None
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of downloaded corpora. [env: TTSPREP_DATA]")
    ] = None
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="The build. [default: ./build/RECIPE]")
    ] = None


@dataclass(frozen=True, slots=True)
class GoalGroup:
    """What is built for."""

    trainer: ForTrainer = ""
    rate: Rate = 0


@dataclass(frozen=True, slots=True)
class ContentGroup:
    """Which clips are built, and how."""

    export: Annotated[
        list[str] | None, typer.Option(metavar="FORM", help="Export in this form too; may be repeated.")
    ] = None
    licence: Annotated[
        str, typer.Option(metavar="NAME", help="Licence of recordings and texts, for the card: cc-by-4.0 ...")
    ] = ""
    decisions: Decisions = None
    keep_hours: KeepHours = None
    strict: Strict = False
    lenient: Lenient = False
    listen: Listen = None
    asr_model: Annotated[
        str,
        typer.Option(metavar="PATH|NAME", help="Whisper weights for --listen asr or [transcribe]. [default: base]"),
    ] = ""
    speaker_model: SpeakerModel = ""


@dataclass(frozen=True, slots=True)
class _ResultGroup:
    """What is asked and shown."""

    yes: Annotated[bool, typer.Option("--yes", help="Download without asking.")] = False
    as_json: AsJson = False
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be built, and stop.")] = False


@grouped
def build(
    *,
    recipe: RecipeName = "",
    places: PlacesGroup,
    goal: GoalGroup,
    reading: ReadingGroup,
    content: ContentGroup,
    workers: WorkersGroup,
    result: _ResultGroup,
) -> int:
    """Build a clean, normalised copy of a corpus, ready to train on.

    Each rejected clip has its reason. The corpus is only read. A second build processes only what has changed; after
    an interruption the same command resumes.
    """
    source, data = places.source, places.data
    if not recipe and source is None:
        raise UsageError("nothing to build: give --recipe NAME (see: ttsprep recipes) or --source DIR")
    from ttsprep.build.options import Target, build_recipe, with_licence

    out = places.out or OUT / (Path(recipe).stem if recipe else corpus_name(source or Path()))
    recipe = recipe if source is None else recipe_for(recipe, source)
    target = Target(goal.trainer, goal.rate, content.strict, content.lenient, content.keep_hours)
    listen, weights = content.listen or (), content.asr_model
    rules = build_recipe(recipe, reading.keys(), target, content.export or (), weights, listen)
    rules = with_licence(rules, content.licence)
    models = listening_models(listen, asr=weights if "asr" in listen else "", speaker=content.speaker_model)
    from ttsprep.build import pipeline as verb
    from ttsprep.build.output_folder import KIND
    from ttsprep.corpora import source as sources
    from ttsprep.report.page import build_report

    claim(KIND, out, [place for place in (source, reading.audio_root) if place])
    jobs, decisions = cores(workers.jobs), content.decisions
    with console.Meter() as meter:
        if source is None and result.dry_run and sources.find(rules.source, data=data) is None:
            needed = sources.needs(rules.source, data=data)
            if needed.missing:
                show_download(needed, as_json=result.as_json)
                return 0
        if source is None:
            agreed = partial(_agreed, yes=result.yes)
            source = sources.get(rules.source, data=data, confirm=agreed, progress=meter)
        source = sources.readable(source, data=data, progress=meter)
        paths = [source, next(path for path in out.absolute().parents if path.exists())]
        with connected(workers.cluster, jobs=workers.jobs, paths=paths):
            if result.dry_run:
                draft = verb.draft(source, out, rules, jobs=jobs, decisions=decisions, models=models, progress=meter)
            else:
                built = verb.build(
                    source,
                    out,
                    rules,
                    jobs=jobs,
                    decisions=decisions,
                    models=models,
                    progress=meter,
                    report=build_report,
                )
    if result.dry_run:
        show_draft(draft, out, as_json=result.as_json)
    else:
        show_built(built, as_json=result.as_json)
    return 0


def _agreed(needs: "Needs", *, yes: bool) -> bool:
    """Ask whether to download; the answer is no without a terminal."""
    console.log(needs.describe())
    if yes:
        return True
    if not (sys.stdin and sys.stdin.isatty()):
        console.log("not a terminal: pass --yes to download")
        return False
    return typer.confirm("Download?", default=False, err=True)


def new_recipe() -> None:
    """Print a recipe with every key, its default and what it does: ttsprep recipe new > my.toml."""
    from ttsprep.build.config_template import template

    console.write(template())


def trainers() -> None:
    """List the trainers that ttsprep build --for can prepare for."""
    from ttsprep.build import targets as trainer

    show_trainers({name: trainer.load_trainer(name) for name in trainer.trainers()})


def recipes() -> None:
    """List the recipes that come with ttsprep."""
    from ttsprep.build.config import load, shipped

    print_rich(pairs({name: load(name).about for name in sorted(shipped())}))


_MOST = 6
"""Reasons and sounds that are named; the files have the others."""


def show_download(needs: "Needs", *, as_json: bool) -> None:
    """Show what would be downloaded before anything can be planned."""
    if as_json:
        document = {
            "source": needs.source.name,
            "would_fetch": [download.url for download in needs.missing],
            "bytes": needs.bytes,
            "into": printable(str(needs.folder)),
        }
        print_json(document)
    else:
        write(needs.describe() + "\n")


def show_draft(draft: "Draft", out: Path, *, as_json: bool) -> None:
    """Show what a build would do."""
    document = draft.describe()
    if as_json:
        print_json(document | {"out": printable(str(out))})
        return
    from ttsprep.report.goal import goal_line

    source, result, rejected = (document[key] for key in ("source", "result", "rejected"))
    rows = {
        "source": f"{printable(source['corpus'])}: {_size(source)}, read as {source['layout']}",
        "goal": goal_line(document),
        "would reject": _size(rejected) + _listed(rejected["reasons"]),
        "would build": f"{_size(result)} before trimming, about {result['bytes'] / 1e6:,.0f} MB of audio",
        "stages": " → ".join(document["stages"]),
        "exports": ", ".join(document["exports"]),
        "would write": printable(str(out)),
    }
    print_rich(pairs(rows | _sounds(document)))


def show_built(built: "Built", *, as_json: bool) -> None:
    """Show what was rejected and built, and where the results are."""
    document = built.document
    if as_json:
        print_json(document | {"out": printable(str(built.out))})
        return
    from rich.text import Text

    from ttsprep.build.output_folder import BEFORE
    from ttsprep.report.goal import goal_line

    source, result, rejected = (document[key] for key in ("source", "result", "rejected"))
    rates = ", ".join(f"{rate:,} Hz" for rate in result["sample_rates"])
    speakers = f", {count(result['speakers'], 'speaker')}" if result["speakers"] else ""
    rows = {
        "source": f"{printable(source['corpus'])}: {_size(source)}, read as {source['layout']}",
        "goal": goal_line(document),
        "rejected": _size(rejected) + _listed(rejected["reasons"]) + _late(rejected["late"]),
        "built": f"{_size(result)} at {rates}{speakers}",
        **{
            f"export {form}": f"without {number:,} of {count(result['clips'], 'clip')} that it cannot hold: see reasons"
            for form, number in document["refused_by_exports"].items()
        },
        "split": ", ".join(f"{name} {number:,}" for name, number in result["splits"].items()),
    }
    parts: list[Any] = [pairs(rows | _sounds(document) | _unknown(document)), Text()]
    if document["findings"]:
        parts += [_findings(document["findings"]), Text()]
    where = {
        "report": printable(str(built.out / "report.html")),
        "texts": printable(str(built.out / "metadata.csv")),
        "reasons": printable(str(built.out / "rejected.csv")),
    }
    where |= proposed_texts(built.out / BEFORE)
    where |= {"train": printable(built.train)} if built.train else {}
    print_rich(*parts, pairs(where))


def show_trainers(trainers: Mapping[str, "TrainerProfile"]) -> None:
    """Show each trainer with how it is installed."""
    from rich.text import Text

    parts: list[Any] = []
    for name, trainer in trainers.items():
        parts += [Text.assemble((name, "bold"), f"  {trainer.about}"), Text(f"    {trainer.training.install}", "dim")]
    print_rich(*parts)


def _size(numbers: Mapping[str, Any]) -> str:
    return f"{count(numbers['clips'], 'clip')}, {hours(numbers['hours'])}"


def _late(number: int) -> str:
    return f"; {number:,} of them only once built, which no audit of the source can say" if number else ""


def _listed(reasons: Mapping[str, int]) -> str:
    named = [f"{code} {number:,}" for code, number in list(reasons.items())[:_MOST]]
    more = [f"{len(reasons) - _MOST} more reasons"] if len(reasons) > _MOST else []
    return f" ({', '.join(named + more)})" if named else ""


def _sounds(document: Mapping[str, Any]) -> dict[str, str]:
    """Name the phones and diphones that the rejections cost, and count the clips kept for theirs."""
    rows = {}
    lost: Mapping[str, list[str]] = document["lost_sounds"]
    if lost:
        rejected = {name for names in lost.values() for name in names}
        shown = ", ".join(f"/{sound}/" for sound in list(lost)[:_MOST])
        kind = "sound" if any(" " not in sound for sound in lost) else "diphone"
        more = ", …" if len(lost) > _MOST else ""
        rows["lost"] = f"{count(len(lost), kind)} only in {count(len(rejected), 'rejected clip')}: {shown}{more}"
    if document["kept_for_coverage"]:
        clips = document["kept_for_coverage"]
        rows["kept for coverage"] = f"{count(len(clips), 'clip')} with an otherwise missing phone"
    return rows


def _unknown(document: Mapping[str, Any]) -> dict[str, str]:
    """Name the symbols that the trainer does not know."""
    unknown: Mapping[str, list[str]] = document["out_of_vocabulary"]
    if not unknown:
        return {}
    trainer = document["recipe"]["trainer"]
    shown = ", ".join(
        f"{printable(symbol)!r} in {count(len(names), 'clip')}" for symbol, names in list(unknown.items())[:_MOST]
    )
    return {"unknown": f"{count(len(unknown), 'symbol')} not in the vocabulary of {trainer}: {shown}"}


def _findings(codes: Mapping[str, Mapping[str, int]]) -> "Table":
    from rich.text import Text

    table = plain_table()
    for title in ("before", "after"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("clips with an error or a warning")
    for code, row in codes.items():
        table.add_row(f"{row['before']:,}", Text(f"{row['after']:,}", "yellow" if row["after"] else "green"), code)
    return table
