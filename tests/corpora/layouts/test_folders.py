"""Layouts that are many files: plain, vctk, libri, kaldi, lhotse."""

import gzip
import json
import os
from pathlib import Path

import pytest

from corpora.layouts.corpus import audio, clips_of, put, split
from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip
from ttsprep.corpora.corpus import read_corpus


def test_plain_with_txt_lab_and_nothing(tmp_path: Path) -> None:
    audio(tmp_path, "a.wav", "b.flac", "deep/er/c.ogg", "d.wav")
    put(tmp_path, "a.txt", "null\n")
    put(tmp_path, "b.lab", "\ufeff two words \r\n")
    put(tmp_path, "deep/er/c.txt", '"three')
    put(tmp_path, "README.md", "a | b")
    assert clips_of(tmp_path) == [
        Clip("a", "a.wav", "null"),
        Clip("b", "b.flac", " two words "),
        Clip("d", "d.wav", ""),
        Clip("deep/er/c", "deep/er/c.ogg", '"three'),
    ]


def test_plain_transcripts_that_cannot_be_read_are_found(tmp_path: Path) -> None:
    audio(tmp_path, "a.wav", "b.wav", "c.wav", "d.wav")
    put(tmp_path, "a.txt", bytes(200))
    os.mkfifo(tmp_path / "b.txt")
    put(tmp_path, "c.txt", "Привет".encode("cp1251"))
    (tmp_path / "d.txt").symlink_to(tmp_path / "nowhere")
    clips, findings = split(read_corpus(tmp_path))
    assert [(c.id, c.text) for c in clips] == [("a", ""), ("b", ""), ("c", "\ufffd" * 6), ("d", "")]
    assert [(f.clip, f.code) for f in findings] == [
        ("a", "metadata-malformed"),
        ("b", "metadata-malformed"),
        ("c", "text-encoding"),
        ("d", "metadata-malformed"),
    ]
    assert findings[0].message == "a.txt is not a text file"


@pytest.mark.parametrize("trimmed", [True, False])
def test_vctk_takes_the_first_microphone(tmp_path: Path, trimmed: bool) -> None:
    names = ["p225/p225_001_mic1.flac", "p225/p225_001_mic2.flac", "p226/p226_002_mic2.flac"]
    folder = "wav48_silence_trimmed" if trimmed else "wav48"
    names = names if trimmed else ["p225/p225_001.wav", "p226/p226_002.wav"]
    audio(tmp_path, *(f"{folder}/{n}" for n in names))
    put(tmp_path, "txt/p225/p225_001.txt", "Please call Stella.\n")
    put(tmp_path, "txt/p226/p226_002.txt", "Ask her.\n")
    put(tmp_path, "txt/p226/p226_003.txt", "Not recorded.\n")
    corpus = read_corpus(tmp_path)
    assert corpus.layout == "vctk"
    clips, _ = split(corpus)
    ends = ("_mic1.flac", "_mic2.flac") if trimmed else (".wav", ".wav")
    assert clips == [
        Clip("p225_001", f"{folder}/p225/p225_001{ends[0]}", "Please call Stella.", "p225"),
        Clip("p226_002", f"{folder}/p226/p226_002{ends[1]}", "Ask her.", "p226"),
        Clip("p226_003", f"{folder}/p226/p226_003.wav", "Not recorded.", "p226"),
    ]
    assert corpus.orphans == []


@pytest.mark.parametrize("subset", ["", "train-clean-100/"])
def test_librispeech(tmp_path: Path, subset: str) -> None:
    chapter = f"{subset}19/198/"
    audio(tmp_path, f"{chapter}19-198-0000.flac", f"{chapter}19-198-0001.flac")
    put(
        tmp_path,
        f"{chapter}19-198.trans.txt",
        "19-198-0000 NORTHANGER ABBEY\n19-198-0001\n19-198-0002 NOT THERE\n",
    )
    clips, (finding,) = split(read_corpus(tmp_path))
    assert clips == [
        Clip("19-198-0000", f"{chapter}19-198-0000.flac", "NORTHANGER ABBEY", "19"),
        Clip("19-198-0001", f"{chapter}19-198-0001.flac", "", "19"),
        Clip("19-198-0002", f"{chapter}19-198-0002.flac", "NOT THERE", "19"),
    ]
    assert (finding.clip, finding.code) == ("19-198-0001", "metadata-malformed")
    assert f"{chapter}19-198.trans.txt line 2" in finding.message


def test_libritts_reads_the_normalised_text(tmp_path: Path) -> None:
    chapter = "dev-clean/84/121123/"
    audio(tmp_path, f"{chapter}84_1_0_0.wav", f"{chapter}84_1_0_1.wav", f"{chapter}84_1_0_2.wav")
    put(tmp_path, f"{chapter}84_1_0_0.normalized.txt", "Doctor Who.")
    put(tmp_path, f"{chapter}84_1_0_0.original.txt", "Dr. Who.")
    put(tmp_path, f"{chapter}84_1_0_1.original.txt", "Only this.\n")
    put(tmp_path, f"{chapter}84_1.trans.tsv", "84_1_0_0\tDr. Who.\tDoctor Who.\n")
    corpus = read_corpus(tmp_path)
    assert corpus.layout == "libri"
    assert split(corpus)[0] == [
        Clip("84_1_0_0", f"{chapter}84_1_0_0.wav", "Doctor Who.", "84"),
        Clip("84_1_0_1", f"{chapter}84_1_0_1.wav", "Only this.", "84"),
        Clip("84_1_0_2", f"{chapter}84_1_0_2.wav", "", "84"),
    ]


def test_kaldi(tmp_path: Path) -> None:
    audio(tmp_path, "wav/a.wav", "wav/b c.wav")
    put(tmp_path, "wav.scp", f"utt1 {tmp_path}/wav/a.wav\nutt2\twav/b c.wav\nutt3 /elsewhere/c.wav\n")
    put(tmp_path, "text", "utt2 two  words \nutt1 NA\nutt9 nobody said\n")
    put(tmp_path, "utt2spk", "utt1 anna\nutt2 bert\n")
    put(tmp_path, "utt2lang", "utt1 en\n")
    clips, (finding,) = split(read_corpus(tmp_path))
    assert clips == [
        Clip("utt1", "wav/a.wav", "NA", "anna", "en"),
        Clip("utt2", "wav/b c.wav", "two  words ", "bert"),
        Clip("utt3", "/elsewhere/c.wav", ""),
    ]
    assert (finding.code, finding.message) == (
        "metadata-malformed",
        "text line 3: no recording is called 'utt9'",
    )


def test_kaldi_segments(tmp_path: Path) -> None:
    audio(tmp_path, "long.wav")
    put(tmp_path, "wav.scp", "rec long.wav\n")
    put(
        tmp_path,
        "segments",
        "u1 rec 0 1.5\nu2 rec 1.5 -1\nu3 gone 0 1\nu4 rec 2 1\nu5 rec 0\nu6 rec x 1\nu7 rec nan 1\n",
    )
    put(tmp_path, "text", "u1 one\nu2 two\n")
    clips, findings = split(read_corpus(tmp_path))
    assert clips == [Clip("u1", "long.wav", "one", end=1.5), Clip("u2", "long.wav", "two", start=1.5)]
    assert [f.message[:15] for f in findings] == [f"segments line {i}" for i in (3, 4, 5, 6, 7)]
    assert {f.code for f in findings} == {"metadata-malformed"}


@pytest.mark.parametrize(
    "entry",
    ["sph2pipe -f wav a.sph |", "touch {mark}|", "touch {mark} | ", "| touch {mark}", "touch {mark} |\r"],
)
def test_kaldi_commands_are_refused_and_never_run(tmp_path: Path, entry: str) -> None:
    audio(tmp_path, "a.wav")
    mark = tmp_path / "was-run"
    put(tmp_path, "wav.scp", f"utt1 a.wav\nutt2 {entry.format(mark=mark)}\n")
    put(tmp_path, "text", "utt1 one\nutt2 two\n")
    with pytest.raises(CorpusError, match=r"wav\.scp line 2: 'utt2' is a shell command"):
        read_corpus(tmp_path)
    assert not mark.exists()


def test_kaldi_keys_that_come_twice_are_found(tmp_path: Path) -> None:
    audio(tmp_path, "a.wav")
    put(tmp_path, "wav.scp", "u a.wav\nu b.wav\n")
    put(tmp_path, "text", "u one\nu two\n")
    clips, findings = split(read_corpus(tmp_path))
    assert clips == [Clip("u", "a.wav", "one")]
    assert [f.message for f in findings] == [
        "wav.scp line 2: names 'u' a second time, and was skipped",
        "text line 2: names 'u' a second time, and was skipped",
    ]


def recording(own: str, **source: object) -> dict[str, object]:
    sources = [{"type": "file", "channels": [0], "source": f"{own}.wav", **source}]
    return {"id": own, "sources": sources, "sampling_rate": 16000, "num_samples": 1600, "duration": 0.1}


def supervision(own: str, of: str, start: float, duration: float, **more: object) -> dict[str, object]:
    return {"id": own, "recording_id": of, "start": start, "duration": duration, "channel": 0, **more}


def write_lhotse(root: Path, names: tuple[str, str], *tables: list[dict[str, object]]) -> None:
    for name, table in zip(names, tables, strict=True):
        content = "".join(json.dumps(r) + "\n" for r in table).encode()
        put(root, name, gzip.compress(content) if name.endswith(".gz") else content)


@pytest.mark.parametrize(
    "names",
    [
        ("recordings.jsonl", "supervisions.jsonl"),
        ("recordings.jsonl.gz", "supervisions.jsonl.gz"),
        ("lj_recordings_all.jsonl.gz", "lj_supervisions_all.jsonl.gz"),
    ],
)
def test_lhotse(tmp_path: Path, names: tuple[str, str]) -> None:
    audio(tmp_path, "r1.wav", "r2.wav")
    two = {**recording("r2"), "sources": [
        {"type": "file", "channels": [0], "source": "x.wav"},
        {"type": "file", "channels": [1], "source": f"{tmp_path}/r2.wav"},
    ]}  # fmt: skip
    supervisions = [
        supervision("s1", "r1", 0.0, 0.1, text="whole", speaker="anna", language="English"),
        supervision("s2", "r1", 0.02, 0.05, text="piece"),
        supervision("s3", "r2", 0, 0.05, text="other", channel=1),
    ]
    write_lhotse(tmp_path, names, [recording("r1"), two], supervisions)
    corpus = read_corpus(tmp_path)
    assert corpus.layout == "lhotse"
    assert split(corpus)[0] == [
        Clip("s1", "r1.wav", "whole", "anna", "English"),
        Clip("s2", "r1.wav", "piece", start=0.02, end=0.07),
        Clip("s3", "r2.wav", "other", end=0.05),
    ]


def test_lhotse_faults(tmp_path: Path) -> None:
    audio(tmp_path, "r1.wav")
    names = ("recordings.jsonl", "supervisions.jsonl")
    supervisions = [
        supervision("s1", "r1", 0, 0.1, text="ok"),
        supervision("s2", "gone", 0, 0.1, text="x"),
        supervision("s3", "r1", 0, 0.1),
        supervision("s4", "r1", -1, 0.1, text="x"),
        supervision("s5", "web", 0, 0.1, text="x"),
    ]
    write_lhotse(tmp_path, names, [recording("r1"), recording("web", type="url")], supervisions)
    clips, findings = split(read_corpus(tmp_path))
    assert [c.id for c in clips] == ["s1", "s3", "s4"]
    assert [f.message for f in findings] == [
        "supervisions.jsonl line 2: no recording is called 'gone'",
        "supervisions.jsonl line 3: has no text",
        "supervisions.jsonl line 4: starts at -1, which is no number of seconds",
        "supervisions.jsonl line 5: the recording 'web' is no file but 'url'",
    ]
    mark = tmp_path / "was-run"
    write_lhotse(tmp_path, names, [recording("r1", type="command", source=f"touch {mark}")], supervisions[:1])
    with pytest.raises(CorpusError, match="is a shell command"):
        read_corpus(tmp_path)
    assert not mark.exists()
