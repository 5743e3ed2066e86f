"""Which language is spoken and written, against which one the corpus says."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from ttsprep.checks.base import Check, Code, rows
from ttsprep.core.types import Finding, Severity
from ttsprep.text.characters import REMARK, script
from ttsprep.text.language import LETTERS_A_SIGN
from ttsprep.text.scripts import scripts_of

CODE = "language-mismatch"


@dataclass(frozen=True)
class Language(Check):
    """Which language is spoken and written, against which one the corpus says.

    Attributes
    ----------
    spoken_p
        Least probability of the language that is heard.
    declared_p
        Greatest probability of the one that the corpus says.
    shortest_s
        What is spoken in clips under this length is not judged.
    foreign_letters
        Letters of scripts that the language is not written in, from which on a text is in another language, if it
        has fewer of its own.
    several
        Share of the texts of a language that are in another script, from which on one finding names them all.
    """

    name = "language"
    area = "text and audio"
    model = "asr"
    codes = (
        Code(
            CODE,
            "Another language is spoken or written than the corpus says.",
            "The text: warning if most of its letters, and four or more, are of scripts that the declared language is "
            "not written in (Unicode CLDR), such as Cyrillic in `en`, what is in brackets left out; one finding where "
            "that holds for half of the texts of a language. What is spoken: only with `--listen asr` and a model of "
            "many languages. Whisper's own guess of the language (Radford et al. 2022), from the encoded clip: "
            "warning if another one has a probability of 0.8 or more and the declared one 0.02 or less. Clips under "
            "1.5 s say too little for that.",
            "The text is turned into the phones of the wrong language, which the model then learns for these sounds.",
            "Declare the language of the clip, or leave it out; for a whole corpus give `--language`. Write foreign "
            "words in the script of the language.",
        ),
    )
    measures: ClassVar[dict[str, str]] = {
        "spoken_language": "likeliest language of what is spoken, as Whisper names it",
        "spoken_language_p": "its probability [ratio]",
        "language_p": "probability of the language that the corpus says [ratio]",
    }
    strings = frozenset({"spoken_language"})
    enough: ClassVar[dict[str, str]] = {"duration_s": "shortest_s"}

    spoken_p: float = 0.8
    declared_p: float = 0.02
    shortest_s: float = 1.5
    foreign_letters: int = 4
    several: float = 0.5

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        for language, clips in corpus.groupby("language", sort=True):
            yield from self._written(str(language), clips)
        yield from self._spoken(corpus)

    def _written(self, language: str, clips: pd.DataFrame) -> Iterator[Finding]:
        """Judge the script of the texts of a language."""
        own = scripts_of(language)
        if not own:
            return
        languages = {
            name: foreign for name, text in zip(clips.id, clips.text, strict=True) if (foreign := _foreign(text, own))
        }
        languages = {name: foreign for name, foreign in languages.items() if foreign.total() >= self.foreign_letters}
        if len(languages) >= self.several * len(clips):
            where = _scripts(sum(languages.values(), Counter()))
            message = (
                f"{len(languages):,} of {len(clips):,} texts are written in {where} script, which {language!r} is not "
                f"(limit {self.several:.0%})"
            )
            yield Finding("", CODE, Severity.WARNING, message, len(languages) / len(clips), self.several)
            return
        for name, foreign in languages.items():
            message = f"written in {_scripts(foreign)} script, which {language!r} is not ({foreign.total()} letters)"
            limit = float(self.foreign_letters)
            yield Finding(name, CODE, Severity.WARNING, message, float(foreign.total()), limit)

    def _spoken(self, corpus: pd.DataFrame) -> Iterator[Finding]:
        long = corpus.duration_s >= self.shortest_s
        sure = (corpus.spoken_language_p >= self.spoken_p) & (corpus.language_p <= self.declared_p)
        for row in rows(corpus[long & sure]):
            message = (
                f"sounds like {row.spoken_language!r} (probability {row.spoken_language_p:.2f}), not like "
                f"{row.language!r} ({row.language_p:.2f}, limit {self.declared_p:g})"
            )
            yield Finding(row.id, CODE, Severity.WARNING, message, float(row.language_p), self.declared_p)


def _foreign(text: str, own: frozenset[str]) -> Counter[str]:
    """Count the letters of a text that are of other scripts, by script; nothing if it has more of its own."""
    if text.isascii() and "LATIN" in own:
        return Counter()
    counts = Counter(map(script, REMARK.sub("", text)))
    del counts[""]
    foreign = Counter({name: count for name, count in counts.items() if name not in own})
    weights = {name: count * (LETTERS_A_SIGN if name in {"HAN", "HANGUL"} else 1) for name, count in counts.items()}
    return foreign if 2 * sum(weights[name] for name in foreign) > sum(weights.values()) else Counter()


def _scripts(counts: Counter[str]) -> str:
    return " and ".join(name.title() for name, count in counts.most_common() if 10 * count >= counts.total())
