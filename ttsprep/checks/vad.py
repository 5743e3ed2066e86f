"""Whether what sounds is speech, by a model that listens."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from ttsprep.checks.base import Check, Code, graded
from ttsprep.core.types import Finding, Severity


@dataclass(frozen=True)
class VadCheck(Check):
    """Whether what sounds is speech, by a model that listens.

    Attributes
    ----------
    peak
        Greatest probability of speech in a clip, under which it holds none.
    least_s
        Shorter clips, in seconds, are not judged.
    """

    name = "vad"
    area = "silence"
    model = "vad"
    codes = (
        Code(
            "not-speech",
            "It sounds, but nothing in it is speech.",
            "Only with `--listen vad`. The greatest probability of speech in frames of 32 ms by Silero VAD (Silero "
            "Team 2024): warning under 0.5. Clips under 0.8 s, such as a single word, and those that `no-speech` "
            "names by their level are left out.",
            "Text is aligned to a beep, to music or to noise.",
            "Listen. Drop the clip.",
        ),
    )
    measures: ClassVar[dict[str, str]] = {
        "vad_peak": "greatest probability of speech, by Silero VAD [ratio]",
        "vad_speech_s": "frames in which speech is the likelier [s]",
    }
    enough: ClassVar[dict[str, str]] = {"duration_s": "least_s"}

    peak: float = 0.5
    least_s: float = 0.8

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        judged = corpus[(corpus.level_range_db >= 10) & (corpus.duration_s >= self.least_s)]
        message = "nothing in it is speech: the greatest probability is {value:.2f} (limit {limit:g})"
        yield from graded(judged, "vad_peak", "not-speech", [(Severity.WARNING, self.peak)], message, below=True)
