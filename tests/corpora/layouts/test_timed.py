"""Texts with times beside recordings, as clips that are pieces of them."""

import json
from pathlib import Path

import pytest

from corpora.layouts.corpus import audio, clips_of, put, split
from corpora.timed.test_parsers import elan, textgrid
from ttsprep.core.types import Clip, Severity
from ttsprep.corpora.corpus import read_corpus

LABELS = "0.000000\t0.040000\tOne, two.\n0.040000\t0.100000\tThree.\n"
SRT = "1\n00:00:00,000 --> 00:00:00,040\nOne, two.\n\n2\n00:00:00,040 --> 00:00:00,100\nThree.\n"
VTT = "WEBVTT\n\n00:00.000 --> 00:00.040\nOne, two.\n\n00:00.040 --> 00:00.100\nThree.\n"
TSV = "start\tend\ttext\n0\t40\tOne, two.\n40\t100\tThree.\n"
CSV = 'start_s,end_s,text\n0,0.04,"One, two."\n0.04,0.1,Three.\n'
SEGMENTS = [{"id": 0, "start": 0.0, "end": 0.04, "text": " One, two."}, {"start": 0.04, "end": 0.1, "text": " Three."}]
GRID = textgrid(("utterances", [(0.0, 0.04, "One, two."), (0.04, 0.1, "Three.")]), end=0.1)


@pytest.mark.parametrize(
    ("name", "content", "decided"),
    [
        ("a.txt", LABELS, "2 pieces from 1 label track, a.txt"),
        ("a.txt", b"\xef\xbb\xbf" + LABELS.replace("\n", "\r\n").encode(), "2 pieces from 1 label track, a.txt"),
        ("a.srt", SRT, "2 pieces from 1 subtitle file, a.srt"),
        ("a.tsv", TSV, "2 pieces from 1 table of times, a.tsv"),
        ("a.csv", CSV, "2 pieces from 1 table of times, a.csv"),
        ("a.csv", CSV.partition("\n")[2], "2 pieces from 1 table of times, a.csv"),
        ("a.eaf", elan(("ann", "", [(0, 40, "One, two."), (40, 100, "Three.")])), "2 pieces from 1 ELAN file, a.eaf"),
        ("a.json", json.dumps({"text": "One.", "segments": SEGMENTS}), "2 pieces from 1 JSON file, a.json"),
        ("a.txt", SRT, "2 pieces from 1 subtitle file, a.txt"),
        ("a.VTT", VTT, "2 pieces from 1 subtitle file, a.VTT"),
        ("a.TextGrid", GRID, "2 pieces from 1 TextGrid, a.TextGrid"),
        ("a.TextGrid", GRID.encode("utf-16"), "2 pieces from 1 TextGrid, a.TextGrid"),
        ("a.textgrid", b"\xfe\xff" + GRID.encode("utf-16-be"), "2 pieces from 1 TextGrid, a.textgrid"),
    ],
)
def test_each_form_gives_pieces(tmp_path: Path, name: str, content: str | bytes, decided: str) -> None:
    audio(tmp_path, "a.wav")
    put(tmp_path, name, content)
    assert clips_of(tmp_path) == [
        Clip("a-0001", "a.wav", "One, two.", "", "", 0.0, 0.04),
        Clip("a-0002", "a.wav", "Three.", "", "", 0.04, 0.1),
    ]
    assert read_corpus(tmp_path, language="en-us").decided == [decided]


TIMES = ((0, 4, "One, two."), (4, 10, "Three."))  # hundredths of a second
DEEPGRAM = [{"text": text, "start": a / 100, "end": b / 100} for a, b, text in TIMES]


@pytest.mark.parametrize(
    "record",
    [
        {"transcription": [{"offsets": {"from": a * 10, "to": b * 10}, "text": f" {t}"} for a, b, t in TIMES]},
        {"text": "One, two. Three.", "chunks": [{"timestamp": [a, b], "text": t} for a, b, t in TIMES]},
        {"results": {"utterances": [{"start": a / 100, "end": b / 100, "transcript": t} for a, b, t in TIMES]}},
        {"results": {"channels": [{"alternatives": [{"paragraphs": {"paragraphs": [{"sentences": DEEPGRAM}]}}]}]}},
        {
            "results": {
                "transcripts": [{"transcript": "One, two. Three."}],
                "audio_segments": [
                    {"transcript": t, "start_time": f"{a / 100}", "end_time": f"{b / 100}"} for a, b, t in TIMES
                ],
            }
        },
        {"text": "One, two. Three.", "utterances": [{"start": a * 10, "end": b * 10, "text": t} for a, b, t in TIMES]},
    ],
    ids=["whisper.cpp", "transformers", "deepgram", "deepgram-sentences", "aws", "assemblyai"],
)
def test_what_each_recogniser_writes(tmp_path: Path, record: dict[str, object]) -> None:
    audio(tmp_path, "a.wav")
    put(tmp_path, "a.json", json.dumps(record))
    unit = 100 if "chunks" in record else 1
    assert clips_of(tmp_path) == [
        Clip("a-0001", "a.wav", "One, two.", "", "", 0.0, 0.04 * unit),
        Clip("a-0002", "a.wav", "Three.", "", "", 0.04 * unit, 0.1 * unit),
    ]


@pytest.mark.parametrize(
    "record",
    [
        {"results": {"transcripts": [{"transcript": "One, two."}], "items": []}},
        {"results": {"channels": [{"alternatives": [{"transcript": "One, two.", "words": []}]}]}},
        {
            "text": "One, two.",
            "chunks": [{"timestamp": [0, 0.02], "text": "One,"}, {"timestamp": [0.02, 0.1], "text": "two."}],
        },
    ],
    ids=["aws", "deepgram", "words"],
)
def test_a_result_without_times_of_sentences_is_the_whole_text(tmp_path: Path, record: dict[str, object]) -> None:
    audio(tmp_path, "a.wav")
    put(tmp_path, "a.json", json.dumps(record))
    assert clips_of(tmp_path) == [Clip("a", "a.wav", "One, two.")]


def test_a_last_chunk_without_an_end_goes_on_to_that_of_the_recording(tmp_path: Path) -> None:
    audio(tmp_path, "a.wav")
    chunks = [{"timestamp": [0, 4], "text": "One."}, {"timestamp": [4, None], "text": "Two."}]
    put(tmp_path, "a.json", json.dumps({"chunks": chunks}))
    assert [(clip.start, clip.end) for clip in clips_of(tmp_path)] == [(0, 4), (4, None)]


def test_counts_are_singular_and_plural(tmp_path: Path) -> None:
    audio(tmp_path, "a.wav", "b.wav", "c.wav", "d/e.wav")
    put(tmp_path, "a.txt", "One.")
    put(tmp_path, "b.txt", LABELS)
    put(tmp_path, "d/e.txt", LABELS)
    put(tmp_path, "c.srt", SRT[: SRT.index("\n\n")])
    put(tmp_path, "a.srt", SRT)
    assert read_corpus(tmp_path, language="en-us").decided == [
        "1 transcript from NAME.txt",
        "4 pieces from 2 label tracks, such as b.txt",
        "1 piece from 1 subtitle file, c.srt",
        "left aside, as another file beside the audio has the text: 1 .srt file",
    ]
    assert [clip.id for clip in clips_of(tmp_path)] == ["a", "b-0001", "b-0002", "c-0001", "d/e-0001", "d/e-0002"]


@pytest.mark.parametrize(
    ("name", "said"), [("segments.csv", "the only recording"), ("csv/a.csv", "from another folder")]
)
def test_a_csv_of_the_only_recording_or_of_another_folder(tmp_path: Path, name: str, said: str) -> None:
    audio(tmp_path, "wav/a.wav")
    put(tmp_path, name, CSV)
    corpus = read_corpus(tmp_path)
    assert [(clip.text, clip.start, clip.end) for clip in corpus.clips] == [
        ("One, two.", 0, 0.04),
        ("Three.", 0.04, 0.1),
    ]
    assert any(said in line for line in corpus.decided)


def test_a_csv_that_holds_no_pieces_is_none(tmp_path: Path) -> None:
    audio(tmp_path, "a.wav", "b.wav")
    put(tmp_path, "a.txt", "One.")
    put(tmp_path, "a.csv", "time,f0\n0.00,120.5\n0.01,121.0\n")
    put(tmp_path, "b.csv", "time,f0\n0.00,120.5\n0.01,121.0\n")
    assert [clip.text for clip in clips_of(tmp_path)] == ["One.", ""]


def test_a_textgrid_with_one_interval_is_the_text_of_its_recording(tmp_path: Path) -> None:
    audio(tmp_path, "ann/a.wav")
    put(tmp_path, "ann/a.TextGrid", textgrid(("ann", [(0.0, 0.1, "All of it.")]), end=0.1))
    assert clips_of(tmp_path) == [Clip("ann/a", "ann/a.wav", "All of it.")]


def test_alignments_are_no_texts(tmp_path: Path) -> None:
    audio(tmp_path, "a.wav", "b.wav")
    for name in ("a", "b"):
        put(tmp_path, f"{name}.TextGrid", textgrid(("words", [(0.0, 0.1, "one")]), ("phones", [(0.0, 0.1, "w")])))
    put(tmp_path, "a.lab", "one two")
    clips, findings = split(read_corpus(tmp_path))
    assert [(clip.id, clip.text) for clip in clips] == [("a", "one two"), ("b", "")]
    assert [(finding.clip, finding.severity) for finding in findings] == [("", Severity.NOTE), ("b", Severity.ERROR)]


def test_what_is_wrong_is_named_with_its_line(tmp_path: Path) -> None:
    audio(tmp_path, "a.wav", "b.wav")
    put(tmp_path, "a.txt", LABELS + "0.09\t0.05\tback\n")
    put(tmp_path, "b.srt", "Not a subtitle.")
    clips, findings = split(read_corpus(tmp_path))
    assert [clip.text for clip in clips] == ["One, two.", "Three.", ""]
    assert [finding.message for finding in findings] == [
        "a.txt line 3: ends at 0.05 s, before its start at 0.09 s; its text is 'back'",
        "b.srt line 1: is no text with times, as .srt files are",
    ]
    assert {finding.code for finding in findings} == {"metadata-malformed"}


def test_a_transcript_with_one_line_of_numbers_is_no_track(tmp_path: Path) -> None:
    audio(tmp_path, "a.wav")
    put(tmp_path, "a.txt", "12\t13\tand so on,\nwithout a time.\n")
    assert clips_of(tmp_path) == [Clip("a", "a.wav", "12\t13\tand so on,\nwithout a time.")]


@pytest.mark.parametrize(
    "labels",
    [
        "0 1350000 sil\n1350000 2100000 p\n2100000 2500000 r\n",
        "0.00 0.05 one\n0.05 0.10 two words\n",
        "separator ;\nnfields 1\n#\n    0.1 121 pau\n    0.2 121 ao\n",
    ],
)
def test_the_labels_of_aligners_are_no_transcripts(tmp_path: Path, labels: str) -> None:
    audio(tmp_path, "a.wav")
    put(tmp_path, "a.lab", labels)
    clips, findings = split(read_corpus(tmp_path))
    assert [clip.text for clip in clips] == [""]
    assert [(f.clip, f.code) for f in findings] == [("a", "metadata-malformed")]
    assert "is an alignment" in findings[0].message


def test_texts_of_another_folder_are_found_by_name(tmp_path: Path) -> None:
    audio(tmp_path, "wav/ann/01.wav", "wav/bob/01.wav", "wav/bob/02.wav", "wav/bob/03.wav")
    put(tmp_path, "texts/ann/01.txt", "One.")
    put(tmp_path, "texts/bob/01.txt", "Two.")
    put(tmp_path, "grids/02.TextGrid", textgrid(("text", [(0.0, 0.1, "Three.")]), end=0.1))
    corpus = read_corpus(tmp_path)
    assert [clip.text for clip in corpus.clips] == ["One.", "Two.", "Three.", ""]
    assert corpus.decided[-1] == (
        "3 texts from another folder, by the name of the audio: texts/ann/01.txt is of wav/ann/01.wav"
    )


def test_a_name_that_is_there_twice_is_no_match(tmp_path: Path) -> None:
    audio(tmp_path, "wav/01.wav")
    put(tmp_path, "a/01.txt", "One.")
    put(tmp_path, "b/01.txt", "Two.")
    assert [clip.text for clip in read_corpus(tmp_path).clips] == [""]


def test_subtitles_in_a_language(tmp_path: Path) -> None:
    audio(tmp_path, "a.wav", "b.wav")
    put(tmp_path, "a.en-orig.vtt", VTT)
    put(tmp_path, "b.de.srt", SRT.replace("One, two.", "Eins, zwei."))
    put(tmp_path, "b.pt-BR.srt", SRT)
    corpus = read_corpus(tmp_path, language="de")
    assert [(clip.id, clip.language) for clip in corpus.clips] == [
        *[("a-0001", "en"), ("a-0002", "en"), ("b-0001", "de"), ("b-0002", "de")]
    ]
    undecided = read_corpus(tmp_path, language="fr")
    assert [clip.id for clip in undecided.clips] == ["a-0001", "a-0002", "b"]
    assert "b.wav has texts in several languages (de, pt-BR): --language decides" in undecided.decided


def test_the_pieces_of_hours_are_read(tmp_path: Path) -> None:
    audio(tmp_path, "a.wav", "b.wav")
    put(tmp_path, "a.txt", "".join(f"{n}.000000\t{n + 1}.000000\t{'word ' * 9}\n" for n in range(30_000)))
    put(tmp_path, "b.txt", "word " * 300_000)
    clips, findings = split(read_corpus(tmp_path))
    assert len(clips) == 30_001
    assert (clips[29_999].id, clips[29_999].start, clips[29_999].end) == ("a-30000", 29_999.0, 30_000.0)
    assert [(f.clip, f.message) for f in findings] == [("b", "b.txt is longer than 1,048,576 bytes")]


@pytest.mark.parametrize(
    "record",
    [
        {"text": "One, two.", "words": [{"text": "One", "start": 0.0}]},
        {"text": "One, two.", "segments": []},
        {"text": "One.", "segments": [{"start": 0, "end": 0.1, "text": " One, two."}]},
    ],
)
def test_a_list_in_a_record_is_not_taken_for_it(tmp_path: Path, record: dict[str, object]) -> None:
    audio(tmp_path, "a.wav")
    put(tmp_path, "a.json", json.dumps(record))
    assert clips_of(tmp_path) == [Clip("a", "a.wav", "One, two.")]


@pytest.mark.parametrize(
    "text",
    [
        "[00:00.00]One, two.\n[00:00.04]Three.\n",
        "[00:00:00] Ann: One, two.\n",
        "00:00:00:00 - 00:00:04:00\nSpeaker 1\nOne, two.\n\n00:00:04:00 - 00:00:08:00\nSpeaker 2\nThree.\n",
        "Ann Lee  0:00\nOne, two.\n\nBen  0:04\nThree.\n",
    ],
)
def test_times_in_a_form_that_is_not_read_are_no_transcript(tmp_path: Path, text: str) -> None:
    audio(tmp_path, "a.wav")
    put(tmp_path, "a.txt", text)
    corpus = read_corpus(tmp_path)
    assert [clip.text for clip in corpus.clips] == [""]
    (finding,) = corpus.findings
    assert (finding.code, finding.severity) == ("metadata-malformed", Severity.ERROR)
    assert "a.txt line 1: has times among its words" in finding.message


@pytest.mark.parametrize("text", ["We left\nat 10:30", "10:30 it was.", "John 3:16\nand more"])
def test_a_time_that_is_said_is_a_part_of_the_transcript(tmp_path: Path, text: str) -> None:
    audio(tmp_path, "a.wav")
    put(tmp_path, "a.txt", text)
    assert [clip.text for clip in read_corpus(tmp_path).clips] == [text]
