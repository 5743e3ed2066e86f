"""Measuring: one row a clip with every measure, whatever the file holds."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from checks.speech import RECORDED, clean, corpus, judge, measure, takes
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ttsprep.audit.defects.inject import Take
from ttsprep.audit.measure import DERIVED, MeasureStep, columns, versions
from ttsprep.checks.base import all_checks
from ttsprep.core.store.cache import KeySet
from ttsprep.core.store.step import KNOWN, StepWork, Task
from ttsprep.core.tables import MEASURED, measured_schema, to_batch
from ttsprep.core.types import Clip, Severity


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    take = takes("espeak")[0]
    sf.write(tmp_path / "a.wav", take.samples, take.rate, subtype="PCM_16")
    return tmp_path


def row_of(folder: Path, clip: Clip, known: Sequence[str] = ()) -> dict[str, Any]:
    work = StepWork(MeasureStep(str(folder)), KeySet.of(known))
    work.setup()
    work.setup_batch([Task(clip)])
    (row,) = work.rows([Task(clip)])
    return row


CLIP = Clip("a", "a.wav", "A few words.", language="en-us")


def without_listening() -> dict[str, bool]:
    """Return the columns that are filled without a model."""
    heard = {name for check in all_checks().values() if check.model for name in check.measures}
    return {name: text for name, text in columns().items() if name not in heard}


def test_a_row_has_every_column(folder: Path) -> None:
    row = row_of(folder, CLIP)
    assert set(row) & set(columns()) == set(without_listening())
    assert {field.name for field in MEASURED} <= set(row)
    assert (row["status"], row["sample_rate"], row["channels"], row["subtype"]) == ("ok", 22_050, 1, "PCM_16")
    assert row["duration_s"] == pytest.approx(row["frames"] / 22_050)
    batch = to_batch([row], measured_schema(columns()))
    assert batch.num_rows == 1
    assert row["chars_per_s"] == pytest.approx(row["chars"] / row["speech_span_s"])
    assert row["phones_per_s"] == pytest.approx(row["phones"] / row["speech_s"])


def test_columns_are_those_of_the_checks() -> None:
    own = {name for check in all_checks().values() for name in check.measures}
    assert set(columns()) == own | set(DERIVED)
    strings = {name for check in all_checks().values() for name in check.strings}
    assert {name for name, text in columns().items() if text} == strings


def test_measuring_twice_is_the_same(folder: Path) -> None:
    first, second = row_of(folder, CLIP), row_of(folder, CLIP)
    assert first.keys() == second.keys()
    for name, value in first.items():
        np.testing.assert_equal(second[name], value)


def test_a_key_stands_for_all_that_is_measured() -> None:
    step, sha256 = MeasureStep(""), "0" * 64
    usual = step.key(CLIP, sha256)
    assert usual == MeasureStep("elsewhere").key(replace(CLIP, id="b", path="b.wav", speaker="x"), sha256)
    others = [
        step.key(replace(CLIP, text="Other words."), sha256),
        step.key(replace(CLIP, language="ru"), sha256),
        step.key(replace(CLIP, start=0.5), sha256),
        step.key(replace(CLIP, end=2.0), sha256),
        step.key(CLIP, "1" * 64),
        MeasureStep("", code=f"{versions()} new:1").key(CLIP, sha256),
        step.key(replace(CLIP, text="not \udcff UTF-8"), sha256),
    ]
    assert len({usual, *others}) == len(others) + 1


def test_what_is_known_is_not_measured(folder: Path) -> None:
    row = row_of(folder, CLIP)
    known = row_of(folder, CLIP, [row["fingerprint"]])
    assert KNOWN in known
    assert known["sha256"] == row["sha256"]
    assert not set(known) & set(columns())
    other = row_of(folder, replace(CLIP, text="New."), [row["fingerprint"]])
    assert other["status"] == "ok"


@pytest.mark.parametrize(
    ("path", "status"),
    [("b.wav", "audio-missing"), ("../a.wav", "path-outside-corpus"), ("text.wav", "audio-unreadable")],
)
def test_a_bad_file_keeps_the_measures_of_its_text(folder: Path, path: str, status: str) -> None:
    (folder / "text.wav").write_text("no audio at all", encoding="utf-8")
    row = row_of(folder, replace(CLIP, path=path))
    assert row["status"] == status
    assert row["status_reason"]
    assert row["chars"] > 0
    assert "snr_db" not in row
    # what lies in the surroundings is tried again
    assert bool(row["fingerprint"]) == (status == "audio-unreadable")


def test_a_clip_that_was_lost_says_why(folder: Path) -> None:
    row = StepWork(MeasureStep(str(folder)), KeySet()).failed(Task(CLIP), "killed by signal 11")
    assert row["status"] == "decoder-crashed"
    assert "signal 11" in row["status_reason"]
    assert row["fingerprint"] == ""


def test_a_piece_of_a_recording_is_measured_alone(folder: Path) -> None:
    row = row_of(folder, replace(CLIP, start=1.0, end=2.5))
    assert row["duration_s"] == pytest.approx(1.5)
    assert row["lead_silence_s"] < 1
    late = row_of(folder, replace(CLIP, start=100.0))
    assert late["status"] == "audio-empty"


def test_an_unknown_language_does_not_stop_the_rest(folder: Path) -> None:
    items = [CLIP, replace(CLIP, language="xx-unknown")]
    step = MeasureStep(str(folder))
    step.setup()
    step.setup_batch(items)
    assert [row["status"] for row in step.rows(items)] == ["ok", "ok"]


RANDOM = np.random.default_rng(0)
ODD = {
    "one sample": np.array([0.5]),
    "two samples": np.array([0.5, -0.5]),
    "10 ms": 0.1 * RANDOM.standard_normal(160),
    "0.3 s": 0.1 * RANDOM.standard_normal(4_800),
    "silence": np.zeros(32_000),
    "constant": np.full(32_000, 0.25),
    "full scale": np.ones(32_000),
    "square": np.sign(np.sin(np.arange(32_000) / 20)),
    "click": np.eye(1, 32_000, 16_000)[0],
    "cancelling": np.outer(0.1 * RANDOM.standard_normal(32_000), [1, -1]),
    "eight channels": 0.1 * RANDOM.standard_normal((32_000, 8)),
    "one dead channel": np.outer(0.1 * RANDOM.standard_normal(32_000), [1, 0]),
}


@pytest.mark.parametrize("rate", [4_000, 384_000])
@pytest.mark.parametrize("name", ODD)
def test_odd_audio_is_measured_and_judged_without_a_warning(name: str, rate: int) -> None:
    rows = measure([Take(ODD[name].astype(np.float32), rate, "Some words.", "FLOAT")])
    assert rows[0].measures["status"] == "ok"
    for column, text in without_listening().items():
        value = rows[0].measures[column]
        assert isinstance(value, str) if text else not np.isinf(value), column
    table = corpus(rows)
    assert len(table) == 1
    findings = judge(rows)
    spoken = name in {"click", "eight channels", "one dead channel", "cancelling", "10 ms", "0.3 s"}
    assert spoken or {"no-speech"} <= {f.code for f in findings if f.severity == Severity.ERROR}


@settings(max_examples=15)
@given(
    arrays(np.float32, st.integers(1, 3_000), elements=st.floats(-1, 1, width=32)),
    st.sampled_from([4_000, 8_000, 22_050, 48_000]),
)
def test_any_short_audio_is_measured(samples: np.ndarray, rate: int) -> None:
    (row,) = measure([Take(samples, rate, "Words.", "FLOAT")])
    assert row.measures["status"] == "ok"
    assert not any(np.isinf(row.measures[name]) for name, text in without_listening().items() if not text)
    judge([row])


def test_odd_clips_do_not_upset_the_others() -> None:
    odd = measure([Take(x.astype(np.float32), 22_050, "Some words.") for x in ODD.values() if x.ndim == 1])
    usual = {(f.clip, f.code) for f in judge(clean("espeak"))}
    found = {(f.clip, f.code) for f in judge([*clean("espeak"), *odd]) if f.clip and int(f.clip[1:]) < 40}
    assert len(found ^ usual) <= 2


def test_a_corpus_without_any_audio_is_judged() -> None:
    rows = measure(takes("espeak")[:3], spoil=lambda path: path.unlink())
    assert {(f.code, f.severity) for f in judge(rows) if f.clip} == {("audio-missing", Severity.ERROR)}


@pytest.mark.skipif(not RECORDED["ljspeech"].is_dir(), reason="ljspeech is not at hand")
def test_flac_and_wav_measure_alike(tmp_path: Path) -> None:
    take = takes("ljspeech")[0]
    rows = []
    for name in ("a.flac", "a.wav"):
        sf.write(tmp_path / name, take.samples, take.rate, subtype="PCM_16")
        rows.append(row_of(tmp_path, replace(CLIP, path=name)))
    for column in without_listening():
        np.testing.assert_equal(rows[0][column], rows[1][column])
