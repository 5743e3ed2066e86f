"""Two audits side by side: which clips and findings are new, gone or changed, and how the measures moved."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ttsprep.audit.results import BUILD, SOURCE, AuditFolder, open_audit
from ttsprep.audit.verdict import Verdict
from ttsprep.checks.base import all_checks
from ttsprep.core.types import Severity

RESULT = "audit"
"""Folder of a build with the audit of what was built."""
NO_RANK = -1
QUARTILES = (25, 50, 75)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two audits.

    Attributes
    ----------
    before, after
        The audits.
    clips
        A row for each clip of either: ``id`` (the newer one), ``before`` (its id there, "" if it is new), ``change``
        (``added``, ``removed``, ``renamed`` or ""), ``audio``, ``text`` (whether they differ), ``was``, ``now`` (its
        verdicts, "" where it is not), ``seconds``.
    findings
        A row for each finding that differs: ``change`` (``new``, ``gone``, ``worse``, ``milder``), ``clip``, ``code``,
        ``was``, ``now`` (severities), ``message``.
    """

    before: AuditFolder
    after: AuditFolder
    clips: pd.DataFrame
    findings: pd.DataFrame

    @property
    def conditions(self) -> list[str]:
        """What else differs, and may be why findings do: the goal, the thresholds, the version of ttsprep."""
        was, now = (_conditions(side) for side in (self.before, self.after))
        other = [name for name in was | now if was.get(name) != now.get(name)]
        return [f"{name}: {_shown(was.get(name))} before, {_shown(now.get(name))} now" for name in other]

    def codes(self) -> dict[str, dict[str, Any]]:
        """Return each code that differs, most new findings first: clips ``before``, ``after``, findings by change."""
        counts = self.findings[["code", "change"]].value_counts().to_dict()
        sides = [side.summary["codes"] for side in (self.before, self.after)]
        rows = {}
        for code in {*self.findings["code"], *sides[0], *sides[1]}:
            row = {name: int(counts.get((code, name), 0)) for name in CHANGES}
            worst = max((side[code]["severity"] for side in sides if code in side), key=lambda s: Severity(s).rank)
            was, now = (int(side.get(code, {}).get("clips", 0)) for side in sides)
            if was != now or any(row.values()):
                rows[str(code)] = {"severity": worst, "before": was, "after": now, **row}
        order = sorted(rows.items(), key=lambda item: (-item[1]["new"], -item[1]["gone"], item[0]))
        return dict(order)

    def severities(self) -> dict[str, dict[str, int]]:
        """Return for each severity how many findings are ``new`` (or have become so) and ``gone``."""
        worse = self.findings["change"].isin(["new", "worse", "milder"])
        lost = self.findings["change"].isin(["gone", "worse", "milder"])
        return {
            severity.value: {
                "new": int((worse & (self.findings["now"] == severity)).sum()),
                "gone": int((lost & (self.findings["was"] == severity)).sum()),
            }
            for severity in reversed(Severity)
        }

    def verdicts(self) -> list[dict[str, Any]]:
        """Return the clips and hours of each pair of different verdicts, most hours first."""
        moved = self.clips[self.clips["was"] != self.clips["now"]]
        groups = moved.groupby(["was", "now"])["seconds"].agg(["size", "sum"])
        rows = [
            {"was": was or "not there", "now": now or "not there", "clips": int(size), "hours": round(total / 3600, 6)}
            for (was, now), size, total in groups.itertuples()
        ]
        return sorted(rows, key=lambda row: (-row["hours"], row["was"], row["now"]))

    def measures(self) -> dict[str, dict[str, Any]]:
        """Return the quartiles of each measure that a report draws, before and after, where they differ."""
        rows = {}
        for check in all_checks().values():
            for column, chart in check.charts.items():
                was, now = (_quartiles(side, column, chart.scale) for side in (self.before, self.after))
                if was and now and not np.allclose(was, now, rtol=1e-3, atol=0.5 * 10.0**-chart.digits):
                    rows[column] = {"name": chart.name, "unit": chart.unit, "before": was, "after": now}
        return rows

    def document(self) -> dict[str, Any]:
        """Return all of it as one JSON document."""
        count = self.clips["change"].value_counts()
        both = self.clips["change"].isin(["", "renamed"])
        names = _names(self.before, self.after)
        alike = self.clips.loc[both & ~self.clips["audio"] & ~self.clips["text"], "id"]
        return {
            "before": _side(self.before, names[0]),
            "after": _side(self.after, names[1]),
            "conditions": self.conditions,
            "clips": {
                **{name: int(count.get(name, 0)) for name in ("added", "removed", "renamed")},
                "audio_changed": int((both & self.clips["audio"]).sum()),
                "text_changed": int((both & self.clips["text"]).sum()),
                "findings_changed": int(alike.isin(self.findings["clip"]).sum()),
            },
            "severities": self.severities(),
            "codes": self.codes(),
            "verdicts": self.verdicts(),
            "measures": self.measures(),
            "findings": self.findings.to_dict("records"),
        }


CHANGES = ("new", "gone", "worse", "milder")


def compare(before: Path, after: Path) -> Comparison:
    """Compare two audits, or two builds: of these, what was built.

    Parameters
    ----------
    before, after
        Folders that ``ttsprep audit`` or ``ttsprep build`` wrote. Of an audit and a build the audit of its source is
        compared.

    Raises
    ------
    UsageError
        If one of them holds no finished audit.
    """
    builds = all((path / BUILD).is_file() for path in (before, after))
    return compare_audits(*(open_audit(path / RESULT if builds else path) for path in (before, after)))


def compare_audits(before: AuditFolder, after: AuditFolder) -> Comparison:
    """Compare two opened audits: a clip is the same by its id, else by its audio and text where those are unique."""
    was, now = _clips(before), _clips(after)
    partner = _partners(was, now)
    clips = _joined(was, now, partner)
    return Comparison(before, after, clips, _findings(before, after, {new: old for old, new in partner.items()}))


def _clips(side: AuditFolder) -> pd.DataFrame:
    names = ["id", "sha256", "start_s", "end_s", "text", "duration_s"]
    table: pd.DataFrame = side.clips.select(names).to_pandas()
    verdicts = side.verdicts.to_pandas().set_index("id")["verdict"]
    table["verdict"] = verdicts.reindex(table["id"]).fillna("").to_numpy()
    sounds = [
        f"{digest} {start} {end}" if digest else ""
        for digest, start, end in zip(table["sha256"], table["start_s"], table["end_s"], strict=True)
    ]
    table["sound"] = pd.Series(sounds, dtype="str")
    return table.set_index("id", drop=False)


def _partners(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, str]:
    """Return the id after by the id before, of the clips that are in both."""
    same = before.index.intersection(after.index)
    partner = dict(zip(same, same, strict=True))
    rest = [side[~side.index.isin(same) & (side["sound"] != "")] for side in (before, after)]
    keys = [side["sound"] + "\0" + side["text"] for side in rest]
    single = [key[~key.duplicated(keep=False)] for key in keys]
    new = dict(zip(single[1], single[1].index, strict=True))
    return partner | {str(old): str(new[key]) for old, key in single[0].items() if key in new}


def _joined(before: pd.DataFrame, after: pd.DataFrame, partner: Mapping[str, str]) -> pd.DataFrame:
    origin = {new: old for old, new in partner.items()}
    rows = pd.DataFrame({"id": after["id"].to_numpy(), "before": [origin.get(name, "") for name in after["id"]]})
    gone = before["id"][~before["id"].isin(list(partner))]
    rows = pd.concat([rows, pd.DataFrame({"id": gone.to_numpy(), "before": gone.to_numpy()})], ignore_index=True)
    there = np.arange(len(rows)) < len(after)
    added, renamed = rows["before"] == "", there & (rows["before"] != "") & (rows["before"] != rows["id"])
    rows["change"] = np.select([added, ~there, renamed], ["added", "removed", "renamed"], "")
    old = before.reindex(rows["before"])
    new = after.reindex(rows["id"].where(there, None))
    for name, column in (("audio", "sound"), ("text", "text")):
        rows[name] = old[column].to_numpy() != new[column].to_numpy()
    rows["was"], rows["now"] = (side["verdict"].fillna("").to_numpy() for side in (old, new))
    seconds = np.where(there, new["duration_s"], old["duration_s"]).astype(float)
    rows["seconds"] = np.where(np.isfinite(seconds), seconds, 0.0)
    return rows


def _findings(before: AuditFolder, after: AuditFolder, origin: Mapping[str, str]) -> pd.DataFrame:
    """Return what differs; of several findings of a clip with one code the worst counts."""
    old, new = (_worst(side) for side in (before, after))
    new["before"] = pd.Series([origin.get(name, name) for name in new["clip"]], new.index, dtype=object)
    both = old.merge(new, left_on=["clip", "code"], right_on=["before", "code"], how="outer", suffixes=("_was", "_now"))
    was, now = (both[f"severity_{side}"].map(_RANKS).fillna(NO_RANK).to_numpy(int) for side in ("was", "now"))
    both["change"] = np.select([was == NO_RANK, now == NO_RANK, now > was, now < was], CHANGES, "")
    rows = pd.DataFrame({
        "change": both["change"],
        "clip": both["clip_now"].fillna(both["clip_was"]),
        "code": both["code"],
        "was": both["severity_was"].fillna(""),
        "now": both["severity_now"].fillna(""),
        "message": both["message_now"].fillna(both["message_was"]),
        "rank": -np.maximum(was, now),
        "place": both["change"].map({name: at for at, name in enumerate(CHANGES)}),
    })
    rows = rows[rows["change"] != ""].sort_values(["place", "rank", "code", "clip"], kind="stable")
    return rows.drop(columns=["rank", "place"]).reset_index(drop=True)


_RANKS = {severity.value: severity.rank for severity in Severity}


def _worst(side: AuditFolder) -> pd.DataFrame:
    table: pd.DataFrame = side.findings.select(["clip", "code", "severity", "message"]).to_pandas().astype(object)
    table["rank"] = table["severity"].map(_RANKS)
    return table.sort_values("rank", ascending=False, kind="stable").drop_duplicates(["clip", "code"])


def _quartiles(side: AuditFolder, column: str, scale: float) -> list[float]:
    if column not in side.clips.column_names:
        return []
    values = pd.to_numeric(side.clips.column(column).to_pandas(), errors="coerce").to_numpy(float)
    values = values[np.isfinite(values)] * scale
    return [round(float(value), 6) for value in np.percentile(values, QUARTILES)] if len(values) else []


def _names(before: AuditFolder, after: AuditFolder) -> tuple[str, str]:
    """Name two audits by their folders; where these are called alike, by as much of the paths as tells them apart."""
    paths = []
    for side in (before, after):
        inner = side.folder.name in {RESULT, SOURCE} and side.folder.parent.name
        paths.append((side.folder.parent if inner else side.folder).resolve().parts)
    most = max(map(len, paths))
    parts = next((n for n in range(1, most) if paths[0][-n:] != paths[1][-n:]), 1)
    return "/".join(paths[0][-parts:]), "/".join(paths[1][-parts:])


def _side(side: AuditFolder, name: str) -> dict[str, Any]:
    summary, usable = side.summary, (Verdict.USABLE, Verdict.FIXABLE)
    size = {name: sum(summary["verdicts"][verdict][name] for verdict in usable) for name in ("clips", "hours")}
    return {
        "name": name,
        "corpus": summary["corpus"],
        "clips": summary["clips"],
        "hours": summary["hours"],
        "kept_clips": size["clips"],
        "kept_hours": round(size["hours"], 6),
    }


def _conditions(side: AuditFolder) -> dict[str, Any]:
    goal, recipe = side.summary.get("goal", {}), side.run.get("recipe", {})
    return {
        **_flat({"goal": {key: goal.get(key) for key in ("rate", "asked")}}),
        "languages": side.summary.get("languages"),
        "ttsprep": side.run.get("ttsprep"),
        **_flat({name: recipe.get(name) for name in ("checks", "trainer", "select")}),
    }


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    """Return all that a document holds by dotted keys, but for what is empty."""
    if isinstance(value, dict):
        return {key: leaf for k, v in value.items() for key, leaf in _flat(v, f"{name}.{k}".lstrip(".")).items()}
    return {name: value} if value or value is False else {}


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "default" if value is None else str(value)
