"""One clip word by word: on a small model of random weights, and on real ones where they are at hand."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from ttsprep.audit.model_pass import decode_clips
from ttsprep.core.errors import MissingExtraError, UsageError
from ttsprep.core.types import Clip
from ttsprep.models.asr import Asr
from ttsprep.models.base import RATE, ModelInput
from ttsprep.models.word_scores import TimedWord, WordScores, require_model, score_words

pytest.importorskip("torch", reason="needs the extra asr")
pytest.importorskip("whisper", reason="needs the extra asr")

SHARED = Path(__file__).parents[3] / "shared"
WEIGHTS = SHARED / "models" / "whisper-tiny.en.pt"
SPEECH = SHARED / "data" / "ljspeech"
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file .*tiktoken:ResourceWarning")  # of the package itself


@pytest.fixture(scope="module")
def small(checkpoint: Path) -> str:
    return require_model(str(checkpoint))


def heard(text: str, seconds: float = 2.0, language: str = "en-us") -> ModelInput:
    samples = np.random.default_rng(0).standard_normal(round(seconds * RATE)).astype(np.float32) * 0.1
    return ModelInput(Clip("a", "a.wav", text, language=language), samples, ("another text",))


def test_every_word_has_a_place_and_a_score(small: str) -> None:
    found = score_words(small, heard("All of it, 7 times - said."))
    assert found.missing == ""
    assert found.model == "small.pt"
    assert [word.word for word in found.words] == ["All", "of", "it,", "7", "times", "-", "said."]
    assert [word.score is None for word in found.words] == [False, False, False, True, False, True, False]
    assert all(word.score is None or word.score <= 0 for word in found.words)
    assert all(0 <= word.start < word.end <= 2.0 for word in found.words)
    assert [word.start for word in found.words] == sorted(word.start for word in found.words)
    assert found.measures["words_not_said"] >= 1  # the weights are random
    assert sum(word.doubted for word in found.words) == found.measures["words_not_said"]  # as an audit counts them
    assert score_words(small, heard("All of it, 7 times - said.")) == found


@pytest.mark.parametrize(
    ("clip", "why"),
    [
        (heard(""), "it has no text"),
        (heard("word " * 80), "its text is longer than the model can write"),
        (heard("all of it", seconds=29.6), "longer than the 29.5 s"),
        (heard("all of it", language="xx"), "knows no language 'xx'"),
    ],
    ids=["empty", "long text", "long clip", "language"],
)
def test_what_cannot_be_scored_says_why(clip: ModelInput, why: str, small: str) -> None:
    found = score_words(small, clip)
    assert found.words == ()
    assert why in found.missing


def test_weights_that_are_not_there_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="there are no weights 'nowhere'"):
        require_model("nowhere")
    (tmp_path / "text.pt").write_text("no model", encoding="utf-8")
    with pytest.raises(UsageError, match="no openai-whisper checkpoint"):
        require_model(str(tmp_path / "text.pt"))
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "whisper" else find(name))
    with pytest.raises(MissingExtraError, match=r"--asr-model needs whisper: pip install 'ttsprep\[asr\]'"):
        require_model("nowhere")


def test_a_word_is_doubted_if_it_is_unlikely() -> None:
    assert TimedWord("a", 0.0, 0.1, -4.0, False).doubted
    assert not TimedWord("a", 0.0, 0.1, -3.9, False).doubted
    assert not TimedWord("a", 0.0, 0.1, None, False).doubted
    assert WordScores("x").words == ()


@pytest.mark.skipif(not (WEIGHTS.is_file() and SPEECH.is_dir()), reason="no Whisper weights and speech in ../shared")
def test_real_speech() -> None:
    text = "in being comparatively modern."
    clip = Clip("LJ001-0002", "wavs/LJ001-0002.flac", text, language="en-us")
    samples = decode_clips(SPEECH, clip)
    right = score_words(require_model(str(WEIGHTS)), ModelInput(clip, samples))
    assert right.asr_text.rstrip(",.") == "in being comparatively modern"  # once, though the model loops
    assert not any(word.doubted for word in right.words)
    # seen in the spectrogram: the burst of the k at 0.45 s, the m from 1.28 s on, the last sound until 1.8 s
    _, _, comparatively, modern = right.words
    assert comparatively.start == pytest.approx(0.45, abs=0.1)
    assert comparatively.end == pytest.approx(1.28, abs=0.1)
    assert modern.end == pytest.approx(1.8, abs=0.1)
    (row,) = Asr(str(WEIGHTS)).measure([ModelInput(clip, samples)])
    assert right.measures == pytest.approx(row, nan_ok=True)
    wrong = Clip("LJ001-0002", "wavs/LJ001-0002.flac", "in being remarkably modern.", language="en-us")
    found = score_words(require_model(str(WEIGHTS)), ModelInput(wrong, samples))
    assert [word.word for word in found.words if word.doubted] == ["remarkably"]
    worst = min(word.score for word in found.words if word.score is not None)
    assert -worst == pytest.approx(found.measures["mismatch_nats"])  # the number of the finding, not another one
