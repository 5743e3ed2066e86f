"""The tables on disk: exact, whole, and the same bytes for the same content."""

import os
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ttsprep.core.files import clean
from ttsprep.core.tables import (
    MANIFEST,
    findings_table,
    manifest_table,
    measured_schema,
    read_table,
    to_batch,
    write_json,
    write_table,
)
from ttsprep.core.types import Clip, Finding, Severity


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("é語\0\u202e", "é語\0\u202e"),
        (os.fsdecode(b"caf\xe9"), "caf\\xe9"),
        (os.fsdecode("é".encode() + b"\xff"), "é\\xff"),
        ("lone \ud800", "lone \\ud800"),
        ("both \ud800 \udcff", "both \\ud800 \\udcff"),
    ],
)
def test_clean(text: str, shown: str) -> None:
    assert clean(text) == shown
    assert clean(shown) == shown


def test_a_table_is_read_as_it_was_written(tmp_path) -> None:
    clips = [Clip("a", "a.wav", "=1+1\r\t\0|", "", "en-us"), Clip("b\udcff", "b.wav", "", "s", "de", 1.5, 2.25)]
    table = manifest_table(clips, ["a", "b\\xff"])
    write_table(tmp_path / "t.parquet", table)
    found = read_table(tmp_path / "t.parquet")
    assert found is not None
    assert found.replace_schema_metadata(None).equals(table)
    assert found.schema.names == MANIFEST.names
    assert found["given_id"].to_pylist() == ["a", "b\\xff"]
    assert found["end_s"].to_pylist() == [None, 2.25]
    first = (tmp_path / "t.parquet").read_bytes()
    write_table(tmp_path / "t.parquet", table)
    assert (tmp_path / "t.parquet").read_bytes() == first


def test_what_is_no_table_of_ours_is_not_read(tmp_path) -> None:
    assert read_table(tmp_path / "nowhere") is None
    (tmp_path / "text").write_text("no parquet", encoding="utf-8")
    assert read_table(tmp_path / "text") is None
    (tmp_path / "empty").touch()
    assert read_table(tmp_path / "empty") is None
    pq.write_table(pa.table({"a": [1]}), tmp_path / "foreign")
    assert read_table(tmp_path / "foreign") is None
    write_table(tmp_path / "ours", pa.table({"a": [1]}))
    data = (tmp_path / "ours").read_bytes()
    (tmp_path / "cut").write_bytes(data[:-9])
    assert read_table(tmp_path / "cut") is None


def test_rows_become_columns_and_what_is_missing_is_null() -> None:
    schema = measured_schema({"loudness_lufs": False, "phonemes": True})
    rows = [
        {"sha256": "x", "status": "ok", "loudness_lufs": -20.0, "phonemes": "a", "size": 3},
        {"status": "audio-missing", "status_reason": "no file 'caf\udce9'", "loudness_lufs": float("nan")},
    ]
    batch = to_batch(rows, schema)
    assert batch.column("loudness_lufs").to_pylist() == [-20.0, None]
    assert batch.column("phonemes").to_pylist() == ["a", None]
    assert batch.column("status_reason").to_pylist() == [None, "no file 'caf\\xe9'"]
    assert "size" not in batch.schema.names


def test_findings_keep_their_order_and_their_gaps() -> None:
    findings = [
        Finding("b", "hum", Severity.NOTE, "one", 1.5, None, 0.0, 2),
        Finding("", "audio-orphan", Severity.WARNING, "caf\udce9"),
    ]
    rows = findings_table(findings).to_pylist()
    assert [row["clip"] for row in rows] == ["b", ""]
    assert (rows[0]["value"], rows[0]["limit"], rows[0]["end"]) == (1.5, None, 2.0)
    assert (rows[1]["severity"], rows[1]["message"], rows[1]["start"]) == ("warning", "caf\\xe9", None)
    assert findings_table([]).num_rows == 0


def test_json_holds_no_value_that_is_no_json(tmp_path) -> None:
    write_json(tmp_path / "a.json", {"name": "語"})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "name": "語"\n}\n'
    with pytest.raises(ValueError, match="float"):
        write_json(tmp_path / "a.json", {"value": float("inf")})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "name": "語"\n}\n'


def test_a_bit_that_has_flipped_is_noticed_or_does_no_harm(tmp_path: Path) -> None:
    """A table is believed in place of measuring again, so a wrong number in it would stay for ever."""
    chance = random.Random(8)
    columns = {"text": [f"clip {chance.random()}" for _ in range(40)], "n": [chance.random() for _ in range(40)]}
    path = tmp_path / "clips.parquet"
    write_table(path, pa.table(columns))
    data = path.read_bytes()
    refused = 0
    for _ in range(80):
        torn = bytearray(data)
        torn[chance.randrange(len(torn))] ^= 1 << chance.randrange(8)
        path.write_bytes(torn)
        table = read_table(path)
        refused += table is None
        assert table is None or table.column_names != list(columns) or table.to_pydict() == columns
    assert refused > 20
