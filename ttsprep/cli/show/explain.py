"""What ``ttsprep explain`` shows in a terminal."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttsprep.cli.console import COLOURS, VERDICT_COLOURS, pairs, print_json, print_rich, printable
from ttsprep.cli.show.plot import MeasureTable, WaveformLine
from ttsprep.report.clip.text import nats, not_measured, property_table, time_span
from ttsprep.report.format import count

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

    from ttsprep.audit.percentiles import Measure
    from ttsprep.checks.base import Check, Code
    from ttsprep.report.clip.report import ClipFinding, ClipReport


REPEATED = frozenset({"text_folded", "asr_text"})
"""Measures that repeat what is shown above."""


def show_clip(report: "ClipReport", page: Path | None, *, as_json: bool) -> None:
    """Show everything known of a clip, and where its page is."""
    if as_json:
        where = {"page": None if page is None else printable(str(page))}
        print_json(report.document() | where)
        return
    from rich.padding import Padding
    from rich.text import Text

    parts: list[Any] = [_head(report), Text(printable(report.clip.text) or "(no text)"), Text()]
    parts += [pairs(_facts(report)), Text()]
    if report.audio.samples is not None:
        parts += [WaveformLine(report), Text()]
    parts += [Text("Findings", "bold")]
    parts += [Padding(_finding(finding), (0, 0, 1, 2)) for finding in report.findings] or [Text("  none\n", "green")]
    parts += [*_text_and_audio(report), Text("Measures", "bold"), MeasureTable(report.measures)]
    parts += [Padding(part, (0, 0, 0, 2)) for part in _others(report.measures)]
    hints = {} if page is None else {"page": printable(str(page))}
    if report.words is None and report.audio.decoded is not None:
        hints["words"] = "not scored: give --asr-model PATH|NAME"
    parts += [Text(), pairs(hints)]
    print_rich(*parts)


def _head(report: "ClipReport") -> "Text":
    from rich.text import Text

    head = Text(printable(report.row["id"]), "bold")
    head.append(f"  {report.verdict.value}", f"bold {VERDICT_COLOURS[report.verdict.value]}")
    return head.append(f"  {report.reason}", "not bold dim")


def _facts(report: "ClipReport") -> dict[str, str]:
    known = {name: printable(value) for name, value in property_table(report).items()}
    if report.audio_note:
        known["now"] = printable(report.audio_note)
    if report.outcome is not None:
        kept = "kept" if report.outcome.kept else "rejected"
        known["build"] = printable(f"{report.outcome.build}: {kept}; {report.outcome.reason}")
    return known


def _finding(finding: "ClipFinding") -> "Table":
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    colour = COLOURS[finding.severity]
    head = Text.assemble(
        (finding.severity, colour),
        "  ",
        (finding.code, f"bold {colour}"),
        *([f"  {time_span(finding)}"] * bool(time_span(finding))),
    )
    rows = {"message": finding.message}
    if finding.entry is not None:
        rows |= {"why": finding.entry.impact, "fix": finding.entry.fix}
    if finding.stage:
        rows["build"] = f"fixed by the stage {finding.stage}"
    table = Table.grid()
    table.add_row(head)
    table.add_row(Padding(pairs({name: printable(text) for name, text in rows.items()}), (0, 0, 0, 2)))
    return table


def _text_and_audio(report: "ClipReport") -> list[Any]:
    """Show the text against the transcription, and the words that are probably not spoken."""
    from rich.padding import Padding
    from rich.text import Text

    words = report.words
    if words is None and not report.transcription:
        return []
    parts: list[Any] = [Text("Text and audio", "bold")]
    if words is not None and words.missing:
        parts += [Text(f"  words are not scored: {printable(words.missing)}")]
    if report.diff:
        parts += [Padding(_difference(report), (0, 0, 0, 2))]
    if words is not None and words.words:
        doubted = [word for word in words.words if word.doubted]
        seems = f"{count(len(doubted), 'word')} of {len(words.words)} probably not spoken"
        if doubted and _passed(report):
            seems += ", too little for a finding"
        sums = seems if doubted else f"all {count(len(words.words), 'word')} spoken"
        parts += [Padding(Text(f"{sums} ({words.model})", "dim"), (0, 0, 0, 2))]
        for word in doubted:
            when = f"{word.start:6.2f} to {word.end:.2f} s"
            parts += [Text(f"  {when}  {printable(word.word)}  {nats(word.score or 0.0)}")]
    return [*parts, Text()]


def _passed(report: "ClipReport") -> bool:
    """Say whether an audit compared text and audio, and has no finding."""
    compared = report.row.get("mismatch_nats") is not None
    return compared and all(finding.code != "transcript-mismatch" for finding in report.findings)


def _difference(report: "ClipReport") -> "Text":
    """Show both texts in one, as wdiff does: [-only in the text-] {+only in the transcription+}."""
    from rich.text import Text

    text = Text()
    for passage in report.diff:
        if passage.same:
            text.append(f"{printable(passage.written)} ")
            continue
        if passage.written:
            text.append(f"[-{printable(passage.written)}-]", "red").append(" ")
        if passage.hypothesis:
            text.append(f"{{+{printable(passage.hypothesis)}+}}", "green").append(" ")
    text.rstrip()
    return text


def _others(measures: Sequence["Measure"]) -> list[Any]:
    """Show the measures that are text, and name those that are missing."""
    from rich.text import Text

    texts = {m.name: printable(m.value) for m in measures if isinstance(m.value, str) and m.name not in REPEATED}
    return [pairs(texts), *(Text(sentence, "dim") for sentence in not_measured(measures))]


def show_code(entry: "Code", judge: "Check", *, as_json: bool) -> None:
    """Show a finding of the catalogue, with the thresholds of a recipe."""
    from ttsprep.checks.describe import severity_reasons, thresholds

    limits = thresholds(judge)
    if as_json:
        document = {name: getattr(entry, name) for name in ("code", "summary", "measured", "impact", "fix")}
        meanings = {limit.name: {"value": limit.value, "meaning": limit.meaning} for limit in limits}
        print_json(document | {"check": judge.name, "limits": meanings})
        return
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    parts: list[Any] = [Text.assemble((entry.code, "bold"), ": ", entry.summary)]

    def section(title: str, content: "RenderableType") -> None:
        parts.extend((Text(), Text(title, "bold"), Padding(content, (0, 0, 0, 2))))

    section("How it is measured", Text(entry.measured))
    if limits:
        table = Table.grid(padding=(0, 2))
        for meaning, alike in groupby(limits, lambda limit: limit.meaning):
            table.add_row("\n".join(f"{limit.name} = {limit.value:g}" for limit in alike), Text(meaning, "dim"))
        section(f"Limits, as [checks.{judge.name}] in a recipe", table)
    section("Why it hurts", Text(entry.impact))
    if reason := severity_reasons().get(entry.code):  # a plug-in has none
        section("Why this severity", Text(reason))
    section("How to fix it", Text(entry.fix))
    print_rich(*parts)


def show_checks(checks: Mapping[str, type["Check"]]) -> None:
    """Show the catalogue of findings, check by check."""
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
    print_rich(table)
