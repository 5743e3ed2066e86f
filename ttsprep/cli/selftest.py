"""The command ``ttsprep selftest`` and its results."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ttsprep.cli import console
from ttsprep.cli.console import plain_table, print_json, print_rich, printable
from ttsprep.cli.options import AsJson, CodeNames, CorpusPath, Jobs, ReadingGroup, RecipeName, grouped, recipe_for
from ttsprep.core.workers.pool import cores
from ttsprep.report.format import count

if TYPE_CHECKING:
    from ttsprep.audit.defects.selftest import SelfTest


@grouped
def selftest(
    corpus: CorpusPath,
    *,
    reading: ReadingGroup,
    select: Annotated[CodeNames, typer.Option(metavar="CODE", help="Plant only this defect; may be repeated.")] = None,
    ignore: Annotated[
        CodeNames, typer.Option(metavar="CODE", help="Do not plant this defect; may be repeated.")
    ] = None,
    clips: Annotated[int, typer.Option(metavar="N", min=1, help="Clips to plant each defect in.")] = 20,
    jobs: Jobs = None,
    recipe: RecipeName = "",
    as_json: AsJson = False,
) -> int:
    """Plant defects in your clips, and count what an audit detects.

    The defects are in copies; the corpus is only read. The exit code is 1 if under 95 % of the clips with an
    obvious defect are detected.
    """
    from ttsprep.audit.defects.selftest import selftest as run
    from ttsprep.build.options import audit_recipe
    from ttsprep.corpora.source import readable

    rules = audit_recipe(recipe_for(recipe, corpus), reading.keys(), select or (), ignore or ())
    with console.Meter() as meter:
        corpus = readable(corpus, progress=meter)
        result = run(corpus, rules, jobs=cores(jobs), per_defect=clips, progress=meter)
    show_selftest(result, as_json=as_json)
    return int(any(outcome.missed_too_often for outcome in result.outcomes if outcome.defect.plain))


def show_selftest(result: "SelfTest", *, as_json: bool) -> None:
    """Show how often each planted defect is detected, and the findings of the clips without one."""
    if as_json:
        print_json(_document(result))
        return
    from rich.text import Text

    table = plain_table()
    table.add_column("detected", justify="right", no_wrap=True)
    table.add_column("finding", no_wrap=True)
    table.add_column("defect")
    for outcome in result.outcomes:
        colour = "red" if outcome.missed_too_often else "green"
        faint = "" if outcome.defect.plain else " (faint)"
        rate = Text(f"{outcome.detected}/{outcome.planted}", colour)
        table.add_row(rate, Text(outcome.defect.code, "bold"), Text(outcome.defect.name + faint))
    clean = Text(f"{count(result.clips, 'clip')} without a planted defect: ", "bold")
    clean.append(
        f"{result.with_error / result.clips:.1%} with an error, {result.with_warning / result.clips:.1%} with a "
        "warning. These are false alarms if the clips are clean.",
        "not bold",
    )
    alarms = ", ".join(
        f"{code} {severity} {number}"
        for (code, severity), number in sorted(result.alarms.items())
        if severity != "note"
    )
    print_rich(table, Text(), clean, Text(alarms, "dim"))


def _document(result: "SelfTest") -> dict[str, Any]:
    return {
        "clips": result.clips,
        "clips_with_error": result.with_error,
        "clips_with_warning": result.with_warning,
        "alarms": [
            {"code": code, "severity": severity, "clips": number}
            for (code, severity), number in sorted(result.alarms.items())
        ],
        "defects": [
            {
                "code": outcome.defect.code,
                "planted_as": outcome.defect.name,
                "plain": outcome.defect.plain,
                "planted": outcome.planted,
                "detected": outcome.detected,
                "missed": [printable(name) for name in outcome.missed],
            }
            for outcome in result.outcomes
        ],
    }
