"""The command line: parses, calls, prints, and maps errors to exit codes.

Exit codes: 0 nothing at or above ``--fail-on``, 1 findings, 2 could not run, 130 stopped with Ctrl-C.
"""

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ttsprep import __version__
from ttsprep.cli import audit as views
from ttsprep.cli import console
from ttsprep.cli.build import build, new_recipe, trainers
from ttsprep.cli.codec import codec, decode, encode
from ttsprep.cli.explain import explain
from ttsprep.cli.inspect import inspect
from ttsprep.cli.options import AsJson, AudioRoot, Cluster, Columns, FollowLinks, Jobs, reading_options
from ttsprep.core.errors import TtsprepError, UsageError
from ttsprep.core.workers.pool import cores
from ttsprep.core.workers.ray_cluster import connected

if TYPE_CHECKING:
    from ttsprep.audit.pipeline import Audit, Audited
    from ttsprep.models.base import SelectedModels

STOPPED = 130

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

_Refused: type[Exception] = typer.BadParameter.__mro__[2]
"""click's ClickException, which some versions of typer bring along themselves."""


class FailOn(StrEnum):
    """The least severity that makes the exit code 1."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    NEVER = "never"


RecipeName = Annotated[str, typer.Option("--recipe", metavar="R", help="A recipe by name, or a .toml file.")]


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Turn recorded speech and transcripts into text-to-speech training data people can trust."""
    if version:
        console.write(f"ttsprep {__version__}\n")
    elif context.invoked_subcommand is None:
        console.write(context.get_help() + "\n")
        raise typer.Exit(2)
    if version:
        raise typer.Exit


@app.command("audit")
def _audit(
    corpus: Annotated[Path, typer.Argument(metavar="CORPUS", help="Folder of the corpus, or its metadata file.")],
    *,
    layout: Annotated[str, typer.Option(metavar="NAME", help="How it is arranged. [default: auto]")] = "",
    language: Annotated[
        str, typer.Option(metavar="TAG", help="Of clips that do not say theirs. [default: en-us]")
    ] = "",
    columns: Columns = "",
    audio_root: AudioRoot = None,
    follow_links: FollowLinks = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the results go. [default: ./NAME.audit]")
    ] = None,
    select: Annotated[list[str] | None, typer.Option(metavar="CODE", help="Judge only this; may be repeated.")] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Do not judge this; may be repeated.")
    ] = None,
    fail_on: Annotated[FailOn, typer.Option(help="Exit with 1 from this severity on.")] = FailOn.ERROR,
    jobs: Jobs = None,
    cluster: Cluster = "",
    recipe: RecipeName = "",
    prompts: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Sentences, one a line: say which to record next."),
    ] = None,
    prompt_count: Annotated[int, typer.Option(metavar="N", min=1, help="How many of them.")] = 20,
    listen: Annotated[
        list[str] | None,
        typer.Option(metavar="MODEL", help="Also listen: asr (is the text what is said), speaker, mos, vad."),
    ] = None,
    asr_model: Annotated[
        str, typer.Option(metavar="PATH|NAME", help="Whisper weights for --listen asr. [default: base]")
    ] = "",
    speaker_model: Annotated[
        str, typer.Option(metavar="PATH|NAME", help="CAM++ weights for --listen speaker. [default: GE2E]")
    ] = "",
    codes: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Codes of this corpus, from encode: judge and show them, too.")
    ] = None,
    as_json: AsJson = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be read, and stop.")] = False,
) -> int:
    """Find what is wrong with a corpus, how badly, and how to fix it.

    Only reads the corpus. A second audit measures only what has changed; one that was stopped goes on.
    """
    from ttsprep.build.options import audit_recipe, corpus_name

    reading = {"layout": layout, "language": language}
    reading |= reading_options(columns, audio_root, follow_links=follow_links)
    rules = audit_recipe(recipe, reading, select or (), ignore or ())
    sentences = _sentences(prompts)
    out = out or Path(f"{corpus_name(corpus)}.audit")
    asked = _models(listen or (), asr=asr_model, speaker=speaker_model)
    from ttsprep.corpora.source import readable

    _claim_audit(out, [corpus, *([codes] if codes else [])])
    with console.Meter() as meter:
        corpus = readable(corpus, progress=meter)
    if dry_run:
        from ttsprep.corpora.corpus import read_corpus

        views.show_plan(read_corpus(corpus, rules.layout, rules.language, rules.reading()), out, as_json=as_json)
        return 0

    from ttsprep.audit.pipeline import audit

    with connected(cluster, jobs=jobs, paths=[corpus]), console.Meter() as meter:
        result = audit(
            corpus,
            out,
            rules,
            jobs=cores(jobs),
            progress=meter,
            models=asked,
            codes=codes,
            report=_report,
        )
    suggestions = _suggestions(sentences, result, prompt_count)
    code = _exit_code(result, fail_on)
    if as_json:
        views.show_json(result, suggestions, code)
    else:
        views.show_audit(result, suggestions, language=language)
    return code


def _report(audited: "Audited") -> str:
    """Make the report; its packages are imported only where there is one to make."""
    from ttsprep.report.page import audit_report

    return audit_report(audited)


def _claim_audit(out: Path, sources: Sequence[Path]) -> None:
    """Refuse a folder that is not for this audit before anything is unpacked or read."""
    from ttsprep.audit.pipeline import KIND
    from ttsprep.core.output_folder import claim

    claim(KIND, out, sources)


def _models(names: Sequence[str], **weights: str) -> "SelectedModels":
    """Return the models that measure clips; name at once those that are not on this machine."""
    from ttsprep.build.options import audit_models

    models = audit_models(names, **weights)
    for why in models.skipped.values():
        console.tell(f"ttsprep: skipped: {console.printable(why)}")
    return models


def _sentences(prompts: Path | None) -> list[str]:
    if prompts is None:
        return []
    try:
        lines = prompts.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"{prompts} is not UTF-8 text (byte {error.start}): save it as UTF-8") from None
    except OSError as error:
        raise UsageError(f"cannot read {prompts}: {error.strerror}") from None
    sentences = [line.strip() for line in lines if line.strip()]
    if not sentences:
        raise UsageError(f"{prompts} has no sentence in it: give one a line")
    return sentences


def _suggestions(sentences: Sequence[str], result: "Audit", count: int) -> list[tuple[str, list[str]]]:
    """Say what to record next in the language that most clips are in, with what it adds."""
    if not sentences:
        return []
    from ttsprep.audit.prompts import suggest

    language = str(result.clips.language.value_counts().sort_index().idxmax())
    spoken = result.clips.phonemes[result.clips.language == language]
    return [(found.text, list(found.gains)) for found in suggest(sentences, spoken, language, count)]


def _exit_code(result: "Audit", fail_on: FailOn) -> int:
    from ttsprep.core.types import Severity

    if fail_on == FailOn.NEVER:
        return 0
    least = Severity(fail_on.value).rank
    counts: dict[str, int] = result.summary["severities"]
    if any(row["skipped"] for row in result.summary.get("listening", {}).values()):
        counts = counts | {"warning": 1}  # what was asked for and not done is as good as a warning
    return int(any(count for name, count in counts.items() if Severity(name).rank >= least))


app.command("build")(build)
app.command("encode")(encode)
app.command("decode")(decode)
app.command("inspect")(inspect)
app.command("explain")(explain)
app.add_typer(codec, name="codec")
app.command("trainers")(trainers)
_recipe = typer.Typer(help="Write a recipe of your own.", rich_markup_mode=None)
_recipe.command("new")(new_recipe)
app.add_typer(_recipe, name="recipe")


@_recipe.callback()
def _recipe_root() -> None:
    """Write a recipe of your own."""


@app.command("checks")
def _checks() -> None:
    """List everything that can be found."""
    from ttsprep.checks.base import all_checks

    views.show_checks(all_checks())


@app.command("selftest")
def _selftest(
    corpus: Annotated[Path, typer.Argument(metavar="CORPUS", help="Folder of the corpus, or its metadata file.")],
    layout: Annotated[str, typer.Option(metavar="NAME", help="How the corpus is arranged. [default: auto]")] = "",
    language: Annotated[
        str, typer.Option(metavar="TAG", help="Of clips that do not say theirs. [default: en-us]")
    ] = "",
    select: Annotated[list[str] | None, typer.Option(metavar="CODE", help="Plant only this; may be repeated.")] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Do not plant this; may be repeated.")
    ] = None,
    clips: Annotated[int, typer.Option(metavar="N", min=1, help="Clips to plant each defect in.")] = 20,
    jobs: Jobs = None,
    recipe: RecipeName = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
) -> int:
    """Plant known defects in copies of your own clips, and count what is found.

    Exits with 1 if a plain defect is found in under 95 % of the clips it was planted in.
    """
    from ttsprep.build.options import audit_recipe

    rules = audit_recipe(recipe, {"layout": layout, "language": language}, select or (), ignore or ())
    from ttsprep.audit.defects.selftest import selftest

    with console.Meter() as meter:
        result = selftest(
            corpus,
            rules,
            jobs=cores(jobs),
            per_defect=clips,
            progress=meter,
        )
    views.show_selftest(result, as_json=as_json)
    return int(any(outcome.missed_too_often for outcome in result.outcomes if outcome.defect.plain))


@app.command("recipes")
def _recipes() -> None:
    """List the recipes that come with ttsprep."""
    from ttsprep.build.config import load, shipped

    views.show_recipes({name: load(name).about for name in shipped()})


def main() -> int:
    """Run the command line and return the exit code; the console entry."""
    console.prepare_streams()
    try:
        code = typer.main.get_command(app).main(prog_name="ttsprep", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        code = STOPPED
    except TtsprepError as error:
        return console.complain(str(error))
    except _Refused as error:
        return console.complain(_hint(error))
    except OSError as error:
        return console.complain(f"{error.filename or 'the system'}: {error.strerror or error}")
    except Exception as error:
        return console.confess(error)
    if code == STOPPED:
        console.complain("stopped; what was measured is kept, and the same command goes on from there")
    return code if isinstance(code, int) else 0


def _hint(error: Exception) -> str:
    """Return a refused command line in one line, with where to look."""
    context = getattr(error, "ctx", None)
    place = context.command_path if context else "ttsprep"
    return f"{getattr(error, 'format_message', error.__str__)()} See: {place} --help"


if __name__ == "__main__":
    sys.exit(main())
