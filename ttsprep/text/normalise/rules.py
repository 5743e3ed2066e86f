"""What a rule is, and what a number looks like in a text."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ttsprep.text.normalise.lexicon import Lexicon

Answer = Callable[[re.Match[str]], str | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern and what is said for it; None leaves it as it is."""

    pattern: re.Pattern[str]
    say: Answer


CURRENCY = "$€£¥₽₹"
APART = rf"(?<![\w.,:/#@+=°'*^~№{CURRENCY}-])(?<!\d )"
"""Before a number: nothing that it may be a part of."""

ENDS = rf"(?!\w|[′″]|\ ?[%°{CURRENCY}]|[.,:/*^+=]\d|'\d|-\d|\ \d)"
"""After a number."""

AMOUNT_ENDS = ENDS.replace(r"\ ?[%", "[%")
"""After a number that has its sign before it: $5 $6."""


def whole_number(table: Lexicon) -> str:
    """Return the pattern of a whole number, with or without signs between groups of three digits."""
    if table.group == " ":  # three groups of three are as often a telephone number
        return r"(?:\d{1,2}(?:\ \d{3})+|\d{3}\ \d{3}|\d+)"
    return rf"(?:\d{{1,3}}(?:{re.escape(table.group)}\d{{3}})+|\d+)" if table.group else r"\d+"


def any_number(table: Lexicon) -> str:
    """Return the pattern of a number, with or without decimals."""
    signs = "".join(map(re.escape, table.decimal))
    return rf"(?:{whole_number(table)}(?:[{signs}]\d+)?)" if signs else whole_number(table)


def one_of(names: Sequence[str]) -> str:
    """Return the pattern of any of `names`, the longest first."""
    return "|".join(re.escape(name) for name in sorted(names, key=lambda name: (-len(name), name)))


def around(match: re.Match[str]) -> tuple[str, str]:
    """Return the text before and after a match, as much as a rule may look at: long texts take no longer."""
    return match.string[max(0, match.start() - 1000) : match.start()], match.string[match.end() : match.end() + 100]


def apply(rules: Sequence[Rule], text: str) -> tuple[str, int]:
    """Return `text` as the rules, one after the other, leave it, and how often one of them spoke."""
    count = 0

    def answer(match: re.Match[str]) -> str:
        nonlocal count
        spoken = rule.say(match)
        if spoken is None:
            return match[0]
        count += 1
        return spoken

    for rule in rules:
        text = rule.pattern.sub(answer, text)
    return text, count
