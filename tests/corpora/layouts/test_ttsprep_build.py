from dataclasses import fields
from pathlib import Path

import pyarrow as pa
import pytest

from corpora.layouts.corpus import audio, clips_of
from ttsprep.core.errors import CorpusError
from ttsprep.core.tables import write_json, write_table
from ttsprep.core.types import Clip
from ttsprep.corpora.audio_files import audio_files
from ttsprep.corpora.corpus import read_corpus
from ttsprep.corpora.exports.base import Entry
from ttsprep.corpora.exports.ljspeech import LJSpeech
from ttsprep.corpora.exports.nemo import NeMo

ENTRIES = [
    Entry("a", "wavs/a.wav", "No. 1", "number one", "anna", "en-us", "train", 16_000, 1, 1600, ""),
    Entry("b", "wavs/b.wav", "eins", "=eins", "bob", "de", "train", 16_000, 1, 1600, ""),
    Entry("c", "wavs/c.wav", "drei", "e\u0301 drei", "", "", "test", 16_000, 1, 1600, ""),
]


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Return a folder as a build leaves it, with an export in it."""
    audio(tmp_path, *(entry.path for entry in ENTRIES))
    LJSpeech().write(ENTRIES, tmp_path, tmp_path)
    NeMo().write(ENTRIES, tmp_path, tmp_path / "exports" / "nemo")
    columns = {field.name: [getattr(entry, field.name) for entry in ENTRIES] for field in fields(Entry)}
    write_table(tmp_path / "clips.parquet", pa.table(columns))
    write_json(tmp_path / "build.json", {"clips": 3})
    return tmp_path


def test_a_build_is_read_with_speakers_and_languages(built: Path) -> None:
    corpus = read_corpus(built)
    assert (corpus.layout, corpus.why) == ("build", "build.json with clips.parquet")
    assert clips_of(built) == [
        Clip("a", "wavs/a.wav", "number one", "anna", "en-us"),
        Clip("b", "wavs/b.wav", "=eins", "bob", "de"),
        Clip("c", "wavs/c.wav", "e\u0301 drei"),
    ]


def test_its_exports_hold_no_orphans(built: Path) -> None:
    assert len(list(audio_files(built))) == 6
    assert read_corpus(built).orphans == []


def test_it_may_still_be_read_as_ljspeech(built: Path) -> None:
    assert [clip.speaker for clip in clips_of(built / "metadata.csv")] == ["", "", ""]


def test_an_unfinished_build_is_none(built: Path) -> None:
    (built / "build.json").unlink()
    assert read_corpus(built).layout == "table"
    with pytest.raises(CorpusError, match="no finished build"):
        read_corpus(built, "build")


@pytest.mark.parametrize("table", [b"PAR1 cut", b""])
def test_a_damaged_table_is_named(built: Path, table: bytes) -> None:
    (built / "clips.parquet").write_bytes(table)
    with pytest.raises(CorpusError, match=r"clips\.parquet is damaged, or of another version"):
        read_corpus(built)


def test_a_table_that_is_of_no_build_is_named(built: Path) -> None:
    write_table(built / "clips.parquet", pa.table({"id": ["a"], "path": ["wavs/a.wav"]}))
    with pytest.raises(CorpusError, match="another version of ttsprep"):
        read_corpus(built)
