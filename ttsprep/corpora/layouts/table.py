"""Tables: any list of audio and texts, in the folder or below it, whatever its delimiter, quotes and columns."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip, Finding, Severity
from ttsprep.corpora.layouts.base import Layout
from ttsprep.corpora.reading import Reading
from ttsprep.corpora.tables.columns import Columns
from ttsprep.corpora.tables.match import AudioIndex
from ttsprep.corpora.tables.read import NAMED, Table, decide, is_candidate, open_table, table_clips
from ttsprep.corpora.tables.records import MARKDOWN

EXTENSIONS = (
    *(".csv", ".tsv", ".psv", ".txt", ".list", ".lst", ".json", ".jsonl", ".ndjson", ".data", ".xlsx"),
    ".transcription",
    *MARKDOWN,
    *(".csv.gz", ".tsv.gz", ".jsonl.gz", ".txt.gz"),
)
"""Of files that may be tables."""
TABULAR = (
    *("ljspeech", "filelist", "audiofolder", "nemo", "transcript", "manifest", "csv", "tsv", "jsonl", "metadata"),
    *("vits", "piper", "coqui", "styletts2", "gpt-sovits", "f5-tts", "m-ailabs", "css10", "mls", "aishell3", "baker"),
    *("jsut", "kss", "thorsten", "arctic", "deepspeech"),
)
"""What people call corpora that are tables."""
_BARE = ("prompts", "transcripts", "transcript", "metadata", "text")
"""Names of tables that have no extension."""
_MOST = 64
"""Files of a folder that are looked into; a folder with more has its texts one to a file."""
_TABLES = 4096
"""Files that are looked into, in all."""


class Tables(Layout):
    """Every table in the folder or below it is read, by name; what it names is looked for beside it, then everywhere.

    The columns are found by what they hold. A table that cannot be read for certain is refused, not guessed.
    """

    name = "table"
    summary = "a table of audio and texts (metadata.csv, transcripts.txt, *.list, *.jsonl ...), in any order of columns"

    def __init__(self, reading: Reading | None = None) -> None:
        super().__init__(reading)
        self._read: list[tuple[Table, Columns]] | None = None
        self._indexes: dict[Path, AudioIndex] = {}
        self._aside: list[str] = []
        self._damaged: list[str] = []

    def recognise(self, root: Path) -> str:
        """See `Layout.recognise`."""
        tables = self._tables(root)
        names = [table.name for table, _ in tables]
        return f"{', '.join(names[:3])}{f' and {len(names) - 3} more' if names[3:] else ''}" if names else ""

    def read(self, root: Path) -> Iterator[Clip | Finding]:
        """See `Layout.read`."""
        tables = self._tables(root)
        if not tables:
            raise CorpusError(f"{root} holds no table of audio and texts: no file in it names its audio files")
        index = self._index(root)
        folders = {table.folder for table, _ in tables}
        seen: dict[str, tuple[str, str]] = {}
        repeated: dict[str, int] = defaultdict(int)
        for message in self._damaged:
            yield Finding("", "metadata-malformed", Severity.ERROR, message)
        for table, columns in tables:
            self.decided += filter(None, (columns.why, table.left_out))
            for item in table_clips(table, columns, index, prefix=len(folders) > 1):
                if isinstance(item, Clip) and len(tables) > 1:
                    where, text = seen.setdefault(f"{item.path}\0{item.start}", (table.name, item.text))
                    if where != table.name and text == item.text:
                        repeated[f"{table.name}\0{where}"] += 1
                        continue
                yield item
            table.rows = []
        for pair, count in repeated.items():
            name, where = pair.split("\0")
            self.decided.append(f"{name}: {count:,} of its lines are in {where} as well, and are read once")
        if self._aside:
            self.decided.append(f"left aside: {', '.join(self._aside[:5])}{' ...' if self._aside[5:] else ''}")

    def _index(self, root: Path) -> AudioIndex:
        folder = self.reading.folder_of_audio(root)
        if folder not in self._indexes:
            self._indexes[folder] = AudioIndex(folder, self.reading.tree(folder).audio)
        return self._indexes[folder]

    def _tables(self, root: Path) -> list[tuple[Table, Columns]]:
        if self._read is None:
            self._read = self._one(root) if not root.is_dir() else self._many(root)
        return self._read

    def _one(self, path: Path) -> list[tuple[Table, Columns]]:
        index = self._index(path)
        table = open_table(path, path.name, "", index)
        if table is None or not (self.reading.columns or is_candidate(table, index)):
            return []
        return [(table, decide(table, index, self.reading.columns, self.reading.language))]

    def _many(self, root: Path) -> list[tuple[Table, Columns]]:
        index, tree = self._index(root), self.reading.tree(root)
        beside = self.reading.audio_root is None
        tables: list[tuple[Table, Columns]] = []
        refused: list[tuple[str, CorpusError]] = []
        for name in sorted(candidates(tree.others, tree.audio), key=_is_page):
            if _is_page(name) and tables:  # it tells of the tables
                break
            folder = name.rpartition("/")[0] + "/" if "/" in name and beside else ""
            try:
                table = open_table(root / name, name, folder, index)
                if table is None or not is_candidate(table, index):
                    self._aside += [] if _is_page(name) else [name]
                    continue
                tables.append((table, decide(table, index, self.reading.columns, self.reading.language)))
            except CorpusError as error:
                refused.append((name, error))
        tables = _with_texts(tables)
        if refused and (not tables or any("/" not in name and name.startswith("metadata.") for name, _ in refused)):
            raise refused[0][1]
        self._aside += [name for name, _ in refused]
        self._damaged = [str(error) for name, error in refused if Path(name).name.lower().split(".")[0] in NAMED]
        _refuse_contradictions(root, tables, index)
        return tables


def _is_page(name: str) -> bool:
    return name.lower().endswith(MARKDOWN)


def candidates(others: Sequence[str], audio: Sequence[str]) -> list[str]:
    """Return the files that may be tables: not those that have the name of an audio file, and few in a folder."""
    stems = {path[path.rfind("/") + 1 : path.rfind(".")] for path in audio}
    folders: dict[str, list[str]] = defaultdict(list)
    for path in others:
        folder, _, name = path.rpartition("/")
        if (name.lower().endswith(EXTENSIONS) or name.lower() in _BARE) and not _belongs(name, stems):
            folders[folder].append(path)
    return [path for paths in folders.values() if len(paths) <= _MOST for path in paths][:_TABLES]


def _belongs(name: str, stems: set[str]) -> bool:
    """Whether a file is called as one of the audio files is: ``a.normalized.txt`` belongs to ``a.wav``."""
    at = name.rfind(".")
    while at >= 0 and name[:at] not in stems:
        at = name.rfind(".", 0, at)
    return at >= 0


def _with_texts(tables: list[tuple[Table, Columns]]) -> list[tuple[Table, Columns]]:
    """Leave out lists of names alone where other tables have the texts."""
    texts = [(table, columns) for table, columns in tables if columns.text is not None]
    return texts or tables


def _refuse_contradictions(root: Path, tables: Sequence[tuple[Table, Columns]], index: AudioIndex) -> None:
    """Refuse tables that give most of their common clips other texts: nobody knows which to read."""
    texts: dict[str, tuple[str, str]] = {}
    for table, columns in tables:
        if len(tables) < 2 or columns.start is not None:
            return
        sample = table.sample(index)
        same = other = 0
        against = ""
        for row in sample.rows:
            cell = columns.pick(row, columns.path)
            path = index.exact(cell, table.folder) or f"{table.folder}{cell}"
            own = columns.pick(row, columns.text)
            where, text = texts.setdefault(path, (table.name, own))
            if where != table.name:
                same, other, against = same + (text == own), other + (text != own), where
        if other > same:
            raise CorpusError(
                f"{root / against} and {root / table.name} give the same clips different texts; give the one to be read"
            )
