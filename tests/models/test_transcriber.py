"""Clips written down by Whisper: on a small model of random weights, and on real ones where they are."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from ttsprep.core.errors import UsageError
from ttsprep.core.types import Clip, Samples
from ttsprep.models.base import RATE, ModelInput
from ttsprep.models.transcriber import Transcription, transcribe_clips
from ttsprep.models.whisper import weights

SHARED = Path(__file__).parents[3] / "shared"
WEIGHTS = SHARED / "models" / "whisper-tiny.en.pt"
SPEECH = SHARED / "data" / "ljspeech"
needs_whisper = pytest.mark.skipif(importlib.util.find_spec("whisper") is None, reason="needs the extra asr")
needs_weights = pytest.mark.skipif(
    not (WEIGHTS.is_file() and SPEECH.is_dir()), reason="needs ../shared: Whisper's weights, LJSpeech"
)
pytestmark = [
    needs_whisper,
    pytest.mark.filterwarnings("ignore:unclosed file .*tiktoken:ResourceWarning"),  # of the package itself
]


def heard(samples: Samples, language: str = "en-us") -> ModelInput:
    return ModelInput(Clip("c", "c.wav", "", language=language), samples)


def noise(seconds: float, level: float = 0.01) -> Samples:
    return (level * np.random.default_rng(0).standard_normal(round(seconds * RATE))).astype(np.float32)


@needs_weights
def test_speech_is_written_with_numbers_in_words_and_noise_is_no_speech() -> None:
    import soundfile as sf
    import soxr

    samples, rate = sf.read(SPEECH / "wavs" / "LJ002-0194.flac", dtype="float32")
    clips = [soxr.resample(samples, rate, RATE), noise(3.0), np.zeros(2 * RATE, np.float32)]
    spoken, hiss, nothing = transcribe_clips(str(WEIGHTS), [heard(clip) for clip in clips])
    said = "and a heavy fee at the rate of eight pounds per one hundred pounds"
    assert "".join(c for c in spoken.text.lower() if c.isalpha()).startswith(said.replace(" ", ""))
    assert -0.2 < spoken.log_p < 0
    assert spoken.word_log_p < 0
    assert spoken.word in spoken.text
    assert spoken.no_speech_p < 0.1
    assert spoken.after_s == 0.0
    assert min(hiss.no_speech_p, nothing.no_speech_p) > 0.7
    assert spoken.problem == hiss.problem == ""


@needs_weights
def test_a_batch_is_what_its_clips_are_and_what_cannot_be_heard_says_why() -> None:
    clips = [heard(noise(1.0)), heard(noise(30.0)), heard(noise(1.5), "ru"), heard(noise(2.0, 0.1))]
    together = transcribe_clips(str(WEIGHTS), clips)
    assert together[1] == Transcription(problem="30.0 s, and Whisper hears 29.5 s at once")
    assert "knows no language 'ru'" in together[2].problem
    (alone,) = transcribe_clips(str(WEIGHTS), clips[3:])
    assert together[3].text == alone.text
    assert together[3].no_speech_p == pytest.approx(alone.no_speech_p, abs=1e-4)
    assert transcribe_clips(str(WEIGHTS), [clips[2]], language="en")[0].problem == ""


def test_weights_that_are_not_there_are_not_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TTSPREP_MODELS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(UsageError, match=r"no weights 'tiny'.*none are fetched: fetch https://"):
        weights("tiny")
    (tmp_path / "tiny.pt").write_bytes(b"no weights")
    assert weights("tiny") == tmp_path / "tiny.pt"
    with pytest.raises(UsageError, match="no openai-whisper checkpoint"):
        transcribe_clips(str(weights("tiny")), [heard(noise(1.0))])
