"""Another voice: named alone and in groups; another day, a softer clip and a short one are not."""

import base64

import numpy as np
import pandas as pd
import pytest
import soundfile as sf

from checks.speech import RECORDED, clean, filtered, judge, measure, severe, takes, values
from ttsprep.audit.defects.inject import Take, rms
from ttsprep.checks.other_voice import CEPSTRA, OtherVoice, _spreads
from ttsprep.core.types import Severity

BETWEEN, WITHIN = _spreads()
FAR = np.linalg.cholesky(BETWEEN) @ np.full(CEPSTRA + 1, np.sqrt(40 / (CEPSTRA + 1)))
"""How far two people are from each other, of whom one is the mean of all: 40 squared spreads."""


def table(*voices: tuple[int, float], seed: int = 0, speaker: str = "") -> pd.DataFrame:
    """Return clips of several voices: how many, and how far from the first, in parts of `FAR`."""
    random = np.random.default_rng(seed)
    points = np.concatenate([far * FAR + random.multivariate_normal(0 * FAR, WITHIN, count) for count, far in voices])
    packed = [base64.b64encode(row[:-1].astype(np.float16).tobytes()).decode() for row in points]
    return pd.DataFrame({
        "id": [f"{speaker}{i}" for i in range(len(points))],
        "speaker": speaker,
        "voiced_cepstrum": packed,
        "f0_median_hz": 200 * 2 ** (points[:, -1] / 12),
        "voiced_ratio": 0.6,
        "speech_s": 200.0,  # so long that no clip differs by its phones
        "level_range_db": 50.0,
    })


def named(clips: pd.DataFrame) -> set[str]:
    return {finding.clip for finding in OtherVoice().judge(clips)}


def ids(*numbers: int) -> set[str]:
    return {str(number) for number in numbers}


@pytest.mark.parametrize("others", [1, 2, 3, 10, 25])
def test_another_voice_is_named(others: int) -> None:
    clips = table((100, 0.0), (others, 1.0))
    found = list(OtherVoice().judge(clips))
    assert {finding.clip for finding in found} == ids(*range(100, 100 + others))
    assert {finding.severity for finding in found} == {Severity.WARNING}
    assert all(finding.value > finding.limit for finding in found)
    assert all(("alike" in finding.message or "like it" in finding.message) == (others > 1) for finding in found)


def test_a_voice_as_near_as_another_day_is_a_note() -> None:
    findings = list(OtherVoice().judge(table((300, 0.0), (60, 0.655))))
    assert {finding.clip for finding in findings} == ids(*range(300, 360))
    assert {finding.severity for finding in findings} == {Severity.NOTE}
    assert all("may be another day" in finding.message for finding in findings)


def test_another_day_is_not() -> None:
    assert not named(table((100, 0.0), (20, 0.4)))
    assert not named(table((100, 0.0), (2, 0.5)))
    assert not named(table((150, 0.0)))


@pytest.mark.parametrize("different", [1, 3])
def test_copies_of_few_clips_are_of_one_voice(different: int) -> None:
    clips = table((different, 0.0))
    assert not named(pd.concat([clips] * (120 // different)).assign(id=[str(i) for i in range(120)]))


def test_copies_of_a_clip_make_no_group() -> None:
    clips = pd.concat([table((60, 0.0)), *([table((1, 0.75), seed=1)] * 8)]).assign(speech_s=2.0)
    assert not named(clips.assign(id=[str(i) for i in range(68)]))


def test_two_other_voices_are_both_named() -> None:
    assert named(table((100, 0.0), (8, 1.0), (8, -1.0))) == ids(*range(100, 116))


def test_a_short_clip_is_named_only_with_a_group() -> None:
    clips = table((100, 0.0), (6, 1.0))
    clips.loc[[104, 105], "speech_s"] = 1.0
    assert named(clips) == ids(*range(100, 106))
    alone = table((100, 0.0), (1, 1.0))
    alone.loc[100, "speech_s"] = 1.0
    assert not named(alone)


def test_several_voices_without_names_are_one_finding() -> None:
    for speaker, severity in (("", Severity.NOTE), ("A", Severity.WARNING)):
        (finding,) = OtherVoice().judge(table((72, 0.0), (28, 1.0), speaker=speaker))
        assert (finding.clip, finding.severity) == ("", severity)
        assert "several voices" in finding.message


def test_speakers_are_held_against_themselves() -> None:
    both = pd.concat([table((60, 0.0), speaker="a"), table((60, 1.0), speaker="b", seed=1)], ignore_index=True)
    assert not named(both)
    both.loc[3, ["voiced_cepstrum", "f0_median_hz"]] = both.loc[80, ["voiced_cepstrum", "f0_median_hz"]]
    assert named(both) == {"a3"}


def test_a_few_clips_are_not_judged() -> None:
    assert not named(table((20, 0.0), (3, 1.0)))
    assert not named(table((40, 0.0)).iloc[:0])


def test_what_is_measured_depends_on_neither_gain_nor_rate() -> None:
    def cepstrum(take: Take) -> np.ndarray:
        return np.frombuffer(base64.b64decode(values("other_voice", take)["voiced_cepstrum"]), np.float16)

    take = takes("espeak")[6]
    np.testing.assert_allclose(cepstrum(filtered(take, lambda x: x * 0.2)), cepstrum(take), atol=0.1)
    half = Take(take.samples.repeat(2), take.rate * 2, take.text)  # images lie above the bands
    np.testing.assert_allclose(cepstrum(half)[:6], cepstrum(take)[:6], atol=1.5)


@pytest.mark.parametrize("change", [lambda x: x * 0, lambda x: x[:2000]])
def test_without_a_voice_nothing_is_measured(change) -> None:
    take = takes("espeak")[0]
    assert values("other_voice", filtered(take, change)) == {"voiced_cepstrum": ""}
    telephone = Take(take.samples[::3], take.rate // 3, take.text)
    assert values("other_voice", telephone) == {"voiced_cepstrum": ""}


def test_clean_clips_of_one_voice_are_of_one_voice() -> None:
    assert not severe(judge(clean("espeak"), "other_voice"))


@pytest.mark.skipif(not RECORDED["librispeech"].is_dir(), reason="no recorded speech is at hand")
def test_a_foreign_reader_is_named() -> None:
    own = list(takes("ljspeech", 100))
    level = np.median([rms(take.samples) for take in own])
    longest = sorted((RECORDED["librispeech"] / "wavs").glob("*.flac"), key=lambda file: -file.stat().st_size)
    samples, rate = sf.read(longest[8], dtype="float32")
    pieces = [samples[i * 30_000 : i * 30_000 + 40_000] for i in range(4)]
    others = [Take(piece * (level / rms(piece)), rate, "") for piece in pieces]
    rows = [*clean("ljspeech", 100), *measure(others)]
    assert not severe(judge(rows[:100], "other_voice"))
    assert {finding.clip for finding in judge(rows, "other_voice")} == {"c100", "c101", "c102", "c103"}
