"""Annotations of ELAN (``.eaf``): XML with tiers whose times are slots in milliseconds."""

import re
from collections.abc import Iterator

from ttsprep.core.untrusted import UntrustedError, parse_xml
from ttsprep.corpora.timed.piece import Fault, PieceOrFault
from ttsprep.corpora.timed.tiers import Tier, tier_pieces

_ELEMENT = re.compile(r"<[A-Za-z_]+")
_BEGIN = 4096
"""Characters that the begin of a document has at most."""


def is_elan(text: str) -> bool:
    """Whether a text begins as an annotation document of ELAN does."""
    begin = text[:_BEGIN].lstrip()
    first = _ELEMENT.search(begin) if begin.startswith("<") else None
    return first is not None and first[0] == "<ANNOTATION_DOCUMENT"


def elan_pieces(text: str) -> Iterator[PieceOrFault]:
    """Yield the annotations of the tiers that depend on no other, as `tier_pieces` does; their lines are their numbers.

    The participant of a tier is its speaker. Tiers below others are translations, words or glosses of them.
    """
    try:
        root = parse_xml(text)
    except UntrustedError as error:
        yield Fault(1, f"cannot be read: {str(error).removeprefix('it ')}")
        return
    head = root.find("HEADER")
    unit = head.get("TIME_UNITS", "milliseconds") if head is not None else "milliseconds"
    origins = [media.get("TIME_ORIGIN", "0") for media in root.iter("MEDIA_DESCRIPTOR")]
    if unit != "milliseconds" or any(origin != "0" for origin in origins[:1]):
        yield Fault(1, f"has times in {unit} from {', '.join(origins[:1]) or 0} on: export it from ELAN as a TextGrid")
        return
    slots = {slot.get("TIME_SLOT_ID", ""): slot.get("TIME_VALUE", "") for slot in root.iter("TIME_SLOT")}
    times = {name: int(value) / 1000 for name, value in slots.items() if value.isascii() and value.isdecimal()}
    tiers: list[Tier] = []
    below: list[str] = []
    number = 0
    for element in root.iter("TIER"):
        if element.get("PARENT_REF") is not None:
            below.append(element.get("TIER_ID", ""))
            continue
        tier = Tier(element.get("TIER_ID", ""), number + 1, element.get("PARTICIPANT", "").strip())
        tiers.append(tier)
        for one in element.iter("ALIGNABLE_ANNOTATION"):
            number += 1
            words = " ".join((one.findtext("ANNOTATION_VALUE") or "").split())
            start, end = (times.get(one.get(f"TIME_SLOT_REF{place}", "")) for place in (1, 2))
            if start is None or end is None:
                yield Fault(number, f"an annotation of the tier {tier.name!r} has no times: {words[:200]!r}")
            else:
                tier.intervals.append((number, start, end, words))
    spoken = [words for tier in tiers for *_, words in tier.spoken]
    if below and 2 * sum(any(map(str.isalpha, words)) for words in spoken) < len(spoken):
        such = ", ".join(map(repr, below[:4]))
        yield Fault(1, f"has no words in its upper tiers, and those below it ({such}) are not read: export one of them")
        return
    yield from tier_pieces(tiers, 0.0)
