"""The command ``ttsprep inspect``: what would be read of a folder, and why."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ttsprep.cli import console
from ttsprep.cli.console import pairs, print_json, print_rich, printable
from ttsprep.cli.options import AsJson, ReadingGroup, grouped, recipe_for
from ttsprep.core.errors import CorpusError
from ttsprep.report.format import count, hours

if TYPE_CHECKING:
    from ttsprep.corpora.corpus import Corpus
    from ttsprep.corpora.reading import Reading
    from ttsprep.corpora.tables.sample import Sample

_HEADERS = 100
"""Audio files whose headers are read; hours and rates of the others are taken to be like theirs."""
_TABLES = 6
"""Tables that are shown; a corpus may have one a book."""
_ROWS = 3
_SHARD_ROWS = 200
"""Rows of a shard that its columns are shown by."""


@grouped
def inspect(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A folder, or a table.")],
    *,
    reading: ReadingGroup,
    as_json: AsJson = False,
) -> int:
    """Show what would be read as a corpus, and why.

    Layout, tables and their columns, counts, sample rows, hours and rates. Nothing is written, and no audio is decoded.
    Run it first, and when a command refuses a corpus.
    """
    from ttsprep.corpora.corpus import read_corpus
    from ttsprep.corpora.reading import Reading

    how, layout = Reading(reading.keys()["columns"], reading.audio_root, reading.follow_links, reading.language), ""
    if recipe := recipe_for("", path):  # as an audit reads it
        from ttsprep.build.options import audit_recipe

        rules = audit_recipe(recipe, reading.keys())
        how, layout = rules.reading(), rules.layout
    document: dict[str, Any] = {"path": printable(str(path))}
    if shards := _shards_of(path):
        document |= {"shards": len(shards), "tables": [_shard(shard) for shard in shards[:_TABLES]]}
        if as_json:
            print_json(document)
        else:
            _show(document)
        return 0
    error = ""
    try:
        corpus = read_corpus(path, layout or reading.layout or "auto", how.language, how)
    except CorpusError as refusal:
        error = str(refusal)
        document |= {"refused": printable(error)}
    else:
        document |= _corpus(corpus)
    if path.exists():
        document |= {"layouts": _layouts(path, how, document), "tables": list(_tables(path, how))}
    if as_json:
        print_json(document)
    else:
        _show(document)
    return console.error(error) if error else 0


def _shards_of(path: Path) -> list[Path]:
    """Return the files that hold audio and texts together."""
    from ttsprep.corpora.shards.unpacking import find_shards

    try:
        return find_shards(path) if path.exists() else []
    except CorpusError:
        return []  # a damaged table beside audio files; reading names it


def _shard(path: Path) -> dict[str, Any]:
    """Return what the columns of a Parquet or Arrow file show, or the first members of a tar file."""
    from ttsprep.corpora.shards.columnar import SHARD_ENDINGS
    from ttsprep.corpora.shards.tars import first_names
    from ttsprep.corpora.shards.unpacking import first_rows
    from ttsprep.corpora.tables.match import AudioIndex
    from ttsprep.corpora.tables.sample import Sample

    name = printable(path.name)
    if path.suffix not in SHARD_ENDINGS:
        return {"table": name, "left_aside": f"holds {printable(', '.join(first_names(path)))} ..."}
    titles, cells, count_of_rows = first_rows(path, _SHARD_ROWS)
    sample = Sample(path.name, path, cells, titles, AudioIndex(path.parent, ()))
    return {
        "table": name,
        "delimiter": path.suffix[1:].capitalize(),
        "title_line": list(map(printable, titles)),
        "rows": count_of_rows,
        "columns": [_column(sample, number) for number in range(sample.count)] if cells else [],
        "sample": [list(map(printable, row)) for row in cells[:_ROWS]],
    }


def _layouts(path: Path, reading: "Reading", document: Mapping[str, Any]) -> dict[str, str]:
    """Return what each layout recognises, "" where it recognises nothing."""
    from ttsprep.corpora.corpus import all_layouts

    layouts = {}
    for name, kind in all_layouts().items():
        if name == document.get("layout"):
            layouts[name] = document["recognised_by"]
            continue
        try:
            layouts[name] = printable(kind(reading).recognise(path))
        except CorpusError as error:
            layouts[name] = f"refused: {printable(str(error))}"
    return layouts


def _tables(path: Path, reading: "Reading") -> Iterator[dict[str, Any]]:
    """Yield each file that may be a table, with what its columns show."""
    from ttsprep.corpora.layouts.table import candidates
    from ttsprep.corpora.tables.match import AudioIndex
    from ttsprep.corpora.tables.read import is_candidate, open_table
    from ttsprep.corpora.tables.records import MARKDOWN

    root = reading.folder_of_audio(path)
    index = AudioIndex(root, reading.tree(root).audio)
    names = [path.name]
    if path.is_dir():
        tree = reading.tree(path)
        names = candidates(tree.others, tree.audio)
    place = path if path.is_dir() else path.parent
    for name in names[:_TABLES]:
        folder = name.rpartition("/")[0] + "/" if "/" in name and reading.audio_root is None else ""
        try:
            table = open_table(place / name, name, folder, index)
        except CorpusError as error:
            yield {"table": printable(name), "left_aside": printable(str(error))}
            continue
        if table is None and name.lower().endswith(MARKDOWN):
            continue
        if table is None:
            yield {"table": printable(name), "left_aside": "no column of names"}
            continue
        sample = table.sample(index)
        yield {
            "table": printable(name),
            "delimiter": table.form,
            "title_line": list(map(printable, table.title)),
            "rows": len(table.rows),
            "columns": [_column(sample, number) for number in range(sample.count)] if sample.rows else [],
            "sample": [list(map(printable, row)) for row in sample.rows[:_ROWS]],
            **({} if sample.rows and is_candidate(table, index) else {"left_aside": "no texts beside names of audio"}),
        }
    if more := len(names) - _TABLES:
        yield from [{"table": f"and {more:,} more", "left_aside": ""}] if more > 0 else []


def _column(sample: "Sample", number: int) -> str:
    """Say what a column shows."""
    evidence = sample.evidence[number]
    if evidence.filled == 0:
        return "empty"
    matched = sample.matched(number)
    shares = {
        "name audio files that are there": matched,
        "are written as names of audio files": evidence.named if matched < 0.5 else 0.0,
        "are language tags": evidence.language,
        "are numbers": evidence.number,
        "are phonemes": evidence.phonemes,
        "are pinyin": evidence.pinyin,
        "are identifiers": evidence.code if matched < 0.5 else 0.0,
        f"are words or sentences in {evidence.script.capitalize()} letters": evidence.prose if matched < 0.5 else 0.0,
    }
    best = sorted(((share, what) for what, share in shares.items() if share >= 0.3), reverse=True)[:2]
    parts = [f"{share:.0%} {what}" for share, what in best] or ["nothing that is known"]
    parts += [f"{evidence.distinct:.0%} differ"] if evidence.distinct < 0.9 else []
    parts += [f"{count(round(evidence.letters), 'letter')} each"] if evidence.prose >= 0.3 else []
    parts += [f"{1 - evidence.filled:.0%} empty"] if evidence.filled < 0.995 else []
    return ", ".join(parts)


def _corpus(corpus: "Corpus") -> dict[str, Any]:
    clips = corpus.clips
    empty = sum(not clip.text.strip() for clip in clips)
    missing = Counter(finding.code for finding in corpus.findings)
    return {
        "layout": corpus.layout,
        "recognised_by": printable(corpus.why),
        "reading": list(map(printable, corpus.decided)),
        "clips": len(clips),
        "without_text": empty,
        "speakers": dict(Counter(clip.speaker for clip in clips if clip.speaker).most_common(20)),
        "languages": dict(Counter(clip.language for clip in clips)),
        "orphans": len(corpus.orphans),
        "findings": dict(missing),
        "first_findings": [printable(finding.message) for finding in corpus.findings[:_ROWS]],
        "clips_sample": [
            {"path": printable(clip.path), "speaker": printable(clip.speaker), "text": printable(clip.text)}
            for clip in clips[: _ROWS * max(1, len(clips) // _ROWS) : max(1, len(clips) // _ROWS)]
        ],
        **_audio(corpus.root, list(dict.fromkeys(clip.path for clip in clips))),
    }


def _audio(root: Path, paths: Sequence[str]) -> dict[str, Any]:
    """Return hours, rates and formats, from the headers of some of the files."""
    from ttsprep.core.audio import header
    from ttsprep.core.errors import AudioError
    from ttsprep.core.files import inside

    chosen = paths[:: max(1, -(-len(paths) // _HEADERS))]
    seconds, read, unread = 0.0, 0, 0
    rates: Counter[str] = Counter()
    for path in chosen:
        try:
            duration, rate, channels = header(inside(root, path))
        except AudioError:
            unread += 1
            continue
        seconds, read = seconds + duration, read + 1
        rates[f"{rate} Hz, {count(channels, 'channel')}"] += 1
    total = seconds / 3600 * len(paths) / max(1, read + unread)
    return {"files": len(paths), "headers_read": read, "unreadable": unread, "hours": total, "rates": dict(rates)}


def _show(document: Mapping[str, Any]) -> None:
    from rich.text import Text

    parts: list[Any] = []
    if "clips" in document:
        about = "" if document["headers_read"] == document["files"] else f" by {document['headers_read']} headers"
        rows = {
            "would read": f"{count(document['clips'], 'clip')} of {document['path']}",
            "audio": f"{count(document['files'], 'file')}, {hours(document['hours'])}{about}",
            "layout": f"{document['layout']} ({document['recognised_by']})",
            "because": "\n".join(document["reading"][:_TABLES]),
            "texts": f"{document['clips'] - document['without_text']:,} of {document['clips']:,}",
            "rates": "; ".join(f"{rate} ({number})" for rate, number in document["rates"].items()),
            "languages": ", ".join(f"{name} ({number:,})" for name, number in document["languages"].items()),
            "speakers": ", ".join(f"{printable(name)} ({number:,})" for name, number in document["speakers"].items()),
            "orphans": count(document["orphans"], "audio file") if document["orphans"] else "",
            "findings": "\n".join(document["first_findings"]),
            "samples": "\n".join(f"{row['path']}: {row['text'][:100]}" for row in document["clips_sample"]),
        }
        parts += [pairs({name: value for name, value in rows.items() if value}), Text()]
    if "shards" in document:
        where = f"audio and texts in {count(document['shards'], 'file')}, which ttsprep audit and build unpack and read"
        parts += [pairs({document["path"]: where}), Text()]
    for table in document.get("tables", ()):
        if "columns" not in table:
            parts.append(Text(f"{table['table']}{': ' if table['left_aside'] else ''}{table['left_aside']}", "dim"))
            continue
        aside = f", left aside: {table['left_aside']}" if "left_aside" in table else ""
        parts.append(
            Text(f"{table['table']}: {count(table['rows'], 'row')}, delimiter {table['delimiter']}{aside}", "bold")
        )
        titles = table["title_line"] or [""] * len(table["columns"])
        numbered = enumerate(zip(titles, table["columns"], strict=True), 1)
        parts.append(pairs({f"{number} {title}": what for number, (title, what) in numbered}))
        parts += [Text("  " + " | ".join(cell[:40] for cell in row), "dim") for row in table["sample"]]
    if "layouts" in document:
        layouts = {name: why for name, why in document["layouts"].items() if why}
        others = ", ".join(name for name, why in document["layouts"].items() if not why)
        parts += [Text(), Text("layouts tried", "bold"), pairs({**layouts, "not": others})]
    print_rich(*parts)
