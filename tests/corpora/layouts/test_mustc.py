"""MuST-C and mTEDx: pieces in YAML, texts line by line in a file for each language."""

from pathlib import Path

import pytest

from corpora.layouts.corpus import audio, put
from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip
from ttsprep.corpora.corpus import read_corpus

ENTRY = "- {{duration: 0.04, offset: {offset}, rW: 9, speaker_id: spk.{n}, uW: 0, wav: ted_{n}.wav}}\n"
ES = ("Hoy hace muy buen tiempo.", "Ayer compró un libro nuevo.", "Mi hermana habla tres lenguas.")
EN = ("The weather is very nice today.", "He bought a new book yesterday.", "My sister speaks three languages.")


def part(root: Path, name: str, texts: dict[str, tuple[str, ...]], entries: str = "") -> None:
    audio(root, f"data/{name}/wav/ted_1.wav", f"data/{name}/wav/ted_2.wav")
    pieces = "".join(ENTRY.format(offset=offset, n=n) for offset, n in ((0.01, 1), (0.05, 1), (0, 2)))
    put(root, f"data/{name}/txt/{name}.yaml", entries or pieces)
    for language, lines in texts.items():
        put(root, f"data/{name}/txt/{name}.{language}", "".join(f"{line}\n" for line in lines))


def test_the_folder_tells_which_language_is_spoken(tmp_path: Path) -> None:
    for name in ("train", "dev"):
        part(tmp_path / "es-en", name, {"en": EN, "es": ES})
    corpus = read_corpus(tmp_path)
    assert (corpus.layout, corpus.findings, corpus.orphans) == ("mustc", [], [])
    assert [clip.text for clip in corpus.clips] == [*ES, *ES]
    path = "es-en/data/dev/wav/ted_1.wav"
    assert corpus.clips[1] == Clip("ted_1-0002", path, ES[1], "spk.1", "es", 0.05, 0.09)


def test_the_language_option_tells_too(tmp_path: Path) -> None:
    part(tmp_path, "train", {"en": EN, "es": ES})
    with pytest.raises(CorpusError, match=r"has train\.en, train\.es for train\.yaml: say with --language"):
        read_corpus(tmp_path)
    assert [clip.text for clip in read_corpus(tmp_path, language="en-gb").clips] == list(EN)


def test_other_lines_than_pieces_are_refused(tmp_path: Path) -> None:
    part(tmp_path, "train", {"en": EN[:2]})
    with pytest.raises(CorpusError, match=r"has 3 pieces and .*train\.en 2 lines"):
        read_corpus(tmp_path)


def test_a_damaged_piece_is_named(tmp_path: Path) -> None:
    lines = [ENTRY.format(offset=0, n=1), ENTRY.format(offset=-1, n=1), "- {wav: ted_2.wav}\n"]
    part(tmp_path, "train", {"en": EN}, "".join(lines))
    corpus = read_corpus(tmp_path)
    assert [clip.text for clip in corpus.clips] == [EN[0]]
    assert [finding.message.split(": ")[0] for finding in corpus.findings] == [
        "txt/train.yaml line 2",
        "txt/train.yaml line 3",
    ]
