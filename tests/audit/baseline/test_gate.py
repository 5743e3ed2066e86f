"""Gates: conditions of a recipe on an audit."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsprep.audit.baseline.gate import Gate, judge_gates, parse_gates
from ttsprep.core.errors import UsageError

FINDINGS = pd.DataFrame(
    [("a", "hum", "warning"), ("a", "hum", "warning"), ("b", "hum", "error"), ("", "audio-orphan", "note")],
    columns=["clip", "code", "severity"],
)
SUMMARY = {
    "clips": 200,
    "hours": 12.5,
    "verdicts": {
        "usable": {"clips": 150, "hours": 9.0},
        "fixable": {"clips": 20, "hours": 1.0},
        "to drop": {"clips": 30, "hours": 2.5},
    },
}


def passed(**table: Any) -> bool:
    (outcome,) = judge_gates(parse_gates(table), SUMMARY, FINDINGS)
    return outcome.passed


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("errors", 0, False),
        ("errors", 1, True),
        ("warnings", "<= 2", True),
        ("warnings", "< 2", False),
        ("hum", 2, True),
        ("hum", "1 %", True),
        ("hum", "0.9%", False),
        ("hum", "> 1", True),
        ("audio-orphan", 0, False),
        ("kept_hours", 10, True),
        ("kept_hours", ">= 10.5", False),
        ("kept_clips", "=170", True),
        ("hours", 12.5, True),
        ("clips", "< 200", False),
    ],
)
def test_an_audit_is_held_against_it(name: str, value: Any, expected: bool) -> None:
    assert passed(**{name: value}) is expected


def test_what_is_said_names_limit_and_value() -> None:
    outcomes = judge_gates(parse_gates({"hum": "0.5 %", "kept_hours": 10}), SUMMARY, FINDINGS)
    assert [str(outcome) for outcome in outcomes] == [
        "hum <= 0.5 %: failed with 1.00 %",
        "kept_hours >= 10: passed with 10",
    ]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"erors": 0}, "did you mean 'errors'"),
        ({"errors": "few"}, "errors = 'few' is no limit"),
        ({"errors": True}, "is no limit"),
        ({"errors": -1}, "is no limit"),
        ({"kept_hours": "90 %"}, "is no limit"),
        ({"hum": "<= 5 percent"}, "is no limit"),
        ({"hum": "9" * 5000}, "is no limit"),
    ],
)
def test_what_is_no_gate_is_refused_by_name(table: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=r"\[gate\]") as error:
        parse_gates(table)
    assert words in str(error.value)


@given(value=st.text() | st.integers() | st.floats())
def test_any_value_is_a_gate_or_refused(value: Any) -> None:
    try:
        (gate,) = parse_gates({"errors": value})
    except UsageError:
        return
    assert isinstance(gate, Gate)
    judge_gates([gate], SUMMARY, FINDINGS)
