"""Common Voice: ``validated.tsv`` (or the splits) with ``path`` and ``sentence``, audio in ``clips/``."""

from collections.abc import Iterator
from pathlib import Path

from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip, Finding
from ttsprep.corpora.audio_files import is_audio
from ttsprep.corpora.columns import Order, from_header, wrong_count
from ttsprep.corpora.layouts.base import Layout
from ttsprep.corpora.metadata import Row, checked, split_rows
from ttsprep.corpora.paths import corpus_folder, stem

_ALL = "validated.tsv"
_SPLITS = ("train.tsv", "dev.tsv", "test.tsv")


class CommonVoice(Layout):
    """``validated.tsv`` is read; without it the splits are. Clips that were voted down are left out."""

    name = "commonvoice"
    summary = "validated.tsv (or train.tsv, dev.tsv, test.tsv) with path and sentence, and clips/"
    left_out = "clips/*"

    @staticmethod
    def recognise(root: Path) -> str:
        """See `Layout.recognise`."""
        found = [p for p in _tables(root) if _order(p) is not None]
        return f"{', '.join(p.name for p in found)} with path and sentence" if found else ""

    @staticmethod
    def read(root: Path) -> Iterator[Clip | Finding]:
        """See `Layout.read`."""
        found = _tables(root)
        if not found:
            raise CorpusError(f"{root} is no Common Voice corpus: it has no {_ALL}, {', '.join(_SPLITS)}")
        clips = "clips/" if (corpus_folder(root) / "clips").is_dir() else ""
        for path in found:
            order = _order(path)
            if order is None:
                raise CorpusError(f"{path} has no header with path and sentence, as Common Voice has")
            yield from _read_table(path, order, clips)


def _read_table(path: Path, order: Order, clips: str) -> Iterator[Clip | Finding]:
    is_header = True
    for row in split_rows(path, "\t"):
        if isinstance(row, Finding):
            yield row
            continue
        if is_header:
            is_header = False
            continue
        cells = row.cells
        problem = wrong_count(cells, order.columns, "the header has")
        name = order.pick(cells, order.path)
        if name and not is_audio(name):
            name += ".mp3"  # the first releases name clips without it
        clip = Clip(
            stem(name),
            f"{clips}{name}" if name else "",
            order.pick(cells, order.text),
            order.pick(cells, order.speaker),
            order.pick(cells, order.language),
        )
        yield from checked(path.name, row.line, clip, problem)


def _tables(root: Path) -> list[Path]:
    if not root.is_dir():
        return [root]
    if (root / _ALL).exists():
        return [root / _ALL]
    return [root / n for n in _SPLITS if (root / n).exists()]


def _order(path: Path) -> Order | None:
    first = next((r for r in split_rows(path, "\t") if isinstance(r, Row)), None)
    header = first.cells if first is not None else []
    return from_header(header) if {"path", "sentence"} <= set(header) else None
