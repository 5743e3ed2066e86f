"""What Label Studio exports: tasks in JSON, their short form, and CSV."""

import json
from pathlib import Path
from typing import Any

import pytest

from corpora.layouts.corpus import audio, put
from ttsprep.corpora.corpus import read_corpus

EN = ("The weather is very nice today.", "He bought a new book yesterday.", "My sister speaks three languages.")


def task(place: str, *annotations: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": 1, "data": {"audio": place}, "annotations": [{"result": results} for results in annotations]}


def textarea(text: str, region: str = "r", field: str = "transcription", **times: float) -> dict[str, Any]:
    return {"value": {"text": [text], **times}, "id": region, "from_name": field, "type": "textarea"}


@pytest.mark.parametrize(
    "place", ["/data/upload/3/1a2b3c4d-c{}.wav", "/data/local-files/?d=wavs/c{}.wav", "s3://us/x/c{}.wav", "c{}.wav"]
)
def test_a_text_for_each_recording(tmp_path: Path, place: str) -> None:
    audio(tmp_path, *(f"wavs/c{n}.wav" for n in range(3)))
    put(tmp_path, "export.json", json.dumps([task(place.format(n), [textarea(text)]) for n, text in enumerate(EN)]))
    corpus = read_corpus(tmp_path)
    assert [(clip.path, clip.text) for clip in corpus.clips] == [(f"wavs/c{n}.wav", t) for n, t in enumerate(EN)]


def test_the_short_form_and_csv(tmp_path: Path) -> None:
    rows = [{"audio": f"/data/upload/1/0123456{n}-c{n}.wav", "transcription": t} for n, t in enumerate(EN)]
    lines = "".join(f"{row['audio']},{row['transcription']},7\n" for row in rows)
    for name, content in (("min.json", json.dumps(rows)), ("min.csv", f"audio,transcription,annotator\n{lines}")):
        audio(tmp_path / name, *(f"c{n}.wav" for n in range(3)))
        put(tmp_path / name, name, content)
        corpus = read_corpus(tmp_path / name)
        assert [(clip.path, clip.text) for clip in corpus.clips] == [(f"c{n}.wav", t) for n, t in enumerate(EN)]
        assert corpus.findings == []


def test_regions_are_pieces_with_the_label_as_their_speaker(tmp_path: Path) -> None:
    audio(tmp_path, "talk.wav")
    results: list[dict[str, Any]] = []
    for n, text in enumerate(EN):
        times = {"start": n / 50, "end": n / 50 + 0.01}
        label = {"value": {**times, "labels": ["Ann"]}, "id": f"r{n}", "from_name": "labels", "type": "labels"}
        results += [label, textarea(text, f"r{n}", **times)]
    put(tmp_path, "export.json", json.dumps([task("/data/upload/1a2b3c4d-talk.wav", results)]))
    clips = read_corpus(tmp_path).clips
    assert [(clip.path, clip.text, clip.speaker) for clip in clips] == [("talk.wav", text, "Ann") for text in EN]
    assert [(clip.start, clip.end) for clip in clips] == [(0.0, 0.01), (0.02, 0.03), (0.04, 0.05)]


@pytest.mark.parametrize(
    ("annotations", "what"),
    [
        (([textarea("One.")], [textarea("Two.")]), "has 2 annotations that differ: keep one of them"),
        (([textarea("One."), textarea("loud", field="notes")],), "has texts in the fields notes, transcription"),
    ],
)
def test_what_cannot_be_told_is_named(tmp_path: Path, annotations: tuple[list[dict[str, Any]], ...], what: str) -> None:
    audio(tmp_path, *(f"c{n}.wav" for n in range(4)))
    tasks = [task(f"c{n}.wav", [textarea(text)]) for n, text in enumerate(EN)]
    put(tmp_path, "export.json", json.dumps([*tasks, task("c3.wav", *annotations)]))
    corpus = read_corpus(tmp_path)
    assert [clip.text for clip in corpus.clips] == list(EN)
    assert [what in finding.message for finding in corpus.findings] == [True]
    assert corpus.orphans == ["c3.wav"]
