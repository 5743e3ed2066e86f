"""What becomes of each clip, in words and numbers: the selection of a build as a report shows it."""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from ttsprep.audit.select import Selection, Terms, kept_by_option
from ttsprep.checks.base import catalogue
from ttsprep.core.types import Severity

_Array = npt.NDArray[Any]

STRICTNESS = {
    "lenient": "--lenient: drop what no stage fixes",
    "normal": "… and 3 or more warnings",
    "strict": "--strict: drop every warning",
}
"""What each strictness of a build drops, from lenient to strict."""
EVERY, SPOTLESS = "keep every clip", "… and every note"
"""The steps before and after them."""
VERDICTS = pa.schema([("id", pa.string()), ("verdict", pa.string()), ("codes", pa.string()), ("reason", pa.string())])
"""What becomes of each clip; ``codes``, separated by blanks, are why it is dropped, or what a build fixes."""


class Verdict(StrEnum):
    """What becomes of a clip."""

    USABLE = "usable"
    FIXABLE = "fixable"
    DROP = "to drop"


def verdicts(clips: pd.DataFrame, selection: Selection) -> "pd.Series[str]":
    """Return the verdict of each row of `clips`, with its index.

    ``DROP`` is what a build rejects, ``FIXABLE`` what it keeps and a stage of it fixes, ``USABLE`` the rest.
    """
    table = dict.fromkeys(selection.fixed, Verdict.FIXABLE.value)
    table |= {item.id: Verdict.DROP.value for item in selection.rejected}
    values = [table.get(name, Verdict.USABLE.value) for name in clips["id"].astype(str)]
    return pd.Series(values, index=clips.index, dtype="object")


def verdict_table(clips: pd.DataFrame, selection: Selection, terms: Terms) -> pa.Table:
    """Return ``verdicts.parquet``: a row for each of `clips`, with the reason of its verdict."""
    rejected = {item.id: item for item in selection.rejected}
    rows = []
    for name, verdict in zip(clips["id"], verdicts(clips, selection), strict=True):
        codes, reason = selection.fixed.get(name, ()), "no error, nothing to fix"
        if name in rejected:
            codes, reason = rejected[name].codes, rejected[name].reason
        elif codes:
            reason = f"a build fixes it: {', '.join(dict.fromkeys(terms.fixes(code) for code in codes))}"
        rows.append({"id": name, "verdict": verdict, "codes": " ".join(codes), "reason": reason})
    return pa.Table.from_pylist(rows, VERDICTS)


def summarise(clips: pd.DataFrame, findings: pd.DataFrame, selection: Selection, terms: Terms) -> dict[str, Any]:
    """Count clips and hours by verdict, code and strictness.

    Parameters
    ----------
    clips, findings
        The tables of an audit.
    selection
        What a build keeps of them.
    terms
        On which it was selected.

    Returns
    -------
    dict
        ``clips``, ``hours``; ``verdicts``: for each verdict ``clips`` and ``hours``; ``severities``: findings
        of each severity; ``codes``: for each code, most at stake first, its worst ``severity``,
        ``findings``, ``error``, ``warning``, ``note``, ``fixable``, ``clips`` and ``hours`` that have it,
        ``clips_at_stake`` and ``hours_at_stake`` that are dropped or have to be fixed for it, alone or with others,
        ``fix``: what to do, in a sentence; ``strictness``: what each step keeps; ``what_if``: what a build with one
        ``option`` more would keep, the most first, with the ``recipe`` line for it.
    """
    hours = _hours(clips)
    outcome = verdicts(clips, selection).to_numpy()
    return {
        "clips": len(clips),
        "hours": _total(hours),
        "verdicts": {v.value: _size(hours, outcome == v.value) for v in Verdict},
        "severities": {s.value: int((findings["severity"] == s).sum()) for s in reversed(Severity)},
        "codes": _codes(clips, findings, hours, selection, terms),
        **_options(clips, findings, hours, terms, selection),
    }


def _codes(
    clips: pd.DataFrame, findings: pd.DataFrame, hours: _Array, selection: Selection, terms: Terms
) -> dict[str, dict[str, Any]]:
    ids = clips["id"].astype(str)
    reasons = _reasons(selection)
    rows = []
    for code, group in findings.groupby("code", sort=True):
        severities = group["severity"].value_counts()
        worst = max((Severity(s) for s in severities.index), key=lambda s: s.rank)
        having = _size(hours, ids.isin(group["clip"]).to_numpy())
        stake = _size(hours, ids.isin(reasons.get(str(code), ())).to_numpy())
        row = {
            "severity": worst.value,
            "findings": len(group),
            **{s.value: int(severities.get(s.value, 0)) for s in reversed(Severity)},
            "fixable": bool(terms.fixes(str(code))),
            **having,
            "clips_at_stake": stake["clips"],
            "hours_at_stake": stake["hours"],
            "fix": catalogue()[str(code)][0].fix.split(". ")[0].rstrip(".") if code in catalogue() else "",
        }
        rows.append((-stake["hours"], -worst.rank, -having["clips"], str(code), row))
    return {code: row for *_, code, row in sorted(rows, key=lambda r: r[:4])}


def _reasons(selection: Selection) -> Mapping[str, set[str]]:
    """Return the clips that are dropped or fixed for each code."""
    clips_of: dict[str, set[str]] = {}
    for name, codes in (*selection.fixed.items(), *((item.id, item.codes) for item in selection.rejected)):
        for code in codes:
            clips_of.setdefault(code, set()).add(name)
    return clips_of


def _options(
    clips: pd.DataFrame, findings: pd.DataFrame, hours: _Array, terms: Terms, selection: Selection
) -> dict[str, list[dict[str, Any]]]:
    """Return what each strictness keeps, and what one option more would keep or reject."""
    ids = clips["id"].astype(str)
    strict = {name: _with(terms, strictness=name) for name in STRICTNESS}
    more = _one_more(findings, terms, selection)
    kept = kept_by_option(clips, findings, strict | {recipe: asked for recipe, (_, asked) in more.items()})
    steps = [(EVERY, np.ones(len(clips), dtype=bool))]
    steps += [(label, ids.isin(kept[name]).to_numpy()) for name, label in STRICTNESS.items()]
    steps.append((SPOTLESS, steps[-1][1] & ~ids.isin(findings["clip"]).to_numpy()))
    now = set(selection.kept)
    rows = [
        {"option": option, "recipe": recipe, **_size(hours, ids.isin(kept[recipe]).to_numpy())}
        for recipe, (option, _) in more.items()
        if kept[recipe] != now
    ]
    rows.sort(key=lambda row: (-row["hours"], -row["clips"], row["option"]))
    return {"strictness": [{"keep": label, **_size(hours, keep)} for label, keep in steps], "what_if": rows}


def _one_more(findings: pd.DataFrame, terms: Terms, selection: Selection) -> dict[str, tuple[str, Terms]]:
    """Return the terms with a code kept that rejects clips, or with one rejected that does not, by the recipe line."""
    rules = terms.rules
    rejecting = {code for item in selection.rejected for code in item.codes}
    others = findings["code"][(findings["clip"] != "") & (findings["severity"] != Severity.NOTE)]
    changes: dict[str, tuple[str, Terms]] = {}
    for code in sorted(rejecting | set(others)):
        if code in rejecting:
            reject = tuple(name for name in rules.reject if name != code)
            asked = _with(terms, keep=(*rules.keep, code), reject=reject)
            changes[f"[select] keep = {_toml(asked.rules.keep)}, reject = {_toml(reject)}"] = f"keep {code}", asked
        if code not in rules.reject:
            asked = _with(terms, reject=(*rules.reject, code))
            changes[f"[select] reject = {_toml(asked.rules.reject)}"] = f"reject {code}", asked
    return changes


def _with(terms: Terms, **rules: Any) -> Terms:
    return replace(terms, rules=terms.rules.model_copy(update=rules))


def _toml(codes: tuple[str, ...]) -> str:
    return f"[{', '.join(repr(code) for code in codes)}]".replace("'", '"')


def _hours(clips: pd.DataFrame) -> _Array:
    if "duration_s" not in clips:
        return np.zeros(len(clips))
    seconds = pd.to_numeric(clips["duration_s"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    hours: _Array = np.where(np.isfinite(seconds), seconds, 0.0) / 3600
    return hours


def _total(hours: _Array) -> float:
    return round(float(hours.sum()), 6)


def _size(hours: _Array, chosen: _Array) -> dict[str, Any]:
    return {"clips": int(chosen.sum()), "hours": _total(hours[chosen])}
