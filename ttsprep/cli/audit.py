"""The command ``ttsprep audit`` and its results."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ttsprep.cli import console
from ttsprep.cli.console import (
    COLOURS,
    VERDICT_COLOURS,
    encodable,
    pairs,
    plain_table,
    print_json,
    print_rich,
    printable,
    proposed_texts,
)
from ttsprep.cli.options import (
    AsJson,
    CodeNames,
    CorpusPath,
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
    flags,
    grouped,
    listening_models,
    read_lines,
    recipe_for,
)
from ttsprep.cli.show.outcome import FailOn, Form, Judged, judge, open_baseline, outcome_lines, write_outcome
from ttsprep.core.errors import UsageError
from ttsprep.core.output_folder import claim, corpus_name
from ttsprep.core.workers.pool import cores
from ttsprep.core.workers.ray_cluster import connected
from ttsprep.report.format import count, hours

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from ttsprep.audit.pipeline import Audit
    from ttsprep.corpora.corpus import Corpus

WIDE = 110
"""Columns from which on there is room for the fix of a finding; on fewer, ttsprep explain has it."""
_SPEAKER_PACKAGES = ("resemblyzer", "torch")
"""What ``--listen speaker`` needs; its own module takes longer to load than all that a second audit does."""
Suggestions = Sequence[tuple[str, Sequence[str]]]
_FORMAT = "How to print the result: text, json, jsonl, csv, github, gitlab, sarif, junit or md."
_LINES = 4
"""Lines about the tables of a corpus that fit a terminal; there may be a table a book."""


@dataclass(frozen=True, slots=True)
class JudgingGroup:
    """What is judged, and what fails a command."""

    select: Annotated[CodeNames, typer.Option(metavar="CODE", help="Judge only this finding; may be repeated.")] = None
    ignore: Annotated[CodeNames, typer.Option(metavar="CODE", help="Do not judge this finding; may be repeated.")] = (
        None
    )
    fail_on: Annotated[
        FailOn,
        typer.Option(
            metavar="LEVEL",
            help="Exit with 1 for a finding as severe as error, warning or note; with new-error, new-warning or "
            "new-note only for one that --baseline lacks; or never.",
        ),
    ] = FailOn.ERROR
    baseline: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Earlier audit: show what is new, gone or changed.")
    ] = None


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """What the clips are judged for."""

    recipe: RecipeName = ""
    trainer: ForTrainer = ""
    rate: Rate = 0
    strict: Strict = False
    lenient: Lenient = False
    keep_hours: KeepHours = None
    decisions: Decisions = None


@dataclass(frozen=True, slots=True)
class ExtrasGroup:
    """What an audit does on demand."""

    prompts: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Sentences, one per line: suggest which to record next.")
    ] = None
    prompt_count: Annotated[int, typer.Option(metavar="N", min=1, help="Number of sentences to suggest.")] = 20
    listen: Listen = None
    asr_model: Annotated[
        str, typer.Option(metavar="PATH|NAME", help="Whisper weights for --listen asr. [default: base]")
    ] = ""
    speaker_model: SpeakerModel = ""
    codes: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Tokens of this corpus, from ttsprep encode: judge them too.")
    ] = None


@dataclass(frozen=True, slots=True)
class _ResultGroup:
    """What a command shows."""

    form: Annotated[Form, typer.Option("--format", metavar="FORMAT", help=_FORMAT)] = Form.TEXT
    as_json: AsJson = False
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be read, and stop.")] = False


@grouped
def audit(
    corpus: CorpusPath,
    *,
    reading: ReadingGroup,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Folder for the results. [default: ./NAME.audit]")
    ] = None,
    judging: JudgingGroup,
    workers: WorkersGroup,
    wanted: TargetGroup,
    extras: ExtrasGroup,
    result: _ResultGroup,
) -> int:
    """Find what is wrong with a corpus, how badly, and how to fix it.

    The corpus is only read. A second audit measures only what has changed; after an interruption the same command
    resumes.
    """
    from ttsprep.audit.unchanged import remember_state, unchanged_summary

    if result.as_json and result.form not in {Form.TEXT, Form.JSON}:
        raise UsageError(f"--json and --format {result.form} exclude each other: give one of them")
    out = out or Path(f"{corpus_name(corpus)}.audit")
    wanted = replace(wanted, recipe=recipe_for(wanted.recipe, corpus))
    # a build has no --prompts and no --codes
    listening = ExtrasGroup(listen=extras.listen, asr_model=extras.asr_model, speaker_model=extras.speaker_model)
    following = shlex.join(["ttsprep", "build", "--source", str(corpus), *flags(reading, wanted, listening)])
    before = open_baseline(judging.baseline, judging.fail_on)
    inputs = [corpus if corpus.is_dir() else corpus.parent]
    inputs += filter(None, (reading.audio_root, extras.codes, wanted.decisions))
    inputs += [Path(wanted.recipe)] if Path(wanted.recipe).is_file() else []
    state = _state(out, inputs, (reading, judging, wanted, extras), workers, result)
    if (known := unchanged_summary(out, state)) is not None:
        with console.Meter() as meter:
            meter.start("measuring", known["clips"], 0)
        return _show(judge(known, out, judging.fail_on, wanted.recipe, before), [], result, following)

    from ttsprep.build.options import Target, audit_recipe

    target = Target(wanted.trainer, wanted.rate, wanted.strict, wanted.lenient, wanted.keep_hours)
    rules = audit_recipe(wanted.recipe, reading.keys(), judging.select or (), judging.ignore or (), target)
    sentences = read_lines(extras.prompts) if extras.prompts else []
    selected = listening_models(extras.listen or (), asr=extras.asr_model, speaker=extras.speaker_model)
    from ttsprep.audit.pipeline import AUDIT_KIND
    from ttsprep.corpora.source import readable

    claim(AUDIT_KIND, out, [corpus, *([extras.codes] if extras.codes else [])])  # before anything is unpacked or read
    with console.Meter() as meter:
        source = readable(corpus, progress=meter)
    if result.dry_run:
        from ttsprep.corpora.corpus import read_corpus

        show_plan(read_corpus(source, rules.layout, rules.language, rules.reading()), out, as_json=result.as_json)
        return 0

    from ttsprep.audit.pipeline import Extras
    from ttsprep.audit.pipeline import audit as run
    from ttsprep.report.page import audit_report

    with connected(workers.cluster, jobs=workers.jobs, paths=[source]), console.Meter() as meter:
        audited = run(
            source,
            out,
            rules,
            jobs=cores(workers.jobs),
            progress=meter,
            extras=Extras(selected, extras.codes, wanted.decisions),
            report=audit_report,
        )
    if "decoder-crashed" not in audited.summary["codes"]:  # what crashed is tried again
        remember_state(out, state, inputs)
    suggestions = _suggestions(sentences, audited, extras.prompt_count)
    return _show(judge(audited.summary, out, judging.fail_on, wanted.recipe, before), suggestions, result, following)


def _state(
    out: Path,
    inputs: Sequence[Path],
    options: tuple[ReadingGroup, JudgingGroup, TargetGroup, ExtrasGroup],
    workers: WorkersGroup,
    result: _ResultGroup,
) -> str:
    """Return what the results depend on, or "" where that is more than these options and files."""
    from ttsprep.audit.unchanged import input_state

    reading, judging, wanted, extras = options
    if extras.prompts or extras.listen or workers.cluster or reading.follow_links or result.dry_run:
        return ""
    judged = replace(judging, fail_on=FailOn.NEVER, baseline=None)
    depends = {"reading": reading, "judging": judged, "for": wanted, "extras": extras}
    return input_state(out, depends, inputs)


def _show(judged: Judged, suggestions: Suggestions, result: _ResultGroup, following: str) -> int:
    """Show an audit and the command that follows it, and return the exit code."""
    form = Form.JSON if result.as_json else result.form
    if form == Form.TEXT:
        show_audit(judged, suggestions, following)
    else:
        write_outcome(judged, form, suggestions)
    return judged.exit_code


def _suggestions(sentences: Sequence[str], result: "Audit", count: int) -> list[tuple[str, list[str]]]:
    """Return sentences to record next in the language of most clips, with the sounds that each adds."""
    if not sentences:
        return []
    from ttsprep.audit.sounds.prompts import suggest

    language = str(result.clips.language.value_counts().sort_index().idxmax())
    spoken = result.clips.phonemes[result.clips.language == language]
    return [(suggestion.text, list(suggestion.gains)) for suggestion in suggest(sentences, spoken, language, count)]


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
        print_json(document)
        return
    rows = {
        "would read": f"{count(len(plan.clips), 'clip')} of {document['corpus']}",
        "layout": f"{plan.layout} ({document['recognised_by']})",
        **({"tables": "\n".join(map(printable, plan.decided[:_LINES]))} if plan.decided else {}),
        "speakers": str(speakers) if speakers else "not given, assuming one",
        "language": ", ".join(languages),
        "metadata": count(len(plan.findings), "finding"),
        "orphans": f"{count(len(plan.orphans), 'file')} without a line in the metadata",
        "would write": str(document["out"]),
    }
    print_rich(pairs(rows))


def show_audit(judged: Judged, suggestions: Suggestions, following: str) -> None:
    """Show what was read, the verdict, the findings with most at stake first, and where the report is."""
    from rich.text import Text

    summary = judged.summary
    parts: list[Any] = [_head(summary), Text(), _verdicts(summary), Text()]
    listening = summary.get("listening", {})
    shown = {name: row for name, row in listening.items() if row["measured"] or row["not_judged"] or row["skipped"]}
    parts += [pairs({name: _listened(row) for name, row in shown.items()}), Text()] if shown else []
    parts += [_findings(summary), Text()] if summary["codes"] else [Text("No findings.", "green"), Text()]
    parts += [_record_next(suggestions), Text()] if suggestions else []
    lines = [Text(line, style) for line, style in outcome_lines(judged)]
    parts += [*lines, Text()] if lines else []
    worst = next(iter(summary["codes"]), "")
    where = {"report": printable(str(judged.out / "report.html"))}
    if worst:
        hear = printable(f"ttsprep review {shlex.quote(str(judged.out))}")
        where |= {"more": f"ttsprep explain {worst}", "hear": hear}
    if "speaker" not in listening and all(map(find_spec, _SPEAKER_PACKAGES)):
        where["voices"] = "judged by spectrum and pitch; --listen speaker compares them by a model (installed)"
    where |= proposed_texts(judged.out)
    lost = summary["verdicts"]["to drop"]["clips"] == summary["clips"] > 0
    longform = lost and worst == "too-long" and "--recipe" not in following
    where["next"] = printable(following) + " --recipe longform" * longform
    print_rich(*parts, pairs(where))


def _listened(row: Mapping[str, Any]) -> str:
    """Return one line: how many clips a model measured, and which it did not judge."""
    if row["skipped"]:
        return f"skipped: {printable(row['skipped'])}"
    rest = f"; not measured: {row['not_measured']:,}" * bool(row["not_measured"])
    left_out: dict[str, list[str]] = {}
    for one in row["not_judged"]:
        left_out.setdefault(one["code"], []).append(f"in {count(one['clips'], 'clip')}: {one['why']}")
    parts = (f"{code} not judged {', '.join(reasons)}" for code, reasons in left_out.items())
    return "; ".join([f"measured {count(row['measured'], 'clip')}{rest}", *parts])


def _head(summary: Mapping[str, Any]) -> "Text":
    from rich.text import Text

    text = Text(printable(summary["corpus"]), "bold")
    speakers = summary["speakers"]
    text.append(f": {count(summary['clips'], 'clip')}, {hours(summary['hours'])}, ", "not bold")
    text.append(f"{count(speakers, 'speaker')}, " if speakers else "", "not bold")
    text.append("language " + ", ".join(summary["languages"]), "not bold")
    text.append(f"\nread as {summary['layout']}: {printable(summary['recognised_by'])}", "not bold dim")
    from ttsprep.report.goal import goal_line, group_lines, rate_choices

    for line in summary["reading"][:_LINES]:
        text.append(f"\n  {printable(line)}", "not bold dim")
    if more := len(summary["reading"]) - _LINES:
        text.append(f"\n  and {more:,} more lines in summary.json" if more > 0 else "", "not bold dim")
    text.append(f"\n{goal_line(summary)}", "not bold")
    if choices := rate_choices(summary):
        text.append(f"\n  {choices}", "not bold dim")
    for line in group_lines(summary):
        text.append(f"\n{line}", "not bold yellow")
    if "text-missing" in summary["codes"]:
        text.append(f"\n{_no_texts(summary)}", "bold red")
    if "text-phonemes" in summary["codes"]:
        text.append("\nThe texts are phonemes: name the table or --columns that has them in letters", "bold red")
    return text


def _no_texts(summary: Mapping[str, Any]) -> str:
    """Say that a corpus has no texts, and the three ways out."""
    clips = summary["clips"]
    which = f"none of the {clips:,} clips has a text" if clips > 1 else "the one clip has no text"
    return (
        f"No transcripts: {which}. Three ways out: give the table of "
        "texts, or put NAME.txt beside NAME.wav (ttsprep inspect shows what is read); have a model write them down "
        "(ttsprep build --recipe transcribe); or --ignore text-missing where none is needed (voice conversion, codecs)"
    )


def _verdicts(summary: Mapping[str, Any]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for justify in ("left", "right", "right", "left"):
        table.add_column(justify=justify, no_wrap=True)
    block = "█" if encodable("█") else "#"
    unit = "hours" if summary["hours"] else "clips"  # the share is that of the number before it
    for name, colour in VERDICT_COLOURS.items():
        row = summary["verdicts"][name]
        share = row[unit] / (summary[unit] or 1)
        numbers = {"clips": count(row["clips"], "clip"), "hours": hours(row["hours"])}
        numbers[unit] += f" ({100 * share:.1f} %)"
        bar = block * max(round(share * 24), bool(row["clips"]))
        table.add_row(Text(name, f"bold {colour}"), *numbers.values(), Text(bar, colour))
    return table


def _findings(summary: Mapping[str, Any]) -> "Table":
    from rich.text import Text

    table = plain_table()
    for title in (*COLOURS, "clips", "at stake"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("finding", no_wrap=True)
    wide = console.width() >= WIDE
    if wide:
        table.add_column("fix")
    for code, row in summary["codes"].items():
        numbers = [Text(f"{row[name]:,}" if row[name] else "", colour) for name, colour in COLOURS.items()]
        clips = Text(f"{row['clips']:,}" if row["clips"] else "corpus")
        fix = [Text(row["fix"], no_wrap=True, overflow="ellipsis")] if wide else []
        stake = Text(hours(row["hours_at_stake"]) if row["hours_at_stake"] else "")
        table.add_row(*numbers, clips, stake, Text(code, f"bold {COLOURS[row['severity']]}"), *fix)
    return table


def _record_next(suggestions: Suggestions) -> "Table":
    from rich.text import Text

    table = plain_table()
    table.add_column("record next", ratio=3)
    table.add_column("adds", ratio=2)
    for text, gains in suggestions:
        table.add_row(Text(printable(text)), Text("  ".join(gains), "dim", no_wrap=True, overflow="ellipsis"))
    return table
