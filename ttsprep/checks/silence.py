"""Silence: around and inside the speech, and where it should not be."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ttsprep.checks.base import FEW, Chart, Check, Code, graded, rows
from ttsprep.checks.pace import pace
from ttsprep.core.dsp import deviation
from ttsprep.core.signal import Signal, runs
from ttsprep.core.types import Clip, Finding, Measures, Samples, Severity

_STEP = 2.0**-15
EDGE_S = 0.005
FALL_DB = 9.0
"""What a sound that goes on may rise or fall within 40 ms."""
_TIGHT_S = 0.03
_TAIL_S, _FEW_TAILS = 0.1, 0.1
"""Less room after the speech than this, in seconds and in this share of the clips, is short."""
"""Less silence than this is none."""


@dataclass(frozen=True)
class Silence(Check):
    """Silence: around and inside the speech, and where it should not be.

    Attributes
    ----------
    lead_s, tail_s, pause_s
        Longest silence before, after and inside the speech, in seconds.
    pause_most_s
        Longest pause that even a slow reader may make, in seconds.
    dropout_s
        Shortest run of frozen samples inside speech.
    edge_warning_db, edge_error_db
        Level of the first and last 5 ms relative to the speech.
    edge_least_db, edge_spreads
        Warning from so many spreads over the usual level of the edges, but not under `edge_least_db`.
    tight
        Share of the clips that start or end inside a sound, from which on it is the rule of the corpus.
    early_db, early_z
        Level from which on an end without a pause is cut, if the speech is so many spreads short for the text.
    sure_z, unlike_z, tail_spreads
        The same at any level, where little room is left, and where it is so many spreads less than usual.
    edge_above_noise_db
        Least distance of such an edge from the noise.
    level_range_db, quiet_dbfs
        Below either there is no speech.
    """

    name = "silence"
    area = "silence"
    charts: ClassVar[dict[str, Chart]] = {
        "lead_silence_s": Chart("Silence before", "s", 2),
        "tail_silence_s": Chart("Silence after", "s", 2),
        "longest_pause_s": Chart("Longest pause", "s", 2),
    }
    version = 4
    codes = (
        Code(
            "leading-silence",
            "Too long a silence before the speech.",
            "Time to the first frame with speech (34 dB under loud speech, or 8 dB over the floor). Warning above 1 s.",
            "Alignment has to guess where speech begins; the model learns to hesitate.",
            "Trim it to 100-250 ms of room tone.",
        ),
        Code(
            "trailing-silence",
            "Too long a silence after the speech.",
            "Time after the last frame with speech. Warning above 1.2 s.",
            "The model learns to go on after the text has ended, and to babble there.",
            "Trim it to 100-250 ms of room tone.",
        ),
        Code(
            "long-pause",
            "A long silence inside the clip.",
            "Longest run of frames without speech between two with speech. Note above 1.5 s; warning above 2.5 s, or "
            "less (down to 1.5 s) where the corpus has short pauses: the median of the speaker plus 4 robust spreads.",
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
            "Level of the first 5 ms relative to the speech; less where the level is still rising by more than 9 dB in "
            "the next 40 ms, as at the onset of a tightly trimmed word. Words begin 25 dB and more under it. "
            "Warning above -13 dB, down to -19 dB where that is 4 robust spreads above the usual edge; error above -7 "
            "dB; if that is 8 dB above the noise. Where over 12 % of the clips are so, the corpus is cut tightly: one "
            "finding says how many clips have no lead-in, and the others are a warning and a note, as an onset "
            "that was trimmed closely looks like a sound that was cut.",
            "The first phone is missing but its letter is there: the model learns to swallow it.",
            "Cut the clip again from the recording with 100 ms to spare, or drop it.",
        ),
        Code(
            "cut-end",
            "Ends inside a word.",
            "Level of the last 5 ms relative to the speech; less where the level is falling by more than 9 dB in the "
            "40 ms before. Limits as for `cut-start`. Also a warning where a clip leaves little room after the "
            "speech, and has less speech than its text takes (see `rate-outlier`), so that its last word may be "
            "missing: under 30 ms above -35 dB with 1.2 spreads less; less room than nine clips in ten have, with 2.2 "
            "spreads less; 6 spreads less room than usual, with 0.7 spreads less. In seven voices 97 to 100 % of the "
            "ends that are cut inside a sound are named; of last words that are cut off at their quietest place 87 % "
            "in Asterisk's English voice, 59 and 53 % in its Italian and Spanish, 71 % in festvox-ru and 57 % in "
            "LJSpeech (`benchmarks/ends.py`), where a word is within what the pace of a reader varies.",
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
    measures: ClassVar[dict[str, str]] = {
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
        "start_edge_db": "level of the first 5 ms relative to the speech, less while it rises [dB]",
        "end_edge_db": "level of the last 5 ms relative to the speech, less while it falls [dB]",
    }

    lead_s: float = 1.0
    tail_s: float = 1.2
    pause_s: float = 1.5
    pause_most_s: float = 2.5
    dropout_s: float = 0.005
    edge_warning_db: float = -13.0
    edge_error_db: float = -7.0
    edge_least_db: float = -19.0
    edge_spreads: float = 4.0
    edge_above_noise_db: float = 8.0
    tight: float = 0.12
    early_db: float = -35.0
    early_z: float = 1.2
    sure_z: float = 2.2
    unlike_z: float = 0.7
    tail_spreads: float = 6.0
    level_range_db: float = 10.0
    quiet_dbfs: float = -75.0

    @staticmethod
    def measure(clip: Clip, signal: Signal) -> Measures:  # noqa: D102
        speech = signal.speech
        frames = np.flatnonzero(speech)
        hop = signal.hop_s
        range_db = signal.peak_db - signal.floor_db
        dropout, at = _dropout(signal)
        row: Measures = {
            "level_range_db": range_db,
            "speech_dbfs": signal.peak_db,
            "dropout_s": dropout,
            "dropout_at_s": at,
            "start_edge_db": _edge(signal, signal.samples[: int(0.04 * signal.rate)][::-1]),
            "end_edge_db": _edge(signal, signal.samples[-int(0.04 * signal.rate) :]),
            "speech_s": len(frames) * hop,
        }
        if not len(frames):
            nothing = ("longest_pause_s", "longest_pause_at_s", "pauses", "speech_span_s")
            return row | dict.fromkeys(("lead_silence_s", "tail_silence_s", *nothing), np.nan)
        inner = runs(~speech[frames[0] : frames[-1]])
        longest = max(inner, key=lambda run: run[1] - run[0], default=(0, 0))
        return row | {
            "lead_silence_s": frames[0] * hop,
            "tail_silence_s": max(0.0, signal.duration - (frames[-1] + 1) * hop) if signal.audio.complete else np.nan,
            "longest_pause_s": (longest[1] - longest[0]) * hop,
            "longest_pause_at_s": (frames[0] + longest[0]) * hop,
            "pauses": sum(last - first >= 15 for first, last in inner),
            "speech_span_s": (frames[-1] + 1 - frames[0]) * hop,
        }

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        silent = (corpus.level_range_db < self.level_range_db) | (corpus.speech_dbfs < self.quiet_dbfs)
        for row in rows(corpus[silent]):
            message = (
                f"its level moves by {row.level_range_db:.0f} dB only (limit {self.level_range_db:g} dB) around "
                f"{row.speech_dbfs:.0f} dBFS: nothing in it behaves like speech"
            )
            yield Finding(row.id, "no-speech", Severity.ERROR, message, row.level_range_db, self.level_range_db)
        spoken = corpus[~silent]
        for column, code, limit, where in (
            ("lead_silence_s", "leading-silence", self.lead_s, "before"),
            ("tail_silence_s", "trailing-silence", self.tail_s, "after"),
        ):
            message = f"{{value:.1f}} s of silence {where} the speech (limit {{limit:g}} s)"
            place = _lead if where == "before" else _tail
            yield from graded(spoken, column, code, [(Severity.WARNING, limit)], message, place=place)
        yield from self._pauses(spoken)
        for row in rows(spoken[spoken.dropout_s >= self.dropout_s]):
            message = f"the sound is missing for {row.dropout_s * 1000:.0f} ms inside speech"
            at = row.dropout_at_s, row.dropout_at_s + row.dropout_s
            yield Finding(row.id, "dropout", Severity.ERROR, message, row.dropout_s, self.dropout_s, *at)
        yield from self._cuts(spoken)

    def _pauses(self, corpus: pd.DataFrame) -> Iterator[Finding]:
        usual = deviation(corpus.longest_pause_s, corpus.speaker, least_spread=0.1)
        spread = usual.off / usual.z
        limits = (usual.centre + 4 * spread).clip(self.pause_s, self.pause_most_s).fillna(self.pause_most_s)
        long = corpus.longest_pause_s > self.pause_s
        for row, usual_limit in zip(rows(corpus[long]), limits[long], strict=True):
            warning = row.longest_pause_s > usual_limit
            limit = usual_limit if warning else self.pause_s
            message = f"a pause of {row.longest_pause_s:.1f} s inside the speech (limit {limit:.1f} s)"
            place = (row.longest_pause_at_s, row.longest_pause_at_s + row.longest_pause_s)
            severity = Severity.WARNING if warning else Severity.NOTE
            yield Finding(row.id, "long-pause", severity, message, row.longest_pause_s, limit, *place)

    def _cuts(self, corpus: pd.DataFrame) -> Iterator[Finding]:
        for column, code, what, place in (
            ("start_edge_db", "cut-start", "starts", _start),
            ("end_edge_db", "cut-end", "ends", _end),
        ):
            edge = corpus[column]
            usual = deviation(edge, corpus.speaker, least_spread=2.0)
            limit = (usual.centre + self.edge_spreads * usual.off / usual.z).fillna(self.edge_warning_db)
            limit = limit.clip(self.edge_least_db, self.edge_warning_db)
            cut = (edge > limit) & (edge + corpus.snr_db.fillna(60.0) > self.edge_above_noise_db)
            tight = float(cut.mean()) > self.tight and cut.sum() > FEW
            if tight:
                yield self._tight(corpus, code, cut)
            for row, least in zip(rows(corpus[cut]), limit[cut], strict=True):
                value = getattr(row, column)
                error = value > self.edge_error_db
                bound = self.edge_error_db if error else least
                message = f"{what} inside a sound, at {value:+.0f} dB relative to the speech (limit {bound:.3g} dB)"
                ranks = (Severity.WARNING, Severity.NOTE) if tight else (Severity.ERROR, Severity.WARNING)
                yield Finding(row.id, code, ranks[0 if error else 1], message, value, bound, *place(row))
            if code == "cut-end":
                yield from self._early(corpus[~cut])

    def _tight(self, corpus: pd.DataFrame, code: str, cut: "pd.Series[bool]") -> Finding:
        """Return the finding on a corpus where cuts inside a sound are the rule."""
        column, what, phone = (
            ("lead_silence_s", "lead-in", "first")
            if code == "cut-start"
            else ("tail_silence_s", "room after them", "last")
        )
        bare = float((corpus[column] < _TIGHT_S).mean())
        message = (
            f"{bare:.0%} of the clips have no {what}: cut tightly; {cut.mean():.0%} are cut into their {phone} phone "
            f"(limit {self.tight:.0%}), which is learnt from the others alone"
        )
        return Finding("", code, Severity.WARNING, message, float(cut.mean()), self.tight)

    def _early(self, corpus: pd.DataFrame) -> Iterator[Finding]:
        """Name clips that end at once, other than their neighbours, and are short for their text."""
        if corpus.tail_silence_s.median() < _TIGHT_S:
            return
        against, tail = pace(corpus), corpus.tail_silence_s
        short = float(np.clip(tail.quantile(_FEW_TAILS), _TIGHT_S, _TAIL_S))
        early = (tail < _TIGHT_S) & (corpus.end_edge_db > self.early_db) & (against.z < -self.early_z)
        early |= (tail < short) & (against.z < -self.sure_z)
        unlike = deviation(tail, corpus.speaker, least_spread=0.01).z < -self.tail_spreads
        early |= unlike & (tail < _TAIL_S) & (against.z < -self.unlike_z)
        for row, expected in zip(rows(corpus[early]), against.expected[early], strict=True):
            message = (
                f"ends {row.tail_silence_s * 1000:.0f} ms after the speech, at {row.end_edge_db:+.0f} dB, and has "
                f"{row.speech_s:.1f} s of speech where the text takes {expected:.1f} s"
            )
            yield Finding(row.id, "cut-end", Severity.WARNING, message, row.tail_silence_s, short, *_end(row))


def _lead(row: Any) -> tuple[float, float]:
    return 0.0, row.lead_silence_s


def _tail(row: Any) -> tuple[float, float]:
    return row.duration_s - row.tail_silence_s, row.duration_s


def _start(row: Any) -> tuple[float, float]:
    del row
    return 0.0, 0.1


def _end(row: Any) -> tuple[float, float]:
    return max(0.0, row.duration_s - 0.1), row.duration_s


def _edge(signal: Signal, samples: Samples) -> float:
    """Level of the last 5 ms of `samples` relative to the speech, less what it has fallen too fast, in dB."""
    speech = float(signal.speech_spectrum.sum()) if signal.speech.any() else 0.0
    size = int(EDGE_S * signal.rate)
    if speech <= 0 or not signal.audio.complete or len(samples) < 4 * size:
        return float("nan")
    last, before = _level(samples[-size:]), _level(samples[: -2 * size])
    return last - max(0.0, before - last - FALL_DB) - float(10 * np.log10(speech))


def _level(samples: Samples) -> float:
    return float(10 * np.log10(max(float(np.mean(samples**2)), 1e-12)))


def _dropout(signal: Signal) -> tuple[float, float]:
    """Seconds of samples that stand still beside loud ones, and where the longest run of them starts."""
    samples, rate = signal.samples, signal.rate
    shortest = int(0.004 * rate)
    steps = np.diff(samples)
    moves = np.abs(steps, out=steps) > 1.5 * _STEP
    if moves.tobytes().find(bytes(shortest)) < 0:  # nearly always, and found out in no time
        return 0.0, float("nan")
    moving = np.flatnonzero(moves)
    gaps = np.diff(moving)
    total, longest, place = 0, 0, 0
    near = int(0.003 * rate)
    # in very quiet clips speech itself stays on one step of 16 bits for milliseconds
    loud = max(10 ** ((signal.peak_db - 22) / 20), 30 * _STEP)
    still = 10 ** (signal.floor_db / 20) < 1.5 * _STEP  # the room does, too: a closure between two sounds looks lost
    for i in np.flatnonzero(gaps > shortest):
        first, last = int(moving[i]) + 1, int(moving[i + 1]) + 1
        sides = [samples[max(0, first - near) : first], samples[last : last + near]]
        levels = [float(np.sqrt(np.mean(side**2))) if len(side) else 0.0 for side in sides]
        # one side is enough: what was lost may have ended in a pause, but sound does not stop within 3 ms
        if (min(levels) if still else max(levels)) > loud:
            total += last - first
            if last - first > longest:
                longest, place = last - first, first
    return total / rate, place / rate if longest else float("nan")
