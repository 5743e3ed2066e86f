"""The command ``ttsprep compare``."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ttsprep.cli.console import COLOURS, pairs, plain_table, print_json, print_rich, printable, write
from ttsprep.cli.options import AsJson
from ttsprep.report.format import count, hours

if TYPE_CHECKING:
    from rich.table import Table

_MOST_NEW = 12
"""New findings that a terminal lists."""


class FailOnNew(StrEnum):
    """The least severity of a new finding that makes the exit code 1."""

    ERROR = "new-error"
    WARNING = "new-warning"
    NOTE = "new-note"
    NEVER = "never"


def compare(
    before: Annotated[Path, typer.Argument(metavar="OLD", help="Folder of the older audit or build.")],
    after: Annotated[Path, typer.Argument(metavar="NEW", help="Folder of the newer audit or build.")],
    *,
    fail_on: Annotated[
        FailOnNew, typer.Option(metavar="LEVEL", help="Exit with 1 for a new-error, new-warning or new-note, or never.")
    ] = FailOnNew.NEVER,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page, too.")] = None,
    markdown: Annotated[bool, typer.Option("--md", help="Print Markdown, for a pull request.")] = False,
    as_json: AsJson = False,
) -> int:
    """Show what is new, gone or changed between two audits or builds.

    A clip is the same by its id, else by its audio and text. Two builds are compared by what was built; of an audit
    and a build, the corpora are compared.
    """
    from ttsprep.audit.baseline.compare import compare as run
    from ttsprep.report.comparison_page import comparison_markdown

    result = run(before, after)
    if html is not None:
        from ttsprep.audit.results import root_of
        from ttsprep.core.output_folder import claim_page

        corpora = (root_of(side, None)[0] for side in (result.before, result.after))
        claim_page("compare", html, [before, after, *filter(None, corpora)])
    document = result.document()
    if html is not None:
        from ttsprep.core.files import atomic_write
        from ttsprep.report.comparison_page import comparison_page

        atomic_write(html, comparison_page(result).encode())
    if as_json:
        print_json(document)
    elif markdown:
        write(comparison_markdown(document))
    else:
        show_comparison(document, html)
    return failed(document, fail_on)


def failed(document: dict[str, Any], fail_on: FailOnNew) -> int:
    """Return 1 if a finding of this severity or a worse one is new."""
    least = fail_on.value.removeprefix("new-")
    names = list(document["severities"])
    return int(least in names and any(document["severities"][name]["new"] for name in names[: names.index(least) + 1]))


def show_comparison(document: dict[str, Any], html: Path | None = None) -> None:
    """Show what differs: the hours, the conditions, the findings by code, and the new ones."""
    from rich.text import Text

    from ttsprep.report.comparison_page import clip_lines, headline, measure_line

    before, after = document["before"], document["after"]
    head = Text(f"{printable(before['name'])} → {printable(after['name'])}", "bold")
    head.append(f"\n{headline(document)}", "not bold")
    for line in clip_lines(document):
        head.append(f"\n  {line}", "not bold")
    for line in document["conditions"]:
        head.append(f"\n  {printable(line)}", "not bold yellow")
    parts: list[Any] = [head, Text()]
    if document["verdicts"]:
        rows = {
            f"{row['was']} → {row['now']}": f"{count(row['clips'], 'clip')}, {hours(row['hours'])}"
            for row in document["verdicts"]
        }
        parts += [pairs(rows), Text()]
    parts += [_codes(document), Text()] if document["codes"] else [Text("No finding differs.", "green"), Text()]
    if document["measures"]:
        parts += [pairs({row["name"]: measure_line(row) for row in document["measures"].values()}), Text()]
    new = [row for row in document["findings"] if row["change"] in {"new", "worse"}]
    if new:
        by_clip: dict[str, list[str]] = {}
        for row in new[:_MOST_NEW]:
            line = printable(f"{row['code']} ({row['now']}): {row['message']}")
            by_clip.setdefault(printable(row["clip"]) or "corpus", []).append(line)
        parts += [pairs({clip: "\n".join(lines) for clip, lines in by_clip.items()}), Text()]
    if len(new) > _MOST_NEW:
        parts += [Text(f"and {len(new) - _MOST_NEW:,} more: --json, --html FILE", "dim"), Text()]
    if html is not None:
        parts.append(pairs({"page": printable(str(html))}))
    print_rich(*parts[:-1] if html is None else parts)


def _codes(document: dict[str, Any]) -> "Table":
    from rich.text import Text

    table = plain_table()
    table.add_column("finding", no_wrap=True)
    for title in ("before", "now", "new", "gone", "worse", "milder"):
        table.add_column(title, justify="right", no_wrap=True)
    for code, row in document["codes"].items():
        numbers = [f"{row[name]:,}" if row[name] else "" for name in ("new", "gone", "worse", "milder")]
        sizes = [f"{row[name]:,}" for name in ("before", "after")]
        table.add_row(Text(code, f"bold {COLOURS[row['severity']]}"), *sizes, *numbers)
    return table
