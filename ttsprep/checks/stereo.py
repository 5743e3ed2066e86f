"""Stereo: channels that cancel, are dead, come late, or carry something else."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from ttsprep.checks.base import Check, Code, rows
from ttsprep.core.signal import Signal
from ttsprep.core.types import Clip, Finding, Measures, Severity

_SECONDS = 30.0
"""Of a clip that are compared."""
LONGEST_MS = 25.0
"""Delay between two channels, at most: sound takes that long for 8 m."""
SILENT_DB = -120.0


@dataclass(frozen=True)
class Stereo(Check):
    """Stereo: channels that cancel, are dead, come late, or carry something else.

    Attributes
    ----------
    opposed
        Correlation of the channels under which they are out of phase.
    dead_db
        Level of one channel under the other from which on it is dead.
    alike
        Correlation at the best delay from which on the channels carry the same sound.
    delay_ms
        Delay of one channel behind the other from which on their sum is coloured.
    differ
        Correlation at the best delay under which the channels carry different sounds.
    """

    name = "stereo"
    area = "level"
    codes = (
        Code(
            "channels-out-of-phase",
            "Two channels are mirror images of each other.",
            "Correlation of the two loudest channels at no delay, over the first 30 s. Warning below -0.5.",
            "A loader that averages the channels gets silence, or what is left of the room.",
            "Take one channel, or turn one over. `ttsprep build` takes the louder one.",
        ),
        Code(
            "channel-dead",
            "One of two channels is silent, or nearly.",
            "Level of the second loudest channel against the loudest. Warning from 40 dB on.",
            "A loader that takes the first channel may get silence; one that averages gets half the level.",
            "Take the channel with the voice.",
        ),
        Code(
            "channels-delayed",
            "One channel is the other, some time later.",
            "The peak of the cross-correlation of the two loudest channels within 25 ms. Warning if it is at 0.2 ms or "
            "more, is 0.6 or more, and at no delay the correlation is lower by 0.05 or more.",
            "Their mean is a comb filter: notches through the whole spectrum, which a model learns as the voice.",
            "Take one channel; do not average.",
        ),
        Code(
            "channels-differ",
            "Two channels carry different sounds.",
            "The peak of the cross-correlation of the two loudest channels within 25 ms. Warning below 0.2.",
            "Another speaker, or music, is mixed into the voice as soon as the channels are.",
            "Take the channel with the voice that the transcript belongs to.",
        ),
    )
    measures: ClassVar[dict[str, str]] = {
        "channel_correlation": "correlation of the two loudest channels at no delay, -1 to 1",
        "channel_level_db": "level of the second loudest channel against the loudest [dB]",
        "channel_delay_ms": "delay between them at which they are most alike [ms]",
        "channel_likeness": "their correlation at that delay, 0 to 1",
    }

    opposed: float = -0.5
    dead_db: float = -40.0
    alike: float = 0.6
    delay_ms: float = 0.2
    differ: float = 0.2

    @staticmethod
    def measure(clip: Clip, signal: Signal) -> Measures:  # noqa: D102
        del clip
        names = list(Stereo.measures)
        samples = signal.audio.samples[: round(_SECONDS * signal.rate)]
        if samples.shape[1] < 2:
            return dict.fromkeys(names, np.nan)
        energy = np.einsum("ij,ij->j", samples, samples, dtype=np.float64)
        loud, quiet = np.argsort(-energy, kind="stable")[:2]
        if energy[loud] == 0:
            return dict.fromkeys(names, np.nan)
        level = 10 * np.log10(max(energy[quiet] / energy[loud], 1e-12))
        if energy[quiet] == 0:
            return dict(zip(names, (0.0, SILENT_DB, 0.0, 0.0), strict=True))
        curve = _correlation(samples[:, loud], samples[:, quiet], round(LONGEST_MS / 1000 * signal.rate))
        middle, best = len(curve) // 2, int(np.abs(curve).argmax())
        delay = abs(best - middle) / signal.rate * 1000
        return dict(zip(names, (float(curve[middle]), level, delay, float(abs(curve[best]))), strict=True))

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        for row in rows(corpus[corpus["channel_level_db"].notna()]):
            correlation, level, delay = row.channel_correlation, row.channel_level_db, row.channel_delay_ms
            alike = row.channel_likeness
            if level <= self.dead_db:
                message = f"one channel is {-level:.0f} dB under the other (limit {-self.dead_db:g} dB)"
                yield Finding(row.id, "channel-dead", Severity.WARNING, message, level, self.dead_db)
            elif correlation <= self.opposed:
                message = f"the channels are out of phase: correlation {correlation:.2f} (limit {self.opposed:g})"
                yield Finding(row.id, "channels-out-of-phase", Severity.WARNING, message, correlation, self.opposed)
            elif delay >= self.delay_ms and alike >= self.alike and correlation <= alike - 0.05:
                message = f"one channel comes {delay:.2f} ms after the other (limit {self.delay_ms:g} ms)"
                yield Finding(row.id, "channels-delayed", Severity.WARNING, message, delay, self.delay_ms)
            elif alike < self.differ:
                message = f"the channels carry different sounds: correlation {alike:.2f} (limit {self.differ:g})"
                yield Finding(row.id, "channels-differ", Severity.WARNING, message, alike, self.differ)


def _correlation(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32], longest: int) -> npt.NDArray[np.float64]:
    """Return the normalised cross-correlation at delays from ``-longest`` to ``longest`` samples."""
    size = 1 << (len(one) + longest).bit_length()
    spectrum = np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size))
    curve = np.fft.irfft(spectrum, size)
    around = np.concatenate([curve[-longest:], curve[: longest + 1]]) if longest else curve[:1]
    scale = np.sqrt(float(np.dot(one, one)) * float(np.dot(other, other)))
    normalised: npt.NDArray[np.float64] = around / max(scale, 1e-12)
    return normalised
