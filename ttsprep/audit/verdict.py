"""What becomes of a clip: the one place where findings turn into usable, fixable or to drop."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ttsprep.core.types import Severity

Array = npt.NDArray[Any]

FIXED_BY = {
    "channels-mixed": "mono",
    "dc-offset": "dc-block",
    "leading-silence": "trim",
    "loudness-outlier": "loudness",
    "sample-rate-mixed": "resample",
    "subtype-mixed": "format",
    "too-quiet": "loudness",
    "trailing-silence": "trim",
}
"""Codes that a stage of a build removes without harm to the speech; the others need new recordings or texts."""
FIXABLE = frozenset(FIXED_BY)

NO_TEXTS = "text-missing"
"""The finding of a corpus without texts, of which no clip is usable as it is."""

STRICTNESS = (
    ("keep every clip", None),
    ("drop what cannot be fixed", None),
    ("drop every error", np.inf),
    ("… and 3 or more warnings", 2),
    ("… and 2 or more warnings", 1),
    ("… and every warning", 0),
    ("… and every note", 0),
)
"""Steps from lenient to strict, each a subset of the one before, with the warnings a clip may have."""


class Verdict(StrEnum):
    """What becomes of a clip."""

    USABLE = "usable"
    FIXABLE = "fixable"
    DROP = "to drop"


def verdict(findings: Iterable[tuple[str, str]], *, readable: bool = True) -> Verdict:
    """Judge one clip.

    Parameters
    ----------
    findings
        Its (code, severity) pairs.
    readable
        False if its audio could not be decoded; such a clip is dropped whatever its findings say.

    Returns
    -------
    Verdict
        ``DROP`` for an error that cannot be fixed, ``FIXABLE`` for a fixable error or warning, else
        ``USABLE``.
    """
    found = list(findings)
    errors = {code for code, severity in found if severity == Severity.ERROR}
    if not readable or errors - FIXABLE:
        return Verdict.DROP
    if errors or any(severity == Severity.WARNING and code in FIXABLE for code, severity in found):
        return Verdict.FIXABLE
    return Verdict.USABLE


def verdicts(clips: pd.DataFrame, findings: pd.DataFrame) -> "pd.Series[str]":
    """Judge every clip: `verdict` for whole tables.

    Parameters
    ----------
    clips, findings
        The tables of an audit; a finding belongs to every row that has its clip id.

    Returns
    -------
    Series
        The verdict of each row of `clips`, with its index.
    """
    counts = _counting(findings)
    ids = clips["id"].astype(str)
    result = np.full(len(clips), Verdict.USABLE.value, dtype=object)
    result[ids.isin(counts["clip"]).to_numpy()] = Verdict.FIXABLE.value
    lost = counts.loc[(counts["severity"] == Severity.ERROR) & ~counts["code"].isin(FIXABLE), "clip"]
    result[ids.isin(lost).to_numpy() | ~_readable(clips)] = Verdict.DROP.value
    if NO_TEXTS in set(findings["code"]):  # of the corpus, and so of each clip that nothing else is wrong with
        result[result == Verdict.USABLE.value] = Verdict.FIXABLE.value
    return pd.Series(result, index=clips.index, dtype="object")


def summarise(clips: pd.DataFrame, findings: pd.DataFrame) -> dict[str, Any]:
    """Count clips and hours by verdict, code and strictness.

    Parameters
    ----------
    clips, findings
        The tables of an audit.

    Returns
    -------
    dict
        ``clips``, ``hours``; ``verdicts``: for each verdict ``clips`` and ``hours``; ``severities``: findings
        of each severity; ``codes``: for each code, worst first, its worst ``severity``, ``findings``,
        ``error``, ``warning``, ``note``, ``fixable``, ``clips`` and ``hours`` that have it, ``clips_only``
        and ``hours_only`` that would be usable but for it; ``strictness``: what each step keeps.
    """
    hours = _hours(clips)
    outcome = verdicts(clips, findings).to_numpy()
    return {
        "clips": len(clips),
        "hours": _total(hours),
        "verdicts": {v.value: _size(hours, outcome == v.value) for v in Verdict},
        "severities": {s.value: int((findings["severity"] == s).sum()) for s in reversed(Severity)},
        "codes": _codes(clips, findings, hours),
        "strictness": _strictness(clips, findings, hours, outcome),
    }


def _codes(clips: pd.DataFrame, findings: pd.DataFrame, hours: Array) -> dict[str, dict[str, Any]]:
    ids = clips["id"].astype(str)
    readable = _readable(clips)
    counts = _counting(findings)
    blamed = counts.groupby("clip")["code"].agg(["nunique", "first"])
    alone = blamed.loc[blamed["nunique"] == 1, "first"]
    only_reason = ids.map(alone).to_numpy()
    rows = []
    for code, group in findings.groupby("code", sort=True):
        severities = group["severity"].value_counts()
        worst = max((Severity(s) for s in severities.index), key=lambda s: s.rank)
        having = _size(hours, ids.isin(group["clip"]).to_numpy())
        only = _size(hours, (only_reason == code) & readable)
        row = {
            "severity": worst.value,
            "findings": len(group),
            **{s.value: int(severities.get(s.value, 0)) for s in reversed(Severity)},
            "fixable": code in FIXABLE,
            **having,
            "clips_only": only["clips"],
            "hours_only": only["hours"],
        }
        rows.append((-worst.rank, -having["clips"], str(code), row))
    return {code: row for _, _, code, row in sorted(rows, key=lambda r: r[:3])}


def _strictness(clips: pd.DataFrame, findings: pd.DataFrame, hours: Array, outcome: Array) -> list[dict[str, Any]]:
    ids = clips["id"].astype(str)

    def count(severity: Severity) -> Array:
        per_clip = findings.loc[findings["severity"] == severity, "clip"].astype(str).value_counts()
        return ids.map(per_clip).fillna(0).to_numpy(dtype=float)

    errors, warnings, notes = count(Severity.ERROR), count(Severity.WARNING), count(Severity.NOTE)
    steps = []
    keep = np.ones(len(clips), dtype=bool)
    for number, (label, allowed) in enumerate(STRICTNESS):
        if number == 1:
            keep &= outcome != Verdict.DROP.value
        elif allowed is not None:
            keep &= (errors == 0) & (warnings <= allowed)
        if number == len(STRICTNESS) - 1:
            keep &= notes == 0
        steps.append({"keep": label, **_size(hours, keep)})
    return steps


def _counting(findings: pd.DataFrame) -> pd.DataFrame:
    """Return the findings that keep a clip from being usable: errors, and warnings that can be fixed."""
    counting = (findings["severity"] == Severity.ERROR) | (
        (findings["severity"] == Severity.WARNING) & findings["code"].isin(FIXABLE)
    )
    return findings[counting & (findings["clip"] != "")]


def _readable(clips: pd.DataFrame) -> Array:
    if "status" not in clips:
        return np.ones(len(clips), dtype=bool)
    readable: Array = (clips["status"].fillna("ok") == "ok").to_numpy(dtype=bool)
    return readable


def _hours(clips: pd.DataFrame) -> Array:
    if "duration_s" not in clips:
        return np.zeros(len(clips))
    seconds = pd.to_numeric(clips["duration_s"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    hours: Array = np.where(np.isfinite(seconds), seconds, 0.0) / 3600
    return hours


def _total(hours: Array) -> float:
    return round(float(hours.sum()), 6)


def _size(hours: Array, chosen: Array) -> dict[str, Any]:
    return {"clips": int(chosen.sum()), "hours": _total(hours[chosen])}
