"""The results as a person or a program reads them on stdout."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttsprep.cli.console import count, encodable, printable, show, write

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

    from ttsprep.audit.defects.selftest import SelfTest
    from ttsprep.audit.pipeline import Audit
    from ttsprep.checks.base import Check, Code
    from ttsprep.corpora.corpus import Corpus

COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}
VERDICTS = {"usable": "green", "fixable": "yellow", "to drop": "red"}
_LINES = 4
"""Lines about how the corpus was read that fit a terminal; a corpus may have a table a book."""
Suggestions = Sequence[tuple[str, Sequence[str]]]


def length(hours: float) -> str:
    """Write a duration: ``12.3 s``, ``41.7 min``, ``23.9 h``."""
    if hours < 1 / 60:
        return f"{hours * 3600:.1f} s"
    return f"{hours * 60:.1f} min" if hours < 1 else f"{hours:.1f} h"


def show_plan(plan: "Corpus", out: Path, *, as_json: bool) -> None:
    """Show what an audit would read."""
    languages = sorted({clip.language for clip in plan.clips})
    speakers = len({clip.speaker for clip in plan.clips} - {""})
    document = {
        "corpus": printable(str(plan.root)),
        "layout": plan.layout,
        "recognised_by": printable(plan.why),
        "reading": [printable(line) for line in plan.decided],
        "clips": len(plan.clips),
        "speakers": speakers,
        "languages": languages,
        "findings_in_metadata": len(plan.findings),
        "orphans": len(plan.orphans),
        "out": printable(str(out)),
    }
    if as_json:
        write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
        return
    rows = {
        "would read": f"{count(len(plan.clips), 'clip')} of {document['corpus']}",
        "layout": f"{plan.layout} ({document['recognised_by']})",
        **({"tables": "\n".join(map(printable, plan.decided[:_LINES]))} if plan.decided else {}),
        "speakers": str(speakers) if speakers else "not named: one is assumed",
        "language": ", ".join(languages),
        "metadata": count(len(plan.findings), "finding"),
        "left over": f"{count(len(plan.orphans), 'file')} that the metadata does not name",
        "would write": str(document["out"]),
    }
    show(pairs(rows))


def show_json(result: "Audit", suggestions: Suggestions, code: int) -> None:
    """Print the summary, the findings and the suggestions as one document."""
    findings = [
        {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in row.items()}
        for row in result.findings.to_dict("records")
    ]
    document = {
        **result.summary,
        "exit_code": code,
        "out": printable(str(result.out)),
        "findings": findings,
        "record_next": [{"text": text, "adds": list(gains)} for text, gains in suggestions],
    }
    write(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def show_audit(result: "Audit", suggestions: Suggestions, *, language: str) -> None:
    """Show what was read, the verdict, the findings worst first, and where the report is."""
    from rich.text import Text

    summary = result.summary
    parts: list[Any] = [_head(summary, language), Text(), _verdicts(summary), Text()]
    if "listening" in summary:
        parts += [pairs({name: _listened(row) for name, row in summary["listening"].items()}), Text()]
    parts += [_findings(summary), Text()] if summary["codes"] else [Text("Nothing was found.", "green"), Text()]
    if suggestions:
        parts += [_record_next(suggestions), Text()]
    worst = next(iter(summary["codes"]), "")
    where = {"report": printable(str(result.out / "report.html"))}
    if worst:
        where["more"] = f"ttsprep explain {worst}"
    show(*parts, pairs(where))


def _listened(row: Mapping[str, Any]) -> str:
    """Return one line: how many clips a model measured, and which it did not judge."""
    if row["skipped"]:
        return f"skipped: {printable(row['skipped'])}"
    said = [f"heard {count(row['heard'], 'clip')}"]
    said += [f"{row['not_heard']:,} not"] if row["not_heard"] else []
    said += [f"{part['code']} not judged in {part['clips']:,}: {part['why']}" for part in row["not_judged"]]
    return "; ".join(said)


def pairs(rows: Mapping[str, str]) -> "Table":
    """Lay out names and values in two columns."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(name, Text(value))
    return table


def _head(summary: Mapping[str, Any], language: str) -> "Text":
    from rich.text import Text

    text = Text(printable(summary["corpus"]), "bold")
    speakers = summary["speakers"]
    text.append(f": {count(summary['clips'], 'clip')}, {length(summary['hours'])}, ", "not bold")
    text.append(f"{count(speakers, 'speaker')}, " if speakers else "", "not bold")
    text.append("language " + ", ".join(summary["languages"]), "not bold")
    text.append("" if language else " (--language changes it)", "not bold dim")
    text.append(f"\nread as {summary['layout']}: {printable(summary['recognised_by'])}", "not bold dim")
    from ttsprep.audit.select import NO_TEXTS

    for line in summary["reading"][:_LINES]:
        text.append(f"\n  {printable(line)}", "not bold dim")
    if more := len(summary["reading"]) - _LINES:
        text.append(f"\n  and {more:,} more lines in summary.json" if more > 0 else "", "not bold dim")
    if NO_TEXTS in summary["codes"]:
        text.append(f"\n{_no_texts(summary)}", "bold red")
    return text


def _no_texts(summary: Mapping[str, Any]) -> str:
    """Say first what makes a corpus none for text to speech, and the three ways out."""
    return (
        f"No transcripts: none of the {count(summary['clips'], 'clip')} has a text. Three ways out: give the table of "
        "texts, or put NAME.txt beside NAME.wav (ttsprep inspect shows what is read); have a model write them down "
        "(ttsprep build --recipe transcribe); or --ignore text-missing where none is needed (voice conversion, codecs)"
    )


def _verdicts(summary: Mapping[str, Any]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for justify in ("left", "right", "right", "right", "left"):
        table.add_column(justify=justify, no_wrap=True)
    block = "█" if encodable("█") else "#"
    for name, colour in VERDICTS.items():
        row = summary["verdicts"][name]
        share = row["clips"] / max(1, summary["clips"])
        numbers = count(row["clips"], "clip"), length(row["hours"]), f"{100 * share:.1f} %"
        bar = block * max(round(share * 24), bool(row["clips"]))
        table.add_row(Text(name, f"bold {colour}"), *numbers, Text(bar, colour))
    return table


def _findings(summary: Mapping[str, Any]) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False, header_style="dim", show_edge=False)
    for title in (*COLOURS, "clips"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("finding", no_wrap=True)
    table.add_column("fix")  # gives way where the terminal is narrow
    for code, row in summary["codes"].items():
        numbers = [Text(f"{row[name]:,}" if row[name] else "", colour) for name, colour in COLOURS.items()]
        clips = Text(f"{row['clips']:,}" if row["clips"] else "corpus")
        table.add_row(*numbers, clips, Text(code, f"bold {COLOURS[row['severity']]}"), _fix(code))
    return table


def _fix(code: str) -> "Text":
    """Return the first sentence of what to do about a finding."""
    from rich.text import Text

    from ttsprep.checks.base import catalogue

    return Text(catalogue()[code][0].fix.split(". ")[0].rstrip("."), no_wrap=True, overflow="ellipsis")


def _record_next(suggestions: Suggestions) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False, header_style="dim", show_edge=False)
    table.add_column("record next", ratio=3)
    table.add_column("it adds", ratio=2)
    for text, gains in suggestions:
        table.add_row(Text(printable(text)), Text("  ".join(gains), "dim", no_wrap=True, overflow="ellipsis"))
    return table


def show_explanation(entry: "Code", judge: "Check") -> None:
    """Show a finding of the catalogue, with the thresholds as they are set."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from ttsprep.checks.describe import thresholds

    parts: list[Any] = [Text.assemble((entry.code, "bold"), ": ", entry.summary)]

    def section(title: str, content: "RenderableType") -> None:
        parts.extend((Text(), Text(title, "bold"), Padding(content, (0, 0, 0, 2))))

    section("How it is measured", Text(entry.measured))
    if limits := thresholds(judge):
        table = Table.grid(padding=(0, 2))
        for limit in limits:
            table.add_row(f"{limit.name} = {limit.value:g}", Text(limit.meaning, "dim"))
        section(f"The limits, as [checks.{judge.name}] in a recipe", table)
    section("Why it hurts", Text(entry.impact))
    section("The fix", Text(entry.fix))
    show(*parts)


def show_checks(checks: Mapping[str, type["Check"]]) -> None:
    """Show the catalogue, check by check."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    for name, check in checks.items():
        if not check.codes:
            continue
        if table.row_count:
            table.add_row()
        table.add_row(Text(name, "dim"), "")
        for code in check.codes:
            table.add_row(Text(f"  {code.code}", "bold"), Text(code.summary))
    show(table)


def show_recipes(recipes: Mapping[str, str]) -> None:
    """Show each recipe with what it says of itself."""
    show(pairs(dict(sorted(recipes.items()))))


def show_selftest(result: "SelfTest", *, as_json: bool) -> None:
    """Show what was found of each planted defect, and what was found on clips as they are."""
    if as_json:
        write(json.dumps(_selftest_document(result), ensure_ascii=False, indent=2) + "\n")
        return
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False, header_style="dim", show_edge=False)
    table.add_column("found", justify="right", no_wrap=True)
    table.add_column("finding", no_wrap=True)
    table.add_column("planted")
    for outcome in result.outcomes:
        colour = "red" if outcome.missed_too_often else "green"
        faint = "" if outcome.defect.plain else " (faint)"
        rate = Text(f"{outcome.found}/{outcome.planted}", colour)
        table.add_row(rate, Text(outcome.defect.code, "bold"), Text(outcome.defect.name + faint))
    clean = Text(f"{count(result.clips, 'clip')} as they are: ", "bold")
    clean.append(
        f"{result.with_error / result.clips:.1%} with an error, {result.with_warning / result.clips:.1%} with a "
        "warning. These are false alarms only where the clips are clean.",
        "not bold",
    )
    alarms = ", ".join(
        f"{code} {severity} {number}"
        for (code, severity), number in sorted(result.alarms.items())
        if severity != "note"
    )
    show(table, Text(), clean, Text(alarms, "dim"))


def _selftest_document(result: "SelfTest") -> dict[str, Any]:
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
                "found": outcome.found,
                "missed": [printable(name) for name in outcome.missed],
            }
            for outcome in result.outcomes
        ],
    }
