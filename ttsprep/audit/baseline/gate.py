"""Gates: what an audit has to fulfil before a corpus is used, as ``[gate]`` of a recipe has it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ttsprep.audit.verdict import Verdict
from ttsprep.checks.base import catalogue
from ttsprep.core.errors import UsageError, nearest
from ttsprep.core.types import Severity

SEVERITIES = {f"{severity.value}s": severity for severity in reversed(Severity)}
AMOUNTS = ("clips", "hours", "kept_clips", "kept_hours")
"""Of the whole corpus, and of what a build keeps: at least so much, unless the gate says otherwise."""
_FORM = re.compile(r"(<=|>=|<|>|=|)[ ]?([0-9]{1,12}(?:\.[0-9]{1,6})?)[ ]?(%|)")
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "=": lambda a, b: a == b,
}


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition on an audit.

    Attributes
    ----------
    name
        ``errors``, ``warnings``, ``notes``, the code of a finding, or one of `AMOUNTS`.
    relation
        ``<=``, ``>=``, ``<``, ``>`` or ``=``.
    limit
        A number of findings, clips or hours, or per cent of the clips.
    percent
        Whether it is per cent.
    """

    name: str
    relation: str
    limit: float
    percent: bool = False

    def __str__(self) -> str:
        return f"{self.name} {self.relation} {self.limit:g}{' %' if self.percent else ''}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A gate, the value that it was held against, and whether it is passed."""

    gate: Gate
    value: float
    passed: bool

    def __str__(self) -> str:
        value = f"{self.value:.2f} %" if self.gate.percent else f"{self.value:,.6g}"
        return f"{self.gate}: {'passed' if self.passed else 'failed'} with {value}"


def parse_gates(table: Mapping[str, Any]) -> list[Gate]:
    """Read the table ``[gate]`` of a recipe.

    Raises
    ------
    UsageError
        If a name is not known, or a value is no condition.
    """
    known = (*SEVERITIES, *AMOUNTS, *catalogue())
    gates = []
    for name, value in table.items():
        if name not in known:
            raise UsageError(f"[gate]: there is no {name!r}; {nearest(name, known)}")
        match = None if isinstance(value, bool) else _FORM.fullmatch(str(value).strip())
        if match is None or (match[3] and name in AMOUNTS):
            example = '">= 10"' if name in AMOUNTS else '0 or "<= 0.5 %"'
            raise UsageError(f"[gate]: {name} = {value!r} is no limit: write for example {name} = {example}")
        relation = match[1] or (">=" if name in AMOUNTS else "<=")
        gates.append(Gate(name, relation, float(match[2]), bool(match[3])))
    return gates


def judge_gates(gates: list[Gate], summary: Mapping[str, Any], findings: pd.DataFrame) -> list[Outcome]:
    """Hold an audit against its gates.

    A number of ``errors``, ``warnings`` or ``notes`` counts findings, that of a code clips (findings about the corpus
    as a whole count one); per cent are always of the clips.

    Parameters
    ----------
    gates
        The conditions.
    summary, findings
        As the audit wrote them.
    """
    outcomes = []
    for gate in gates:
        value = _value(gate, summary, findings)
        outcomes.append(Outcome(gate, value, _COMPARE[gate.relation](value, gate.limit)))
    return outcomes


def _value(gate: Gate, summary: Mapping[str, Any], findings: pd.DataFrame) -> float:
    if gate.name in AMOUNTS:
        part = gate.name.removeprefix("kept_")
        sizes = [summary["verdicts"][verdict] for verdict in (Verdict.USABLE, Verdict.FIXABLE)]
        return sum(float(row[part]) for row in (sizes if part != gate.name else [summary]))
    of = findings["severity"] == SEVERITIES[gate.name] if gate.name in SEVERITIES else findings["code"] == gate.name
    chosen = findings[of]
    clips = int(chosen["clip"][chosen["clip"] != ""].nunique())
    if gate.percent:
        return 100 * clips / max(1, int(summary["clips"]))
    return len(chosen) if gate.name in SEVERITIES else clips + int((chosen["clip"] == "").any())
