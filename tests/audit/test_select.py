"""Which clips are chosen, and that every other has its reason."""

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttsprep.audit.config import PIPELINE
from ttsprep.audit.decisions import Decision
from ttsprep.audit.goal.trim import Trimming
from ttsprep.audit.select import FIXED_BY, Select, Selection, Terms, select

EVERY_STAGE = {*PIPELINE, "transcribe", "segment"}
ROOMY = Select(keep_coverage=False)


def corpus(*names: str, status: dict[str, str] | None = None, **columns: dict[str, object]) -> pd.DataFrame:
    """Clips of half an hour each; `columns` give the values of single clips."""
    table = {"id": list(names), "language": "en-us", "duration_s": 1800.0, "snr_db": 40.0, "phonemes": ""}
    frame = pd.DataFrame(table)
    frame["status"] = [(status or {}).get(name, "ok") for name in names]
    frame["status_reason"] = ["" if found == "ok" else f"it is {found}" for found in frame["status"]]
    for column, values in columns.items():
        frame[column] = [values.get(name, frame[column][i]) for i, name in enumerate(names)]
    return frame


def found(*rows: tuple[str, str, str]) -> pd.DataFrame:
    """Return findings from clip, code and severity."""
    table = [(clip, code, severity, f"{code} in {clip}") for clip, code, severity in rows]
    return pd.DataFrame(table, columns=["clip", "code", "severity", "message"])


def choose(clips, findings, rules, *, stages=(), decisions=None, low_confidence=None) -> Selection:
    terms = Terms(rules, frozenset(stages), longest_s=3600, decisions=decisions or {})
    return select(clips, findings, replace(terms, low_confidence=low_confidence or {}))


def reasons(choice: Selection) -> dict[str, tuple[str, ...]]:
    return {item.id: item.codes for item in choice.rejected}


WARNED = found(
    ("one", "hum", "warning"),
    ("two", "hum", "warning"), ("two", "noisy", "warning"),
    ("three", "hum", "warning"), ("three", "noisy", "warning"), ("three", "reverberant", "warning"),
    ("bad", "clipping", "error"),
    ("noted", "hum", "note"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("strictness", "kept"),
    [
        ("lenient", ["fine", "one", "two", "three", "noted"]),
        ("normal", ["fine", "one", "two", "noted"]),
        ("strict", ["fine", "noted"]),
    ],
)
def test_how_strictly(strictness: str, kept: list[str]) -> None:
    clips = corpus("fine", "one", "two", "three", "bad", "noted")
    choice = choose(clips, WARNED, Select(strictness=strictness))
    assert choice.kept == kept
    assert sorted([*kept, *reasons(choice)]) == sorted(clips["id"])
    assert reasons(choice)["bad"] == ("clipping",)
    for item in choice.rejected:
        assert item.stage == "select"
        assert item.reason == "; ".join(f"{code} in {item.id}" for code in item.codes)


def test_many_findings_of_one_code_are_one_doubt() -> None:
    findings = found(*[("a", "hum", "warning")] * 9, ("a", "noisy", "warning"))
    assert choose(corpus("a"), findings, Select()).kept == ["a"]


def test_the_codes_of_a_rejection_are_named_worst_first_and_once() -> None:
    findings = found(
        ("a", "hum", "warning"), ("a", "noisy", "error"), ("a", "clipping", "error"), ("a", "noisy", "error")
    )
    (item,) = choose(corpus("a"), findings, Select(reject=("hum",))).rejected
    assert item.codes == ("clipping", "noisy", "hum")


def test_codes_that_always_reject_and_codes_that_never_do() -> None:
    clips = corpus("a", "b", "c")
    findings = found(("a", "hum", "note"), ("b", "clipping", "error"), ("c", "duplicate-audio", "warning"))
    assert reasons(choose(clips, findings, Select())) == {"b": ("clipping",), "c": ("duplicate-audio",)}
    assert reasons(choose(clips, findings, Select(reject=("hum",)))) == {"a": ("hum",), "b": ("clipping",)}
    assert reasons(choose(clips, findings, Select(keep=("clipping",)))) == {"c": ("duplicate-audio",)}
    both = Select(reject=("hum",), keep=("hum", "clipping"))
    assert reasons(choose(clips, findings, both)) == {"a": ("hum",)}, "reject comes before keep"
    strict = Select(strictness="strict", reject=(), keep=("duplicate-audio", "clipping"))
    assert reasons(choose(clips, findings, strict)) == {}


@pytest.mark.parametrize("severity", ["warning", "error"])
def test_what_a_stage_fixes_is_spared_only_where_that_stage_comes(severity: str) -> None:
    for code, stage in FIXED_BY.items():
        findings = found(("a", code, severity))
        strict = Select(strictness="strict")
        assert choose(corpus("a"), findings, strict, stages={stage}).kept == ["a"], code
        assert choose(corpus("a"), findings, strict, stages=EVERY_STAGE).kept == ["a"], code
        assert choose(corpus("a"), findings, strict, stages=EVERY_STAGE - {stage}).kept == [], code
        assert choose(corpus("a"), findings, strict).kept == [], code
        # who asks for it gets it, fixable or not
        rules = Select(reject=(code,))
        assert choose(corpus("a"), findings, rules, stages=EVERY_STAGE).kept == [], code


@pytest.mark.parametrize("code", ["text-encoding", "text-unspeakable"])
def test_texts_are_judged_once_they_are_normalised(code: str) -> None:
    findings = found(("a", code, "error"))
    assert choose(corpus("a"), findings, Select(), stages={"normalise"}).kept == ["a"]
    assert choose(corpus("a"), findings, Select(), stages={"trim"}).kept == []
    assert choose(corpus("a"), findings, Select()).kept == []


def test_what_is_longer_than_can_be_read_is_dropped_unless_it_is_cut() -> None:
    clips = corpus("a", "b", duration_s={"a": 300.0, "b": 3.0})
    long = found(("a", "too-long", "warning"))
    (gone,) = select(clips, long, Terms()).rejected
    assert (gone.id, gone.codes) == ("a", ("too-long",))
    assert "--recipe longform" in gone.reason
    assert select(clips, long, Terms(stages=frozenset({"segment"}))).kept == ["a", "b"]
    assert select(clips, long, Terms(stages=frozenset({"segment"}))).fixed == {"a": ("too-long",)}


def test_of_several_takes_of_a_text_the_best_is_kept_and_the_others_are_named() -> None:
    texts = {"a": "One, two!", "b": "one two", "c": "One two.", "d": "Another.", "e": "", "f": ""}
    clips = corpus(*texts).assign(text=list(texts.values()), speaker="", snr_db=[40.0, 41.0, 60.0, 30.0, 30.0, 30.0])
    clips = clips.assign(phones_per_s=[14.0, 11.0, 11.0, 11.0, 11.1, 10.9])
    rules = Select(best_take=True)
    choice = choose(clips, found(("c", "hum", "warning")), rules)
    assert choice.kept == ["b", "d", "e", "f"], "c has a warning, and the rate of a is far from that of the corpus"
    assert {(r.id, r.stage) for r in choice.rejected} == {("a", "best-take"), ("c", "best-take")}
    assert all("another take of the text of b" in r.reason for r in choice.rejected)
    assert choose(clips, found(), rules).kept == ["c", "d", "e", "f"], "the best signal to noise"
    kept = {"a": Decision(True, None, "")}
    assert choose(clips, found(), rules, decisions=kept).kept == ["a", "d", "e", "f"]
    assert choose(clips.assign(speaker=list("xyzxyz")), found(), rules).rejected == []
    assert choose(clips, found(), Select()).rejected == []


def test_a_rate_under_that_of_the_goal_is_dropped() -> None:
    clips = corpus("a", "b").assign(sample_rate=[16_000.0, 22_050.0], duration_s=3.0)
    (gone,) = select(clips, found(), Terms(least_rate=22_050)).rejected
    assert (gone.id, gone.codes) == ("a", ("narrowband",))
    assert select(clips, found(), Terms()).kept == ["a", "b"]


def test_what_is_too_short_once_it_is_trimmed_is_dropped() -> None:
    clips = corpus("a", "b", "c", "d", duration_s={"a": 2.3, "b": 0.5, "c": 2.9, "d": 0.2})
    clips = clips.assign(lead_silence_s=[1.0, 0.0, 1.0, 0.1], tail_silence_s=[1.0, 0.0, 1.0, 0.05])
    clips = clips.assign(speech_span_s=[0.3, 0.5, 0.9, 0.05])
    terms = Terms(ROOMY, trimming=Trimming(0.05, 0.05, 0.45))
    choice = select(clips, found(), terms)
    assert choice.kept == ["b", "c", "d"], "what is too short as it is has a finding"
    assert choice.rejected[0].reason == "0.40 s once its silence is trimmed (limit 0.45 s)"
    asked = replace(terms, rules=Select(keep=("too-short",), keep_coverage=False))
    assert select(clips, found(), asked).kept == ["a", "b", "c", "d"]
    assert select(clips, found(), replace(terms, decisions={"a": Decision(True, None, "")})).kept[0] == "a"
    assert select(clips.assign(speech_span_s=float("nan")), found(), terms).kept == ["a", "b", "c", "d"]


def test_what_no_part_of_a_build_may_hold_is_dropped_until_all_is_in_one() -> None:
    asked: list[list[str]] = []

    def unused(ids: list[str]) -> dict[str, str]:
        asked.append(ids)
        return {ids[-1]: "held out"} if len(ids) > 2 else {}

    terms = Terms(ROOMY, longest_s=3600, unused=unused)
    choice = select(corpus("a", "b", "c", "d"), found(("a", "clipping", "error")), terms)
    assert (choice.kept, asked) == (["b", "c"], [["b", "c", "d"], ["b", "c"]])
    assert [(item.id, item.stage, item.reason) for item in choice.rejected][1] == ("d", "split", "held out")


def test_findings_about_the_corpus_reject_no_clip() -> None:
    assert choose(corpus("a"), found(("", "monotone", "error")), Select(strictness="strict")).kept == ["a"]


def test_decisions_come_before_findings() -> None:
    clips = corpus("a", "b", "c", "d")
    findings = found(("a", "clipping", "error"), *[("b", c, "warning") for c in ("hum", "noisy", "dropout")])
    said = {
        "a": Decision(True, None, "heard it"),
        "b": Decision(True, None, ""),
        "c": Decision(False, None, "a cough"),
        "d": Decision(False, None, ""),
    }
    choice = choose(clips, findings, Select(), decisions=said)
    assert choice.kept == ["a", "b"]
    assert [(item.id, item.codes, item.reason) for item in choice.rejected] == [
        ("c", (), "decided: a cough"),
        ("d", (), "decided"),
    ]
    text_only = {"a": Decision(None, "Another text.", "")}
    assert choose(clips, findings, Select(), decisions=text_only).kept == ["c", "d"]


def test_nothing_keeps_a_file_that_cannot_be_read() -> None:
    clips = corpus("a", "b", status={"a": "audio-missing"})
    rules = Select(keep=("audio-missing",), strictness="lenient")
    choice = choose(clips, found(), rules, decisions={"a": Decision(True, None, "")})
    assert choice.kept == ["b"]
    assert reasons(choice) == {"a": ("audio-missing",)}
    assert choice.rejected[0].reason == "it is audio-missing"


def test_the_best_hours() -> None:
    clips = corpus("a", "b", "c", "d", "e", snr_db={"b": 20.0, "d": float("nan")})
    findings = found(("c", "hum", "warning"), ("e", "hum", "note"))
    order = ["a", "b", "d", "e", "c"]  # by warnings, notes, then SNR; one that has none comes last of its kind
    for half_hours in range(1, 6):
        choice = choose(clips, findings, ROOMY.model_copy(update={"keep_hours": half_hours / 2}))
        assert sorted(choice.kept) == sorted(order[:half_hours])
        assert choice.kept == sorted(choice.kept), "in the order of the corpus"
        assert all("beyond the best" in item.reason for item in choice.rejected)
    assert choose(clips, findings, ROOMY.model_copy(update={"keep_hours": 0.4})).kept == []
    assert len(choose(clips, findings, ROOMY).kept) == 5
    (worst,) = choose(clips, findings, ROOMY.model_copy(update={"keep_hours": 2.2})).rejected
    assert worst.reason == "beyond the best 2.2 hours: 1 warnings, 0 notes, SNR 40 dB"


def test_what_was_decided_is_kept_beyond_the_hours() -> None:
    clips = corpus("a", "b", "c", snr_db={"c": 1.0})
    said = {"c": Decision(True, None, "needed")}
    choice = choose(clips, found(), Select(keep_hours=1.0), decisions=said)
    assert "c" in choice.kept
    assert len(choice.kept) == 2, "it takes its part of the hours"
    assert choose(clips, found(), Select(keep_hours=0.1), decisions=said).kept == ["c"]


def test_of_the_hours_those_go_last_that_hold_a_sound_alone() -> None:
    phonemes = {"a": "k a t", "b": "k a t", "c": "d o g"}
    clips = corpus("a", "b", "c", phonemes=phonemes, snr_db={"c": 1.0})
    assert choose(clips, found(), Select(keep_hours=1.0)).kept == ["a", "c"]
    choice = choose(clips, found(), Select(keep_hours=1.0, keep_coverage=False))
    assert choice.kept == ["a", "b"]
    assert choice.lost == {"d": ["c"], "g": ["c"], "o": ["c"], "d o": ["c"], "o g": ["c"]}


DOUBTS = [("hum", "warning"), ("noisy", "warning"), ("dropout", "warning")]


def doubtful(*names: str) -> pd.DataFrame:
    return found(*[(name, code, severity) for name in names for code, severity in DOUBTS])


def test_a_doubtful_clip_with_a_phone_of_its_own_is_kept_and_named() -> None:
    clips = corpus("a", "b", "c", phonemes={"a": "k a t", "b": "k a ʒ", "c": "t a k"})
    choice = choose(clips, doubtful("b", "c"), Select())
    assert choice.kept == ["a", "b"]
    assert choice.kept_for_coverage == {"b": ["a ʒ", "ʒ"]}
    assert choice.lost == {"a k": ["c"], "t a": ["c"]}, (
        "a diphone alone is no reason to keep a doubtful clip, but it is named"
    )
    without = choose(clips, doubtful("b", "c"), Select(keep_coverage=False))
    assert without.kept == ["a"]
    assert without.kept_for_coverage == {}
    assert without.lost == {"ʒ": ["b"], "a k": ["c"], "a ʒ": ["b"], "t a": ["c"]}


def test_of_doubtful_clips_with_the_same_phone_the_best_is_kept() -> None:
    clips = corpus("a", "b", "c", phonemes={"a": "k a", "b": "ʒ a", "c": "ʒ a"}, snr_db={"b": 10.0})
    choice = choose(clips, doubtful("b", "c"), Select())
    assert choice.kept == ["a", "c"]
    assert choice.lost == {}


def test_a_clip_that_is_bad_is_no_carrier() -> None:
    clips = corpus("a", "b", phonemes={"a": "k a", "b": "ʒ a"})
    choice = choose(clips, found(("b", "clipping", "error")), Select())
    assert choice.kept == ["a"]
    assert choice.kept_for_coverage == {}
    assert choice.lost == {"ʒ": ["b"], "ʒ a": ["b"]}


def test_a_sound_of_another_language_is_another_sound() -> None:
    clips = corpus("a", "b", phonemes={"a": "k a", "b": "k a"}, language={"b": "fr-fr"})
    choice = choose(clips, doubtful("b"), Select())
    assert choice.kept_for_coverage == {"b": ["a", "k", "k a"]}


def test_a_carrier_that_goes_by_the_hours_is_named_as_lost_and_not_as_spared() -> None:
    clips = corpus("a", "b", phonemes={"a": "k a t", "b": "ʒ"})
    choice = choose(clips, doubtful("b"), Select(keep_hours=0.5))
    assert choice.kept == ["a"]
    assert choice.kept_for_coverage == {}
    assert choice.lost == {"ʒ": ["b"]}


def test_tables_without_phonemes_or_noise_are_enough() -> None:
    clips = corpus("a", "b").drop(columns=["phonemes", "snr_db"])
    assert choose(clips, found(("b", "hum", "warning")), Select(keep_hours=0.5)).kept == ["a"]


def test_nothing_is_chosen_of_nothing() -> None:
    assert choose(corpus(), found(), Select(keep_hours=1.0)) == Selection([], [])


CODES = ["clipping", "hum", "noisy", "dropout", "trailing-silence", "duplicate-audio", "text-encoding"]
CLIPS = [f"c{i}" for i in range(8)]
FINDINGS = st.lists(
    st.tuples(st.sampled_from(["", *CLIPS]), st.sampled_from(CODES), st.sampled_from(["note", "warning", "error"])),
    max_size=25,
)
RULES = st.builds(
    Select,
    strictness=st.sampled_from(["lenient", "normal", "strict"]),
    reject=st.lists(st.sampled_from(CODES), max_size=2).map(tuple),
    keep=st.lists(st.sampled_from(CODES), max_size=2).map(tuple),
    keep_hours=st.sampled_from([0.0, 0.5, 1.2, 3.0]),
    keep_coverage=st.booleans(),
)
SAID = st.dictionaries(
    st.sampled_from(CLIPS), st.builds(Decision, st.sampled_from([True, False, None]), st.none(), st.just(""))
)


@settings(max_examples=60)
@given(
    FINDINGS, RULES, SAID,
    st.sets(st.sampled_from(PIPELINE)),
    st.lists(st.sampled_from(["k a t", "t a k", "d o g", "ʒ", ""]), min_size=8, max_size=8),
    st.sets(st.sampled_from(CLIPS), max_size=2),
)  # fmt: skip
def test_every_clip_is_kept_or_rejected_with_a_reason(rows, rules, said, stages, lines, gone) -> None:
    clips = corpus(*CLIPS, phonemes=dict(zip(CLIPS, lines, strict=True)), status=dict.fromkeys(gone, "audio-missing"))
    choice = choose(clips, found(*rows), rules, stages=stages, decisions=said)
    out = [item.id for item in choice.rejected]
    assert sorted([*choice.kept, *out]) == CLIPS
    assert choice.kept == sorted(choice.kept)
    assert out == sorted(out)
    assert all(item.reason for item in choice.rejected)
    assert not gone & set(choice.kept)
    for name, decision in said.items():
        if decision.keep is not None and name not in gone:
            assert (name in choice.kept) == decision.keep
    assert set(choice.kept_for_coverage) <= set(choice.kept)
    held = {sound for name in choice.kept for sound in lines[CLIPS.index(name)].split()}
    spoken = {sound for line in lines for sound in line.split()}
    assert {sound for sound in choice.lost if " " not in sound} == spoken - held
    if rules.keep_hours and len(choice.kept) / 2 > rules.keep_hours:
        assert all(name in said and said[name].keep for name in choice.kept)
    # the order of the corpus changes nothing but the order of the answer
    turned = choose(clips[::-1].reset_index(drop=True), found(*rows), rules, stages=stages, decisions=said)
    assert sorted(turned.kept) == choice.kept
    assert turned.lost == {sound: names[::-1] for sound, names in choice.lost.items()}


def test_more_strictness_never_keeps_more() -> None:
    clips = corpus("fine", "one", "two", "three", "bad", "noted")
    kept = [set(choose(clips, WARNED, Select(strictness=s)).kept) for s in ("lenient", "normal", "strict")]
    assert kept[0] > kept[1] > kept[2]
    assert len(choose(clips, WARNED, Select(keep_hours=1e9)).kept) == len(kept[1])


def test_a_clip_in_which_a_stage_finds_nothing_is_rejected_whatever_was_decided() -> None:
    clips = corpus("fine", "mute", "hiss", "out")
    clips = clips.assign(loudness_lufs=[-23.0, float("nan"), -23.0, -23.0], speech_s=[1.0, 1.0, 0.0, 1.0])
    decisions = {"mute": Decision(keep=True), "out": Decision(keep=False)}
    kept = choose(clips, found(), ROOMY, stages=("loudness",), decisions=decisions)
    assert kept.kept == ["fine", "hiss"]
    assert reasons(kept) == {"mute": ("no-speech",), "out": ()}
    assert choose(clips, found(), ROOMY, stages=("trim",), decisions=decisions).kept == ["fine", "mute"]
    assert choose(clips, found(), ROOMY, decisions=decisions).kept == ["fine", "mute", "hiss"]
