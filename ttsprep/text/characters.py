"""Characters of a transcript: their scripts, the ones that are spoken, and text folded for comparison."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

JOINERS = "\u200c\u200d"
"""Zero-width (non-)joiners: they shape words in Persian and the scripts of India, and are junk elsewhere."""

CYRILLIC_STRESS = re.compile("[+](?=[аеёиоуыэюяіїєѣ])|(?<=[аеёиоуыэюяіїє])\u0301", re.IGNORECASE)
"""Stress marks of Russian, Ukrainian and Belarusian corpora: a plus before the vowel, or an acute over it."""

ADDRESS_PATTERN = re.compile(
    r"https?://\S+|www\.\S+|(?<!\S)[^\s@]+@[^\s@]+\.\w+|"
    r"(?<![\w-])[\w-]++\.(?:com|org|net|edu|gov|info|html?|de|fr|es|it|ru|uk|br|in|jp)\b(?!\.\w)",
    re.IGNORECASE,
)
"""Web and mail addresses."""

REMARK = re.compile(r"<[^<>\s][^<>]*>|\[[^][]*\]|\{[^{}]*\}")
"""A remark about a recording, such as ``[laughs]``, in whatever language."""

_SCRIPT_NAMES = {"CJK": "HAN", "IDEOGRAPHIC": "HAN", "KATAKANA-HIRAGANA": "KATAKANA"}


def nfc(text: str) -> str:
    """Return `text` in Unicode normalisation form C: letter and accent are one code point if possible."""
    return unicodedata.normalize("NFC", text)


@lru_cache(maxsize=65536)
def is_spoken(char: str) -> bool:
    """Return whether `char` is a letter, a digit, or a vowel sign of an Indic or South-East Asian script."""
    category = unicodedata.category(char)
    return category[0] in "LN" or (category in {"Mc", "Mn"} and not "\u0300" <= char <= "\u036f" and char < "\ufe00")


_SIGNS = frozenset(["LETTER", "FEMININE", "MASCULINE", "MICRO", "SCRIPT"])
"""First words of the names of letters that are of no script: ʻ, ª, º, µ and ℓ."""


@lru_cache(maxsize=65536)
def script(char: str) -> str:
    """Return the script of a letter as Unicode names it, such as ``LATIN``; "" if it is no letter.

    Examples
    --------
    >>> script("é"), script("я"), script("日"), script("7")
    ('LATIN', 'CYRILLIC', 'HAN', '')
    """
    if not unicodedata.category(char).startswith("L"):
        return ""
    names = [word for word in unicodedata.name(char, "").split() if word not in {"MODIFIER", "FULLWIDTH", "HALFWIDTH"}]
    first = names[0] if names else "UNKNOWN"
    return "" if first in _SIGNS else _SCRIPT_NAMES.get(first, first)


def count_spoken(text: str) -> int:
    """Return how many characters of `text` are spoken: letters, digits and vowel signs."""
    return sum(map(is_spoken, nfc(text)))


def words(text: str) -> list[str]:
    """Return what stands between blanks and holds a letter or digit; without blanks, words are long."""
    return [word for word in nfc(text).split() if any(map(is_spoken, word))]


@lru_cache(maxsize=256)
def fold(text: str) -> str:
    """Return `text` without case, punctuation, stress marks and repeated blanks: alike if read alike.

    Examples
    --------
    >>> fold("  The cat -- the CAT, I say!")
    'the cat the cat i say'
    """
    plain = CYRILLIC_STRESS.sub("", unicodedata.normalize("NFKC", text)).casefold()
    plain = plain.replace("i\u0307", "i").replace("ı", "i")  # Turkish: İ and I fold to what i and ı fold to
    plain = re.sub(r"(?<=\w)['’](?=\w)", "", plain)
    return " ".join("".join(c if is_spoken(c) else " " for c in plain).split())


def letters(text: str) -> str:
    """Return the letters and digits of `text` as `fold` has them: what two spellings have in common.

    Examples
    --------
    >>> letters("O'Brien's co-worker") == letters("obriens coworker")
    True
    """
    return fold(text).replace(" ", "")


class _Readable(dict[int, str]):
    """Translation table for `sanitize_for_tts`, filled as characters turn up."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        category = unicodedata.category(char)
        if char in JOINERS or category[0] in "LN" or char in ".,!?;:'-/&%@#+=$€£¥°§№₽₹":
            kept = char
        elif category == "Cf" or "\ufe00" <= char <= "\ufe0f":
            kept = ""
        elif char in "’ʼ":
            kept = "'"
        elif char in "…–—―":
            kept = ","
        elif category in {"Mn", "Mc"}:
            kept = char
        elif category in {"Po", "Pd"} and code > 0x2FF and not 0x2010 <= code <= 0x205E:
            kept = char  # a full stop or comma of another script: danda, ideographic and Arabic ones
        else:
            kept = " "
        self[code] = kept
        return kept


_readable = _Readable()
_ELLIPSIS = re.compile(r"\.\s*\.[\s.]*|(?:(?<=\s)|^)\.(?=\s)")
_STUCK = re.compile(r"(?<=[!?])(?=[^\W\d])")
_PUNCTUATION_RUN = re.compile(r"([.,!?;:\-])[.,!?;:\-\s]*(?=[.,!?;:\-])")
_LOOSE = re.compile(r"(?:(?<=[\s.,!?;:/'\-])|^)['\-]+|['\-]+(?=[\s.,!?;:/'\-]|$)")
_ACCENTS = re.compile("([\u0300-\u036f]{2})[\u0300-\u036f]+")
_LONG = re.compile(r"\d[\d.,:/\-]{18}|\S{150}")


def sanitize_for_tts(text: str) -> str:
    """Return what a speech synthesiser is to be given of `text`; "" if nothing in it is spoken.

    Emoji, brackets, quotes, control and invisible characters are taken out: eSpeak NG reads them aloud,
    stops at them, or (some emoji, in Gujarati) crashes; marks that repeat, stand alone, begin the text or touch the
    word behind them are read aloud too ("!!!", "well...no", "?!No").
    Endless numbers, words and accents are broken up, and apostrophes and hyphens kept only inside words: in
    some languages (Bengali, Georgian, Haitian) eSpeak NG crashes on others.
    """
    plain = nfc(text.encode("utf-8", "replace").decode()) if not text.isascii() else text
    plain = _ACCENTS.sub(r"\1", CYRILLIC_STRESS.sub("", plain)).translate(_readable)
    plain = _PUNCTUATION_RUN.sub("", _ELLIPSIS.sub(", ", plain).lstrip(" ,!?;:"))
    plain = " ".join(_LOOSE.sub(" ", _STUCK.sub(" ", plain)).split())
    if len(plain) > 18:
        plain = _LONG.sub(r"\g<0> ", plain)
    return plain if any(is_spoken(c) or c in "&%@#+=$€£¥°§№₽₹" for c in plain) else ""


def main_scripts(chars: Iterable[tuple[str, int]], *, share: float) -> frozenset[str]:
    """Return the scripts that make up at least `share` (0 to 1) of the letters counted in `chars`."""
    counts: dict[str, int] = {}
    for char, count in chars:
        if name := script(char):
            counts[name] = counts.get(name, 0) + count
    total = sum(counts.values())
    return frozenset(name for name, count in counts.items() if count >= share * total)
