"""The part of the page that is about a build: what the template needs to show source and result side by side."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from ttsprep.audit.pipeline import Audited
from ttsprep.audit.verdict import Verdict
from ttsprep.report.charts.histogram import before_after_histograms
from ttsprep.report.charts.svg import CLASSES, column
from ttsprep.report.compare import (
    HoursLost,
    Match,
    Reason,
    changes,
    hours_lost,
    lost,
    match,
    reasons,
    rejected_list,
    removed,
)
from ttsprep.report.data import BuildTables, Values, cut_text, quantities, visible
from ttsprep.report.format import count as number_of
from ttsprep.report.format import hours

MOST_STEPS = 12
"""Reasons with a bar of their own on the way from source to build."""
MOST_SOUNDS = 60
MOST_ASIDE = 30
_MOST_WORDS, MOST_LETTERS = 36, 120


def compared(build: BuildTables) -> dict[str, Any]:
    """Make everything that ``build.html`` shows."""
    matched = match(build)
    gone = hours_lost(build, matched)
    grouped = reasons(build, matched)
    rows, fresh = changes(build, matched)
    phones, diphones = lost(build, matched, MOST_SOUNDS)
    texts = rewritten(build.provenance)
    trimmed = sum(loss.seconds for loss in gone if loss.name == "silence trimmed")
    return {
        "before": build.before.summary,
        "after": build.after.summary,
        "rejected": len(matched.rejected),
        "several": any(" " in codes for codes in matched.rejected["codes"]),
        "whole": len(set(matched.source.values())) == len(matched.source),
        "trimmed": trimmed / 3600,
        "flow": _flow(build, gone, grouped),
        "properties": property_list(build, matched),
        "histograms": before_after_histograms(build.before.table, build.after.table),
        "rewritten": texts.texts,
        "words": [
            (*(cut_text(visible(part), MOST_LETTERS) for part in (before, after)), count)
            for before, after, count in texts.words[:_MOST_WORDS]
        ],
        "more_words": max(len(texts.words) - _MOST_WORDS, 0),
        "changes": rows,
        "most": max((row.before for row in rows if not row.corpus), default=0) or 1,
        "fresh": [
            {name: visible(row[name]) for name in ("clip", "code", "severity", "message")}
            for row in fresh.to_dict("records")
        ],
        "reasons": grouped,
        "aside": [
            {name: visible(row[name]) for name in ("id", "main", "reason")}
            for row in matched.aside.head(MOST_ASIDE).to_dict("records")
        ],
        "aside_more": max(len(matched.aside) - MOST_ASIDE, 0),
        "cards": max((card.number for reason in grouped for card in reason.cards), default=0),
        "sounds": _sounds(build),
        "lost": [(phones, "phone"), (diphones, "diphone")],
        "most_sounds": MOST_SOUNDS,
        "carriers": "phonemes" in build.before.table,
        "listing": rejected_list(build, matched, grouped),
    }


def _flow(build: BuildTables, gone: Sequence[HoursLost], grouped: Sequence[Reason]) -> list[dict[str, Any]]:
    """Cut the way from source to build into bars, in per cent of the source: what is left always ends at a bar."""
    before, after = build.before.summary, build.after.summary
    by_hours = before["hours"] > 0
    whole = max(before["hours"] * 3600, after["hours"] * 3600) if by_hours else max(before["clips"], after["clips"])
    whole = whole or 1
    rejected = [loss for loss in gone if loss.rejected]
    others = [loss for loss in gone if not loss.rejected]
    if len(rejected) > MOST_STEPS:
        rest = rejected[MOST_STEPS - 1 :]
        name = f"{len(rest)} other reasons"
        rejected = rejected[: MOST_STEPS - 1]
        rejected.append(HoursLost(name, sum(r.clips for r in rest), sum(r.seconds for r in rest), True))
    codes = [reason.code for reason in grouped]
    at = before["hours"] * 3600 if by_hours else before["clips"]
    rows = [_end("source", build.before, whole, by_hours)]
    for loss in (*rejected, *others):
        size = loss.seconds if by_hours else loss.clips * loss.rejected
        low, high = sorted((at - size, at))
        kind = "drop" if loss.rejected else "other"
        piece = {"class": kind, "x": 100 * low / whole, "width": 100 * (high - low) / whole}
        name = visible(loss.name)
        number = codes.index(name) if loss.rejected and name in codes else None
        rows.append({
            "name": name,
            "note": "" if number is None or grouped[number].known else grouped[number].summary,
            "kind": kind,
            "clips": loss.clips,
            "hours": abs(loss.seconds) / 3600,
            "sign": "−" if loss.seconds > 0 else "+" if loss.seconds < 0 else "",
            "reason": number,
            "pieces": [piece],
        })
        at -= size
    return [*rows, _end("build", build.after, whole, by_hours)]


def _end(name: str, audit: Audited, whole: float, by_hours: bool) -> dict[str, Any]:
    """Make the bar of the source or of the build, cut by verdict."""
    pieces, at = [], 0.0
    for v in Verdict:
        size = audit.summary["verdicts"][v.value]
        width = 100 * (size["hours"] * 3600 if by_hours else size["clips"]) / whole
        pieces.append({"class": CLASSES[v], "x": at, "width": width, "name": v.value})
        at += width
    return {
        "name": name,
        "note": "",
        "kind": "end",
        "clips": audit.summary["clips"],
        "hours": float(np.nansum(column(audit.table, "duration_s"))) / 3600,
        "sign": "",
        "reason": None,
        "pieces": pieces,
    }


def _sounds(build: BuildTables) -> list[dict[str, Any]]:
    """Count the phones of the language and the diphones, before and after."""
    before, after = build.coverages
    if before is None:
        return []
    sides = [before, after]
    phones, diphones, totals = (
        [size(side) if side else 0 for side in sides]
        for size in (
            lambda side: sum(phone in side.phones for phone in side.inventory),
            lambda side: len(side.pairs),
            lambda side: side.total,
        )
    )
    rows = (("phones of the language", phones, len(before.inventory)), ("different diphones", diphones, None))
    return [
        {"name": name, "before": was, "after": now, "of": of}
        for name, (was, now), of in (*rows, ("phones, all occurrences", totals, None))
    ]


MOST_KINDS = 3


@dataclass(frozen=True, slots=True)
class Property:
    """A property of the clips before and after, as a person reads it, and what the build did; "" if that is unknown."""

    name: str
    before: str
    after: str
    done: str = ""


def property_list(build: BuildTables, matched: Match) -> list[Property]:
    """List what a reader compares first: size, format, level, silence, speakers."""
    before, after = build.before.table, build.after.table

    def row(name: str, of: Callable[..., str], column: str = "", done: str = "") -> Property:
        was, now = (of(side, column) if column else of(side) for side in (before, after))
        return Property(name, was, now, done)

    rows = [
        row("Clips", lambda side: f"{len(side):,}"),
        row("Audio", lambda side: hours(float(_measured(side, "duration_s").sum()) / 3600)),
        row("Length of a clip", _span, "duration_s"),
        *(
            row(name, _kinds, of, _changed(build, matched, of))
            for name, of in (("Sample rate", "sample_rate"), ("Channels", "channels"), ("Encoding", "subtype"))
        ),
        row("Loudness, 5th to 95th percentile", partial(_span, within=(5, 95)), "loudness_lufs", _gain(build)),
        row("Highest peak", partial(_span, within=(100, 100)), "peak_dbfs"),
        row("Silence at the ends", _silence, done=_trimmed(build)),
    ]
    speakers = [len(set(table["speaker"]) - {""}) if "speaker" in table else 0 for table in (before, after)]
    if speakers[0] > 1:
        rows.append(Property("Speakers", *(f"{number:,}" for number in speakers)))
    return [row for row in rows if row.before != "–" or row.after != "–"]


def _measured(clips: pd.DataFrame, name: str) -> Values:
    values = column(clips, name)
    return values[np.isfinite(values)]


def _span(clips: pd.DataFrame, name: str, within: tuple[float, float] = (0, 100)) -> str:
    """Write the percentiles `within` of a quantity."""
    quantity = next(quantity for quantity in quantities() if quantity.column == name)
    values = _measured(clips, name) * quantity.scale
    if not len(values):
        return "–"
    low, high = np.percentile(values, within)
    return quantity.span(float(low), float(high), " to ")


def _kinds(clips: pd.DataFrame, name: str) -> str:
    """Name the values of a column, the most frequent first, with their clips where there are several."""
    if name not in clips:
        return "–"
    values = clips[name].replace("", np.nan).dropna()
    counts = values.value_counts()
    if counts.empty:
        return "–"
    shown = [(_kind(name, value), count) for value, count in counts.head(MOST_KINDS).items()]
    if len(counts) == 1:
        return shown[0][0]
    rest = f", {len(counts) - MOST_KINDS} more" if len(counts) > MOST_KINDS else ""
    return ", ".join(f"{kind} ({count:,})" for kind, count in shown) + rest


def _kind(name: str, value: object) -> str:
    if name == "sample_rate":
        return f"{float(str(value)) / 1000:g} kHz"
    if name == "channels":
        return {1: "mono", 2: "stereo"}.get(round(float(str(value))), f"{float(str(value)):g}")
    return visible(value)


def _changed(build: BuildTables, matched: Match, name: str) -> str:
    """Count the clips of the result whose source had another value."""
    before, after = build.before.table, build.after.table
    if name not in before or name not in after:
        return ""
    had = dict(zip(before["id"], before[name], strict=True))
    now = zip(after["id"], after[name], strict=True)
    count = sum(had.get(matched.source[clip]) != value for clip, value in now)
    return f"changed in {number_of(count, 'clip')}" if count else ""


def _silence(clips: pd.DataFrame) -> str:
    lead, tail = _measured(clips, "lead_silence_s"), _measured(clips, "tail_silence_s")
    if not len(lead) or not len(tail):
        return "–"
    return f"{np.median(lead):.2f} s before, {np.median(tail):.2f} s after"


def _gain(build: BuildTables) -> str:
    gain = _measured(build.provenance, "gain_db")
    if not len(gain):
        return ""
    louder, softer = int((gain > 0.05).sum()), int((gain < -0.05).sum())
    low, high = (f"{v:+.1f}".replace("-", "−") for v in (gain.min(), gain.max()))
    span = f"{low} dB" if low == high else f"{low} to {high} dB"
    return f"gain {span}: {louder:,} louder, {softer:,} softer"


def _trimmed(build: BuildTables) -> str:
    seconds = removed(build)
    if seconds is None:
        return ""
    if not seconds.any():
        return "nothing removed"
    return f"{hours(float(seconds.sum()) / 3600)} removed from {number_of(int((seconds > 0).sum()), 'clip')}"


_MOST_TEXTS = 3_000
"""Texts in which words are compared: enough to see what is done, and done in half a second."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What normalising did.

    Attributes
    ----------
    texts
        That were changed.
    words
        (words before, words after, how often) of the first `_MOST_TEXTS` of them.
    """

    texts: int
    words: list[tuple[str, str, int]]


def rewritten(provenance: pd.DataFrame) -> Rewritten:
    """Compare the columns ``text`` and ``normalised``, where provenance has them."""
    if not {"text", "normalised"} <= set(provenance.columns):
        return Rewritten(0, [])
    pairs = provenance[["text", "normalised"]].fillna("").astype(str)
    pairs = pairs[pairs["text"] != pairs["normalised"]]
    counts: Counter[tuple[str, str]] = Counter()
    for text, normalised in pairs.head(_MOST_TEXTS).itertuples(index=False):
        before, after = text.split(), normalised.split()
        for kind, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            if kind != "equal":
                counts[" ".join(before[i:j]), " ".join(after[k:m])] += 1
    listed = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return Rewritten(len(pairs), [(before, after, count) for (before, after), count in listed])
