"""Other voices: clips of one among another's, wrong names, and what is no other voice."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from ttsprep.checks.speaker import SCALES, SpeakerCheck
from ttsprep.checks.timbre import TIMBRE_COLUMNS
from ttsprep.core.types import Finding, Severity
from ttsprep.models.speaker import pack_embedding

SIZES = {"ge2e": 256, "campplus": 192}
CHANCE = {"ge2e": 0.7, "campplus": 1.0}
"""Squared tangent of the angle of a clip of one second, as measured on eight recorded voices."""


def voice(number: int, kind: str = "ge2e", *, like: float = 0.6) -> np.ndarray:
    """Return one of the voices that a model knows; two of them have a cosine of `like`."""
    common, own = np.random.default_rng((99, number)).standard_normal((2, SIZES[kind]))
    common = np.random.default_rng(98).standard_normal(SIZES[kind])
    own -= common * (own @ common) / (common @ common)
    return np.sqrt(like) * common / np.linalg.norm(common) + np.sqrt(1 - like) * own / np.linalg.norm(own)


def clips(
    number: int, count: int, name: str = "", *, kind: str = "ge2e", seconds: Sequence[float] = (), hz: float = 180.0
) -> pd.DataFrame:
    """Return the measures of clips of a voice: chance is added to it that averages out over the seconds."""
    random = np.random.default_rng((number, count, len(name)))
    spoken = np.asarray(seconds or random.uniform(1.5, 9.0, count))
    prints = []
    for length in spoken:
        chance = random.standard_normal(SIZES[kind])
        chance *= np.sqrt(CHANCE[kind] / min(length, 6.0)) / np.linalg.norm(chance)
        vector = voice(number, kind, like=0.6 if kind == "ge2e" else 0.15) + chance
        prints.append(pack_embedding(kind, vector / np.linalg.norm(vector)))
    table = pd.DataFrame({"speaker": name, "speech_s": spoken, "voice_print": prints, "level_range_db": 30.0})
    table["f0_median_hz"] = hz * 2 ** (random.standard_normal(count) / 12)
    for column in TIMBRE_COLUMNS:
        table[column] = random.standard_normal(count)
    return table


def judge(*parts: pd.DataFrame) -> list[Finding]:
    """Judge the clips of all parts together: they are c0, c1 ... in this order."""
    table = pd.concat(parts, ignore_index=True)
    table["id"] = [f"c{i}" for i in range(len(table))]
    return list(SpeakerCheck().judge(table))


@pytest.mark.parametrize("kind", SCALES)
def test_one_voice_has_no_outlier(kind: str) -> None:
    assert judge(clips(1, 300, kind=kind)) == []


@pytest.mark.parametrize("kind", SCALES)
def test_clips_of_other_voices_are_found(kind: str) -> None:
    seconds = [5.0, 5.0]
    found = judge(clips(1, 100, kind=kind), *(clips(n, 2, kind=kind, seconds=seconds) for n in range(2, 7)))
    assert {finding.clip for finding in found} == {f"c{i}" for i in range(100, 110)}
    for finding in found:
        assert finding.severity == Severity.WARNING
        assert finding.value < finding.limit <= SCALES[kind].alike
        assert "to the other clips of the corpus" in finding.message


def test_a_short_clip_is_given_more_room() -> None:
    many = clips(1, 100)
    odd = [clips(2, 1, seconds=[seconds]) for seconds in (6.0, 0.6, 0.3)]
    assert [finding.clip for finding in judge(many, *odd)] == ["c100"]


def test_a_clip_with_a_wrong_name_is_given_the_likelier() -> None:
    ann, bob, cat = (clips(n, 20, name) for n, name in ((1, "ann"), (2, "bob"), (3, "cat")))
    wrong = clips(2, 1, "ann", seconds=[3.0])
    (found,) = judge(ann, bob, cat, wrong)
    assert found.clip == "c60"
    assert "of speaker ann" in found.message
    assert "more like speaker bob" in found.message
    right = clips(2, 1, "bob", seconds=[3.0])
    assert judge(ann, bob, cat, right) == []


def test_a_livelier_reading_is_no_other_voice() -> None:
    many, lively = clips(1, 100), clips(1, 5, hz=290.0)
    assert judge(many, lively) == []


def test_f0_is_a_second_witness() -> None:
    # as far from the voice as its likeness alone does not decide
    def between(hz: float) -> pd.DataFrame:
        one = clips(1, 1, seconds=[2.0], hz=hz)
        other = voice(1) + 0.92 * voice(1)[::-1]
        one["voice_print"] = pack_embedding("ge2e", other / np.linalg.norm(other))
        one[list(TIMBRE_COLUMNS)] = 0.0
        return one

    many = clips(1, 200)
    found = {hz: judge(many, between(hz)) for hz in (180.0, 110.0, 300.0)}
    assert found[180.0] == []
    assert [finding.clip for finding in found[110.0]] == ["c200"]
    assert found[300.0] == []  # an excited reading is as far off


def test_a_raised_f0_does_not_hide_another_voice() -> None:
    found = judge(clips(1, 100), clips(2, 3, seconds=[5.0] * 3, hz=330.0))
    assert {finding.clip for finding in found} == {"c100", "c101", "c102"}
    assert all(finding.value < finding.limit for finding in found)


def test_several_voices_under_one_name_are_said_once() -> None:
    ann, mixed = clips(1, 30, "ann"), [clips(2, 30, "bob"), clips(3, 20, "bob")]
    (found,) = judge(ann, *mixed)
    assert found.clip == ""
    assert found.severity == Severity.WARNING
    assert "20 of the 50 clips of speaker bob" in found.message


@pytest.mark.parametrize("kind", SCALES)
def test_many_voices_without_names_are_no_outliers_of_each_other(kind: str) -> None:
    (found,) = judge(*(clips(n, 2, kind=kind, seconds=[4.0, 8.0]) for n in range(2, 60)))
    assert found.clip == ""
    assert found.severity == Severity.NOTE
    assert found.value < found.limit == SCALES[kind].alike
    assert "many voices" in found.message


def test_speakers_with_a_clip_each_are_not_judged() -> None:
    assert judge(*(clips(n, 1, f"speaker {n}", seconds=[5.0]) for n in range(20))) == []


def test_what_nobody_listened_to_and_what_holds_no_speech_is_not_judged() -> None:
    many = clips(1, 30)
    unheard = clips(2, 3, seconds=[5.0] * 3).assign(voice_print="")
    tone = clips(2, 1, seconds=[5.0]).assign(level_range_db=2.0)
    assert judge(many, unheard, tone) == []
    assert judge(many.assign(voice_print="")) == []
    assert judge(clips(1, 4), clips(2, 1, seconds=[5.0])) == []  # too few to say
    assert judge(clips(1, 40).assign(voice_print="unknown:AAAA")) == []
