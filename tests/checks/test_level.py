"""Level: loudness against pyloudnorm, clipping at any gain, offsets, and clips unlike the others."""

import numpy as np
import pyloudnorm
import pytest
import soxr

from checks.speech import (
    ONE_VOICE,
    SOURCES,
    altered,
    among,
    clean,
    filtered,
    judge,
    of,
    severe,
    signal,
    spoilt,
    takes,
    values,
)
from ttsprep.audit.defects.inject import Take
from ttsprep.checks.level import Level, loudness
from ttsprep.core.types import Severity


def clipped(take: Take, share: float, gain_db: float = 0.0) -> Take:
    limit = np.quantile(np.abs(take.samples), 1 - share)
    return filtered(take, lambda x: np.clip(x, -limit, limit) / limit * 10 ** (gain_db / 20))


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("rate", [0, 16_000, 44_100, 48_000])
def test_loudness_is_that_of_pyloudnorm(source: str, rate: int) -> None:
    for take in [take for take in takes(source) if len(take.samples) > 2.5 * take.rate][:5]:
        clip = Take(soxr.resample(take.samples, take.rate, rate), rate, "") if rate else take
        reference = pyloudnorm.Meter(clip.rate).integrated_loudness(clip.samples.astype(np.float64))
        assert loudness(signal(clip)) == pytest.approx(reference, abs=0.25)


def test_loudness_moves_with_the_gain_and_is_missing_in_silence() -> None:
    take = takes("espeak")[0]
    usual = loudness(signal(take))
    assert loudness(signal(filtered(take, lambda x: x * 0.1))) == pytest.approx(usual - 20, abs=0.05)
    assert np.isnan(loudness(signal(Take(np.zeros(16_000, np.float32), 16_000, ""))))
    assert np.isfinite(loudness(signal(Take(take.samples[8_000:10_000], take.rate, ""))))


@pytest.mark.parametrize("source", ONE_VOICE)
def test_nothing_is_wrong_with_clean_clips(source: str) -> None:
    assert not severe(judge(clean(source), "level"))


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("gain_db", [0.0, -3.0, -12.0, -20.0])
def test_clipping_is_found_at_any_gain(source: str, gain_db: float) -> None:
    numbers = (2, 9, 25)
    changed = {i: clipped(takes(source)[i], 0.02, gain_db) for i in numbers}
    found = of(judge(among(source, changed), "level"), "clipping")
    assert [f.clip for f in found if f.severity == Severity.ERROR] == [f"c{i}" for i in numbers]


@pytest.mark.parametrize("source", SOURCES)
def test_more_clipping_reads_more(source: str) -> None:
    for take in takes(source)[:3]:
        ratios = [values("level", clipped(take, share))["clipped_ratio"] for share in (0.001, 0.005, 0.02, 0.08)]
        assert all(np.diff([values("level", take)["clipped_ratio"], *ratios]) > 0)
        assert ratios[2] == pytest.approx(0.02, rel=0.3)


def test_clipping_is_found_where_it_is() -> None:
    take = takes("espeak")[3]
    first, last = int(1.0 * take.rate), int(2.0 * take.rate)

    def change(x):
        y = x.copy()
        limit = np.quantile(np.abs(x[first:last]), 0.95)
        y[first:last] = np.clip(x[first:last], -limit, limit) * np.abs(x).max() / limit * 1.1
        return y

    (found,) = of(judge(among("espeak", {3: filtered(take, change)}), "level"), "clipping")
    assert found.clip == "c3"
    assert 0.95 < found.start < found.end < 2.05


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("hertz", [50.0, 101.3, 997.0])
def test_a_pure_tone_is_not_clipped(rate: int, hertz: float) -> None:
    tone = 0.5 * np.sin(2 * np.pi * hertz * np.arange(2 * rate) / rate)
    tone = np.round(tone * 32767) / 32768
    assert values("level", Take(tone.astype(np.float32), rate, ""))["clipped_ratio"] < 3e-4 or hertz < 200
    loud = np.clip(1.5 * tone, -0.5, 0.5)
    assert values("level", Take(loud.astype(np.float32), rate, ""))["clipped_ratio"] > 0.1


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("scale", [0.01, 0.004])
def test_the_steps_of_quiet_clips_are_no_clipping(source: str, scale: float) -> None:
    """Quiet clips use a few of the 16-bit steps, or of 8-bit ones, and stay on each for a while."""
    for take in takes(source)[:6]:
        quiet = filtered(take, lambda x: np.round(x / np.abs(x).max() * scale * 32768) / 32768)
        assert values("level", quiet)["clipped_ratio"] == 0
        eight_bit = filtered(take, lambda x: np.round(x / np.abs(x).max() * scale * 128) / 128)
        assert values("level", eight_bit)["clipped_ratio"] == 0


def test_each_channel_is_looked_at() -> None:
    take = takes("espeak")[4]
    both = np.column_stack((take.samples, clipped(take, 0.02, -3).samples + 0.01))
    seen = values("level", Take(both, take.rate, ""))
    assert seen["clipped_ratio"] > 0.01
    assert seen["dc_offset"] == pytest.approx(0.01, abs=0.002)
    assert seen["peak_dbfs"] == pytest.approx(20 * np.log10(np.abs(both).max()), abs=0.01)


@pytest.mark.parametrize("source", ONE_VOICE)
@pytest.mark.parametrize(
    ("code", "name", "severity"),
    [
        ("clipping", "2 % of samples clipped at full scale", Severity.ERROR),
        ("dc-offset", "offset of 0.05", Severity.WARNING),
        ("dc-offset", "offset of 0.015", Severity.NOTE),
        ("too-quiet", "-35 dB", Severity.WARNING),
        ("too-loud", "overdriven", Severity.WARNING),
        ("loudness-outlier", "-18 dB", Severity.WARNING),
    ],
)
def test_each_defect_is_found(source: str, code: str, name: str, severity: Severity) -> None:
    for finding in spoilt(source, code, name):
        assert finding.severity == severity
        assert finding.value is not None
        assert finding.limit is not None


def test_offsets_of_either_sign_read_their_size() -> None:
    take = takes("espeak")[5]
    for offset in (0.002, -0.03, 0.2):
        seen = values("level", filtered(take, lambda x, offset=offset: x - x.mean() + offset))
        assert seen["dc_offset"] == pytest.approx(abs(offset), rel=0.01)


def test_speakers_are_held_against_themselves() -> None:
    rows = clean("espeak")
    quiet = [altered(row, "B", loudness_lufs=row.measures["loudness_lufs"] - 12) for row in rows]
    loud = [altered(row, "A") for row in rows]
    assert not of(judge([*loud, *quiet], "level"), "loudness-outlier")
    # as loud as everyone but quieter than its own speaker
    odd = altered(rows[0], "A", loudness_lufs=quiet[0].measures["loudness_lufs"])
    found = of(judge([odd, *loud[1:], *quiet], "level"), "loudness-outlier")
    assert [finding.clip for finding in found] == ["c0"]


def test_a_few_clips_are_not_compared() -> None:
    rows = list(clean("espeak")[:6])
    rows[2] = altered(rows[2], loudness_lufs=-44.0)
    found = judge(rows, "level")
    assert [(f.clip, f.code) for f in found] == [("c2", "too-quiet")]


def test_thresholds_decide() -> None:
    rows = clean("espeak")
    assert len(of(judge(rows, Level(quiet_lufs=0.0)), "too-quiet")) == len(rows)
    assert len(of(judge(rows, Level(loud_lufs=-70.0)), "too-loud")) == len(rows)
