"""Common Voice: ``validated.tsv`` (or the splits) with ``path`` and ``sentence``, audio in ``clips/``."""

from collections.abc import Iterator
from pathlib import Path

from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip, Finding
from ttsprep.corpora.audio_files import is_audio, stem
from ttsprep.corpora.layouts.base import Layout
from ttsprep.corpora.metadata import TableRow, checked, split_rows
from ttsprep.corpora.paths import corpus_folder
from ttsprep.corpora.tables.columns import Columns
from ttsprep.corpora.tables.names import LANGUAGE_NAMES, SPEAKER, name_of_column
from ttsprep.corpora.tables.read import wrong_count

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
        tables = [p for p in _tables(root) if _columns(p) is not None]
        return f"{', '.join(p.name for p in tables)} with path and sentence" if tables else ""

    @staticmethod
    def read(root: Path) -> Iterator[Clip | Finding]:
        """See `Layout.read`."""
        tables = _tables(root)
        if not tables:
            raise CorpusError(f"{root} is no Common Voice corpus: it has no {_ALL}, {', '.join(_SPLITS)}")
        clips = "clips/" if (corpus_folder(root) / "clips").is_dir() else ""
        for path in tables:
            columns = _columns(path)
            if columns is None:
                raise CorpusError(f"{path} has no title line with path and sentence, as Common Voice has")
            yield from _read_table(path, columns, clips)


def _read_table(path: Path, columns: Columns, clips: str) -> Iterator[Clip | Finding]:
    is_title = True
    for row in split_rows(path, "\t"):
        if isinstance(row, Finding):
            yield row
            continue
        if is_title:
            is_title = False
            continue
        cells = row.cells
        problem = wrong_count(cells, columns.count, "the title line has")
        name = columns.pick(cells, columns.path)
        if name and not is_audio(name):
            name += ".mp3"  # the first releases name clips without it
        clip = Clip(
            stem(name),
            f"{clips}{name}" if name else "",
            _unquoted(columns.pick(cells, columns.text)),
            columns.pick(cells, columns.speaker),
            columns.pick(cells, columns.language),
        )
        yield from checked(path.name, row.line, clip, problem)


def _unquoted(text: str) -> str:
    """Return a sentence without the CSV quotes that some releases have around those with quotes in them."""
    inner = text[1:-1]
    if text.startswith('"') and text.endswith('"') and len(text) > 1 and '"' not in inner.replace('""', ""):
        return inner.replace('""', '"') if '""' in inner or not inner else text
    return text


def _tables(root: Path) -> list[Path]:
    if not root.is_dir():
        return [root]
    if (root / _ALL).exists():
        return [root / _ALL]
    return [root / n for n in _SPLITS if (root / n).exists()]


def _columns(path: Path) -> Columns | None:
    first = next((r for r in split_rows(path, "\t") if isinstance(r, TableRow)), None)
    title = first.cells if first is not None else []
    path_at, text_at = name_of_column(title, ("path",)), name_of_column(title, ("sentence",))
    if path_at is None or text_at is None:
        return None
    return Columns(
        len(title), True, path_at, text_at, name_of_column(title, SPEAKER), name_of_column(title, LANGUAGE_NAMES)
    )
