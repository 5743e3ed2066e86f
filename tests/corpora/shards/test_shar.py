"""Lhotse Shar: cuts with their audio in tar files."""

import gzip
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip
from ttsprep.corpora.corpus import read_corpus
from ttsprep.corpora.shards.unpacking import find_shards, unpack_shards

lhotse = pytest.importorskip("lhotse")


@pytest.fixture
def shar(tmp_path: Path) -> Path:
    """Three cuts from the middle of recordings, one with two supervisions, in two shards, as Lhotse writes them."""
    from lhotse.shar import SharWriter

    folder = tmp_path / "shar"
    folder.mkdir()
    with SharWriter(str(folder), fields={"recording": "flac"}, shard_size=2) as writer:
        for number, texts in enumerate([("One.",), ("Two.",), ("Three,", "four.")]):
            path = tmp_path / f"r{number}.wav"
            sf.write(path, np.random.default_rng(number).normal(0, 0.1, 8000), 8000)
            recording = lhotse.Recording.from_file(path)
            spoken = [
                lhotse.SupervisionSegment(
                    f"s{number}{place}",
                    recording.id,
                    start=0.25 * place,
                    duration=0.5 / len(texts),
                    text=text,
                    speaker="ann",
                )
                for place, text in enumerate(texts)
            ]
            cut = lhotse.MonoCut(f"cut-{number}", 0.25, 0.5, channel=0, recording=recording, supervisions=spoken)
            writer.write(cut)
    return folder


def test_each_supervision_is_a_clip(shar: Path, tmp_path: Path) -> None:
    shards = find_shards(shar)
    assert [path.name for path in shards] == [
        *("recording.000000.tar", "recording.000001.tar", "cuts.000000.jsonl.gz", "cuts.000001.jsonl.gz")
    ]
    unpack_shards(shards, tmp_path / "out")
    corpus = read_corpus(tmp_path / "out", language="en-us")
    assert corpus.clips == [
        Clip("s00", "recording.000000/cut-0.flac", "One.", "ann", "en-us"),
        Clip("s10", "recording.000000/cut-1.flac", "Two.", "ann", "en-us"),
        Clip("s20", "recording.000001/cut-2.flac", "Three,", "ann", "en-us", 0.0, 0.25),
        Clip("s21", "recording.000001/cut-2.flac", "four.", "ann", "en-us", 0.25, 0.5),
    ]
    assert (corpus.layout, corpus.findings, corpus.orphans) == ("lhotse", [], [])
    whole, _ = sf.read(tmp_path / "r1.wav")
    cut, _ = sf.read(tmp_path / "out" / corpus.clips[1].path)
    np.testing.assert_allclose(cut, whole[2000:6000], atol=1e-4)


def test_a_cut_without_its_audio_is_refused(shar: Path, tmp_path: Path) -> None:
    path = shar / "cuts.000001.jsonl.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"cut-2", b"cut-9")))
    with pytest.raises(CorpusError, match=r"cuts\.000001\.jsonl\.gz line 1: the audio of the cut 'cut-9'"):
        unpack_shards(find_shards(shar), tmp_path / "out")
    assert not (tmp_path / "out").exists()
