"""Which sounds the corpus has: bars of phones and the heat map of diphones."""

import math
from collections.abc import Mapping
from itertools import count as numbers
from itertools import pairwise
from typing import Any

import pandas as pd

from ttsprep.checks.phonemes import Coverage
from ttsprep.report.charts.svg import Figure, number, picture, tag
from ttsprep.report.data import visible
from ttsprep.text.phonemes import phones

VOWELS = frozenset("aeiouyæøœɐɑɒɔəɘɚɛɜɝɞɤɨɪɯɵɶʉʊʌʏᵻ")
_RARE = 10
"""Occurrences under which a phone or diphone is drawn as rare."""
_MOST_LETTERS = 2_500_000
"""Phones of all clips that fit into a page."""
_LISTED = 100
"""Occurrences under which a larger corpus still has its clips of a phone or diphone in the page."""


def is_vowel(phone: str) -> bool:
    """Whether an IPA symbol is a vowel, by its first letter after stress marks."""
    return phone.lstrip("ˈˌ")[:1] in VOWELS


def spell_phones(clips: pd.DataFrame, coverage: Coverage, most: int = _MOST_LETTERS) -> dict[str, Any]:
    """Write the phones of each clip with one letter a phone, so that the page finds the clips of a phone or diphone.

    Returns
    -------
    dict
        ``names`` of the phones, the ``letters`` that stand for them, and the phones of the ``clips``. If these have
        more than `most` phones, only what is ``listed`` (what occurs less often than so many times) can be found.
    """
    letter = dict(zip(coverage.phones, filter(str.isalnum, map(chr, numbers(ord("0")))), strict=False))
    spoken = clips["phonemes"].fillna("").where(clips["language"] == coverage.language, "")
    lines = ["".join(letter[phone] for phone in phones(line)) for line in spoken]
    listed = _LISTED if sum(map(len, lines)) > most else None
    if listed:
        rare = {letter[phone] for phone, count in coverage.phones.items() if count < listed}
        pairs = {letter[a] + letter[b] for (a, b), count in coverage.pairs.items() if count < listed}
        found = (map("".join, pairwise(line)) for line in lines)
        lines = [" ".join(pair for pair in line if pair in pairs or not rare.isdisjoint(pair)) for line in found]
    return {"names": list(map(visible, letter)), "letters": "".join(letter.values()), "clips": lines, "listed": listed}


def _tip(name: str, count: int, listed: int | None) -> dict[str, str | None]:
    """Say how often a phone or diphone occurs, and name it where the page finds its clips."""
    name, times = visible(name), "once" if count == 1 else f"{count:,} times"
    if listed is not None and count >= listed:
        return {"data_tip": f"{name}: {times}, in too many clips to list them here"}
    return {"data_tip": f"{name}: {times}", "data_sound": name}


def phone_bars(coverage: Coverage, listed: int | None = None) -> Figure:
    """Draw the count of each phone, most frequent first, the missing ones marked; a bar filters the page's table."""
    missing = sorted(set(coverage.inventory) - coverage.phones.keys())
    counted = list(coverage.phones.items())
    left, bottom, height = 58, 176, 212
    step = min(30, max(16, 1000 // max(len(counted) + len(missing), 1)))
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
        if count:
            tall = max((bottom - 24) * math.log10(count) / top, 2.0)
            kind = "rare" if count < _RARE else "vowel" if is_vowel(phone) else "consonant"
            hit = {"x": x - 2, "y": 24, "width": step - 1, "height": bottom - 24, "class_": "hit"}
            parts += [
                tag("rect", x=x, y=bottom - tall, width=step - 5, height=tall, class_=kind),
                tag("rect", **hit, **_tip(phone, count, listed)),
            ]
        else:
            place = {"x": x, "y": bottom - 26, "width": step - 5, "height": 26}
            parts.append(tag("rect", **place, class_="missing", data_tip=f"{visible(phone)}: missing"))
        turned = f"rotate(-60 {number(x + step / 2)} {bottom + 12})"
        name = {"x": x + step / 2, "y": bottom + 12, "transform": turned, "text_anchor": "end"}
        parts.append(tag("text", visible(phone), **name, class_="ipa" if count else "ipa absent"))
    parts.append(tag("text", "occurrences, logarithmic", x=left, y=14, class_="label"))
    have = len(coverage.inventory) - len(missing)
    title = f"{have} of the {len(coverage.inventory)} phones of the language occur"
    if missing:
        title += f"; missing: {', '.join(visible(p) for p in missing[:12])}{' …' if len(missing) > 12 else ''}"
    return Figure(
        title,
        f"fewer than {_RARE} occurrences are drawn as rare",
        picture(width, height, title, *parts, class_="natural", role="group"),
    )


def diphone_map(coverage: Coverage, listed: int | None = None) -> Figure:
    """Draw which phone follows which: vowels first, each group by falling count, darker where it is more frequent.

    A cell filters the page's table.
    """
    pairs = coverage.pairs
    axis = sorted(coverage.inventory, key=lambda p: (not is_vowel(p), -coverage.phones.get(p, 0), p))
    vowels = sum(is_vowel(p) for p in axis)
    cell, gap, left, top = 16, 8, 48, 66
    offset = {p: i * cell + (gap if i >= vowels else 0) for i, p in enumerate(axis)}
    size = len(axis) * cell + gap
    blocks = [(0, vowels * cell, "vowel"), (vowels * cell + gap, (len(axis) - vowels) * cell, "consonant")]
    parts = [
        tag("rect", x=left + x, y=top + y, width=wide, height=tall, class_="never")
        for y, tall, _ in blocks
        for x, wide, _ in blocks
    ]
    most = max([*pairs.values(), 2])
    for first, second in sorted(pairs, key=lambda pair: (offset[pair[0]], offset[pair[1]])):
        count = pairs[first, second]
        level = math.ceil(6 * math.log(count) / math.log(most))
        place = {"x": left + offset[second], "y": top + offset[first], "width": cell - 1, "height": cell - 1}
        parts.append(tag("rect", **place, class_=f"q{level}", **_tip(f"{first} {second}", count, listed)))
    for phone, at in offset.items():
        name, x = visible(phone), left + at + cell / 2 + 4
        turned = f"rotate(-60 {x:g} {top - 5})"
        parts += [
            tag("text", name, x=left - 6, y=top + at + 12, text_anchor="end", class_="ipa"),
            tag("text", name, x=x, y=top - 5, transform=turned, class_="ipa"),
        ]
    for at, wide, kind in blocks:
        if wide:
            parts.append(tag("text", f"then a {kind} →", x=left + at, y=16, class_="label"))
            turned = f"rotate(-90 10 {top + at + wide})"
            parts.append(tag("text", f"first a {kind}", x=10, y=top + at + wide, transform=turned, class_="label"))
    once = sum(count == 1 for count in pairs.values())
    title = f"{len(pairs):,} different diphones occur, {once:,} of them only once"
    return Figure(
        title,
        f"a row for the first phone, a column for the second; the most frequent occurs {most:,} times; "
        f"{_shares(pairs)}",
        picture(left + size + 34, top + size + 8, title, *parts, class_="natural heat", role="group"),
    )


def _shares(pairs: Mapping[tuple[str, str], int]) -> str:
    total = sum(pairs.values()) or 1
    rare = sum(count for count in pairs.values() if count < _RARE)
    return f"{100 * rare / total:.1f} % of all occurrences are of diphones seen fewer than {_RARE} times"
