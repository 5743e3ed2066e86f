"""Tiers of an annotated recording, as Praat and ELAN have them: which hold utterances, and whose."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ttsprep.core.types import Severity
from ttsprep.corpora.timed.piece import Fault, Piece, PieceOrFault, made

_SILENCE = frozenset(("", "<sil>", "sil", "<sp>", "sp", "<p>", "<p:>", "#", "<eps>", "silence", "<silence>", "spn"))
_ALIGNED = re.compile(r"(?:.*(?:\s-\s|_))?(?:words?|phones?|phonemes?|segments?|syllables?|mau|kan|ort-mau|kan-mau)")
_TEXTS = re.compile(r"(?:texts?|utterances?|sentences?|transcripts?|transcriptions?|orthography|ortho|trn|ipus?)")


@dataclass
class Tier:
    """A tier of intervals, each with line, start, end and text.

    Attributes
    ----------
    name
        Of the tier.
    line
        Where it begins in its file.
    speaker
        Who speaks in it, or "" where only its name may tell.
    intervals
        In any order.
    """

    name: str
    line: int
    speaker: str = ""
    intervals: list[tuple[int, float, float, str]] = field(default_factory=list)

    @property
    def spoken(self) -> list[tuple[int, float, float, str]]:
        """Its intervals that are no silence."""
        return [interval for interval in self.intervals if interval[3].strip().lower() not in _SILENCE]


def tier_pieces(tiers: Sequence[Tier], end: float) -> Iterator[PieceOrFault]:
    """Yield the intervals of utterances in the order of their starts.

    Tiers of words and phones are no texts. Of the others, one called ``text``, ``utterances`` or the like is
    taken; without one, all are taken, and their names are speakers where there are several.

    Parameters
    ----------
    tiers
        Of a recording.
    end
        Of the recording in seconds, or 0 where that is not known.
    """
    held = [tier for tier in tiers if tier.spoken and not _ALIGNED.fullmatch(tier.name.lower())]
    named = [tier for tier in held if _TEXTS.fullmatch(tier.name.strip().lower())]
    taken = named or held
    if not taken:
        names = ", ".join(repr(tier.name) for tier in tiers[:5]) or "none"
        yield Fault(1, f"has no tier of utterances; its tiers: {names}", Severity.NOTE)
        return
    if twins := _twins(taken):
        yield Fault(
            twins[1].line,
            f"the tiers {twins[0].name!r} and {twins[1].name!r} give the same stretches different texts; "
            "call the one to read 'text'",
        )
        return
    pieces = [
        (start, stop, words, line, tier.speaker or (tier.name if taken[1:] else ""))
        for tier in taken
        for line, start, stop, words in tier.spoken
    ]
    alone = len(pieces) == 1 and pieces[0][0] <= 0.0 and pieces[0][1] >= end > 0
    for start, stop, words, line, speaker in sorted(pieces):
        yield made(Piece(line, start, stop, words, speaker, whole=alone))


def _twins(tiers: Sequence[Tier]) -> list[Tier]:
    """Return two tiers most of whose intervals have the same times: forms of one text, and no two speakers."""
    for place, one in enumerate(tiers):
        times = {interval[1:3] for interval in one.spoken}
        for other in tiers[place + 1 :]:
            same = sum(interval[1:3] in times for interval in other.spoken)
            if 2 * same > min(len(times), len(other.spoken)):
                return [one, other]
    return []
