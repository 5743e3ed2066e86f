"""What is done to the items of a corpus, and how a worker does it: an item in, a row out, known rows left out."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import pyarrow as pa

from ttsprep.core.errors import AudioError
from ttsprep.core.files import digest, inside, regular, signature
from ttsprep.core.store.cache import KEY, KeySet
from ttsprep.core.workers.pool import Limits

Item = TypeVar("Item")
Row = dict[str, Any]
StepResults = Iterator[tuple[int, list[Row]]]

KNOWN = "known"
"""In a row that a worker did not make, as its key is known."""


def make_key(*parts: str) -> str:
    """Return the key of a row, from all that it depends on."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


class Step(Generic[Item]):
    """What is done to every item of a corpus, each with a file: an item in, a row out.

    Is pickled and sent to the workers. A subclass says what it depends on in `key`, so that nothing is done twice.

    Attributes
    ----------
    name
        Of its journal and its rows in the cache.
    stage
        What a person is told that is being done.
    root
        Folder of the files.
    schema
        Of the rows; has the column `KEY`. What a row does not have is null.
    batch, shard
        Items that `rows` takes at once, and that a worker is given at a time.
    limits
        Of a worker.
    shared
        Whether rows are kept in the user's cache as well: they must depend on their key alone, and be small.
    makes_file
        Whether `path` is written by `rows`, with its digest as ``sha256``, and not read: the row is known while that
        file is as it was written. The key then depends on no digest.
    passing
        Columns that only a run has that makes the row: neither the table nor the cache keeps them, and they are null
        in rows that were known.
    table
        File in the folder of the store with the rows of the last run; "" if the caller holds them in another form.
    saves
        Whether the store writes that table, and not the caller.
    """

    name: str
    stage: str
    root: str
    schema: pa.Schema
    batch: int = 1
    shard: int = 64
    limits: Limits = Limits()
    shared: bool = False
    makes_file: ClassVar[bool] = False
    passing: frozenset[str] = frozenset()
    table: str
    saves: ClassVar[bool] = True

    @property
    def kept_schema(self) -> pa.Schema:
        """Return the schema of the rows without the columns that are `passing`."""
        return pa.schema([column for column in self.schema if column.name not in self.passing])

    def path(self, item: Item) -> str:
        """Return the file of an item, relative to `root`."""
        raise NotImplementedError

    def key(self, item: Item, sha256: str) -> str:
        """Return what stands for all that the row depends on; `sha256` is that of the file."""
        raise NotImplementedError

    def order(self, item: Item) -> float:
        """Return what new items are sorted by; they keep the order of the corpus where it is the same."""
        del item
        return 0.0

    def load(self, item: Item) -> Item:
        """Return an item with what is too large to be held of all; called in the parent, for new items in order."""
        return item

    def setup(self) -> None:
        """Load what the rows need; called once, in the process that the workers are forked from."""

    def setup_batch(self, items: Sequence[Item]) -> None:
        """Do in a worker what is cheaper for a whole shard."""

    def rows(self, batch: Sequence[Item]) -> list[Row]:
        """Return the rows of a batch; one with an empty `KEY` is not remembered, so that the next run tries again."""
        raise NotImplementedError

    def failed(self, item: Item, reason: str) -> Row:
        """Return the row of an item that failed or killed its workers; it is not remembered."""
        raise NotImplementedError

    def complete(self, results: StepResults) -> StepResults:
        """Do in the parent what workers cannot, such as what takes a GPU."""
        return results

    def seconds(self, item: Item, row: Row) -> float:
        """Return the seconds of audio that a new row stands for."""
        del item, row
        return 0.0


@dataclass(frozen=True, slots=True)
class Task(Generic[Item]):
    """An item as it is sent to a worker; with its key and the digest of its file where the step makes that."""

    item: Item
    key: str = ""
    sha256: str = ""


@dataclass
class StepWork(Generic[Item]):
    """A step as workers do it: what is known is not done again."""

    step: Step[Item]
    known: KeySet

    @property
    def batch(self) -> int:
        """Return how many items `rows` takes."""
        return self.step.batch

    def setup(self) -> None:
        """Set the step up."""
        self.step.setup()

    def setup_batch(self, tasks: Sequence[Task[Item]]) -> None:
        """Set the step up for a shard."""
        self.step.setup_batch([task.item for task in tasks])

    def rows(self, tasks: Sequence[Task[Item]]) -> list[Row]:
        """Return the rows of a batch, with key, digest and signature; with `KNOWN` instead of content if known."""
        rows = [self._written(task) if self.step.makes_file else self._read(task.item) for task in tasks]
        new = [place for place, row in enumerate(rows) if KNOWN not in row]
        if new:
            for place, made in zip(new, self.step.rows([tasks[place].item for place in new]), strict=True):
                rows[place] |= made
                if self.step.makes_file and rows[place][KEY]:
                    rows[place] |= signature(regular(self._place(tasks[place].item)))._asdict()
        return rows

    def failed(self, task: Task[Item], reason: str) -> Row:
        """Return the row of an item that failed."""
        return self.step.failed(task.item, reason) | {KEY: ""}

    def _place(self, item: Item) -> Path:
        return Path(self.step.root, self.step.path(item))

    def _read(self, item: Item) -> Row:
        """Return key, digest and signature of the file that an item is read from; no key if it cannot be read."""
        row: Row = {KEY: "", "sha256": ""}
        try:
            path = inside(Path(self.step.root), self.step.path(item))
            row |= signature(regular(path))._asdict()
            row["sha256"] = digest(path)
        except AudioError:
            return row  # the step meets the same, and says so in its row
        row[KEY] = self.step.key(item, row["sha256"])
        return row | {KNOWN: True} if row[KEY] in self.known else row

    def _written(self, task: Task[Item]) -> Row:
        """Return the key of an item, and its signature where its file is as an earlier run wrote it."""
        row: Row = {KEY: task.key}
        path = self._place(task.item)
        try:
            if task.sha256 and not path.is_symlink() and digest(path) == task.sha256:
                return row | {KNOWN: True, "sha256": task.sha256} | signature(regular(path))._asdict()
        except AudioError:
            return row
        return row
