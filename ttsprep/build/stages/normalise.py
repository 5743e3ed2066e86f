"""Writes the transcript as it is read: plain characters, no digits, no abbreviations."""

import re
from dataclasses import dataclass, replace
from typing import ClassVar

from ttsprep.build.stages.base import Stage, StageResult
from ttsprep.checks.text import MOST_CHARS, TOO_LONG
from ttsprep.core.errors import AudioError
from ttsprep.core.types import Audio, Clip
from ttsprep.text.characters import ADDRESS_PATTERN, CYRILLIC_STRESS
from ttsprep.text.normalise.abbreviations import abbreviation_rules, may_abbreviate
from ttsprep.text.normalise.leftovers import unresolved_tokens
from ttsprep.text.normalise.lexicon import Lexicon, lexicon
from ttsprep.text.normalise.numbers import number_rules
from ttsprep.text.normalise.punctuation import compose, plain_marks, strip_invisible
from ttsprep.text.normalise.rules import Rule, apply
from ttsprep.text.repair import fix_mojibake

_NUMERIC = re.compile(r"[\d½⅓⅔¼¾⅛⅜⅝⅞]|[IVXLC](?![^\W\dIVXLCe])")
_ADDRESSED = re.compile(r"\.\w|@|://")
_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Normalise(Stage):
    """Writes the transcript as it is read; what is not certain is left, and named.

    Attributes
    ----------
    marks
        Write quotes, dashes and ellipses in ASCII.
    numbers
        Write numbers, money, units, dates and times in words, in the language of the clip.
    abbreviations
        Write out abbreviations of the language of the clip.
    stress_marks
        Keep the marks of stress in Cyrillic texts (``вол+ос``); eSpeak NG reads each as "plus".
    """

    marks: bool = True
    numbers: bool = True
    abbreviations: bool = True
    stress_marks: bool = True

    name: ClassVar[str] = "normalise"
    version: ClassVar[int] = 2

    def apply(self, clip: Clip, audio: Audio) -> StageResult:
        """Return the clip with its text as it is read.

        ``changes`` counts ``numbers`` and ``abbreviations`` that were written out; ``repaired`` names the damage that
        was undone; ``characters`` is 1 where only blanks, marks or invisible characters changed; ``left`` lists
        what still does not say how it is read.

        Raises
        ------
        AudioError
            ``text-too-long`` for a text that the audit did not judge.
        """
        if len(clip.text) > MOST_CHARS:
            raise AudioError(TOO_LONG.code, f"the text has {len(clip.text):,} characters (limit {MOST_CHARS:,})")
        table = lexicon(clip.language)
        text, changes = clip.text, dict[str, float | str]()
        for _ in range(_ROUNDS):  # what a round writes may complete what another reads
            before, text = text, self._once(text, clip.language, table, changes)
            if text == before:
                break
        if text != clip.text and not changes:
            changes["characters"] = 1
        if rest := unresolved_tokens(text, table):
            changes["left"] = rest
        return StageResult(replace(clip, text=text) if text != clip.text else clip, audio, changes)

    def _once(self, text: str, language: str, table: Lexicon, changes: dict[str, float | str]) -> str:
        text, fixed = fix_mojibake(text, language)
        if fixed:
            changes["repaired"] = ", ".join(fixed)
        text = compose(strip_invisible(text))
        if not self.stress_marks:
            text = CYRILLIC_STRESS.sub("", text)
        if self.marks:
            text = compose(plain_marks(text))
        if self.abbreviations and may_abbreviate(text, table):
            text = _outside_addresses(abbreviation_rules(table), text, "abbreviations", changes)
        if self.numbers and _NUMERIC.search(text):
            text = _outside_addresses(number_rules(table), text, "numbers", changes)
        return text


def _outside_addresses(rules: list[Rule], text: str, name: str, changes: dict[str, float | str]) -> str:
    parts, at = [], 0
    for address in [*(ADDRESS_PATTERN.finditer(text) if _ADDRESSED.search(text) else ()), None]:
        words, count = apply(rules, text[at : address.start() if address else len(text)])
        parts += [words, address[0] if address else ""]
        at = address.end() if address else at
        if count:
            changes[name] = float(changes.get(name, 0)) + count
    return "".join(parts)
