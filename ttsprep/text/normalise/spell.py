"""Numbers as words: num2words, and what it gets wrong or leaves open."""

import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from ttsprep.text.normalise.lexicon import Lexicon, Noun

LONGEST = 15
"""Digits of the longest number that is read as one."""

_MILLIONS = re.compile(r"\b(?:milli(?:on|ard)s?|mill(?:ón|ones)|mili(?:on[ei]|ard[oi])|[mb]ilh(?:ão|ões))$")
_AGREEING: dict[str, dict[str, tuple[tuple[str, str], ...]]] = {
    # What the end of a cardinal becomes before a masculine and a feminine noun.
    "es": {
        "m": ((r"veintiuno$", "veintiún"), (r"uno$", "un")),
        "f": ((r"uno$", "una"), (r"cientos\b", "cientas"), (r"quinientos\b", "quinientas")),
    },
    "fr": {"m": (), "f": ((r"\bun$", "une"),)},
    "it": {"m": ((r"^uno$", "un"),), "f": ((r"^uno$", "una"),)},
    "pt": {"m": (), "f": ((r"\bum$", "uma"), (r"\bdois$", "duas"), (r"entos\b", "entas"))},
    "de": {"m": ((r"eins$", "ein"),), "f": ((r"^eins$", "eine"),)},
}
_AGREEING["pt_BR"] = _AGREEING["pt"]


@cache
def _num2words() -> Callable[..., Any]:
    from num2words import num2words

    return num2words  # type: ignore[no-any-return]


@lru_cache(maxsize=8192)
def cardinal(number: int, table: Lexicon) -> str:
    """Return a whole number as it is counted, masculine where the language has genders."""
    spoken = str(_num2words()(number, lang=table.num2words)).replace(",", "")
    if not table.hundred_and:
        spoken = spoken.replace(" and ", " ")
    if table.num2words == "it":
        spoken = re.sub(r"(?<=\w)tre$", "tré", spoken)
    if table.num2words == "ru":
        spoken = spoken.removeprefix("одна ") if spoken.startswith("одна тысяча") else spoken
    return " ".join(spoken.split())


def agreeing(number: int, noun: Noun, table: Lexicon) -> str:
    """Return a whole number as it stands before `noun`."""
    if table.inflects:
        if noun.gender == "m" or table.num2words not in {"ru", "uk"}:
            return cardinal(number, table)
        return str(_num2words()(number, lang=table.num2words, gender=noun.gender))
    spoken = cardinal(number, table)
    for end, other in _AGREEING.get(table.num2words, {}).get(noun.gender, ()):
        spoken = re.sub(end, other, spoken)
    return spoken


def agrees(number: int, table: Lexicon) -> bool:
    """Return whether the words for a number depend on the noun after it."""
    if table.inflects:
        return True
    forms = {agreeing(number, Noun("", "", gender=gender), table) for gender in "mf"}
    return forms != {cardinal(number, table)}


def ordinal(number: int, table: Lexicon) -> str:
    """Return a number as it ranks, masculine singular."""
    spoken = str(_num2words()(number, lang=table.num2words, to="ordinal")).replace(",", "")
    return spoken if table.hundred_and else spoken.replace(" and ", " ")


def inflected_ordinal(number: int, case: str, table: Lexicon) -> str:
    """Return a Russian ordinal, masculine, in a case: n, g, d, a, i or p."""
    return str(_num2words()(number, lang=table.num2words, to="ordinal", case=case))


def digits(text: str, table: Lexicon) -> str:
    """Return digits one by one."""
    return " ".join(cardinal(int(digit), table) for digit in text)


def year(number: int, table: Lexicon) -> str:
    """Return a number from 1100 to 2099 as a year.

    Examples
    --------
    >>> year(1905, lexicon("en")), year(1905, lexicon("de")), year(2004, lexicon("en"))
    ('nineteen oh five', 'neunzehnhundertfünf', 'two thousand four')
    """
    century, rest = divmod(number, 100)
    if table.years == "pairs" and not 2000 <= number <= 2009:
        if rest == 0:
            return f"{cardinal(century, table)} hundred"
        return f"{cardinal(century, table)} {'oh ' if rest < 10 else ''}{cardinal(rest, table)}"
    if table.years == "hundreds":
        return re.sub(r"\ ?honderd\ ?", "honderd", str(_num2words()(number, lang=table.num2words, to="year")))
    return cardinal(number, table)


def fraction(decimals: str, table: Lexicon) -> str:
    """Return the digits behind the decimal sign."""
    if table.decimals == "digits" or len(decimals) > 2:
        return digits(decimals, table)
    zeros = len(decimals) - len(decimals.lstrip("0"))
    rest = decimals[zeros:]
    return digits(decimals, table) if not rest else f"{digits('0' * zeros, table)} {cardinal(int(rest), table)}".strip()


def whole(text: str, table: Lexicon) -> int | None:
    """Return the value of a whole number in digits, with or without the signs between its groups."""
    plain = text.replace(table.group, "") if table.group else text
    if not plain.isdecimal() or len(plain) > LONGEST or (len(plain) > 1 and plain[0] == "0"):
        return None
    value = int(plain)
    return None if table.ambiguous and re.search(table.ambiguous, cardinal(value, table)) else value


def amount(text: str, table: Lexicon) -> tuple[int, str, str] | None:
    """Return whole part, decimal sign and decimals of a number in digits; None if it is not read as one."""
    for sign in table.decimal:
        before, symbol, after = text.partition(sign)
        if symbol and after.isdecimal():
            value = whole(before, table)
            if value and len(after) == 3 and table.group == "." and before.isdecimal():
                return None  # 165,103 is a whole number elsewhere
            return None if value is None else (value, sign, after)
    value = whole(text, table)
    return None if value is None else (value, "", "")


def in_words(text: str, noun: Noun | None, table: Lexicon) -> str | None:
    """Return a number in digits as words, before `noun` if there is one; None if it is not read as one."""
    parts = amount(text, table)
    if parts is None:
        return None
    value, sign, decimals = parts
    if sign:
        return f"{cardinal(value, table)} {table.decimal[sign]} {fraction(decimals, table)}"
    return cardinal(value, table) if noun is None else agreeing(value, noun, table)


def counted(text: str, noun: Noun, table: Lexicon) -> str | None:
    """Return a number in digits with what it counts: ``5``, km -> ``five kilometers``."""
    spoken = in_words(text, noun, table)
    if spoken is None:
        return None
    value, sign, _ = amount(text, table) or (0, "", "")
    if table.num2words == "de" and not sign and agrees(value, table):  # ein, einen, einem: the case is not known
        return None
    if sign:
        return f"{spoken} {noun.many}"
    joint = f" {table.of}" if table.of and _MILLIONS.search(spoken) else ""
    return f"{spoken}{joint} {form(value, noun, table)}"


def form(value: int, noun: Noun, table: Lexicon) -> str:
    """Return the form of `noun` after a whole number."""
    if not table.inflects:
        one = value == 1 or (value == 0 and table.num2words == "fr")
        return noun.one if one else noun.many
    last, teen = value % 10, 10 < value % 100 < 20
    single = value == 1 if table.num2words in {"pl", "cs"} else last == 1 and not teen
    few = value in {2, 3, 4} if table.num2words == "cs" else last in {2, 3, 4} and not teen
    return noun.one if single else noun.few if few else noun.many
