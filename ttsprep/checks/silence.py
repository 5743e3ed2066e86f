"""Silence: around and inside the speech, and where it should not be."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ttsprep.checks.base import Check, Code
from ttsprep.signal import HOP_S, Signal, runs
from ttsprep.types import Clip, Finding, Measures, Samples, Severity

STEP = 2.0**-15
EDGE_S = 0.015


@dataclass(frozen=True)
class Silence(Check):
    """Silence: around and inside the speech, and where it should not be.

    Attributes
    ----------
    lead_s, tail_s, pause_s
        Longest silence before, after and inside the speech, in seconds.
    dropout_s
        Shortest run of frozen samples inside speech.
    edge_db
        Level of the first and last 15 ms relative to the speech.
    level_range_db, quiet_dbfs
        Below either there is no speech.
    """

    name = "silence"
    version = 1
    codes = (
        Code(
            "leading-silence",
            "Too long a silence before the speech.",
            "Time to the first frame with speech (34 dB under loud speech, or 8 dB over the floor). Warning above 1 s.",
            "Alignment has to guess where speech begins; the model learns to hesitate.",
            "`ttsprep build` trims it (stage trim).",
        ),
        Code(
            "trailing-silence",
            "Too long a silence after the speech.",
            "Time after the last frame with speech. Warning above 1.2 s.",
            "The model learns to go on after the text has ended, and to babble there.",
            "`ttsprep build` trims it (stage trim).",
        ),
        Code(
            "long-pause",
            "A long silence inside the clip.",
            "Longest run of frames without speech between two with speech. Warning above 1.5 s.",
            "Attention gets lost in it; words are skipped or repeated after it.",
            "Split the clip there, or shorten the pause.",
        ),
        Code(
            "dropout",
            "The sound is missing for a moment inside a word.",
            "A run of samples that stand still, 5 ms or longer, with speech right before or after it at a level that "
            "does not stop so suddenly. Error.",
            "A gap in a vowel is learnt as a glottal stop or a click.",
            "Drop the clip, or take the original file: packets or disk blocks were lost.",
        ),
        Code(
            "cut-start",
            "Starts inside a word.",
            "Level of the first 15 ms relative to the speech. Words begin 25 dB and more under it. Error above -14 "
            "dB.",
            "The first phone is missing but its letter is there: the model learns to swallow it.",
            "Cut the clip again from the recording with 100 ms to spare, or drop it.",
        ),
        Code(
            "cut-end",
            "Ends inside a word.",
            "Level of the last 15 ms relative to the speech. Words end 25 dB and more under it. Error above -14 dB.",
            "The model learns to break off, and its attention never sees an end.",
            "Cut the clip again from the recording with 100 ms to spare, or drop it.",
        ),
        Code(
            "no-speech",
            "There is nothing that behaves like speech.",
            "Speech rises and falls by 20 dB and more. An error where the level (98th against 5th percentile) moves "
            "by less than 10 dB, or nothing lies above -75 dBFS.",
            "Text is aligned to noise.",
            "Drop it.",
        ),
    )
    measures = {
        "lead_silence_s": "before the first speech [s]",
        "tail_silence_s": "after the last speech [s]",
        "longest_pause_s": "longest silence between speech [s]",
        "longest_pause_at_s": "where it starts [s]",
        "pauses": "silences of 0.15 s and longer between speech [count]",
        "speech_s": "frames with speech [s]",
        "speech_span_s": "from the first to the last speech [s]",
        "level_range_db": "98th against 5th percentile of the frame levels [dB]",
        "speech_dbfs": "level of loud speech, the 98th percentile of the frames [dBFS]",
        "dropout_s": "samples that stand still inside speech [s]",
        "dropout_at_s": "where the longest of them starts [s]",
        "start_edge_db": "level of the first 15 ms relative to the speech [dB]",
        "end_edge_db": "level of the last 15 ms relative to the speech [dB]",
    }

    lead_s: float = 1.0
    tail_s: float = 1.2
    pause_s: float = 1.5
    dropout_s: float = 0.005
    edge_db: float = -14.0
    level_range_db: float = 10.0
    quiet_dbfs: float = -75.0

    @staticmethod
    def measure(clip: Clip, signal: Signal) -> Measures:  # noqa: D102
        speech = signal.speech
        found = np.flatnonzero(speech)
        range_db = signal.peak_db - signal.floor_db
        dropout, at = _dropout(signal)
        row: Measures = {
            "level_range_db": range_db,
            "speech_dbfs": signal.peak_db,
            "dropout_s": dropout,
            "dropout_at_s": at,
            "start_edge_db": _edge(signal, signal.samples[: int(EDGE_S * signal.rate)]),
            "end_edge_db": _edge(signal, signal.samples[-int(EDGE_S * signal.rate) :]),
            "speech_s": len(found) * HOP_S,
        }
        if not len(found):
            nothing = ("longest_pause_s", "longest_pause_at_s", "pauses", "speech_span_s")
            return row | dict.fromkeys(("lead_silence_s", "tail_silence_s", *nothing), np.nan)
        inner = runs(~speech[found[0] : found[-1]])
        longest = max(inner, key=lambda run: run[1] - run[0], default=(0, 0))
        return row | {
            "lead_silence_s": found[0] * HOP_S,
            "tail_silence_s": max(0.0, signal.duration - (found[-1] + 1) * HOP_S),
            "longest_pause_s": (longest[1] - longest[0]) * HOP_S,
            "longest_pause_at_s": (found[0] + longest[0]) * HOP_S,
            "pauses": sum(last - first >= 15 for first, last in inner),
            "speech_span_s": (found[-1] + 1 - found[0]) * HOP_S,
        }

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        silent = (corpus.level_range_db < self.level_range_db) | (corpus.speech_dbfs < self.quiet_dbfs)
        for row in corpus[silent].itertuples():
            message = (
                f"its level moves by {row.level_range_db:.0f} dB only (limit {self.level_range_db:g} dB) around "
                f"{row.speech_dbfs:.0f} dBFS: nothing in it behaves like speech"
            )
            yield Finding(row.id, "no-speech", Severity.ERROR, message, row.level_range_db, self.level_range_db)
        spoken = corpus[~silent]
        for row in spoken[spoken.lead_silence_s > self.lead_s].itertuples():
            message = f"{row.lead_silence_s:.1f} s of silence before the speech (limit {self.lead_s:g} s)"
            place = (0.0, row.lead_silence_s)
            yield Finding(
                row.id, "leading-silence", Severity.WARNING, message, row.lead_silence_s, self.lead_s, *place
            )
        for row in spoken[spoken.tail_silence_s > self.tail_s].itertuples():
            message = f"{row.tail_silence_s:.1f} s of silence after the speech (limit {self.tail_s:g} s)"
            place = (row.duration_s - row.tail_silence_s, row.duration_s)
            yield Finding(
                row.id, "trailing-silence", Severity.WARNING, message, row.tail_silence_s, self.tail_s, *place
            )
        for row in spoken[spoken.longest_pause_s > self.pause_s].itertuples():
            message = f"a pause of {row.longest_pause_s:.1f} s inside the speech (limit {self.pause_s:g} s)"
            place = (row.longest_pause_at_s, row.longest_pause_at_s + row.longest_pause_s)
            yield Finding(
                row.id, "long-pause", Severity.WARNING, message, row.longest_pause_s, self.pause_s, *place
            )
        for row in spoken[spoken.dropout_s >= self.dropout_s].itertuples():
            message = f"the sound is missing for {row.dropout_s * 1000:.0f} ms inside speech"
            place = (row.dropout_at_s, row.dropout_at_s + row.dropout_s)
            yield Finding(row.id, "dropout", Severity.ERROR, message, row.dropout_s, self.dropout_s, *place)
        yield from self._cuts(spoken)

    def _cuts(self, corpus: pd.DataFrame) -> Iterator[Finding]:
        for row in corpus[corpus.start_edge_db > self.edge_db].itertuples():
            message = f"starts inside a sound, {row.start_edge_db:.0f} dB relative to the speech (limit {self.edge_db:g})"
            yield Finding(
                row.id, "cut-start", Severity.ERROR, message, row.start_edge_db, self.edge_db, 0.0, 0.1
            )
        for row in corpus[corpus.end_edge_db > self.edge_db].itertuples():
            message = f"ends inside a sound, {row.end_edge_db:.0f} dB relative to the speech (limit {self.edge_db:g})"
            place = (max(0.0, row.duration_s - 0.1), row.duration_s)
            yield Finding(row.id, "cut-end", Severity.ERROR, message, row.end_edge_db, self.edge_db, *place)


def _edge(signal: Signal, samples: Samples) -> float:
    """Level of a few samples relative to the mean level of the speech, in dB."""
    speech = signal.power[signal.speech].sum(axis=1).mean() if signal.speech.any() else 0.0
    if speech <= 0 or not signal.audio.complete:
        return float("nan")
    return float(10 * np.log10(max(float(np.mean(samples**2)), 1e-12) / speech))


def _dropout(signal: Signal) -> tuple[float, float]:
    """Seconds of samples that stand still beside loud ones, and where the longest run of them starts."""
    samples, rate = signal.samples, signal.rate
    shortest = int(0.004 * rate)
    moving = np.flatnonzero(np.abs(np.diff(samples)) > 1.5 * STEP)
    gaps = np.diff(moving)
    total, longest, place = 0, 0, 0
    near = int(0.003 * rate)
    loud = 10 ** ((signal.peak_db - 22) / 20)
    for i in np.flatnonzero(gaps > shortest):
        first, last = int(moving[i]) + 1, int(moving[i + 1]) + 1
        sides = [samples[max(0, first - near) : first], samples[last : last + near]]
        levels = sorted(float(np.sqrt(np.mean(side**2))) if len(side) else 0.0 for side in sides)
        if levels[1] > loud and levels[0] > 0.1 * loud:
            total += last - first
            if last - first > longest:
                longest, place = last - first, first
    return total / rate, place / rate if longest else float("nan")
