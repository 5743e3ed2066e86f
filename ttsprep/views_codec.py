"""What is shown of codes: a plan, what was encoded or decoded, and how good it is."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttsprep.console import count, printable, show, write
from ttsprep.views import length, pairs

if TYPE_CHECKING:
    from rich.table import Table

    from ttsprep.decode import Decoded
    from ttsprep.encode import Encoded, Job
    from ttsprep.verify import Verified


def show_job(job: "Job", out: Path, device: str, *, as_json: bool) -> None:
    """Show what would be encoded, with what."""
    meaning, corpus = job.meaning, job.plan.corpus
    document = {
        "corpus": printable(str(corpus.root)),
        "layout": corpus.layout,
        "clips": len(job.plan.clips),
        "meaning": meaning.document(),
        "format": job.options.form,
        "device": device,
        "out": printable(str(out)),
    }
    if as_json:
        write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
        return
    show(
        pairs({
            "would encode": f"{count(len(job.plan.clips), 'clip')} of {document['corpus']} ({corpus.layout})",
            "with": f"{_codec(meaning.document())} on {device}",
            "would write": f"{document['out']} ({job.options.form})",
        })
    )


def _codec(meaning: Mapping[str, Any]) -> str:
    bits = meaning["codebooks"] * meaning["frame_rate"] * math.log2(meaning["cardinality"]) / 1000
    return (
        f"{printable(meaning['codec'])} ({meaning['digest'][:12]}): {meaning['sample_rate']} Hz, "
        f"{meaning['codebooks']} x {meaning['cardinality']} at {meaning['frame_rate']:g} Hz = {bits:.2g} kbit/s, "
        f"beam {meaning['beam']}"
    )


def show_encoded(result: "Encoded", verified: "Verified | None", *, as_json: bool) -> None:
    """Show what was encoded, how its codes are used, and which clips stand out."""
    from rich.text import Text

    summary = result.summary
    if as_json:
        more = {"verified": verified.document()} if verified else {}
        document = {**summary, "coded": result.coded, "out": printable(str(result.out)), **more}
        write(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n")
        return
    where = f"{printable(str(result.out))}: {count(summary['shards'], 'shard')} ({summary['format']})"
    rows = {
        "encoded": f"{count(summary['clips'], 'clip')}, {length(summary['hours'])}, {summary['tokens']:,} codes",
        "codec": _codec(summary["meaning"]),
        "says": f"{summary['kbits_per_s']} kbit/s by the entropy of each codebook",
        "out": where,
    }
    if summary["skipped"]:
        reasons = ", ".join(f"{code} {number:,}" for code, number in summary["skipped"].items())
        rows["skipped"] = f"{reasons}: see {printable(str(result.out / 'skipped.csv'))}"
    if summary["outliers"]:
        named = ", ".join(f"{printable(row['id'])} ({row['distance_db']:g} dB)" for row in summary["outlier_clips"][:5])
        rows["outliers"] = (
            f"{count(summary['outliers'], 'clip')} that the codec fits far worse than the rest "
            f"(median {summary['distance_db']['median']:g} dB): {named}"
        )
    parts: list[Any] = [pairs(rows), Text(), _books(summary["codebooks"])]
    if verified:
        parts += [Text(), pairs(verified.lines())]
    show(*parts)


def _books(books: Sequence[Mapping[str, Any]]) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False, header_style="dim", show_edge=False)
    for title in ("codebook", "codes used", "perplexity", "bits"):
        table.add_column(title, justify="right", no_wrap=True)
    for number, book in enumerate(books):
        table.add_row(str(number), f"{book['used']:.1%}", f"{book['perplexity']:.0f}", f"{book['bits']:.2f}")
    return table


def show_decoded(result: "Decoded", *, as_json: bool) -> None:
    """Show what was decoded."""
    document = {
        "out": printable(str(result.out)),
        "clips": result.clips,
        "seconds": round(result.seconds, 3),
        "clipped": result.clipped,
        "decoded": result.fresh,
    }
    if as_json:
        write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
        return
    rows = {"decoded": f"{count(result.clips, 'clip')}, {length(result.seconds / 3600)}", "out": str(document["out"])}
    if result.clipped:
        rows["clipped"] = f"{count(result.clipped, 'clip')} went beyond full scale and were cut there"
    show(pairs(rows))
