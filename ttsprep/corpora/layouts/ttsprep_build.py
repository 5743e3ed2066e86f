"""The output of ``ttsprep build``: ``build.json`` and ``clips.parquet``, with speakers and languages."""

from collections.abc import Iterator
from pathlib import Path

from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip, Finding
from ttsprep.corpora.layouts.base import Layout
from ttsprep.corpora.metadata import checked

DOCUMENT = "build.json"
"""File that a finished build has."""
_TABLE = "clips.parquet"
_COLUMNS = ("id", "path", "normalised", "speaker", "language")


class Build(Layout):
    """The text is the normalised one, as it is read aloud; the audio in ``exports`` is that of the build again.

    Such a folder has the ``metadata.csv`` of LJSpeech as well, which knows no speakers.
    """

    name = "build"
    summary = f"{DOCUMENT} with {_TABLE}: what ttsprep build wrote"
    certain = True
    left_out = "exports/*"

    @staticmethod
    def recognise(root: Path) -> str:
        """See `Layout.recognise`."""
        return f"{DOCUMENT} with {_TABLE}" if (root / DOCUMENT).exists() and (root / _TABLE).exists() else ""

    @staticmethod
    def read(root: Path) -> Iterator[Clip | Finding]:
        """See `Layout.read`."""
        from ttsprep.core.tables import read_table

        if not Build.recognise(root):
            raise CorpusError(f"{root} is no finished build: it has no {DOCUMENT} with {_TABLE}")
        table = read_table(root / _TABLE)
        if table is None or not set(_COLUMNS) <= set(table.column_names):
            raise CorpusError(
                f"{root / _TABLE} is damaged, or of another version of ttsprep: give the command of the build again"
            )
        line = 0
        for batch in table.select(_COLUMNS).to_batches(max_chunksize=10_000):
            for row in batch.to_pylist():
                line += 1
                cells = {name: value or "" for name, value in row.items()}
                clip = Clip(cells["id"], cells["path"], cells["normalised"], cells["speaker"], cells["language"])
                yield from checked(_TABLE, line, clip)
