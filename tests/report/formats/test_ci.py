"""The formats that other programs read, of an audit with hostile names."""

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from ttsprep.audit.baseline.gate import judge_gates, parse_gates
from ttsprep.core.types import Severity
from ttsprep.report.formats.ci import FINDING_FORMATS, MOST_NAMED
from ttsprep.report.formats.findings import Results

HOSTILE = 'a,b:c%|<&>"\n\x1b[31m\u202e\ud7ff é'
NAN = float("nan")
FINDINGS = pd.DataFrame(
    [
        ("", "audio-orphan", "note", "wavs/x.wav is named by no line", NAN, NAN, NAN, NAN),
        (HOSTILE, "hum", "warning", f"hum in {HOSTILE}", -20.0, -40.0, NAN, NAN),
        ("b", "clipping", "error", "3 % of the samples are cut flat", 0.03, 0.002, 1.25, 1.5),
        *((f"n{n}", "hum", "warning", "hum", -30.0, -40.0, NAN, NAN) for n in range(30)),
    ],
    columns=["clip", "code", "severity", "message", "value", "limit", "start", "end"],
)
CLIPS = pd.DataFrame({
    "id": [HOSTILE, "b", *(f"n{n}" for n in range(30))],
    "path": [f"wavs/{HOSTILE}.wav", "wavs/b c.wav", *(f"wavs/n{n}.wav" for n in range(30))],
})


def counted(code: str, severity: str) -> dict[str, object]:
    rows = FINDINGS[FINDINGS["code"] == code]
    clips = int((rows["clip"] != "").sum())
    return {"severity": severity, "error": 0, "warning": 0, "note": 0, severity: len(rows), "clips": clips}


SUMMARY = {
    "corpus": HOSTILE,
    "clips": 32,
    "verdicts": {name: {"clips": 10, "hours": 0.5} for name in ("usable", "fixable", "to drop")},
    "codes": {
        "clipping": counted("clipping", "error"),
        "hum": counted("hum", "warning"),
        "audio-orphan": counted("audio-orphan", "note"),
    },
}


@pytest.fixture
def results() -> Results:
    gates = judge_gates(parse_gates({"errors": 0, "hum": 40}), SUMMARY, FINDINGS)
    return Results(Path("corpus"), CLIPS, FINDINGS, SUMMARY, gates, frozenset({("b", "clipping")}), Severity.ERROR.rank)


def test_csv_and_json_lines_hold_every_finding_worst_first(results: Results) -> None:
    rows = list(csv.DictReader(io.StringIO(FINDING_FORMATS["csv"](results), newline="")))
    lines = [json.loads(line) for line in FINDING_FORMATS["jsonl"](results).splitlines()]
    assert len(rows) == len(lines) == len(FINDINGS)
    assert (lines[0]["clip"], lines[0]["path"], lines[0]["start"]) == ("b", "wavs/b c.wav", 1.25)
    assert (lines[1]["clip"], lines[1]["start"]) == (HOSTILE, None)
    assert [row["code"] for row in rows] == [line["code"] for line in lines]
    assert lines[-1]["code"] == "audio-orphan"


def test_github_commands_stay_one_a_line(results: Results) -> None:
    lines = FINDING_FORMATS["github"](results).split("\n")[:-1]
    assert len(lines) == len(FINDINGS) + 1
    assert lines[0] == (
        "::error file=corpus/wavs/b c.wav,title=clipping%3A b::3 %25 of the samples are cut flat"
        if Path("corpus").resolve().is_relative_to(Path.cwd())
        else lines[0]
    )
    assert lines[1].startswith("::warning file=corpus/wavs/a%2Cb%3Ac%25")
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in lines)
    assert not any(c in "\n\r\x1b\u202e" for line in lines for c in line)
    assert lines[-1] == "::error title=gate::errors <= 0: failed with 1"


def test_gitlab_has_a_fingerprint_for_each_finding(results: Results) -> None:
    rows = json.loads(FINDING_FORMATS["gitlab"](results))
    assert len({row["fingerprint"] for row in rows}) == len(FINDINGS)
    assert rows[0]["severity"] == "critical"
    assert rows[0]["location"] == {"path": "corpus/wavs/b c.wav", "lines": {"begin": 1}}


def test_sarif_names_rules_places_and_what_is_new(results: Results) -> None:
    document = json.loads(FINDING_FORMATS["sarif"](results))
    (run,) = document["runs"]
    assert document["version"] == "2.1.0"
    assert len(run["results"]) == len(FINDINGS)
    first, second = run["results"][:2]
    assert run["tool"]["driver"]["rules"][first["ruleIndex"]]["id"] == first["ruleId"] == "clipping"
    assert first["level"] == "error"
    assert first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "corpus/wavs/b%20c.wav"
    assert first["properties"] == {"value": 0.03, "limit": 0.002, "start_s": 1.25, "end_s": 1.5}
    assert (first["baselineState"], second["baselineState"]) == ("unchanged", "new")


def test_junit_is_xml_with_a_test_for_each_code_and_gate(results: Results) -> None:
    root = ElementTree.fromstring(FINDING_FORMATS["junit"](results).encode())
    (suite,) = root
    tests = {test.get("name"): test for test in suite}
    assert len(suite) == int(suite.get("tests", "0"))
    failed = [name for name, test in tests.items() if test.find("failure") is not None]
    assert sorted(map(str, failed)) == ["clipping", "errors <= 0"]
    assert int(suite.get("failures", "0")) == 2
    listed = (tests["hum"].findtext("system-out") or "").splitlines()
    assert len(listed) == MOST_NAMED + 1
    assert listed[-1] == "and 11 more"


def test_markdown_keeps_its_tables(results: Results) -> None:
    text = FINDING_FORMATS["md"](results)
    assert "| usable | 10 | 31.2 % | 30.0 min |" in text
    assert "- ❌ gate errors <= 0: failed with 1" in text
    assert "| `hum` |  | 31 |  | 31 |" in text
    assert "<b" not in text
    assert all(line.count("|") - line.count("\\|") in {0, 5, 7} for line in text.splitlines()[1:])
