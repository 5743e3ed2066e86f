"""Files that a plain folder leaves aside although they may hold its texts: named, with what would read them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Finding
from ttsprep.core.untrusted import open_regular
from ttsprep.corpora.audio_files import stem
from ttsprep.corpora.encoding import sniff
from ttsprep.corpora.metadata import lines
from ttsprep.corpora.reading import Tree

_NAMES, _FILES, _BYTES = 200, 64, 1 << 18
"""Audio files that are looked for by name, files that are looked into, and bytes of each."""
_TELLING = 4
"""Letters and digits of a name, digits alone left out, that no text has by chance."""
_DOCUMENTS = (".docx", ".doc", ".odt", ".rtf", ".pdf", ".ods", ".xls", ".pages", ".numbers", ".db", ".sqlite")
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
    named = {path: count for path in (*tables, *others)[:_FILES] if (count := _names_in(root / path, tree.audio))}
    looked_for = min(len(tree.audio), _NAMES)
    for path, count in sorted(named.items(), key=lambda item: -item[1]):
        of_all = f"{count:,} of the {looked_for:,} audio files{' that were looked for' if tree.audio[_NAMES:] else ''}"
        yield f"{path} has the names of {of_all}, but no reader takes it: save it as CSV, or as lines NAME|text"
    for path in others:
        if path.lower().endswith(_DOCUMENTS):
            yield f"{path} may hold texts, but no reader takes {Path(path).suffix}: save its table as CSV"
    if unnamed := [path for path in tables if path not in named]:
        names = f"{', '.join(unnamed[:3])}{f' and {len(unnamed) - 3} more' if unnamed[3:] else ''}"
        yield f"left aside, as it names no audio and texts: {names}{_in_order(root, unnamed, tree)}"


def _names_in(path: Path, audio: Sequence[str]) -> int:
    """Return how many audio files a text names beside words of its own; 0 for fewer than half of those looked for."""
    try:
        with open_regular(path) as file:
            data = file.read(_BYTES)
    except OSError:
        return 0
    encoding, mark = sniff(data)
    text = data[mark:].decode(encoding, "replace") if encoding else ""
    names = [name.rpartition("/")[2] for name in audio[:_NAMES]]
    hits = [name for name in names if name in text or (_is_telling(stem(name)) and stem(name) in text)]
    words = sum(map(str.isalpha, text)) > 2 * sum(map(len, hits))
    return len(hits) if words and 2 * len(hits) >= len(names) and len(hits) > 1 else 0


def _is_telling(name: str) -> bool:
    return len(name) >= _TELLING and not name.isdigit()


def _in_order(root: Path, aside: Sequence[str], tree: Tree) -> str:
    """Say what to do where a file has as many lines as there are recordings, and names none of them."""
    for name in aside[:3]:
        try:
            count = sum(not isinstance(item, Finding) for item in lines(root / name))
        except CorpusError:
            continue
        if count == len(tree.audio) > 1:
            return (
                f"; {name} has a line for each of the {count:,} audio files, but which is whose is not written: put "
                "the name of its file before each line (NAME|text)"
            )
    return f"; ttsprep inspect {root / aside[0]} shows what its columns hold"
