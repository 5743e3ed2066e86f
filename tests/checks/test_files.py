"""Files: what cannot be used, and names that cannot be told apart."""

import numpy as np
import pandas as pd
import pytest

from checks.speech import clean, defect, judge, measure, planted, takes
from ttsprep.checks.files import Files
from ttsprep.core.types import Finding, Severity


def judged(given: list[str], ids: list[str] | None = None) -> list[Finding]:
    table = pd.DataFrame({"id": ids or given, "given_id": given, "status": "ok", "status_reason": ""})
    table = table.assign(path="a.wav", start_s=0.0, end_s=np.nan, duration_s=1.0)
    return list(Files().judge(table))


@pytest.mark.parametrize(
    ("code", "name", "reason"),
    [
        ("audio-missing", "file removed", "no file"),
        ("audio-empty", "0 bytes", "0 bytes"),
        ("audio-unreadable", "text in its place", "cannot be decoded"),
        ("audio-cut-off-file", "half of the bytes missing", "bytes"),
        ("audio-not-finite", "one sample NaN", "1 samples are NaN"),
        ("sample-rate-implausible", "header says 1 Hz", "1 Hz"),
    ],
)
def test_each_bad_file_has_its_code(code: str, name: str, reason: str) -> None:
    how = defect(code, name)
    rows = [*clean("espeak")[:4], *measure(planted(how, takes("espeak")[4:6]), spoil=how.spoil)]
    found = judge(rows, "files")
    assert [(f.clip, f.code, f.severity) for f in found] == [
        ("c4", code, Severity.ERROR),
        ("c5", code, Severity.ERROR),
    ]
    assert all(reason in finding.message for finding in found)
    # whatever could not be decoded is not judged by anyone else's measure
    others = {f.code for f in judge(rows) if f.clip in {"c4", "c5"}} - {code}
    assert not others & {"no-speech", "noisy", "clipping", "too-quiet", "too-short", "hum"}


@pytest.mark.parametrize("name", ["LJ001-0001", "a/b/c", "Ёлка", "ポーズ", "x.y", "con1", "it's", "100%", "a b"])
def test_a_name_for_every_system_is_fine(name: str) -> None:
    assert judged([name]) == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../x", "out of the folder"),
        ("a/../../x", "out of the folder"),
        ("/etc/passwd", "out of the folder"),
        ("a:b", "':'"),
        ("what?", "'?'"),
        ("a\\b", "'\\\\'"),
        ("bell\x07", "x07"),
        ("nul", "reserved"),
        ("COM1.take", "reserved"),
        ("take.", "dot or space"),
        ("take ", "dot or space"),
        ("~root", "~"),
        ("б" * 101, "200 bytes"),
    ],
)
def test_a_name_that_some_system_refuses_is_found(name: str, reason: str) -> None:
    (found,) = judged([name])
    assert (found.clip, found.code, found.severity) == (name, "name-unsafe", Severity.WARNING)
    assert reason in found.message


def test_bytes_that_are_not_utf8_are_named() -> None:
    shown = b"caf\xe9".decode("utf-8", "surrogateescape").encode("utf-8", "backslashreplace").decode()
    (found,) = judged([shown])
    assert "not UTF-8" in found.message


def test_an_id_that_is_taken() -> None:
    found = judged(["a", "b", "a", "a"], ["a", "b", "a~2", "a~3"])
    assert [(f.clip, f.code, f.severity) for f in found] == [
        ("a~2", "duplicate-id", Severity.ERROR),
        ("a~3", "duplicate-id", Severity.ERROR),
    ]


@pytest.mark.parametrize(("one", "other"), [("Take", "take"), ("caf\u00e9", "cafe\u0301"), ("straße", "STRASSE")])
def test_names_that_collide(one: str, other: str) -> None:
    (found,) = judged([one, "between", other])
    assert (found.clip, found.code, found.severity) == (other, "name-collision", Severity.WARNING)
    assert one in found.message


def test_three_names_that_collide_are_two_findings() -> None:
    assert [(f.clip, f.code) for f in judged(["x", "X", "y", "ｙ"])] == [("X", "name-collision")]
    assert len(judged(["ab", "Ab", "aB"])) == 2


@pytest.mark.parametrize(("seconds", "severity"), [(0.005, None), (0.2, Severity.WARNING), (20.0, Severity.ERROR)])
def test_a_piece_that_ends_after_its_file_is_named(seconds: float, severity: Severity | None) -> None:
    row = {
        "id": "a",
        "given_id": "a",
        "path": "a.wav",
        "status": "ok",
        "status_reason": "",
        "start_s": 3.0,
        "duration_s": 1.5,
    }
    found = list(Files().judge(pd.DataFrame([{**row, "end_s": 4.5 + seconds}])))
    assert [finding.code for finding in found] == ["piece-beyond-file"] * (severity is not None)
    assert [finding.severity for finding in found] == [severity] * (severity is not None)
    assert not any(Files().judge(pd.DataFrame([{**row, "end_s": None}]).astype({"end_s": float})))


PIECES = {
    "apart": ([(0.0, 2.0), (2.0, 4.0), (4.04, 5.0)], {}),
    "a pause": ([(0.0, 2.0), (1.8, 4.0)], {"p0": (0.2, Severity.WARNING), "p1": (0.2, Severity.WARNING)}),
    "words": ([(3.0, 8.0), (0.0, 4.5)], {"p0": (1.5, Severity.ERROR), "p1": (1.5, Severity.ERROR)}),
    "one in another": ([(0.0, 9.0), (2.0, 2.6), (5.0, 6.0)], {f"p{n}": (1.0, Severity.ERROR) for n in (0, 1, 2)}),
    "to the end": ([(1.0, None), (2.0, 3.0)], {"p0": (1.0, Severity.ERROR), "p1": (1.0, Severity.ERROR)}),
    "whole files": ([(0.0, None), (0.0, None)], {}),
}


@pytest.mark.parametrize("case", PIECES)
def test_pieces_that_overlap_are_named(case: str) -> None:
    times, expected = PIECES[case]
    names = [f"p{number}" for number in range(len(times))]
    table = pd.DataFrame({"id": names, "given_id": names, "path": "a.wav", "status": "ok", "status_reason": ""})
    table["start_s"] = [start for start, _ in times]
    table["end_s"] = pd.Series([end for _, end in times], dtype=float)
    table["duration_s"] = [(end or 9.0) - start for start, end in times]
    found = {finding.clip: finding for finding in Files().judge(table)}
    assert {finding.code for finding in found.values()} <= {"piece-overlap"}
    assert sorted(found) == sorted(expected)
    for name, (seconds, severity) in expected.items():
        longest = 0.6 if (case, name) == ("one in another", "p1") else seconds
        assert (found[name].value, found[name].severity) == (pytest.approx(longest), severity)
    apart = table.assign(path=[f"{name}.wav" for name in names])
    assert not any(Files().judge(apart))
