"""Folders as strangers have them: each is read rightly, or a line says why not."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from corpora.layouts.corpus import audio, put
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
        table("l.jsonl", lambda i, text: json.dumps({"key": f"{i}", "wav": f"/nas/{i}.wav", "txt": text})),
    ],
    ids=[
        *("two-tables", "lab-crlf", "wav-txt", "json-texts", "json-records", "upper-case", "blanks", "sentence-id"),
        *("sentences", "emotion", "colon-blank", "numbered-rows", "numbered-speakers", "unknown-keys"),
    ],
)
def test_it_is_read_rightly(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path)
    found = read_corpus(tmp_path)
    assert sorted(clip.text.replace(";", ",") for clip in found.clips) == sorted(text.replace(";", ",") for text in EN)
    assert all((found.root / clip.path).is_file() for clip in found.clips)
    assert {finding.code for finding in found.findings} <= {"audio-matched"}


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


def test_an_archive_in_the_folder_is_named(tmp_path: Path) -> None:
    put(tmp_path, "part.zip", b"PK\x05\x06" + bytes(18))
    with pytest.raises(CorpusError, match=r"but archives such as part\.zip: unpack them first"):
        read_corpus(tmp_path)
