"""Label tracks, subtitles and TextGrids: pieces of a recording, each with its text."""

from pathlib import Path

import pytest

from corpora.layouts.corpus import audio, clips_of, put
from ttsprep.core.types import Clip
from ttsprep.corpora.corpus import read_corpus

PIECES = [
    Clip("talk-0000000", "talk.wav", "First of all.", start=0.0, end=1.5),
    Clip("talk-0001500", "talk.wav", "Then the rest.", start=1.5, end=3.25),
]
FILES = {
    "talk.txt": "0.000000\t1.500000\tFirst of all.\n1.500000\t3.250000\tThen the rest.\n",
    "talk.srt": "1\r\n00:00:00,000 --> 00:00:01,500\r\nFirst\r\nof all.\r\n\r\n2\r\n00:00:01,500 --> 00:00:03,250\r\n"
    "<i>Then</i> the rest.\r\n",
    "talk.vtt": "WEBVTT\n\n00:00.000 --> 00:01.500 align:start\nFirst of all.\n\n"
    "00:01.500 --> 00:03.250\nThen the rest.\n",
    "talk.TextGrid": 'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0\nxmax = 3.25\ntiers? <exists>\n'
    'size = 1\nitem []:\n  item [1]:\n    class = "IntervalTier"\n    name = "anna"\n    xmin = 0\n    xmax = 3.25\n'
    '    intervals: size = 3\n    intervals [1]:\n      xmin = 0\n      xmax = 1.5\n      text = "First of all."\n'
    '    intervals [2]:\n      xmin = 1.5\n      xmax = 3.25\n      text = "Then the rest."\n'
    '    intervals [3]:\n      xmin = 3.25\n      xmax = 3.3\n      text = ""\n',
}


@pytest.mark.parametrize("name", FILES)
def test_each_label_is_a_piece(tmp_path: Path, name: str) -> None:
    audio(tmp_path, "talk.wav")
    put(tmp_path, name, FILES[name])
    assert read_corpus(tmp_path).layout == "labels"
    assert clips_of(tmp_path) == PIECES


def test_aligned_words_are_the_text_of_the_whole_clip(tmp_path: Path) -> None:
    audio(tmp_path, "talk.wav")
    words = FILES["talk.TextGrid"].replace('"anna"', '"words"').replace("First of all.", "first")
    put(tmp_path, "talk.TextGrid", words.replace("Then the rest.", "then"))
    assert clips_of(tmp_path) == [Clip("talk", "talk.wav", "first then")]


def test_a_transcript_with_no_times_is_no_track(tmp_path: Path) -> None:
    audio(tmp_path, "talk.wav")
    put(tmp_path, "talk.txt", "12\t13\tand so on,\nwithout a time.\n")
    assert read_corpus(tmp_path).layout == "plain"


def test_a_file_without_labels_is_named(tmp_path: Path) -> None:
    audio(tmp_path, "talk.wav")
    put(tmp_path, "talk.srt", "nothing of the kind\n")
    corpus = read_corpus(tmp_path)
    assert [(f.clip, f.code, f.message) for f in corpus.findings] == [
        ("talk", "metadata-malformed", "talk.srt holds no text with its times")
    ]
    assert [clip.text for clip in corpus.clips] == [""]
