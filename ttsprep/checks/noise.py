"""Noise: how far the speech stands above the noise, and how loud that noise is."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pandas as pd

from ttsprep.checks.base import Chart, Check, Code, graded
from ttsprep.core.signal import DIGITAL_SILENCE_DB, Signal, to_db
from ttsprep.core.types import Clip, Finding, Measures, Severity

OCTAVES_HZ = (250, 500, 1_000, 2_000, 4_000, 8_000)
EXPONENTIAL_P10 = 0.105
"""The 10th percentile of an exponential distribution over its mean: -ln 0.9."""


@dataclass(frozen=True)
class Noise(Check):
    """Noise: how far the speech stands above the noise, and how loud that noise is.

    Attributes
    ----------
    snr_error_db, snr_warning_db
        Below these a clip is ``noisy``.
    floor_warning_snr_db, floor_note_snr_db
        Below these its noise floor is audible in every pause.
    """

    name = "noise"
    area = "noise"
    charts: ClassVar[dict[str, Chart]] = {
        "snr_db": Chart("Signal to noise", "dB", 0, short="SNR"),
        "noise_floor_dbfs": Chart("Noise floor", "dBFS", 0, short="floor"),
    }
    codes = (
        Code(
            "noisy",
            "The speech is not far enough above the noise.",
            "SNR between 150 Hz and 8 kHz. The noise is what each frequency falls back to: the 10th percentile over "
            "time of each bin, corrected for exponentially distributed power (minimum statistics, Martin 2001), "
            "averaged in dB over octaves so that a clip without pauses is not mistaken for a noisy one; or the level "
            "of the quietest 5 % of frames, whichever says there is less noise. Error below 15 dB, warning below "
            "22.5 dB.",
            "The model learns the noise as part of the voice and plays it under every sentence.",
            "Drop it, or record again. Denoisers leave artefacts that are learnt as well.",
        ),
        Code(
            "noise-floor-high",
            "Noise can be heard in every pause.",
            "The same SNR, nearer to what a listener notices: warning below 24.5 dB, note below 27 dB. The message "
            "has the level of the noise in dBFS.",
            "Pauses of the synthetic voice will hiss; mixed with clean clips they hiss at random.",
            "Find the source (fan, preamp, gain set too low) and record again, or keep such clips apart.",
        ),
    )
    measures: ClassVar[dict[str, str]] = {
        "snr_db": "level of the speech above the noise, 150 Hz to 8 kHz [dB]",
        "noise_floor_dbfs": "level of the noise, 150 Hz to 8 kHz [dBFS]",
    }

    snr_error_db: float = 15.0
    snr_warning_db: float = 22.5
    floor_warning_snr_db: float = 24.5
    floor_note_snr_db: float = 27.0

    @staticmethod
    def measure(clip: Clip, signal: Signal) -> Measures:  # noqa: D102
        alive = signal.level_db > DIGITAL_SILENCE_DB
        if not signal.speech.any() or alive.sum() < 5:
            return {"snr_db": np.nan, "noise_floor_dbfs": np.nan}
        power, hz = signal.power, signal.bin_hz
        low, high = int(150 / hz), min(int(8_000 / hz), power.shape[1])
        speech = float(to_db(signal.speech_spectrum[low:high].sum()))
        # every second frame: they overlap by three quarters
        frames = np.ascontiguousarray(power[::2, :high].T if alive.all() else power[alive][::2, :high].T)
        tenth = max(0, int(0.1 * frames.shape[1]) - 1)
        quiet = np.partition(frames, tenth, axis=1)[:, tenth] / EXPONENTIAL_P10
        edges = [int(edge / hz) for edge in OCTAVES_HZ if edge < 0.46 * signal.rate]
        edges.append(min(int(8_000 / hz), int(0.46 * signal.rate / hz)))
        octaves = [
            float(to_db(quiet[a:b].sum()))
            for a, b in pairwise(edges)
            if b > a and to_db(signal.speech_spectrum[a:b].sum()) > speech - 50  # an empty band says nothing
        ]
        # pink noise has as much power in every octave: the sum is the mean of the octaves times their number
        by_octaves = speech - float(np.mean(octaves)) - 10 * np.log10(len(edges) - 1) if octaves else np.nan
        snr = float(np.nanmax([by_octaves, speech - signal.floor_db - 2.0]))
        return {"snr_db": snr, "noise_floor_dbfs": speech - snr}

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        corpus = corpus[corpus.level_range_db >= 10]  # below that nothing is speech, and no-speech says so
        limits = (Severity.ERROR, self.snr_error_db), (Severity.WARNING, self.snr_warning_db)
        message = "the speech is {value:.0f} dB above the noise (limit {limit:g} dB)"
        yield from graded(corpus, "snr_db", "noisy", limits, message, below=True)
        limits = (Severity.WARNING, self.floor_warning_snr_db), (Severity.NOTE, self.floor_note_snr_db)
        message = "the noise floor is at {row.noise_floor_dbfs:.0f} dBFS, only {value:.0f} dB under the speech "
        yield from graded(corpus, "snr_db", "noise-floor-high", limits, message + "(limit {limit:g} dB)", below=True)
