"""What an audit comes to: its exit code, its gates, what is new against a baseline, and the formats for programs."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttsprep.cli.console import COLOURS, print_json, printable, write
from ttsprep.core.errors import UsageError

if TYPE_CHECKING:
    from ttsprep.audit.baseline.compare import Comparison
    from ttsprep.audit.baseline.gate import Outcome
    from ttsprep.audit.results import AuditFolder

SCHEMA_VERSION = 1
"""Of the JSON document; raised when a key goes or changes its meaning."""


class FailOn(StrEnum):
    """The least severity that makes the exit code 1."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    NEW_ERROR = "new-error"
    NEW_WARNING = "new-warning"
    NEW_NOTE = "new-note"
    NEVER = "never"

    @property
    def severities(self) -> list[str]:
        """Those that fail, the worst first; none for ``never``."""
        name = self.value.removeprefix("new-")
        return list(COLOURS)[: list(COLOURS).index(name) + 1] if name in COLOURS else []


class Form(StrEnum):
    """How an audit is printed."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    GITHUB = "github"
    GITLAB = "gitlab"
    SARIF = "sarif"
    JUNIT = "junit"
    MD = "md"


@dataclass(frozen=True, slots=True)
class Judged:
    """An audit, held against gates and a baseline.

    Attributes
    ----------
    summary, out
        The audit, and its folder.
    fail_on
        From when on the exit code is 1.
    gates
        Those of the recipe, with their values.
    comparison
        With the baseline; None without one.
    """

    summary: Mapping[str, Any]
    out: Path
    fail_on: FailOn
    gates: Sequence["Outcome"] = ()
    comparison: "Comparison | None" = None

    @property
    def exit_code(self) -> int:
        """1 for a gate that fails, and for findings at or above `fail_on`; else 0."""
        severe = self.fail_on.severities
        counts = self.summary["severities"]
        if self.fail_on.value.startswith("new-"):
            new = self.comparison.severities() if self.comparison else {}
            counts = {name: row["new"] for name, row in new.items()}
        skipped = any(row["skipped"] for row in self.summary.get("listening", {}).values())  # counts as a warning
        failed = any(counts[name] for name in severe) or (skipped and "warning" in severe)
        return int(failed or not all(gate.passed for gate in self.gates))


def open_baseline(path: Path | None, fail_on: FailOn) -> "AuditFolder | None":
    """Open the audit to compare with, before anything is written over it.

    Raises
    ------
    UsageError
        If it is no audit, or `fail_on` needs one and there is none.
    """
    if path is None:
        if fail_on.value.startswith("new-"):
            raise UsageError(f"--fail-on {fail_on} needs --baseline DIR: an earlier audit to compare with")
        return None
    from ttsprep.audit.results import open_audit

    return open_audit(path)


def judge(summary: Mapping[str, Any], out: Path, fail_on: FailOn, recipe: str, before: "AuditFolder | None") -> Judged:
    """Hold a finished audit against the gates of a recipe, by name or path, and against a baseline."""
    gates: Sequence[Outcome] = ()
    comparison = None
    if recipe:
        from ttsprep.audit.baseline.gate import judge_gates, parse_gates
        from ttsprep.build.config import load

        if table := load(recipe).gate:
            gates = judge_gates(parse_gates(table), summary, _opened(out).findings.to_pandas())
    if before is not None:
        from ttsprep.audit.baseline.compare import compare_audits

        comparison = compare_audits(before, _opened(out))
    return Judged(summary, out, fail_on, gates, comparison)


def _opened(out: Path) -> "AuditFolder":
    from ttsprep.audit.results import open_audit

    return open_audit(out)


def write_outcome(judged: Judged, form: Form, suggestions: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Print an audit in a form that another program reads."""
    if form == Form.JSON:
        print_json(_document(judged, suggestions))
        return
    from ttsprep.core.store.corpus_path import corpus_path
    from ttsprep.core.types import Severity
    from ttsprep.report.formats.ci import FINDING_FORMATS
    from ttsprep.report.formats.findings import Results

    opened = _opened(judged.out)
    severe = judged.fail_on.severities
    known = None
    if judged.comparison is not None:
        table = judged.comparison.before.findings
        known = frozenset(zip(table.column("clip").to_pylist(), table.column("code").to_pylist(), strict=True))
    results = Results(
        Path(corpus_path(judged.out) or "."),
        opened.clips.to_pandas(),
        opened.findings.to_pandas(),
        judged.summary,
        judged.gates,
        known,
        Severity(severe[-1]).rank if severe else None,
    )
    write(FINDING_FORMATS[form](results))


def _document(judged: Judged, suggestions: Sequence[tuple[str, Sequence[str]]]) -> dict[str, Any]:
    """Return the summary, the findings, the gates and the suggestions as one document."""
    from ttsprep.core.tables import read_table

    table = read_table(judged.out / "findings.parquet")
    findings = [
        {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in row.items()}
        for row in (table.to_pylist() if table else ())
    ]
    return {
        "schema_version": SCHEMA_VERSION,
        **judged.summary,
        "exit_code": judged.exit_code,
        "out": printable(str(judged.out)),
        "findings": findings,
        "gates": [{"gate": str(one.gate), "value": one.value, "passed": one.passed} for one in judged.gates],
        "comparison": judged.comparison.document() if judged.comparison else None,
        "record_next": [{"text": text, "adds": list(gains)} for text, gains in suggestions],
    }


def outcome_lines(judged: Judged) -> Iterator[tuple[str, str]]:
    """Yield the gates and what differs from the baseline as lines, each with its colour."""
    for gate in judged.gates:
        yield f"gate {gate}", "green" if gate.passed else "bold red"
    if judged.comparison is None:
        return
    from ttsprep.report.comparison_page import clip_lines, headline

    document = judged.comparison.document()
    yield f"against {printable(document['before']['name'])}: {headline(document)}", "bold"
    for line in clip_lines(document):
        yield f"  {line}", ""
    for line in document["conditions"]:
        yield f"  {printable(line)}", "yellow"
    for code, row in document["codes"].items():
        changes = ", ".join(f"{row[name]:,} {name}" for name in ("new", "gone", "worse", "milder") if row[name])
        yield f"  {code}: {changes or 'other clips'}", COLOURS[row["severity"]]
