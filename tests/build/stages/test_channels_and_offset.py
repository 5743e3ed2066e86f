"""One channel around zero."""

import numpy as np
import pytest

from ttsprep.build.stages.dc_block import DcBlock
from ttsprep.build.stages.mono import Mono
from ttsprep.core.errors import UsageError
from ttsprep.core.types import Audio, Clip

CLIP = Clip("a", "a.wav", "text")
RATE = 16_000


def tone(hz: float = 220, level: float = 0.3) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hz * np.arange(RATE) / RATE)).astype(np.float32)


def test_one_channel_is_left_as_it_is() -> None:
    clip = Audio(tone()[:, None], RATE)
    assert Mono().apply(CLIP, clip).audio is clip


def test_channels_are_mixed() -> None:
    left, right = tone(), tone(330)
    done = Mono().apply(CLIP, Audio(np.stack([left, right], axis=1), RATE))
    assert np.allclose(done.audio.samples[:, 0], (left + right) / 2)
    assert done.changes == {"channels_before": 2}


def test_channels_that_cancel_are_not_mixed() -> None:
    done = Mono().apply(CLIP, Audio(np.stack([-0.9 * tone(), tone()], axis=1), RATE))
    assert np.array_equal(done.audio.samples[:, 0], tone())
    assert done.changes == {"channels_before": 2, "channel_taken": 2}


@pytest.mark.parametrize("offset", [0.05, -0.05])
def test_an_offset_is_taken_away(offset: float) -> None:
    """With its sign in the provenance, or nobody could put it back."""
    done = DcBlock().apply(CLIP, Audio((tone() + offset)[:, None], RATE))
    assert abs(done.audio.samples.mean()) < 1e-6
    assert done.changes["dc_removed"] == pytest.approx(offset, abs=1e-4)


def test_bits_without_an_offset_are_left_alone() -> None:
    clip = Audio(tone()[:, None], RATE)
    assert DcBlock().apply(CLIP, clip).audio is clip


def test_the_high_pass_takes_rumble_and_leaves_the_voice_where_it_was() -> None:
    voice, rumble = tone(120), tone(8)
    done = DcBlock(highpass_hz=40).apply(CLIP, Audio((voice + rumble)[:, None], RATE)).audio.samples[:, 0]
    middle = slice(RATE // 4, -RATE // 4)
    left = done[middle] - voice[middle]
    assert np.abs(left).max() < 0.03 * 0.3 + 0.3 * 10 ** (-40 / 20)
    shift = np.argmax(np.correlate(done[middle], voice[middle], "full")) - (len(voice[middle]) - 1)
    assert shift == 0


def test_a_high_pass_into_the_voice_is_refused() -> None:
    with pytest.raises(UsageError, match="highpass_hz"):
        DcBlock(highpass_hz=300)
