"""Reverberation: how fast the sound can fall."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from ttsprep.checks.base import Check, Code, rows
from ttsprep.core.signal import Signal, percentile, to_db
from ttsprep.core.types import Clip, Finding, Measures, Severity

_STEP = 6
"""Frames over which a fall is taken: 60 ms."""
BANDS_HZ = ((500, 1_500), (1_500, 4_000))


@dataclass(frozen=True)
class Reverb(Check):
    """Reverberation: how fast the sound can fall.

    Attributes
    ----------
    decay_db
        Fastest falls below this mean a room that can be heard.
    short_decay_db, short_speech_s
        The limit of a warning for clips with less speech than that: they have few falls.
    """

    name = "reverb"
    area = "noise"
    codes = (
        Code(
            "reverberant",
            "The room can be heard.",
            "The fastest falls of the level: the 95th percentile of the drop within 60 ms, in two bands, from frames "
            "within 20 dB of the loudest. Dry speech stops by 20 dB and more; a room with a strong late tail lets it "
            "fall by 60 dB in its RT60 only. Clean voices read 15 to 40 dB. Warning below 12 dB; for "
            "clips with under 1 s of speech, which may hold one long vowel only, below 9 dB, and a note below 12 dB.",
            "The model cannot separate the room from the voice: everything it says will sound far away.",
            "Record closer and in a softer room. Dereverberation leaves artefacts.",
        ),
    )
    measures: ClassVar[dict[str, str]] = {
        "decay_db_per_60ms": "drop of the fastest falls of the level within 60 ms [dB]"
    }

    decay_db: float = 12.0
    short_decay_db: float = 9.0
    short_speech_s: float = 1.0

    @staticmethod
    def measure(clip: Clip, signal: Signal) -> Measures:  # noqa: D102
        hz = signal.bin_hz
        drops = []
        for level in to_db(signal.bands(*((int(low / hz), int(high / hz)) for low, high in BANDS_HZ)).T):
            if len(level) <= 2 * _STEP:
                continue
            loud = signal.speech[:-_STEP] & (level[:-_STEP] > percentile(level, 98) - 20)
            if loud.sum() > _STEP:
                drops.append(percentile((level[:-_STEP] - level[_STEP:])[loud], 95))
        return {"decay_db_per_60ms": float(np.mean(drops)) if drops else np.nan}

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        slow = (corpus.decay_db_per_60ms < self.decay_db) & (corpus.level_range_db >= 10)
        for row in rows(corpus[slow]):
            sure = row.speech_s >= self.short_speech_s or row.decay_db_per_60ms < self.short_decay_db
            message = (
                f"the level never falls faster than {row.decay_db_per_60ms:.0f} dB in 60 ms (limit {self.decay_db:g} "
                "dB): the room rings on"
            )
            severity = Severity.WARNING if sure else Severity.NOTE
            yield Finding(row.id, "reverberant", severity, message, row.decay_db_per_60ms, self.decay_db)
