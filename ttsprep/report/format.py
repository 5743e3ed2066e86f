"""Numbers as a person reads them, the same on a page and on a terminal; the clip that a message names."""

import re


def count(number: int, singular: str) -> str:
    """Write a count with its noun: ``1 clip``, ``13,100 clips``."""
    return f"{number:,} {singular}{'' if number == 1 else 's'}"


def decimal(value: float, digits: int) -> str:
    """Write a number with so many decimals, a real minus sign, and no negative zero."""
    text = f"{value:,.{digits}f}"
    return text.replace("-", "−") if float(text.replace(",", "")) else text.removeprefix("-")


def hours(value: float) -> str:
    """Write a duration in hours: ``23.9 h``, ``41.7 min``, ``12 s``, ``0.4 s``."""
    if value >= 2:
        return f"{value:,.1f} h"
    seconds = value * 3600
    return f"{value * 60:.1f} min" if seconds >= 60 else f"{seconds:.1f} s" if 0 < seconds < 9.5 else f"{seconds:.0f} s"


def change(value: float) -> str:
    """Write a difference of durations in hours with its sign: ``+2.1 min``, ``−3 s``, ``0 s``."""
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return sign + hours(abs(value))


def original_of(message: str) -> str:
    """Return the clip that a finding ``duplicate-audio`` or ``text-duplicate`` names; "" for any other message."""
    match = re.match(
        r"the same (?:bytes|take|transcript) as (.*?)(?: \(fingerprints correlate .*)?$", message, re.DOTALL
    )
    return match[1] if match else ""
