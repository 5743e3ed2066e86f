"""What is told of a selection: the verdict of each clip, and what codes and strictness cost."""

import tomllib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsprep.audit.config import PIPELINE, AuditConfig
from ttsprep.audit.select import FIXED_BY, select
from ttsprep.audit.verdict import EVERY, SPOTLESS, STRICTNESS, Verdict, summarise, verdict_table, verdicts
from ttsprep.core.types import Severity

CODES = ["clipping", "noisy", "leading-silence", "dc-offset"]
TERMS = replace(AuditConfig().terms(0), longest_s=3600.0)


def tables(findings, seconds=3600.0, ids=("a", "b", "c")):
    clips = pd.DataFrame({"id": list(ids), "duration_s": seconds, "status": "ok", "status_reason": "", "language": ""})
    rows = [(clip, code, severity, f"{code} of {clip}") for clip, code, severity in findings]
    return clips, pd.DataFrame(rows, columns=["clip", "code", "severity", "message"], dtype=object)


def summary_of(clips, findings, terms=TERMS):
    return summarise(clips, findings, select(clips, findings, terms), terms)


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
        ([("duplicate-audio", "warning")], Verdict.DROP),
        ([("noisy", "warning"), ("hum", "warning"), ("dropout", "warning")], Verdict.DROP),
    ],
)
def test_verdict_of_a_clip(findings, expected):
    clips, found = tables([("a", code, severity) for code, severity in findings])
    assert list(verdicts(clips, select(clips, found, TERMS))) == [expected.value, "usable", "usable"]


def test_a_clip_that_cannot_be_read_is_dropped():
    clips, findings = tables([])
    clips["status"] = ["ok", "audio-unreadable", "ok"]
    assert list(verdicts(clips, select(clips, findings, TERMS))) == ["usable", "to drop", "usable"]


def test_of_a_corpus_without_texts_a_build_keeps_nothing_unless_a_model_writes_them():
    clips, findings = tables([("", "text-missing", "error")])
    assert set(verdicts(clips, select(clips, findings, TERMS))) == {"to drop"}
    written = replace(TERMS, stages=frozenset({*PIPELINE, "transcribe"}))
    assert set(verdicts(clips, select(clips, findings, written))) == {"usable"}


def test_every_verdict_has_its_reason():
    findings = [("a", "clipping", "error"), ("b", "dc-offset", "warning"), ("b", "too-quiet", "error")]
    clips, found = tables(findings)
    rows = verdict_table(clips, select(clips, found, TERMS), TERMS).to_pylist()
    fixed = "a build fixes it: dc-block, loudness"
    assert rows == [
        {"id": "a", "verdict": "to drop", "codes": "clipping", "reason": "clipping of a"},
        {"id": "b", "verdict": "fixable", "codes": "dc-offset too-quiet", "reason": fixed},
        {"id": "c", "verdict": "usable", "codes": "", "reason": "no error, nothing to fix"},
    ]  # fmt: skip


finding = st.tuples(st.sampled_from("abcd"), st.sampled_from(CODES), st.sampled_from(list(Severity)))


@given(st.lists(finding, max_size=12))
def test_a_summary_adds_up_and_strictness_only_takes_away(rows):
    clips, findings = tables([(c, code, s.value) for c, code, s in rows])
    summary = summary_of(clips, findings)
    assert sum(v["clips"] for v in summary["verdicts"].values()) == summary["clips"] == 3
    assert sum(v["hours"] for v in summary["verdicts"].values()) == pytest.approx(summary["hours"]) == 3
    kept = {step["keep"]: step["hours"] for step in summary["strictness"]}
    assert list(kept) == [EVERY, *STRICTNESS.values(), SPOTLESS]
    assert list(kept.values()) == sorted(kept.values(), reverse=True)
    assert kept[EVERY] == 3
    assert kept[STRICTNESS["normal"]] == 3 - summary["verdicts"]["to drop"]["hours"]
    assert kept[SPOTLESS] == 3 - len({c for c, _, _ in rows if c != "d"})
    assert sum(row["findings"] for row in summary["codes"].values()) == len(rows)


def test_what_is_at_stake_for_a_code():
    clips, findings = tables([
        ("a", "clipping", "error"),
        ("a", "noisy", "warning"),
        ("b", "clipping", "error"),
        ("b", "dc-offset", "warning"),
        ("c", "dc-offset", "warning"),
        ("", "session-drift", "note"),
    ])
    codes = summary_of(clips, findings)["codes"]
    assert list(codes) == ["clipping", "dc-offset", "noisy", "session-drift"]
    assert (codes["clipping"]["clips"], codes["clipping"]["clips_at_stake"]) == (2, 2)
    assert (codes["dc-offset"]["clips"], codes["dc-offset"]["hours_at_stake"]) == (2, 2.0)
    assert (codes["noisy"]["clips"], codes["noisy"]["clips_at_stake"]) == (1, 0), "it alone rejects nothing"
    assert codes["session-drift"] == {
        "severity": "note", "findings": 1, "error": 0, "warning": 0, "note": 1, "fixable": False,
        "clips": 0, "hours": 0.0, "clips_at_stake": 0, "hours_at_stake": 0.0,
        "fix": "Bring every clip to one loudness; equalise or leave out the odd session; see the drift in the report",
    }  # fmt: skip


def test_the_code_with_most_at_stake_comes_first():
    rows = [("a", "clipping", "error"), ("b", "leading-silence", "warning"), ("c", "noisy", "warning")]
    clips, findings = tables(rows, seconds=[100.0, 3600.0, 7200.0])
    assert list(summary_of(clips, findings)["codes"]) == ["leading-silence", "clipping", "noisy"]


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(CODES), st.sampled_from(["note", "warning", "error"]))),
    st.sampled_from(list(STRICTNESS)),
)
def test_what_if_is_what_a_build_with_that_recipe_line_keeps(rows, strictness):
    clips, findings = tables(rows)
    terms = replace(TERMS, rules=TERMS.rules.model_copy(update={"strictness": strictness}))
    summary = summary_of(clips, findings, terms)
    for row in summary["what_if"]:
        recipe = tomllib.loads(row["recipe"].replace("[select] ", "[select]\n", 1).replace("], ", "]\n"))
        asked = terms.rules.model_validate({**terms.rules.model_dump(), **recipe["select"]})
        kept = select(clips, findings, replace(terms, rules=asked)).kept
        assert row["clips"] == len(kept) == round(row["hours"])
        assert kept != select(clips, findings, terms).kept


def test_hours_of_clips_without_a_length_are_zero():
    clips, findings = tables([], seconds=[3600.0, np.nan, np.inf])
    assert summary_of(clips, findings)["hours"] == 1.0
    assert summary_of(clips.drop(columns="duration_s"), findings)["hours"] == 0.0
    empty = summary_of(clips.iloc[:0], findings)
    assert empty["clips"] == 0
    assert empty["strictness"][-1] == {"keep": SPOTLESS, "clips": 0, "hours": 0.0}


def test_fixable_codes_are_those_that_processing_removes():
    assert "clipping" not in FIXED_BY
    assert {"leading-silence", "dc-offset", "sample-rate-mixed"} <= FIXED_BY.keys()
