"""Presets hold what they promise, and what is new changes nothing of what was trained before."""

import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")

from codec.made_up_speech import small_base  # noqa: E402
from ttsprep.codec.checkpoint import skeleton  # noqa: E402
from ttsprep.codec.config import PRESETS, CodecConfig, preset  # noqa: E402
from ttsprep.codec.training.config import TRAINING, TrainConfig  # noqa: E402
from ttsprep.core.errors import UsageError  # noqa: E402


@pytest.mark.parametrize(
    ("name", "rate", "frames", "bits", "millions"),
    [
        ("nano16", 16000, 50.0, 4000, 5.2),
        ("base16", 16000, 50.0, 6000, 30.8),
        ("base24", 24000, 75.0, 6000, 30.8),
    ],
)
def test_a_preset_has_its_rate_and_size(name, rate, frames, bits, millions):
    config = preset(name)
    assert (config.sample_rate, config.frame_rate, config.bit_rate) == (rate, frames, bits)
    parameters = sum(value.numel() for value in skeleton(config).parameters())
    assert parameters == pytest.approx(millions * 1e6, rel=0.01)
    assert CodecConfig.model_validate(config.model_dump()) == config


def test_shapes_are_known_without_the_compiler_of_torch():
    script = """
import sys
from ttsprep.codec.checkpoint import skeleton
from ttsprep.codec.config import PRESETS, preset
for name in PRESETS:
    config = preset(name)
    for kind in ("rvq-ema", "rvq-l2"):
        quantiser = config.quantiser.model_copy(update={"kind": kind})
        assert skeleton(config.model_copy(update={"quantiser": quantiser})).state_dict()
print("torch._dynamo" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout == b"False\n"


def test_every_preset_that_is_named_can_be_trained():
    assert set(TRAINING) <= set(PRESETS)
    for settings in TRAINING.values():
        assert TrainConfig(**settings).discriminator.periods == (2, 3, 5, 7, 11)
    with pytest.raises(UsageError, match="base16"):
        preset("bas16")


def test_what_is_not_causal_is_written_as_before_there_was_a_choice():
    """The digest of a checkpoint, which token files name, is made of this text."""
    assert "causal" not in preset("nano16").model_dump_json()
    causal = small_base(causal=True)
    assert CodecConfig.model_validate_json(causal.model_dump_json()).causal


def test_windows_that_no_spectrum_can_have_are_refused():
    with pytest.raises(ValueError, match="multiples of 16"):
        TrainConfig(loss={"mel_sizes": (20,)})
