"""Whether what is said is what is written, by a model that listens."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from ttsprep.checks.base import Check, Code, rows
from ttsprep.types import Finding, Severity

ALIKE, LEAD = 0.5, 0.25
"""What is said is another clip's text if it is so much like that, and by so much less like its own."""


@dataclass(frozen=True)
class Transcript(Check):
    """Whether what is said is what is written, by a model that listens.

    Attributes
    ----------
    mismatch_nats
        How far the worst word is behind what the model expects in its place.
    decoy_nats
        Mean lead per token over the transcript of another clip; with less, the whole text is another's.
    """

    name = "transcript"
    listener = "asr"
    codes = (
        Code(
            "transcript-mismatch",
            "What is said is not what is written.",
            "Only with `--listen asr`. Whisper (Radford et al. 2022) is made to write the given transcript, in one "
            "pass, and says how likely it finds each word: the measure is how far the worst one is behind the "
            "likeliest word in its place, in nats. So is the end of the text, where more is said, and the place "
            "before which something is said that is not written. What it doubts it also writes down freely: a word "
            "that is there, or sounds like one that is there, is then no mismatch. Warning from a limit on; an error "
            "if the text is hardly likelier than that of another clip.",
            "The model learns to say other sounds than the text asks for, and to skip or repeat words.",
            "Correct the text, if the column `said` is right; give the clip the transcript that it has; or leave it "
            "out.",
        ),
    )
    measures: ClassVar[dict[str, str]] = {
        "text_log_p": "mean log-probability of the tokens of the transcript [nats]",
        "decoy_log_p": "that of another transcript of like length, where the model was in doubt [nats]",
        "mismatch_nats": "how far the worst word is behind the likeliest one in its place [nats]",
        "words_not_said": "words of the transcript that seem not to be said [count]",
        "unwritten_places": "places where more seems to be said than is written [count]",
        "doubted_word": "the worst of the words that seem not to be said",
        "doubted_place": "which word of the transcript that is, from 0 on [count]",
        "words_end_s": "where the last word ends [s]",
        "speech_first_s": "speech up to the end of the first piece of the first word, with all that is before it [s]",
        "speech_after_s": "speech after the last word [s]",
        "no_speech_p": "probability that nothing is said, for `text-hallucinated` [ratio]",
        "said": "what the model writes down where it was in doubt",
        "said_cer": "letters of that which differ from the transcript, over the letters of the transcript [ratio]",
    }
    strings = frozenset({"doubted_word", "said"})

    mismatch_nats: float = 5.0
    decoy_nats: float = 2.0

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        doubted = corpus[corpus.mismatch_nats >= self.mismatch_nats]
        found = reassigned(doubted)
        for row in rows(doubted):
            lead = row.text_log_p - row.decoy_log_p
            other = bool(lead < self.decoy_nats)  # NaN is not less
            seen = [f"another clip's text fits as well ({lead:+.1f} nats a token)"] if other else []
            if count := int(row.words_not_said):
                words = "1 word seems" if count == 1 else f"{count} words seem"
                seen.append(f"{words} not to be said, {row.doubted_word!r} least")
            if row.unwritten_places:
                seen.append("more is said than is written")
            if row.id in found:
                back = found.get(found[row.id]) == row.id
                seen.append(f"its words are the text of {found[row.id]}{': they look swapped' if back else ''}")
            measured = f"{row.mismatch_nats:.1f} nats behind, limit {self.mismatch_nats:g}"
            message = f"{'; '.join(seen)} ({measured}); heard: {_short(row.said)}"
            severity = Severity.ERROR if other else Severity.WARNING
            yield Finding(
                row.id, "transcript-mismatch", severity, message, float(row.mismatch_nats), self.mismatch_nats
            )


def reassigned(doubted: pd.DataFrame) -> dict[str, str]:
    """Return for clips that say the text of another clip, among those that mismatch, which one that is.

    Texts are compared by the three-letter pieces that they have in common (Dice 1945).
    """
    written = {row.id: _pieces(row.text) for row in rows(doubted)}
    found = {}
    for row in rows(doubted):
        said = _pieces(row.said)
        alike = {name: _dice(said, pieces) for name, pieces in written.items()}
        best = max(alike, key=alike.__getitem__)
        if best != row.id and alike[best] >= ALIKE and alike[best] - alike[row.id] >= LEAD:
            found[row.id] = best
    return found


def _pieces(text: str) -> frozenset[str]:
    letters = "".join(character for character in text.casefold() if character.isalnum())
    return frozenset(letters[i : i + 3] for i in range(len(letters) - 2))


def _dice(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / max(1, len(one) + len(other))


def _short(text: str) -> str:
    return repr(text if len(text) <= 120 else f"{text[:119]}…")
