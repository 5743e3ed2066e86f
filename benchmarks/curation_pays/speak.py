"""Lets a trained voice read sentences."""

from collections.abc import Sequence

import numpy as np
import torch

from benchmarks.curation_pays.features import HOP, RATE, Array
from benchmarks.curation_pays.model import spread_out
from benchmarks.curation_pays.phones import tokens
from benchmarks.curation_pays.train import Trained
from ttsprep.codec import Codec
from ttsprep.core.types import Samples

_LONGEST = 1500
"""Frames of a sentence: 30 s, the most that Whisper hears at once."""


@torch.inference_mode()
def speak(trained: Trained, codec: Codec, texts: Sequence[str], language: str) -> list[Samples]:
    """Return each text as speech at 16 kHz: everything but the text is the voice's own."""
    return [_decoded(codec, _latents(trained, text, language), trained.scaling.level) for text in texts]


@torch.inference_mode()
def through_codec(codec: Codec, latents: Sequence[Array], level: float) -> list[Samples]:
    """Return what the decoder makes of latents: the ceiling of any voice."""
    return [_decoded(codec, one, level) for one in latents]


def _latents(trained: Trained, text: str, language: str) -> Array:
    voice, scaling = trained.voice, trained.scaling
    numbers = torch.tensor([trained.inventory.numbers(tokens(text, language))])
    encoded = voice.encode(numbers)
    durations = voice.log_durations(encoded).exp().sub(1).round().clamp(min=0).long()
    durations[0, -1] = max(1, min(int(durations[0, -1]), _LONGEST - int(durations[0, :-1].sum())))
    spread, mask = spread_out(encoded, durations)
    melody = voice.melody(spread, mask)
    log_f0 = melody[..., 0]
    f0 = (log_f0 * scaling.f0_spread + scaling.f0_mean).exp()
    phase = 2 * np.pi * HOP / RATE * (f0.cumsum(1) - f0 / 2)
    pitch = torch.stack((log_f0, (melody[..., 1] > 0).float(), phase), -1)
    found = voice.decode(spread, pitch, mask)[0, :_LONGEST].numpy()
    return np.asarray(found * scaling.spread + scaling.mean, np.float32)


def _decoded(codec: Codec, latents: Array, level: float) -> Samples:
    samples = codec.model.decoder(torch.from_numpy(latents)[None])[0].numpy()
    return np.asarray(samples * (np.exp(level) * codec.config.output_gain), np.float32)
