"""Transcripts that do not say how they are read: digits, symbols, abbreviations, addresses, acronyms."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import pandas as pd

from ttsprep.checks.base import Check, Code, listed, rows
from ttsprep.core.signal import Signal
from ttsprep.core.types import Clip, Finding, Measures, Severity
from ttsprep.text.characters import ADDRESS_PATTERN, CYRILLIC_STRESS, REMARK, count_spoken, nfc
from ttsprep.text.repair import HTML_TAG

UNSPEAKABLE = Code(
    "text-unspeakable",
    "The transcript has signs that do not say how they are read: digits, symbols, abbreviations, addresses.",
    "Warnings: numbers; symbols such as % & @ # € + = ° / \\ | * _ < > [ ] and emoji; web and mail "
    "addresses. A stress mark of Russian corpora (+ before a vowel) is no symbol. Notes, because most front ends "
    "read them alike: abbreviations with a full stop in the language of the clip (Mr., z. B., т. е.), a digit on "
    "its own (press 1), and words in capitals inside other text (NASA, VIII).",
    "1905 is read 'nineteen oh five' here and 'one thousand nine hundred and five' there; the front end "
    "must guess, and where it guesses otherwise than the speaker, text and audio disagree.",
    "Write out what is said (listen: the speaker decides), or normalise the transcripts in one way for "
    "training and inference.",
)
_REMARK = Code(
    "text-remark",
    "The transcript holds a remark in brackets that nobody reads.",
    "Words in square, angle or curly brackets, such as *[laughs]*: a warning; an error where the transcript has no "
    "other words, as in *[sound of a door]*. A whole transcript in round brackets, such as *(beep)*, is a warning: a "
    "few are read.",
    "Front ends leave the brackets out and read the words: the model learns to say *laughs*, or to beep.",
    "Take the remark out, or drop the clip where nothing is said in it.",
)

_NUMBER = re.compile(r"\d(?:[\d.,:]*\d)?")
_SYMBOLS = set("%&@#+=|\\/*_<>[]{}~^§†‡•′″‰№")
_ALL_ROUND = re.compile(r"\s*\([^()]*\)[\s.!?]*")
_LONE_DIGIT = re.compile(r"(?<![\w.,:\-])\d(?![\w:\-]|[.,]\d)")
_CAPITALS = re.compile(r"(?<![\w'’.-])[^\W\d_a-z]{2,6}(?![\w'’-])")

_ABBREVIATIONS = {
    "en": "Mr Mrs Ms Dr Prof Gen Col Capt Lt Sgt Rev Hon Messrs Jr Sr Mt Ave Blvd Rd Inc Ltd Corp Co Dept "
    "Univ vs etc approx Jan Feb Aug Sept Oct Nov Dec vol pp cf i.e e.g a.m p.m",
    "de": "Dr Prof Hr Fr Nr Str bzw usw ca vgl evtl ggf inkl bspw Jh Mio Mrd z.B d.h u.a s.o z.T u.U o.ä",
    "fr": "MM Mme Mlle Dr Pr Me St Ste av bd env etc tél p.ex c.-à-d cf",
    "es": "Sr Sra Srta Dr Dra Ud Uds Vd Vds Prof Lic Ing Av núm pág tel etc p.ej EE.UU",
    "it": "Sig Sigg Dott Prof Ing Avv Egr Gent ecc pag tel p.es cfr",
    "pt": "Sr Sra Srta Dr Dra Prof Eng Av núm pág tel etc p.ex V.Exa",
    "nl": "dhr mevr dr prof nr blz enz bijv bv a.u.b d.w.z o.a",
    "pl": "dr prof mgr inż ul nr tzw np itd itp godz",
    "ru": "г гг ул д кв др пр руб коп тыс млн млрд стр им т.е т.д т.п т.к т.н н.э",
    "uk": "р рр вул буд кв ін грн коп тис млн млрд с т.д т.п н.е",
}
_TITLES = "Dr Prof etc"


@dataclass(frozen=True, slots=True)
class TextSpeakable(Check):
    """Finds transcripts that leave their reading open, or say more than is read."""

    name: ClassVar[str] = "text_speakable"
    area: ClassVar[str] = "text"
    version: ClassVar[int] = 3
    codes: ClassVar[tuple[Code, ...]] = (UNSPEAKABLE, _REMARK)
    measures: ClassVar[dict[str, str]] = {
        "text_unspeakable": "numbers, symbols and addresses, separated by blanks",
        "text_spelt": "abbreviations, digits on their own, and words in capitals unless all the text is",
        "text_remark": "remarks in brackets, separated by blanks",
    }
    strings: ClassVar[frozenset[str]] = frozenset({"text_unspeakable", "text_spelt", "text_remark"})
    audio: ClassVar[bool] = False

    @staticmethod
    def measure(clip: Clip, signal: Signal) -> Measures:
        """Collect the signs whose reading is open."""
        del signal
        text = HTML_TAG.sub(" ", CYRILLIC_STRESS.sub("", nfc(clip.text)))  # text-encoding names them
        plain = REMARK.sub(" ", text)
        return {
            "text_unspeakable": " ".join(dict.fromkeys(unspeakable(plain)))[:200],
            "text_spelt": " ".join(dict.fromkeys(_spelt(plain, clip.language)))[:200],
            "text_remark": " ".join(dict.fromkeys(_remarks(text)))[:200],
        }

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:
        """Warn of each transcript with such signs."""
        code, spelt = UNSPEAKABLE.code, "abbreviations, digits on their own, or words in capitals: {}"
        yield from listed(corpus, "text_unspeakable", code, Severity.WARNING, "not written as it is read: {}")
        yield from listed(corpus, "text_spelt", code, Severity.NOTE, spelt)
        for row in rows(corpus[corpus["text_remark"] != ""]):
            alone = not count_spoken(REMARK.sub("", row.text))
            severity, verb = (Severity.ERROR, "is") if alone else (Severity.WARNING, "holds")
            message = f"the transcript {verb} a remark in brackets: {row.text_remark}"
            yield Finding(row.id, _REMARK.code, severity, message)


def unspeakable(text: str) -> Iterator[str]:
    """Yield the parts of `text` (NFC, without stress marks) that are not written as they are read."""
    yield from ADDRESS_PATTERN.findall(text)
    rest = ADDRESS_PATTERN.sub(" ", text)
    yield from _NUMBER.findall(_LONE_DIGIT.sub(" ", rest))
    yield from (char for char in rest if _is_symbol(char))


def _remarks(text: str) -> list[str]:
    remarks = [text.strip()] if _ALL_ROUND.fullmatch(text) else REMARK.findall(text)
    return [remark for remark in remarks if any(char.isalnum() or _is_symbol(char) for char in remark[1:-1])]


def _spelt(text: str, language: str) -> Iterator[str]:
    yield from _abbreviation(language.lower().replace("_", "-").split("-")[0]).findall(text)
    yield from _LONE_DIGIT.findall(text)
    yield from _capitals(text)


def _is_symbol(char: str) -> bool:
    if char.isalnum() or char in " .,'":
        return False
    return char in _SYMBOLS or unicodedata.category(char) in {"Sc", "Sm", "So"}


@cache
def _abbreviation(language: str) -> re.Pattern[str]:
    listed = _ABBREVIATIONS.get(language, _TITLES).split()
    spaced = [re.escape(item).replace(r"\.", r"\.\s?") for item in listed]
    return re.compile(rf"(?<![\w.'’-])(?:{'|'.join(sorted(spaced, key=len, reverse=True))})\.(?!\.)")


def _capitals(text: str) -> list[str]:
    if text.upper() == text:
        return []
    return [word for word in _CAPITALS.findall(text) if word.isupper()]
