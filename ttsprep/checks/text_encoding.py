"""Transcripts damaged on their way: wrong encodings, invisible characters, letters of another script."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar
from unicodedata import bidirectional

import pandas as pd

from ttsprep.checks.base import Check, Code, listed
from ttsprep.core.errors import UsageError
from ttsprep.core.signal import Signal
from ttsprep.core.types import Clip, Finding, Measures, Severity
from ttsprep.text.characters import JOINERS, main_scripts, nfc, script
from ttsprep.text.function_words import LETTERS
from ttsprep.text.inventory import norms
from ttsprep.text.repair import HTML_TAG, mojibake
from ttsprep.text.scripts import is_phonemes

ENCODING = Code(
    "text-encoding",
    "The transcript was damaged on the way: mojibake, markup, control or invisible characters.",
    "Errors, for they are certain: UTF-8 that was read as Latin-1, Windows-1252 or Windows-1251 (a run of "
    "characters that decodes, byte by byte, to letters or typographic marks: Ã© for é), U+FFFD, lone "
    "surrogates, control characters and NUL, HTML entities and tags. Warnings: line breaks and tabs "
    "inside a text, zero-width characters where the script needs none, and text-direction characters in texts "
    "without letters that are written from right to left.",
    "The text front end spells out, drops or mispronounces what is damaged; an invisible character makes "
    "a known word unknown; a line break inside a text shifts the rows of exported metadata.",
    "Read the file in the encoding that it was written in; where the damage is older, replace the characters named.",
)
CHARSET = Code(
    "text-charset",
    "Letters of another script or alphabet than the corpus's.",
    "The transcripts of a language are judged together. A script is its own if `script_share` of the "
    "clips have letters of it, or if eSpeak NG's words of that language are written in it. A clip with "
    "letters of another script gets a warning, as does a word that mixes Latin, Cyrillic or Greek (сat "
    "with a Cyrillic с). Letters of the right script that the language hardly uses, in fewer than "
    "`rare_share` of the clips, are one note that lists them.",
    "A model sees a rare symbol too seldom to learn it; a look-alike letter turns a common word into an unknown one.",
    "Replace look-alikes; transcribe foreign words in the script of the language, as they are pronounced, "
    "or drop the clip.",
)

_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{2,6}|#x[0-9a-fA-F]{2,6});")
_LINE_BREAK = re.compile(r"[\t\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f]")
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_DIRECTION = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_JOINED_PLAIN = re.compile(f"(?<=[A-Za-zÀ-ɏЀ-ӿΑ-ω])[{JOINERS}]|[{JOINERS}](?=[A-Za-zÀ-ɏЀ-ӿΑ-ω])")
_ALIKE = {"LATIN", "CYRILLIC", "GREEK"}
_PARTS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class TextEncoding(Check):
    """Finds transcripts whose characters are not what was meant.

    Attributes
    ----------
    script_share
        Share of clips, 0 to 1, with letters of a script from which on it is one of the corpus's own.
    rare_share
        Share of clips, 0 to 1, under which a letter that the language hardly uses is listed.
    least_clips
        Clips from which on such letters are looked for: in a few texts any letter is rare.
    """

    script_share: float = 0.1
    rare_share: float = 0.002
    least_clips: int = 50

    name: ClassVar[str] = "text_encoding"
    area: ClassVar[str] = "text"
    codes: ClassVar[tuple[Code, ...]] = (ENCODING, CHARSET)
    measures: ClassVar[dict[str, str]] = {
        "text_damage": "what shows damage for certain, separated by blanks; empty if nothing does",
        "text_invisible": "invisible characters and line breaks in the transcript, as U+XXXX",
        "text_mixed": "words that mix Latin, Cyrillic or Greek letters",
    }
    strings: ClassVar[frozenset[str]] = frozenset({"text_damage", "text_invisible", "text_mixed"})
    version: ClassVar[int] = 4
    audio: ClassVar[bool] = False

    @staticmethod
    def measure(clip: Clip, signal: Signal) -> Measures:
        """Look for damage in the transcript as it is in the corpus."""
        del signal
        return {
            "text_damage": " ".join(dict.fromkeys(damage(clip.text, clip.language)))[:200],
            "text_invisible": " ".join(dict.fromkeys(_invisible(clip.text)))[:200],
            "text_mixed": " ".join(_mixed(clip.text))[:200],
        }

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:
        """Judge damage clip by clip, and the alphabet language by language."""
        invisible = "the transcript has invisible characters: {}"
        yield from listed(corpus, "text_damage", ENCODING.code, Severity.ERROR, "the transcript is damaged: {}")
        yield from listed(corpus, "text_invisible", ENCODING.code, Severity.WARNING, invisible)
        for language, clips in corpus.groupby(corpus["language"].fillna(""), sort=True):
            yield from self._alphabet(str(language), clips)

    def _alphabet(self, language: str, clips: pd.DataFrame) -> Iterator[Finding]:
        clips = clips[~clips["text"].fillna("").map(is_phonemes).astype(bool)]
        texts = clips["text"].fillna("")
        chars = set("".join(texts))
        usual = _usual_letters(language)
        in_corpus = self._scripts(chars, texts)
        usual_scripts = main_scripts(usual.items(), share=0.02)
        own = in_corpus | usual_scripts
        foreign = {char for char in chars if script(char) and script(char) not in own}
        for clip, text, mixed in zip(clips["id"], texts, clips["text_mixed"].fillna(""), strict=True):
            if not foreign.isdisjoint(text):
                letters = [char for char in dict.fromkeys(text) if char in foreign]
                what = f"{', '.join(map(_named, letters[:5]))}{' …' if len(letters) > 5 else ''}"
                count = float(sum(char in foreign for char in text))
                yield Finding(clip, CHARSET.code, Severity.WARNING, f"letters of another script: {what}", count, 0.0)
            elif mixed:
                yield Finding(clip, CHARSET.code, Severity.WARNING, f"words that mix scripts: {mixed}")
        sound = texts[clips["text_damage"].fillna("") == ""]
        yield from self._rare(set("".join(sound)), usual, own & usual_scripts, sound, language)

    def _scripts(self, chars: set[str], texts: "pd.Series[str]") -> frozenset[str]:
        """Return the scripts that enough of the clips have letters of."""
        scripts: dict[str, set[str]] = {}
        for char in chars:
            if name := script(char):
                scripts.setdefault(name, set()).add(char)
        least = self.script_share * len(texts)
        return frozenset(name for name, own in scripts.items() if sum(not own.isdisjoint(t) for t in texts) >= least)

    def _rare(
        self, chars: set[str], usual: Counter[str], own: frozenset[str], texts: pd.Series, language: str
    ) -> Iterator[Finding]:
        # of thousands of characters most are rare, and rightly so, as is each of an alphabet in a few texts
        if own & {"HAN", "HANGUL"} or len(texts) < self.least_clips:
            return
        rare = []
        chars = chars - set(LETTERS.get(language.lower().split("-")[0], ""))
        for char in sorted(chars):
            if script(char) in own and usual[char.lower()[0]] < 5e-5 * usual.total():
                clips = int(texts.str.contains(char, regex=False).sum())
                if clips < max(2, self.rare_share * len(texts)):
                    rare.append(f"{_named(char)} in {clips}")
        if rare:
            message = f"letters that the language hardly uses, by number of clips: {', '.join(rare[:20])}"
            yield Finding("", CHARSET.code, Severity.NOTE, message, float(len(rare)), 0.0)


def damage(text: str, language: str = "") -> Iterator[str]:
    """Yield what shows for certain that `text` was damaged: the characters, by name if they are not seen."""
    yield from mojibake(text, language)
    if not text.isascii():
        if "\ufffd" in text:
            yield "U+FFFD"
        if any("\ud800" <= char <= "\udfff" for char in text):
            yield "lone surrogates"
    for char in dict.fromkeys(_CONTROL.findall(text)):
        yield f"U+{ord(char):04X}"
    yield from _ENTITY.findall(text)
    yield from HTML_TAG.findall(text)


def _invisible(text: str) -> Iterator[str]:
    for pattern in (_LINE_BREAK, _INVISIBLE, _JOINED_PLAIN):
        for char in pattern.findall(text):
            if not (_DIRECTION.match(char) and _runs_leftward(text)):
                yield f"U+{ord(char):04X}"


def _runs_leftward(text: str) -> bool:
    """Whether a text has letters that are written from right to left: marks of direction have their place there."""
    return any(bidirectional(char) in {"R", "AL"} for char in text if char.isalpha())


def _mixed(text: str) -> Iterator[str]:
    if text.isascii():
        return
    for word in _PARTS.findall(nfc(text)):
        if not word.isascii() and len({script(char) for char in word} & _ALIKE) > 1:
            yield word


def _usual_letters(language: str) -> Counter[str]:
    try:
        return norms(language).letters if language else Counter()
    except UsageError:  # a language that eSpeak NG does not have: the corpus alone says what is usual
        return Counter()


def _named(char: str) -> str:
    return f"{char} (U+{ord(char):04X})"
