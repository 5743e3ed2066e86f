"""Nothing of the held-out parts is heard in training, and no clip wanders when a corpus grows."""

import random
import unicodedata
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttsprep.build.config import Split
from ttsprep.build.split import FEWEST_TO_SPLIT, NONE, split

PARTS = {"train", "valid", "test"}
MANY = 4_000


def names(count: int) -> list[str]:
    return [f"clip-{i:05d}" for i in range(count)]


def texts(count: int) -> list[str]:
    return [f"Sentence number {i}, which nobody else says." for i in range(count)]


def by_text(said: list[str], **rules: object) -> list[str]:
    return split(names(len(said)), [""] * len(said), said, Split(**rules))


def shares(parts: list[str]) -> dict[str, float]:
    return {name: parts.count(name) / len(parts) for name in ("valid", "test")}


ROWS = st.lists(
    st.tuples(st.sampled_from("abcdefghijkl"), st.sampled_from(["", "...", "One.", "one", "Two!", "three", "Four"])),
    min_size=1, max_size=80,
)  # fmt: skip


@settings(max_examples=200)
@given(ROWS, st.sampled_from(["text", "speaker"]), st.integers(0, 50), st.sampled_from([0.0, 0.05, 0.3]))
def test_no_text_and_no_held_out_speaker_is_in_two_parts(
    rows: list[tuple[str, str]], by: str, seed: int, share: float
) -> None:
    speakers, said = [speaker for speaker, _ in rows], [text for _, text in rows]
    parts = split(names(len(rows)), speakers, said, Split(by=by, seed=seed, valid=share, test=share))
    assert set(parts) <= PARTS | {NONE}
    assert "train" in parts, "there must be something to train on"
    places = defaultdict(set)
    for text, part in zip(said, parts, strict=True):
        letters = "".join(filter(str.isalnum, text.casefold()))
        if letters and part != NONE:
            places[letters].add(part)
    assert all(len(found) == 1 for found in places.values()), places
    if by == "speaker" and len(set(speakers)) > 1:
        homes = defaultdict(set)
        for speaker, part in zip(speakers, parts, strict=True):
            homes[speaker].add(part)
        assert all(len(found - {NONE}) <= 1 for found in homes.values()), homes
        assert all("train" not in found for found in homes.values() if NONE in found), "only held-out clips are unused"
    else:
        assert NONE not in parts


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Wait, what?", "wait what"),
        ("STRASSE", "straße"),
        (unicodedata.normalize("NFC", "Où est l'été ?"), unicodedata.normalize("NFD", "Où est l'été ?")),
        ("of\ufb01ce", "office"),
        ("zero\u200bwidth", "zerowidth"),
    ],
)
def test_a_text_that_only_looks_otherwise_is_the_same_text(one: str, other: str) -> None:
    others = texts(60)
    for seed in range(40):
        *_, first, second = by_text([*others, one, other], seed=seed, valid=0.3, test=0.3)
        assert first == second


@pytest.mark.parametrize(("one", "other"), [("कि", "का"), ("ગુજરાતી", "ગુજરતી"), ("resume", "résumé"), ("1", "2")])
def test_texts_that_differ_by_a_vowel_sign_are_two_texts(one: str, other: str) -> None:
    divided = {tuple(by_text([*texts(60), one, other], seed=seed, valid=0.3, test=0.3)[-2:]) for seed in range(40)}
    assert any(first != second for first, second in divided)


@pytest.mark.parametrize("count", [10, 37, 99, 150, 1_374, MANY])
def test_the_shares_are_what_was_asked_for_within_one_clip(count: int) -> None:
    for seed in range(6):
        parts = by_text(texts(count), seed=seed, valid=0.05, test=0.1)
        assert abs(parts.count("valid") - 0.05 * count) <= 1
        assert abs(parts.count("test") - 0.1 * count) <= 1


def test_a_repeated_text_does_not_move_the_shares() -> None:
    said = [text for text in texts(400) for _ in range(3)]
    for seed in range(6):
        parts = by_text(said, seed=seed, valid=0.05, test=0.05)
        assert all(abs(parts.count(name) - 60) <= 3 for name in ("valid", "test"))


def test_another_seed_is_another_division() -> None:
    assert by_text(texts(500), seed=1) != by_text(texts(500), seed=2)
    assert by_text(texts(500), seed=1) == by_text(texts(500), seed=1)


@pytest.mark.parametrize("by", ["text", "speaker"])
def test_no_clip_wanders_when_clips_are_reordered_and_few_do_when_clips_are_removed(by: str) -> None:
    ids, said = names(MANY), texts(MANY)
    speakers = [f"speaker {i % 300}" for i in range(MANY)]
    rules = Split(by=by, valid=0.05, test=0.05)
    whole = dict(zip(ids, split(ids, speakers, said, rules), strict=True))
    assert set(whole.values()) == PARTS
    order = random.Random(3).sample(range(MANY), MANY)
    for chosen in (order, order[: MANY // 2]):
        some = [ids[i] for i in chosen]
        parts = split(some, [speakers[i] for i in chosen], [said[i] for i in chosen], rules)
        moved = [(whole[name], part) for name, part in zip(some, parts, strict=True) if whole[name] != part]
        assert len(moved) <= (0.02 * len(some) if len(some) < MANY else 0)
        assert all("train" in pair for pair in moved), "nothing goes from test to valid"


def test_from_ten_clips_on_every_part_has_one_and_a_tiny_corpus_is_trained_on_whole() -> None:
    for count in (1, 2, 3, 5, FEWEST_TO_SPLIT - 1):
        for seed in range(50):
            parts = by_text(texts(count), seed=seed, valid=0.2, test=0.2)
            assert "train" in parts, (count, seed)
    for count in (FEWEST_TO_SPLIT, 11, 20, 49):
        parts = [by_text(texts(count), seed=seed, valid=0.001, test=0.001) for seed in range(20)]
        assert all((one.count("valid"), one.count("test")) == (1, 1) for one in parts)
    assert set(by_text(texts(FEWEST_TO_SPLIT - 1), valid=0.01, test=0.01)) == {"train"}


def test_what_is_not_asked_for_is_not_held_out() -> None:
    assert set(by_text(texts(200), valid=0.0, test=0.0)) == {"train"}
    assert set(by_text(texts(200), valid=0.2, test=0.0)) == {"train", "valid"}
    assert set(by_text(texts(200), valid=0.0, test=0.2)) == {"train", "test"}


def test_clips_without_text_are_groups_of_their_own() -> None:
    parts = by_text(["", "...", " "] * 400, valid=0.2, test=0.2)
    assert set(parts) == PARTS
    assert shares(parts)["test"] == pytest.approx(0.2, abs=0.001)


def test_one_speaker_is_divided_by_text_whatever_was_asked_for() -> None:
    ids, said = names(400), texts(400)
    rules = {"valid": 0.1, "test": 0.1}
    assert split(ids, ["only"] * 400, said, Split(by="speaker", **rules)) == by_text(said, **rules)


def test_a_held_out_speaker_does_not_read_what_was_trained_on() -> None:
    speakers = [f"s{i % 40}" for i in range(400)]
    said = ["Everyone reads this."] * 40 + texts(360)
    parts = split(names(400), speakers, said, Split(by="speaker", valid=0.1, test=0.1))
    assert NONE in parts[:40]
    assert NONE not in parts[40:]
    assert {part for part in parts[:40] if part != NONE} == {"train"}


def test_speakers_and_texts_of_any_characters() -> None:
    odd = ["\udcff", "\ud800", "é", "e\u0301", "\0", "", " "] * 6
    parts = split(names(42), odd, odd, Split(by="speaker", valid=0.3, test=0.3))
    assert len(parts) == 42
