"""Datasets saved to disk: Arrow files with audio in their rows."""

from pathlib import Path

import pyarrow as pa
import pytest

from corpora.shards.test_parquet import SCHEMA, rows
from ttsprep.core.errors import CorpusError
from ttsprep.corpora.corpus import read_corpus
from ttsprep.corpora.shards.unpacking import find_shards, unpack_shards


def save(path: Path, first: int, count: int, *, stream: bool = True) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(rows(first, count), schema=SCHEMA)
    with path.open("wb") as file, (pa.ipc.new_stream if stream else pa.ipc.new_file)(file, SCHEMA) as writer:
        writer.write_table(table, max_chunksize=21)
    return path


@pytest.mark.parametrize("stream", [True, False])
def test_rows_become_files_and_texts(tmp_path: Path, *, stream: bool) -> None:
    save(tmp_path / "set/data-00000-of-00002.arrow", 0, 40, stream=stream)
    save(tmp_path / "set/data-00001-of-00002.arrow", 40, 5, stream=stream)
    unpack_shards(find_shards(tmp_path / "set"), tmp_path / "out")
    corpus = read_corpus(tmp_path / "out")
    expected = rows(0, 45)
    assert [clip.text for clip in corpus.clips] == [row["text"] for row in expected]
    assert [clip.speaker for clip in corpus.clips] == [["anna", "बी"][row["speaker"]] for row in expected]
    assert [(tmp_path / "out" / clip.path).read_bytes() for clip in corpus.clips] == [
        row["audio"]["bytes"] for row in expected
    ]


@pytest.mark.filterwarnings("ignore")
def test_what_datasets_saves_is_read_and_its_cache_is_not(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    made = datasets.Dataset(pa.Table.from_pylist(rows(0, 6), schema=SCHEMA.remove_metadata()))
    datasets.DatasetDict({"train": made, "test": made.select([0])}).save_to_disk(str(tmp_path / "set"))
    save(tmp_path / "set/train/cache-0123456789abcdef.arrow", 0, 6)
    assert [path.parent.name for path in find_shards(tmp_path / "set")] == ["test", "train"]
    unpack_shards(find_shards(tmp_path / "set/train"), tmp_path / "out")
    assert [clip.text for clip in read_corpus(tmp_path / "out").clips] == [row["text"] for row in rows(0, 6)]


def test_damaged_files_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    path = save(tmp_path / "set/data.arrow", 0, 60)
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:100], b"", b"no Arrow at all" * 9):
        path.write_bytes(damaged)
        with pytest.raises(CorpusError, match=r"data\.arrow is damaged"):
            unpack_shards(find_shards(tmp_path / "set"), tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_false_offsets_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "set/data.arrow", 0, 3)
    whole = path.read_bytes()
    text = rows(0, 1)[0]["text"].encode()
    length = len(text).to_bytes(4, "little")
    at = whole.index(b"\0\0\0\0" + length + (2 * len(text)).to_bytes(4, "little"))
    path.write_bytes(whole[: at + 4] + b"\xff\xff\xff\x7f" + whole[at + 8 :])
    with pytest.raises(CorpusError, match="is damaged"):
        unpack_shards(find_shards(tmp_path / "set"), tmp_path / "out")


@pytest.mark.parametrize("name", [b"speaker", b"path"])
def test_names_that_are_not_utf8_are_refused(tmp_path: Path, name: bytes) -> None:
    path = save(tmp_path / "set/data.arrow", 0, 3)
    whole, length = path.read_bytes(), len(name).to_bytes(4, "little")
    assert length + name in whole
    path.write_bytes(whole.replace(length + name, length + name[:-1] + b"\xa0"))
    with pytest.raises(CorpusError, match="is damaged: the name of a column is not UTF-8"):
        find_shards(tmp_path / "set")
