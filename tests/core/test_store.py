"""Rows are made once, remembered, and come out the same wherever they come from."""

import os
import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from recorder import Recorder

from ttsprep.core.errors import OutputError, UsageError
from ttsprep.core.files import digest, signature
from ttsprep.core.store import cache
from ttsprep.core.store.cache import KEY, FileIndex, KeySet, RowCache, cache_folder
from ttsprep.core.store.corpus_path import corpus_path, save_corpus_path
from ttsprep.core.store.step import Row, Step, make_key
from ttsprep.core.store.store import Rows, Store
from ttsprep.core.tables import Journal, read_table, to_batch, write_table

SCHEMA = pa.schema([(KEY, pa.string()), ("text", pa.string()), ("process", pa.int64())])


@dataclass
class Reading(Step[str]):
    """Reads files, and says which process did; `salt` is what the rows depend on beside the files."""

    name = "reading"
    stage = "reading"
    schema = SCHEMA
    table = ".reading.parquet"
    shard = 4

    root: str
    salt: str = ""
    shared: bool = True
    batch: int = 1

    def path(self, item: str) -> str:
        return item

    def key(self, item: str, sha256: str) -> str:
        return make_key(sha256, self.salt)

    def rows(self, batch: Sequence[str]) -> list[Row]:
        return [self.row(item) for item in batch]

    def row(self, item: str) -> Row:
        path = Path(self.root, item)
        text = path.read_text(encoding="utf-8") if path.is_file() else "nothing"
        if text == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        return {"text": text, "process": os.getpid()} | ({KEY: ""} if text == "again" else {})

    def failed(self, item: str, reason: str) -> Row:
        return {"text": f"failed: {reason}"}

    def seconds(self, item: str, row: Row) -> float:
        return 1.5


@dataclass
class Writing(Step[str]):
    """Writes files."""

    name = "writing"
    stage = "writing"
    schema = pa.schema([(KEY, pa.string()), ("sha256", pa.string()), ("process", pa.int64())])
    table = ".writing.parquet"
    makes_file = True

    root: str

    def path(self, item: str) -> str:
        return f"{item}.txt"

    def key(self, item: str, sha256: str) -> str:
        return make_key(item)

    def rows(self, batch: Sequence[str]) -> list[Row]:
        rows: list[Row] = []
        for item in batch:
            path = Path(self.root, self.path(item))
            path.unlink(missing_ok=True)
            path.write_text(item, encoding="utf-8")
            rows.append({"sha256": digest(path), "process": os.getpid()})
        return rows

    def failed(self, item: str, reason: str) -> Row:
        return {}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    for name in "abcdefghij":
        (folder / name).write_text(f"text of {name}", encoding="utf-8")
    return folder


NAMES = list("jihgfedcba")
pytestmark = pytest.mark.usefixtures("shared_cache")


def read(
    files: Path, out: Path, names: Sequence[str] = NAMES, **options: Any
) -> tuple[list[dict[str, Any]], tuple[str, int, int]]:
    """Return the rows, and the stage as it was told."""
    progress = Recorder()
    rows = Store(out).map(Reading(str(files), **options), names, 2, progress)
    (stage,) = progress.stages
    assert sum(clips for clips, _ in progress.advances) == stage[2]
    assert progress.notes == []
    return rows.table().to_pylist(), stage


def texts(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [row["text"] for row in rows]


@pytest.mark.parametrize("batch", [1, 3])
def test_rows_are_in_the_order_of_the_items_and_made_once(files: Path, tmp_path: Path, batch: int) -> None:
    first, stage = read(files, tmp_path / "out", batch=batch)
    assert texts(first) == [f"text of {name}" for name in NAMES]
    assert stage == ("reading", 10, 10)
    again, stage = read(files, tmp_path / "out", NAMES[::-1], batch=batch)
    assert again == first[::-1]
    assert stage == ("reading", 10, 0)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {".reading.parquet", ".cache.parquet"}


def test_what_has_changed_is_made_again(files: Path, tmp_path: Path) -> None:
    first, _ = read(files, tmp_path / "out")
    (files / "c").write_text("other", encoding="utf-8")
    changed, stage = read(files, tmp_path / "out")
    assert stage[2] == 1
    assert [i for i in range(10) if first[i] != changed[i]] == [NAMES.index("c")]
    salted, stage = read(files, tmp_path / "out", salt="new")
    assert stage[2] == 10
    assert texts(salted) == texts(changed)
    touched = files / "a"
    os.utime(touched)  # other times, the same bytes: a worker looks, and makes nothing
    again, stage = read(files, tmp_path / "out", salt="new")
    assert (stage[2], again) == (1, salted)


def test_two_items_of_one_content_are_made_once_when_that_is_known(files: Path, tmp_path: Path) -> None:
    shutil.copy(files / "a", files / "twin")
    names = ["a", "twin", "b"]
    read(files, tmp_path / "out", names)
    rows, _ = read(files, tmp_path / "out", names, salt="new")
    assert rows[0] == rows[1]


def test_a_crash_costs_one_item_which_is_tried_again(files: Path, tmp_path: Path) -> None:
    (files / "e").write_text("die", encoding="utf-8")
    (files / "f").write_text("again", encoding="utf-8")
    rows, _ = read(files, tmp_path / "out", batch=3)
    lost = rows[NAMES.index("e")]
    assert "SIGKILL" in lost["text"]
    assert lost[KEY] == rows[NAMES.index("f")][KEY] == ""
    assert sum(bool(row[KEY]) for row in rows) == 8
    (files / "e").write_text("well", encoding="utf-8")
    rows, stage = read(files, tmp_path / "out")
    assert stage[2] == 2
    assert rows[NAMES.index("e")]["text"] == "well"


def test_a_file_that_cannot_be_read_has_a_row_that_is_not_remembered(files: Path, tmp_path: Path) -> None:
    (files / "outside").symlink_to(tmp_path)
    for _ in range(2):
        rows, stage = read(files, tmp_path / "out", ["a", "gone", "../files/../../x"])
        assert texts(rows) == ["text of a", "nothing", "nothing"]
        assert [row[KEY] == "" for row in rows] == [False, True, True]
    assert stage[2] == 2


def test_a_killed_run_goes_on_from_its_journal(files: Path, tmp_path: Path) -> None:
    key = Reading("").key("a", digest(files / "a"))
    journal = Journal(tmp_path / "out" / ".journal" / "reading", SCHEMA)
    journal.append(to_batch([{KEY: key, "text": "from the journal", "process": 1}], SCHEMA))
    journal.close()
    rows, stage = read(files, tmp_path / "out", ["a", "b"])
    assert texts(rows) == ["from the journal", "text of b"]
    assert stage[2] == 2  # a worker has to look at both files
    assert not (tmp_path / "out" / ".journal").exists()


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


def cached(suffix: str = "*") -> list[Path]:
    folder = cache_folder()
    assert folder is not None
    return [path for path in folder.rglob(suffix) if path.is_file()]


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


def test_what_is_written_is_known_while_it_is_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()

    def write(*items: str) -> tuple[list[dict[str, Any]], int]:
        progress = Recorder()
        rows = Store(out).map(Writing(str(out)), items, 1, progress)
        return rows.table().to_pylist(), rows.new

    first, new = write("a", "b", "c")
    assert new == 3
    assert write("c", "a") == ([first[2], first[0]], 0)
    assert write("a", "b", "c")[1] == 1  # the table holds what the last run had
    (out / "a.txt").write_text("A", encoding="utf-8")
    (out / "b.txt").unlink()
    (out / "c.txt").rename(tmp_path / "c.txt")
    (out / "c.txt").symlink_to(tmp_path / "c.txt")
    rows, new = write("a", "b", "c")
    assert new == 3
    assert [row["sha256"] for row in rows] == [row["sha256"] for row in first]
    assert not (out / "c.txt").is_symlink()
    os.utime(out / "a.txt")
    assert write("a", "b", "c") == (rows, 0)
    assert cached("*.parquet") == []  # files of an output are of no use to others


def test_rows_that_the_caller_holds_are_not_made(files: Path, tmp_path: Path) -> None:
    keys = {Reading("").key(name, digest(files / name)): name for name in NAMES}
    held = [key for key, name in keys.items() if name in "abc"]
    for expected in (10, 0):
        progress = Recorder()
        rows = Store(tmp_path / "out").map(Reading(str(files), shared=False), NAMES, 1, progress, held=held)
        assert progress.stages == [("reading", 10, expected)]
        assert [NAMES[i] for i in range(10) if rows.places[i] < 0] == ["c", "b", "a"]
        assert [keys[key] for key in rows.keys] == NAMES
    store, step = Store(tmp_path / "out"), Reading(str(files), shared=False)
    rows = store.take(step, store.map(step, NAMES, 1, held=held), ({KEY: key, "text": keys[key]} for key in held))
    assert texts(rows.table().to_pylist()) == [name if name in "abc" else f"text of {name}" for name in NAMES]
    store.finish()
    assert not (tmp_path / "out" / ".journal").exists()


def test_a_table_of_another_form_is_not_taken(files: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    read(files, out, shared=False)
    table = read_table(out / ".reading.parquet")
    assert table is not None
    write_table(out / ".reading.parquet", table.rename_columns([KEY, "words", "process"]))
    assert read(files, out, shared=False)[1][2] == 10
    (out / ".reading.parquet").write_bytes(b"PAR1 torn")
    assert read(files, out, shared=False)[1][2] == 10


def test_rows_lie_where_their_number_says() -> None:
    batches = [to_batch([{"text": f"{n}.{i}"} for i in range(n)], SCHEMA) for n in (3, 0, 2)]
    rows = Rows(SCHEMA, batches, np.arange(5)[::-1], [""] * 5, np.ones(5, np.bool_))
    assert rows.new == 5
    assert rows.table(["text"]).column_names == ["text"]
    assert texts(rows.table().to_pylist()) == ["2.1", "2.0", "3.2", "3.1", "3.0"]
    for place, text in enumerate(["3.0", "3.1", "3.2", "2.0", "2.1"]):
        batch, row = rows.batch_of(place)
        assert batch.column("text")[row].as_py() == text


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


def test_where_a_corpus_is_lies_beside_its_tables(tmp_path: Path) -> None:
    assert corpus_path(tmp_path) == ""
    save_corpus_path(tmp_path, tmp_path / "corpus")
    assert corpus_path(tmp_path) == str(tmp_path / "corpus")
    (tmp_path / ".corpus.json").write_text("[]", encoding="utf-8")
    assert corpus_path(tmp_path) == ""
