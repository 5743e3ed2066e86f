"""What recognisers, corpora and annotators write, as the command ``ttsprep inspect`` reads it."""

import json
from pathlib import Path
from typing import Any

import pytest
from commands import ttsprep
from corpora.layouts.corpus import audio, put

PIECES = ((0, 4, "The weather is very nice today."), (4, 10, "He bought a new dictionary."))
"""Start and end in hundredths of a second, and text."""


def said(text: str = "text", start: str = "start", end: str = "end", unit: float = 100) -> list[Any]:
    return [{start: a / unit, end: b / unit, text: words, "sid": str(a)} for a, b, words in PIECES]


BEGIN = ("begin_time", "end_time")
DEEPGRAM = {"channels": [{"alternatives": [{"paragraphs": {"paragraphs": [{"sentences": said()}]}}]}]}
AWS = {"audio_segments": said("transcript", "start_time", "end_time"), "transcripts": []}
CPP = [{"offsets": {"from": a * 10, "to": b * 10}, "text": f" {text}"} for a, b, text in PIECES]
CHUNKS = [{"timestamp": [a / 100, None if b == 10 else b / 100], "text": text} for a, b, text in PIECES]
STM = "".join(f"a 1 ann {a / 100} {b / 100} <o,f0,female> {text}\n" for a, b, text in PIECES)
REGIONS = [
    {"id": str(a), "type": "textarea", "from_name": "t", "value": {"start": a / 100, "end": b / 100, "text": [text]}}
    for a, b, text in PIECES
]
TASK = {"data": {"audio": "/data/upload/1/12345678-a.wav"}, "annotations": [{"result": REGIONS}]}
READERS: dict[str, tuple[str, object]] = {
    "whisper.cpp": ("a.json", {"transcription": CPP}),
    "transformers": ("a.json", {"chunks": CHUNKS}),
    "deepgram": ("a.json", {"results": DEEPGRAM}),
    "aws": ("a.json", {"results": AWS}),
    "assemblyai": (
        "a.json",
        {
            "text": "All.",
            "utterances": [{**one, "start": round(one["start"]), "end": round(one["end"])} for one in said(unit=0.1)],
        },
    ),
    "stm": ("a.stm", STM),
    "gigaspeech": (
        "GigaSpeech.json",
        {"language": "EN", "audios": [{"path": "a.wav", "segments": said("text_tn", *BEGIN)}]},
    ),
    "wenetspeech": ("WenetSpeech.json", {"audios": [{"path": "a.wav", "segments": said("text", *BEGIN)}]}),
    "label studio": ("export.json", [TASK]),
}


@pytest.mark.parametrize("kind", READERS)
def test_pieces_of_a_recording(tmp_path: Path, kind: str) -> None:
    name, content = READERS[kind]
    audio(tmp_path / "in", "a.wav")
    put(tmp_path / "in", name, content if isinstance(content, str) else json.dumps(content))
    shown = ttsprep("inspect", tmp_path / "in", "--json")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert [clip["text"] for clip in json.loads(shown.stdout)["clips_sample"]] == [text for *_, text in PIECES]


def test_ids_of_sphinx_that_speakers_share(tmp_path: Path) -> None:
    names = [f"{who}/line_{n}" for who in ("ann", "bob") for n in (1, 2)]
    audio(tmp_path / "in", *(f"wav/{name}.wav" for name in names))
    put(tmp_path / "in", "etc/db.fileids", "".join(f"{name}\n" for name in names))
    rows = [f"<s> this is {name} of a book </s> ({Path(name).name})\n" for name in names]
    put(tmp_path / "in", "etc/db.transcription", "".join(rows))
    shown = ttsprep("inspect", tmp_path / "in", "--json")
    assert [(clip["path"], clip["text"]) for clip in json.loads(shown.stdout)["clips_sample"]] == [
        (f"wav/{name}.wav", f"this is {name} of a book") for name in names[:3]
    ]
