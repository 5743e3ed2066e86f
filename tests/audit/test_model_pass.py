"""An audit that listens."""

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile as sf
from checks.speech import say
from recorder import Recorder

from ttsprep.audit.config import CheckSettings
from ttsprep.audit.decisions import read_decisions
from ttsprep.audit.defects.demo_sentences import SENTENCES
from ttsprep.audit.model_pass import (
    ClipInput,
    MeasuredCorpus,
    ModelStep,
    add_model_columns,
    columns_of,
    coverage_summary,
    decode_clips,
    similar_length_texts,
)
from ttsprep.audit.pipeline import Extras, audit
from ttsprep.audit.unchanged import PROPOSED
from ttsprep.build.config import Recipe
from ttsprep.checks.base import all_checks
from ttsprep.checks.mos import MosCheck
from ttsprep.checks.speaker import SpeakerCheck
from ttsprep.core.errors import UsageError
from ttsprep.core.store.store import Store
from ttsprep.core.types import Clip
from ttsprep.corpora.corpus import Corpus
from ttsprep.models.asr import Asr
from ttsprep.models.base import SelectedModels, SpeechModel, all_models, find_weights, load_model, select_models

SHARED = Path(__file__).parents[3] / "shared"
WEIGHTS = SHARED / "models" / "whisper-tiny.en.pt"
SPEECH = SHARED / "data" / "ljspeech"


def test_checks_and_listeners_name_each_other() -> None:
    named = {check.model for check in all_checks().values()} - {""}
    assert named == {
        *all_models(),
        "codes",
        "trainer",
    }  # these two are no models: the tokens of `ttsprep encode`, and `--for`
    for name in named:
        assert columns_of(name)


def test_nobody_listens_unless_asked(tmp_path: Path) -> None:
    clips = [Clip("a", "a.wav", "one"), Clip("b", "b.wav", "two")]
    stale = {name: pa.array(["x"] * 2 if text else [1.0] * 2) for name, text in columns_of("asr").items()}
    listened = {check.model for check in all_checks().values()} - {"", "asr"}
    others = {name: pa.nulls(2) for other in listened for name in columns_of(other)}
    table = pa.table({"id": ["a", "b"]} | stale | others)
    corpus = Corpus(tmp_path, "plain", "", clips, ["a", "b"])
    table = add_model_columns(MeasuredCorpus(table, corpus), Store(tmp_path), [], 1)
    assert table["id"].to_pylist() == ["a", "b"]
    assert all(table[name].null_count == 2 for name in columns_of("asr"))
    assert list(tmp_path.iterdir()) == []


def test_the_others_are_in_the_same_language_and_of_like_length() -> None:
    texts = [("aa", "en"), ("bbb", "en"), ("c" * 30, "en"), ("ddd", "fr"), ("", "en"), ("aa", "en")]
    clips = [Clip(str(i), "", text, language=language) for i, (text, language) in enumerate(texts)]
    found = similar_length_texts(clips)
    assert found[0] == ("bbb", "c" * 30)
    assert found[3] == ()
    assert found[0] == found[5]


def test_weights_are_found_by_path_and_by_name_and_never_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTSPREP_MODELS", str(tmp_path))
    (tmp_path / "mine.pt").write_bytes(b"x")
    assert find_weights("mine", (".pt",), where_from="") == tmp_path / "mine.pt"
    assert find_weights(str(tmp_path / "mine.pt"), (), where_from="") == tmp_path / "mine.pt"
    with pytest.raises(UsageError, match=r"no weights 'other'.*ask her for it.*looked in"):
        find_weights("other", (".pt",), where_from="ask her for it")
    with pytest.raises(UsageError, match="did you mean 'asr'"):
        load_model("asf")


def test_a_listener_without_its_packages_says_how_to_have_them() -> None:
    class Deaf(SpeechModel):
        name = "deaf"
        extra = "ears"
        packages = ("no_such_package",)

    del SpeechModel.registry["deaf"]
    assert Deaf.available() == "--listen deaf needs no_such_package: pip install 'ttsprep[ears]'"
    assert Deaf.available(asked_by="a recipe") == "a recipe needs no_such_package: pip install 'ttsprep[ears]'"


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine on which only torch of all that listeners import can be found, and no weights."""
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: found("json") if name == "torch" else None)
    monkeypatch.setenv("TTSPREP_MODELS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def test_listeners_that_are_not_here_are_skipped_with_a_line_each(nothing_installed: Path) -> None:
    asked = select_models(["mos", "speaker", "mos"], {})
    assert asked.models == ()
    assert asked.skipped == {
        "mos": "--listen mos needs speechmos, onnxruntime: pip install 'ttsprep[mos]'",
        "speaker": "--listen speaker needs resemblyzer: pip install 'ttsprep[speaker]'",
    }
    with pytest.raises(UsageError, match="no model is called 'moss'"):
        select_models(["mos", "moss"], {})


def test_weights_of_its_own_spare_the_speaker_resemblyzer(nothing_installed: Path) -> None:
    speaker = all_models()["speaker"]
    assert "needs resemblyzer" in speaker.available()
    assert speaker.available("campplus_cn_en_common.pt") == ""


@pytest.mark.skipif(importlib.util.find_spec("whisper") is None, reason="needs the extra asr")
def test_weights_that_nobody_named_and_that_are_not_here_skip_the_listener(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TTSPREP_MODELS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert "no weights 'base' here" in select_models(["asr"], {}).skipped["asr"]
    with pytest.raises(UsageError, match="no weights 'mine' here"):
        select_models(["asr"], {"asr": "mine"})


def test_what_was_heard_skipped_and_not_judged_is_counted() -> None:
    clips = pd.DataFrame({
        "status": ["ok", "ok", "ok", "ok", "audio-unreadable"],
        "duration_s": [3.0, 0.5, 2.0, 1.0, np.nan],
        "speech_s": [2.5, 0.4, 0.9, 0.8, np.nan],
        "voice_print": ["ge2e:x", "", "ge2e:y", "ge2e:z", ""],
        **{name: [3.0, 3.0, 3.0, np.nan, np.nan] for name in MosCheck.measures},
    })
    judges = [SpeakerCheck(), MosCheck(), MosCheck.registry["noise"]()]
    names = all_models()
    asked = SelectedModels((names["speaker"](), names["mos"]()), {"asr": "it is not here"})
    assert coverage_summary(clips, judges, asked) == {
        "speaker": {
            "skipped": "",
            "measured": 3,
            "not_measured": 1,
            "not_judged": [{"code": "speaker-outlier", "clips": 2, "why": "less than 1 s of speech"}],
            "codes": ["speaker-outlier"],
        },
        "mos": {
            "skipped": "",
            "measured": 3,
            "not_measured": 1,
            "not_judged": [{"code": "low-mos", "clips": 1, "why": "shorter than 0.6 s"}],
            "codes": ["low-mos"],
        },
        "asr": {"skipped": "it is not here", "measured": 0, "not_measured": 4, "not_judged": [], "codes": []},
    }
    assert coverage_summary(clips, judges, SelectedModels()) == {}


def test_channels_out_of_phase_are_heard_and_those_of_one_channel_are_not_heard_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = np.random.default_rng(0).uniform(-0.4, 0.4, 16_000).astype(np.float32)
    sf.write(tmp_path / "apart.wav", np.stack([said, -said], axis=1), 16_000, subtype="FLOAT")
    clips = [Clip("apart", "apart.wav", ""), Clip("mono", "mono.wav", "")]
    assert np.array_equal(decode_clips(tmp_path, clips[0]), said)
    monkeypatch.setattr(Asr, "digest", lambda self: "of some weights")
    inputs = [ClipInput(clips[0], channels=2), ClipInput(clips[1])]
    step = ModelStep(str(tmp_path), Asr("x"))
    before = [step.key(item, "a") for item in inputs]
    monkeypatch.setattr("ttsprep.audit.model_pass.MIXDOWN_VERSION", 99)
    apart, mono = (step.key(item, "a") for item in inputs)
    assert apart != before[0]
    assert mono == before[1]


@pytest.mark.skipif(not (WEIGHTS.is_file() and SPEECH.is_dir()), reason="needs ../shared: Whisper's weights, LJSpeech")
@pytest.mark.skipif(importlib.util.find_spec("whisper") is None, reason="needs the extra asr")
def test_swapped_texts_are_found_and_the_fix_is_proposed(tmp_path: Path) -> None:
    lines = (SPEECH / "metadata.csv").read_text(encoding="utf-8").split("\n")
    rows = [line.split("|") for line in (lines[1], lines[7], lines[12], lines[15])]
    texts = [row[-1] for row in rows]
    texts[0], texts[1] = texts[1], texts[0]
    corpus = tmp_path / "corpus"
    (corpus / "wavs").mkdir(parents=True)
    for name, *_ in rows:
        shutil.copy(SPEECH / "wavs" / f"{name}.flac", corpus / "wavs")
    table = "".join(f"{row[0]}|{text}\n" for row, text in zip(rows, texts, strict=True))
    (corpus / "metadata.csv").write_text(table, encoding="utf-8")
    out, rules = tmp_path / "out", Recipe(checks=CheckSettings(only=("transcript-mismatch",)))
    progress = Recorder()
    asr = load_model("asr", str(WEIGHTS))

    def hear() -> pd.DataFrame:
        return audit(corpus, out, rules, jobs=1, progress=progress, extras=Extras(SelectedModels((asr,)))).findings

    found = hear()
    assert sorted(found["clip"]) == sorted(row[0] for row in rows[:2])
    assert set(found.severity) == {"error"}
    assert found.message.str.contains("they look swapped").all()
    proposed = read_decisions(out / PROPOSED, {row[0] for row in rows})
    assert {name: decision.text for name, decision in proposed.items()} == {rows[0][0]: texts[1], rows[1][0]: texts[0]}
    pd.testing.assert_frame_equal(hear(), found)
    heard = [stage for stage in progress.stages if stage[0] != "measuring"]
    assert heard == [("listening (asr)", 4, 4), ("listening (asr)", 4, 0)]
    silent = audit(corpus, out, rules, jobs=1)
    assert silent.findings.empty
    assert silent.clips.mismatch_nats.isna().all()
    assert not (out / PROPOSED).exists()


def test_what_measuring_has_of_a_clip_is_what_its_file_gives(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, text in enumerate(SENTENCES[:26]):
        take = say(text, "en-us")
        sf.write(corpus / f"{number}.wav", take.samples, take.rate)
    table = "".join(f"{number}.wav|{text}\n" for number, text in enumerate([*SENTENCES[1:26], SENTENCES[0]]))
    (corpus / "metadata.csv").write_text(table, encoding="utf-8")
    rules = Recipe(language="en-us")
    phones = Extras(SelectedModels((load_model("phones"),)))
    audit(corpus, tmp_path / "known", rules, jobs=1)
    with_files = audit(corpus, tmp_path / "known", rules, jobs=1, extras=phones)
    at_once = audit(corpus, tmp_path / "at once", rules, jobs=1, extras=phones)
    assert at_once.clips.text_lead_nats.notna().sum() > 20
    pd.testing.assert_frame_equal(with_files.clips, at_once.clips)
    assert not list(tmp_path.rglob("*.arrow"))
    assert "cepstra" not in pq.read_schema(tmp_path / "at once" / "clips.parquet").names


def test_a_row_depends_on_the_texts_that_its_own_is_compared_with() -> None:
    clip = Clip("a", "a.wav", "one", language="en-us")
    step = ModelStep("", load_model("phones"))
    near, other = (step.key(ClipInput(clip, 1.0, texts), "0" * 64) for texts in (("two",), ("six",)))
    assert near != other
