"""Layouts that are one table: ljspeech, filelist, audiofolder, nemo, commonvoice."""

import csv
import json
from pathlib import Path

import pytest

from corpora.layouts.corpus import audio, clips_of, put, split
from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip, Severity
from ttsprep.corpora.corpus import read_corpus


def jsonl(*records: object) -> str:
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records)


@pytest.mark.parametrize("place", ["wavs/", "wav/", ""])
@pytest.mark.parametrize("extension", ["wav", "flac", "ogg"])
def test_ljspeech_reads_the_normalised_text(tmp_path: Path, place: str, extension: str) -> None:
    audio(tmp_path, f"{place}LJ1.{extension}", f"{place}LJ2.{extension}")
    put(tmp_path, "metadata.csv", 'LJ1|Dr. Who, 1963|Doctor Who, nineteen sixty-three\nLJ2|"Oh|"Oh\n')
    assert clips_of(tmp_path) == [
        Clip("LJ1", f"{place}LJ1.{extension}", "Doctor Who, nineteen sixty-three"),
        Clip("LJ2", f"{place}LJ2.{extension}", '"Oh'),
    ]


def test_ljspeech_with_two_columns_extensions_and_a_header(tmp_path: Path) -> None:
    audio(tmp_path, "wavs/a.wav", "wavs/b.wav")
    put(tmp_path, "metadata.csv", "file|text\na.wav|null\nb|007\nc|NA")
    assert clips_of(tmp_path) == [
        Clip("a", "wavs/a.wav", "null"),
        Clip("b", "wavs/b.wav", "007"),
        Clip("c", "wavs/c.wav", "NA"),
    ]


def test_ljspeech_takes_repeated_labels_for_speakers(tmp_path: Path) -> None:
    audio(tmp_path, *(f"wavs/{s}_{i}.wav" for s in ("anna", "bert") for i in range(5)))
    rows = [f"{s}_{i}|{s}|Sentence number {i} of {s}." for s in ("anna", "bert") for i in range(5)]
    put(tmp_path, "metadata.csv", "\n".join(rows))
    clips = clips_of(tmp_path)
    assert [c.speaker for c in clips] == ["anna"] * 5 + ["bert"] * 5
    assert clips[7].text == "Sentence number 2 of bert."


def test_ljspeech_raw_texts_are_no_speakers(tmp_path: Path) -> None:
    audio(tmp_path, "wavs/0.wav")
    put(
        tmp_path,
        "metadata.csv",
        "".join(f"{i}|{i}|{w}\n" for i, w in enumerate(["zero", "one", "two", "three"])),
    )
    assert {c.speaker for c in clips_of(tmp_path)} == {""}


def test_ljspeech_lines_with_other_columns_are_found_and_lose_nothing(tmp_path: Path) -> None:
    audio(tmp_path, "wavs/a.wav")
    put(tmp_path, "metadata.csv", "a|one|one\nb|two\nc\n|four|four\ne|x|y|z\n")
    clips, findings = split(read_corpus(tmp_path))
    assert [(c.id, c.text) for c in clips] == [("a", "one"), ("b", "two"), ("c", ""), ("e", "x|y|z")]
    assert {f.code for f in findings} == {"metadata-malformed"}
    assert [(f.clip, f.message) for f in findings] == [
        ("b", "metadata.csv line 2: has 2 columns where most lines have 3"),
        ("c", "metadata.csv line 3: has 1 column where most lines have 3"),
        ("", "metadata.csv line 4: names no audio file"),
        ("e", "metadata.csv line 5: has 4 columns where most lines have 3"),
    ]


def test_a_name_that_is_not_utf8_opens_its_file(tmp_path: Path) -> None:
    (tmp_path / "wavs").mkdir()
    (tmp_path / "wavs" / "caf\udce8.wav").touch()
    put(tmp_path, "metadata.csv", b"caf\xe8|one\nb|two\n")
    (clip, _), findings = split(read_corpus(tmp_path))
    assert clip == Clip("caf\udce8", "wavs/caf\udce8.wav", "one")
    assert (tmp_path / clip.path).exists()
    assert findings == []


def test_an_id_that_leads_out_of_the_corpus_is_left_for_a_later_step(tmp_path: Path) -> None:
    audio(tmp_path, "wavs/a.wav")
    put(tmp_path, "metadata.csv", "a|one\n../../etc/passwd|two\n")
    assert clips_of(tmp_path)[1].path == "../../etc/passwd.wav"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            ["wavs/a.wav|Hello there, you.", "wavs/b.wav|Yes."],
            [("Hello there, you.", "", ""), ("Yes.", "", "")],
        ),
        (
            ["wavs/a.wav|p225|Hello there, you.", "wavs/b.wav|p226|Yes."],
            [("Hello there, you.", "p225", ""), ("Yes.", "p226", "")],
        ),
        (
            ["wavs/a.wav|40|Hello there, you.", "wavs/b.wav|41|Yes."],
            [("Hello there, you.", "40", ""), ("Yes.", "41", "")],
        ),
        (["a.wav|həlˈoʊ ðɛɹ juː|0", "b.wav|jɛs|0"], [("həlˈoʊ ðɛɹ juː", "0", ""), ("jɛs", "0", "")]),
        (
            ["wavs/a.wav|Room 12, Mr. X|Room twelve, Mister X", "wavs/b.wav|Yes.|Yes."],
            [("Room twelve, Mister X", "", ""), ("Yes.", "", "")],
        ),
        (
            ["wavs/a.wav|anna|en|Hello there, you.", "wavs/b.wav|bert|ja|はい"],
            [("Hello there, you.", "anna", "en"), ("はい", "bert", "ja")],
        ),
        (
            ["audio_file|text|speaker_name", "wavs/a.wav|Hello|anna", "wavs/b.wav|Yes.|bert"],
            [("Hello", "anna", ""), ("Yes.", "bert", "")],
        ),
        (
            ["wavs/a.wav\tHello there | you.", "wavs/b.wav\tYes."],
            [("Hello there | you.", "", ""), ("Yes.", "", "")],
        ),
    ],
    ids=["vits", "speaker", "numbered-speaker", "styletts2", "normalised", "gpt-sovits", "header", "tabs"],
)
@pytest.mark.parametrize("absolute", [False, True])
def test_filelists(tmp_path: Path, lines: list[str], expected: list[tuple[str, str, str]], absolute: bool) -> None:
    audio(tmp_path, "wavs/a.wav", "wavs/b.wav")
    content = "\n".join(lines)
    put(tmp_path, "train.txt", content.replace("wavs/", f"{tmp_path}/wavs/") if absolute else content)
    corpus = read_corpus(tmp_path)
    clips, findings = split(corpus)
    assert corpus.layout == "table"
    assert [finding.code for finding in findings] == ["text-phonemes"] * ("\u02c8" in content)
    assert [c.path for c in clips] == ["wavs/a.wav", "wavs/b.wav"]
    assert [(c.text, c.speaker, c.language) for c in clips] == expected


def test_a_filelist_is_read_by_itself_and_others_beside_it_are_not(tmp_path: Path) -> None:
    audio(tmp_path, "wavs/a.wav", "wavs/b.wav")
    put(tmp_path, "train.txt", "wavs/a.wav|one\n")
    put(tmp_path, "val.txt", "wavs/b.wav|two\n/elsewhere/c.wav|three\n")
    assert [c.text for c in clips_of(tmp_path)] == ["one", "two", "three"]
    corpus = read_corpus(tmp_path / "val.txt")
    assert (corpus.root, corpus.layout, corpus.orphans) == (tmp_path, "table", [])
    assert [c.path for c in corpus.clips] == ["wavs/b.wav", "/elsewhere/c.wav"]


def test_filelist_lines_with_other_columns_are_found(tmp_path: Path) -> None:
    audio(tmp_path, "a.wav")
    put(tmp_path, "list.txt", "a.wav|one\nb.wav|pipe | inside\nc.wav\nd.wav|four\n")
    clips, findings = split(read_corpus(tmp_path))
    assert [(c.id, c.text) for c in clips] == [("a", "one"), ("b", "pipe | inside"), ("c", ""), ("d", "four")]
    assert [(f.clip, f.code) for f in findings] == [("b", "metadata-malformed"), ("c", "metadata-malformed")]
    assert "list.txt line 2" in findings[0].message


def test_a_list_without_texts_is_left_aside_and_named_or_refused(tmp_path: Path) -> None:
    audio(tmp_path, "a.wav")
    path = put(tmp_path, "list.txt", "a.wav|1|2|3|4|5\n")
    corpus = read_corpus(tmp_path)
    assert corpus.layout == "plain"
    assert corpus.decided == [
        f"left aside, as it names no audio and texts: list.txt; ttsprep inspect {path} shows what its columns hold"
    ]
    path.rename(tmp_path / "metadata.csv")
    put(tmp_path, "metadata.csv", "a.wav|1|2|3|4|5\nb.wav|2|2|3|4|5\n")
    with pytest.raises(CorpusError, match=r"no column can be told to be the text.*--columns path,text,-,-,-,-"):
        read_corpus(tmp_path)


def test_audiofolder_csv(tmp_path: Path) -> None:
    audio(tmp_path, "data/a.wav", "data/b.wav")
    with (tmp_path / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["speaker_id", "file_name", "text", "normalized_text", "lang"])
        table.writerow(["7", "data/a.wav", "No. 5, please", "number five, please", "en"])
        table.writerow(["008", "data/b.wav", "x", '"quoted"\nand on', "en"])
    assert clips_of(tmp_path) == [
        Clip("data/a", "data/a.wav", "number five, please", "7", "en"),
        Clip("data/b", "data/b.wav", '"quoted"\nand on', "008", "en"),
    ]


def test_audiofolder_splits_in_both_formats(tmp_path: Path) -> None:
    audio(tmp_path, "train/a.wav", "test/b.wav")
    put(tmp_path, "train/metadata.csv", "file_name,transcription\na.wav,one\n")
    put(tmp_path, "test/metadata.jsonl", jsonl({"file_name": "b.wav", "sentence": "two", "speaker": 3}))
    assert clips_of(tmp_path) == [
        Clip("test/b", "test/b.wav", "two", "3"),
        Clip("train/a", "train/a.wav", "one"),
    ]


def test_audiofolder_faults_are_found_by_line(tmp_path: Path) -> None:
    audio(tmp_path, "a.wav")
    rows = 'file_name,text\na.wav,one, two\nb.wav\nc.wav,"stray\nd.wav,four\n,five\n'
    put(tmp_path, "metadata.csv", rows)
    clips, findings = split(read_corpus(tmp_path))
    assert [(c.id, c.text) for c in clips] == [("a", "one, two"), ("b", ""), ("c", '"stray'), ("d", "four")]
    assert [(f.clip, f.message[:19]) for f in findings] == [
        ("a", "metadata.csv line 2"),
        ("b", "metadata.csv line 3"),
        ("c", "metadata.csv line 4"),
        ("", "metadata.csv line 6"),
    ]
    put(tmp_path, "metadata.csv", "file_name,label\na.wav,dog\n")
    with pytest.raises(CorpusError, match=r"no column can be told to be the text; its rows begin: file_name \| label"):
        read_corpus(tmp_path)


def test_audiofolder_with_two_tables_in_one_folder_is_read_once_or_refused(tmp_path: Path) -> None:
    audio(tmp_path, "a.wav")
    put(tmp_path, "metadata.csv", "file_name,text\na.wav,one\n")
    put(tmp_path, "metadata.jsonl", jsonl({"file_name": "a.wav", "text": "one"}))
    assert [c.text for c in clips_of(tmp_path)] == ["one"]
    put(tmp_path, "metadata.csv", "file_name,text\na.wav,two\n")
    with pytest.raises(CorpusError, match="give the same clips different texts"):
        read_corpus(tmp_path)
    assert [c.text for c in clips_of(tmp_path / "metadata.jsonl")] == ["one"]


def test_nemo_with_pieces(tmp_path: Path) -> None:
    audio(tmp_path, "wavs/a.wav", "wavs/b.wav")
    manifest = jsonl(
        {"audio_filepath": "wavs/a.wav", "text": "NA", "duration": 9.0, "speaker": 0, "lang": "de"},
        {"audio_filepath": f"{tmp_path}/wavs/b.wav", "text": "one", "offset": 0.0, "duration": 1.25},
        {"audio_filepath": "wavs/b.wav", "text": "two", "offset": 1.25, "duration": 0.5},
        {"audio_filepath": "wavs/b.wav", "text": "raw", "normalized_text": "rest", "offset": 2, "id": "tail"},
        {"audio_filepath": "/other/c.wav", "text": "\u2028"},
    )
    put(tmp_path, "train_manifest.json", manifest)
    assert clips_of(tmp_path) == [
        Clip("wavs/a", "wavs/a.wav", "NA", "0", "de"),
        Clip("wavs/b", "wavs/b.wav", "one", start=0.0, end=1.25),
        Clip("wavs/b-0001250", "wavs/b.wav", "two", start=1.25, end=1.75),
        Clip("tail", "wavs/b.wav", "rest", start=2.0),
        Clip("/other/c", "/other/c.wav", "\u2028"),
    ]
    assert len(clips_of(tmp_path / "train_manifest.json")) == 5


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"text": 7}, "text is a number, not a string"),
        ({"text": None}, "text is null, not a string"),
        ({}, "has no text"),
        ({"text": "x", "offset": -1.0, "duration": 1.0}, "starts at -1.0"),
        ({"text": "x", "offset": "soon"}, "starts at 'soon'"),
        ({"text": "x", "offset": float("nan")}, "starts at 'NaN'"),
        ({"text": "x", "offset": 1.0, "duration": 0}, "lasts 0"),
        ({"text": "x", "offset": 1.0, "duration": float("inf")}, "lasts 'Infinity'"),
    ],
)
def test_nemo_fields_that_do_not_fit_are_found(tmp_path: Path, fields: dict[str, object], what: str) -> None:
    audio(tmp_path, "a.wav", "b.wav")
    good = {"audio_filepath": "a.wav", "text": "good"}
    put(tmp_path, "m.json", jsonl(good, {"audio_filepath": "b.wav", **fields}, {"text": "no file"}, good))
    clips, (first, second) = split(read_corpus(tmp_path))
    assert [c.id for c in clips] == ["a", "b", "a"]
    assert (first.clip, first.code, first.severity) == ("b", "metadata-malformed", Severity.ERROR)
    assert first.message.startswith(f"m.json line 2: {what}")
    assert second.message == "m.json line 3: has no audio_filepath"


COMMON_VOICE = "client_id\tpath\tsentence_id\tsentence\tlocale\n"


def test_common_voice(tmp_path: Path) -> None:
    audio(tmp_path, "clips/cv_1.mp3", "clips/cv_2.mp3", "clips/cv_3.mp3")
    put(
        tmp_path,
        "validated.tsv",
        COMMON_VOICE + 'abc\tcv_1.mp3\ts1\t"Ja", sagte er\tde\r\ndef\tcv_2\ts2\tNA\tde\n',
    )
    put(tmp_path, "train.tsv", COMMON_VOICE + "abc\tcv_1.mp3\ts1\tx\tde\n")
    corpus = read_corpus(tmp_path)
    assert (corpus.layout, corpus.orphans) == ("commonvoice", [])
    assert split(corpus)[0] == [
        Clip("cv_1", "clips/cv_1.mp3", '"Ja", sagte er', "abc", "de"),
        Clip("cv_2", "clips/cv_2.mp3", "NA", "def", "de"),
    ]
    assert [c.text for c in clips_of(tmp_path / "train.tsv")] == ["x"]


def test_common_voice_splits_and_faults(tmp_path: Path) -> None:
    audio(tmp_path, "clips/cv_1.mp3")
    put(tmp_path, "test.tsv", COMMON_VOICE + "abc\tcv_1.mp3\ts1\ttwo\tde\nabc\tcv_2.mp3\n")
    put(tmp_path, "train.tsv", COMMON_VOICE + "abc\tcv_0.mp3\ts1\tone\tde\n")
    clips, (finding,) = split(read_corpus(tmp_path))
    assert [c.text for c in clips] == ["one", "two", ""]
    assert finding.message == "test.tsv line 3: has 2 columns where the title line has 5"


FORMULAS = ["=SUM(A1)", "+49", "-1", "@cmd", "\tTAB"]


@pytest.mark.parametrize("layout", ["ljspeech", "filelist", "audiofolder", "nemo"])
def test_cells_that_look_like_formulas_are_verbatim(tmp_path: Path, layout: str) -> None:
    texts = [*FORMULAS, *(f"Sentence {number}." for number in range(6))]
    audio(tmp_path, *(f"wavs/{i}.wav" for i in range(len(texts))))
    rows = list(enumerate(texts))
    files = {
        "ljspeech": ("metadata.csv", "".join(f"{i}|{t}\n" for i, t in rows)),
        "filelist": ("list.txt", "".join(f"wavs/{i}.wav|{t}\n" for i, t in rows)),
        "audiofolder": ("metadata.csv", "file_name,text\n" + "".join(f"wavs/{i}.wav,{t}\n" for i, t in rows)),
        "nemo": ("m.json", jsonl(*({"audio_filepath": f"wavs/{i}.wav", "text": t} for i, t in rows))),
    }
    put(tmp_path, *files[layout])
    assert [c.text for c in clips_of(tmp_path)] == texts
