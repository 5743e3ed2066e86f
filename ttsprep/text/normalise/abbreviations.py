"""Abbreviations written out, where what stands around them leaves one reading."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache

from ttsprep.text.normalise.lexicon import Lexicon
from ttsprep.text.normalise.rules import Rule, around, one_of

_CAPITAL = "(?:[A-ZÀ-ÖØ-ÞĀ-ŽА-ЯЁЄІЇҐ])"
_START = re.compile(r"(?:^|[.!?]\s)[\s\"'(-]*$")
_TEXT_ENDS = re.compile(r"[\s\"')]*$")
_NAME_BEFORE = re.compile(rf"{_CAPITAL}[\w.'-]*\ $")
_TAIL = re.compile(r"[^\W\d_]+\Z")
_APART = r"(?<![\w.'-])"
_PLACES = {
    "before_number": (_APART, r"(?=\ ?[\d#])"),
    "before_name": (_APART, rf"(?=\ (?:[\"']|(?:de|del|du|le|la|von|van|di|da)\ )?{_CAPITAL})"),
    "after_name": (_APART, ""),
    "always": (_APART, ""),
    "ending": (r"(?<=[^\W\d_]{2})", ""),
    "closing": (_APART, ""),
    "within": (_APART, ""),
}
"""Where an abbreviation must stand, by the table it is in: what comes before it, and after it."""


@cache
def abbreviation_rules(table: Lexicon) -> list[Rule]:
    """Return the rules for abbreviations in the language of `table`."""
    rules = []
    for kind, (before, after) in _PLACES.items():
        if listed := table.abbreviations.get(kind):
            pattern = re.compile(rf"{before}(?P<short>{spaced(listed)})(?!\w|\.\w){after}")
            rules.append(Rule(pattern, _expander(kind, listed, table)))
    if sign := table.signs.get("&"):
        rules.append(Rule(re.compile(r"(?<=\w)\ ?&\ ?(?=\w)|(?<=[\w.,\"')])\ &\ (?=[\"'(\[]*\w)"), _as_word(sign)))
    for sign in "#№":
        if sign in table.signs:
            rules.append(Rule(re.compile(rf"(?<![\w#])\ ?{sign}\ ?(?=\d)"), _as_word(table.signs[sign])))
    return rules


@cache
def _endings(table: Lexicon) -> frozenset[str]:
    """Return the letters before the last full stop of every abbreviation."""
    listed = [short for kind in table.abbreviations.values() for short in kind]
    return frozenset(re.split(r"[\W\d_]", short.rstrip("."))[-1] for short in listed if short.endswith("."))


@cache
def _undotted(table: Lexicon) -> re.Pattern[str]:
    """Return the pattern of abbreviations that end in no full stop."""
    listed = [short for kind in table.abbreviations.values() for short in kind if not short.endswith(".")]
    signs = "".join(sign for sign in "&#№" if sign in table.signs)
    patterns = [f"[{signs}]"] * bool(signs) + [rf"(?<!\w)(?:{one_of(listed)})(?!\w)"] * bool(listed)
    return re.compile("|".join(patterns) or "(?!)")


def may_abbreviate(text: str, table: Lexicon) -> bool:
    """Return whether `text` may hold an abbreviation: quickly, so that most texts are not searched for each."""
    endings, at = _endings(table), text.find(".")
    while at >= 0 and endings:
        tail = _TAIL.search(text, max(0, at - 8), at)
        if tail and (tail[0] in endings or ("str" in endings and tail[0].endswith("str"))):
            return True
        at = text.find(".", at + 1)
    return _undotted(table).search(text) is not None


def _as_word(name: str) -> Callable[[re.Match[str]], str]:
    return lambda match: f"{name} " if around(match)[0][-1:] in {"", "(", '"', "'"} else f" {name} "


def spaced(listed: Iterable[str]) -> str:
    """Return the pattern of the abbreviations; after a full stop inside one a blank may stand: z. B."""
    return re.sub(r"\\\.(?=[^|])", r"\\.\\ ?", one_of(list(listed)).replace(r"\.\ ", r"\."))


def _expander(kind: str, listed: Mapping[str, str], table: Lexicon) -> Callable[[re.Match[str]], str | None]:
    plain = {short.replace(" ", ""): full for short, full in listed.items()}

    def expand(match: re.Match[str]) -> str | None:
        short = match["short"]
        full = plain[short.replace(" ", "")]
        before, after = around(match)
        if kind == "after_name" and not _after_name(before, after, short):
            return None
        if kind == "before_name" and short in {"St.", "M."} and _NAME_BEFORE.search(before):
            return None  # Oxford St. James; Jean M. Dupont
        if kind != "ending" and _START.search(before):
            full = full[0].upper() + full[1:]
        return full + _stop(kind, short, after, table)

    return expand


def _after_name(before: str, after: str, short: str) -> bool:
    name = re.search(rf"{_CAPITAL}[\w.']*,?\ $|&\ $|\b(?:and)\ $", before)
    if name is None:
        return False
    return not (short in {"St.", "Ave.", "Rd.", "Sr.", "Co."} and re.match(rf"\ {_CAPITAL}", after))


def _stop(kind: str, short: str, after: str, table: Lexicon) -> str:
    """Return the full stop that ends the sentence as well as the abbreviation: in the U.S. Then, but the U.S. Army."""
    if kind not in {"closing", "within", "after_name"} or not short.endswith("."):
        return ""
    if _TEXT_ENDS.match(after):
        return "."
    following = re.match(rf"[\"')]*\ [\"'(]*({_CAPITAL}\w*)", after)
    if kind == "after_name" or following is None:
        return ""
    return "." if kind == "closing" or following[1] in table.starters else ""
