"""What a normalised text still has that does not say how it is read."""

import re
import unicodedata
from functools import cache

from ttsprep.text.characters import ADDRESS_PATTERN, CYRILLIC_STRESS
from ttsprep.text.normalise.abbreviations import may_abbreviate, spaced
from ttsprep.text.normalise.lexicon import Lexicon

_BETWEEN = re.compile(r"[\s\"(),;!?]+")
_DIGIT = re.compile(r"\d")
_SYMBOLS = set("%&@#+=|\\/*_<>[]{}~^§†‡•′″‰№")
_DAMAGE = re.compile("[\ufffd\ud800-\udfff]|â€.?|[ÂÃ][\x80-\xa9«-´¶-¹»-¿]")
_ROMAN = re.compile(r"(?<![\w.])(?=[IVX]{2})X{0,3}(?:IX|IV|V?I{0,3})(?!\w)")
_ODD = re.compile(r"[IVX]{2}|[^\w\s.,;:!?\"'()-]|[\d_]|\.\w|[\ud800-\udfffÂÃ]")
_LIMIT = 200


def unresolved_tokens(text: str, table: Lexicon) -> str:
    """Return what is left in `text`, separated by blanks: numbers, symbols, abbreviations ...

    Examples
    --------
    >>> unresolved_tokens("an mp3 of 50 @ www.example.org", lexicon("en"))
    'www.example.org mp3 50 @'
    """
    if "+" in text or "\u0301" in text:
        text = CYRILLIC_STRESS.sub("", text)
    if not _ODD.search(text) and not may_abbreviate(text, table):
        return ""
    odd = [item.rstrip(".,;:") for item in ADDRESS_PATTERN.findall(text)]
    rest = ADDRESS_PATTERN.sub(" ", text)
    tokens = _BETWEEN.split(rest)
    odd += [token.strip(".:'") for token in tokens if _DIGIT.search(token)]
    rest = " ".join(token for token in tokens if not _DIGIT.search(token))
    odd += [char for char in rest if char in _SYMBOLS or unicodedata.category(char) in {"Sc", "Sm", "So"}]
    odd += [item if item.isprintable() else f"U+{ord(item[-1]):04X}" for item in _DAMAGE.findall(rest)]
    odd += _ROMAN.findall(rest)
    odd += [item[0] for item in _abbreviation(table).finditer(rest)]
    named = " ".join(dict.fromkeys(item for item in odd if item))[:_LIMIT]
    return named.encode("utf-8", "backslashreplace").decode()  # tables hold no lone surrogates


@cache
def _abbreviation(table: Lexicon) -> re.Pattern[str]:
    """Return the pattern of abbreviations; those before numbers are left out, for they are words too: no."""
    listed = [short for kind, all_of in table.abbreviations.items() if kind != "before_number" for short in all_of]
    return re.compile(rf"(?<![\w.'-])(?:{spaced(listed)})(?!\w)" if listed else "(?!)")
