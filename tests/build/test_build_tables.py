"""What a build says of itself can be read back, and opened in a spreadsheet without harm."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttsprep.audit.select import Rejection
from ttsprep.build.provenance import (
    REJECTED,
    by_reason,
    entries_table,
    read_rejected,
    rejected_frame,
    with_references,
    write_rejected,
)
from ttsprep.corpora.exports.base import Entry

HOSTILE = ["=1+1", "+1", "-35 dB", "@SUM(A1)", "\t=1", "\r=1", '"quoted"', "a,b", "two\nlines", "a\rb", "a\r\nb",
           "é \u2028 x", "nul\0", "'=1", "'", "", " ", "\ufeffx", "\x85", "ids with ~2"]  # fmt: skip


def written(tmp_path: Path, rejected: list[Rejection]) -> tuple[Path, list[list[str]]]:
    path = tmp_path / "rejected.csv"
    write_rejected(path, rejected)
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode(), newline=""), strict=True))
    return path, rows


@pytest.mark.parametrize("text", HOSTILE)
def test_any_id_and_reason_can_be_read_back_and_is_no_formula(tmp_path: Path, text: str) -> None:
    rejected = [Rejection(text, "select", ("clipping", "hum"), text), Rejection("b", "split", (), "plain")]
    path, rows = written(tmp_path, rejected)
    assert rows[0] == list(REJECTED)
    assert len(rows) == 3
    for cell in (rows[1][0], rows[1][3]):
        assert cell[:1] not in {"=", "+", "-", "@", "\t", "\r"}
        assert cell in {text, f"'{text}"}
    assert rows[1][1:3] == ["select", "clipping hum"]
    assert read_rejected(path) == rejected


@settings(max_examples=60)
@given(st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_rejections_of_any_text_are_read_back(tmp_path_factory: pytest.TempPathFactory, rows) -> None:
    rejected = [Rejection(name, "select", ("hum",), why) for name, why in rows]
    path = tmp_path_factory.mktemp("any") / "rejected.csv"
    write_rejected(path, rejected)
    assert read_rejected(path) == rejected


def test_names_that_are_not_utf8_are_escaped(tmp_path: Path) -> None:
    rejected = [Rejection("caf\udce9", "decode", ("audio-missing",), "there is no file caf\udce9")]
    path, rows = written(tmp_path, rejected)
    assert rows[1] == ["caf\\xe9", "decode", "audio-missing", "there is no file caf\\xe9"]
    assert rejected_frame(rejected).iloc[0].tolist() == rows[1]
    assert read_rejected(path)[0].id == "caf\\xe9"


def test_no_rejection_is_an_empty_table(tmp_path: Path) -> None:
    path, rows = written(tmp_path, [])
    assert rows == [list(REJECTED)]
    assert read_rejected(path) == []
    assert list(rejected_frame([]).columns) == list(REJECTED)


def test_the_reference_of_a_voice_is_in_train_where_one_is() -> None:
    entry = Entry("a", "wavs/a.wav", "One", "One", "anna", "en", "test", 22_050, 1, 22_050, "0" * 64)
    train, alone = replace(entry, id="b", split="train"), replace(entry, id="c", speaker="bob")
    measures = {"duration_s": 7.0, "snr_db": [60.0, 30.0, 60.0], "f0_median_hz": 200.0, "loudness_lufs": -23.0}
    measured = pd.DataFrame({"id": ["a", "b", "c"], "speaker": ["anna", "anna", "bob"], **measures})
    assert [one.reference for one in with_references([entry, train, alone], measured)] == ["b", "b", "c"]


def test_reasons_are_counted_by_their_first_code() -> None:
    rejected = [
        Rejection("a", "select", ("hum", "noisy"), ""), Rejection("b", "select", ("noisy",), ""),
        Rejection("c", "select", ("noisy",), ""), Rejection("d", "split", (), ""), Rejection("e", "split", (), ""),
    ]  # fmt: skip
    assert list(by_reason(rejected).items()) == [("noisy", 2), ("split", 2), ("hum", 1)]


def test_entries_are_rows_with_the_fields_of_an_entry() -> None:
    entry = Entry("a", "wavs/a.wav", "Text, as it was.", "text", "s", "en-us", "train", 22_050, 1, 44_100, "00")
    table = entries_table([entry, entry])
    assert [Entry(**row) for row in table.to_pylist()] == [entry, entry]
    assert entries_table([]).num_rows == 0
    assert entry.duration_s == 2.0
