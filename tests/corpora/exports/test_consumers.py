"""Every form that a library reads, read by that library."""

import csv
import gc
import io
import json
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf

from corpora.exports.build import BREAKS, NASTY, PIPE, TAB, build, renamed, write
from ttsprep.corpora.exports.audiofolder import AudioFolder
from ttsprep.corpora.exports.base import Entry
from ttsprep.corpora.exports.filelist import Filelist
from ttsprep.corpora.exports.lhotse import Lhotse
from ttsprep.corpora.exports.parquet import Parquet
from ttsprep.corpora.exports.webdataset import WebDataset

TEXTS = (*NASTY, TAB, PIPE, *BREAKS)
SPLITS = {"train": "train", "valid": "validation", "test": "test"}


def library(name: str) -> Any:
    return pytest.importorskip(name, reason=f"{name} is not installed, so nothing can be loaded with it")


def samples(root: Path, entry: Entry) -> np.ndarray:
    return sf.read(root / entry.path, dtype="int16")[0]


@pytest.fixture
def datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return Hugging Face `datasets`, kept from the network and from the cache of the user."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    found = library("datasets")
    monkeypatch.setattr(found.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    found.disable_progress_bars()
    return found


def as_read(datasets: Any, loaded: Any, root: Path, entries: list[Entry]) -> None:
    """Check texts, labels and samples of what `datasets` loaded."""
    assert set(loaded) == set(SPLITS.values())
    for split, name in SPLITS.items():
        assert loaded[name].features["audio"] == datasets.Audio(
            sampling_rate=loaded[name].features["audio"].sampling_rate
        )
        rows = {row["id"]: row for row in loaded[name].cast_column("audio", datasets.Audio(decode=False))}
        part = [entry for entry in entries if entry.split == split]
        assert len(rows) == len(part)
        for entry in part:
            row = rows[entry.id]
            assert (row["text"], row["normalized_text"]) == (entry.text, entry.normalised)
            assert (row["speaker"], row["language"]) == (entry.speaker, entry.language)
            source = io.BytesIO(row["audio"]["bytes"]) if row["audio"]["bytes"] else row["audio"]["path"]
            assert np.array_equal(sf.read(source, dtype="int16")[0], samples(root, entry))


def test_datasets_loads_parquet(datasets: Any, tmp_path: Path) -> None:
    entries = build(tmp_path / "built", TEXTS)
    folder = write(Parquet(clips=7), entries, tmp_path / "built")
    loaded = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    as_read(datasets, loaded, tmp_path / "built", entries)
    assert loaded["train"].features["audio"].sampling_rate == 22_050
    assert loaded["train"].remove_columns("audio")[:]["duration"] == [
        e.duration_s for e in entries if e.split == "train"
    ]
    assert [p.name for p in sorted((folder / "data").glob("train-*"))] == [
        f"train-{number:05d}-of-00003.parquet" for number in range(3)
    ]


def test_parquet_says_of_its_columns_what_datasets_says_of_them(datasets: Any, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    folder = write(Parquet(), build(tmp_path / "built"), tmp_path / "built")
    schema = pq.read_schema(folder / "data" / "train-00000-of-00001.parquet")
    texts = ("id", "text", "normalized_text", "speaker", "language")
    features = datasets.Features({
        "audio": datasets.Audio(sampling_rate=22_050),
        **dict.fromkeys(texts, datasets.Value("string")),
        "duration": datasets.Value("float64"),
    })
    assert datasets.Features.from_arrow_schema(schema) == features
    assert schema.equals(features.arrow_schema)


def test_datasets_loads_an_audiofolder(datasets: Any, tmp_path: Path) -> None:
    if int(datasets.__version__.split(".")[0]) >= 4:
        pytest.importorskip("torchcodec", reason="datasets 4 and later touch no audio file without torchcodec")
    entries = build(tmp_path / "built", TEXTS)
    folder = write(AudioFolder(), entries, tmp_path / "built")
    as_read(
        datasets, datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache")), tmp_path / "built", entries
    )


def test_datasets_loads_the_table_of_an_audiofolder(datasets: Any, tmp_path: Path) -> None:
    entries = build(tmp_path / "built", TEXTS)
    folder = write(AudioFolder(), entries, tmp_path / "built")
    files = {name: str(folder / split / "metadata.jsonl") for split, name in SPLITS.items()}
    loaded = datasets.load_dataset("json", data_files=files, cache_dir=str(tmp_path / "cache"))
    rows = {row["id"]: row for name in loaded for row in loaded[name]}
    assert [rows[e.id]["text"] for e in entries] == list(TEXTS)
    assert [rows[e.id]["normalized_text"] for e in entries] == [e.normalised for e in entries]
    assert [rows[e.id]["speaker"] for e in entries] == [e.speaker for e in entries]


def test_lhotse_loads_its_manifests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lhotse = library("lhotse")
    entries = build(tmp_path / "built", TEXTS)
    folder = write(Lhotse(), entries, tmp_path / "built")
    monkeypatch.chdir(folder)
    for split in SPLITS:
        recordings = lhotse.RecordingSet.from_jsonl(folder / f"recordings_{split}.jsonl.gz")
        supervisions = lhotse.SupervisionSet.from_jsonl(folder / f"supervisions_{split}.jsonl.gz")
        lhotse.qa.validate_recordings_and_supervisions(recordings, supervisions)
        cuts = {cut.id: cut for cut in lhotse.CutSet.from_manifests(recordings, supervisions).trim_to_supervisions()}
        found = {cut.supervisions[0].id: cut for cut in cuts.values()}
        part = [entry for entry in entries if entry.split == split]
        assert len(found) == len(part)
        for entry in part:
            cut = found[entry.id]
            (said,) = cut.supervisions
            assert (said.text, said.normalized_text) == (entry.text, entry.normalised)
            assert (said.speaker, said.language) == (entry.speaker or None, entry.language)
            assert (cut.sampling_rate, cut.num_samples) == (entry.sample_rate, entry.frames)
            audio = np.round(recordings[entry.id].load_audio()[0] * 32768).astype(np.int16)
            assert np.array_equal(audio, samples(tmp_path / "built", entry))


def test_webdataset_reads_its_shards(tmp_path: Path) -> None:
    webdataset = library("webdataset")
    entries = build(tmp_path / "built", TEXTS)
    entries[0] = renamed(entries[0], id="with.dots.in_it")
    folder = write(WebDataset(clips=6), entries, tmp_path / "built")
    for split in SPLITS:
        shards = sorted(str(path) for path in folder.glob(f"{split}-*.tar"))
        assert [os.path.basename(s) for s in shards] == [f"{split}-{n:06d}.tar" for n in range(len(shards))]  # noqa: PTH119
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # it does not close its shards
            rows = list(webdataset.WebDataset(shards, shardshuffle=False, empty_check=False).decode())
            gc.collect()
        part = [entry for entry in entries if entry.split == split]
        assert len(shards) == -(-len(part) // 6)
        assert [row["json"]["id"] for row in rows] == [entry.id for entry in part]
        for row, entry in zip(rows, part, strict=True):
            assert (row["txt"], row["json"]["text"]) == (entry.normalised, entry.text)
            assert row["json"]["speaker"] == entry.speaker
            assert row["json"]["duration"] == entry.duration_s
            assert np.array_equal(sf.read(io.BytesIO(row["wav"]), dtype="int16")[0], samples(tmp_path / "built", entry))


def test_python_and_pandas_read_a_quoted_filelist(tmp_path: Path) -> None:
    import pandas as pd

    entries = build(tmp_path / "built", (*NASTY, TAB, PIPE), speakers=("anna", 'b"o|b'))
    export = Filelist(
        template="{path}|{normalised}|{speaker}",
        header="audio_file|text|speaker_name",
        files="metadata_{split}.csv",
        quoted=True,
    )
    assert [export.refuse(entry) for entry in entries] == [""] * len(entries)
    folder = write(export, entries, tmp_path / "built")
    train = [entry for entry in entries if entry.split == "train"]
    wanted = [[e.path, e.normalised, e.speaker] for e in train]
    with (folder / "metadata_train.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file, delimiter="|"))[1:] == wanted
    table = pd.read_csv(folder / "metadata_train.csv", sep="|")
    assert table.to_numpy().tolist() == wanted


def test_speakers_by_number(tmp_path: Path) -> None:
    entries = build(tmp_path / "built", NASTY, speakers=("zoe", "anna"))
    folder = write(Filelist(template="{path}|{speaker_id}|{text}"), entries, tmp_path / "built")
    numbers = json.loads((folder / "speakers.json").read_text(encoding="utf-8"))
    assert numbers == {"anna": 0, "zoe": 1}
    lines = (folder / "train.txt").read_text(encoding="utf-8").splitlines()
    assert [line.split("|")[1] for line in lines] == [str(numbers[e.speaker]) for e in entries if e.split == "train"]
    write(Filelist(), entries, tmp_path / "built")
    assert not (folder / "speakers.json").exists()
