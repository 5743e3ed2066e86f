"""Every form of codes holds the same, and decodes to the same clips."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from faults.house import hashes

from codec.encoding import CLIPS, encoded, rows, shards
from ttsprep.codec.decode import decode
from ttsprep.codec.encode_job import Options

pytestmark = pytest.mark.usefixtures("one_server")


@pytest.mark.parametrize("form", ["npy", "webdataset", "hf", "frames", "flat", "delay-higgs"])
def test_every_form_decodes_to_the_same_clips(few_once: Path, reference: Path, tmp_path: Path, form: str) -> None:
    from ttsprep.codec.token_formats import open_codes

    out = tmp_path / "codes"
    shutil.copytree(reference, out)
    result = encoded(few_once, out, Options(beam=1, form=form))
    assert result.coded == 0  # turned over, not coded again
    assert not list(out.glob("codes-*.parquet"))
    ours = {row.id: row for row in open_codes(out).rows()}
    for row in open_codes(reference).rows():
        assert np.array_equal(ours[row.id].codes, row.codes) and ours[row.id].codes.dtype == np.int16
        assert (ours[row.id].scale, ours[row.id].samples) == (row.scale, row.samples)
    encoded(few_once, out)
    assert shards(out) == shards(reference)


def test_a_finished_shard_that_was_damaged_is_coded_again(few_once: Path, reference: Path, tmp_path: Path) -> None:
    out = tmp_path / "codes"
    shutil.copytree(reference, out)
    path = out / "codes-00000-of-00001.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0xFF
    path.write_bytes(data)
    result = encoded(few_once, out, Options(beam=1, form="npy"))
    assert result.coded == CLIPS
    encoded(few_once, out)
    assert shards(out) == shards(reference)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # webdataset leaves its file open
def test_readers_of_others_read_the_forms(few_once: Path, reference: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    webdataset = pytest.importorskip("webdataset")
    wanted = rows(reference)
    for form in ("hf", "tar"):
        shutil.copytree(reference, tmp_path / form)
    encoded(few_once, tmp_path / "hf", Options(beam=1, form="hf"))
    found = datasets.load_dataset(str(tmp_path / "hf"), split="train", cache_dir=str(tmp_path / "cache"))
    assert found["id"][:] == list(wanted)
    first = found[0]
    assert np.reshape(first["codes"], -1).tolist() == wanted[first["id"]]["codes"] and len(first["codes"]) == 8
    assert first["text"]
    encoded(few_once, tmp_path / "tar", Options(beam=1, form="webdataset"))
    samples = webdataset.WebDataset(str(tmp_path / "tar" / "codes-00000-of-00001.tar"), shardshuffle=False).decode()
    for sample, (name, row) in zip(samples, wanted.items(), strict=True):
        assert sample["json"]["id"] == name and sample["json"]["text"]
        assert sample["npy"].shape == (8, row["frames"])


def test_decoding_gives_clips_of_the_same_length_and_level(few_once: Path, reference: Path, tmp_path: Path) -> None:
    result = decode(reference, tmp_path / "decoded", jobs=2)
    assert (result.clips, result.fresh) == (CLIPS, CLIPS)
    for name, row in rows(reference).items():
        original, rate = soundfile.read(few_once / "wavs" / f"{name}.wav")
        back, back_rate = soundfile.read(tmp_path / "decoded" / f"{name}.wav")
        assert (back_rate, len(back)) == (16000, row["samples"])
        assert abs(len(back) / back_rate - len(original) / rate) < 1e-3
        assert 0.7 < np.sqrt(np.mean(back**2) / np.mean(original**2)) < 1.4
    before = hashes(tmp_path / "decoded")
    again = decode(reference, tmp_path / "decoded", jobs=1)
    assert again.fresh == 0 and hashes(tmp_path / "decoded") == before
