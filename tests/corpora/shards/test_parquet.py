"""Parquet shards with audio in them become an audiofolder: every byte, every word, in order."""

import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile as sf
from recorder import Recorder

from ttsprep.core.errors import CorpusError, OutputError
from ttsprep.corpora.corpus import read_corpus
from ttsprep.corpora.shards.unpacking import MARK, find_shards, unpack_shards

AUDIO = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def sound(number: int, form: str = "WAV", frames: int = 800) -> bytes:
    noise = np.random.default_rng(number).normal(0, 0.1, frames)
    with io.BytesIO() as file:
        sf.write(file, noise, 16_000, format=form)
        return file.getvalue()


def shard(path: Path, rows: list[dict[str, Any]], schema: pa.Schema | None = None, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path, **options)
    return path


def rows(first: int, count: int) -> list[dict[str, Any]]:
    return [
        {
            "audio": {"bytes": sound(n), "path": f"clips/{n:03}.wav"},
            "text": f"Sentence {n}: “wörds”, 3 | 4.",
            "speaker": n % 2,
        }
        for n in range(first, first + count)
    ]


SCHEMA = pa.schema(
    [("audio", AUDIO), ("text", pa.string()), ("speaker", pa.int64())],
    metadata={
        "huggingface": json.dumps({
            "info": {
                "features": {"audio": {"_type": "Audio"}, "speaker": {"names": ["anna", "बी"], "_type": "ClassLabel"}}
            }
        })
    },
)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    shard(tmp_path / "corpus" / "data" / "train-00001-of-00002.parquet", rows(30, 20), SCHEMA)
    shard(tmp_path / "corpus" / "data" / "train-00000-of-00002.parquet", rows(0, 30), SCHEMA, row_group_size=7)
    shard(tmp_path / "corpus" / "tables" / "durations.parquet", [{"text": "no audio in it", "seconds": 1.0}])
    (tmp_path / "corpus" / "README.md").write_text("a card", encoding="utf-8")
    return tmp_path / "corpus"


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_only_files_with_audio_in_them_are_shards(corpus: Path) -> None:
    assert [path.name for path in find_shards(corpus)] == [
        "train-00000-of-00002.parquet",
        "train-00001-of-00002.parquet",
    ]
    assert find_shards(corpus / "tables") == []
    one = corpus / "data" / "train-00001-of-00002.parquet"
    assert find_shards(one) == [one]
    with pytest.raises(CorpusError, match="no Parquet, Arrow or tar file"):
        unpack_shards([], corpus / "out")


def test_every_clip_is_read(corpus: Path, tmp_path: Path) -> None:
    before = content(corpus)
    progress = Recorder()
    unpack_shards(find_shards(corpus), tmp_path / "out", progress)
    total = sum(path.stat().st_size for path in find_shards(corpus))
    assert progress.transfers == [("unpacking", total * n // 50, total) for n in range(1, 51)]
    clips = read_corpus(tmp_path / "out").clips
    assert read_corpus(tmp_path / "out").layout == "table"
    assert [clip.text for clip in clips] == [f"Sentence {n}: “wörds”, 3 | 4." for n in range(50)]
    assert [clip.speaker for clip in clips] == ["anna", "बी"] * 25
    assert [clip.path for clip in clips] == [f"audio/{n:03}.wav" for n in range(50)]
    assert all((tmp_path / "out" / clip.path).read_bytes() == sound(n) for n, clip in enumerate(clips))
    assert content(corpus) == before
    assert not list(tmp_path.glob(".*"))


def test_a_folder_of_shards_is_no_corpus_yet(corpus: Path) -> None:
    with pytest.raises(CorpusError, match="has its audio in Parquet, Arrow or tar files"):
        read_corpus(corpus)


def test_the_same_shards_are_unpacked_once(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    unpack_shards(find_shards(corpus), out)
    first, inode = content(out), out.stat().st_ino
    unpack_shards(find_shards(corpus), out)
    assert out.stat().st_ino == inode
    unpack_shards(find_shards(corpus), tmp_path / "again")
    assert content(tmp_path / "again") == first
    shard(corpus / "data" / "train-00001-of-00002.parquet", rows(30, 3), SCHEMA)
    unpack_shards(find_shards(corpus), out)
    assert len(content(out)) == 33 + 2
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="already there"):
        unpack_shards(find_shards(corpus), tmp_path / "mine")
    assert content(tmp_path / "mine") == {"precious.txt": b"mine"}


def test_a_killed_unpacking_goes_on(tmp_path: Path) -> None:
    many = [row | {"audio": {"bytes": sound(n, frames=80_000), "path": None}} for n, row in enumerate(rows(0, 300))]
    source = shard(tmp_path / "corpus" / "a.parquet", many, SCHEMA, row_group_size=50)
    script = (
        "import sys; from pathlib import Path; from ttsprep.corpora.shards.unpacking import unpack_shards;"
        "unpack_shards([Path(sys.argv[1])], Path(sys.argv[2]))"
    )
    process = subprocess.Popen([sys.executable, "-c", script, source, tmp_path / "out"])
    part = tmp_path / ".out.part" / "audio"
    while process.poll() is None and not (part.is_dir() and len(list(part.iterdir())) > 20):
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    whole = next(path for path in sorted(part.iterdir()) if path.name != ".part")
    inode = whole.stat().st_ino
    unpack_shards([source], tmp_path / "out")
    assert (tmp_path / "out" / "audio" / whole.name).stat().st_ino == inode
    unpack_shards([source], tmp_path / "uninterrupted")
    assert content(tmp_path / "out") == content(tmp_path / "uninterrupted")
    assert len(content(tmp_path / "out")) == 300 + 2


@pytest.mark.parametrize(
    ("paths", "ids", "names"),
    [
        (["b.mp3", "a.wav"], None, ["b", "a"]),
        (["x/a.wav", "y/a.wav"], None, ["00000-000000", "00000-000001"]),
        ([None, None], None, ["00000-000000", "00000-000001"]),
        (["a.wav", "b.wav"], ["id-1", "id-2"], ["id-1", "id-2"]),
        (["a.wav", "b.wav"], ["same", "same"], ["a", "b"]),
        (["a.wav", "b.wav"], [7, 8], ["7", "8"]),
        ([r"C:\clips\a.wav", "../../b.wav"], None, ["a", "b"]),
        (["a.wav", "A.wav"], None, ["a~", "A~"]),
        (["../..", "/etc/passwd"], None, ["_", "passwd"]),
    ],
)
def test_names(tmp_path: Path, paths: list[str | None], ids: list[Any] | None, names: list[str]) -> None:
    made = [{"audio": {"bytes": sound(n), "path": path}, "text": "x"} for n, path in enumerate(paths)]
    if ids:
        made = [row | {"id": value} for row, value in zip(made, ids, strict=True)]
    schema = pa.Table.from_pylist(made).schema.set(0, pa.field("audio", AUDIO))
    unpack_shards([shard(tmp_path / "a.parquet", made, schema)], tmp_path / "out")
    lines = (tmp_path / "out" / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line)["file_name"] for line in lines]
    assert [(tmp_path / "out" / name).read_bytes() for name in found] == [sound(0), sound(1)]
    for name, start in zip(found, names, strict=True):
        assert name.startswith(f"audio/{start}")
        assert name.endswith(".wav")


@pytest.mark.parametrize("form", ["WAV", "FLAC", "OGG", "MP3", "AIFF", "RF64"])
def test_the_bytes_tell_the_format(tmp_path: Path, form: str) -> None:
    data = sound(1, form)
    row = {"audio": {"bytes": data, "path": "a.xyz"}, "text": "x"}
    unpack_shards([shard(tmp_path / "a.parquet", [row])], tmp_path / "out")
    (path,) = (tmp_path / "out" / "audio").iterdir()
    assert path.suffix == {"RF64": ".wav"}.get(form, f".{form.lower()}")
    assert path.read_bytes() == data
    assert len(sf.read(path)[0]) >= 800


def test_a_row_without_audio_stays_in_the_table(tmp_path: Path) -> None:
    made = [
        {"audio": None, "text": "none"},
        {"audio": {"bytes": None, "path": "b.flac"}, "text": "elsewhere"},
        {"audio": {"bytes": b"", "path": "c.wav"}, "text": "empty"},
        {"audio": {"bytes": sound(1), "path": "d.wav"}, "text": None},
    ]
    schema = pa.schema([("audio", AUDIO), ("text", pa.string())])
    unpack_shards([shard(tmp_path / "a.parquet", made, schema)], tmp_path / "out")
    lines = (tmp_path / "out" / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["none", "elsewhere", "empty", None]
    assert sorted(path.stat().st_size for path in (tmp_path / "out" / "audio").iterdir()) == [0, len(sound(1))]


def test_other_columns_are_kept_as_they_are(tmp_path: Path) -> None:
    row = {
        "recording": {"bytes": sound(1), "path": "a.wav", "sampling_rate": 16_000},
        "transcription": "Text",
        "file_name": "theirs.wav",
        "score": float("nan"),
        "votes": 3,
        "good": True,
        "tags": ["a"],
    }
    unpack_shards([shard(tmp_path / "a.parquet", [row])], tmp_path / "out")
    about = json.loads((tmp_path / "out" / "metadata.jsonl").read_text(encoding="utf-8"))
    assert about == {
        **{"file_name": "audio/a.wav", "transcription": "Text", "source_file_name": "theirs.wav"},
        **{"score": None, "votes": 3, "good": True},
    }


def test_audio_without_any_text_is_a_plain_folder(tmp_path: Path) -> None:
    unpack_shards([shard(tmp_path / "a.parquet", [{"audio": {"bytes": sound(1), "path": "a.wav"}}])], tmp_path / "out")
    assert sorted(content(tmp_path / "out")) == [MARK, "audio/a.wav"]
    assert read_corpus(tmp_path / "out").layout == "plain"


def test_damaged_shards_are_named(corpus: Path, tmp_path: Path) -> None:
    first = corpus / "data" / "train-00000-of-00002.parquet"
    whole = first.read_bytes()
    first.write_bytes(whole[:-100])
    with pytest.raises(CorpusError, match=r"train-00000-of-00002\.parquet is damaged or no Parquet"):
        find_shards(corpus)
    first.write_bytes(whole[:200] + random.Random(1).randbytes(20_000) + whole[20_200:])
    with pytest.raises(CorpusError, match=r"train-00000-of-00002\.parquet is damaged"):
        unpack_shards(find_shards(corpus), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    """One megabyte that 100 rows share: a file of a few kB."""
    shared = pa.array([bytes(1 << 20)], pa.binary()).take(pa.array([0] * 100))
    audio = pa.StructArray.from_arrays([shared, pa.array([f"{n}.wav" for n in range(100)])], ["bytes", "path"])
    pq.write_table(pa.table({"audio": audio, "text": ["x"] * 100}), tmp_path / "a.parquet", compression="zstd")
    assert (tmp_path / "a.parquet").stat().st_size < 1 << 20
    with pytest.raises(CorpusError, match="far more audio"):
        unpack_shards([tmp_path / "a.parquet"], tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]


def test_a_shard_of_empty_clips_is_refused(tmp_path: Path) -> None:
    count = 800_000
    audio = pa.StructArray.from_arrays([pa.nulls(count, pa.binary()), pa.nulls(count, pa.string())], ["bytes", "path"])
    pq.write_table(pa.table({"audio": audio}), tmp_path / "a.parquet")
    with pytest.raises(CorpusError, match="claims 800,000 clips"):
        unpack_shards(find_shards(tmp_path), tmp_path / "into")
    assert not (tmp_path / "into").exists()


def test_a_shard_whose_name_is_no_utf8_is_read(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    folder.mkdir()
    shard(tmp_path / "a.parquet", rows(0, 2)).rename(folder / os.fsdecode(b"\xff.parquet"))
    unpack_shards(find_shards(folder), tmp_path / "into")
    assert len(list((tmp_path / "into" / "audio").iterdir())) == 2
