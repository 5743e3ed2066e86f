"""What is known of an earlier build is believed only as far as it holds."""

from pathlib import Path

from ttsprep.build.provenance import CACHE_NAME, PROVENANCE, known_rows, read_cache, unchanged, write_cache
from ttsprep.core.files import signature
from ttsprep.core.tables import Journal, to_batch, write_table


def row(name: str, *, status: str = "ok", sha256: str = "d1") -> dict[str, object]:
    return {"id": name, "fingerprint": f"f-{name}", "sha256": sha256, "status": status}


def test_rows_of_the_table_and_of_unfinished_runs(tmp_path: Path) -> None:
    import pyarrow as pa

    journal = Journal(tmp_path / ".journal", PROVENANCE)
    assert known_rows(tmp_path, journal) == ([], {}, {})
    table = pa.Table.from_batches([to_batch([row("a"), row("b"), row("c", status="too-long")], PROVENANCE)])
    write_table(tmp_path / "provenance.parquet", table)
    journal.append(to_batch([row("b", sha256="d2"), row("d")], PROVENANCE))
    journal.close()
    batches, places, digests = known_rows(tmp_path, journal)
    assert sum(batch.num_rows for batch in batches) == 5
    assert places == {"f-a": 0, "f-b": 3, "f-d": 4}, "the newest row counts, and one that failed is tried again"
    assert digests == {"f-a": "d1", "f-b": "d2", "f-d": "d1"}
    rows = pa.Table.from_batches(batches).to_pylist()
    assert [rows[place]["fingerprint"] for place in places.values()] == list(places)


def test_a_table_of_another_form_or_none_is_not_believed(tmp_path: Path) -> None:
    import pyarrow as pa

    journal = Journal(tmp_path / ".journal", PROVENANCE)
    write_table(tmp_path / "provenance.parquet", pa.table({"fingerprint": ["f"], "sha256": ["d"], "status": ["ok"]}))
    assert known_rows(tmp_path, journal)[1] == {}
    (tmp_path / "provenance.parquet").write_bytes(b"PAR1 torn")
    assert known_rows(tmp_path, journal)[1] == {}


def test_the_cache_tells_a_changed_file_from_an_unchanged_one(tmp_path: Path) -> None:
    path = tmp_path / "wavs" / "a.wav"
    path.parent.mkdir()
    path.write_bytes(b"sound")
    known = ("digest", signature(path.stat()))
    cache = {"wavs/a.wav": known, "wavs/gone.wav": known}
    write_cache(tmp_path, cache, ["wavs/a.wav", "wavs/never.wav"])
    assert read_cache(tmp_path) == {"wavs/a.wav": known}
    assert unchanged(path, known, "digest")
    assert not unchanged(path, known, "another")
    assert not unchanged(path, None, "digest")
    path.rename(tmp_path / "moved.wav")
    assert not unchanged(path, known, "digest")
    path.symlink_to(tmp_path / "moved.wav")
    moved = ("digest", signature(path.stat()))
    assert not unchanged(path, moved, "digest"), "a link is no file of the build"
    path.unlink()
    path.mkdir()
    assert not unchanged(path, moved, "digest")


def test_no_cache_or_a_torn_one_is_an_empty_one(tmp_path: Path) -> None:
    assert read_cache(tmp_path) == {}
    write_cache(tmp_path, {}, [])
    assert read_cache(tmp_path) == {}
    (tmp_path / CACHE_NAME).write_bytes(b"torn")
    assert read_cache(tmp_path) == {}
