"""Ordinals, digits one by one, and plain whole numbers and decimals."""

import re
from functools import cache

from ttsprep.text.normalise.amounts import amount_rules
from ttsprep.text.normalise.dates import YEARS, date_rules, english_year
from ttsprep.text.normalise.lexicon import Lexicon, Noun
from ttsprep.text.normalise.ordinals import rank_rules
from ttsprep.text.normalise.rules import APART, ENDS, Rule, any_number, around, one_of
from ttsprep.text.normalise.spell import LONGEST, agreeing, agrees, amount, cardinal, digits, in_words, year

_WORD_AFTER = re.compile(r"[ -]([^\W\d_]+)")
_NAME_BEFORE = re.compile(
    r"\b(?!(?:About|Almost|And|At|But|By|For|From|In|Nearly|Of|On|Only|Over|Some|The|Then|To|With)\b)[A-Z][\w'-]*\ $"
)
_LONE_LETTER = re.compile(r"\ (?![AaIEeOoUuYyàòèéИиАаВвСсУуОоКкЯя]\b|[AP]\ M\b)[^\W\d_]\b(?!')")
"""A unit that is not in the table: 5 h."""
_SENTENCE = re.compile(r"[^.!?]*$")


@cache
def number_rules(table: Lexicon) -> list[Rule]:
    """Return the rules for numbers in the language of `table`, in the order in which they are tried."""
    if not table.num2words:
        return []
    return [*date_rules(table), *amount_rules(table), *rank_rules(table), _zeros(table), *_plain(table)]


def _zeros(table: Lexicon) -> Rule:
    """Digits that begin with 0 are no quantity: they are read one by one."""
    return Rule(re.compile(rf"{APART}(0\d{{1,{LONGEST}}}){ENDS}"), lambda match: digits(match[1], table))


def _plain(table: Lexicon) -> list[Rule]:
    number = any_number(table)
    minus = Rule(
        re.compile(rf"(?:(?<=[\s(])|^)-(?P<number>{number}){ENDS}"),
        lambda match: _negative(match["number"], table) if not table.inflects else None,
    )
    plain = Rule(re.compile(rf"{APART}(?P<number>{number}){ENDS}"), lambda match: _number(match, table))
    return [minus, plain] if "-" in table.signs else [plain]


def _negative(text: str, table: Lexicon) -> str | None:
    spoken = in_words(text, None, table)
    return None if spoken is None else f"{table.signs['-']} {spoken}"


def _number(match: re.Match[str], table: Lexicon) -> str | None:
    text = match["number"]
    before, after = around(match)
    parts = amount(text, table)
    if parts is None or _is_spelt(text, before, table):
        return None
    if _LONE_LETTER.match(after):
        return None
    if parts[1]:
        return None if table.inflects else in_words(text, None, table)
    value = parts[0]
    if value == 1 and table.months and re.match(rf"\ (?:de\ )?(?:{one_of(table.months)})\b", after):
        return None  # uno de enero, primero de enero
    if table.num2words == "en" and 1000 <= value < 1100 and text.isdecimal():  # ten sixty-six
        return None
    if table.dotted and re.match(r"\.\s", after):  # an ordinal, or the end of a sentence
        return None
    following = _WORD_AFTER.match(after)
    word = following[1] if following else ""
    if table.years and text.isdecimal() and value in YEARS and len(text) == 4:
        pairs = table.years == "pairs"
        is_year = english_year(before, after, word, table) if pairs else not word[:1].isupper()
        if is_year is not False:
            return year(value, table) if is_year else None
    if table.inflects:
        return cardinal(value, table) if _is_named(before, after, word, table) else None
    if agrees(value, table) and word and word.lower() not in table.function_words:
        gender = "m" if word in table.masculine else "f" if word in table.feminine else ""
        return agreeing(value, Noun("", "", gender=gender), table) if gender else None
    return cardinal(value, table)


def _is_spelt(text: str, before: str, table: Lexicon) -> bool:
    """Return whether a number may be read digit by digit, such as one that is dialled."""
    if not text.isdecimal() or len(text) < 3:
        return False
    if len(text) > 4 and not text.endswith("00"):
        return True
    if table.num2words == "en" and len(text) == 3 and _NAME_BEFORE.search(before):  # Boeing 747, Room 101
        return True
    sentence = _SENTENCE.search(before)
    return sentence is not None and any(
        word.lower() in table.digit_triggers for word in re.findall(r"[^\W\d_]+", sentence[0])
    )


def _is_named(before: str, after: str, word: str, table: Lexicon) -> bool:
    """Return whether a number in a Slavic language is a name in the nominative: press 5, folder 6."""
    if word and (word.lower() not in table.function_words or after[:1] == "-"):
        return False
    words = re.findall(r"[^\W\d_]+|[^\w\s]", before)
    if not words:
        return not word
    if words[-1].lower() in table.nominative_triggers:
        return True
    named = any(name.lower() in table.nominative_triggers for name in words)
    return named and (words[-1] in {",", ".", ";", ":"} or words[-1].lower() in table.function_words)
