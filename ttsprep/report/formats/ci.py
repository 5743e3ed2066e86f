"""An audit for continuous integration: annotations, code scanning, test reports."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from ttsprep.checks.base import catalogue
from ttsprep.core.package import __version__
from ttsprep.core.types import Severity
from ttsprep.report.data import visible
from ttsprep.report.format import count
from ttsprep.report.formats.findings import Results, as_csv, as_jsonl, as_markdown

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MOST_NAMED = 20
"""Clips that one test of a JUnit report names."""
_GITLAB = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.NOTE: "info"}
_GITHUB = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def _place(results: Results, row: Mapping[str, Any]) -> str:
    """Return the path of the audio from the working directory, where it lies in there; else from the corpus."""
    path = results.root.resolve() / row["path"]
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else row["path"] or str(results.root)


def _identity(row: Mapping[str, Any]) -> str:
    parts = [row["clip"], row["code"], "" if row["clip"] else row["message"]]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def as_github(results: Results) -> str:
    """Return the findings and gates as workflow commands, which annotate files in a pull request."""
    lines = []
    for row in results.rows():
        where = {"file": _place(results, row), "title": f"{row['code']}: {row['clip'] or 'corpus'}"}
        properties = ",".join(f"{name}={_command(value, more=',:')}" for name, value in where.items())
        lines.append(f"::{_GITHUB[Severity(row['severity'])]} {properties}::{_command(row['message'])}\n")
    lines += [f"::error title=gate::{_command(str(gate))}\n" for gate in results.gates if not gate.passed]
    return "".join(lines)


def _command(value: str, more: str = "") -> str:
    return "".join(f"%{ord(c):02X}" if c in f"%\r\n{more}" else c for c in visible(value).replace("⟨U+000A⟩", " "))


def as_gitlab(results: Results) -> str:
    """Return the findings as a code quality report of GitLab."""
    rows = [
        {
            "description": f"{row['clip'] or 'corpus'}: {row['message']}",
            "check_name": row["code"],
            "fingerprint": _identity(row),
            "severity": _GITLAB[Severity(row["severity"])],
            "location": {"path": _place(results, row), "lines": {"begin": 1}},
        }
        for row in results.rows()
    ]
    return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"


def as_sarif(results: Results) -> str:
    """Return the findings as SARIF 2.1.0 (OASIS), with one rule for each code."""
    codes = sorted(set(results.findings["code"]))
    rules = []
    for code in codes:
        entry = catalogue()[code][0]
        help_ = f"{entry.measured}\n\nImpact: {entry.impact}\n\nFix: {entry.fix}"
        rules.append({"id": code, "shortDescription": {"text": entry.summary}, "help": {"text": help_}})
    driver = {"name": "ttsprep", "version": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif(results, row, codes.index(row["code"])) for row in results.rows()],
    }
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=1) + "\n"


def _sarif(results: Results, row: Mapping[str, Any], rule: int) -> dict[str, Any]:
    numbers = {"value": row["value"], "limit": row["limit"], "start_s": row["start"], "end_s": row["end"]}
    result: dict[str, Any] = {
        "ruleId": row["code"],
        "ruleIndex": rule,
        "level": row["severity"],
        "message": {"text": f"{row['clip'] or 'corpus'}: {row['message']}"},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": quote(_place(results, row))}}}],
        "partialFingerprints": {"clipAndCode/v1": _identity(row)},
        "properties": {name: value for name, value in numbers.items() if value is not None},
    }
    if row["clip"]:
        result["locations"][0]["logicalLocations"] = [{"name": row["clip"], "kind": "resource"}]
    if results.known is not None:
        result["baselineState"] = "unchanged" if (row["clip"], row["code"]) in results.known else "new"
    return result


def as_junit(results: Results) -> str:
    """Return a JUnit report: a test for each code and each gate, failed from the severity on that fails the run."""
    by_code: dict[str, list[dict[str, Any]]] = {code: [] for code in catalogue()}
    for row in results.rows():
        by_code[row["code"]].append(row)
    suite = ElementTree.Element("testsuite", name=f"ttsprep audit {visible(str(results.summary['corpus']))}")
    failures = 0
    for code, rows in by_code.items():
        test = ElementTree.SubElement(suite, "testcase", classname=f"ttsprep.{catalogue()[code][1].name}", name=code)
        failing = [row for row in rows if results.least is not None and Severity(row["severity"]).rank >= results.least]
        failures += bool(failing)
        if rows:
            lines = [f"{visible(row['clip']) or 'corpus'}: {visible(row['message'])}" for row in rows[:MOST_NAMED]]
            lines += [f"and {len(rows) - MOST_NAMED:,} more"] if len(rows) > MOST_NAMED else []
            part = ElementTree.SubElement(test, "failure" if failing else "system-out")
            part.text = "\n".join(lines)
            if failing:
                part.set("message", f"{count(len(rows), 'finding')}: {catalogue()[code][0].fix}")
    for gate in results.gates:
        test = ElementTree.SubElement(suite, "testcase", classname="ttsprep.gate", name=str(gate.gate))
        failures += not gate.passed
        if not gate.passed:
            ElementTree.SubElement(test, "failure", message=str(gate))
    suite.set("tests", str(len(by_code) + len(results.gates)))
    suite.set("failures", str(failures))
    whole = ElementTree.Element("testsuites")
    whole.append(suite)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(whole, encoding="unicode") + "\n"


FINDING_FORMATS: Mapping[str, Callable[[Results], str]] = {
    "csv": as_csv,
    "jsonl": as_jsonl,
    "github": as_github,
    "gitlab": as_gitlab,
    "sarif": as_sarif,
    "junit": as_junit,
    "md": as_markdown,
}
"""By the name that ``--format`` has; ``text`` and ``json`` are written elsewhere."""
