"""Rows are made once, remembered, and come out the same wherever they come from."""

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recorder import Recorder

from core.steps import NAMES, SCHEMA, Reading, Writing, cached, read, texts
from ttsprep.core.files import digest
from ttsprep.core.store.cache import KEY
from ttsprep.core.store.corpus_path import corpus_path, save_corpus_path
from ttsprep.core.store.store import Rows, Store
from ttsprep.core.tables import Journal, read_table, to_batch, write_table

pytestmark = pytest.mark.usefixtures("shared_cache")


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


def test_where_a_corpus_is_lies_beside_its_tables(tmp_path: Path) -> None:
    assert corpus_path(tmp_path) == ""
    save_corpus_path(tmp_path, tmp_path / "corpus")
    assert corpus_path(tmp_path) == str(tmp_path / "corpus")
    (tmp_path / ".corpus.json").write_text("[]", encoding="utf-8")
    assert corpus_path(tmp_path) == ""


def test_a_passing_column_is_there_where_a_row_is_made_and_nowhere_else(files: Path, tmp_path: Path) -> None:
    def passing(out: Path) -> tuple[list[Any], list[Any]]:
        step = Reading(str(files))
        step.passing = frozenset({"process"})
        rows = Store(out).map(step, NAMES, 1)
        return [rows.value(i, "text") for i in range(10)], [rows.value(i, "process") for i in range(10)]

    first, made_by = passing(tmp_path / "out")
    assert all(made_by)
    assert passing(tmp_path / "out") == (first, [None] * 10)
    assert passing(tmp_path / "elsewhere") == (first, [None] * 10)
    table = read_table(tmp_path / "out" / ".reading.parquet")
    assert table is not None
    assert table.column_names == [KEY, "text"]
