"""The clips that were not built: by reason, with a few to hear, and the rows of a list to search."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ttsprep.checks.base import catalogue
from ttsprep.core.types import Severity
from ttsprep.report.compare import NO_REASON, Match
from ttsprep.report.data import BuildTables, cut, visible
from ttsprep.report.worst import Card, worst_clips

MOST_CARDS = 3
SHARE = 0.6
"""Of the seconds of audio on the page; the rest is for the result."""
MOST_LISTED = 30_000
MOST_TEXT, MOST_REASON = 160, 300
"""Characters in the list."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A code (or a stage) and the clips that were rejected with it as the worst.

    Attributes
    ----------
    code, summary
        Made visible, not yet escaped; for what is not in the catalogue the reason that is given most often.
    known
        Whether the code is in the catalogue.
    clips, seconds
        How many, and how long.
    cards
        The worst of them, `MOST_CARDS` at most.
    """

    code: str
    summary: str
    known: bool
    clips: int
    seconds: float
    cards: list[Card]


def reasons(build: BuildTables, matched: Match) -> list[Reason]:
    """Group the rejected clips by their worst code, most clips first."""
    rejected = matched.rejected
    groups = rejected.groupby("main")["seconds"].agg(["size", "sum"])
    listed = sorted(groups.itertuples(), key=lambda group: (-group[1], -group[2], group[0]))
    audit = replace(build.before, findings=_why(build.before.findings, rejected))
    cards = worst_clips(audit, [str(group[0]) for group in listed], most=MOST_CARDS, share=SHARE)
    return [
        Reason(
            visible(code),
            cut(visible(catalogue()[code][0].summary if code in catalogue() else _usual(rejected, code)), MOST_TEXT),
            code in catalogue(),
            int(size),
            float(seconds),
            cards[str(code)],
        )
        for code, size, seconds in listed
    ]


def _usual(rejected: pd.DataFrame, main: str) -> str:
    """Return what the reasons of a group have in common: most often the part before or after a colon."""
    given = rejected.loc[rejected["main"] == main, "reason"].str.partition(": ")
    parts = [part for column in (0, 2) for part in given[column] if part]
    return Counter(parts).most_common(1)[0][0] if parts else ""


def _why(findings: pd.DataFrame, rejected: pd.DataFrame) -> pd.DataFrame:
    """Return one set of findings a rejected clip: of the codes that name a group, only the one it is counted under.

    A clip whose code no check has found (a limit on the hours, a decision, a stage that gave up) gets a line
    with the reason that is given.
    """
    main = rejected.drop_duplicates("id").set_index("id")["main"]
    own = findings["clip"].map(main)
    about = findings[own.notna() & ((findings["code"] == own) | ~findings["code"].isin(main.unique()))]
    found = set(about.loc[about["code"] == about["clip"].map(main), "clip"])
    others = rejected[~rejected["id"].isin(found)]
    given = pd.DataFrame({
        "clip": others["id"],
        "code": others["main"],
        "severity": Severity.ERROR.value,
        "message": others["reason"].where(others["reason"] != "", NO_REASON),
        **{name: np.full(len(others), np.nan) for name in ("value", "limit", "start", "end")},
    })
    return pd.concat([about, given], ignore_index=True) if len(about) else given


def listing(build: BuildTables, matched: Match, grouped: list[Reason]) -> dict[str, Any]:
    """Lay out the list by column, as the page's script reads it."""
    rejected = matched.rejected.head(MOST_LISTED)
    clips = build.before.table
    texts: dict[str, Any] = {}
    if "text" in clips:
        gone = clips[clips["id"].isin(rejected["id"])]
        texts = dict(zip(gone["id"].astype(str), gone["text"], strict=True))
    place = {reason.code: i for i, reason in enumerate(grouped)}
    cards = {card.clip: card.number for reason in grouped for card in reason.cards if not card.silent}
    others = [
        [visible(code) for code in codes.split() if code != main]
        for codes, main in zip(rejected["codes"], rejected["main"], strict=True)
    ]
    return {
        "all": len(matched.rejected),
        "reasons": [reason.code for reason in grouped],
        "id": [visible(name) for name in rejected["id"]],
        "main": [place[visible(code)] for code in rejected["main"]],
        "others": others,
        "reason": [cut(visible(reason), MOST_REASON) for reason in rejected["reason"]],
        "text": [cut(visible(texts.get(name, "")), MOST_TEXT) for name in rejected["id"]],
        "seconds": [None if np.isnan(value) else round(value, 1) for value in rejected["seconds"].tolist()],
        "card": [cards.get(visible(name), 0) for name in rejected["id"]],
    }
