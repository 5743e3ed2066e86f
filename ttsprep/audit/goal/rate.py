"""What a corpus is judged for: the sample rate that a model is going to be trained at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ttsprep.checks.bandwidth import RATES, Bandwidth, least_band_hz, spectrum_end_hz
from ttsprep.checks.base import MOST


@dataclass(frozen=True, slots=True)
class RateChoice:
    """A sample rate that a corpus could be trained at, in Hz, and the clips and hours that fill it."""

    rate: int
    clips: int
    hours: float


@dataclass(frozen=True, slots=True)
class Goal:
    """What a corpus is judged for.

    Attributes
    ----------
    rate
        Sample rate in Hz; 0 where no clip can be read.
    asked
        Who asks for this rate: a trainer, the recipe, or "" where the corpus decides.
    choices
        Rates, the highest first, with what of the corpus fills each: the higher a rate, the fewer.
    """

    rate: int
    asked: str
    choices: tuple[RateChoice, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as ``summary.json`` has it."""
        choices = [{"rate": one.rate, "clips": one.clips, "hours": one.hours} for one in self.choices]
        return {"rate": self.rate, "asked": self.asked, "choices": choices}


def find_goal(clips: pd.DataFrame, rate: int, asked: str, share: float = Bandwidth.share) -> Goal:
    """Return the goal of a corpus.

    Without a `rate` it is the highest one that nine tenths of the hours fill: first that of most hours, then the
    usual ones below it.

    Parameters
    ----------
    clips
        The table of an audit.
    rate
        As it is asked for, in Hz; 0 where the corpus decides.
    asked
        Who asks for it.
    share
        Part of half a sample rate that the spectrum of a clip has to reach.
    """
    readable = clips[clips["status"] == "ok"]
    if readable.empty:
        return Goal(rate, asked)
    hours = readable["duration_s"].fillna(0.0).to_numpy(float) / 3600
    end = spectrum_end_hz(readable).to_numpy(float)
    by_rate = pd.Series(hours).groupby(readable["sample_rate"].to_numpy()).sum()
    own = int(by_rate.index.to_numpy()[by_rate.argmax()])
    choices = [_choice(one, end, hours, share) for one in sorted({own, rate or own, *RATES}, reverse=True)]
    choices = [one for one in choices if one.rate <= max(own, rate)]
    return Goal(rate or _best(choices, own, float(hours.sum())), asked, _distinct(choices))


def _choice(rate: int, end: np.ndarray[Any, Any], hours: np.ndarray[Any, Any], share: float) -> RateChoice:
    fills = end >= least_band_hz(np.full(len(end), float(rate)), share)
    return RateChoice(rate, int(fills.sum()), round(float(hours[fills].sum()), 6))


def _best(choices: Sequence[RateChoice], own: int, hours: float) -> int:
    filled = [one.rate for one in choices if one.rate <= own and one.hours >= MOST * hours]
    return filled[0] if filled else choices[-1].rate


def _distinct(choices: Sequence[RateChoice]) -> tuple[RateChoice, ...]:
    """Leave out rates that no clip fills, and those that a higher one is as good as."""
    kept: list[RateChoice] = []
    for one in choices:
        if one.clips and (not kept or one.clips > kept[-1].clips):
            kept.append(one)
    return tuple(kept)
