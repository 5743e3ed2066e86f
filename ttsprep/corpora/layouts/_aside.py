"""Files that a plain folder leaves aside although they may hold its texts: named, with what would read them."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Finding
from ttsprep.core.untrusted import open_regular
from ttsprep.corpora.audio_files import stem
from ttsprep.corpora.encoding import sniff
from ttsprep.corpora.metadata import lines
from ttsprep.corpora.reading import Tree
from ttsprep.corpora.tables.records import JSON

_FILES, _BYTES, _SHOWN = 64, 1 << 18, 4
"""Files that are looked into, bytes of each, and files that are named."""
_LINES = 6
"""Lines that a clip takes at most, in a file that is about clips."""
_SHORTEST = 4
"""Letters of a name that no text has by chance."""
_WORD = re.compile(r"[^\s|,;:\"'<>()\[\]{}=&]+")
_NUMBERED = re.compile(r"(?<![0-9])[0-9]{3,}\Z")
_NO_TEXT = frozenset(["png", "jpg", "jpeg", "npy", "npz", "pt", "pkl", "h5", "f0", "pitch", "phn", "wrd", "md5"])
"""Endings of what is made of a recording, or goes with a text that is read."""
_DOCUMENTS = (
    ".docx",
    ".doc",
    ".odt",
    ".rtf",
    ".pdf",
    ".ods",
    ".xls",
    ".pages",
    ".numbers",
    ".db",
    ".sqlite",
    ".parquet",
)
"""Endings of files whose texts cannot be seen in their bytes."""


def left_aside(root: Path, tables: Sequence[str], others: Sequence[str], tree: Tree) -> Iterator[str]:
    """Yield a line about each file that may hold the texts, the likeliest first.

    Parameters
    ----------
    root
        Folder of the corpus.
    tables
        Files that look like tables and are none of audio and texts.
    others
        All other files that nothing was read from.
    tree
        What lies in the folder.
    """
    yield from _beside(others, tree)
    stems = (stem(path.rpartition("/")[2]) for path in tree.audio)
    names = frozenset(name for name in stems if len(name) >= _SHORTEST and not name.isdigit())
    named = {path: count for path in (*tables, *others)[:_FILES] if (count := _names_in(root / path, names))}
    for path, count in sorted(named.items(), key=lambda item: -item[1])[:_SHOWN]:
        which = f"{count:,} of the {len(tree.audio):,} audio files"
        yield f"{path} has the names of {which}, but no reader takes it: save it as CSV, or as lines NAME|text"
    for path in others:
        if path.lower().endswith(_DOCUMENTS):
            yield f"{path} may hold texts, but no reader takes {Path(path).suffix}: save its table as CSV"
    if unnamed := [path for path in tables if path not in named]:
        listed = f"{', '.join(unnamed[:3])}{f' and {len(unnamed) - 3} more' if unnamed[3:] else ''}"
        yield f"left aside, as it names no audio and texts: {listed}{_in_order(root, unnamed, tree)}"


def _names_in(path: Path, names: frozenset[str]) -> int:
    """Return how many audio files a text names beside words of its own; 0 where its lines are about something else."""
    try:
        with open_regular(path) as file:
            data = file.read(_BYTES)
    except OSError:
        return 0
    encoding, mark = sniff(data)
    text = data[mark:].decode(encoding, "replace") if encoding else ""
    hits = names.intersection(stem(word.rpartition("/")[2]) for word in _WORD.findall(text))
    words = sum(map(str.isalpha, text)) > 2 * sum(map(len, hits))
    return len(hits) if words and _LINES * len(hits) >= text.count("\n") else 0


def _beside(others: Sequence[str], tree: Tree) -> Iterator[str]:
    """Yield a line about each kind of file that is called as the recordings are, and is of no kind that is read."""
    names = {stem(path.rpartition("/")[2]) for path in tree.audio}
    kinds: dict[str, list[str]] = defaultdict(list)
    for path in others:
        name, _, ending = path.rpartition("/")[2].rpartition(".")
        if stem(name) in names and ending.lower() not in _NO_TEXT:
            kinds[ending].append(path)
    for ending, paths in kinds.items():
        if 2 * len(paths) >= len(tree.audio):
            such = f"{len(paths):,} files such as {paths[0]} are" if paths[1:] else f"{paths[0]} is"
            yield f"{such} called as the audio is, but no reader takes .{ending}: write what is said to NAME.txt"


def _last_number(name: str) -> str:
    """Return the number of several digits that a name ends in."""
    match = _NUMBERED.search(stem(name))
    return match[0] if match else ""


def _in_order(root: Path, aside: Sequence[str], tree: Tree) -> str:
    """Say what to do where a file has as many lines as there are recordings, and names none of them."""
    last = {number: path for path in reversed(tree.audio) if (number := _last_number(path))}
    for name in aside[:3]:
        if name.lower().endswith(JSON):
            return f'; its records need a name and a text each: {{"audio": "{tree.audio[0]}", "text": "..."}}'
        try:
            rows = [item[1] for item in lines(root / name) if not isinstance(item, Finding)]
        except CorpusError:
            continue
        if not rows:
            continue
        count, (first, *_) = len(rows), [*_WORD.findall(rows[0]), ""]
        numbers = {_last_number(word) for row in rows if (word := next(iter(_WORD.findall(row)), ""))}
        if len(last) > 1 and numbers >= last.keys() and (path := last.get(_last_number(first))):
            return (
                f"; the names in {name} are not those of the files, but end in the same numbers: if {first!r} is what "
                f"{path!r} says, write a line NAME|text for each file with its own name"
            )
        if count == len(tree.audio) > 1:
            return (
                f"; {name} has a line for each of the {count:,} audio files, but which is whose is not written: put "
                "the name of its file before each line (NAME|text)"
            )
    return f"; ttsprep inspect {root / aside[0]} shows what its columns hold"
