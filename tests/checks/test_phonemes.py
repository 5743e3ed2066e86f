"""Coverage of phones and diphones."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from checks.texts import judged, measured, texts
from ttsprep.checks.phonemes import Phonemes, coverage
from ttsprep.core.types import Severity
from ttsprep.text import phonemes as text
from ttsprep.text.inventory import inventory, norms
from ttsprep.text.phonemes import phonemize, phones

LJSPEECH = Path(__file__).parents[3] / "shared" / "data" / "ljspeech" / "metadata.csv"


def table(lines: list[str], language: str) -> pd.DataFrame:
    found = phonemize(lines, language)
    return pd.DataFrame({
        "id": [f"c{at}" for at in range(len(lines))],
        "language": language,
        "phonemes": found,
        "phones": [float(len(phones(line))) for line in found],
    })


def test_a_clip_is_measured_from_the_memo(monkeypatch: pytest.MonkeyPatch) -> None:
    phonemize(["Call me Ishmael."], "en-us")
    monkeypatch.setattr(text, "_espeak", lambda _code: pytest.fail("the memo was not asked"))
    found = measured(["Call me Ishmael."], Phonemes, "en-us")
    assert found.loc[0, "phonemes"].startswith("k ɔː l | m iː")
    assert found.loc[0, "phones"] == len(phones(found.loc[0, "phonemes"]))


@pytest.mark.parametrize("language", ["", "xx"])
def test_without_a_language_nothing_is_measured(language: str) -> None:
    found = measured(["Call me Ishmael."], Phonemes, language)
    assert found["phones"].isna().all()
    assert list(found["phonemes"]) == [""]
    notes = judged(["Call me Ishmael."], Phonemes(), language)
    assert [f.severity for f in notes] == ([Severity.NOTE] if language else [])


@pytest.mark.parametrize("language", ["en-us", "ru", "es", "pt-br", "gu", "ja"])
def test_counts_are_those_of_the_phonemes(language: str) -> None:
    clips = table(texts(language), language)
    lines = [phones(line) for line in clips["phonemes"]]
    found = coverage(clips, language)
    assert found.phones == Counter(phone for line in lines for phone in line)
    assert found.total == sum(map(len, lines))
    pairs = Counter(pair for line in lines for pair in pairwise(line) if set(pair) <= inventory(language))
    assert found.diphones.sum() == pairs.total()
    for (first, second), count in pairs.items():
        assert found.diphones[found.inventory.index(first), found.inventory.index(second)] == count


def test_rare_phones_name_the_clips_that_carry_them() -> None:
    clips = table(texts("en-us"), "en-us")
    found = coverage(clips, "en-us")
    assert found.rare
    for phone, carriers in found.rare.items():
        assert found.phones[phone] < 10
        assert carriers == tuple(clips.loc[[phone in phones(line) for line in clips["phonemes"]], "id"])


def test_nothing_is_missed_in_a_corpus_of_ten_sentences() -> None:
    assert coverage(table(texts("ru"), "ru"), "ru").missing == ()
    assert judged(texts("ru"), Phonemes(), "ru") == []


@pytest.mark.parametrize(
    ("language", "phone"),
    [("en-us", "ʃ"), ("en-us", "θ"), ("ru", "ʃ"), ("ru", "x"), ("es", "r"), ("es", "ð")],
)
def test_a_phone_that_is_taken_out_is_missed_and_no_other(language: str, phone: str) -> None:
    clips = table(texts(language) * 60, language)
    present = {p for line in clips["phonemes"] for p in phones(line)}
    before = coverage(clips, language)
    assert phone in present
    assert phone not in before.missing
    clips["phonemes"] = [" ".join(p for p in line.split() if p != phone) for line in clips["phonemes"]]
    assert set(coverage(clips, language).missing) == {*before.missing, phone}
    findings = [f for f in Phonemes().judge(clips) if f.code == "phoneme-missing" and f"[{phone}]" in f.message]
    assert [(f.clip, f.severity) for f in findings] == [("", Severity.WARNING)]


def test_few_texts_read_many_times_lack_diphones() -> None:
    clips = table(texts("en-us") * 40, "en-us")
    (found,) = [f for f in Phonemes().judge(clips) if f.code == "diphone-coverage"]
    assert (found.clip, found.severity) == ("", Severity.WARNING)
    assert found.value is not None
    assert found.value > 0.2


def test_each_language_of_a_corpus_is_judged_alone() -> None:
    both = pd.concat([table(texts("en-us") * 60, "en-us"), table(texts("es") * 60, "es")], ignore_index=True)
    languages = {f.message.split(" has ")[0] for f in Phonemes().judge(both) if f.code == "phoneme-missing"}
    assert languages <= {"en-us", "es"}
    alone = [f.message for f in Phonemes().judge(both[both["language"] == "es"])]
    assert set(alone) <= {f.message for f in Phonemes().judge(both)}


def test_an_empty_corpus_has_no_finding() -> None:
    assert list(Phonemes().judge(table(texts("en-us"), "en-us").iloc[:0])) == []


@pytest.mark.skipif(not LJSPEECH.exists(), reason="LJSpeech is not beside the repository")
def test_ljspeech_lacks_no_phone_of_english() -> None:
    lines = [line.split("|")[2] for line in LJSPEECH.read_text(encoding="utf-8").splitlines()]
    found = coverage(table(lines, "en-us"), "en-us")
    assert found.missing == ()
    assert sum(found.phones.get(phone, 0) for phone in found.inventory) > 0.999 * found.total
    assert len(found.diphones_missing) < 0.1 * found.diphones_expected


def test_a_text_that_cannot_be_read_has_no_phones() -> None:
    table = measured(["電車が遅れた", "えきはどこですか"], Phonemes, "ja")
    assert table["phones"].isna().tolist() == [True, False]
    (finding,) = judged(["電車が遅れた", "国際連合"], Phonemes(), "ja")
    assert (finding.severity, finding.message) == (
        Severity.NOTE,
        "not measured: eSpeak NG cannot read the letters in 'ja'",
    )


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("uk", "Я не знаю, що він сказав, але вони прийшли до нас, коли вже було пізно."),
        ("nb", "Jeg vet ikke hva han sa til henne i går, men vi gikk en tur etter frokost."),
        ("kk", "Мен оның не айтқанын білмеймін, бірақ олар кеше үйге келді."),
        ("he", "אני לא יודע מה הוא אמר לה אתמול."),
    ],
)
def test_no_phone_is_missed_where_no_words_of_the_language_are_at_hand(language: str, line: str) -> None:
    assert [finding for finding in judged([line] * 50, Phonemes(), language) if finding.code == "phoneme-missing"] == []


@pytest.mark.parametrize(("language", "phone"), [("ko", "ɐj"), ("ru", "ɪ^"), ("cmn", "yi"), ("af", "ʊɪ")])
def test_a_phone_of_few_words_is_neither_missed_nor_rare(language: str, phone: str) -> None:
    usual = norms(language)
    assert usual.phones[phone] > 0
    others = [other for other in usual.phones if other != phone]
    lines = [" ".join(others * 200), phone]
    clips = pd.DataFrame({"id": ["most", "one"], "phonemes": lines})
    assert phone not in coverage(clips, language).rare
    assert coverage(clips[:1], language).missing == ()
    assert set(coverage(clips[1:], language, expected=0).missing) == {
        other for other in inventory(language) - {phone} if usual.words[other] >= 20
    }
