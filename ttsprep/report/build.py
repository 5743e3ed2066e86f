"""The part of the page that is about a build: what the template needs to show source and result side by side."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ttsprep.report.compare import Loss, changes, losses, lost, match
from ttsprep.report.facts import facts
from ttsprep.report.figure import CLASSES, column
from ttsprep.report.overlay import overlays
from ttsprep.report.rejected import Reason, listing, reasons
from ttsprep.report.rewritten import rewritten
from ttsprep.report.tables import AuditTables, BuildTables, cut, visible
from ttsprep.verdict import Verdict

MOST_STEPS = 12
"""Reasons with a bar of their own on the way from source to build."""
MOST_SOUNDS = 60
MOST_ASIDE = 30
MOST_WORDS, MOST_LETTERS = 36, 120


def compared(build: BuildTables) -> dict[str, Any]:
    """Make everything that ``build.html`` shows."""
    matched = match(build)
    gone = losses(build, matched)
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
        "facts": facts(build, matched),
        "overlays": overlays(build.before.clips, build.after.clips),
        "rewritten": texts.texts,
        "words": [
            (*(cut(visible(part), MOST_LETTERS) for part in (before, after)), count)
            for before, after, count in texts.words[:MOST_WORDS]
        ],
        "more_words": max(len(texts.words) - MOST_WORDS, 0),
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
        "carriers": "phonemes" in build.before.clips,
        "listing": listing(build, matched, grouped),
    }


def _flow(build: BuildTables, gone: Sequence[Loss], grouped: Sequence[Reason]) -> list[dict[str, Any]]:
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
        rejected.append(Loss(name, sum(r.clips for r in rest), sum(r.seconds for r in rest), True))
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


def _end(name: str, audit: AuditTables, whole: float, by_hours: bool) -> dict[str, Any]:
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
        "hours": float(np.nansum(column(audit.clips, "duration_s"))) / 3600,
        "sign": "",
        "reason": None,
        "pieces": pieces,
    }


def _sounds(build: BuildTables) -> list[dict[str, Any]]:
    """Count the phones of the language and the diphones, before and after."""
    before, after = build.before.coverage, build.after.coverage
    if before is None:
        return []

    def phones(of: Any) -> int:
        return sum(of.phones.get(phone, 0) > 0 for phone in before.inventory) if of else 0

    def diphones(of: Any) -> int:
        return sum(count > 0 for count in of.diphones.values()) if of else 0

    return [
        {
            "name": "phones of the language",
            "before": phones(before),
            "after": phones(after),
            "of": len(before.inventory),
        },
        {"name": "different diphones", "before": diphones(before), "after": diphones(after), "of": None},
        {
            "name": "phones in all",
            "before": sum(before.phones.values()),
            "after": sum(after.phones.values()) if after else 0,
            "of": None,
        },
    ]
