"""Speakers that only the names of folders tell."""

from pathlib import Path

import pytest

from corpora.layouts.corpus import audio, put
from ttsprep.corpora.corpus import Corpus, read_corpus

TEXTS = (
    "The weather is very nice today.",
    "He bought a new dictionary.",
    "Please close the door.",
    "The train is leaving soon.",
)


def table(root: Path, *paths: str, name: str = "transcripts.txt", key: str = "stem") -> Corpus:
    """Read a table of audio files, each by its stem or its path."""
    audio(root, *paths)
    rows = [f"{Path(path).stem if key == 'stem' else path}\t{TEXTS[i % 4]}\n" for i, path in enumerate(paths)]
    put(root, name, "".join(rows))
    return read_corpus(root)


def beside(root: Path, *paths: str, end: str = ".lab") -> Corpus:
    """Read audio files with a text beside each."""
    audio(root, *paths)
    for i, path in enumerate(paths):
        put(root, f"{path.removesuffix('.wav')}{end}", TEXTS[i % 4])
    return read_corpus(root)


@pytest.mark.parametrize(
    ("paths", "speakers", "said"),
    [
        ([f"audio/{s}/10{s}/{s}_10{s}_00{i}.flac" for s in (14, 27) for i in "01"], "14 14 27 27", "as in MLS"),
        ([f"audio/14/28/14_28_00{i}.flac" for i in "0123"], "14 14 14 14", "the speaker is named by"),
        (
            [f"de_DE/by_book/female/{s}/faust/wavs/{s}_0{i}.wav" for s in ("eva", "ramona") for i in "01"],
            *("eva eva ramona ramona", "as in M-AILABS"),
        ),
        ([f"wav/SSB000{s}/SSB000{s}000{i}.wav" for s in "57" for i in "12"], "SSB0005 SSB0005 SSB0007 SSB0007", "VCTK"),
        ([f"audio/{s}_clean/1{s}/b_{s}{i}.flac" for s in ("92", "601") for i in "12"], "92 92 601 601", "Hi-Fi TTS"),
        ([f"p2{s}_00{i}_mic1.flac" for s in ("25", "26") for i in "12"], "p225 p225 p226 p226", "names of files begin"),
        ([f"wavs/SSB000{s}000{i}.wav" for s in "57" for i in "12"], "SSB0005 SSB0005 SSB0007 SSB0007", "begin with"),
        ([f"spk{s}-line{i}.wav" for s in "12" for i in "12"], "spk1 spk1 spk2 spk2", "names of files begin with"),
        ([f"speakers/{s}/{s}{i}.wav" for s in ("ann", "bob") for i in "12"], "ann ann bob bob", "in speakers/"),
    ],
)
def test_folders_of_layouts_that_are_known(tmp_path: Path, paths: list[str], speakers: str, said: str) -> None:
    found = table(tmp_path, *paths)
    assert [clip.speaker for clip in found.clips] == speakers.split()
    assert sum(said in line for line in found.decided) == 1


def test_folders_with_labels_beside_the_audio(tmp_path: Path) -> None:
    found = beside(tmp_path, *(f"{s}/{i}.wav" for s in ("anna", "bert") for i in "12"), end=".lab")
    assert [clip.speaker for clip in found.clips] == ["anna", "anna", "bert", "bert"]
    assert found.decided[-1].startswith("2 speakers are named by folders with audio and its labels")


@pytest.mark.parametrize(
    "folders", [("chapter1", "chapter2"), ("train", "dev"), ("2024-01-05", "2024-01-06"), ("1", "2")]
)
def test_parts_of_a_corpus_are_no_speakers(tmp_path: Path, folders: tuple[str, str]) -> None:
    found = beside(tmp_path, *(f"{folder}/{i}.wav" for folder in folders for i in "12"))
    assert {clip.speaker for clip in found.clips} == {""}


PROMPTS = (*TEXTS, "Where did you put the keys?", "It is half past nine.")


@pytest.mark.parametrize("prefixes", [("F1", "M2"), ("jvs001", "jvs002"), ("p11", "p12")])
def test_codes_before_sentences_that_several_read(tmp_path: Path, prefixes: tuple[str, str]) -> None:
    names = [f"{prefix}_{n:03}.wav" for prefix in prefixes for n in range(len(PROMPTS))]
    audio(tmp_path, *names)
    put(tmp_path, "metadata.csv", "".join(f"{name}|{PROMPTS[i % len(PROMPTS)]}\n" for i, name in enumerate(names)))
    found = read_corpus(tmp_path)
    assert [clip.speaker for clip in found.clips] == [prefix for prefix in prefixes for _ in PROMPTS]
    assert "2 speakers are named by codes before the numbers of sentences" in found.decided[-1]


@pytest.mark.parametrize(
    "prefixes", [("LJ001-", "LJ002-"), ("chapter_", "chapter_1"), ("ch01_", "ch02_"), ("p001_", "p002_")]
)
def test_chapters_and_pages_in_names_are_no_speakers(tmp_path: Path, prefixes: tuple[str, str]) -> None:
    names = [f"{prefix}{n:04}.wav" for prefix in prefixes for n in range(8)]
    audio(tmp_path, *names)
    rows = [f"{name}|{TEXTS[i % 4]} {'and so on ' * i}\n" for i, name in enumerate(names)]
    put(tmp_path, "metadata.csv", "".join(rows))
    assert {clip.speaker for clip in read_corpus(tmp_path).clips} == {""}


@pytest.mark.parametrize("prefixes", [("take1_", "take2_"), ("s1_", "s2_"), ("day1-", "day2-")])
def test_takes_of_the_same_sentences_are_no_speakers(tmp_path: Path, prefixes: tuple[str, str]) -> None:
    names = [f"{prefix}{n:04}.wav" for prefix in prefixes for n in range(len(PROMPTS))]
    audio(tmp_path, *names)
    put(tmp_path, "metadata.csv", "".join(f"{name}|{PROMPTS[i % len(PROMPTS)]}\n" for i, name in enumerate(names)))
    assert {clip.speaker for clip in read_corpus(tmp_path).clips} == {""}


@pytest.mark.parametrize("folders", [("meian", "achtgesichter"), ("LJ001", "LJ002"), ("1", "2"), ("wavs", "more")])
def test_books_of_one_reader_are_no_speakers(tmp_path: Path, folders: tuple[str, str]) -> None:
    found = table(tmp_path, *(f"{book}/{book}_000{i}.wav" for book in folders for i in "12"), key="path")
    assert {clip.speaker for clip in found.clips} == {""}


def test_texts_beside_the_audio_in_other_files_tell_no_speakers(tmp_path: Path) -> None:
    found = beside(tmp_path, *(f"{s}/{i}.wav" for s in ("anna", "bert") for i in "12"), end=".txt")
    assert {clip.speaker for clip in found.clips} == {""}
