"""WebDataset: tar files of clips with their texts."""

import json
from pathlib import Path
from typing import Any

import pytest

from corpora.layouts.corpus import audio
from corpora.shards.test_parquet import content, sound
from ttsprep.core.errors import CorpusError
from ttsprep.corpora.corpus import read_corpus
from ttsprep.corpora.shards.unpacking import find_shards, unpack_shards
from ttsprep.corpora.source import readable

webdataset = pytest.importorskip("webdataset")


def write(path: Path, samples: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with webdataset.TarWriter(str(path), encoder=False) as tar:
        for sample in samples:
            tar.write(sample)
    return path


def sample(key: str, number: int, **more: bytes) -> dict[str, Any]:
    return {"__key__": key, "wav": sound(number), **more}


def test_shards_become_a_folder_each(tmp_path: Path) -> None:
    emilia = json.dumps({"text": "Two.", "speaker": "ann", "language": "en"}).encode()
    write(tmp_path / "set/train-000000.tar", [sample("a", 1, txt=b"One."), sample("b", 2, json=emilia)])
    write(tmp_path / "set/train-000001.tar.gz", [sample("a", 3, txt=b"Three.")])
    shards = find_shards(tmp_path / "set")
    unpack_shards(shards, tmp_path / "out")
    clips = read_corpus(tmp_path / "out").clips
    assert [(clip.id, clip.text, clip.speaker) for clip in clips] == [
        ("train-000000/a", "One.", ""),
        ("train-000000/b", "Two.", "ann"),
        ("train-000001/a", "Three.", ""),
    ]
    assert [(tmp_path / "out" / clip.path).read_bytes() for clip in clips] == [sound(1), sound(2), sound(3)]
    before = content(tmp_path / "out")
    unpack_shards(shards, tmp_path / "out")
    assert content(tmp_path / "out") == before


def test_a_folder_or_one_shard_is_readable(tmp_path: Path) -> None:
    path = write(tmp_path / "set/train-000000.tar", [sample("a", 1, txt=b"One.")])
    for root in (path, path.parent):
        assert [clip.text for clip in read_corpus(readable(root, data=tmp_path / "data")).clips] == ["One."]


def test_tars_that_are_no_shards(tmp_path: Path) -> None:
    write(tmp_path / "set/audio.tar", [sample("a", 1), sample("b", 2)])
    assert find_shards(tmp_path / "set") == []
    write(tmp_path / "set/train.tar", [sample("a", 1, txt=b"One.")])
    audio(tmp_path, "set/wavs/deep/deeper/deepest/a.wav")
    assert find_shards(tmp_path / "set") == [], "the tar file is where the audio came from"


def test_a_damaged_shard_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "set/train.tar", [sample("a", 1, txt=b"One."), sample("b", 2, txt=b"Two.")])
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(CorpusError, match=r"train\.tar"):
        unpack_shards(find_shards(tmp_path / "set"), tmp_path / "out")
    assert [found.name for found in tmp_path.iterdir()] == ["set"]
