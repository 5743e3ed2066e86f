import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsprep.audit.verdict import FIXABLE, STRICTNESS, Verdict, summarise, verdict, verdicts
from ttsprep.core.types import Severity

CODES = ["clipping", "noisy", "leading-silence", "dc-offset"]
COLUMNS = ["clip", "code", "severity"]


def tables(findings, seconds=3600.0, ids=("a", "b", "c")):
    clips = pd.DataFrame({"id": list(ids), "duration_s": seconds, "status": "ok"})
    return clips, pd.DataFrame(findings, columns=COLUMNS, dtype=object)


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([], Verdict.USABLE),
        ([("clipping", "error")], Verdict.DROP),
        ([("dc-offset", "error")], Verdict.FIXABLE),
        ([("dc-offset", "error"), ("clipping", "error")], Verdict.DROP),
        ([("dc-offset", "error"), ("clipping", "warning")], Verdict.FIXABLE),
        ([("leading-silence", "warning")], Verdict.FIXABLE),
        ([("noisy", "warning")], Verdict.USABLE),
        ([("leading-silence", "note"), ("clipping", "note")], Verdict.USABLE),
    ],
)
def test_verdict_of_a_clip(findings, expected):
    assert verdict(findings) is expected


def test_a_clip_that_cannot_be_read_is_dropped():
    assert verdict([], readable=False) is Verdict.DROP
    clips, findings = tables([])
    clips["status"] = ["ok", "audio-unreadable", None]
    assert list(verdicts(clips, findings)) == ["usable", "to drop", "usable"]


finding = st.tuples(st.sampled_from("abcd"), st.sampled_from(CODES), st.sampled_from(list(Severity)))


@given(st.lists(finding, max_size=12))
def test_tables_are_judged_as_single_clips_are(rows):
    clips, findings = tables([(c, code, s.value) for c, code, s in rows])
    expected = [verdict([(code, s) for c, code, s in rows if c == clip]) for clip in clips["id"]]
    assert list(verdicts(clips, findings)) == expected


@given(st.lists(finding, max_size=12))
def test_a_summary_adds_up_and_strictness_only_takes_away(rows):
    clips, findings = tables([(c, code, s.value) for c, code, s in rows])
    summary = summarise(clips, findings)
    assert sum(v["clips"] for v in summary["verdicts"].values()) == summary["clips"] == 3
    assert sum(v["hours"] for v in summary["verdicts"].values()) == pytest.approx(summary["hours"]) == 3
    kept = [step["hours"] for step in summary["strictness"]]
    assert len(kept) == len(STRICTNESS)
    assert kept == sorted(kept, reverse=True)
    assert kept[0] == 3
    assert kept[1] == 3 - summary["verdicts"]["to drop"]["hours"]
    assert kept[-1] == 3 - len({c for c, _, _ in rows if c != "d"})
    assert sum(row["findings"] for row in summary["codes"].values()) == len(rows)


def test_what_a_code_costs_alone():
    clips, findings = tables([
        ("a", "clipping", "error"),
        ("a", "noisy", "warning"),
        ("b", "clipping", "error"),
        ("b", "dc-offset", "warning"),
        ("c", "dc-offset", "warning"),
        ("", "session-drift", "note"),
    ])
    codes = summarise(clips, findings)["codes"]
    assert list(codes) == ["clipping", "dc-offset", "noisy", "session-drift"]
    assert (codes["clipping"]["clips"], codes["clipping"]["clips_only"]) == (2, 1)
    assert (codes["dc-offset"]["clips"], codes["dc-offset"]["hours_only"]) == (2, 1.0)
    assert (codes["noisy"]["clips"], codes["noisy"]["clips_only"]) == (1, 0)
    assert codes["session-drift"] == {
        "severity": "note", "findings": 1, "error": 0, "warning": 0, "note": 1, "fixable": False,
        "clips": 0, "hours": 0.0, "clips_only": 0, "hours_only": 0.0,
    }  # fmt: skip


def test_hours_of_clips_without_a_length_are_zero():
    clips, findings = tables([], seconds=[3600.0, np.nan, np.inf])
    assert summarise(clips, findings)["hours"] == 1.0
    assert summarise(clips.drop(columns="duration_s"), findings)["hours"] == 0.0
    empty = summarise(clips.iloc[:0], findings)
    assert empty["clips"] == 0
    assert empty["strictness"][-1] == {"keep": STRICTNESS[-1][0], "clips": 0, "hours": 0.0}


def test_fixable_codes_are_those_that_processing_removes():
    assert "clipping" not in FIXABLE
    assert {"leading-silence", "dc-offset", "sample-rate-mixed"} <= FIXABLE
