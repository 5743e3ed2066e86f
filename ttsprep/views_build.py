"""What a build says on stdout."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttsprep.console import count, printable, show, write
from ttsprep.views import length, pairs

if TYPE_CHECKING:
    from rich.table import Table

    from ttsprep.build import Built, Draft
    from ttsprep.source import Needs
    from ttsprep.trainer import Trainer

MOST = 6
"""Reasons, sounds and exports that are named; the files have the others."""


def show_needs(needs: "Needs", *, as_json: bool) -> None:
    """Show what would be fetched before anything can be planned."""
    if as_json:
        document = {
            "source": needs.source.name,
            "would_fetch": [download.url for download in needs.missing],
            "bytes": needs.bytes,
            "into": printable(str(needs.folder)),
        }
        write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    else:
        write(needs.describe() + "\n")


def show_draft(draft: "Draft", out: Path, *, as_json: bool) -> None:
    """Show what a build would do."""
    document = draft.describe()
    if as_json:
        write(json.dumps(document | {"out": printable(str(out))}, ensure_ascii=False, indent=2) + "\n")
        return
    source, result, rejected = (document[key] for key in ("source", "result", "rejected"))
    rows = {
        "source": f"{printable(source['corpus'])}: {_size(source)}, read as {source['layout']}",
        "would reject": _size(rejected) + _listed(rejected["reasons"]),
        "would build": f"{_size(result)} before trimming, about {result['bytes'] / 1e6:,.0f} MB of audio",
        "stages": " → ".join(document["stages"]),
        "exports": ", ".join(document["exports"]),
        "would write": printable(str(out)),
    }
    show(pairs(rows | _sounds(document)))


def show_built(built: "Built", *, as_json: bool) -> None:
    """Show what became of the corpus, and where everything is."""
    document = built.document
    if as_json:
        write(json.dumps(document | {"out": printable(str(built.out))}, ensure_ascii=False, indent=2) + "\n")
        return
    from rich.text import Text

    source, result, rejected = (document[key] for key in ("source", "result", "rejected"))
    rates = ", ".join(f"{rate:,} Hz" for rate in result["sample_rates"])
    rows = {
        "source": f"{printable(source['corpus'])}: {_size(source)}, read as {source['layout']}",
        "rejected": _size(rejected) + _listed(rejected["reasons"]),
        "built": f"{_size(result)} at {rates}" + (f", {result['speakers']} speakers" if result["speakers"] else ""),
        "split": ", ".join(f"{name} {number:,}" for name, number in result["splits"].items()),
    }
    parts: list[Any] = [pairs(rows | _sounds(document) | _unknown(document)), Text()]
    if document["findings"]:
        parts += [_findings(document["findings"]), Text()]
    where = {
        "report": printable(str(built.out / "report.html")),
        "texts": printable(str(built.out / "metadata.csv")),
        "reasons": printable(str(built.out / "rejected.csv")),
    }
    where |= {"train": built.use} if built.use else {}
    show(*parts, pairs(where))


def show_trainers(trainers: Mapping[str, "Trainer"]) -> None:
    """Show each trainer with how it is pointed at a build."""
    from rich.text import Text

    parts: list[Any] = []
    for name, trainer in trainers.items():
        parts += [Text.assemble((name, "bold"), f"  {trainer.about}"), Text(f"    {trainer.use}", "dim")]
    show(*parts)


def _size(numbers: Mapping[str, Any]) -> str:
    return f"{count(numbers['clips'], 'clip')}, {length(numbers['hours'])}"


def _listed(reasons: Mapping[str, int]) -> str:
    named = [f"{code} {number:,}" for code, number in list(reasons.items())[:MOST]]
    more = [f"{len(reasons) - MOST} more reasons"] if len(reasons) > MOST else []
    return f" ({', '.join(named + more)})" if named else ""


def _sounds(document: Mapping[str, Any]) -> dict[str, str]:
    """Say which phones and diphones the rejections cost, and which clips were spared for theirs."""
    rows = {}
    lost: Mapping[str, list[str]] = document["lost_sounds"]
    if lost:
        clips = {name for names in lost.values() for name in names}
        shown = ", ".join(f"/{sound}/" for sound in list(lost)[:MOST])
        kind = "phones or diphones" if any(" " not in sound for sound in lost) else "diphones"
        rows["lost"] = f"{len(lost):,} {kind} that only {count(len(clips), 'rejected clip')} had: {shown} …"
    if document["kept_for_coverage"]:
        rows["spared"] = f"{count(len(document['kept_for_coverage']), 'doubtful clip')} with a phone that no other has"
    return rows


def _unknown(document: Mapping[str, Any]) -> dict[str, str]:
    """Say which symbols the trainer does not know."""
    unknown: Mapping[str, list[str]] = document["out_of_vocabulary"]
    if not unknown:
        return {}
    trainer = document["recipe"]["trainer"]
    shown = ", ".join(
        f"{printable(symbol)!r} in {count(len(names), 'clip')}" for symbol, names in list(unknown.items())[:MOST]
    )
    return {"unknown": f"{len(unknown)} symbols that {trainer} does not have: {shown}"}


def _findings(found: Mapping[str, Mapping[str, int]]) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False, header_style="dim", show_edge=False)
    for title in ("before", "after"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("clips with an error or a warning")
    for code, row in found.items():
        table.add_row(f"{row['before']:,}", Text(f"{row['after']:,}", "yellow" if row["after"] else "green"), code)
    return table
