"""What a report is made of, and the quantities that it shows with their units."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ttsprep.core.types import Samples


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which sounds of the language the corpus has.

    Attributes
    ----------
    phones
        Occurrences of each phone.
    inventory
        The phones of the language; those without a count are shown as missing.
    diphones
        Occurrences of each pair of neighbours.
    """

    phones: Mapping[str, int]
    inventory: frozenset[str]
    diphones: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class VoicePoints:
    """The voices of the clips on a plane.

    Attributes
    ----------
    points
        Columns ``id``, ``speaker``, ``x``, ``y``, ``likeness`` to the other clips of the speaker, and ``limits``, how
        far it is from them: 1 is the limit.
    voices
        1 if the middle of the plane is the one voice, and the distance from there half of 1 + ``limits``; else of how
        many voices it shows the differences.
    share
        Of these differences, what the plane shows.
    """

    points: pd.DataFrame
    voices: int
    share: float


@dataclass(frozen=True, slots=True)
class AuditTables:
    """An audit as the report needs it.

    Attributes
    ----------
    name
        Of the corpus.
    clips
        One row a clip, in the order of the corpus; every column but ``id`` may be missing.
    findings
        Columns clip, code, severity, message, value, limit, start, end.
    summary
        As `ttsprep.audit.verdict.summarise` makes it.
    explanations
        For each code its ``summary``, ``measured``, ``impact`` and ``fix``.
    coverage
        None where nothing was phonemised.
    media
        Decodes a clip by id to mono samples and their rate in Hz; None where that is impossible.
    max_clips_per_code
        Clips to hear for each code, at most.
    voices
        None where nobody has listened to them.
    proposed
        For clips that say the text of another clip: that clip, and the text.
    """

    name: str
    clips: pd.DataFrame
    findings: pd.DataFrame
    summary: Mapping[str, Any]
    explanations: Mapping[str, Mapping[str, str]]
    coverage: Coverage | None
    media: Callable[[str], tuple[Samples, int] | None]
    max_clips_per_code: int = 6
    voices: VoicePoints | None = None
    proposed: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BuildTables:
    """A build as the report needs it.

    Attributes
    ----------
    before, after
        The audits of the source and of the result.
    rejected
        Columns ``id`` (of the source), ``stage``, ``codes`` (the worst first, separated by blanks) and ``reason``;
        what is no clip of the source may have a ``duration_s`` of its own.
    provenance
        Columns ``id`` (of the result) and ``source_id``; where there are ``gain_db``, ``lead_removed_s`` and
        ``tail_removed_s``, the report says what they amount to.
    """

    before: AuditTables
    after: AuditTables
    rejected: pd.DataFrame
    provenance: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Quantity:
    """A measured column as a reader should see it.

    Attributes
    ----------
    column, name, unit
        Column of ``clips.parquet``, what to call it, and its unit.
    digits
        Decimals worth showing.
    scale
        Factor from the column's unit to `unit`.
    short
        Heading in the table of clips; "" keeps it out of there.
    narrow
        The unit there, where `unit` is too wide.
    """

    column: str
    name: str
    unit: str
    digits: int
    scale: float = 1.0
    short: str = ""
    narrow: str = ""

    def show(self, value: float) -> str:
        """Write `value`, given in `unit`, with its unit and a real minus sign."""
        return f"{self._digits(value)} {self.unit}".rstrip()

    def span(self, low: float, high: float, word: str = "and") -> str:
        """Write two values with their unit once."""
        return f"{self._digits(low)} {word} {self.show(high)}"

    def difference(self, value: float) -> str:
        """Write the distance of two values: levels of LUFS or dBFS differ by LU or dB."""
        return f"{self._digits(value)} {({'LUFS': 'LU', 'dBFS': 'dB'}).get(self.unit, self.unit)}".rstrip()

    def _digits(self, value: float) -> str:
        text = f"{value:,.{self.digits}f}"
        return text.removeprefix("-") if not float(text.replace(",", "")) else text.replace("-", "−")


QUANTITIES = (
    Quantity("duration_s", "Length", "s", 1, short="length"),
    Quantity("chars", "Characters", "", 0),
    Quantity("phones", "Phones", "", 0),
    Quantity("chars_per_s", "Rate", "characters/s", 1, short="rate", narrow="char/s"),
    Quantity("phones_per_s", "Rate", "phones/s", 1),
    Quantity("loudness_lufs", "Loudness", "LUFS", 1, short="loudness"),
    Quantity("peak_dbfs", "Peak", "dBFS", 1),
    Quantity("snr_db", "Signal to noise", "dB", 0, short="SNR"),
    Quantity("noise_floor_dbfs", "Noise floor", "dBFS", 0, short="floor"),
    Quantity("bandwidth_hz", "Bandwidth", "kHz", 2, 1e-3, short="band"),
    Quantity("f0_median_hz", "Pitch (median F0)", "Hz", 0, short="F0"),
    Quantity("f0_spread_st", "Liveliness (spread of F0)", "st", 1),
    Quantity("lead_silence_s", "Silence before", "s", 2),
    Quantity("tail_silence_s", "Silence after", "s", 2),
    Quantity("longest_pause_s", "Longest pause", "s", 2),
)


def visible(value: Any) -> str:
    """Return text with every character that would act instead of show (control, bidi) spelled out."""
    text = "" if value is None or pd.isna(value) else str(value)
    if text.isprintable():
        return text
    return "".join(
        f"⟨U+{ord(c):04X}⟩"
        if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and c not in "\u200c\u200d"
        else c
        for c in text
    )


def cut(text: str, most: int) -> str:
    """Return at most `most` characters of a text."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
