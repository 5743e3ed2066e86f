"""How a table is cut into rows and columns."""

import json
from pathlib import Path

import pytest

from corpora.layouts.corpus import audio, put
from ttsprep.corpora.corpus import read_corpus
from ttsprep.corpora.reading import Reading
from ttsprep.corpora.tables.match import AudioIndex


def test_a_text_of_commas_is_not_searched_for_audio_cell_by_cell(spoken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    likely, seen = AudioIndex.likely, 0

    def counted(index: AudioIndex, *cell: str) -> str | None:
        nonlocal seen
        seen += 1
        return likely(index, *cell)

    monkeypatch.setattr(AudioIndex, "likely", counted)
    lines = (spoken / "metadata.csv").read_text(encoding="utf-8").splitlines()
    text = "".join(f"{line}{'$1,' * 5_000}\n" for line in lines)
    (spoken / "metadata.csv").write_text(text, encoding="utf-8")
    clips = read_corpus(spoken, reading=Reading(columns=("path", "text"))).clips
    assert all(clip.text.endswith("$1,$1,") for clip in clips)
    assert seen < 1_000 * len(lines)


EN = ("The weather is very nice today.", "He bought a new book yesterday.", "My sister speaks three languages.")


@pytest.mark.parametrize(
    ("head", "line", "end", "shown"),
    [
        ("# by Anna, 2020\n# path|text\n", "c{}|{}\n", "", "1 comment left out, such as '# by Anna, 2020'"),
        ("// a list\n", "wavs/c{}.wav|anna|{}\n", "", "1 comment left out, such as '// a list'"),
        (
            "# mine, not yours\nfile_name,text\n",
            'c{}.wav,"{}"\n',
            "",
            "1 comment left out, such as '# mine, not yours'",
        ),
        ("", "wavs/c{}.wav|{}\n", "; so far\n#wavs/c1.wav|Not said.\n", "2 comments left out, such as '; so far'"),
        ("#path\tsentence\n", "c{}.wav\t{}\n", "", ""),
        ("# ours\n", "c{} {}\n", "", "1 comment left out, such as '# ours'"),
    ],
)
def test_comments_are_no_clips(tmp_path: Path, head: str, line: str, end: str, shown: str) -> None:
    audio(tmp_path, *(f"wavs/c{n}.wav" for n in range(3)))
    put(tmp_path, "list.txt", head + "".join(line.format(n, text) for n, text in enumerate(EN)) + end)
    corpus = read_corpus(tmp_path, language="en-us")
    assert [(clip.path, clip.text) for clip in corpus.clips] == [(f"wavs/c{n}.wav", t) for n, t in enumerate(EN)]
    assert corpus.findings == []
    assert corpus.decided[1:] == ([f"list.txt: {shown}"] if shown else [])


def test_names_with_the_sign_of_a_comment_are_names(tmp_path: Path) -> None:
    audio(tmp_path, "wavs/#c0.wav", "wavs/c1.wav", "wavs/c2.wav")
    put(tmp_path, "metadata.csv", "".join(f"{'#' if not n else ''}c{n}|{text}\n" for n, text in enumerate(EN)))
    assert [clip.text for clip in read_corpus(tmp_path).clips] == list(EN)


def test_names_that_are_one_only_in_the_folder_of_their_speaker(tmp_path: Path) -> None:
    expected = {}
    for who in ("anna", "bob"):
        audio(tmp_path, *(f"{who}/{n:03}.wav" for n in range(3)))
        expected |= {f"{who}/{n:03}.wav": f"{text} {who.title()}." for n, text in enumerate(EN)}
    rows = "".join(f"{path[-7:-4]},{path[:-8]},{text}\n" for path, text in expected.items())
    put(tmp_path, "metadata.csv", f"name,speaker,text\n{rows}")
    corpus = read_corpus(tmp_path)
    assert {clip.path: clip.text for clip in corpus.clips} == expected
    assert (corpus.findings, corpus.ids) == ([], [path[:-4] for path in expected])


@pytest.mark.parametrize(
    "document",
    [
        {"train": [{"audio": f"c{n}.wav", "text": text} for n, text in enumerate(EN[:2])],
         "test": [{"audio": "c2.wav", "text": EN[2]}]},
        {"audio": ["c0.wav", "c1.wav", "c2.wav"], "text": list(EN)},
    ],
    ids=["parts", "columns"],
)  # fmt: skip
def test_lists_side_by_side_in_json(tmp_path: Path, document: dict[str, list[object]]) -> None:
    audio(tmp_path, *(f"c{n}.wav" for n in range(3)))
    put(tmp_path, "data.json", json.dumps(document))
    assert [(clip.path, clip.text) for clip in read_corpus(tmp_path).clips] == [(f"c{n}.wav", EN[n]) for n in range(3)]
