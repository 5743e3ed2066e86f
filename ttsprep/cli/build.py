"""The command ``ttsprep build``."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ttsprep.cli import console
from ttsprep.cli.audit import length, pairs
from ttsprep.cli.console import count, printable, show, write
from ttsprep.cli.options import AsJson, AudioRoot, Cluster, Columns, FollowLinks, Jobs, reading_options
from ttsprep.core.errors import UsageError
from ttsprep.core.workers.pool import cores
from ttsprep.core.workers.ray_cluster import connected

if TYPE_CHECKING:
    from rich.table import Table

    from ttsprep.build.pipeline import Built, Draft
    from ttsprep.build.targets import Trainer
    from ttsprep.corpora.source import Needs

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
    columns: Columns = "",
    audio_root: AudioRoot = None,
    follow_links: FollowLinks = False,
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
    lenient: Annotated[bool, typer.Option("--lenient", help="Reject only what cannot be fixed.")] = False,
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
    from ttsprep.build.options import build_recipe, corpus_name

    selection: dict[str, Any] = {} if keep_hours is None else {"keep_hours": keep_hours}
    selection |= {"strictness": "strict" if strict else "lenient"} if strict or lenient else {}
    reading = {"layout": layout, "language": language}
    reading |= reading_options(columns, audio_root, follow_links=follow_links)
    rules = build_recipe(recipe, reading, trainer, export or (), asr_model, selection)
    out = out or OUT / (Path(recipe).stem if recipe else corpus_name(source or Path()))
    from ttsprep.build import pipeline as verb
    from ttsprep.build.output_folder import KIND
    from ttsprep.core.output_folder import claim
    from ttsprep.corpora import source as sources
    from ttsprep.report.page import build_report

    claim(KIND, out, [source] if source else [])  # before anything is fetched or unpacked
    with console.Meter() as meter:
        if source is None and dry_run and sources.find(rules.source, data=data) is None:
            needed = sources.needs(rules.source, data=data)
            if needed.missing:
                show_needs(needed, as_json=as_json)
                return 0
        if source is None:
            source = sources.get(rules.source, data=data, confirm=lambda needs: _agreed(needs, yes), progress=meter)
        source = sources.readable(source, data=data, progress=meter)
        with connected(
            cluster, jobs=jobs, paths=[source, next(path for path in out.absolute().parents if path.exists())]
        ):
            if dry_run:
                draft = verb.draft(source, out, rules, jobs=cores(jobs), decisions=decisions, progress=meter)
            else:
                built = verb.build(
                    source, out, rules, jobs=cores(jobs), decisions=decisions, progress=meter, report=build_report
                )
    if dry_run:
        show_draft(draft, out, as_json=as_json)
    else:
        show_built(built, as_json=as_json)
    return 0


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
    from ttsprep.build.config_template import template

    console.write(template())


def trainers() -> None:
    """List the trainers that a build can be made for, with --for."""
    from ttsprep.build import targets as trainer

    show_trainers({name: trainer.load(name) for name in trainer.trainers()})


MOST = 6
"""Reasons, sounds and exports that are named; the files have the others."""


def show_needs(needs: "Needs", *, as_json: bool) -> None:
    """Show what would be fetched before anything can be planned."""
    if as_json:
        document = {
            "source": needs.source.name,
            "would_fetch": [download.url for download in needs.missing],
            "bytes": needs.bytes,
            "into": printable(str(needs.folder)),
        }
        write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    else:
        write(needs.describe() + "\n")


def show_draft(draft: "Draft", out: Path, *, as_json: bool) -> None:
    """Show what a build would do."""
    document = draft.describe()
    if as_json:
        write(json.dumps(document | {"out": printable(str(out))}, ensure_ascii=False, indent=2) + "\n")
        return
    source, result, rejected = (document[key] for key in ("source", "result", "rejected"))
    rows = {
        "source": f"{printable(source['corpus'])}: {_size(source)}, read as {source['layout']}",
        "would reject": _size(rejected) + _listed(rejected["reasons"]),
        "would build": f"{_size(result)} before trimming, about {result['bytes'] / 1e6:,.0f} MB of audio",
        "stages": " → ".join(document["stages"]),
        "exports": ", ".join(document["exports"]),
        "would write": printable(str(out)),
    }
    show(pairs(rows | _sounds(document)))


def show_built(built: "Built", *, as_json: bool) -> None:
    """Show what became of the corpus, and where everything is."""
    document = built.document
    if as_json:
        write(json.dumps(document | {"out": printable(str(built.out))}, ensure_ascii=False, indent=2) + "\n")
        return
    from rich.text import Text

    source, result, rejected = (document[key] for key in ("source", "result", "rejected"))
    rates = ", ".join(f"{rate:,} Hz" for rate in result["sample_rates"])
    rows = {
        "source": f"{printable(source['corpus'])}: {_size(source)}, read as {source['layout']}",
        "rejected": _size(rejected) + _listed(rejected["reasons"]),
        "built": f"{_size(result)} at {rates}" + (f", {result['speakers']} speakers" if result["speakers"] else ""),
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
    where |= {"train": built.use} if built.use else {}
    show(*parts, pairs(where))


def show_trainers(trainers: Mapping[str, "Trainer"]) -> None:
    """Show each trainer with how it is pointed at a build."""
    from rich.text import Text

    parts: list[Any] = []
    for name, trainer in trainers.items():
        parts += [Text.assemble((name, "bold"), f"  {trainer.about}"), Text(f"    {trainer.use}", "dim")]
    show(*parts)


def _size(numbers: Mapping[str, Any]) -> str:
    return f"{count(numbers['clips'], 'clip')}, {length(numbers['hours'])}"


def _listed(reasons: Mapping[str, int]) -> str:
    named = [f"{code} {number:,}" for code, number in list(reasons.items())[:MOST]]
    more = [f"{len(reasons) - MOST} more reasons"] if len(reasons) > MOST else []
    return f" ({', '.join(named + more)})" if named else ""


def _sounds(document: Mapping[str, Any]) -> dict[str, str]:
    """Say which phones and diphones the rejections cost, and which clips were spared for theirs."""
    rows = {}
    lost: Mapping[str, list[str]] = document["lost_sounds"]
    if lost:
        clips = {name for names in lost.values() for name in names}
        shown = ", ".join(f"/{sound}/" for sound in list(lost)[:MOST])
        kind = "phones or diphones" if any(" " not in sound for sound in lost) else "diphones"
        rows["lost"] = f"{len(lost):,} {kind} that only {count(len(clips), 'rejected clip')} had: {shown} …"
    if document["kept_for_coverage"]:
        rows["spared"] = f"{count(len(document['kept_for_coverage']), 'doubtful clip')} with a phone that no other has"
    return rows


def _unknown(document: Mapping[str, Any]) -> dict[str, str]:
    """Say which symbols the trainer does not know."""
    unknown: Mapping[str, list[str]] = document["out_of_vocabulary"]
    if not unknown:
        return {}
    trainer = document["recipe"]["trainer"]
    shown = ", ".join(
        f"{printable(symbol)!r} in {count(len(names), 'clip')}" for symbol, names in list(unknown.items())[:MOST]
    )
    return {"unknown": f"{len(unknown)} symbols that {trainer} does not have: {shown}"}


def _findings(found: Mapping[str, Mapping[str, int]]) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False, header_style="dim", show_edge=False)
    for title in ("before", "after"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("clips with an error or a warning")
    for code, row in found.items():
        table.add_row(f"{row['before']:,}", Text(f"{row['after']:,}", "yellow" if row["after"] else "green"), code)
    return table
