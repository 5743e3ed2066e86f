"""Dates, times, years and ranges."""

import re

from ttsprep.text.normalise.lexicon import Lexicon, Noun
from ttsprep.text.normalise.rules import APART, ENDS, Rule, around, one_of, whole_number
from ttsprep.text.normalise.spell import agreeing, cardinal, inflected_ordinal, ordinal, whole, year

YEARS = range(1100, 2100)
_HALVES = re.compile(r"\ ?(?:[ap]\.m\.|[AP][. ]?M\b|[ap]m\b|o'clock)")
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def date_rules(table: Lexicon) -> list[Rule]:
    """Return the rules for dates, times, years and ranges in the language of `table`."""
    return [*_dates(table), *_times(table), *_ranges(table), *_decades(table), *_russian_years(table)]


def _dates(table: Lexicon) -> list[Rule]:
    if not table.date:
        return []
    iso = re.compile(rf"{APART}(\d{{4}})-(\d\d)-(\d\d){ENDS}")

    def read(match: re.Match[str]) -> str | None:
        number, month, day = int(match[1]), int(match[2]), int(match[3])
        if number not in YEARS or not 1 <= month <= 12 or not 1 <= day <= _DAYS[month - 1]:
            return None
        if whole(match[1], table) is None:
            return None
        rank = ordinal(day, table)
        count = rank if day == 1 and table.num2words in {"fr", "it", "pt", "pt_BR"} else cardinal(day, table)
        name = table.months[month - 1]
        return table.date.format(month=name, ordinal=rank, cardinal=count, year=year(number, table))

    rules = [Rule(iso, read)]
    if table.num2words == "en":
        pattern = re.compile(
            rf"\b(?P<month>{one_of(table.months)})\ (?P<day>\d\d?)(?P<year>,?\ \d{{4}})?{ENDS}(?!-|\ [ap]\.?m\b)"
        )
        rules.append(Rule(pattern, lambda match: _month_day(match, table)))
    return rules


def _month_day(match: re.Match[str], table: Lexicon) -> str | None:
    day = whole(match["day"], table)
    if not day or day > _DAYS[table.months.index(match["month"])]:
        return None
    spoken = f"{match['month']} {ordinal(day, table)}"
    if not match["year"]:
        return spoken
    number = int(match["year"][-4:])
    return f"{spoken}, {year(number, table)}" if number in YEARS else None


def _times(table: Lexicon) -> list[Rule]:
    if not table.time:
        return []
    time = table.time
    after = rf"(?P<named>\ (?:{time['named']})\b)" if time.get("named") else "(?P<named>(?!))"
    need = "" if time.get("certain", "yes") == "no" else "?"
    separator = time.get("separator", ":")
    pattern = re.compile(
        rf"{APART}(?P<hour>[01]?\d|2[0-3])(?P<sign>[{separator}])(?P<minute>[0-5]\d){after}{need}{ENDS}"
    )

    def read(match: re.Match[str]) -> str | None:
        hour, minute = int(match["hour"]), int(match["minute"])
        if table.num2words == "en":
            return _english_time(hour, minute, match, table)
        if match["sign"] == "." and not match["named"]:
            return None
        hours = Noun(time["hour"], time.get("hours", time["hour"]), gender=time.get("gender", "m"))
        spoken = f"{agreeing(hour, hours, table)} {hours.one if hour < 2 else hours.many}"
        return spoken if minute == 0 else f"{spoken} {cardinal(minute, table)}"

    rules = [Rule(pattern, read)]
    if table.num2words == "en":
        noon = re.compile(rf"{APART}(?P<time>(?:1[0-2]|[1-9])(?::[0-5]\d)?)\ ?(?P<half>[ap])m\b")
        rules.insert(0, Rule(noon, lambda match: f"{match['time']} {match['half'].upper()} M"))
    if table.num2words == "fr":
        hours = Noun("heure", "heures", gender="f")
        pattern = re.compile(rf"{APART}(?P<hour>1?\d|2[0-4])\ ?h(?:\ ?(?P<minute>[0-5]\d))?(?![\w:]|\ \d)")
        rules.append(Rule(pattern, lambda match: _french_time(match, hours, table)))
    return rules


def _french_time(match: re.Match[str], hours: Noun, table: Lexicon) -> str | None:
    hour = int(match["hour"])
    spoken = f"{agreeing(hour, hours, table)} {hours.one if hour < 2 else hours.many}"
    minute = int(match["minute"] or 0)
    return f"{spoken} {agreeing(minute, hours, table)}" if minute else spoken


def _english_time(hour: int, minute: int, match: re.Match[str], table: Lexicon) -> str | None:
    half_named = _HALVES.match(match.string, match.end()) is not None
    if match["sign"] == "." and not half_named:
        return None
    if minute == 0:
        if half_named:
            return cardinal(hour, table)
        return f"{cardinal(hour, table)} o'clock" if 1 <= hour <= 12 else None
    if hour == 0 or match["hour"].startswith("0"):
        return None
    return f"{cardinal(hour, table)} {'oh ' if minute < 10 else ''}{cardinal(minute, table)}"


def _ranges(table: Lexicon) -> list[Rule]:
    if not table.to:
        return []
    years = re.compile(rf"{APART}(\d{{4}})\ ?-\ ?(\d{{4}}){ENDS}")
    rules = [Rule(years, lambda match: _year_range(match, table))]
    if table.ranges_after:
        number = whole_number(table)
        pages = re.compile(rf"(?i:\b(?:{one_of(table.ranges_after)})\ )(?P<low>{number})-(?P<high>{number}){ENDS}")
        rules.append(Rule(pages, lambda match: _page_range(match, table)))
    return rules


def _year_range(match: re.Match[str], table: Lexicon) -> str | None:
    first, last = int(match[1]), int(match[2])
    if (
        first not in YEARS
        or last not in YEARS
        or first >= last
        or None in {whole(match[1], table), whole(match[2], table)}
    ):
        return None
    return f"{year(first, table)} {table.to} {year(last, table)}"


def _page_range(match: re.Match[str], table: Lexicon) -> str | None:
    low, high = whole(match["low"], table), whole(match["high"], table)
    if low is None or high is None or low >= high:
        return None
    name = match[0][: match.start("low") - match.start()]
    joint = table.signs.get("&", table.to) if name.strip().lower() == "between" else table.to
    return f"{name}{cardinal(low, table)} {joint} {cardinal(high, table)}"


def _decades(table: Lexicon) -> list[Rule]:
    if table.num2words != "en":
        return []

    def full(match: re.Match[str]) -> str | None:
        number = int(match[1])
        return _plural(year(number, table)) if number in YEARS else None

    return [
        Rule(re.compile(rf"(?:{APART}|(?<=\bmid-))(\d{{3}}0)'?s\b"), full),
        Rule(re.compile(r"(?<![\w'])'?([2-9]0)s\b"), lambda match: _plural(cardinal(int(match[1]), table))),
    ]


def _plural(words: str) -> str:
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"


def _russian_years(table: Lexicon) -> list[Rule]:
    """Years whose case the word after them shows: в 1905 году."""
    if table.num2words != "ru":
        return []
    cases = {"год": "n", "года": "g", "году": "p", "годом": "i"}
    pattern = re.compile(rf"{APART}(\d{{4}})(?=\ (год|года|году|годом)\b)")

    def read(match: re.Match[str]) -> str | None:
        number = int(match[1])
        if number not in YEARS:
            return None
        case = cases[match[2]]
        if match[2] == "году" and re.search(r"\b[Кк]о?\ $", around(match)[0]):
            case = "d"
        return inflected_ordinal(number, case, table)

    return [Rule(pattern, read)]


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


def english_year(before: str, after: str, word: str, table: Lexicon) -> bool | None:
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
