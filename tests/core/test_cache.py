"""What runs share of what they made: damaged, removed, full, switched off, of another version."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from recorder import Recorder

from core.steps import NAMES, Reading, cached, read, texts
from ttsprep.core.errors import OutputError, UsageError
from ttsprep.core.files import signature
from ttsprep.core.store import cache
from ttsprep.core.store.cache import FileIndex, KeySet, RowCache, cache_folder
from ttsprep.core.store.step import make_key
from ttsprep.core.store.store import Store

pytestmark = pytest.mark.usefixtures("shared_cache")


def test_another_corpus_with_the_same_files_is_known(files: Path, tmp_path: Path) -> None:
    first, _ = read(files, tmp_path / "out")
    elsewhere, stage = read(files, tmp_path / "new")
    assert (elsewhere, stage[2]) == (first, 0)  # the signatures are in the cache as well
    copied = Path(shutil.copytree(files, tmp_path / "copied"))
    again, _ = read(copied, tmp_path / "third")
    assert again == first
    alone, stage = read(copied, tmp_path / "fourth", shared=False)
    assert stage[2] == 10
    assert texts(alone) == texts(first)
    assert alone[0]["process"] != first[0]["process"]


@pytest.mark.parametrize("what", ["rows", "files"])
@pytest.mark.parametrize("damage", ["torn", "garbage", "empty", "flipped"])
def test_a_damaged_cache_is_replaced(files: Path, tmp_path: Path, what: str, damage: str) -> None:
    first, _ = read(files, tmp_path / "out")
    for path in cached():
        if f".{what}" in str(path):
            data = path.read_bytes()
            middle = len(data) // 3
            path.write_bytes({
                "torn": data[:middle], "garbage": b"x" * 99, "empty": b"",
                "flipped": data[:middle] + bytes([data[middle] ^ 255]) + data[middle + 1 :],
            }[damage])  # fmt: skip
    rows, _ = read(files, tmp_path / "new")
    assert texts(rows) == texts(first)
    again, stage = read(files, tmp_path / "newest")
    assert (again, stage[2]) == (rows, 0)


def test_rows_that_another_run_removes_are_made(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = read(files, tmp_path / "out")
    fetch = RowCache.fetch

    def removed(self: RowCache, wanted: Any) -> Any:
        for path in cached("*.parquet"):
            path.unlink()
        return fetch(self, wanted)

    monkeypatch.setattr(RowCache, "fetch", removed)
    copied = Path(shutil.copytree(files, tmp_path / "copied"))
    progress = Recorder()
    rows = Store(tmp_path / "new").map(Reading(str(copied)), NAMES, 1, progress).table().to_pylist()
    assert texts(rows) == texts(first)
    assert {row["process"] for row in rows}.isdisjoint(row["process"] for row in first)


def test_a_cache_that_cannot_be_written_is_noted_and_fails_nothing(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "no folder").write_text("", encoding="utf-8")
    for place in (tmp_path / "no folder", tmp_path / "no folder" / "within"):
        monkeypatch.setenv("TTSPREP_CACHE", str(place))
        progress = Recorder()
        out = tmp_path / place.name
        rows = Store(tmp_path / f"out of {out.name}").map(Reading(str(files)), NAMES, 1, progress)
        assert rows.new == 10
        (line,) = progress.notes
        assert str(place) in line
        assert "the results are complete" in line


def test_the_cache_is_bounded_and_the_oldest_go_first(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "MOST_FILES", 4)
    for number in range(8):
        read(files, tmp_path / f"{number}", salt=str(number))
        for age, path in enumerate(sorted(cached(), key=lambda path: path.stat().st_mtime_ns)):
            os.utime(path, ns=(10**18 + age, 10**18 + age))
    assert len(cached()) <= 5  # the digests are written after the rows
    _, stage = read(files, tmp_path / "again", salt="7")
    assert stage[2] == 0
    _, stage = read(files, tmp_path / "other", salt="0")
    assert stage[2] == 10


def test_no_cache_is_asked_for(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTSPREP_CACHE_BYTES", "0")
    read(files, tmp_path / "out")
    assert read(files, tmp_path / "new")[1][2] == 10
    assert read(files, tmp_path / "out")[1][2] == 0
    assert cached() == []
    monkeypatch.setenv("TTSPREP_CACHE_BYTES", "1 GB")
    with pytest.raises(UsageError, match="TTSPREP_CACHE_BYTES=1 GB: give a number of bytes"):
        read(files, tmp_path / "out")


def test_rows_of_other_versions_are_not_taken(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(files, tmp_path / "out")
    monkeypatch.setattr(cache, "_environment", lambda: "numpy 99")
    _, stage = read(files, tmp_path / "new")
    assert stage[2] == 10


def test_a_set_of_keys_takes_eight_bytes_a_key() -> None:
    keys = [make_key(str(n)) for n in range(1000)]
    known = KeySet.of(keys[:500]) | KeySet.of(keys[400:600])
    assert known.prefixes.nbytes == 600 * 8
    assert [key in known for key in keys] == [True] * 600 + [False] * 400
    assert "" not in known
    assert keys[0] not in KeySet()


def test_an_index_tells_a_changed_file_from_an_unchanged_one(tmp_path: Path) -> None:
    path = tmp_path / "files" / "a"
    path.parent.mkdir()
    path.write_bytes(b"sound")
    place, other = tmp_path / "index.parquet", tmp_path / "other.parquet"
    index = FileIndex(str(path.parent), [place])
    assert index.sha256("a") == ""
    index.add("a", "digest", signature(path.stat()))
    index.save(place)
    assert FileIndex(str(path.parent), [other, place]).sha256("a") == "digest"
    assert FileIndex(str(path.parent), [other]).sha256("a") == ""
    linked = tmp_path / "link"
    os.link(path, linked)
    assert FileIndex(str(path.parent), [place]).sha256("a") == "", "a hard link changes a time of the file"
    cache.refresh_index(path.parent, place, ["a", "gone"])
    assert FileIndex(str(path.parent), [place]).sha256("a") == "digest"
    path.write_bytes(b"other")
    cache.refresh_index(path.parent, place, ["a"])
    assert FileIndex(str(path.parent), [place]).sha256("a") == ""
    place.write_bytes(b"torn")
    assert FileIndex(str(path.parent), [place]).sha256("a") == ""


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TTSPREP_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
    monkeypatch.delenv("TTSPREP_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "ttsprep"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home" / ".cache" / "ttsprep"
    with pytest.raises(OutputError, match="cannot write"):
        (tmp_path / "file").write_text("", encoding="utf-8")
        Store(tmp_path / "file" / "out")
