"""Folders as strangers have them: each is read rightly, or a line says why not."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from corpora.layouts.corpus import audio, clips_of, put
from ttsprep.core.errors import CorpusError
from ttsprep.corpora.corpus import read_corpus

EN = (
    "The weather is very nice today, so we go for a walk.",
    "He bought a new dictionary yesterday.",
    "Please close the door; it is cold outside.",
    "My sister speaks three languages.",
    "The train is leaving soon.",
    "This bridge was built a hundred years ago.",
)
DE = (
    "Die Straße ist länger, als ich dachte.",
    "Er kaufte gestern ein Wörterbuch.",
    "Bitte schließen Sie die Tür.",
    "Meine Schwester spricht drei Sprachen.",
    "Der Zug fährt gleich ab.",
    "Diese Brücke wurde vor Jahren gebaut.",
)


Make = Callable[[Path], None]


def beside(end: str, line: str = "") -> Make:
    """Return what puts a file beside each recording."""

    def make(root: Path) -> None:
        audio(root, *(f"{i}.wav" for i in range(6)))
        for i, text in enumerate(EN):
            put(root, f"{i}{end}", f"{text}{line}")

    return make


def table(name: str, row: Callable[[int, str], str], head: str = "", files: str = "wavs/{}.wav") -> Make:
    """Return what writes a table."""

    def make(root: Path) -> None:
        audio(root, *(files.format(i) for i in range(6)))
        put(root, name, head + "".join(f"{row(i, text)}\n" for i, text in enumerate(EN)))

    return make


def document(name: str, value: object) -> Make:
    """Return what writes one JSON value."""

    def make(root: Path) -> None:
        audio(root, *(f"wavs/{i}.wav" for i in range(6)))
        put(root, name, json.dumps(value))

    return make


def two_tables(root: Path) -> None:
    audio(root, *(f"wavs/{i}.wav" for i in range(6)))
    put(root, "train.csv", "".join(f"{i}|{EN[i]}\n" for i in range(4)))
    put(root, "test.csv", "".join(f"{i}|{EN[i]}\n" for i in range(4, 6)))


@pytest.mark.parametrize(
    "make",
    [
        two_tables,
        beside(".lab", "\r\n"),
        beside(".wav.txt"),
        document("texts.json", {str(i): text for i, text in enumerate(EN)}),
        document("data.json", {f"wavs/{i}.wav": {"text": text, "speaker": "anna"} for i, text in enumerate(EN)}),
        table("metadata.csv", lambda i, text: f"upper{i}|{text}", files="wavs/UPPER{}.WAV"),
        table("list.txt", lambda i, text: f"take {i} of anna|{text}", files="take {} of anna.wav"),
        table("all.tsv", lambda i, text: f"{9000 + i}\tabc\t{i}.wav\t{text}", "sentence_id\tclient\tpath\tsentence\n"),
        table("sentences.csv", lambda i, text: f'{i},"{text}"', "sentence_id,sentence\n"),
        table(
            "a.csv", lambda i, text: f'"wavs/{i}.wav","{text}","{["sad", "glad"][i % 2]}"', "audio,transcript,emotion\n"
        ),
        table("metadata.txt", lambda i, text: f"{i}.wav: {text}"),
        table(
            "metadata.csv",
            lambda i, text: f"{i + 1};{i}.wav;{text.replace(';', ',')};1,5",
            "Nr.;Dateiname;Text;Dauer (s)\n",
        ),
        table("metadata.csv", lambda i, text: f"wavs/{i}.wav|{i % 2}|{text}"),
        table("l.jsonl", lambda i, text: json.dumps({"in": {"wav": f"/nas/{i}.wav"}, "out": {"txt": text}})),
        table("l.jsonl", lambda i, text: json.dumps({"key": f"{i}", "wav": f"/nas/{i}.wav", "txt": text})),
        table(
            "Script - Sheet1.csv",
            lambda i, text: f'{i + 1},"{text}",Done,{i}.wav,{"again" * (i % 2)}',
            "Line #,Script,Status,File name,Notes\n",
        ),
        table(
            "a.csv", lambda i, text: f'{i}.wav,"{text.lower()[1:]}","{text}"', "filename,original_text,corrected_text\n"
        ),
    ],
    ids=[
        *("two-tables", "lab-crlf", "wav-txt", "json-texts", "json-records", "upper-case", "blanks", "sentence-id"),
        *(
            "sentences",
            "emotion",
            "colon-blank",
            "numbered-rows",
            "numbered-speakers",
            "objects",
            "unknown-keys",
            "sheet",
            "corrected",
        ),
    ],
)
def test_it_is_read_rightly(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path)
    found = read_corpus(tmp_path)
    assert sorted(clip.text.replace(";", ",") for clip in found.clips) == sorted(text.replace(";", ",") for text in EN)
    assert all((found.root / clip.path).is_file() for clip in found.clips)
    assert {finding.code for finding in found.findings} <= {"audio-matched"}


NAMES = ("take_a1", "take_b2", "take_c3", "take_d4", "take_e5", "take_f6")


def listed(root: Path, name: str, line: str, head: str = "", *, texts: bool = True) -> list[str]:
    """Write a file of names and texts; see that it is read, or that no text is, and return what was decided."""
    audio(root, *(f"wavs/{one}.wav" for one in NAMES))
    put(root, name, head + "".join(line.format(name=one, text=text) for one, text in zip(NAMES, EN, strict=True)))
    corpus = read_corpus(root)
    assert [clip.text for clip in corpus.clips] == (list(EN) if texts else [""] * len(EN))
    return corpus.decided


@pytest.mark.parametrize(
    ("line", "head"),
    [
        ("| {name}.wav | {text} |\n", "# Ours\n\nA | B\n\n| File | Text |\n|------|:----:|\n"),
        ("`wavs/{name}.wav` | anna | {text}\n", "File | Speaker | Text\n---|---|---\n"),
        ("| 7 | [{name}](wavs/{name}.wav) | {text} |\n", "| # | Audio | Sentence |\n|-|-|-|\n"),
    ],
)
def test_a_table_of_markdown_is_read(tmp_path: Path, line: str, head: str) -> None:
    listed(tmp_path, "README.md", line, head)


def test_a_page_beside_a_table_is_not_read(tmp_path: Path) -> None:
    put(tmp_path, "metadata.csv", "".join(f"{name}|{text}\n" for name, text in zip(NAMES, EN, strict=True)))
    listed(tmp_path, "README.md", "| {name}.wav | not {text} |\n", "| File | Text |\n|--|--|\n")


@pytest.mark.parametrize("sign", ["-", "–", "—", "=", "->", "=>", "→"])
def test_a_sign_between_name_and_text_is_no_part_of_the_text(tmp_path: Path, sign: str) -> None:
    listed(tmp_path, "texts.txt", f"{{name}} {sign} {{text}}\n")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("texts.yaml", "- file: {name}.wav\n  text: {text}\n"),
        ("sub/texts.xml", '<u id="{name}">{text}</u>\n'),
        ("TRANSCRIPTION", "{name} {text}\n"),
        ("texts.txt", "{name}.wav\n{text}\n\n"),
        ("texts.toml", '{name} = "{text}"\n'),
    ],
)
def test_a_file_that_no_reader_takes_is_named(tmp_path: Path, name: str, line: str) -> None:
    decided = listed(tmp_path, name, line, texts=False)
    assert decided == [
        f"{name} has the names of 6 of the 6 audio files, but no reader takes it: save it as CSV, or as lines NAME|text"
    ]


def test_a_document_is_named_and_a_page_without_names_is_not(tmp_path: Path) -> None:
    audio(tmp_path, *(f"{name}.wav" for name in NAMES))
    put(tmp_path, "README.md", "We recorded this in the kitchen. | It was fun.\n")
    put(tmp_path, "texts.docx", b"PK\x03\x04")
    decided = read_corpus(tmp_path).decided
    assert decided == ["texts.docx may hold texts, but no reader takes .docx: save its table as CSV"]


def test_files_called_as_the_audio_are_named(tmp_path: Path) -> None:
    audio(tmp_path, *(f"data/{name}.wav" for name in NAMES))
    for name, text in zip(NAMES, EN, strict=True):
        put(tmp_path, f"data/{name}.wav.trn", f"{text}\n")
        put(tmp_path, f"data/{name}.phn", "0 3050 h#\n")
    (line,) = read_corpus(tmp_path).decided
    assert line.startswith("6 files such as data/take_a1.wav.trn are called as the audio is, but no reader takes .trn")


def test_the_samples_before_a_sentence_of_timit_are_no_text(tmp_path: Path) -> None:
    for n, text in enumerate(EN):
        audio(tmp_path, f"TRAIN/DR1/FCJF0/SX{n}.WAV")
        put(tmp_path, f"TRAIN/DR1/FCJF0/SX{n}.TXT", f"0 46797 {text}\n")
    assert [clip.text for clip in read_corpus(tmp_path).clips] == list(EN)


@pytest.mark.parametrize(
    ("table", "file", "line"),
    [
        ("{who}/parallel100/transcripts_utf8.txt", "{who}/parallel100/wav24kHz/VA100_{n}.wav", "VA100_{n}:{text}\n"),
        ("{who}/etc/PROMPTS", "{who}/wav/a000{n}.wav", "{who}/mfc/a000{n} {text}\n"),
    ],
)
def test_names_that_come_again_are_of_the_table_s_own_folder(tmp_path: Path, table: str, file: str, line: str) -> None:
    expected = {}
    for who, texts in (("jvs001", EN[:3]), ("jvs002", EN[3:])):
        audio(tmp_path, *(file.format(who=who, n=n) for n in range(3)))
        put(tmp_path, table.format(who=who), "".join(line.format(who=who, n=n, text=t) for n, t in enumerate(texts)))
        expected |= {file.format(who=who, n=n): text for n, text in enumerate(texts)}
    corpus = read_corpus(tmp_path)
    assert {clip.path: clip.text for clip in corpus.clips} == expected
    assert {clip.speaker for clip in corpus.clips} <= {"", "jvs001", "jvs002"}


def test_an_emotion_is_no_speaker(tmp_path: Path) -> None:
    for who, texts in (("0001", EN[:3]), ("0002", EN[3:])):
        audio(tmp_path, *(f"{who}/Angry/{who}_00035{n}.wav" for n in range(3)))
        put(tmp_path, f"{who}/{who}.txt", "".join(f"{who}_00035{n}\t{text}\tAngry\n" for n, text in enumerate(texts)))
    corpus = read_corpus(tmp_path)
    assert {(clip.speaker, clip.text) for clip in corpus.clips} == {
        (who, text) for who, texts in (("0001", EN[:3]), ("0002", EN[3:])) for text in texts
    }


def test_a_line_for_excel_is_no_clip(tmp_path: Path) -> None:
    audio(tmp_path, *(f"clips/{n}_m.wav" for n in range(6)))
    rows = "".join(f"{n}_m.wav;{text.replace(';', ',')}\n" for n, text in enumerate(EN))
    put(tmp_path, "data.csv", f"sep=;\nFile;Transcript\n{rows}")
    corpus = read_corpus(tmp_path)
    assert [clip.text for clip in corpus.clips] == [text.replace(";", ",") for text in EN]
    assert corpus.findings == []


def test_a_reading_in_kana_behind_the_text_is_no_text(tmp_path: Path) -> None:
    texts = ("水を飲みました。", "今日はいい天気ですね。", "電車が遅れた。", "花が咲く。")
    readings = ("ミズヲノミマシタ。", "キョウハイイテンキデスネ。", "デンシャガオクレタ。", "ハナガサク。")
    audio(tmp_path, *(f"wav/ITA_{n}.wav" for n in range(4)))
    rows = enumerate(zip(texts, readings, strict=True))
    put(tmp_path, "transcript_utf8.txt", "".join(f"ITA_{n}:{text},{reading}\n" for n, (text, reading) in rows))
    assert [clip.text for clip in read_corpus(tmp_path).clips] == list(texts)


def test_a_spreadsheet_of_windows_with_a_title_line_in_german(tmp_path: Path) -> None:
    audio(tmp_path, *(f"Audio/{i:03}.wav" for i in range(6)))
    for title in ("Datei;Satz;Sprecher", "Nummer;Aufnahme;Name"):
        rows = "".join(f'{i:03}.wav;"{text}";Anna\r\n' for i, text in enumerate(DE))
        put(tmp_path, "Texte.csv", f"{title}\r\n{rows}".encode("cp1252"))
        found = read_corpus(tmp_path)
        assert [clip.text for clip in found.clips] == list(DE)
    assert {finding.code for finding in found.findings} == {"audio-matched", "text-encoding"}


def test_lines_in_order_without_names_are_named_and_not_guessed(tmp_path: Path) -> None:
    audio(tmp_path, *(f"wavs/{i}.wav" for i in range(6)))
    put(tmp_path, "script.txt", "".join(f"{text}\n" for text in EN))
    found = read_corpus(tmp_path)
    assert {clip.text for clip in found.clips} == {""}
    assert "script.txt has a line for each of the 6 audio files" in found.decided[-1]


def test_a_table_of_blanks_is_named(tmp_path: Path) -> None:
    audio(tmp_path, *(f"wavs/{i}.wav" for i in range(6)))
    put(tmp_path, "metadata.json", b"\xa0")
    assert any("names no audio and texts: metadata.json" in line for line in read_corpus(tmp_path).decided)


def test_records_of_another_form_are_named_with_the_one_that_is_read(tmp_path: Path) -> None:
    audio(tmp_path, *(f"wavs/{i}.wav" for i in range(6)))
    rows = ({"messages": [{"role": "user", "content": text}], "audios": [f"wavs/{i}.wav"]} for i, text in enumerate(EN))
    put(tmp_path, "train.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
    (line,) = read_corpus(tmp_path).decided
    assert 'train.jsonl; its records need a name and a text each: {"audio": "wavs/0.wav", "text": "..."}' in line


def test_an_archive_in_the_folder_is_named(tmp_path: Path) -> None:
    put(tmp_path, "part.zip", b"PK\x05\x06" + bytes(18))
    with pytest.raises(CorpusError, match=r"but archives such as part\.zip: unpack them first"):
        read_corpus(tmp_path)


def test_names_that_end_in_the_same_numbers_are_named_and_not_guessed(tmp_path: Path) -> None:
    audio(tmp_path, *(f"bea_{e}/{e}_1-15_{n:04}.wav" for e in ("amused", "anger") for n in range(1, 5)))
    rows = enumerate(EN, 1)
    put(tmp_path, "cmuarctic.data", "".join(f'( arctic_a{n:04} "{text}" )\n' for n, text in rows))
    corpus = read_corpus(tmp_path)
    assert {clip.text for clip in corpus.clips} == {""}
    what = "if 'arctic_a0001' is what 'bea_amused/amused_1-15_0001.wav' says, write a line NAME|text"
    assert what in corpus.decided[-1]


@pytest.mark.parametrize(
    ("head", "times"),
    [
        ("", "{0}.5,{0}.9"),
        ("file,from,to,text\n", "00:00:0{0},00:00:0{0}.9"),
    ],
)
def test_times_of_pieces_under_other_titles_are_refused_and_not_left_out(tmp_path: Path, head: str, times: str) -> None:
    audio(tmp_path, "show.wav", "other.wav")
    rows = "".join(f'show.wav,{times.format(n)},"{text}"\n' for n, text in enumerate(EN))
    put(tmp_path, "pieces.csv", head + rows)
    what = r"columns 2 and 3 look like times in them: call these start and end; .*--columns path,start,end,text "
    with pytest.raises(CorpusError, match=what):
        read_corpus(tmp_path)


def test_an_older_table_of_the_same_names_is_not_read_beside_the_newer_one(tmp_path: Path) -> None:
    table("metadata.csv", lambda i, text: f"{i}|{text}", files="w/{}.wav")(tmp_path)
    put(tmp_path, "metadata_old.csv", "".join(f"{i}|Old: {text}\n" for i, text in enumerate(EN)))
    with pytest.raises(CorpusError, match=r"metadata_old\.csv give the same clips different texts"):
        read_corpus(tmp_path)


def test_a_parquet_file_beside_the_audio_is_named(tmp_path: Path) -> None:
    audio(tmp_path, *(f"{name}.wav" for name in NAMES))
    put(tmp_path, "metadata.parquet", b"PAR1")
    (line,) = read_corpus(tmp_path).decided
    assert line == "metadata.parquet may hold texts, but no reader takes .parquet: save its table as CSV"


def test_what_a_recogniser_wrote_is_not_taken_where_a_person_wrote_the_text(tmp_path: Path) -> None:
    audio(tmp_path, *(f"{n}.wav" for n in range(len(EN))))
    rows = [f"{n}.wav\t{text.lower()[:-4]}\t{text}\n" for n, text in enumerate(EN)]
    put(tmp_path, "train.tsv", "audio\tasr_hypothesis\treference\n" + "".join(rows))
    corpus = read_corpus(tmp_path)
    assert [clip.text for clip in corpus.clips] == list(EN)
    assert "column 2 is what a recogniser wrote" in corpus.decided[-1]


@pytest.mark.parametrize(
    ("encoding", "text"), [("shift_jis", "今日はとても天気がいいですね。"), ("gb18030", "请随手把门关上。")]
)
def test_a_table_in_an_encoding_that_cannot_be_told_is_refused(tmp_path: Path, encoding: str, text: str) -> None:
    audio(tmp_path, *(f"{n:03}.wav" for n in range(8)))
    put(tmp_path, "labels.txt", "".join(f"{n:03}\t{text}\n" for n in range(8)).encode(encoding))
    with pytest.raises(CorpusError, match=r"labels\.txt is not UTF-8.*save it as UTF-8"):
        read_corpus(tmp_path)


def test_ids_that_are_one_only_in_the_folder_of_their_speaker(tmp_path: Path) -> None:
    audio(tmp_path, *(f"{who}/{n}.wav" for who in ("ann", "bob") for n in range(3)))
    rows = [f"{who}|{n}|{who} says: {text}\n" for who in ("ann", "bob") for n, text in enumerate(EN[:3])]
    put(tmp_path, "all.csv", "speaker|id|text\n" + "".join(rows))
    clips = read_corpus(tmp_path).clips
    assert [clip.path for clip in clips] == [f"{who}/{n}.wav" for who in ("ann", "bob") for n in range(3)]
    assert [clip.text.split()[0] for clip in clips] == [clip.speaker for clip in clips] == ["ann"] * 3 + ["bob"] * 3


@pytest.mark.parametrize(("names", "files"), [(range(4), range(1, 5)), (range(1, 5), range(4))])
def test_names_that_count_from_another_number_than_the_files(tmp_path: Path, names: range, files: range) -> None:
    audio(tmp_path, *(f"wavs/{n:03}.wav" for n in files))
    put(tmp_path, "metadata.csv", "".join(f"{n:03}|{text}\n" for n, text in zip(names, EN, strict=False)))
    said = [f.message for f in read_corpus(tmp_path).findings if f.code == "audio-missing"]
    assert [f"its names count from {names[0]}, the files from {files[0]}" in message for message in said] == [True]


def test_a_title_line_of_several_words(tmp_path: Path) -> None:
    audio(tmp_path, *(f"take {n}.wav" for n in range(len(EN))))
    rows = [f'take {n},"{text}",Once more a bit slower,done\n' for n, text in enumerate(EN)]
    put(tmp_path, "sheet.csv", "Take,Line,Director notes,Status\n" + "".join(rows))
    clips = read_corpus(tmp_path).clips
    assert [(clip.text, clip.speaker) for clip in clips] == [(text, "") for text in EN]


def test_a_title_line_that_comes_again_is_no_clip(tmp_path: Path) -> None:
    audio(tmp_path, *(f"{n}.wav" for n in range(len(EN))))
    rows = [f'{n}.wav,"{text}"\n' for n, text in enumerate(EN)]
    put(tmp_path, "all.csv", "file,text\n" + "".join(rows[:2]) + "\n\ufefffile,text\n" + "".join(rows[2:]))
    assert [clip.text for clip in clips_of(tmp_path)] == list(EN)


def test_a_phrase_in_quotes_between_blanks_is_a_part_of_the_text(tmp_path: Path) -> None:
    audio(tmp_path, *(f"audio/utt{n}.wav" for n in range(len(EN))))
    texts = [*EN[:-1], 'the so-called "great house" of the town']
    put(tmp_path, "text", "".join(f"utt{n} {text}\n" for n, text in enumerate(texts)))
    assert [clip.text for clip in clips_of(tmp_path)] == texts
