"""The language of a corpus: given, guessed from its texts, or assumed, and stated."""

import json
from pathlib import Path

import pytest

from corpora.layouts.corpus import audio, put
from corpora.tables.generated import SENTENCES
from ttsprep.corpora.corpus import read_corpus


def test_the_language_is_guessed_where_none_is_given_and_named_where_it_is_another(tmp_path: Path) -> None:
    texts = [f"{one} {other}" for one in SENTENCES["de"] for other in SENTENCES["de"]][:30]
    audio(tmp_path, *(f"wavs/{number}.wav" for number in range(30)))
    put(tmp_path, "metadata.csv", "".join(f"{number}|{text}\n" for number, text in enumerate(texts)))
    corpus = read_corpus(tmp_path)
    assert {clip.language for clip in corpus.clips} == {"de"}
    assert corpus.decided[0] == "language de, guessed from 30 texts: --language changes it"
    assert corpus.findings == []
    (finding,) = read_corpus(tmp_path, language="en").findings
    assert finding.code == "language-mismatch"
    assert finding.message.startswith("the 30 texts in 'en' look like 'de' (")


GERMAN = ("Der alte Mann ging langsam über die Straße.", "Morgen wird es im ganzen Land regnen, und es ist kalt.")


def written(root: Path, *texts: str) -> Path:
    """Make a corpus of these texts."""
    for at in range(len(texts)):
        audio(root, f"wavs/c{at}.wav")
    put(root, "metadata.csv", "".join(f"c{at}|{text}\n" for at, text in enumerate(texts)))
    return root


def test_a_language_that_nobody_names_is_guessed_and_the_guess_is_stated(tmp_path: Path) -> None:
    corpus = read_corpus(written(tmp_path, *GERMAN))
    assert {clip.language for clip in corpus.clips} == {"de"}
    assert corpus.decided[0] == "language de, guessed from 2 texts: --language changes it"


def test_a_language_that_the_texts_do_not_show_is_assumed_and_the_assumption_is_stated(tmp_path: Path) -> None:
    corpus = read_corpus(written(tmp_path, "Jakarta", "Berlin"))
    assert {clip.language for clip in corpus.clips} == {"en-us"}
    assert corpus.decided[0] == "language en-us is assumed, the texts do not show it: --language changes it"


def test_a_language_that_is_given_is_not_guessed(tmp_path: Path) -> None:
    given = read_corpus(written(tmp_path / "given", *GERMAN), language="nl")
    assert ({clip.language for clip in given.clips}, given.decided) == ({"nl"}, ["metadata.csv: id | text"])
    rows = [{"audio_filepath": "a.wav", "text": text, "lang": "nl"} for text in GERMAN]
    audio(tmp_path / "named", "a.wav")
    put(tmp_path / "named", "manifest.json", "".join(json.dumps(row) + "\n" for row in rows))
    named = read_corpus(tmp_path / "named")
    assert {clip.language for clip in named.clips} == {"nl"}
    assert not any("guessed" in line for line in named.decided)


def test_folders_in_several_languages_are_guessed_one_by_one(tmp_path: Path) -> None:
    for language in ("de", "th", "hi", "vi"):
        texts = [f"{one} {other}" for one in SENTENCES[language] for other in SENTENCES[language]][:20]
        audio(tmp_path, *(f"{language}/{number}.wav" for number in range(20)))
        put(tmp_path / language, "metadata.csv", "".join(f"{number}|{text}\n" for number, text in enumerate(texts)))
    corpus = read_corpus(tmp_path)
    assert {(clip.path.split("/")[0], clip.language) for clip in corpus.clips} == {
        (language, language) for language in ("de", "th", "hi", "vi")
    }
    line = "languages guessed folder by folder: de in de/, hi in hi/, th in th/, else vi: --language changes it"
    assert corpus.decided[0] == line
    assert corpus.findings == []


def test_one_folder_in_another_language_than_the_rest_is_guessed_by_itself(tmp_path: Path) -> None:
    for language, many in (("de", 20), ("hi", 4)):
        texts = [f"{one} {other}" for one in SENTENCES[language] for other in SENTENCES[language]][:many]
        audio(tmp_path, *(f"{language}/{number}.wav" for number in range(many)))
        put(tmp_path / language, "metadata.csv", "".join(f"{number}|{text}\n" for number, text in enumerate(texts)))
    corpus = read_corpus(tmp_path)
    assert {(clip.path.split("/")[0], clip.language) for clip in corpus.clips} == {("de", "de"), ("hi", "hi")}


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        (
            "tr",
            (
                "Kız kardeşim üç dil konuşuyor.",
                "Lütfen kapıyı kapatın, dışarısı soğuk.",
                "Yağmur yüzünden tren geç kaldı.",
                "İstanbul'da hava bugün çok güzel.",
                "Iğdır'dan İzmir'e trenle gittik.",
                "Çocuklar bahçede top oynuyor.",
            ),
        ),
        ("ky", ("Бүгүн аба ырайы абдан жакшы.", "Мен жаңы тил үйрөнгүм келет.", "Поезд жамгырдан улам кечикти.")),
    ],
)
def test_a_few_texts_that_are_surely_not_english_are_taken_for_the_likeliest(
    tmp_path: Path, language: str, texts: tuple[str, ...]
) -> None:
    corpus = read_corpus(written(tmp_path, *texts))
    assert {clip.language for clip in corpus.clips} == {language}
    assert corpus.decided[0].startswith(f"language {language}")


def test_names_and_numbers_are_assumed_to_be_english(tmp_path: Path) -> None:
    corpus = read_corpus(written(tmp_path, "Jakarta, Paris", "Alpha one two", "Boeing 747", "Next track"))
    assert {clip.language for clip in corpus.clips} == {"en-us"}
