"""What ``ttsprep explain`` shows in a terminal."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttsprep.cli.audit import COLOURS, VERDICTS, pairs
from ttsprep.cli.console import count, printable, show, write
from ttsprep.cli.terminal_plot import MeasureTable, Strip
from ttsprep.report.clip.report import becomes, facts, nats, place, unmeasured

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from ttsprep.audit.percentiles import Measure
    from ttsprep.report.clip.report import Dossier, Found


REPEATED = frozenset({"text_folded", "said"})
"""Measures that say again what is shown above."""


def show_clip(dossier: "Dossier", page: Path | None, *, as_json: bool) -> None:
    """Show everything known of a clip, and where its page is."""
    if as_json:
        where = {"page": None if page is None else printable(str(page))}
        write(json.dumps(dossier.document() | where, ensure_ascii=False, indent=2, allow_nan=False) + "\n")
        return
    from rich.padding import Padding
    from rich.text import Text

    parts: list[Any] = [_head(dossier), Text(printable(dossier.clip.text) or "(no text)"), Text()]
    parts += [pairs(_facts(dossier)), Text()]
    if dossier.sound.samples is not None:
        parts += [Strip(dossier), Text()]
    parts += [Text("Findings", "bold")]
    parts += [Padding(_finding(found), (0, 0, 1, 2)) for found in dossier.findings] or [Text("  none\n", "green")]
    parts += [*_said(dossier), Text("Measures", "bold"), MeasureTable(dossier.measures)]
    parts += [Padding(part, (0, 0, 0, 2)) for part in _others(dossier.measures)]
    hints = {} if page is None else {"page": printable(str(page))}
    if dossier.heard is None and dossier.sound.decoded is not None:
        hints["words"] = "--asr-model PATH|NAME scores each of them, and puts them in time"
    parts += [Text(), pairs(hints)]
    show(*parts)


def _head(dossier: "Dossier") -> "Text":
    from rich.text import Text

    head = Text(printable(dossier.row["id"]), "bold")
    head.append(f"  {dossier.verdict.value}", f"bold {VERDICTS[dossier.verdict.value]}")
    return head.append(f"  {becomes(dossier)}", "not bold dim")


def _facts(dossier: "Dossier") -> dict[str, str]:
    known = {name: printable(value) for name, value in facts(dossier).items()}
    if dossier.missing:
        known["now"] = printable(dossier.missing)
    if dossier.fate is not None:
        kept = "kept" if dossier.fate.kept else "not in it"
        known["build"] = printable(f"{dossier.fate.build}: {kept}; {dossier.fate.reason}")
    return known


def _finding(found: "Found") -> "Table":
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    colour = COLOURS[found.severity]
    head = Text.assemble(
        (found.severity, colour), "  ", (found.code, f"bold {colour}"), *([f"  {place(found)}"] * bool(place(found)))
    )
    rows = {"seen": found.message}
    if found.entry is not None:
        rows |= {"why": found.entry.impact, "fix": found.entry.fix}
    if found.stage:
        rows["build"] = f"the stage {found.stage} of a build does it"
    table = Table.grid()
    table.add_row(head)
    table.add_row(Padding(pairs({name: printable(text) for name, text in rows.items()}), (0, 0, 0, 2)))
    return table


def _said(dossier: "Dossier") -> list[Any]:
    """Show what was heard against what is written, and the words that seem not to be said."""
    from rich.padding import Padding
    from rich.text import Text

    heard = dossier.heard
    if heard is None and not dossier.said:
        return []
    parts: list[Any] = [Text("Said", "bold")]
    if heard is not None and heard.missing:
        parts += [Text(f"  no scores of words: {printable(heard.missing)}")]
    if dossier.passages:
        parts += [Padding(_difference(dossier), (0, 0, 0, 2))]
    if heard is not None and heard.words:
        doubted = [word for word in heard.words if word.doubted]
        seems = f"{count(len(doubted), 'word')} of {len(heard.words)} seem{'s' * (len(doubted) == 1)} not to be said"
        if doubted and _passed(dossier):
            seems += ", too little for a finding"
        sums = seems if doubted else f"all {len(heard.words)} words are there"
        parts += [Padding(Text(f"{sums} ({heard.model})", "dim"), (0, 0, 0, 2))]
        for word in doubted:
            when = f"{word.start:6.2f} to {word.end:.2f} s"
            parts += [Text(f"  {when}  {printable(word.word)}  {nats(word.score or 0.0)}")]
    return [*parts, Text()]


def _passed(dossier: "Dossier") -> bool:
    """Say whether an audit compared the text with what is said, and found nothing."""
    compared = dossier.row.get("mismatch_nats") is not None
    return compared and all(found.code != "transcript-mismatch" for found in dossier.findings)


def _difference(dossier: "Dossier") -> "Text":
    """Show both texts in one, as wdiff does: [-what is only written-] {+what is only said+}."""
    from rich.text import Text

    text = Text()
    for passage in dossier.passages:
        if passage.same:
            text.append(f"{printable(passage.written)} ")
            continue
        if passage.written:
            text.append(f"[-{printable(passage.written)}-]", "red").append(" ")
        if passage.heard:
            text.append(f"{{+{printable(passage.heard)}+}}", "green").append(" ")
    text.rstrip()
    return text


def _others(measures: Sequence["Measure"]) -> list[Any]:
    """Show the measures that are text, and say which are not there."""
    from rich.text import Text

    texts = {m.name: printable(m.value) for m in measures if isinstance(m.value, str) and m.name not in REPEATED}
    return [pairs(texts), *(Text(sentence, "dim") for sentence in unmeasured(measures))]


def show_code_json(entry: Any, judge: Any) -> None:
    """Print what a finding is, with the thresholds as they are set."""
    from ttsprep.checks.describe import thresholds

    document = {name: getattr(entry, name) for name in ("code", "summary", "measured", "impact", "fix")}
    limits = {limit.name: {"value": limit.value, "meaning": limit.meaning} for limit in thresholds(judge)}
    write(json.dumps(document | {"check": judge.name, "limits": limits}, ensure_ascii=False, indent=2) + "\n")
