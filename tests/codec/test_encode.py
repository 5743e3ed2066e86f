"""The same corpus gives the same bytes of codes, however it was encoded, and every clip comes back."""

import json
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile
import soxr

from codec.encoding import CLIPS, FAST, encoded, rows, shards

pytest.importorskip("torch")

from faults.house import hashes

from ttsprep.codec.decode import decode
from ttsprep.codec.encode import newest_build, prepare_job
from ttsprep.codec.encode_job import Options
from ttsprep.core.errors import BusyError, CorpusError, OutputError, TtsprepError, UsageError
from ttsprep.core.files import lock
from ttsprep.core.types import Clip

pytestmark = pytest.mark.usefixtures("one_server")


def test_a_shard_holds_what_it_says(few_once: Path, reference: Path) -> None:
    from ttsprep.codec.codec import Codec

    codec = Codec.load("nano16")
    path = reference / "codes-00000-of-00001.parquet"
    table = pq.read_table(path)
    assert [(f.name, str(f.type)) for f in table.schema] == [
        ("id", "string"), ("codes", "list<element: int16>"), ("frames", "int32"), ("scale", "float"),
        ("samples", "int64"),
    ]  # fmt: skip
    footer = json.loads(table.schema.metadata[b"ttsprep.codes"])
    assert footer == {
        "version": 2, "codec": "nano16", "digest": codec.digest, "sample_rate": 16000, "hop_length": 320,
        "num_codebooks": 8, "codebook_size": 1024, "beam": 1, "frame_rate": 50.0,
    }  # fmt: skip
    column = pq.ParquetFile(path).metadata.row_group(0).column(1)
    assert column.compression == "ZSTD" and "RLE_DICTIONARY" in column.encodings
    for name, row in list(rows(reference).items())[:3]:
        samples, rate = soundfile.read(few_once / "wavs" / f"{name}.wav", dtype="float32")
        clip = soxr.resample(samples, rate, 16000, quality="HQ")
        (coded,) = codec.encode([clip])
        assert np.array_equal(np.reshape(row["codes"], (8, -1)), coded.codes)
        assert (row["frames"], row["scale"], row["samples"]) == (coded.codes.shape[1], coded.scale, len(clip))


def test_where_the_codec_lies_is_nobodys_business(few_once: Path, tmp_path: Path) -> None:
    from ttsprep.codec import codec as api
    from ttsprep.core.errors import CodecError

    mine = tmp_path / "private" / "mine.pt"
    mine.parent.mkdir()
    shutil.copy(Path(api.__file__).parent / "weights" / "nano16.pt", mine)
    encoded(few_once, tmp_path / "codes", Options(codec=str(mine), beam=1))
    for file in (tmp_path / "codes").glob("codes*"):
        assert b"private" not in file.read_bytes()
    spec = json.loads((tmp_path / "codes" / "codes.summary.json").read_text(encoding="utf-8"))["spec"]
    assert spec["codec"] == "mine.pt"
    with pytest.raises(CodecError, match="give its path with --codec"):
        decode(tmp_path / "codes", tmp_path / "decoded", jobs=1)


def test_the_summary_counts(reference: Path) -> None:
    summary = json.loads((reference / "codes.summary.json").read_text(encoding="utf-8"))
    table = rows(reference)
    assert summary["clips"] == len(table) == CLIPS
    assert summary["tokens"] == sum(len(row["codes"]) for row in table.values())
    first = np.concatenate([np.reshape(row["codes"], (8, -1))[0] for row in table.values()])
    share = np.bincount(first) / len(first)
    share = share[share > 0]
    assert summary["codebooks"][0]["perplexity"] == pytest.approx(2 ** -(share * np.log2(share)).sum(), abs=0.06)
    assert summary["codebooks"][0]["used"] == pytest.approx(len(share) / 1024, abs=1e-4)
    distances = [d for d in pq.read_table(reference / "quality.parquet")["distance_db"].to_pylist() if d is not None]
    assert distances != sorted(distances), "in the order of the corpus"
    assert summary["distance_db"]["median"] == pytest.approx(np.median(distances), abs=1e-3)
    assert summary["distance_db"]["largest"] == pytest.approx(max(distances), abs=1e-3)
    assert -20 < summary["distance_db"]["median"] < -6


def test_a_second_run_does_nothing(few_once: Path, reference: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in reference.glob("*.parquet")}
    result = encoded(few_once, reference, jobs=2)
    assert result.coded == 0
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_any_number_of_processes_gives_the_same_bytes(
    few_once: Path, reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = hashes(few_once)
    monkeypatch.setattr("ttsprep.codec.encode_step.SHARD", 1)
    encoded(few_once, tmp_path / "codes", jobs=3)
    assert shards(tmp_path / "codes") == shards(reference)
    assert hashes(few_once) == source


def test_coding_in_the_parent_gives_the_same_bytes(
    few_once: Path, reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way of a GPU: workers decode, the parent codes; here on a CPU that is called by another name."""
    monkeypatch.setattr("ttsprep.codec.device.find_device", lambda name: "cpu:0")
    result = encoded(few_once, tmp_path / "codes")
    assert result.job.coder.device_name == "cpu:0"
    assert shards(tmp_path / "codes") == shards(reference)


def test_only_what_is_new_is_coded(few: Path, reference: Path, tmp_path: Path) -> None:
    out = tmp_path / "codes"
    shutil.copytree(reference, out)
    extra = few / "wavs" / "extra.wav"
    samples, rate = soundfile.read(next((few / "wavs").glob("*.wav")))
    soundfile.write(extra, samples[::-1], rate)
    with (few / "metadata.csv").open("a", encoding="utf-8") as file:
        file.write("extra|Backwards.\n")
    result = encoded(few, out)
    assert result.coded == 1
    assert rows(reference).items() < rows(out).items()
    deeper = encoded(few, out, Options(beam=1, num_codebooks=3))
    assert deeper.coded == CLIPS + 1
    three = rows(out)["extra"]
    assert len(three["codes"]) == 3 * three["frames"]


def test_what_cannot_be_coded_is_listed_with_its_reason(few: Path, reference: Path, tmp_path: Path) -> None:
    wavs = few / "wavs"
    (wavs / "text.wav").write_text("not audio at all", encoding="utf-8")
    (wavs / "empty.wav").write_bytes(b"")
    soundfile.write(wavs / "nan.wav", np.full(16000, np.nan, np.float32), 16000, subtype="FLOAT")
    with (few / "metadata.csv").open("a", encoding="utf-8") as file:
        file.write("text|One.\nempty|Two.\nnan|Three.\n=gone|Four.\n")
    result = encoded(few, tmp_path / "codes")
    listed = (tmp_path / "codes" / "skipped.csv").read_text(encoding="utf-8").splitlines()
    assert listed[0] == "id,path,code,reason"
    assert [line.split(",")[0] + " " + line.split(",")[2] for line in listed[1:]] == [
        "text audio-unreadable", "empty audio-empty", "nan audio-not-finite", "'=gone audio-missing"
    ]  # fmt: skip
    assert result.summary["skipped"] == {
        "audio-empty": 1, "audio-missing": 1, "audio-not-finite": 1, "audio-unreadable": 1
    }  # fmt: skip
    assert rows(tmp_path / "codes") == rows(reference)
    again = encoded(few, tmp_path / "codes")
    assert again.coded == 0 and again.summary == result.summary


def test_a_corpus_without_one_good_clip_is_refused(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    (corpus / "wavs").mkdir(parents=True)
    (corpus / "wavs" / "a.wav").write_text("no", encoding="utf-8")
    (corpus / "metadata.csv").write_text("a|One.\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="none of 1 clips can be coded; the first: audio-unreadable"):
        encoded(corpus, tmp_path / "codes")


def test_a_long_clip_is_coded_in_pieces_as_if_it_were_whole(few_once: Path, tmp_path: Path) -> None:
    from ttsprep.codec.codec import Codec

    (tmp_path / "corpus").mkdir()
    voices = [soundfile.read(path)[0] for path in sorted((few_once / "wavs").glob("*.wav"))]
    rate = soundfile.info(next((few_once / "wavs").glob("*.wav"))).samplerate
    once = np.concatenate(voices)
    long = np.tile(once, int(190 * rate / len(once)) + 1)[: 190 * rate]
    soundfile.write(tmp_path / "corpus" / "long.flac", long, rate)
    encoded(tmp_path / "corpus", tmp_path / "codes", Options(beam=1, num_codebooks=2))
    samples, _ = soundfile.read(tmp_path / "corpus" / "long.flac", dtype="float32")
    clip = soxr.resample(samples, rate, 16000, quality="HQ")
    (coded,) = Codec.load("nano16").encode([clip], num_codebooks=2)
    (row,) = rows(tmp_path / "codes").values()
    assert row["samples"] == len(clip) and row["scale"] == coded.scale
    assert np.array_equal(np.reshape(row["codes"], (2, -1)), coded.codes)


@pytest.mark.parametrize("most_s", [180.0, 1.0], ids=["whole", "in chunks"])
def test_channels_out_of_phase_are_coded_as_the_voice(
    few_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most_s: float
) -> None:
    from ttsprep.codec.encode_step import EncodeStep

    samples, rate = soundfile.read(next((few_once / "wavs").glob("*.wav")), dtype="float32")
    soundfile.write(tmp_path / "mono.wav", samples, rate)
    soundfile.write(tmp_path / "apart.wav", np.stack([samples, -samples], axis=1), rate)
    monkeypatch.setattr("ttsprep.core.audio.READ_SECONDS", most_s)
    job = prepare_job(few_once, FAST)
    step = pickle.loads(pickle.dumps(EncodeStep(str(tmp_path), "nano16", job.spec, job.code, job.coder)))
    step.setup()
    mono, apart = step.rows([Clip(name, f"{name}.wav", "") for name in ("mono", "apart")])
    assert (mono["status"], apart["status"]) == ("ok", "ok"), (mono, apart)
    assert np.array_equal(mono["codes"], apart["codes"])
    assert mono["scale"] == apart["scale"] > 0.01


def test_the_source_is_not_written_to(few_once: Path) -> None:
    with pytest.raises(OutputError, match="inside the source"):
        encoded(few_once, few_once / "codes")


def test_one_run_at_a_time(few_once: Path, tmp_path: Path) -> None:
    with lock(tmp_path / "codes"), pytest.raises(BusyError, match=str(os.getpid())):
        encoded(few_once, tmp_path / "codes")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (Options(codec="nano17"), "nano17: no such file"),
        (Options(form="parqet"), "did you mean 'parquet'"),
        (Options(device="tpu"), "auto, cpu or cuda"),
        (Options(num_codebooks=9), "8 trained codebooks"),
    ],
)
def test_what_is_asked_for_in_vain_is_named(few_once: Path, tmp_path: Path, options: Options, words: str) -> None:
    with pytest.raises(TtsprepError, match=words):
        encoded(few_once, tmp_path / "codes", options)
    assert not (tmp_path / "codes").exists()


def test_the_newest_build_is_taken(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name the folder of a corpus"):
        newest_build(tmp_path)
    for name, when in (("old", 1000), ("new", 2000), ("older", 500)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "build.json").write_text("{}", encoding="utf-8")
        os.utime(tmp_path / name / "build.json", (when, when))
    (tmp_path / "unfinished").mkdir()
    assert newest_build(tmp_path) == tmp_path / "new"
