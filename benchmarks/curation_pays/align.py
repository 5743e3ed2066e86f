"""How long each token lasts: a hidden Markov model of two states a phone, learnt from the clips of one arm alone."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.curation_pays.features import Features
from benchmarks.curation_pays.phones import GAPS, Inventory
from ttsprep.models.phones.hmm import SILENCE, SpeechRun, learn, paths

Counts = npt.NDArray[np.int64]
STATES = 2
"""Of a phone: each lasts 10 ms at least."""
_ROUNDS = 2


def durations(clips: Sequence[Features], texts: Sequence[Sequence[int]], inventory: Inventory) -> list[Counts | None]:
    """Return the frames of 20 ms of each token of each clip; None where its text is too long for it."""
    result: list[Counts | None] = [None] * len(clips)
    fits = [i for i, text in enumerate(texts) if len(clips[i].cepstra) >= STATES * len(text) + 2]
    if not fits:
        return result
    runs = [SpeechRun(clips[i].cepstra, _states(texts[i])) for i in fits]
    silence = np.concatenate([clips[i].cepstra[clips[i].quiet][::3] for i in fits])
    count = 1 + STATES * len(inventory)
    sounds = None
    for _ in range(_ROUNDS):
        sounds = learn(runs, silence, count, sounds)
    assert sounds is not None
    for i, places in zip(fits, paths([(sounds.likelihoods(run.features), run.units) for run in runs]), strict=True):
        result[i] = _frames(places, texts[i], len(clips[i].latents))
    return result


def _is_gap(token: int) -> bool:
    return token <= len(GAPS)


def _states(text: Sequence[int]) -> Counts:
    """Return the states of a text: one that may be left out for a gap, `STATES` for a phone."""
    return np.array([state for token in text for state in _states_of(token)], np.int64)


def _states_of(token: int) -> list[int]:
    return [SILENCE] if _is_gap(token) else [1 + STATES * token + part for part in range(STATES)]


def _frames(places: Counts, text: Sequence[int], frames: int) -> Counts:
    """Return frames of 20 ms of each token, from the place of each frame of 10 ms in the states."""
    owner = np.repeat(np.arange(len(text)), [len(_states_of(token)) for token in text])
    counts = np.bincount(owner[places], minlength=len(text))
    edges = np.round(np.append(0, counts.cumsum()) / counts.sum() * frames).astype(np.int64)
    return np.asarray(np.diff(edges))
