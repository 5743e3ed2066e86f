"""Transcripts that a recogniser made up: credits of subtitles, closing words of videos, text over silence."""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import ClassVar

import numpy as np
import pandas as pd

from ttsprep.checks.base import Check, Code, graded, listed, rows
from ttsprep.core.signal import Signal
from ttsprep.core.types import Clip, Finding, Measures, Severity
from ttsprep.core.untrusted import toml_table
from ttsprep.text.characters import fold, nfc

HALLUCINATED = Code(
    "text-hallucinated",
    "The transcript looks made up by a recogniser.",
    "Three signs. The whole transcript, or a sentence at an end of it, is one that recognisers write over silence and "
    "music, from a list in 21 languages: an error if it is a credit of the makers of subtitles, which nobody says; a "
    "warning if a person may say it (*Thanks for watching*). A text of 100 characters or more is 3.2 times longer "
    "than zlib makes it, one byte a character in every script: a warning (Whisper's own limit, Radford et al. 2022, "
    "4.5, is 2.4 and holds for half a minute: spoken menus of a telephone have up to 2.9). And with `--listen asr`, "
    "Whisper's own probability of no speech is 0.85 or more: an error (short words have up to 0.79, silence "
    "and hum 0.9 and more, hiss 0.9 with tiny.en and 0.6 with base).",
    "The model learns words for silence, noise and music, and says them, or babbles, in pauses.",
    "Listen; correct the transcript, or drop the clip. Where the speaker says it, put the code into `[select] keep`.",
)

PHRASES = "stock_phrases.toml"
_SENTENCE = re.compile(r"(?<=[.!?…。！？।؟])[\"'”’»)\]]*(?:\s+|(?<=[。！？]))|[\n\r♪]+")
_ANY = r"\w+(?: \w+){0,3}"
_CJK = "[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
_BESIDE_CJK = re.compile(f"(?<={_CJK}) | (?={_CJK})")
"""A blank that Chinese, Japanese and Korean texts have or not, as their writers like."""
MOST_SENTENCES = 3
"""So many sentences at an end of a text are looked up together."""
_LONGEST_CREDIT = 300
"""Characters; what is longer is no credit, and the many ways of reading its wildcards are not tried."""


@dataclass(frozen=True)
class Hallucinated(Check):
    """Finds transcripts that a recogniser made up.

    Attributes
    ----------
    compression
        How many times longer a text may be than when it is compressed.
    compressed_chars
        Characters of the shortest text that is compressed.
    no_speech_p
        Least probability of no speech.
    """

    compression: float = 3.2
    compressed_chars: int = 100
    no_speech_p: float = 0.85

    name: ClassVar[str] = "hallucinated"
    area: ClassVar[str] = "text and audio"
    codes: ClassVar[tuple[Code, ...]] = (HALLUCINATED,)
    measures: ClassVar[dict[str, str]] = {
        "text_credit": "credit of the makers of subtitles in the transcript; empty if there is none",
        "text_saying": "closing words of videos that it is or ends with; empty if there are none",
        "text_compression": "length of the transcript over its length when compressed [ratio]",
    }
    strings: ClassVar[frozenset[str]] = frozenset({"text_credit", "text_saying"})
    audio: ClassVar[bool] = False

    @staticmethod
    def measure(clip: Clip, signal: Signal) -> Measures:
        """Look the transcript up, and compress it."""
        del signal
        credit, saying = stock_phrases(clip.text)
        return {"text_credit": credit, "text_saying": saying, "text_compression": compression(clip.text)}

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:
        """Judge each transcript."""
        code, saying = HALLUCINATED.code, "recognisers write this where nobody speaks: {}"
        credit = "subtitles are signed like this, nobody says it: {}"
        yield from listed(corpus, "text_credit", code, Severity.ERROR, credit)
        yield from listed(corpus, "text_saying", code, Severity.WARNING, saying)
        long, limits = corpus[corpus["text"].str.len() >= self.compressed_chars], [(Severity.WARNING, self.compression)]
        message = "repeats itself: compresses {value:.1f} times (limit {limit:g})"
        yield from graded(long, "text_compression", code, limits, message)
        if "no_speech_p" in corpus:
            for row in rows(corpus[(corpus["no_speech_p"] >= self.no_speech_p) & (corpus["chars"] > 0)]):
                message = f"a text, where Whisper hears no speech with probability {row.no_speech_p:.2f}"
                value = float(row.no_speech_p)
                yield Finding(row.id, HALLUCINATED.code, Severity.ERROR, message, value, self.no_speech_p)


def stock_phrases(text: str) -> tuple[str, str]:
    """Return the credit, and the saying, that a text is or has at an end; "" where it has none.

    A credit may be the first or the last sentences, and of three words or more it ends also a text that has no full
    stops; a saying is the last ones: who says *please subscribe* in the middle of a text, says it.

    Examples
    --------
    >>> stock_phrases("We went home. Thanks for watching!")
    ('', 'Thanks for watching!')
    >>> stock_phrases("She said thanks for watching the dog.")
    ('', '')
    """
    sentences = [part for piece in _SENTENCE.split(nfc(text)) if (part := piece.strip())]
    counts = range(1, min(MOST_SENTENCES, len(sentences)) + 1)
    ends = [part for count in counts if len(part := " ".join(sentences[-count:])) <= _LONGEST_CREDIT]
    starts = [part for count in counts if len(part := " ".join(sentences[:count])) <= _LONGEST_CREDIT]
    known = _patterns()
    credit = next((part.strip() for part in (*ends, *starts) if known.credits.fullmatch(_folded(part))), "")
    if not credit and (match := known.ending.search(_folded(text))):
        credit = match[0].strip()
    saying = next((part.strip() for part in ends if known.sayings.fullmatch(_folded(part))), "")
    return credit, saying or (text.strip() if _folded(text) in known.alone else "")


def _folded(text: str) -> str:
    return _BESIDE_CJK.sub("", fold(text))


@dataclass(frozen=True, slots=True)
class _Patterns:
    credits: re.Pattern[str]
    sayings: re.Pattern[str]
    ending: re.Pattern[str]
    alone: frozenset[str]


@cache
def _patterns() -> _Patterns:
    text = resources.files("ttsprep.checks").joinpath(PHRASES).read_text(encoding="utf-8")
    tables = list(toml_table(text).values())
    credits = [phrase for table in tables for phrase in table["credits"]]
    sayings = [phrase for table in tables for phrase in table["sayings"]]
    certain = [phrase for phrase in credits if "*" not in phrase and phrase.count(" ") >= 2]
    alone = frozenset(phrase for table in tables for phrase in table.get("alone", ()))
    return _Patterns(_in_a_row(credits), _in_a_row(sayings), re.compile(rf"(?:^| )(?:{_any(certain)})$"), alone)


def _in_a_row(phrases: list[str]) -> re.Pattern[str]:
    """Return what matches one phrase or several, folded."""
    one = _any(phrases)
    return re.compile(rf"(?:{one})(?: ?(?:{one}))*")


def _any(phrases: list[str]) -> str:
    parts = (re.escape(_BESIDE_CJK.sub("", phrase)).replace(r"\*", _ANY).replace(r"\ ", " ") for phrase in phrases)
    return "|".join(sorted(set(parts), key=len, reverse=True))


def compression(text: str) -> float:
    """Return how many times longer a text is than zlib makes it; NaN for an empty one.

    Whisper compresses the UTF-8, in which a Cyrillic text is twice as long, half of it the same byte. Here every
    character is the lowest byte of its number, which is the same for Latin scripts.
    """
    if not text:
        return np.nan
    data = text.encode("utf-32-le", "surrogatepass")[::4]
    return len(data) / len(zlib.compress(data))
