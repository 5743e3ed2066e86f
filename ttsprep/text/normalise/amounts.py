"""Amounts: money, units, per cent, fractions, sums."""

import re

from ttsprep.text.normalise.lexicon import Lexicon, Noun
from ttsprep.text.normalise.rules import AMOUNT_ENDS, APART, CURRENCY, Rule, any_number, around, one_of
from ttsprep.text.normalise.spell import agreeing, amount, cardinal, counted, form, in_words, whole

_FRACTIONS = dict(zip("½⅓⅔¼¾⅛⅜⅝⅞", ["1/2", "1/3", "2/3", "1/4", "3/4", "1/8", "3/8", "5/8", "7/8"], strict=True))
_VULGAR = re.compile(f"(?:(\\d) ?)?([{''.join(_FRACTIONS)}])(?!\\d)")


def amount_rules(table: Lexicon) -> list[Rule]:
    """Return the rules for amounts in the language of `table`."""
    return [*_money(table), *_fractions(table), *_units(table), *_sums(table)]


def _money(table: Lexicon) -> list[Rule]:
    if not table.currency:
        return []
    number, signs = any_number(table), one_of(list(table.currency))
    magnitude = rf"(?:\ (?P<magnitude>{one_of(table.magnitudes)})\b)?" if table.magnitudes else "(?P<magnitude>(?!))?"

    def money(match: re.Match[str]) -> str | None:
        text, noun = match["number"], table.currency[match["sign"]]
        parts = amount(text, table)
        if parts is None or (table.inflects and parts[1]):
            return None
        if match["magnitude"]:
            spoken = None if table.inflects else in_words(text, None, table)
            joint = f" {table.of}" if table.of else ""
            return None if spoken is None else f"{spoken} {match['magnitude']}{joint} {noun.many}"
        if match.re is before and _before_noun(match, table):
            return None if parts[1] else f"{cardinal(parts[0], table)} {noun.one}"
        return _whole_and_hundredths(parts, noun, table) if parts[1] else counted(text, noun, table)

    before = re.compile(
        rf"(?<![\w.,{CURRENCY}-])(?P<sign>{signs})\ ?(?P<number>{number}){magnitude}{AMOUNT_ENDS}(?!-?[KMBkmb]\b)"
    )
    after = re.compile(rf"{APART}(?P<number>{number}){magnitude}\ ?(?P<sign>{signs})(?![\w{CURRENCY}])")
    return [Rule(before, money), Rule(after, money)]


def _before_noun(match: re.Match[str], table: Lexicon) -> bool:
    """Return whether money stands before what it costs: a $5 bill."""
    article = re.search(r"\b[Aa]n?\ $", around(match)[0])
    return (
        table.num2words == "en"
        and article is not None
        and re.match(r"[ -][a-z]", match.string[match.end() :]) is not None
    )


def _whole_and_hundredths(parts: tuple[int, str, str], noun: Noun, table: Lexicon) -> str | None:
    value, _, decimals = parts
    if len(decimals) != 2 or not noun.cents:
        return None
    hundredths = int(decimals)
    units = f"{agreeing(value, noun, table)} {form(value, noun, table)}"
    if hundredths == 0:
        return units
    coins = Noun(noun.cent, noun.cents)
    small = f"{agreeing(hundredths, coins, table)} {form(hundredths, coins, table)}"
    if value == 0:
        return small
    return f"{units} {noun.joint} {small}" if noun.joint else f"{units} {cardinal(hundredths, table)}"


def _units(table: Lexicon) -> list[Rule]:
    percent = {"%": Noun(table.signs["%"], table.signs["%"])} if "%" in table.signs else {}
    units = {**table.units, **percent}
    units |= {unit[:-1] + str("¹²³".index(unit[-1]) + 1): noun for unit, noun in units.items() if unit[-1] in "²³"}
    if not units:
        return []
    number = any_number(table)
    minus = r"(?:(?:(?<=\s)|^|(?<=\())(?P<minus>-))?"
    spaced = [unit for unit, noun in units.items() if noun.spaced]
    close = [unit for unit in units if unit not in spaced]
    pattern = re.compile(
        rf"(?:(?P<start>{APART}{number})(?P<range>-|\ -\ ))?"
        rf"(?:{minus}(?:(?<=-)|(?<=\ -\ )|{APART}))(?P<number>{number})"
        rf"(?:-?\ ?(?P<close>{one_of(close)})|\ (?P<spaced>{one_of(spaced) or '(?!)'}))(?![\w/²³°]|\.\w|\ ?\d+\ ?′)"
    )

    def measure(match: re.Match[str]) -> str | None:
        noun = units[match["close"] or match["spaced"]]
        if table.inflects and (match["start"] or not _nominative(match)):
            return None
        if table.inflects and (amount(match["number"], table) or (0, ".", ""))[1]:
            return None
        spoken = counted(match["number"], noun, table)
        if spoken is None:
            return None
        if match["start"]:
            first, last = amount(match["start"], table), amount(match["number"], table)
            low = in_words(match["start"], noun, table)
            if low is None or first is None or last is None or first >= last or not table.to or match["minus"]:
                return None
            return f"{low} {table.to} {spoken}"
        if match["minus"]:
            return f"{table.signs['-']} {spoken}" if "-" in table.signs else None
        return spoken

    return [Rule(pattern, measure)]


def _nominative(match: re.Match[str]) -> bool:
    """Return whether a Slavic number with its unit governs nothing before it: it opens the text or a bracket."""
    return around(match)[0].rstrip()[-1:] in {"", "(", ":"}


def _fractions(table: Lexicon) -> list[Rule]:
    if not table.fractions:
        return []
    names = one_of(list(table.fractions))
    mixed = re.compile(rf"{APART}(?P<whole>\d+)[ -](?P<part>{names})(?![\w/]|-\d|\.\d)")
    alone = re.compile(rf"{APART}(?<![Oo]n\ )(?P<part>{names})(?![\w/]|-\d|\.\d)")

    def and_part(match: re.Match[str]) -> str | None:
        value = whole(match["whole"], table)
        part = table.mixed.get(match["part"]) or (
            table.mixed_with and f"{table.mixed_with} {table.fractions[match['part']]}"
        )
        return f"{cardinal(value, table)} {part}" if value is not None and part else None

    half = [Rule(re.compile(rf"{APART}1/2(?=\ an?\ )"), lambda _: "half")] if table.num2words == "en" else []
    plain = Rule(
        _VULGAR,
        lambda match: (
            f"{match[1] or ''} {_FRACTIONS[match[2]]}".lstrip() if _FRACTIONS[match[2]] in table.fractions else None
        ),
    )
    return [plain, Rule(mixed, and_part), *half, Rule(alone, lambda match: table.fractions[match["part"]])]


def _sums(table: Lexicon) -> list[Rule]:
    if not {"+", "="} <= table.signs.keys():
        return []
    number = any_number(table)
    between = r"\ ?([+=])\ ?|\ (-)\ "
    terms = rf"{number}(?:(?:\ ?[+=]\ ?|\ -\ ){number}){{1,9}}"
    pattern = re.compile(rf"(?<![\w.,:/-])(?<![-*/+=]\ ){terms}(?![\w%]|[.,:/-]\d|\ ?[=+*/-]\ ?\w)")

    def read(match: re.Match[str]) -> str | None:
        if "-" in match[0] and ("=" not in match[0] or "-" not in table.signs):
            return None
        parts = [part for part in re.split(between, match[0]) if part]
        spoken = [table.signs[part] if part in table.signs else in_words(part, None, table) for part in parts]
        return " ".join(map(str, spoken)) if None not in spoken else None

    return [Rule(pattern, read)]
