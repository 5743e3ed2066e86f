"""Which sounds the corpus has: bars of phones and the heat map of diphones."""

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from ttsprep.report.plots import Figure
from ttsprep.report.svg import number, picture, tag
from ttsprep.report.tables import Coverage, visible

VOWELS = frozenset("aeiouyæøœɐɑɒɔəɘɚɛɜɝɞɤɨɪɯɵɶʉʊʌʏᵻ")
RARE = 20
"""Occurrences under which a phone or diphone is drawn as rare."""


def is_vowel(phone: str) -> bool:
    """Whether an IPA symbol is a vowel, by its first letter after stress marks."""
    return phone.lstrip("ˈˌ")[:1] in VOWELS


def phone_bars(coverage: Coverage) -> Figure:
    """Draw the count of each phone, most frequent first, the missing ones marked."""
    missing = sorted(coverage.inventory - {p for p, n in coverage.phones.items() if n > 0})
    counted = sorted(
        ((p, n) for p, n in coverage.phones.items() if n > 0), key=lambda item: (-item[1], item[0])
    )
    step, left, bottom, height = 22, 46, 176, 200
    width = left + step * (len(counted) + len(missing)) + 12
    top = math.ceil(math.log10(max([n for _, n in counted] or [1]) + 1)) or 1
    parts = []
    for power in range(top + 1):
        y = bottom - (bottom - 24) * power / top
        parts += [
            tag("path", d=f"M{left} {number(y)}H{width - 8}", class_="grid"),
            tag("text", f"{10**power:,}", x=left - 6, y=y + 3.5, class_="tick", text_anchor="end"),
        ]
    for i, (phone, count) in enumerate([*counted, *((p, 0) for p in missing)]):
        x = left + 4 + step * i
        tip = f"{visible(phone)}: {count:,}" if count else f"{visible(phone)}: missing"
        if count:
            tall = max((bottom - 24) * math.log10(count) / top, 2.0)
            kind = "rare" if count < RARE else "vowel" if is_vowel(phone) else "consonant"
            parts.append(
                tag("rect", x=x, y=bottom - tall, width=step - 5, height=tall, class_=kind, data_tip=tip)
            )
        else:
            parts.append(
                tag("rect", x=x, y=bottom - 26, width=step - 5, height=26, class_="missing", data_tip=tip)
            )
        parts.append(
            tag(
                "text",
                visible(phone),
                x=x + (step - 5) / 2,
                y=bottom + 16,
                text_anchor="middle",
                class_="ipa" if count else "ipa absent",
            )
        )
    parts.append(tag("text", "occurrences, logarithmic", x=left, y=14, class_="label"))
    have = len(coverage.inventory) - len(missing)
    title = f"{have} of the {len(coverage.inventory)} phones of the language occur"
    if missing:
        title += (
            f"; missing: {', '.join(visible(p) for p in missing[:12])}{' …' if len(missing) > 12 else ''}"
        )
    return Figure(
        title,
        f"fewer than {RARE} occurrences are drawn as rare",
        picture(width, height, title, *parts, class_="natural"),
    )


def diphone_map(coverage: Coverage) -> Figure:
    """Draw which phone follows which, vowels and consonants apart, darker where it is more frequent."""
    phones = _order(coverage)
    place = {phone: i for i, phone in enumerate(phones)}
    vowels = sum(is_vowel(p) for p in phones)
    n, cell, left, top = len(phones), 15, 44, 40
    gap = 6
    size = n * cell + gap

    def at(i: int) -> int:
        return i * cell + (gap if i >= vowels else 0)

    parts = [
        tag("rect", x=left + at(a), y=top + at(b), width=w, height=h, class_="never")
        for a, w in _runs(vowels, n, cell)
        for b, h in _runs(vowels, n, cell)
    ]
    for (first, second), count in sorted(coverage.diphones.items()):
        if count > 0 and first in place and second in place:
            parts.append(_cell(first, second, count, left + at(place[second]), top + at(place[first]), cell))
    for phone, i in place.items():
        parts.append(
            tag("text", visible(phone), x=left - 6, y=top + at(i) + 11.5, text_anchor="end", class_="ipa")
        )
        parts.append(
            tag(
                "text",
                visible(phone),
                x=left + at(i) + cell / 2,
                y=top - 6,
                text_anchor="middle",
                class_="ipa",
            )
        )
    parts.append(tag("text", "second phone →", x=left, y=14, class_="label"))
    parts.append(tag("text", "first phone ↓", x=left + size - 4, y=14, text_anchor="end", class_="label"))
    seen = sum(c > 0 for c in coverage.diphones.values())
    once = sum(c == 1 for c in coverage.diphones.values())
    title = f"{seen:,} different diphones occur, {once:,} of them only once"
    return Figure(
        title,
        f"rows: first phone, columns: second; vowels before consonants; {_shares(coverage.diphones)}",
        picture(left + size + 8, top + size + 8, title, *parts, class_="natural heat"),
    )


def _order(coverage: Coverage) -> list[str]:
    """All phones, vowels first, each group by falling count."""
    known = set(coverage.inventory) | {p for pair in coverage.diphones for p in pair}
    return sorted(known, key=lambda p: (not is_vowel(p), -coverage.phones.get(p, 0), p))


def _runs(vowels: int, n: int, cell: int) -> Sequence[tuple[int, int]]:
    """(first row, pixels) of the vowels and of the consonants."""
    return [(a, count * cell) for a, count in ((0, vowels), (vowels, n - vowels)) if count]


def _cell(first: str, second: str, count: int, x: int, y: int, cell: int) -> Markup:
    level = min(6, 1 + int(math.log10(count) * 2)) if count > 1 else 0
    tip = f"{visible(first)} {visible(second)}: {count:,}"
    return tag("rect", x=x, y=y, width=cell - 1, height=cell - 1, class_=f"q{level}", data_tip=tip)


def _shares(diphones: Mapping[tuple[str, str], int]) -> str:
    total = sum(diphones.values()) or 1
    rare = sum(c for c in diphones.values() if 0 < c < RARE)
    return f"{rare / total:.1%} of all occurrences are of diphones seen fewer than {RARE} times"
