"""Two audits side by side, of tables as an audit writes them."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsprep.audit.baseline.compare import CHANGES, Comparison, compare_audits
from ttsprep.audit.results import AuditFolder

VERDICT = {"": "usable", "note": "usable", "warning": "usable", "error": "to drop"}
COLUMNS = [
    *((name, pa.string()) for name in ("id", "sha256", "text")),
    *((name, pa.float64()) for name in ("start_s", "end_s", "duration_s", "loudness_lufs")),
]
Clips = dict[str, tuple[str, str]]
"""Audio and text by id."""
Found = dict[tuple[str, str], str]
"""Severity by clip and code."""


def audited(name: str, clips: Clips, found: Found, **recipe: Any) -> AuditFolder:
    """Return an audit of clips of one minute each."""
    worst = {clip: max((s for (c, _), s in found.items() if c == clip), key=list(VERDICT).index, default="")
             for clip in clips}  # fmt: skip
    verdicts = {clip: VERDICT[severity] for clip, severity in worst.items()}
    size = {
        verdict: {"clips": list(verdicts.values()).count(verdict), "hours": list(verdicts.values()).count(verdict) / 60}
        for verdict in ("usable", "fixable", "to drop")
    }
    codes = {
        code: {"severity": severity, "clips": len({c for c, other in found if other == code and c})}
        for (_, code), severity in found.items()
    }
    summary = {"corpus": name, "clips": len(clips), "hours": len(clips) / 60, "verdicts": size, "codes": codes,
               "goal": {"rate": 22050, "asked": ""}, "languages": ["en-us"]}  # fmt: skip
    rows = [
        {"id": clip, "sha256": sound, "start_s": 0.0, "end_s": float("nan"), "text": text, "duration_s": 60.0,
         "loudness_lufs": -20.0 - 10 * (sound == "loud")}
        for clip, (sound, text) in clips.items()
    ]  # fmt: skip
    findings = [{"clip": c, "code": k, "severity": s, "message": f"{c} has {k}"} for (c, k), s in found.items()]
    fields = ("clip", "code", "severity", "message")
    return AuditFolder(
        Path(name),
        pa.Table.from_pylist(rows, pa.schema(COLUMNS)),
        pa.Table.from_pylist(findings, pa.schema([(field, pa.string()) for field in fields])),
        pa.table({"id": list(verdicts), "verdict": list(verdicts.values())}),
        summary,
        {"ttsprep": "0.1.0", "recipe": {"checks": {}, "trainer": "", "select": {}, **recipe}},
    )


CLIPS: Clips = {"a": ("1", "one"), "b": ("2", "two"), "c": ("3", "three"), "d": ("4", "four")}


def changes(comparison: Comparison) -> dict[tuple[str, str], str]:
    """Return each difference by clip and code."""
    rows = comparison.findings
    return dict(zip(zip(rows["clip"], rows["code"], strict=True), rows["change"], strict=True))


def test_each_finding_is_new_gone_worse_or_milder() -> None:
    old = audited("old", CLIPS, {("a", "hum"): "warning", ("b", "noisy"): "warning", ("c", "clipping"): "error",
                                 ("d", "hum"): "warning"})  # fmt: skip
    new = audited("new", CLIPS, {("b", "noisy"): "error", ("c", "clipping"): "warning", ("d", "hum"): "warning",
                                 ("d", "cut-end"): "warning", ("", "audio-orphan"): "note"})  # fmt: skip
    comparison = compare_audits(old, new)
    assert changes(comparison) == {
        ("d", "cut-end"): "new",
        ("", "audio-orphan"): "new",
        ("a", "hum"): "gone",
        ("b", "noisy"): "worse",
        ("c", "clipping"): "milder",
    }
    document = comparison.document()
    assert document["clips"]["findings_changed"] == 4, "as no audio and no text differs"
    assert document["severities"] == {
        "error": {"new": 1, "gone": 1},
        "warning": {"new": 2, "gone": 2},
        "note": {"new": 1, "gone": 0},
    }
    assert [(row["was"], row["now"], row["clips"]) for row in document["verdicts"]] == [
        ("to drop", "usable", 1),
        ("usable", "to drop", 1),
    ]
    assert document["codes"]["hum"] == {
        "severity": "warning", "before": 2, "after": 1, "new": 0, "gone": 1, "worse": 0, "milder": 0,
    }  # fmt: skip
    assert comparison.conditions == []


def test_a_clip_keeps_its_findings_under_another_name() -> None:
    old = audited("old", CLIPS, {("b", "hum"): "warning"})
    clips = {"a": CLIPS["a"], "b-take-2": CLIPS["b"], "c": ("3", "another text"), "e": ("loud", "five")}
    comparison = compare_audits(old, audited("new", clips, {("b-take-2", "hum"): "warning"}))
    document = comparison.document()
    assert document["findings"] == []
    unlike = {"added": 1, "removed": 1, "renamed": 1, "audio_changed": 0, "text_changed": 1, "findings_changed": 0}
    assert document["clips"] == unlike
    rows = comparison.clips.set_index("id")
    assert list(rows.loc[["b-take-2", "d", "e"], "change"]) == ["renamed", "removed", "added"]
    assert rows.loc["b-take-2", "before"] == "b"


def test_two_takes_of_the_same_bytes_are_not_taken_for_each_other() -> None:
    twice = {"a": ("1", "one"), "b": ("1", "one")}
    renamed = {"c": ("1", "one"), "d": ("1", "one")}
    document = compare_audits(audited("old", twice, {}), audited("new", renamed, {})).document()
    assert document["clips"]["renamed"] == 0
    assert (document["clips"]["added"], document["clips"]["removed"]) == (2, 2)


def test_other_thresholds_and_goals_are_named() -> None:
    old = audited("old", CLIPS, {}, checks={"clipping": {"error_ratio": 0.01}})
    new = audited("new", CLIPS, {}, trainer="piper")
    assert compare_audits(old, new).conditions == [
        "checks.clipping.error_ratio: 0.01 before, default now",
        "trainer: default before, piper now",
    ]


def test_the_medians_of_measures_that_moved_are_told() -> None:
    loud = {name: ("loud", text) for name, (_, text) in CLIPS.items()}
    document = compare_audits(audited("old", CLIPS, {}), audited("new", loud, {})).document()
    assert document["measures"]["loudness_lufs"]["before"] == [-20.0] * 3
    assert document["measures"]["loudness_lufs"]["after"] == [-30.0] * 3
    assert document["clips"]["audio_changed"] == 4


FINDINGS = st.dictionaries(
    st.tuples(st.sampled_from([*CLIPS, ""]), st.sampled_from(["hum", "noisy", "clipping"])),
    st.sampled_from(["note", "warning", "error"]),
)


@given(old=FINDINGS, new=FINDINGS)
def test_the_differences_lead_from_one_to_the_other(old: Found, new: Found) -> None:
    comparison = compare_audits(audited("old", CLIPS, old), audited("new", CLIPS, new))
    result = dict(old)
    for row in comparison.findings.to_dict("records"):
        key = (row["clip"], row["code"])
        assert result.get(key, "") == row["was"]
        assert row["change"] in CHANGES
        result[key] = row["now"]
    assert {key: value for key, value in result.items() if value} == new


@pytest.mark.parametrize("side", ["old", "new"])
def test_an_empty_audit_is_compared_too(side: str) -> None:
    found: Found = {("a", "hum"): "warning"}
    full, none = audited("full", CLIPS, found), audited("none", {}, {})
    comparison = compare_audits(*((none, full) if side == "old" else (full, none)))
    assert set(comparison.clips["change"]) == {"added" if side == "old" else "removed"}
    assert set(changes(comparison).values()) == {"new" if side == "old" else "gone"}
