"""Filelists: ``path|text`` and its kin, as VITS, Piper, StyleTTS2, GPT-SoVITS and F5-TTS take them."""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip, Finding
from ttsprep.corpora.audio_files import is_audio
from ttsprep.corpora.columns import Order, filelist_order, from_header, paths_first, wrong_count
from ttsprep.corpora.layouts.base import Layout
from ttsprep.corpora.layouts.ljspeech import LJSpeech
from ttsprep.corpora.metadata import Row, checked, sampled, split_rows
from ttsprep.corpora.paths import Lookup, Relative, corpus_folder, file_names, stem

_EXTENSIONS = (".txt", ".list", ".lst", ".csv", ".tsv")
_MOST = 64
"""Files of a folder that are looked into; a folder with more has its texts one to a file."""


class Filelist(Layout):
    """Every list in the folder is read, by name; paths are relative to the folder.

    Of three columns the one that holds labels is the speaker, so that both ``path|speaker|text``
    (VITS, Piper) and ``path|text|speaker`` (StyleTTS2) are read; a header may also name the columns.
    """

    name = "filelist"
    summary = "*.txt, *.list or *.csv with path|text, path|speaker|text or path|speaker|language|text"

    @staticmethod
    def recognise(root: Path) -> str:
        """See `Layout.recognise`."""
        found = _lists(root)
        if not found:
            return ""
        return f"{', '.join(f.name for f in found[:3])}{' ...' if found[3:] else ''}: audio|text lines"

    @staticmethod
    def read(root: Path) -> Iterator[Clip | Finding]:
        """See `Layout.read`."""
        found = [root] if not root.is_dir() else _lists(root)
        if not found:
            raise CorpusError(f"{root} is no filelist corpus: no file in it has lines such as wavs/a.wav|text")
        folder = corpus_folder(root)
        relative, lookup = Relative(folder), Lookup(folder, ("", "wavs", "wav"))
        for path in found:
            yield from _read_list(path, relative, lookup)


def _read_list(path: Path, relative: Relative, lookup: Lookup) -> Iterator[Clip | Finding]:
    separator = _separator(path)
    first, rows = sampled(split_rows(path, separator))
    sample = [r.cells for r in first if isinstance(r, Row)]
    header = from_header(sample[0]) if sample else None
    order = header or filelist_order(sample, str(path))
    for row in rows:
        if isinstance(row, Finding):
            yield row
        elif header is None or row.line > 1:
            problem = wrong_count(row.cells, order.columns, "most lines have")
            yield from checked(path.name, row.line, _clip(row.cells, order, separator, relative, lookup), problem)


def _clip(cells: list[str], order: Order, separator: str, relative: Relative, lookup: Lookup) -> Clip:
    name = order.pick(cells, order.path)
    path = relative(name)
    if "/" not in path and path:  # StyleTTS2 gives bare names and keeps the folder in its settings
        path = lookup.find(path) or path
    text = order.pick(cells, order.text)
    if len(cells) != order.columns:  # which cell is which cannot be told: nothing is dropped
        return Clip(stem(path), path, separator.join(cells[1:]))
    return Clip(stem(path), path, text, order.pick(cells, order.speaker), order.pick(cells, order.language))


def _separator(path: Path) -> str:
    """Return the bar, or the tab where one comes before the first bar."""
    first = next((r for r in split_rows(path, "|") if isinstance(r, Row)), None)
    return "\t" if first is not None and "\t" in first.cells[0] else "|"


def _lists(root: Path) -> list[Path]:
    if not root.is_dir():
        return [root] if _is_list(root) and not LJSpeech.recognise(root) else []
    names = file_names(root)
    stems = {stem(n) for n in names if is_audio(n)}
    texts = (n for n in names if n.lower().endswith(_EXTENSIONS) and n.rpartition(".")[0] not in stems)
    taken = {"metadata.csv", "metadata.txt"} if LJSpeech.recognise(root) else set()
    return [root / n for n in islice(texts, _MOST) if n not in taken and _is_list(root / n)]


def _is_list(path: Path) -> bool:
    try:
        rows = sampled(split_rows(path, _separator(path)), 50)[0]
    except CorpusError:
        return False
    cells = [r.cells for r in rows if isinstance(r, Row)]
    # A table of durations, such as Common Voice has, is no list of texts.
    return paths_first(cells) and not all(len(r) == 2 and re.fullmatch(r"[\d.]+", r[1]) for r in cells[1:] or cells)
