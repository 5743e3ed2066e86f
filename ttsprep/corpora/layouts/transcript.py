"""One table of ``id<TAB>text`` beside the audio: the World English Bible, OpenSLR 63 to 80, and others."""

from collections.abc import Iterator
from pathlib import Path

from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip, Finding
from ttsprep.corpora.columns import wrong_count
from ttsprep.corpora.layouts.base import Layout
from ttsprep.corpora.metadata import Row, checked, sampled, split_rows
from ttsprep.corpora.paths import Lookup, corpus_folder, stem

_NAMES = ("transcript.txt", "transcripts.txt", "transcript.tsv", "transcripts.tsv", "line_index.tsv")


class Transcript(Layout):
    """The id is the name of the audio without its extension, beside the table or in ``wavs/``."""

    name = "transcript"
    summary = f"{', '.join(_NAMES[:-1])} or {_NAMES[-1]} with id<TAB>text, and ID.wav or wavs/ID.wav"

    @staticmethod
    def recognise(root: Path) -> str:
        """See `Layout.recognise`."""
        path = _table(root)
        if path is None:
            return ""
        rows = [r for r in sampled(split_rows(path, "\t"), 20)[0] if isinstance(r, Row)]
        lookup = _lookup(root)
        there = [r for r in rows if len(r.cells) == 2 and r.cells[0] == stem(r.cells[0]) and lookup.find(r.cells[0])]
        return f"{path.name} has lines of id, tab, text" if len(there) > len(rows) / 2 else ""

    @staticmethod
    def read(root: Path) -> Iterator[Clip | Finding]:
        """See `Layout.read`."""
        path = _table(root)
        if path is None:
            raise CorpusError(f"{root} is no transcript corpus: it has no {' or '.join(_NAMES)}")
        lookup = _lookup(root)
        for row in split_rows(path, "\t"):
            if isinstance(row, Finding):
                yield row
                continue
            name, text = row.cells[0], "\t".join(row.cells[1:])
            clip = Clip(stem(name), lookup.path(name) if name else "", text)
            yield from checked(path.name, row.line, clip, wrong_count(row.cells, 2, "id<TAB>text has"))


def _table(root: Path) -> Path | None:
    if not root.is_dir():
        return root if root.name in _NAMES else None
    return next((root / name for name in _NAMES if (root / name).exists()), None)


def _lookup(root: Path) -> Lookup:
    return Lookup(corpus_folder(root), ("wavs", "wav", "audio", ""))
