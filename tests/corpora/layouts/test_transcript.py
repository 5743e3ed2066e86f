"""``id<TAB>text`` in one table beside the audio."""

from pathlib import Path

import pytest

from corpora.layouts.corpus import audio, clips_of, put, split
from ttsprep.core.errors import CorpusError
from ttsprep.corpora.corpus import detect, read_corpus

LINES = 'WEB_01\tIn the beginning, God created "the heavens".\nWEB_02\t\tThe earth | was formless. \nWEB_03\tnull\n'


@pytest.mark.parametrize("table", ["transcript.txt", "line_index.tsv"])
@pytest.mark.parametrize("folder", ["", "wavs/"])
def test_a_table_beside_the_audio(tmp_path: Path, table: str, folder: str) -> None:
    audio(tmp_path, *(f"{folder}WEB_0{n}.wav" for n in (1, 3)), f"{folder}WEB_02.flac")
    put(tmp_path, table, LINES.replace("\t\t", "\t"))
    put(tmp_path, "README.txt", "The World English Bible.")
    assert detect(tmp_path).kind.name == "table"
    clips = clips_of(tmp_path)
    assert [clip.id for clip in clips] == ["WEB_01", "WEB_02", "WEB_03"]
    assert [clip.path for clip in clips] == [f"{folder}WEB_01.wav", f"{folder}WEB_02.flac", f"{folder}WEB_03.wav"]
    assert [clip.text for clip in clips][1:] == ["The earth | was formless. ", "null"]
    assert [clip.id for clip in clips_of(tmp_path / table)] == ["WEB_01", "WEB_02", "WEB_03"]


def test_ids_with_folders(tmp_path: Path) -> None:
    audio(tmp_path, "Genesis/001.wav", "Genesis/002.wav")
    put(tmp_path, "transcript.txt", "Genesis/001\tOne.\nGenesis/002\tTwo.\n")
    assert [(clip.path, clip.text) for clip in clips_of(tmp_path)] == [
        ("Genesis/001.wav", "One."),
        ("Genesis/002.wav", "Two."),
    ]


def test_a_line_with_more_or_less_than_a_text_is_named_and_kept(tmp_path: Path) -> None:
    audio(tmp_path, *(f"WEB_0{n}.wav" for n in (1, 2, 3)))
    put(tmp_path, "transcript.txt", LINES + "WEB_04\n")
    clips, findings = split(read_corpus(tmp_path, "table"))
    assert [clip.text for clip in clips][1] == "\tThe earth | was formless. "
    assert [(finding.code, finding.message) for finding in findings] == [
        ("metadata-malformed", "transcript.txt line 2: has 3 columns where most lines have 2"),
        ("metadata-malformed", "transcript.txt line 4: has 1 column where most lines have 2"),
    ]


def test_what_is_no_such_table(tmp_path: Path) -> None:
    audio(tmp_path, "a.wav")
    put(tmp_path, "transcript.txt", "The transcript of a.wav, in one\tpiece.\n")
    assert read_corpus(tmp_path).layout == "plain"
    with pytest.raises(CorpusError, match="holds no table of audio and texts"):
        read_corpus(audio(tmp_path / "other", "b.wav"), "table")
