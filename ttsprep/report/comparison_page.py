"""A comparison of two audits as a page, and as Markdown."""

from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from ttsprep.checks.base import catalogue
from ttsprep.report.charts.histogram import COMPARED, before_after_histograms
from ttsprep.report.data import visible
from ttsprep.report.format import count, decimal, hours
from ttsprep.report.page import environment, policy, style_and_script

if TYPE_CHECKING:
    from ttsprep.audit.baseline.compare import Comparison
    from ttsprep.audit.results import AuditFolder

_MOST_LISTED = 500
"""Findings that a page lists."""
SIDES = ("older audit", "newer audit")


def headline(document: dict[str, Any]) -> str:
    """Say in one sentence what is kept, and how many findings are new."""
    before, after = document["before"], document["after"]
    was, now = hours(before["kept_hours"]), hours(after["kept_hours"])
    kept = f"{now}, as before" if was == now else f"{now}, {was} before"
    new = {name: row["new"] for name, row in document["severities"].items() if row["new"]}
    gone = sum(row["gone"] for row in document["severities"].values())
    words = ", ".join(count(number, f"new {name}") for name, number in new.items()) or "no new finding"
    return f"A build keeps {kept}; {words}; {count(gone, 'finding') if gone else 'none'} gone."


def clip_lines(document: dict[str, Any]) -> list[str]:
    """Say how many clips differ, by kind of difference."""
    clips = document["clips"]
    names = {"added": "added", "removed": "removed", "renamed": "renamed"}
    names |= {"audio_changed": "with other audio", "text_changed": "with another text"}
    names["findings_changed"] = "with other findings, but the same audio and text"
    return [f"{count(clips[key], 'clip')} {name}" for key, name in names.items() if clips[key]]


def measure_line(row: dict[str, Any]) -> str:
    """Write the medians of a measure, before and after, with their quartiles."""
    values = [_quartiles(row[side]) for side in ("before", "after")]
    return f"median {values[0]} → {values[1]} {row['unit']}".rstrip()


def _quartiles(values: list[float]) -> str:
    digits = 0 if max(map(abs, values)) >= 1000 else 2
    low, middle, high = (decimal(value, digits) for value in values)
    return f"{middle} (IQR {low} to {high})"


def comparison_markdown(document: dict[str, Any]) -> str:
    """Return a comparison as Markdown, for a pull request."""
    before, after = document["before"], document["after"]
    lines = [f"### {visible(before['name'])} → {visible(after['name'])}", "", headline(document), ""]
    lines += [f"- {line}" for line in (*clip_lines(document), *map(visible, document["conditions"]))]
    if document["codes"]:
        lines += ["", "| finding | clips before | clips now | new | gone | worse | milder |"]
        lines += ["|---|---:|---:|---:|---:|---:|---:|"]
    for code, row in document["codes"].items():
        numbers = (row[name] for name in ("before", "after", "new", "gone", "worse", "milder"))
        lines.append(f"| `{code}` | {' | '.join(f'{number:,}' for number in numbers)} |")
    return "\n".join(lines) + "\n"


def comparison_page(comparison: "Comparison") -> str:
    """Return a comparison as one HTML file that asks no network for anything."""
    document = comparison.document()
    css, js = style_and_script(["report", "build"], ["page"])
    was, now = (_measured(side) for side in (comparison.before, comparison.after))
    figures = before_after_histograms(was, now, SIDES)
    findings = [{key: visible(value) for key, value in row.items()} for row in document["findings"][:_MOST_LISTED]]
    return (
        environment()
        .get_template("comparison.html")
        .render(
            css=Markup(css),  # noqa: S704 -- our own file
            js=Markup(js),  # noqa: S704 -- our own file
            policy=policy(css, js),
            document=document,
            headline=headline(document),
            clips=clip_lines(document),
            figures=figures,
            findings=findings,
            more=len(document["findings"]) - len(findings),
            about={code: catalogue()[code][0].summary for code in document["codes"] if code in catalogue()},
        )
    )


def _measured(side: "AuditFolder") -> pd.DataFrame:
    columns = [name for name in COMPARED if name in side.clips.column_names]
    table: pd.DataFrame = side.clips.select(columns).to_pandas()
    return table
