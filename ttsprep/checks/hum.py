"""Hum: the mains at 50 or 60 Hz with its harmonics."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ttsprep.checks.base import Check, Code
from ttsprep.signal import HOP_S, Signal, to_db
from ttsprep.types import Clip, Finding, Measures, Severity

MAINS_HZ = (50.0, 60.0)
DRIFT = np.linspace(-0.006, 0.006, 13)
"""The mains, and the clocks of recorders, are off by up to half a per cent."""
HARMONICS = 6
SURE = 25.0
"""Summed statistic above which a steady tone is no accident."""


@dataclass(frozen=True)
class Hum(Check):
    """Hum: the mains at 50 or 60 Hz with its harmonics.

    Attributes
    ----------
    warning_db, note_db
        Level of the hum relative to the speech.
    """

    name = "hum"
    version = 1
    codes = (
        Code(
            "hum",
            "The mains hums at 50 or 60 Hz.",
            "A tone that keeps its phase through the whole clip at a multiple of 50 or 60 Hz, which no voice does: the "
            "maximum-likelihood amplitude of a steady sinusoid in the short-time spectrum, each frame weighted by the "
            "inverse of its power (Kay 1998, section 4.5), summed over six harmonics. Warning above -28 dB relative "
            "to the speech, note above -35 dB.",
            "It is there in every pause, and a low voice gets a second pitch.",
            "Find the ground loop or the cable. A notch filter at the harmonics is harmless below 100 Hz only.",
        ),
    )
    measures = {
        "hum_db": "level of steady mains hum relative to the speech, -120 if there is none [dB]",
        "hum_hz": "frequency of the mains found, 0 if none [Hz]",
    }

    warning_db: float = -28.0
    note_db: float = -35.0

    @staticmethod
    def measure(clip: Clip, signal: Signal) -> Measures:  # noqa: D102
        spectrum = signal.low_spectrum
        times = np.arange(len(spectrum)) * (round(HOP_S * signal.rate) / signal.rate)
        power = spectrum.real**2 + spectrum.imag**2
        if not signal.speech.any():
            return {"hum_db": np.nan, "hum_hz": np.nan}
        best, level, mains = SURE, -120.0, 0.0
        for base in MAINS_HZ:
            score, sum_power = np.zeros(len(DRIFT)), np.zeros(len(DRIFT))
            for harmonic in range(1, HARMONICS + 1):
                k = round(harmonic * base / signal.bin_hz)
                weight = 1 / (np.convolve(power[:, k], np.full(5, 0.2, np.float32), "same") + 1e-11)
                # a phasor per frequency, by repeated multiplication along equally spaced frequencies
                first = np.exp(-2j * np.pi * harmonic * base * (1 + DRIFT[0]) * times)
                step = np.exp(-2j * np.pi * harmonic * base * (DRIFT[1] - DRIFT[0]) * times)
                phasor = weight * spectrum[:, k] * first
                amplitude = np.empty(len(DRIFT))
                for i in range(len(DRIFT)):
                    amplitude[i] = abs(phasor.sum())
                    phasor *= step
                total = weight.sum()
                statistic = amplitude**2 / total
                score += statistic
                sum_power += np.where(statistic > 8, 1.5 * (amplitude / total) ** 2, 0)  # 1.5: bins a Hann line fills
            i = int(score.argmax())
            if score[i] > best and sum_power[i] > 0:
                speech = float(to_db(signal.speech_spectrum.sum()))
                best, level, mains = score[i], 10 * np.log10(sum_power[i]) - speech, base * (1 + DRIFT[i])
        return {"hum_db": max(level, -120.0), "hum_hz": mains}

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        for row in corpus[corpus.hum_db > self.note_db].itertuples():
            warning = row.hum_db > self.warning_db
            limit = self.warning_db if warning else self.note_db
            message = f"hums at {row.hum_hz:.1f} Hz, {row.hum_db:.0f} dB relative to the speech (limit {limit:g} dB)"
            severity = Severity.WARNING if warning else Severity.NOTE
            yield Finding(row.id, "hum", severity, message, row.hum_db, limit)
