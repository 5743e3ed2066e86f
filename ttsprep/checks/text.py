"""Transcripts that are empty, written twice, or caught in a loop."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from ttsprep.checks.base import Chart, Check, Code, listed
from ttsprep.core.signal import Signal
from ttsprep.core.types import Clip, Finding, Measures, Severity
from ttsprep.text.characters import count_spoken, fold, script, words
from ttsprep.text.scripts import NO_BLANKS

EMPTY = Code(
    "text-empty",
    "The transcript has no letter and no digit.",
    "Letters, digits and vowel signs are counted; the limit is one. A corpus without any is `text-missing`.",
    "The model learns to speak where nothing is written: at inference it babbles before, after or instead of the text.",
    "Transcribe the clip, or drop it.",
)
_MISSING = Code(
    "text-missing",
    "No clip of the corpus has a transcript.",
    "As text-empty, for all clips; one error on the corpus.",
    "Text to speech cannot be trained without texts: a list for a trainer would hold empty ones. `ttsprep build` "
    "refuses to write it.",
    "Give the table of texts (`ttsprep inspect` shows what is read), put NAME.txt beside NAME.wav, or have a model "
    "write the texts down with the recipe transcribe. Where no text is needed (voice conversion, codecs), ignore it.",
)
_PHONEMES = Code(
    "text-phonemes",
    "The transcripts are phonemes, not text.",
    "Stress marks and letters of the IPA, or ARPABET, in half of the texts or more (of 400, where there are more); one "
    "error on the corpus.",
    "Phonemes that are phonemized again are read as the names of their letters: the model learns to spell.",
    "Read the table that has the texts in letters, or say with `--columns` which column that is.",
)
DUPLICATE = Code(
    "text-duplicate",
    "The same speaker has the same transcript more than once.",
    "Transcripts are compared without case, punctuation, blanks and stress marks, speaker by speaker "
    "(that several speakers read one text is how many corpora are made). Each repeat is a note; the "
    "corpus gets a warning if more than `duplicate_share` of its clips are repeats.",
    "A text on both sides of the split makes validation look better than it is; many takes of few texts "
    "teach the model those texts. Transcripts that repeat by mistake belong to other audio.",
    "Listen whether both clips say it. Keep all takes of a text on one side of the split; drop what was "
    "copied by mistake.",
)
REPETITION = Code(
    "text-repetition",
    "Words or letters of the transcript repeat as in a loop.",
    "A stretch of 1 to 40 words that follows itself: one word 4 times or more, 2 to 4 words 3 times, 5 "
    "words and more twice; in scripts without blanks 2 to 20 characters 4 times; one letter 5 times in a "
    "row.",
    "Recognisers that loop write such text for a second of noise: far more is written than said, and the "
    "alignment of this clip, and with enough of them of the model, breaks.",
    "Listen; if it is not said as often as it is written, correct the transcript or drop the clip.",
)

TOO_LONG = Code(
    "text-too-long",
    "The transcript is longer than that of any clip.",
    "More than 5,000 characters, six minutes of speech; error. The text is neither phonemised, nor scored, nor "
    "normalised, and the tables hold none for the clip.",
    "No trainer takes it: it is the text of a whole recording, several rows that an open quote joined, or no text.",
    "Cut the recording with `[segment]` in the recipe of a build, or correct the row.",
)
MOST_CHARS = 5000
"""Characters of a transcript that is judged; the text of no clip is longer."""

_LETTER_RUN = re.compile(r"([^\W\d_])\1{4,}")
_UNSPACED_LOOP = re.compile(r"(.{2,20}?)\1{3,}")
_WORDS_READ = 1000


@dataclass(frozen=True, slots=True)
class Text(Check):
    """Finds transcripts that are empty, repeated or looped; counts what is spoken.

    Attributes
    ----------
    duplicate_share
        Share of clips, 0 to 1, that may repeat a transcript before the corpus is warned about.
    """

    duplicate_share: float = 0.1

    name: ClassVar[str] = "text"
    area: ClassVar[str] = "text"
    charts: ClassVar[dict[str, Chart]] = {"chars": Chart("Characters", "", 0)}
    codes: ClassVar[tuple[Code, ...]] = (EMPTY, _MISSING, _PHONEMES, DUPLICATE, REPETITION, TOO_LONG)
    measures: ClassVar[dict[str, str]] = {
        "chars": "characters that are spoken: letters, digits and vowel signs",
        "words": "words; a script without blanks between words has few and long ones",
        "text_folded": "transcript without case, punctuation, repeated blanks and stress marks",
        "text_loop": 'what repeats in the transcript and how often, as "the cat × 4"; empty if nothing does',
    }
    strings: ClassVar[frozenset[str]] = frozenset({"text_folded", "text_loop"})
    audio: ClassVar[bool] = False

    @staticmethod
    def measure(clip: Clip, signal: Signal) -> Measures:
        """Count what is spoken, and look for loops."""
        del signal
        plain = fold(clip.text)
        return {
            "chars": count_spoken(clip.text),
            "words": len(words(clip.text)),
            "text_folded": plain,
            "text_loop": loop(plain),
        }

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:
        """Judge each transcript, and how many repeat."""
        corpus = corpus[corpus["chars"].notna()]  # one that is too long, or could not be measured, is not empty
        empty = corpus["chars"] == 0
        if len(corpus) and empty.all():
            yield Finding("", _MISSING.code, Severity.ERROR, f"none of the {len(corpus):,} clips has a transcript")
            return
        for clip in corpus.loc[empty, "id"]:
            message = "the transcript has no letter and no digit"
            yield Finding(clip, EMPTY.code, Severity.ERROR, message, value=0, limit=1)
        yield from self._duplicates(corpus[~empty])
        repeats = "the transcript repeats itself: {}"
        yield from listed(corpus, "text_loop", REPETITION.code, Severity.WARNING, repeats)

    def _duplicates(self, corpus: pd.DataFrame) -> Iterator[Finding]:
        key = corpus["speaker"].fillna("") + "\n" + corpus["text_folded"]
        first = corpus["id"].groupby(key).transform("first")
        repeats = key.duplicated()
        for clip, original in zip(corpus.loc[repeats, "id"], first[repeats], strict=True):
            yield Finding(clip, DUPLICATE.code, Severity.NOTE, f"the same transcript as {original}")
        share = float(repeats.mean()) if len(corpus) else 0.0
        if share > self.duplicate_share:
            yield Finding(
                "",
                DUPLICATE.code,
                Severity.WARNING,
                f"{int(repeats.sum())} of {len(corpus)} clips repeat a transcript "
                f"({share:.0%}, limit {self.duplicate_share:.0%})",
                value=share,
                limit=self.duplicate_share,
            )


def loop(plain: str) -> str:
    """Return what repeats in a folded text and how often, as ``the cat × 4``; "" if nothing does."""
    if run := _LETTER_RUN.search(plain):
        return f"{run[1]} × {len(run[0])}"
    tokens = plain.split()[:_WORDS_READ]
    for size in range(1, min(40, len(tokens) // 2) + 1):
        least = 4 if size == 1 else 3 if size < 5 else 2
        run_length = 0
        for at, (token, later) in enumerate(zip(tokens, tokens[size:], strict=False)):
            run_length = run_length + 1 if token == later else 0
            if run_length >= size * (least - 1) and not all(map(str.isdigit, tokens[at - run_length + 1 : at + 1])):
                phrase = " ".join(tokens[at - run_length + 1 : at - run_length + 1 + size])
                return f"{phrase} × {least} or more"
    joined = plain.replace(" ", "")[:_WORDS_READ]
    if any(script(char) in NO_BLANKS for char in joined[:50]) and (match := _UNSPACED_LOOP.search(joined)):
        return f"{match[1]} × {len(match[0]) // len(match[1])}"
    return ""
