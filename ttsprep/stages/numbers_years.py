"""Whether four digits are a year: 1905 is nineteen oh five, 1905 men are not."""

import re

from ttsprep.stages.numbers_rules import one_of
from ttsprep.stages.text_words import Words

_PLURAL = re.compile(r"(?!(?:was|as|has|perhaps|always|does|towards|yes)$)[a-z]+(?<![usi])s$")
_PLURALS = {"people", "men", "women", "children", "feet", "of"}
_THERE = re.compile(r"\b[Tt]here\ (?:were|are|was|is|have\ been|had\ been)\ $")
_TOTAL = re.compile(r"\b(?:total|number|force|sum|population|crowd|army|average|length|distance|height)\ of\ $")
_CERTAIN = re.compile(
    r"\b(?:in|since|until|till|down\ to|years?|circa|ca\.|during|early|late|spring|summer|autumn|winter|fall)\ $",
    re.IGNORECASE,
)
_LIKELY = re.compile(
    r"(?:^|[(\[,;:\"]\s?|-\ |\b(?:by|of|from|after|before|between|about|around|the|for|than|[A-Z][\w'.]*)\ |"
    r"\b\d{4}\ (?:and|to|or)\ )$"
)


def english_year(before: str, after: str, word: str, table: Words) -> bool | None:
    """Return whether four digits read as a year, by what stands around them; None if they may or may not.

    Parameters
    ----------
    before, after
        The text around the digits.
    word
        The word after them, if one follows.
    """
    if word in table.magnitudes or _THERE.search(before) or _TOTAL.search(before):
        return False
    sure = _CERTAIN.search(before) is not None or re.search(rf"\b(?:{one_of(table.months)}),?\ $", before) is not None
    if after[:1] == " " and (word in _PLURALS or _PLURAL.match(word)):
        return None if sure or word == "of" else False
    return True if sure or _LIKELY.search(before) else None
