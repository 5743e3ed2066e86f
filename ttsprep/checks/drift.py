"""Drift: how the recording changes along the order of the files."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ttsprep.checks.base import Check, Code
from ttsprep.core.dsp import robust_spread
from ttsprep.core.types import Finding, Severity

FEWEST_OF_SESSION = 40
TRACKS = (
    # column, in words, unit, least change that a listener notices
    ("loudness_lufs", "loudness", "dB", 4.0),
    ("noise_floor_dbfs", "noise floor", "dB", 8.0),
    ("f0_median_hz", "F0", "semitones", 2.0),
    ("tilt_db", "treble against bass", "dB", 5.0),
    ("phones_per_s", "speaking rate", "%", 20.0),
)

_Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Drift(Check):
    """Drift: how the recording changes along the order of the files.

    Attributes
    ----------
    effect
        Least change between two parts of the corpus, in robust spreads of the clips within a part.
    segments
        Parts that a speaker's clips are cut into, in the order of the corpus.
    """

    name = "drift"
    area = "voice"
    codes = (
        Code(
            "session-drift",
            "The recording changes along the corpus: another day, distance or gain.",
            "The clips of each speaker, in the order of the corpus, are cut into 8 parts; the medians of loudness, "
            "noise floor, F0, spectral tilt and speaking rate of the parts are compared. Warning where the highest and "
            "the lowest differ by 1.5 robust spreads of the clips and by an amount that is heard (4 dB, 8 dB, 2 "
            "semitones, 5 dB, 20 %), and the means by more than when the clips are shuffled. Speakers with under 40 "
            "clips are not judged.",
            "The model averages the sessions, or jumps between them.",
            "Bring every clip to one loudness; equalise or leave out the odd session; see the drift in the report.",
        ),
    )

    effect: float = 1.5
    segments: int = 8

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        table = corpus[corpus.speech_s > 0.5]
        table = table.assign(
            tilt_db=table[["timbre_2500_db", "timbre_3600_db", "timbre_4700_db"]].mean(axis=1)
            - table[["timbre_250_db", "timbre_400_db", "timbre_630_db"]].mean(axis=1)
        )
        for speaker, clips in table.groupby("speaker", sort=True):
            if len(clips) >= FEWEST_OF_SESSION:
                for column, words, unit, least in TRACKS:
                    yield from self._track(str(speaker), clips, column, words, unit, least)

    def _track(
        self, speaker: str, clips: pd.DataFrame, column: str, words: str, unit: str, least: float
    ) -> Iterator[Finding]:
        values = clips[column].astype("float64")
        scale = {"semitones": 12.0, "%": 100.0 / np.log2(np.e)}.get(unit)
        in_unit = scale * np.log2(values.where(values > 0)) if scale else values
        track = np.asarray(in_unit, np.float64)
        parts = self._parts(track)
        if len(parts) < 2:
            return
        medians = np.array([np.nanmedian(part) for part in parts])
        within = np.median([robust_spread(part) for part in parts])
        # the median of a part of n clips is itself uncertain by about 1.25 spreads over the root of n
        doubt = 1.25 * within / np.sqrt(min(len(part) for part in parts))
        change = float(medians.max() - medians.min())
        if change - 2 * doubt > least and change > self.effect * within and self._in_order(track):
            high, low = int(medians.argmax()), int(medians.argmin())
            whose = f" of {speaker}" if speaker else ""
            message = (
                f"{words}{whose} changes by {change:.0f} {unit} between the {_ordinal(low + 1)} and the "
                f"{_ordinal(high + 1)} eighth of the corpus (limit {least:g} {unit})"
            )
            yield Finding("", "session-drift", Severity.WARNING, message, change, least)

    def _parts(self, track: _Values) -> list[_Values]:
        return [part for part in np.array_split(track, self.segments) if np.isfinite(part).sum() >= 4]

    def _in_order(self, track: _Values) -> bool:
        """Whether the means move by more than in any other order: of two kinds, well mixed, medians jump by chance."""
        random = np.random.default_rng(0)
        orders = [track, *(random.permutation(track) for _ in range(20))]
        moves = [
            np.ptp([0.0, *(np.nanmean(part) - np.nanmean(track) for part in self._parts(order))]) for order in orders
        ]
        return bool(moves[0] > max(moves[1:]))


def _ordinal(n: int) -> str:
    return f"{n}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(n, 'th') }"
