"""Ordinals: 1st, 3º, 1er, 5. Mai; and Roman numerals where it is certain that they are numerals."""

import re
from collections.abc import Callable

from ttsprep.text.normalise.lexicon import Lexicon
from ttsprep.text.normalise.rules import APART, Rule, one_of
from ttsprep.text.normalise.spell import cardinal, inflected_ordinal, ordinal

_ROMAN = r"(?=[IVXLC])(?:C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


def roman(text: str) -> int:
    """Return the value of a Roman numeral.

    Examples
    --------
    >>> roman("XIV"), roman("CXCIX")
    (14, 199)
    """
    values = [_VALUES[sign] for sign in text]
    return sum(-value if value < later else value for value, later in zip(values, [*values[1:], 0], strict=True))


def rank_rules(table: Lexicon) -> list[Rule]:
    """Return the rules for ordinals and Roman numerals in the language of `table`."""
    return [*_suffixed(table), *_dotted(table), *_roman_rules(table)]


def _feminine(words: str) -> str:
    return re.sub(r"o\b", "a", words)


def _english(number: int, suffix: str, table: Lexicon) -> str | None:
    words = ordinal(number, table)
    ends = {"st": "first", "nd": "second", "rd": "third"}.get(suffix)
    right = words.endswith(ends) if ends else not words.endswith(("first", "second", "third"))
    return words if right else None


def _french(number: int, suffix: str, table: Lexicon) -> str | None:
    if suffix in {"er", "re", "ère"}:
        return {"er": "premier"}.get(suffix, "première") if number == 1 else None
    if suffix in {"nd", "nde"}:
        return {"nd": "second", "nde": "seconde"}[suffix] if number == 2 else None
    return ordinal(number, table) if number > 1 else None


def _spanish(number: int, suffix: str, table: Lexicon) -> str | None:
    if number > 10 or number < 1:
        return None
    if suffix.endswith("er"):
        return {1: "primer", 3: "tercer"}.get(number)
    return _feminine(ordinal(number, table)) if suffix.endswith("ª") else ordinal(number, table)


def _latin(number: int, suffix: str, table: Lexicon) -> str | None:
    return _feminine(ordinal(number, table)) if suffix.endswith("ª") else ordinal(number, table)


def _dutch(number: int, suffix: str, table: Lexicon) -> str | None:
    words = ordinal(number, table)
    return words if words.endswith(suffix) else None


_SUFFIXES: dict[str, tuple[str, Callable[[int, str, Lexicon], str | None]]] = {
    "en": (r"(st|nd|rd|th)\b", _english),
    "fr": (r"(er|re|ère|nde?|e|ème|è)\b", _french),
    "es": (r"(\.?[ºª]|\.?er\b)", _spanish),
    "it": (r"(\.?[ºª])", _latin),
    "pt": (r"(\.?[ºª])", _latin),
    "pt_BR": (r"(\.?[ºª])", _latin),
    "nl": (r"(e|de|ste)\b", _dutch),
}


def _suffixed(table: Lexicon) -> list[Rule]:
    if table.num2words not in _SUFFIXES:
        return []
    suffix, spell = _SUFFIXES[table.num2words]

    def rank(match: re.Match[str]) -> str | None:
        digits = match[1].replace(",", "")
        return spell(int(digits), match[2], table) if digits[0] != "0" else None

    return [Rule(re.compile(rf"{APART}(\d{{1,4}}|\d{{1,3}},\d{{3}}){suffix}(?!\d)"), rank)]


def _dotted(table: Lexicon) -> list[Rule]:
    """German: am 5. Mai; after these words the ordinal ends in -n, whatever its gender and number."""
    if not table.dotted:
        return []
    number = r"[1-9]\d{0,2}"
    pattern = re.compile(
        rf"(?i:\b(?P<word>{one_of(table.dotted)})\ )(?P<first>{number})\."
        rf"(?:(?P<joint>\ (?:bis|und|oder|bis\ zum)\ )(?P<last>{number})\.)?(?=\ [^\W\d_])"
    )

    def rank(match: re.Match[str]) -> str:
        last = f"{match['joint']}{ordinal(int(match['last']), table)}n" if match["last"] else ""
        return f"{match['word']} {ordinal(int(match['first']), table)}n{last}"

    return [Rule(pattern, rank)]


def _roman_rules(table: Lexicon) -> list[Rule]:
    own = table.roman
    rules = []
    if names := own.get("names"):
        pattern = re.compile(
            rf"\b(?P<name>{one_of(tuple(names))})\ (?P<roman>{_ROMAN})(?:(?<=\ I)(?:er|ère))?(?!\w|-\w)"
            r"(?!(?<=\ [IVXLC])\.\ ?[A-Z])"  # George V. Smith
        )
        rules.append(Rule(pattern, lambda match: _reign(match, table)))
    if counted := own.get("counted"):
        pattern = re.compile(rf"\b(?P<name>{one_of(tuple(counted))})\ (?P<roman>{_ROMAN})(?!\w|-\w|\.[A-Z])")
        rules.append(Rule(pattern, lambda match: _counted(match, table)))
    if after := own.get("century_after"):
        pattern = re.compile(rf"(?P<name>\b(?i:{after}))\ (?P<roman>{_ROMAN})(?!\w|-\w)")
        rules.append(Rule(pattern, lambda match: _century(match, table)))
    if before := own.get("century_before"):
        pattern = re.compile(rf"\b(?P<roman>{_ROMAN}|{_ROMAN.lower()}){before}")
        rules.append(Rule(pattern, lambda match: ordinal(roman(match["roman"].upper()), table)))
    if table.num2words == "ru":
        rules.append(_russian_century(table))
    return rules


def _is_letter(match: re.Match[str], table: Lexicon) -> bool:
    """Return whether a single letter may be a word or an initial: said George I think."""
    sign, rest = match["roman"], match.string[match.end() :]
    if len(sign) > 1 or match["name"] == "World War" or match[0].endswith("r"):
        return False
    return sign not in "IVX" or (
        sign == "I" and table.num2words == "en" and re.match(r"\ (?!of\b|and\b)[^\W\d_]", rest) is not None
    )


def _reign(match: re.Match[str], table: Lexicon) -> str | None:
    if _is_letter(match, table):
        return None
    number = roman(match["roman"])
    ranked = table.num2words in {"en", "it"} or number == 1 or (number <= 10 and table.num2words != "fr")
    words = ordinal(number, table) if ranked else cardinal(number, table)
    if ranked and match["name"] in table.roman.get("feminine", ()):
        words = "première" if words == "premier" else _feminine(words)
    return f"{match['name']} {str(table.roman.get('name_form', '{ordinal}')).format(ordinal=words)}"


def _counted(match: re.Match[str], table: Lexicon) -> str | None:
    return None if _is_letter(match, table) else f"{match['name']} {cardinal(roman(match['roman']), table)}"


def _century(match: re.Match[str], table: Lexicon) -> str | None:
    number = roman(match["roman"])
    if table.num2words == "it":
        return f"{match['name']} {ordinal(number, table)}"
    return f"{match['name']} {cardinal(number, table)}" if number > 10 else None


def _russian_century(table: Lexicon) -> Rule:
    cases = {"век": "n", "века": "g", "веку": "d", "веком": "i", "веке": "p"}
    pattern = re.compile(rf"\b(?P<roman>{_ROMAN})(?=\ (?P<noun>{one_of(tuple(cases))})\b)")
    return Rule(pattern, lambda match: inflected_ordinal(roman(match["roman"]), cases[match["noun"]], table))
