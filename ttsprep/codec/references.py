"""The reference clip of each speaker beside the codes, at the sample rate of the codec."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ttsprep.checks.level import Level
from ttsprep.checks.noise import Noise
from ttsprep.checks.voice import Voice
from ttsprep.codec.mono_stream import mono_at
from ttsprep.core import audio
from ttsprep.core.audio import encode_audio
from ttsprep.core.errors import AudioError
from ttsprep.core.files import atomic_write, inside, writing
from ttsprep.core.signal import Signal
from ttsprep.core.types import Audio, Clip
from ttsprep.corpora.reference import ACCEPTED_S, FROM_S, TO_S, choose_references

REFERENCES = "references"
_CANDIDATES = 16
"""Clips of a speaker that are measured: enough for a median, and a second of computing."""


def references_of(root: Path, clips: Sequence[Clip], seconds: Sequence[float]) -> dict[str, int]:
    """Return the place of the reference of each speaker among clips of known lengths, as `choose_references`."""
    import pandas as pd

    by_speaker: Mapping[str, list[int]] = defaultdict(list)
    for place, (clip, length) in enumerate(zip(clips, seconds, strict=True)):
        if length <= ACCEPTED_S:
            by_speaker[clip.speaker].append(place)
    rows = []
    for own in by_speaker.values():
        for place in _candidates(own, seconds):
            try:
                signal = Signal(_read(root, clips[place]))
            except AudioError:  # gone since it was coded
                continue
            about: dict[str, Any] = {"id": str(place), "speaker": clips[place].speaker, "duration_s": seconds[place]}
            for check in (Level, Noise, Voice):
                about |= check.measure(clips[place], signal)
            rows.append(about)
    table = pd.DataFrame(rows, columns=["id", "speaker", "duration_s", "snr_db", "f0_median_hz", "loudness_lufs"])
    return {speaker: int(place) for speaker, place in choose_references(table).items()}


def _candidates(own: Sequence[int], seconds: Sequence[float]) -> list[int]:
    """Return clips of a speaker from all over the corpus, of lengths that fit where there are such."""
    fitting = [place for place in own if FROM_S <= seconds[place] <= TO_S]
    nearest = sorted(own, key=lambda place: abs(seconds[place] - FROM_S))[:_CANDIDATES]
    rest = fitting or nearest
    return [rest[i] for i in np.unique(np.linspace(0, len(rest) - 1, _CANDIDATES).round().astype(int))]


def write_reference(root: Path, clip: Clip, path: Path, rate: int) -> None:
    """Write a clip as it was coded: mono at `rate`, 16 bits."""
    mono = mono_at(_read(root, clip), rate)
    with writing(path.parent):
        path.parent.mkdir(exist_ok=True)
    atomic_write(path, encode_audio(Audio(np.clip(mono, -1, 1 - 2.0**-15)[:, None], rate, "PCM_16"), "wav"))


def _read(root: Path, clip: Clip) -> Audio:
    return audio.read(inside(root, clip.path), start=clip.start, end=clip.end)
