"""Whisper as a listener, on a small model of random weights."""

from pathlib import Path

import numpy as np
import pytest

from ttsprep.core.types import Clip
from ttsprep.models.asr import Asr
from ttsprep.models.base import RATE, ModelInput

pytest.importorskip("whisper", reason="needs the extra asr")
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file .*tiktoken:ResourceWarning")  # of the package itself


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(round(seconds * RATE)).astype(np.float32) * 0.1


def test_what_cannot_be_judged_is_left_out_and_harms_no_other(checkpoint: Path) -> None:
    clips = [
        ModelInput(Clip("a", "", "all of it", language="en-us"), noise(1.0), ("no more",)),
        ModelInput(Clip("long", "", "all of it", language="en-us"), noise(29.6)),
        ModelInput(Clip("mute", "", "", language="en-us"), noise(1.0)),
        ModelInput(Clip("far", "", "all of it", language="tlh"), noise(1.0)),
    ]
    a, long, mute, far = Asr(str(checkpoint)).measure(clips)
    assert np.isfinite(a["mismatch_nats"])
    assert "decoy_log_p" in a
    assert "mismatch_nats" not in long | mute | far
