"""Where a model hears speech."""

import numpy as np
import pandas as pd
import pytest
from checks.speech import say

from ttsprep.audit.defects.demo_sentences import SENTENCES
from ttsprep.checks.vad import VadCheck as Check
from ttsprep.core.types import Clip, Samples
from ttsprep.models.base import RATE, ModelInput
from ttsprep.models.vad import Vad, probabilities

needs_silero = pytest.mark.skipif(Vad.available() != "", reason="the weights of Silero VAD are part of its package")


def spoken(text: str) -> Samples:
    import soxr

    take = say(text, "en-us")
    samples: Samples = soxr.resample(take.samples, take.rate, RATE)
    return samples


def beep(seconds: float = 2.0) -> Samples:
    t = np.arange(round(seconds * RATE)) / RATE
    return (0.3 * np.sin(2 * np.pi * 880 * t) * (np.sin(2 * np.pi * 1.5 * t) > 0)).astype(np.float32)


@needs_silero
def test_speech_is_told_from_beeps_noise_and_silence() -> None:
    noise = np.random.default_rng(1).standard_normal(2 * RATE).astype(np.float32) * 0.1
    others = [beep(), noise, np.zeros(100, np.float32)]
    heard = [ModelInput(Clip("c", "c.wav", ""), one) for one in [spoken(SENTENCES[3]), *others]]
    voice, *rest = Vad().measure(heard)
    assert float(voice["vad_peak"]) > 0.9
    assert float(voice["vad_speech_s"]) > 1.0
    assert all(float(row["vad_peak"]) < 0.5 and row["vad_speech_s"] == 0 for row in rest)


@needs_silero
def test_a_long_clip_is_heard_in_parts_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = spoken(SENTENCES[3])
    whole = probabilities(samples)
    monkeypatch.setattr("ttsprep.models.vad.FRAMES_AT_ONCE", 17)
    assert probabilities(samples) == pytest.approx(whole, abs=1e-5)


def test_only_what_sounds_and_is_long_enough_is_judged() -> None:
    corpus = pd.DataFrame({
        "id": list("abcde"),
        "duration_s": [2.0, 2.0, 0.4, 2.0, 2.0],
        "level_range_db": [30.0, 30.0, 30.0, 3.0, 30.0],
        "vad_peak": [0.99, 0.2, 0.2, 0.2, np.nan],
    })
    (finding,) = Check().judge(corpus)
    assert (finding.clip, finding.code, finding.value) == ("b", "not-speech", 0.2)
