"""What a build made of a corpus: which clip became which, where the hours went, which findings and sounds are gone."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from ttsprep.report.figure import Values, column
from ttsprep.report.tables import BuildTables, Coverage
from ttsprep.text import phones
from ttsprep.types import Severity

NO_REASON = "no reason given"
"""Stands for the code of a clip that was neither built nor listed."""
MOST_CARRIERS = 3
MOST_NEW = 30
Counts = Mapping[tuple[str, ...], int]


@dataclass(frozen=True, slots=True)
class Match:
    """Which clips of the source were built and which were not.

    Attributes
    ----------
    source
        For each row of the result the id of the source clip.
    built
        For each row of the source whether something was built from it.
    rejected
        One row a clip that was not built, in the order of the source, then pieces of clips: ``id``, ``codes``,
        ``reason``, ``main`` (the gravest of its codes), ``seconds`` (NaN where not known).
    """

    source: "pd.Series[str]"
    built: "pd.Series[bool]"
    rejected: pd.DataFrame


def match(build: BuildTables) -> Match:
    """Bring source, result and rejected clips together."""
    ids = build.before.clips["id"].astype(str)
    results = build.after.clips["id"].astype(str)
    source = results
    if {"id", "source_id"} <= set(build.provenance.columns):
        known = build.provenance.drop_duplicates("id").set_index("id")["source_id"]
        source = results.map(known).fillna(results).astype(str)
    built = ids.isin(source)
    rows = pd.DataFrame({name: _texts(build.rejected, name) for name in ("id", "codes", "reason")})
    unlisted = ids[~built & ~ids.isin(rows["id"])]
    rows = pd.concat([rows, pd.DataFrame({"id": unlisted, "codes": "", "reason": ""})], ignore_index=True)
    lengths = pd.Series(column(build.before.clips, "duration_s"), index=ids)
    lengths = lengths[~lengths.index.duplicated()]
    own = pd.Series(column(build.rejected, "duration_s")).reindex(rows.index)
    rows["seconds"] = rows["id"].map(lengths).fillna(own)
    gravity = {code: place for place, code in enumerate(build.before.summary["codes"])}
    rows["main"] = [_gravest(codes, gravity) for codes in rows["codes"]]
    place = {name: i for i, name in enumerate(ids)}
    order = np.argsort([place.get(name, len(place)) for name in rows["id"]], kind="stable")
    return Match(source, built, rows.iloc[order].reset_index(drop=True))


def _texts(table: pd.DataFrame, name: str) -> "pd.Series[str]":
    if name not in table:
        return pd.Series([""] * len(table), dtype=object)
    return table[name].fillna("").astype(str).reset_index(drop=True)


def _gravest(codes: str, gravity: Mapping[str, int]) -> str:
    return min(codes.split(), key=lambda code: gravity.get(code, len(gravity)), default=NO_REASON)


@dataclass(frozen=True, slots=True)
class Loss:
    """What lies between source and result: a reason to reject, silence, or another change of length.

    Attributes
    ----------
    name
        A code, or what happened.
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


def losses(build: BuildTables, matched: Match) -> list[Loss]:
    """List where the hours went: rejected clips by their gravest code, most hours first, then what was trimmed."""
    groups = matched.rejected.groupby("main")["seconds"].agg(["size", "sum"])
    listed = [Loss(str(code), int(size), float(total), True) for code, size, total in groups.itertuples()]
    listed.sort(key=lambda loss: (-round(loss.seconds, 3), -loss.clips, loss.name))
    before, after = (float(np.nansum(column(side.clips, "duration_s"))) for side in (build.before, build.after))
    trimmed = removed(build)
    if trimmed is not None and trimmed.sum() > 0:
        listed.append(Loss("silence trimmed", int((trimmed > 0).sum()), float(trimmed.sum()), False))
    rest = before - after - sum(loss.seconds for loss in listed)
    if abs(rest) > max(0.5, 1e-4 * before):
        name = "other changes of length" if trimmed is not None else "shortened" if rest > 0 else "lengthened"
        listed.append(Loss(name, len(build.after.clips), rest, False))
    return listed


def removed(build: BuildTables) -> Values | None:
    """Return the seconds trimmed from each clip of the result; None where provenance does not say."""
    names = [name for name in ("lead_removed_s", "tail_removed_s") if name in build.provenance]
    if not names:
        return None
    total: Values = np.sum([np.nan_to_num(column(build.provenance, name)) for name in names], axis=0)
    return total


@dataclass(frozen=True, slots=True)
class Change:
    """What became of the clips with a code.

    Attributes
    ----------
    code, severity
        The severity is the worst of all its findings.
    corpus
        True if it counts findings about the corpus as a whole, in place of clips.
    before
        Clips of the source that have it: the sum of the next three.
    rejected, mended, left
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
    mended: int
    left: int
    new: int
    worst_new: str


def changes(build: BuildTables, matched: Match) -> tuple[list[Change], pd.DataFrame]:
    """Follow every finding from the source into the result.

    Returns
    -------
    list of Change
        The gravest code first.
    DataFrame
        Findings of the result that its source does not have, the worst first, `MOST_NEW` at most.
    """
    before, after = build.before.findings, build.after.findings
    had = before[before["clip"] != ""].drop_duplicates(["clip", "code"])
    source = dict(zip(build.after.clips["id"].astype(str), matched.source, strict=True))
    has = after[after["clip"] != ""]
    has = has.assign(source=[source.get(clip, clip) for clip in has["clip"]])
    known = pd.MultiIndex.from_frame(had[["clip", "code"]].astype(str))
    now = pd.MultiIndex.from_frame(has[["source", "code"]].astype(str))
    new = has[~now.isin(known)]
    built = set(build.before.clips["id"].astype(str)[matched.built])
    kept = had["clip"].isin(built).to_numpy()
    still = known.isin(now)
    counts = pd.DataFrame({
        "before": had["code"].value_counts(),
        "rejected": had["code"][~kept].value_counts(),
        "mended": had["code"][kept & ~still].value_counts(),
        "left": had["code"][kept & still].value_counts(),
        "new": new.drop_duplicates(["clip", "code"])["code"].value_counts(),
    })
    counts = counts.fillna(0).astype(int)
    worst = _worst(pd.concat([before, after]))
    worst_new = _worst(new)
    rows = [
        Change(
            str(code),
            worst[code],
            False,
            before=was,
            rejected=gone,
            mended=mended,
            left=left,
            new=more,
            worst_new=worst_new.get(code, ""),
        )
        for code, was, gone, mended, left, more in counts.itertuples()
    ]
    about = [table[table["clip"] == ""] for table in (before, after)]
    sizes = [table["code"].value_counts() for table in about]
    for code in sorted(set(sizes[0].index) | set(sizes[1].index)):
        was, now_is = (int(size.get(code, 0)) for size in sizes)
        left, more = min(was, now_is), max(now_is - was, 0)
        severity = _worst(about[1]).get(code, "") if more else ""
        rows.append(Change(str(code), worst[code], True, was, 0, was - left, left, more, severity))
    rows.sort(key=lambda row: (-Severity(row.severity).rank, row.corpus, -row.before, row.code))
    fresh = pd.concat([new, about[1][~about[1]["code"].isin(sizes[0].index)]])
    rank = [Severity(value).rank for value in fresh["severity"]]
    fresh = fresh.assign(rank=rank).sort_values(["rank", "code", "clip"], ascending=[False, True, True])
    return rows, fresh.head(MOST_NEW)


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
    before, after = build.before.coverage, build.after.coverage
    if before is None:
        return [], []
    after = after or Coverage({}, before.inventory, {})
    singles = _gone(_single(before), _single(after))
    pairs = _gone(_pairs(before), _pairs(after))
    wanted = {sound for sound, _ in [*singles[:most], *pairs[:most]]}
    carriers = _carriers(build.before.clips[~matched.built.to_numpy()], wanted)
    return (
        [Lost(sound, count, tuple(carriers.get(sound, ()))) for sound, count in singles],
        [Lost(sound, count, tuple(carriers.get(sound, ()))) for sound, count in pairs],
    )


def _single(coverage: Coverage) -> Counts:
    return {(phone,): count for phone, count in coverage.phones.items()}


def _pairs(coverage: Coverage) -> Counts:
    return {tuple(pair): count for pair, count in coverage.diphones.items()}


def _gone(before: Counts, after: Counts) -> list[tuple[tuple[str, ...], int]]:
    rows = [(sound, count) for sound, count in before.items() if count > 0 and not after.get(sound)]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def _carriers(clips: pd.DataFrame, sounds: set[tuple[str, ...]]) -> dict[tuple[str, ...], list[str]]:
    """Find the first clips that carry each of some phones and diphones."""
    found: dict[tuple[str, ...], list[str]] = {}
    if not sounds or "phonemes" not in clips:
        return found
    for name, line in zip(clips["id"].astype(str), clips["phonemes"].fillna(""), strict=True):
        said = phones(str(line))
        for sound in sounds.intersection([*((phone,) for phone in said), *pairwise(said)]):
            if len(found.setdefault(sound, [])) < MOST_CARRIERS:
                found[sound].append(name)
    return found
