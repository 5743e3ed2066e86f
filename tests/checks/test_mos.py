"""Ratings: low against the speaker's others, low in any corpus, and short clips."""

import numpy as np
import pandas as pd

from ttsprep.checks.mos import MosCheck
from ttsprep.core.types import Finding, Severity


def clips(overall: float, count: int, *, seconds: float = 6.0, speaker: str = "") -> pd.DataFrame:
    random = np.random.default_rng(count)
    table = pd.DataFrame({"mos_ovrl": overall + 0.15 * random.standard_normal(count)})
    table["mos_sig"], table["mos_bak"] = table.mos_ovrl + 0.3, table.mos_ovrl + 0.6
    return table.assign(duration_s=seconds, speaker=speaker, level_range_db=30.0)


def judge(*parts: pd.DataFrame) -> list[Finding]:
    table = pd.concat(parts, ignore_index=True)
    table["id"] = [f"c{i}" for i in range(len(table))]
    return list(MosCheck().judge(table))


def test_even_clips_are_not_low() -> None:
    assert judge(clips(3.2, 300)) == []
    assert judge(clips(2.9, 50, seconds=1.2)) == []


def test_a_clip_below_the_others_is_low() -> None:
    (found,) = judge(clips(3.2, 100), clips(2.2, 1))
    assert found.clip == "c100"
    assert found.severity == Severity.WARNING
    assert found.value < found.limit < 2.5
    assert "mostly for its speech" in found.message
    (found,) = judge(clips(3.2, 100), clips(2.2, 1).assign(mos_bak=1.5))
    assert "mostly for its background" in found.message


def test_a_clip_below_what_is_bad_anywhere_is_low() -> None:
    uneven = clips(2.9, 100).assign(mos_ovrl=np.linspace(2.25, 3.5, 100))
    assert judge(uneven) == []
    assert [f.clip for f in judge(uneven, clips(1.7, 1))] == ["c100"]
    assert [f.clip for f in judge(clips(1.5, 1))] == ["c0"]  # alone, too


def test_speakers_are_held_against_themselves() -> None:
    assert judge(clips(3.4, 40, speaker="A"), clips(2.5, 41, speaker="B")) == []


def test_short_clips_read_low() -> None:
    assert judge(clips(3.2, 100), clips(2.0, 1, seconds=1.0)) == []
    assert [f.clip for f in judge(clips(3.2, 100), clips(1.0, 1, seconds=1.0))] == ["c100"]
    assert [f.clip for f in judge(clips(3.2, 100), clips(2.0, 1, seconds=5.0))] == ["c100"]


def test_a_bad_corpus_is_said_once() -> None:
    (found,) = judge(clips(2.5, 100).assign(mos_ovrl=2.5))
    assert found.clip == ""
    assert found.value == 2.5
    assert judge(clips(2.5, 100, seconds=2.0).assign(mos_ovrl=2.2)) == []


def test_what_nobody_listened_to_and_what_holds_no_speech_is_not_judged() -> None:
    assert judge(clips(1.5, 10).assign(mos_ovrl=np.nan)) == []
    assert judge(clips(3.2, 20), clips(1.5, 1).assign(level_range_db=3.0)) == []
    assert judge(clips(3.2, 20), clips(1.1, 1, seconds=0.4)) == []
