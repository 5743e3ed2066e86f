"""Which language is spoken, against which one the corpus says, by a model that listens."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from ttsprep.checks.base import Check, Code, rows
from ttsprep.types import Finding, Severity


@dataclass(frozen=True)
class Language(Check):
    """Which language is spoken, against which one the corpus says, by a model that listens.

    Attributes
    ----------
    heard_p
        Least probability of the language that is heard.
    declared_p
        Greatest probability of the one that the corpus says.
    shortest_s
        Clips under this length are not judged.
    """

    name = "language"
    listener = "asr"
    codes = (
        Code(
            "language-mismatch",
            "Another language is spoken than the corpus says.",
            "Only with `--listen asr` and a model of many languages. Whisper's own guess of the language (Radford et "
            "al. 2022), from the encoded clip: warning if another one has a probability of 0.8 or more and the "
            "declared one 0.02 or less. Clips under 1.5 s say too little and are not judged.",
            "The text is turned into the phones of the wrong language, which the model then learns for these sounds.",
            "Declare the language of the clip, or leave it out; for a whole corpus give `--language`.",
        ),
    )
    measures: ClassVar[dict[str, str]] = {
        "heard_language": "likeliest language of what is spoken, as Whisper names it",
        "heard_language_p": "its probability [ratio]",
        "language_p": "probability of the language that the corpus says [ratio]",
    }
    strings = frozenset({"heard_language"})
    enough: ClassVar[dict[str, str]] = {"duration_s": "shortest_s"}

    heard_p: float = 0.8
    declared_p: float = 0.02
    shortest_s: float = 1.5

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        long = corpus.duration_s >= self.shortest_s
        sure = (corpus.heard_language_p >= self.heard_p) & (corpus.language_p <= self.declared_p)
        for row in rows(corpus[long & sure]):
            message = (
                f"sounds like {row.heard_language!r} (probability {row.heard_language_p:.2f}), not like "
                f"{row.language!r} ({row.language_p:.2f}, limit {self.declared_p:g})"
            )
            yield Finding(
                row.id, "language-mismatch", Severity.WARNING, message, float(row.language_p), self.declared_p
            )
