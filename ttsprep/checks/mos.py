"""How listeners would rate the recording, by a model that listens."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from ttsprep.checks.base import Check, Code
from ttsprep.core.dsp import FEWEST, deviation
from ttsprep.core.types import Finding, Severity

BIAS_S, BIAS_MOS = (1.2, 2.0, 2.6, 5.0), (0.9, 0.5, 0.2, 0.0)
"""How much lower a clip of this length, cut from a longer one, reads: the model hears it again and again."""


@dataclass(frozen=True)
class MosCheck(Check):
    """How listeners would rate the recording, by a model that listens.

    Attributes
    ----------
    below, spreads
        How far the overall rating lies below that of the speaker's other clips, and in spreads; both must be passed.
    least
        Overall rating under which a clip is bad in any corpus.
    corpus_least
        The same for the median of the corpus.
    least_s
        Shorter clips, in seconds, are not judged.
    """

    name = "mos"
    area = "noise"
    model = "mos"
    codes = (
        Code(
            "low-mos",
            "Listeners would rate the recording low.",
            "Only with `--listen mos`. DNSMOS P.835 (Reddy, Gopal and Cutler 2022) predicts how listeners would rate "
            "the speech (SIG), the background (BAK) and the whole (OVRL), from 1 to 5, in windows of 9 s. Warning if "
            "OVRL is 0.8 and 3 robust spreads below the median of the speaker, or below 2.2. Clips under 5 s read "
            "low, and are given the difference: 0.2 at 2.6 s, 0.9 at 1.2 s and less; no clip under 0.6 s is judged. "
            "One finding on the corpus if its median, the same given, is below 2.6.",
            "A model learns noise, echo and distortion along with the voice.",
            "Listen: noise and echo have findings of their own. Drop the clip, or record it again.",
        ),
    )
    measures: ClassVar[dict[str, str]] = {
        "mos_sig": "predicted rating of the speech, DNSMOS P.835 [1-5]",
        "mos_bak": "predicted rating of the background [1-5]",
        "mos_ovrl": "predicted rating of the whole [1-5]",
    }
    enough: ClassVar[dict[str, str]] = {"duration_s": "least_s"}

    below: float = 0.8
    spreads: float = 3.0
    least: float = 2.2
    corpus_least: float = 2.6
    least_s: float = 0.6

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        corpus = corpus[
            (corpus.level_range_db >= 10) & (corpus.duration_s >= self.least_s)
        ]  # the others have no speech
        corpus = corpus[corpus.mos_ovrl.notna()]
        if corpus.empty:
            return
        overall = corpus.mos_ovrl + np.interp(corpus.duration_s, BIAS_S, BIAS_MOS)
        against = deviation(corpus.mos_ovrl, corpus.speaker, least_spread=self.below / self.spreads)
        room = corpus.mos_ovrl - overall  # never above 0
        apart = (self.spreads * against.off / against.z).clip(lower=self.below).fillna(np.inf)
        limit = (against.centre.fillna(-np.inf) - apart).clip(lower=self.least) + room
        for i in np.flatnonzero(corpus.mos_ovrl < limit):
            row = corpus.iloc[i]
            what = "background" if row.mos_bak < row.mos_sig else "speech"
            message = (
                f"listeners would rate it {row.mos_ovrl:.1f} of 5 (limit {limit.iloc[i]:.1f}), mostly for its {what}: "
                f"speech {row.mos_sig:.1f}, background {row.mos_bak:.1f}"
            )
            value, bound = float(row.mos_ovrl), float(limit.iloc[i])
            yield Finding(str(row.id), "low-mos", Severity.WARNING, message, value, bound)
        middle = float(overall.median())
        if len(corpus) >= FEWEST and middle < self.corpus_least:
            message = f"listeners would rate a typical clip {middle:.1f} of 5 (limit {self.corpus_least:g})"
            yield Finding("", "low-mos", Severity.WARNING, message, middle, self.corpus_least)
