"""Abbreviations written out, where what stands around them leaves one reading."""

import re
from collections.abc import Callable, Mapping
from functools import cache

from ttsprep.stages.numbers_rules import Rule, one_of
from ttsprep.stages.text_words import Words

_CAPITAL = "(?:[A-ZÀ-ÖØ-ÞĀ-ŽА-ЯЁЄІЇҐ])"
_START = re.compile(r"(?:^|[.!?]\s)[\s\"'(-]*$")
_TEXT_ENDS = re.compile(r"[\s\"')]*$")

_APART = r"(?<![\w.'-])"
_PLACES = {
    "before_number": (_APART, r"(?=\ ?[\d#])"),
    "before_name": (_APART, rf"\ ?(?=\ (?:[\"']|(?:de|du|von|van|di|da)\ )?{_CAPITAL})"),
    "after_name": (_APART, ""),
    "always": (_APART, ""),
    "ending": (r"(?<=[^\W\d_]{2})", ""),
    "closing": (_APART, ""),
}
"""Where an abbreviation must stand, by the table it is in: what comes before it, and after it."""


@cache
def abbreviation_rules(table: Words) -> list[Rule]:
    """Return the rules for abbreviations in the language of `table`."""
    rules = []
    for kind, (before, after) in _PLACES.items():
        if listed := table.abbreviations.get(kind):
            pattern = re.compile(rf"{before}(?P<short>{_spaced(listed)})(?!\w|\.\w){after}")
            rules.append(Rule(pattern, _expander(kind, listed)))
    if sign := table.signs.get("&"):
        rules.append(Rule(re.compile(r"(?<=\w)\ ?&\ ?(?=\w)|(?<=[\w.,\"')])\ &\ (?=[\"'(]*\w)"), _as_word(sign)))
    for sign in "#№":
        if sign in table.signs:
            rules.append(Rule(re.compile(rf"(?<![\w#])\ ?{sign}\ ?(?=\d)"), _as_word(table.signs[sign])))
    return rules


def _as_word(name: str) -> Callable[[re.Match[str]], str]:
    return lambda found: f"{name} " if found.string[: found.start()][-1:] in {"", "(", '"', "'"} else f" {name} "


def _spaced(listed: Mapping[str, str]) -> str:
    """Return the pattern of the abbreviations; after a full stop inside one a blank may stand: z. B."""
    return re.sub(r"\\\.(?=[^|])", r"\\.\\ ?", one_of(list(listed)).replace(r"\.\ ", r"\."))


def _expander(kind: str, listed: Mapping[str, str]) -> Callable[[re.Match[str]], str | None]:
    plain = {short.replace(" ", ""): full for short, full in listed.items()}

    def expand(found: re.Match[str]) -> str | None:
        short = found["short"]
        full = plain[short.replace(" ", "")]
        before, after = found.string[: found.start()], found.string[found.end() :]
        if kind == "after_name" and not _after_name(before, after, short):
            return None
        if kind == "before_name" and short == "St." and re.search(r"[A-Z]\w*\ $", before):
            return None
        if kind != "ending" and _START.search(before):
            full = full[0].upper() + full[1:]
        return full + _stop(kind, short, after)

    return expand


def _after_name(before: str, after: str, short: str) -> bool:
    name = re.search(rf"{_CAPITAL}[\w.']*,?\ $|&\ $|\b(?:and)\ $", before)
    if name is None:
        return False
    return not (short in {"St.", "Ave.", "Rd.", "Sr.", "Co."} and re.match(rf"\ {_CAPITAL}", after))


def _stop(kind: str, short: str, after: str) -> str:
    """Return the full stop that ends the sentence as well as the abbreviation."""
    if kind not in {"closing", "after_name"} or not short.endswith("."):
        return ""
    if _TEXT_ENDS.match(after):
        return "."
    return "." if kind == "closing" and re.match(rf"[\"')]*\ [\"'(]*{_CAPITAL}", after) and len(short) > 3 else ""
