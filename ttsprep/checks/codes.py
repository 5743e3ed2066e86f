"""How well a codec fits each clip: needs the codes of the corpus."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from ttsprep.checks.base import Check, Code, rows
from ttsprep.core.dsp import deviation
from ttsprep.core.types import Finding, Severity


@dataclass(frozen=True)
class Codes(Check):
    """How well a codec fits each clip: needs the codes of the corpus.

    Attributes
    ----------
    outlier_z
        Distance from the median of the speaker, in spreads.
    least_spread_db
        Floor of that spread, in dB.
    """

    name = "codes"
    area = "spectrum"
    model = "codes"
    codes = (
        Code(
            "codec-outlier",
            "The codec fits this clip much worse than the others.",
            "Only with `--codes`, the result of `ttsprep encode`. Energy of the clip's latents that its codes miss, "
            "relative to all of it. Note above the median of the speaker by 4 robust spreads.",
            "What a codec has never heard is no speech, or not as the rest: a chord, strong noise, a hum, distortion.",
            "Listen to it. It is a second opinion, not a verdict.",
        ),
    )
    measures: ClassVar[dict[str, str]] = {"codec_distance_db": "energy that the codes miss, relative to all of it [dB]"}

    outlier_z: float = 4.0
    least_spread_db: float = 0.3

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        against = deviation(corpus.codec_distance_db, corpus.speaker, least_spread=self.least_spread_db)
        for row, off, z in zip(rows(corpus), against.off, against.z, strict=True):
            if z > self.outlier_z:
                message = f"its codes miss {off:.1f} dB more than those of the other clips ({z:.1f} spreads)"
                yield Finding(row.id, "codec-outlier", Severity.NOTE, message, row.codec_distance_db)
