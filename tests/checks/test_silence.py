"""Silence: planted pauses, dropouts and cuts, found where they were planted."""

from dataclasses import replace

import numpy as np
import pytest

from checks.speech import (
    ONE_VOICE,
    RECORDED,
    SOURCES,
    altered,
    among,
    clean,
    filtered,
    judge,
    measure,
    of,
    severe,
    signal,
    spoilt,
    takes,
    values,
)
from ttsprep.audit.defects.inject import Take, loud_places, room_tone
from ttsprep.checks.silence import Silence
from ttsprep.core.signal import HOP_S
from ttsprep.core.types import Severity

CODES = ("cut-start", "cut-end", "dropout", "leading-silence", "trailing-silence", "long-pause", "no-speech")


def seconds(take: Take) -> float:
    return len(take.samples) / take.rate


def tone(take: Take, length: float) -> np.ndarray:
    return room_tone(take.samples, take.rate, length, np.random.default_rng(0))


def frozen(take: Take, at: float, length: float) -> Take:
    """Lose the samples for a while."""
    samples = take.samples.copy()
    samples[int(at * take.rate) : int((at + length) * take.rate)] = 0
    return replace(take, samples=samples)


def loud(take: Take) -> list[float]:
    """Times inside words, a third, a half and two thirds into the clip."""
    places = loud_places(take.samples, take.rate, 0.2, 0.8) / take.rate
    return [float(places[len(places) * i // 6]) for i in (2, 3, 4)]


@pytest.mark.parametrize("source", ONE_VOICE)
def test_nothing_is_wrong_with_clean_clips(source: str) -> None:
    assert not judge(clean(source), "silence")


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("gain", [0.3, 0.1])
def test_it_does_not_depend_on_the_gain(source: str, gain: float) -> None:
    for take in takes(source)[:3]:
        usual, softer = values("silence", take), values("silence", filtered(take, lambda x: x * gain))
        for name in ("lead_silence_s", "tail_silence_s", "longest_pause_s", "speech_s", "speech_span_s"):
            assert softer[name] == pytest.approx(usual[name], abs=0.03)
        for name in ("start_edge_db", "end_edge_db", "level_range_db"):
            assert softer[name] == pytest.approx(usual[name], abs=1.5)
        assert softer["dropout_s"] == usual["dropout_s"] == 0


@pytest.mark.parametrize("source", SOURCES)
def test_silence_around_the_speech_reads_its_length(source: str) -> None:
    for take in takes(source)[:3]:
        usual = values("silence", take)
        for length in (0.5, 1.5, 4.0):
            later = values("silence", filtered(take, lambda x: np.concatenate((tone(take, length), x))))  # noqa: B023
            longer = values("silence", filtered(take, lambda x: np.concatenate((x, tone(take, length)))))  # noqa: B023
            assert later["lead_silence_s"] == pytest.approx(usual["lead_silence_s"] + length, abs=0.05)
            assert later["tail_silence_s"] == pytest.approx(usual["tail_silence_s"], abs=0.05)
            assert longer["tail_silence_s"] == pytest.approx(usual["tail_silence_s"] + length, abs=0.05)


@pytest.mark.parametrize("source", ONE_VOICE)
def test_silence_around_the_speech_is_found_where_it_is(source: str) -> None:
    for name, length in (("3 s before", 3.0), ("1.3 s before", 1.3)):
        for finding, i in zip(spoilt(source, "leading-silence", name), (4, 17, 31), strict=True):
            usual = values("silence", takes(source)[i])["lead_silence_s"]
            assert finding.severity == Severity.WARNING
            assert finding.start == 0
            assert finding.end == pytest.approx(usual + length, abs=0.05)
    for name, length in (("3 s after", 3.0), ("1.5 s after", 1.5)):
        for finding, i in zip(spoilt(source, "trailing-silence", name), (4, 17, 31), strict=True):
            whole = seconds(takes(source)[i]) + length
            usual = values("silence", takes(source)[i])["tail_silence_s"]
            assert finding.severity == Severity.WARNING
            assert finding.end == pytest.approx(whole, abs=0.05)
            assert finding.start == pytest.approx(whole - usual - length, abs=0.05)


@pytest.mark.parametrize("source", ONE_VOICE)
@pytest.mark.parametrize("length", [1.8, 3.0])
def test_a_pause_is_found_where_it_is(source: str, length: float) -> None:
    changed, places = {}, {}
    for i in (4, 17, 31):
        take = takes(source)[i]
        view = signal(take)
        # the middle of the quietest moment well inside
        inner = np.arange(len(view.level_db))
        inner = inner[(inner > 0.3 * len(inner)) & (inner < 0.7 * len(inner))]
        at = int(inner[view.level_db[inner].argmin()] * round(HOP_S * take.rate))
        samples = np.concatenate((take.samples[:at], tone(take, length), take.samples[at:]))
        changed[i], places[f"c{i}"] = replace(take, samples=samples), at / take.rate
    found = of(judge(among(source, changed), "silence"), "long-pause")
    assert [finding.clip for finding in found] == list(places)
    for finding in found:
        # the pause that was there before is part of it
        assert finding.start - 0.05 < places[finding.clip] < finding.start + 0.6
        assert finding.end + 0.05 > places[finding.clip] + length
        assert finding.severity == Severity.WARNING
        assert finding.value == pytest.approx(finding.end - finding.start, abs=0.01)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("length", [0.010, 0.020, 0.050, 0.100])
def test_a_dropout_is_found_where_it_is(source: str, length: float) -> None:
    changed = {i: frozen(takes(source)[i], loud(takes(source)[i])[0], length) for i in (6, 14, 28)}
    found = of(judge(among(source, changed), "silence"), "dropout")
    assert [finding.clip for finding in found] == [f"c{i}" for i in changed]
    for finding, i in zip(found, changed, strict=True):
        assert finding.severity == Severity.ERROR
        assert finding.start == pytest.approx(loud(takes(source)[i])[0], abs=0.005)
        assert finding.value == pytest.approx(length, abs=0.005)
        assert finding.end == pytest.approx(finding.start + finding.value, abs=0.001)


def test_more_dropouts_read_more_and_the_longest_is_shown() -> None:
    take = takes("espeak")[8]
    first, second, third = loud(take)
    one = frozen(take, first, 0.02)
    three = frozen(frozen(one, second, 0.05), third, 0.03)
    assert values("silence", one)["dropout_s"] == pytest.approx(0.02, abs=0.003)
    assert values("silence", three)["dropout_s"] == pytest.approx(0.10, abs=0.006)
    assert values("silence", three)["dropout_at_s"] == pytest.approx(second, abs=0.003)


@pytest.mark.parametrize("source", ONE_VOICE)
def test_gated_pauses_are_no_dropouts(source: str) -> None:
    """A noise gate writes zeros between the words, where nothing was lost."""
    changed = {}
    for i in (1, 12, 23):
        take = takes(source)[i]
        view = signal(take)
        hop = round(HOP_S * take.rate)
        gate = np.repeat(view.pauses, hop)[: len(take.samples)]
        gate = np.pad(gate, (0, len(take.samples) - len(gate)))
        changed[i] = replace(take, samples=np.where(gate, 0, take.samples).astype(np.float32))
        assert gate.mean() > 0.01
    assert not severe(judge(among(source, changed), "silence"))


@pytest.mark.parametrize("source", ONE_VOICE)
@pytest.mark.parametrize("code", ["cut-start", "cut-end"])
def test_a_cut_inside_a_word_is_found(source: str, code: str) -> None:
    changed = {}
    for i in (4, 17, 31):
        take = takes(source)[i]
        at = int(loud(take)[1] * take.rate)
        changed[i] = replace(take, samples=take.samples[:at] if code == "cut-end" else take.samples[at:])
    found = of(judge(among(source, changed), "silence"), code)
    assert {f.clip for f in found} == {f"c{i}" for i in changed}
    assert any(finding.severity == Severity.ERROR for finding in found)
    for finding, take in zip(found, changed.values(), strict=True):
        assert finding.severity.rank >= Severity.WARNING.rank
        edge = 0.0 if code == "cut-start" else seconds(take)
        assert (finding.start if code == "cut-start" else finding.end) == pytest.approx(edge, abs=0.001)


@pytest.mark.parametrize(("code", "what"), [("cut-start", "lead-in"), ("cut-end", "room after them")])
def test_a_corpus_that_is_cut_tightly_is_one_finding(code: str, what: str) -> None:
    side = "start" if code == "cut-start" else "end"
    silence = {"cut-start": "lead_silence_s", "cut-end": "tail_silence_s"}[code]
    loud = {f"{side}_edge_db": -3.0, silence: 0.0}
    rows = [altered(row, **(loud if i < 10 else {})) for i, row in enumerate(clean("espeak"))]
    whole, *single = sorted(of(judge(rows, "silence"), code), key=lambda finding: finding.clip)
    assert (whole.clip, whole.severity) == ("", Severity.WARNING)
    assert f"25% of the clips have no {what}: cut tightly" in whole.message
    assert {finding.severity for finding in single} == {Severity.WARNING}
    assert len(single) == 10
    few = [altered(row, **(loud if i < 3 else {})) for i, row in enumerate(clean("espeak"))]
    assert {finding.severity for finding in of(judge(few, "silence"), code)} == {Severity.ERROR}


def test_an_end_without_a_pause_is_cut_where_speech_is_missing_too() -> None:
    rows = list(clean("espeak"))
    spoken = rows[5].measures["speech_s"]
    for share, pause, edge, cut in (
        (0.75, 0.0, -25.0, True),
        (1.0, 0.0, -25.0, False),
        (0.75, 0.2, -25.0, False),
        (0.75, 0.0, -45.0, True),
        (1.2, 0.0, -45.0, False),
    ):
        bare = altered(rows[5], tail_silence_s=pause, end_edge_db=edge, speech_s=share * spoken)
        assert bool(of(judge([*rows[:5], bare, *rows[6:]], "silence"), "cut-end", 5)) is cut


def test_an_end_with_less_room_than_any_other_is_cut_where_little_speech_is_missing() -> None:
    rows = [altered(row, tail_silence_s=0.5 + 0.01 * (i % 3)) for i, row in enumerate(clean("espeak"))]
    spoken = rows[5].measures["speech_s"]
    for share, pause, cut in ((0.8, 0.05, True), (1.2, 0.05, False), (0.8, 0.2, False)):
        bare = altered(rows[5], tail_silence_s=pause, end_edge_db=-45.0, speech_s=share * spoken)
        assert bool(of(judge([*rows[:5], bare, *rows[6:]], "silence"), "cut-end", 5)) is cut


@pytest.mark.parametrize("source", ONE_VOICE)
def test_tight_trimming_is_no_cut(source: str) -> None:
    changed = {}
    for i in (4, 17, 31):
        take = takes(source)[i]
        found = np.flatnonzero(signal(take).speech)
        hop = round(HOP_S * take.rate)
        first, last = (found[0] - 3) * hop, (found[-1] + 4) * hop
        changed[i] = replace(take, samples=take.samples[max(0, first) : last])
    assert not severe(judge(among(source, changed), "silence"))


@pytest.mark.parametrize("source", ONE_VOICE)
@pytest.mark.parametrize("name", ["room tone only", "white noise only", "a tone only"])
def test_what_is_no_speech_is_found(source: str, name: str) -> None:
    for finding in spoilt(source, "no-speech", name):
        assert finding.severity == Severity.ERROR


def test_digital_silence_has_no_speech_and_nothing_else() -> None:
    silent = Take(np.zeros(50_000, np.float32), 16_000, "nothing")
    rows = measure([silent])
    assert [finding.code for finding in judge(rows, "silence")] == ["no-speech"]
    measures = rows[0].measures
    assert measures["speech_s"] == 0
    assert np.isnan(measures["lead_silence_s"])


def test_a_slow_reader_may_pause() -> None:
    """What is long is relative to the speaker, between two absolute limits."""
    rows = clean("espeak")
    pauses = np.random.default_rng(0).uniform(0.8, 2.2, len(rows))
    slow = [type(row)(row.clip, row.measures | {"longest_pause_s": p}) for row, p in zip(rows, pauses, strict=True)]
    assert not severe(of(judge(slow, "silence"), "long-pause"))
    slow[3] = type(slow[3])(slow[3].clip, slow[3].measures | {"longest_pause_s": 2.8})
    assert [f.clip for f in severe(of(judge(slow, "silence"), "long-pause"))] == ["c3"]


def test_thresholds_decide() -> None:
    rows = clean("espeak")
    assert len(of(judge(rows, Silence(lead_s=0.1)), "leading-silence")) == len(rows)
    assert len(of(judge(rows, Silence(tail_s=0.1)), "trailing-silence")) == len(rows)
    assert {code.code for code in Silence.codes} == set(CODES)


def test_places_are_right_at_the_end_of_a_long_clip() -> None:
    """At 22,050 Hz a hop is a little under 10 ms, which adds up."""
    take = takes("espeak")[0]
    length = 60.0
    samples = np.concatenate((take.samples[: take.rate // 5], tone(take, length), take.samples))
    usual = values("silence", take)
    seen = values("silence", replace(take, samples=samples))
    assert seen["lead_silence_s"] == pytest.approx(usual["lead_silence_s"] + length + 0.2, abs=0.03)
    assert seen["tail_silence_s"] == pytest.approx(usual["tail_silence_s"], abs=0.03)


@pytest.mark.parametrize(("source", "gain_db"), [("espeak", -28), ("ljspeech", -35)])
def test_very_quiet_speech_has_no_dropouts(source: str, gain_db: float) -> None:
    """Within it, samples stay on one step of 16 bits for milliseconds."""
    if source in RECORDED and not RECORDED[source].is_dir():
        pytest.skip(f"{source} is not at hand")
    quiet = [filtered(take, lambda x: x * 10 ** (gain_db / 20)) for take in takes(source)[:12]]
    assert not of(judge(measure(quiet), "silence"), "dropout")
