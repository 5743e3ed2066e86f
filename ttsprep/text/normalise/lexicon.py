"""What a language calls numbers, units and abbreviations: the tables in ``languages/``."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from importlib import resources

from ttsprep.core.untrusted import toml_table


@dataclass(frozen=True, slots=True)
class Noun:
    """What is counted: a unit or a currency.

    Attributes
    ----------
    one, many
        Its name after 1 and after other numbers.
    few
        After 2, 3 and 4 in Slavic languages; empty where that is `many`.
    gender
        ``m`` or ``f``, where the number before it agrees.
    cent, cents, joint
        What a hundredth is called, and the word before it; without them, only whole amounts are read.
    spaced
        Read only with a blank before it, for ``5m`` may be million.
    """

    one: str
    many: str
    few: str = ""
    gender: str = "m"
    cent: str = ""
    cents: str = ""
    joint: str = ""
    spaced: bool = False


@dataclass(frozen=True, eq=False)
class Lexicon:
    """The table of a language; see docs/text.md for what the keys do."""

    num2words: str = ""
    group: str = ""
    decimal: Mapping[str, str] = field(default_factory=dict)
    decimals: str = "number"
    years: str = ""
    hundred_and: bool = True
    inflects: bool = False
    ambiguous: str = ""
    dotted: tuple[str, ...] = ()
    signs: Mapping[str, str] = field(default_factory=dict)
    to: str = ""
    nominative_triggers: tuple[str, ...] = ()
    function_words: tuple[str, ...] = ()
    digit_triggers: tuple[str, ...] = ()
    ranges_after: tuple[str, ...] = ()
    magnitudes: tuple[str, ...] = ()
    of: str = ""
    masculine: tuple[str, ...] = ()
    feminine: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    date: str = ""
    time: Mapping[str, str] = field(default_factory=dict)
    fractions: Mapping[str, str] = field(default_factory=dict)
    mixed: Mapping[str, str] = field(default_factory=dict)
    mixed_with: str = ""
    currency: Mapping[str, Noun] = field(default_factory=dict)
    units: Mapping[str, Noun] = field(default_factory=dict)
    roman: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    starters: tuple[str, ...] = ()
    abbreviations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


_KEYS = frozenset(item.name for item in fields(Lexicon))


@cache
def lexicon(language: str) -> Lexicon:
    """Return the table for a language tag such as ``en-gb`` or ``pt_BR``; an empty one if there is none."""
    tag = language.strip().lower().replace("_", "-")
    stem = tag.split("-", maxsplit=1)[0]
    file = resources.files("ttsprep.text.normalise").joinpath("languages", f"{stem}.toml")
    if not stem.isalpha() or not file.is_file():
        return Lexicon()
    text = file.read_text(encoding="utf-8")
    read = toml_table(text)
    own = read.get("region", {}).get(read.get("regions", {}).get(tag, ""), {})
    for usual, here in own.get("respell", {}).items():
        text = text.replace(usual, here)
    read = {key: value for key, value in (toml_table(text) | own).items() if key in _KEYS}
    for table in ("currency", "units"):
        read[table] = {sign: Noun(**names) for sign, names in read.get(table, {}).items()}
    for key, value in read.items():
        if isinstance(value, list):
            read[key] = tuple(value)
    return Lexicon(**read)
