"""Stereo: what is wrong between two channels is found in each clip, also where the whole corpus is stereo."""

import numpy as np
import pandas as pd
import pytest

from checks.speech import say
from ttsprep.checks.stereo import Stereo
from ttsprep.core.signal import Signal
from ttsprep.core.types import Audio, Clip, Samples

SENTENCE = "There were doors all round the hall, but they were all locked."


def judged(*channels: Samples) -> list[str]:
    clip = Clip("a", "a.wav", SENTENCE)
    signal = Signal(Audio(np.stack(channels, axis=1), 22_050))
    return [finding.code for finding in Stereo().judge(pd.DataFrame([{"id": "a", **Stereo.measure(clip, signal)}]))]


def test_each_fault_of_two_channels_is_named() -> None:
    voice = say(SENTENCE).samples
    other = say("Quite another sentence by quite another speaker, who talks on and on.", pitch=90).samples
    random = np.random.default_rng(0)
    noise = (1e-3 * random.standard_normal((2, len(voice)))).astype(np.float32)
    assert judged(voice) == []
    assert judged(voice, voice) == []
    assert judged(voice + noise[0], 0.7 * voice + noise[1]) == []
    assert judged(voice, -voice) == ["channels-out-of-phase"]
    assert judged(voice, -0.9 * voice + noise[0]) == ["channels-out-of-phase"]
    assert judged(voice, 0 * voice) == ["channel-dead"]
    assert judged(1e-3 * noise[0], voice) == ["channel-dead"]
    assert judged(voice, np.resize(other, len(voice))) == ["channels-differ"]
    assert judged(0 * voice, 0 * voice) == []


@pytest.mark.parametrize("samples", [22, -22, 110])
def test_a_delay_is_measured(samples: int) -> None:
    voice = say(SENTENCE).samples
    late = np.roll(voice, samples)
    assert judged(voice, late) == ["channels-delayed"]
    signal = Signal(Audio(np.stack([voice, late], axis=1), 22_050))
    measured = Stereo.measure(Clip("a", "a.wav", SENTENCE), signal)
    assert measured["channel_delay_ms"] == pytest.approx(abs(samples) / 22.05)
