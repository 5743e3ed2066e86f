"""Options of the exports, and what is said where they do not fit."""

import gzip
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from corpora.exports.build import build, renamed, write
from ttsprep.build.config import parse
from ttsprep.core.errors import UsageError
from ttsprep.corpora.exports.filelist import Filelist
from ttsprep.corpora.exports.jsonl import JSONLines
from ttsprep.corpora.exports.kaldi import Kaldi
from ttsprep.corpora.exports.lhotse import Lhotse
from ttsprep.corpora.exports.nemo import NeMo
from ttsprep.corpora.exports.parquet import Parquet
from ttsprep.corpora.exports.webdataset import WebDataset


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"template": "{path}|{txet}"}, "no field {txet}; did you mean 'text'"),
        ({"template": "{text}|{speaker}"}, "names no audio"),
        ({"template": "{path} {text}"}, "without the delimiter '|' between"),
        ({"template": "{path}|{text"}, "template"),
        ({"template": "{path}|{text!r}"}, "stands alone"),
        ({"template": "{path}|{text.__class__}"}, "no field"),
        ({"files": "../train.txt"}, "files is a file name"),
        ({"files": ".hidden"}, "files is a file name"),
        ({"files": "speakers.json"}, "files is a file name"),
        ({"delimiter": ""}, "delimiter"),
        ({"delimiter": "||", "quoted": True}, "delimiter"),
    ],
)
def test_what_a_filelist_refuses(options: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        Filelist(**options)  # type: ignore[arg-type]
    assert words in str(caught.value)


def test_columns_may_have_words_of_their_own(tmp_path: Path) -> None:
    entries = build(tmp_path, ["one", "two"], speakers=["anna"])
    folder = write(
        Filelist(template="DUMMY/{file}\t{duration}\t{language}", delimiter="\t", files="all.tsv"), entries, tmp_path
    )
    assert (folder / "all.tsv").read_text(encoding="utf-8") == (
        "DUMMY/clip000.wav\t0.0362812\ten-us\nDUMMY/clip001.wav\t0.0363265\ten-ie\n"
    )


def test_options_come_from_a_recipe() -> None:
    (export,) = parse(
        'export = ["filelist"]\n[exports.filelist]\ntemplate = "{id}|{text}"', "mine"
    ).configured_exports()
    assert export == Filelist(template="{id}|{text}")
    with pytest.raises(UsageError, match=r"mine: \[exports.filelist\]: template: .* names no audio"):
        parse('export = ["filelist"]\n[exports.filelist]\ntemplate = "{text}"', "mine")


@pytest.mark.parametrize("kind", [WebDataset, Parquet])
def test_shards_hold_something(kind: type[WebDataset | Parquet]) -> None:
    for options in ({"clips": 0}, {"megabytes": 0.0}, {"megabytes": float("nan")}):
        with pytest.raises(UsageError, match="above 0"):
            kind(**options)  # type: ignore[arg-type]


def test_shards_by_size(tmp_path: Path) -> None:
    entries = [renamed(e, split="train") for e in build(tmp_path, ["one"] * 6)]
    size = sum((tmp_path / e.path).stat().st_size for e in entries)
    folder = write(WebDataset(megabytes=size / 2.9e6), entries, tmp_path)
    counts = []
    for path in sorted(folder.iterdir()):
        with tarfile.open(path) as tar:
            counts.append(len(tar.getnames()))
    assert counts == [6, 6, 6], "two clips in each"
    folder = write(WebDataset(megabytes=1e-6), entries, tmp_path)
    assert len(list(folder.iterdir())) == 6, "a clip larger than a shard has one of its own"


def test_members_of_a_shard_belong_to_nobody(tmp_path: Path) -> None:
    folder = write(WebDataset(), build(tmp_path), tmp_path)
    with tarfile.open(folder / "train-000000.tar") as tar:
        for member in tar:
            assert (member.mtime, member.uid, member.gid, member.uname, member.gname) == (0, 0, 0, "", "")
            assert member.isreg()
            assert "/" not in member.name


def test_ids_that_webdataset_takes_for_one(tmp_path: Path) -> None:
    one, two = build(tmp_path, ["one", "two"])
    with pytest.raises(UsageError, match="differ only by a dot"):
        WebDataset().write([renamed(one, id="a.b"), renamed(two, id="a~b")], tmp_path, tmp_path / "out")


def test_gzip_has_no_time_in_it(tmp_path: Path) -> None:
    folder = write(Lhotse(), build(tmp_path), tmp_path)
    data = (folder / "supervisions_train.jsonl.gz").read_bytes()
    assert data[4:8] == bytes(4)
    assert gzip.decompress(data).endswith(b"}\n")


@pytest.mark.parametrize(
    ("change", "reason"), [({"id": "a b"}, "the id 'a b'"), ({"speaker": "Anna K"}, "the speaker 'Anna K'")]
)
def test_kaldi_refuses_blanks_in_labels(change: dict[str, str], reason: str, tmp_path: Path) -> None:
    (entry,) = build(tmp_path, ["one"])
    assert Kaldi().refuse(renamed(entry, **change)).startswith(f"{reason} holds a blank")
    assert "blank" in Kaldi().refuse(renamed(entry, id="a\u00a0b"))


def test_kaldi_sorts_by_bytes(tmp_path: Path) -> None:
    ids = ["b", "B", "a-1", "a1", "\u00e9", "\U0001f600", "\ufb01"]
    entries = [renamed(e, id=i, split="train") for e, i in zip(build(tmp_path, ids, ["s", "S"]), ids, strict=True)]
    folder = write(Kaldi(), entries, tmp_path)
    for name in ("wav.scp", "text", "utt2spk", "utt2dur", "utt2lang"):
        lines = (folder / "train" / name).read_bytes().splitlines()
        assert [line.split()[0] for line in lines] == sorted(i.encode() for i in ids)
    assert (folder / "train" / "spk2utt").read_text(encoding="utf-8") == "S B a1 \U0001f600\ns a-1 b \u00e9 \ufb01\n"


def test_kaldi_begins_ids_with_their_speaker(tmp_path: Path) -> None:
    one, two, three = build(tmp_path, ["1", "2", "3"], speakers=["p225", "p226", ""])
    entries = [one, renamed(two, id="p226_001"), three]
    folder = write(Kaldi(prefix=True), entries, tmp_path)
    assert (folder / "train" / "utt2spk").read_text(encoding="utf-8") == (
        "clip002 speaker\np225-clip000 p225\np226_001 p226\n"
    )


def test_kaldi_scripts_find_the_audio_from_any_folder(tmp_path: Path) -> None:
    folder = write(Kaldi(), build(tmp_path, ["one"]), tmp_path)
    line = (folder / "train" / "wav.scp").read_text(encoding="utf-8")
    assert line == f"clip000 {tmp_path}/wavs/clip000.wav\n"


def test_a_line_names_the_reference_of_its_voice_or_itself(tmp_path: Path) -> None:
    made = build(tmp_path, [*"abcdefgh"], speakers=["anna", "bob"])
    entries = [replace(entry, reference={"anna": "clip002", "bob": ""}[entry.speaker]) for entry in made]
    folder = write(JSONLines(), entries, tmp_path)
    rows = [json.loads(line) for line in (folder / "train.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {row["ref_audio"] for row in rows if row["speaker"] == "anna"} == {"wavs/clip002.wav"}
    assert all(row["ref_audio"] == row["audio"] for row in rows if row["speaker"] == "bob")
    assert all((folder / row[key]).is_file() for row in rows for key in ("audio", "ref_audio"))


def test_nemo_numbers_speakers(tmp_path: Path) -> None:
    entries = build(tmp_path, speakers=["zoe", "anna"])
    folder = write(NeMo(), entries, tmp_path)
    assert '"speaker": "zoe"' in (folder / "train.json").read_text(encoding="utf-8").splitlines()[0]
    assert (folder / "speakers.json").exists()
    write(NeMo(speaker_numbers=True), entries, tmp_path)
    assert '"speaker": 1' in (folder / "train.json").read_text(encoding="utf-8").splitlines()[0]
    assert (folder / "speakers.json").read_text(encoding="utf-8") == '{\n  "anna": 0,\n  "zoe": 1\n}\n'


def test_a_filelist_of_phonemes(tmp_path: Path) -> None:
    entries = build(tmp_path, ["one|two", "Hello"], speakers=["anna"])
    export = Filelist(template="{file}|{phonemes}|{speaker_id}", files="list.txt")
    assert export.refuse(entries[0]), "the bar is in the text that is phonemised"
    assert "no language" in export.refuse(renamed(entries[1], language=""))
    assert "'xx'" in export.refuse(renamed(entries[1], language="xx"))
    english = [renamed(entries[1], language="en-us", normalised="Hello, you."), renamed(entries[0], normalised="Ja.")]
    english[1] = renamed(english[1], language="de")
    folder = write(export, english, tmp_path)
    assert (folder / "list.txt").read_text(encoding="utf-8").splitlines() == [
        "clip001.wav|h\u0259l\u02c8o\u028a, ju\u02d0.|0",
        "clip000.wav|j\u02c8\u0251\u02d0.|0",
    ]


@pytest.mark.parametrize(
    ("language", "short"),
    [("en-us", "en"), ("cmn", "zh"), ("zh-CN", "zh"), ("zh_HK", "yue"), ("pt_BR", "pt")],
)
def test_languages_without_their_region(language: str, short: str, tmp_path: Path) -> None:
    (entry,) = build(tmp_path, ["one"])
    folder = write(Filelist(template="{id}|{lang}"), [renamed(entry, language=language)], tmp_path)
    assert (folder / "train.txt").read_text(encoding="utf-8") == f"clip000|{short}\n"


def test_a_list_of_languages_refuses_a_clip_without_one(tmp_path: Path) -> None:
    (entry,) = build(tmp_path, ["one"])
    for form in (Filelist(template="{id}|{lang}"), Filelist(files="{lang}.txt")):
        assert form.refuse(entry) == ""
        assert "no language" in form.refuse(renamed(entry, language=""))


def test_each_language_has_its_list(tmp_path: Path) -> None:
    entries = [renamed(e, language=("en-us", "de")[i % 2]) for i, e in enumerate(build(tmp_path, ["a", "b", "c"]))]
    form = Filelist(template="{id}|{text}", files="{lang}_{split}.txt")
    folder = write(form, entries, tmp_path)
    assert sorted(path.name for path in folder.glob("*.txt")) == ["de_train.txt", "en_train.txt"]
    assert (folder / "en_train.txt").read_text(encoding="utf-8") == "clip000|a\nclip002|c\n"
    write(form, entries[:1], tmp_path)
    assert [path.name for path in folder.glob("*.txt")] == ["en_train.txt"], "the list of a language that is gone"


def test_one_speaker_needs_no_column(tmp_path: Path) -> None:
    export = Filelist(template="{path}|{speaker_id}|{text}", one_speaker="{path}|{text}")
    entries = build(tmp_path, ["one", "two"], speakers=["anna", "bob"])
    folder = write(export, entries, tmp_path)
    assert (folder / "train.txt").read_text(encoding="utf-8").startswith("wavs/clip000.wav|0|one\n")
    assert (folder / "speakers.json").exists()
    write(export, entries[:1], tmp_path)
    assert (folder / "train.txt").read_text(encoding="utf-8") == "wavs/clip000.wav|one\n"
    assert not (folder / "speakers.json").exists()
    write(NeMo(), [renamed(entry, speaker="") for entry in entries], tmp_path)
    assert not (folder / "speakers.json").exists()
