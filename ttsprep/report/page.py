"""The page: tables and pictures put into one HTML file that may not ask any network for anything."""

import hashlib
import json
import os
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from ttsprep.audit.pipeline import Audited
from ttsprep.audit.verdict import Verdict, verdicts
from ttsprep.checks.base import catalogue
from ttsprep.checks.phonemes import Coverage
from ttsprep.checks.speaker import SpeakerCheck
from ttsprep.core.types import Severity
from ttsprep.report.build_page import compared
from ttsprep.report.charts import trends as plots
from ttsprep.report.charts.histogram import JudgedCounts, histogram, judged
from ttsprep.report.charts.phonemes import diphone_map, phone_bars, spell_phones
from ttsprep.report.charts.svg import CLASSES, Figure, column
from ttsprep.report.charts.voices import place_voices, voice_map
from ttsprep.report.compare import SHARE
from ttsprep.report.data import BuildTables, coverage_of, cut_text, main_language, quantities, visible
from ttsprep.report.format import change, count, hours
from ttsprep.report.goal import described_groups, goal_line, rate_choices
from ttsprep.report.spoken import WordSpan, spoken
from ttsprep.report.worst import Card, worst_clips

if TYPE_CHECKING:
    import jinja2

MOST_ROWS = 30_000
"""Clips in the table; of a larger corpus those with findings come first."""
_MOST_COMPARED = 3_000
"""Clips whose text is compared with what was heard."""
_MOST_TEXT = 240
"""Characters of a text in the table."""
_DRIFT = ("loudness_lufs", "noise_floor_dbfs", "bandwidth_hz", "f0_median_hz")


def audit_report(audit: Audited) -> str:
    """Return ``report.html`` of an audit.

    Nothing is asked of any network: a content security policy allows only the page's own style and script, by their
    hashes, data: URIs for pictures and sound, and the audio of the corpus from where it lay beside the audit.
    """
    return _page(audit, coverage_of(audit.table, main_language(audit.table)), None)


def build_report(before: Audited, after: Audited, rejected: pd.DataFrame, provenance: pd.DataFrame) -> str:
    """Return ``report.html`` of a build: what became of the source, then the report of the result.

    Parameters
    ----------
    before, after
        The audits of the source and of the result.
    rejected, provenance
        As in `ttsprep.report.data.BuildTables`.
    """
    build = BuildTables(before, after, rejected, provenance)
    return _page(after, build.coverages[1], compared(build))


def _page(audit: Audited, coverage: Coverage | None, build: dict[str, Any] | None) -> str:
    listening = _listening(audit)
    parts = ["report", *(["listening"] if listening else []), *(["build"] if build else [])]
    css, js = style_and_script(parts, ["page", *parts])
    outcome = verdicts(audit.table, audit.selection).to_numpy()
    codes = list(audit.summary["codes"])
    cards = worst_clips(audit, codes, share=1 - SHARE, taken=build["cards"]) if build else worst_clips(audit, codes)
    shown = {card.clip: card.number for group in cards.values() for card in group if not card.silent}
    table = _table(audit, outcome, shown, coverage)
    listed = table["sounds"]["listed"] if coverage else None
    return (
        environment()
        .get_template("template.html")
        .render(
            name=visible(audit.summary["corpus"]),
            policy=policy(css, js),
            css=Markup(css),  # noqa: S704 -- our own file
            js=Markup(js),  # noqa: S704 -- our own file
            build=build,
            summary=audit.summary,
            verdict_classes={v.value: CLASSES[v] for v in Verdict},
            goal=goal_line(audit.summary),
            choices=rate_choices(audit.summary),
            groups=described_groups(audit.summary),
            shares=_shares(audit.summary),
            kept=_kept(audit.summary),
            strictness=plots.strictness(audit.summary["strictness"], audit.summary["hours"]),
            codes=[_code(audit, code, cards[code]) for code in codes],
            most=max((row["clips"] for row in audit.summary["codes"].values()), default=0),
            about_corpus=_about_corpus(audit.findings),
            distributions=_distributions(audit, outcome),
            text_to_audio=plots.text_to_audio(audit.table, audit.findings, outcome),
            phones=[phone_bars(coverage, listed), diphone_map(coverage, listed)] if coverage else [],
            listed=listed,
            drift=plots.drift(audit.table, _DRIFT),
            listening=listening,
            speakers=_speakers(audit.table, outcome),
            listing=_script(build["listing"]) if build else "",
            data=_script(table),
        )
    )


@cache
def environment() -> "jinja2.Environment":
    """Return what makes pages of our templates; all that is put in is escaped."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_resource),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals.update(count=count, hours=hours, change=change, visible=visible, prose=_prose)
    return environment


def _prose(text: str) -> Markup:
    """Return text with what stands between backticks as code."""
    parts = visible(text).split("`")
    return Markup("").join(Markup("<code>{}</code>").format(part) if n % 2 else part for n, part in enumerate(parts))


def style_and_script(styles: Sequence[str], scripts: Sequence[str]) -> tuple[str, str]:
    """Return our own style sheets and scripts of these names, each as one text."""
    return "".join(_resource(f"{name}.css") for name in styles), "".join(_resource(f"{name}.js") for name in scripts)


def _resource(name: str) -> str:
    return resources.files("ttsprep.report").joinpath("templates", name).read_text(encoding="utf-8")


def policy(css: str, js: str) -> str:
    """Return the content security policy of a page: its own style and script, and data: URIs."""

    def digest(text: str) -> str:
        return "'sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii") + "'"

    return (
        f"default-src 'none'; script-src {digest(js)}; style-src {digest(css)}; img-src data:; "
        "media-src data: 'self' file:; base-uri 'none'; form-action 'none'"
    )


def _shares(summary: Any) -> list[dict[str, Any]]:
    """Cut a bar by verdict, in per cent of the hours (of the clips where none has a length)."""
    unit = "hours" if summary["hours"] else "clips"
    total = summary[unit] or 1
    pieces, start = [], 0.0
    for v in Verdict:
        size = summary["verdicts"][v.value]
        width = 100 * size[unit] / total
        pieces.append({"name": v.value, "class": CLASSES[v], "x": start, "width": width, **size})
        pieces[-1]["of_clips"] = 100 * size["clips"] / (summary["clips"] or 1)
        start += width
    return pieces


def _kept(summary: Any) -> dict[str, Any]:
    """Add up what a build keeps: usable as it is, or fixed."""
    sizes = [summary["verdicts"][v.value] for v in (Verdict.USABLE, Verdict.FIXABLE)]
    return {unit: sum(size[unit] for size in sizes) for unit in ("clips", "hours")}


def _code(audit: Audited, code: str, cards: list[Card]) -> dict[str, Any]:
    entry = catalogue()[code][0] if code in catalogue() else None
    return {"code": visible(code), "entry": entry, "cards": cards, **audit.summary["codes"][code]}


def _about_corpus(findings: pd.DataFrame) -> dict[str, list[dict[str, str]]]:
    """Group what is said of the corpus as a whole by code, the worst first."""
    rows = findings[findings["clip"] == ""].to_dict("records")
    rows.sort(key=lambda row: -Severity(row["severity"]).rank)
    groups: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        shown = {key: visible(row[key]) for key in ("code", "severity", "message")}
        groups.setdefault(shown["code"], []).append(shown)
    return groups


def _distributions(audit: Audited, outcome: Any) -> tuple[list[Figure], list[Figure]]:
    """Draw the quantities by which clips are flagged or fall into groups, and the others."""
    counts = judged(audit.table, audit.findings)
    limit = {one["measure"]: one["limit"] for one in audit.summary["groups"]}
    telling: list[Figure] = []
    others: list[Figure] = []
    for q in quantities():
        figure = histogram(q, audit.table, outcome, counts.get(q.column, JudgedCounts()), limit.get(q.column))
        if figure is not None:
            (telling if q.column in counts or q.column in limit else others).append(figure)
    return telling, others


def _speakers(clips: pd.DataFrame, outcome: Any) -> list[dict[str, Any]]:
    """Hours by speaker and verdict, the twenty with the most hours; empty for a single voice."""
    if "speaker" not in clips or clips["speaker"].nunique() < 2:
        return []
    table = pd.DataFrame({
        "speaker": clips["speaker"].fillna("").to_numpy(),
        "verdict": outcome,
        "hours": np.nan_to_num(column(clips, "duration_s")) / 3600,
    })
    sums = table.pivot_table(index="speaker", columns="verdict", values="hours", aggfunc="sum", fill_value=0.0)
    sums = sums.reindex(columns=[v.value for v in Verdict], fill_value=0.0)
    sums["all"] = sums.sum(axis=1)
    counts = table["speaker"].value_counts().to_dict()
    longest = float(sums["all"].max()) or 1.0
    rows = []
    for speaker, row in sums.sort_values("all", ascending=False).head(20).iterrows():
        pieces, start = [], 0.0
        for v in Verdict:
            width = 100 * float(row[v.value]) / longest
            pieces.append({"class": CLASSES[v], "x": start, "width": width})
            start += width
        rows.append({
            "name": visible(speaker) or "(no name)",
            "clips": int(counts[str(speaker)]),
            "hours": float(row["all"]),
            "pieces": pieces,
        })
    return rows


def _table(audit: Audited, outcome: Any, cards: dict[str, int], coverage: Coverage | None) -> dict[str, Any]:
    """Lay out the table of clips by column, as the page's script reads it."""
    clips = audit.table
    findings = audit.findings[audit.findings["clip"] != ""]
    codes = list(audit.summary["codes"])
    position = {code: i for i, code in enumerate(codes)}
    by_clip: dict[str, list[tuple[int, int, str]]] = {}
    for clip, code, severity, message in findings[["clip", "code", "severity", "message"]].itertuples(index=False):
        by_clip.setdefault(clip, []).append((position[code], Severity(severity).rank, visible(message)))
    order = np.arange(len(clips))
    if len(clips) > MOST_ROWS:
        with_findings = clips["id"].isin(by_clip).to_numpy()
        order = np.sort(np.argsort(~with_findings, kind="stable")[:MOST_ROWS])
    ids = clips["id"].astype(str).to_numpy()[order]
    seconds = np.nan_to_num(column(clips, "duration_s"))

    def words(column: str, most: int) -> list[str]:
        if column not in clips:
            return [""] * len(order)
        return [cut_text(visible(v), most) for v in clips[column].to_numpy()[order]]

    shown = [q for q in quantities() if np.isfinite(column(clips, q.column)).any()]
    names = [v.value for v in Verdict]
    return {
        "all": len(clips),
        "rest_s": round(float(seconds.sum() - seconds[order].sum()), 1),
        "id": [visible(i) for i in ids],
        "path": words("path", 400),
        "text": words("text", _MOST_TEXT),
        "speaker": words("speaker", 80),
        "root": _root(audit),
        "pieces": _pieces(clips.iloc[order]),
        "verdicts": names,
        "verdict": [names.index(v) for v in outcome[order]],
        "codes": codes,
        "severities": [s.value for s in Severity],
        "findings": [sorted(by_clip.get(i, []), key=lambda f: (-f[1], f[0])) for i in ids],
        "card": [cards.get(visible(i), 0) for i in ids],
        "words": _compared(clips),
        "sounds": spell_phones(clips.iloc[order], coverage) if coverage else None,
        "quantities": [
            {
                "name": q.name,
                "column": q.column,
                "short": q.short,
                "unit": q.unit,
                "narrow": q.narrow or q.unit,
                "digits": q.digits,
                "values": _numbers(column(clips, q.column)[order] * q.scale, q.digits),
            }
            for q in shown
        ],
    }


def _root(audit: Audited) -> str:
    """Return where the corpus is, seen from the page; "" where that cannot be told, or is no address."""
    if audit.out is None:
        return ""
    place = os.path.relpath(audit.root.resolve(), audit.out.resolve())
    return place if place == visible(place) else ""


def _pieces(clips: pd.DataFrame) -> list[list[float | None]]:
    """Return start and end of each clip in its file, in seconds; empty where all clips are whole files."""
    starts, ends = column(clips, "start_s"), column(clips, "end_s")
    if not np.nan_to_num(starts).any() and np.isnan(ends).all():
        return []
    return [[float(np.nan_to_num(a)), None if np.isnan(b) else float(b)] for a, b in zip(starts, ends, strict=True)]


def _compared(clips: pd.DataFrame) -> dict[str, list[WordSpan]]:
    """Return text against what was heard for the clips where that is known."""
    if "asr_text" not in clips:
        return {}
    rows = clips[clips["asr_text"].fillna("") != ""].head(_MOST_COMPARED)
    return {visible(row["id"]): spoken(row) for row in rows.to_dict("records")}


def _numbers(values: Any, digits: int) -> list[float | None]:
    rounded = np.round(values, digits)
    return [None if np.isnan(v) else int(v) if digits == 0 else v for v in rounded.tolist()]


def _script(data: Any) -> Markup:
    """JSON that cannot end or open any element, whatever its strings hold."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 -- no character is left that HTML could read as its own


def _listening(audit: Audited) -> dict[str, Any]:
    """Return what the page says of the models: a row each, and the map of voices; empty if none was asked for."""
    asked: Mapping[str, Any] = audit.summary.get("listening", {})
    if not asked:
        return {}
    codes = audit.summary["codes"]
    rows = [
        {"name": name, **row, "findings": {code: codes[code]["clips"] for code in row["codes"] if code in codes}}
        for name, row in asked.items()
    ]
    voices = place_voices(audit.table, SpeakerCheck())
    figure, points = voice_map(voices, audit.findings) if voices is not None else (None, {})
    return {"rows": rows, "map": figure, "points": _script(points)}
