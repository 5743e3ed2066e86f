"""What a build made of a corpus: which clip became which, where the hours went, which findings and sounds are gone."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ttsprep.audit.model_pass import not_heard_again
from ttsprep.checks.base import catalogue
from ttsprep.checks.phonemes import Coverage
from ttsprep.core.types import Severity
from ttsprep.report.charts.svg import column
from ttsprep.report.data import BuildTables, Values, cut_text, visible
from ttsprep.report.worst import Card, worst_clips
from ttsprep.text.phonemes import phones

NO_REASON = "no reason given"
"""Stands for the code of a clip that was neither built nor listed."""
_LISTED = ("id", "stage", "codes", "reason")
MOST_CARRIERS = 3
_MOST_NEW = 30
REJECTED_CARDS = 3
SHARE = 0.6
"""Of the seconds of audio on the page; the rest is for the result."""
MOST_LISTED = 30_000
_MOST_TEXT, MOST_REASON = 160, 300
"""Characters in the list."""
_Counts = Mapping[Any, int]
"""Occurrences by phone, in a tuple, or by pair of phones."""


@dataclass(frozen=True, slots=True)
class Match:
    """Which clips of the source were built and which were not.

    Attributes
    ----------
    source
        Id of the source clip by id of the result, in its order.
    built
        Ids of the source from which something was built.
    rejected
        What was not built, in the order of the source, then what is no clip of it: ``id``, ``stage``, ``codes``,
        ``reason``, ``main`` (the worst of its codes, else the stage), ``seconds`` (NaN where not known).
    aside
        The same of clips that were built, but that something leaves out: one of the exports, say.
    """

    source: dict[str, str]
    built: frozenset[str]
    rejected: pd.DataFrame
    aside: pd.DataFrame


def match(build: BuildTables) -> Match:
    """Bring source, result and rejected clips together."""
    ids, results = (list(map(str, side.table["id"])) for side in (build.before, build.after))
    origin: dict[str, str] = {}
    if {"id", "source_id"} <= set(build.provenance.columns):
        origin = dict(zip(build.provenance["id"], build.provenance["source_id"], strict=True))
    source = {name: str(origin.get(name, name)) for name in results}
    built = frozenset(source.values()).intersection(ids)
    listed = {name: _texts(build.rejected, name) for name in _LISTED}
    named = built.union(listed["id"])
    unlisted = [name for name in ids if name not in named]
    rows = pd.DataFrame(
        {name: [*texts, *(unlisted if name == "id" else [""] * len(unlisted))] for name, texts in listed.items()},
        dtype=object,
    )
    lengths = dict(zip(ids, column(build.before.table, "duration_s").tolist(), strict=True))
    own = [*column(build.rejected, "duration_s").tolist(), *[np.nan] * len(unlisted)]
    rows["seconds"] = [lengths.get(name, length) for name, length in zip(rows["id"], own, strict=True)]
    rows["main"] = [
        next(iter(codes.split()), stage or NO_REASON) for codes, stage in zip(rows["codes"], rows["stage"], strict=True)
    ]
    place = {name: i for i, name in enumerate(ids)}
    rows = rows.iloc[np.argsort([place.get(name, len(place)) for name in rows["id"]], kind="stable")]
    there = _in(rows["id"], built)
    return Match(source, built, *(rows[part].reset_index(drop=True) for part in (~there, there)))


def _texts(table: pd.DataFrame, name: str) -> list[str]:
    return list(map(str, table[name].fillna(""))) if name in table else [""] * len(table)


@dataclass(frozen=True, slots=True)
class HoursLost:
    """What lies between source and result: a reason to reject, silence, or another change of length.

    Attributes
    ----------
    name
        A code, a stage, or what happened.
    clips
        That it concerns.
    seconds
        That are gone by it; less than none if something was added.
    rejected
        Whether the clips are gone.
    """

    name: str
    clips: int
    seconds: float
    rejected: bool


def hours_lost(build: BuildTables, matched: Match) -> list[HoursLost]:
    """List where the hours went: rejected clips by their worst code, most clips first, then what was trimmed."""
    groups = matched.rejected.groupby("main")["seconds"].agg(["size", "sum"])
    listed = [HoursLost(str(code), int(size), float(total), True) for code, size, total in groups.itertuples()]
    listed.sort(key=lambda loss: (-loss.clips, -loss.seconds, loss.name))
    before, after = (float(np.nansum(column(side.table, "duration_s"))) for side in (build.before, build.after))
    trimmed = removed(build)
    if trimmed is not None and trimmed.sum() > 0:
        listed.append(HoursLost("silence trimmed", int((trimmed > 0).sum()), float(trimmed.sum()), False))
    rest = before - after - sum(loss.seconds for loss in listed)
    if abs(rest) > max(0.5, 1e-4 * before):
        name = "other changes of length" if trimmed is not None else "shortened" if rest > 0 else "lengthened"
        listed.append(HoursLost(name, len(build.after.table), rest, False))
    return listed


def removed(build: BuildTables) -> Values | None:
    """Return the seconds trimmed from each clip of the result; None where provenance does not say."""
    names = [name for name in ("lead_removed_s", "tail_removed_s") if name in build.provenance]
    if not names:
        return None
    total: Values = np.sum([np.nan_to_num(column(build.provenance, name)) for name in names], axis=0)
    return total


@dataclass(frozen=True, slots=True)
class _Change:
    """What became of the clips with a code.

    Attributes
    ----------
    code, severity
        The severity is the worst of all its findings.
    corpus
        True if it counts findings about the corpus as a whole, in place of clips.
    before
        Clips of the source that have it: the sum of the next three.
    rejected, gone, left
        Not built; built and free of it; built and still with it.
    new
        Clips of the result whose source does not have it.
    worst_new
        The worst severity of those, "" if there is none.
    """

    code: str
    severity: str
    corpus: bool
    before: int
    rejected: int
    gone: int
    left: int
    new: int
    worst_new: str


def changes(build: BuildTables, matched: Match) -> tuple[list[_Change], pd.DataFrame]:
    """Follow every finding from the source into the result.

    Returns
    -------
    list of Change
        The most severe code first.
    DataFrame
        Findings of the result that its source does not have, the worst first, `_MOST_NEW` at most.
    """
    before, after = build.before.findings, build.after.findings
    had = before[before["clip"] != ""].drop_duplicates(["clip", "code"])
    has = after[after["clip"] != ""]
    known = list(zip(had["clip"], had["code"], strict=True))
    now = [(matched.source.get(clip, clip), code) for clip, code in zip(has["clip"], has["code"], strict=True)]
    new = has[_in(now, set(known), no=True)]
    kept = _in(had["clip"], matched.built)
    unheard = not_heard_again(build.before.summary, build.after.summary)
    still = _in(known, set(now)) | _in(had["code"], unheard)
    counts = pd.DataFrame({
        "before": had["code"].value_counts(),
        "rejected": had["code"][~kept].value_counts(),
        "gone": had["code"][kept & ~still].value_counts(),
        "left": had["code"][kept & still].value_counts(),
        "new": new.drop_duplicates(["clip", "code"])["code"].value_counts(),
    })
    counts = counts.fillna(0).astype(int)
    worst = _worst(pd.concat([before, after]))
    worst_new = _worst(new)
    rows = [
        _Change(
            str(code),
            worst[code],
            False,
            before=was,
            rejected=refused,
            gone=gone,
            left=left,
            new=more,
            worst_new=worst_new.get(code, ""),
        )
        for code, was, refused, gone, left, more in counts.itertuples()
    ]
    about = [table[table["clip"] == ""] for table in (before, after)]
    sizes = [table["code"].value_counts() for table in about]
    for code in sorted(set(sizes[0].index) | set(sizes[1].index)):
        was, now_is = (int(size.get(code, 0)) for size in sizes)
        left, more = min(was, now_is), max(now_is - was, 0)
        severity = _worst(about[1]).get(code, "") if more else ""
        rows.append(_Change(str(code), worst[code], True, was, 0, was - left, left, more, severity))
    rows.sort(key=lambda row: (-Severity(row.severity).rank, row.corpus, -row.before, row.code))
    fresh = pd.concat([new, about[1][~about[1]["code"].isin(sizes[0].index)]])
    rank = [Severity(value).rank for value in fresh["severity"]]
    fresh = fresh.assign(rank=rank).sort_values(["rank", "code", "clip"], ascending=[False, True, True])
    return rows, fresh.head(_MOST_NEW)


def _in(items: Iterable[Any], group: Collection[Any], *, no: bool = False) -> npt.NDArray[np.bool_]:
    return np.array([(item in group) != no for item in items], dtype=bool)


def _worst(findings: pd.DataFrame) -> dict[str, str]:
    """Return the worst severity of each code."""
    pairs = findings[["code", "severity"]].drop_duplicates()
    ranked = sorted(pairs.itertuples(index=False, name=None), key=lambda pair: Severity(pair[1]).rank)
    return {str(code): str(severity) for code, severity in ranked}


@dataclass(frozen=True, slots=True)
class Lost:
    """A phone or diphone of the source that the result does not have.

    Attributes
    ----------
    sound
        The phones.
    count
        Occurrences in the source.
    clips
        Rejected clips that carry it, `MOST_CARRIERS` at most.
    """

    sound: tuple[str, ...]
    count: int
    clips: tuple[str, ...]


def lost(build: BuildTables, matched: Match, most: int) -> tuple[list[Lost], list[Lost]]:
    """Return the phones and the diphones that are gone, most frequent first; clips are named for `most` of each."""
    before, after = build.coverages
    if before is None:
        return [], []
    singles, pairs = (_gone(*sounds) for sounds in zip(_sounds(before), _sounds(after), strict=True))
    wanted = {sound for sound, _ in [*singles[:most], *pairs[:most]]}
    clips = build.before.table
    carriers = _carriers(clips[_in(clips["id"], matched.built, no=True)], wanted)
    return (
        [Lost(sound, count, tuple(carriers.get(sound, ()))) for sound, count in singles],
        [Lost(sound, count, tuple(carriers.get(sound, ()))) for sound, count in pairs],
    )


def _sounds(coverage: Coverage | None) -> tuple[_Counts, _Counts]:
    """Return the phones and the diphones."""
    return ({(phone,): n for phone, n in coverage.phones.items()}, coverage.pairs) if coverage else ({}, {})


def _gone(before: _Counts, after: _Counts) -> list[tuple[tuple[str, ...], int]]:
    rows = [(sound, count) for sound, count in before.items() if count > 0 and not after.get(sound)]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def _carriers(clips: pd.DataFrame, sounds: set[tuple[str, ...]]) -> dict[tuple[str, ...], list[str]]:
    """Find the first clips that carry each of some phones and diphones."""
    carriers: dict[tuple[str, ...], list[str]] = {}
    if not sounds or "phonemes" not in clips:
        return carriers
    for name, line in zip(clips["id"].astype(str), clips["phonemes"].fillna(""), strict=True):
        sequence = phones(str(line))
        for sound in sounds.intersection([*((phone,) for phone in sequence), *pairwise(sequence)]):
            if len(carriers.setdefault(sound, [])) < MOST_CARRIERS:
                carriers[sound].append(name)
    return carriers


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
        The worst of them, `REJECTED_CARDS` at most.
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
    cards = worst_clips(audit, [str(group[0]) for group in listed], most=REJECTED_CARDS, share=SHARE)
    return [
        Reason(
            visible(code),
            cut_text(
                visible(catalogue()[code][0].summary if code in catalogue() else _usual(rejected, code)), _MOST_TEXT
            ),
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
    explained = set(about.loc[about["code"] == about["clip"].map(main), "clip"])
    others = rejected[~rejected["id"].isin(explained)]
    given = pd.DataFrame({
        "clip": others["id"],
        "code": others["main"],
        "severity": Severity.ERROR.value,
        "message": others["reason"].where(others["reason"] != "", NO_REASON),
        **{name: np.full(len(others), np.nan) for name in ("value", "limit", "start", "end")},
    })
    return pd.concat([about, given], ignore_index=True) if len(about) else given


def rejected_list(build: BuildTables, matched: Match, grouped: list[Reason]) -> dict[str, Any]:
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
        "reason": [cut_text(visible(reason), MOST_REASON) for reason in rejected["reason"]],
        "text": [cut_text(visible(texts.get(name, "")), _MOST_TEXT) for name in rejected["id"]],
        "seconds": [None if np.isnan(value) else round(value, 1) for value in rejected["seconds"].tolist()],
        "card": [cards.get(visible(name), 0) for name in rejected["id"]],
    }
