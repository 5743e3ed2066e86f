"""Lossy coding: real MP3s at several rates, decoded and written as WAV."""

import io

import numpy as np
import pytest
import soundfile as sf
import soxr

from checks.speech import (
    ONE_VOICE,
    SOURCES,
    among,
    clean,
    defect,
    filtered,
    judge,
    planted,
    severe,
    spoilt,
    takes,
    values,
)
from ttsprep.audit.defects.inject import Take
from ttsprep.core.types import Severity


def coded(take: Take, kbps: int) -> Take:
    (done,) = planted(defect("lossy-source", f"MP3 at {kbps} kbit/s"), [take])
    return done


def well_coded(take: Take, container: str, subtype: str) -> Take:
    file = io.BytesIO()
    sf.write(file, take.samples, take.rate, format=container, subtype=subtype, compression_level=0.0)
    file.seek(0)
    return Take(sf.read(file, dtype="float32")[0], take.rate, take.text)


@pytest.mark.parametrize("source", ONE_VOICE)
def test_clean_clips_have_notes_at_most(source: str) -> None:
    found = judge(clean(source), "lossy")
    assert not severe(found)
    assert len(found) < 0.2 * len(clean(source))


@pytest.mark.parametrize("source", SOURCES)
def test_the_lower_the_rate_the_more_holes(source: str) -> None:
    clips = takes(source)[:4]
    holes = [
        np.mean([values("lossy", change(take))["holes_permille"] for take in clips])
        for change in (lambda take: take, *(lambda take, k=k: coded(take, k) for k in (40, 32, 24)))
    ]
    assert holes[0] < holes[1] < holes[2]
    assert min(holes[2:]) > 1.5 * holes[0]


@pytest.mark.parametrize("source", ONE_VOICE)
@pytest.mark.parametrize(("container", "subtype"), [("MP3", "MPEG_LAYER_III"), ("OGG", "VORBIS")])
def test_good_coding_is_not_heard(source: str, container: str, subtype: str) -> None:
    changed = {i: well_coded(takes(source)[i], container, subtype) for i in (2, 8, 19)}
    assert not severe(judge(among(source, changed), "lossy"))


@pytest.mark.parametrize("source", SOURCES)
def test_it_does_not_depend_on_gain_and_rate(source: str) -> None:
    for take in takes(source)[:3]:
        clip = coded(take, 32)
        usual = values("lossy", clip)["holes_permille"]
        softer = filtered(clip, lambda x: x * 0.3)
        assert values("lossy", softer)["holes_permille"] == pytest.approx(usual, rel=0.15)
        other = Take(soxr.resample(clip.samples, take.rate, 48_000), 48_000, "")
        assert values("lossy", other)["holes_permille"] == pytest.approx(usual, rel=0.35)


@pytest.mark.parametrize("source", ONE_VOICE)
@pytest.mark.parametrize("kbps", [24, 32, 40])
def test_each_defect_is_found(source: str, kbps: int) -> None:
    found = spoilt(source, "lossy-source", f"MP3 at {kbps} kbit/s")
    if kbps < 40:
        assert {finding.severity for finding in found} == {Severity.WARNING}


def test_very_short_clips_are_not_measured() -> None:
    take = takes("espeak")[0]
    assert np.isnan(values("lossy", filtered(take, lambda x: x[6_000:9_000]))["holes_permille"])
