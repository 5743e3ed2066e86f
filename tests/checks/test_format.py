"""Format: files that differ from most."""

import pandas as pd
import pytest

from checks.speech import ONE_VOICE, among, clean, defect, judge, planted, takes
from ttsprep.checks.format import FormatCheck
from ttsprep.core.types import Finding, Severity


def judged(**columns) -> list[Finding]:
    usual = {"sample_rate": 22_050.0, "channels": 1.0, "subtype": "PCM_16", "status": "ok", "frames_missing": 0.0}
    table = pd.DataFrame(usual | columns)
    table.insert(0, "id", [f"c{i}" for i in range(len(table))])
    return list(FormatCheck().judge(table))


@pytest.mark.parametrize("source", ONE_VOICE)
def test_nothing_is_wrong_with_clean_clips(source: str) -> None:
    assert not judge(clean(source), "format")


@pytest.mark.parametrize(
    ("code", "name", "severity", "seen"),
    [
        ("sample-rate-mixed", "another sample rate", Severity.WARNING, "24000 Hz"),
        ("channels-mixed", "stereo", Severity.WARNING, "2 channels"),
        ("subtype-mixed", "24 bits", Severity.NOTE, "PCM_24"),
    ],
)
def test_each_defect_is_found(code: str, name: str, severity: Severity, seen: str) -> None:
    clips = planted(defect(code, name), takes("espeak")[:3])
    found = judge(among("espeak", {10: clips[0], 30: clips[2]}), "format")
    assert [(f.clip, f.code, f.severity) for f in found] == [("c10", code, severity), ("c30", code, severity)]
    assert all(seen in finding.message.replace(".0", "") for finding in found)


def test_the_most_frequent_is_usual_wherever_it_stands() -> None:
    found = judged(sample_rate=[16_000, 22_050, 22_050, 16_000, 22_050])
    assert [finding.clip for finding in found] == ["c0", "c3"]
    assert all((finding.value, finding.limit) == (16_000, 22_050) for finding in found)


def test_a_tie_is_broken_the_same_way_in_any_order() -> None:
    one = {finding.value for finding in judged(sample_rate=[16_000, 22_050])}
    assert one == {finding.value for finding in judged(sample_rate=[22_050, 16_000])}


@pytest.mark.parametrize(
    ("subtypes", "severities"),
    [
        (["PCM_16", "PCM_16", "VORBIS"], [Severity.WARNING]),
        (["PCM_16", "PCM_16", "MPEG_LAYER_III"], [Severity.WARNING]),
        (["PCM_16", "PCM_16", "FLOAT"], [Severity.NOTE]),
        (["VORBIS", "VORBIS", "PCM_16"], [Severity.NOTE]),
        (["VORBIS", "VORBIS", "MPEG_LAYER_III"], [Severity.NOTE]),
        (["VORBIS", "VORBIS", "VORBIS"], []),
    ],
)
def test_a_lossy_one_among_lossless_ones_is_worse(subtypes: list[str], severities: list[Severity]) -> None:
    assert [finding.severity for finding in judged(subtype=subtypes)] == severities


def test_what_was_not_decoded_has_no_format() -> None:
    assert judged(sample_rate=[22_050.0, 22_050.0, float("nan")], status=["ok", "ok", "audio-missing"]) == []
    assert judged(status=["audio-missing", "audio-unreadable"]) == []
