"""What an audit says, for another program; as CSV, JSON lines and Markdown."""

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ttsprep.audit.baseline.gate import Outcome
from ttsprep.audit.verdict import Verdict
from ttsprep.checks.base import catalogue
from ttsprep.core.types import Severity
from ttsprep.report.data import visible
from ttsprep.report.format import hours

_FIELDS = ("clip", "path", "code", "severity", "message", "value", "limit", "start", "end")


@dataclass(frozen=True, slots=True)
class Results:
    """What an audit says, for another program.

    Attributes
    ----------
    root
        Folder of the corpus.
    clips, findings, summary
        As the audit wrote them.
    gates
        The conditions of the recipe, and whether they are passed.
    known
        Clip and code of each finding of the baseline; None without one.
    least
        Rank of the least severity that fails the run; None if none does.
    """

    root: Path
    clips: pd.DataFrame
    findings: pd.DataFrame
    summary: Mapping[str, Any]
    gates: Sequence[Outcome] = ()
    known: frozenset[tuple[str, str]] | None = None
    least: int | None = None

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the findings with the path of their audio, worst first; what is not known is None."""
        paths = dict(zip(self.clips["id"], self.clips["path"], strict=True))
        rank = self.findings["severity"].map({severity.value: -severity.rank for severity in Severity})
        for row in self.findings.loc[rank.sort_values(kind="stable").index].to_dict("records"):
            row["path"] = paths.get(row["clip"], "")
            yield {key: None if _missing(row[key]) else row[key] for key in _FIELDS}


def _missing(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def as_csv(results: Results) -> str:
    """Return the findings as CSV with a header."""
    file = io.StringIO()
    writer = csv.DictWriter(file, _FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(results.rows())
    return file.getvalue()


def as_jsonl(results: Results) -> str:
    """Return the findings as one JSON object a line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in results.rows())


def as_markdown(results: Results) -> str:
    """Return the verdict, the gates and the findings as Markdown, for the summary of a job or a pull request."""
    summary = results.summary
    total = max(1, summary["clips"])
    lines = [f"### ttsprep audit: {_cell(str(summary['corpus']))}", ""]
    lines += ["| verdict | clips | share of clips | hours |", "|---|---:|---:|---:|"]
    for verdict in Verdict:
        row = summary["verdicts"][verdict]
        share = f"{100 * row['clips'] / total:.1f} %"
        lines.append(f"| {verdict.value} | {row['clips']:,} | {share} | {hours(row['hours'])} |")
    if results.gates:
        lines += ["", *(f"- {'✅' if gate.passed else '❌'} gate {gate}" for gate in results.gates)]
    if summary["codes"]:
        lines += ["", "| finding | error | warning | note | clips | fix |", "|---|---:|---:|---:|---:|---|"]
    for code, row in summary["codes"].items():
        numbers = " | ".join(str(row[severity.value] or "") for severity in reversed(Severity))
        lines.append(f"| `{code}` | {numbers} | {row['clips'] or 'corpus'} | {_cell(catalogue()[code][0].fix)} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return visible(text).replace("|", "\\|").replace("<", "&lt;")
