"""Maps a step over the items of a corpus, and remembers its rows: the one journal, cache, retry and order.

A row is known by its key, which stands for all that it depends on. A known row is looked for in the table of the last
run, in the journals of runs that were killed, and in the user's cache; the rest is done by workers. A worker digests
the file of an item before it does anything with it, as only then the key of a file that may have changed is known.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Generic

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ttsprep.core.errors import OutputError
from ttsprep.core.files import Signature, writing
from ttsprep.core.progress import NO_PROGRESS, Progress
from ttsprep.core.store.cache import KEY, FileIndex, KeySet, RowCache, save_shared, shared_index
from ttsprep.core.store.step import KNOWN, Item, Row, Step, StepWork, Task
from ttsprep.core.tables import Journal, read_table, to_batch, write_table
from ttsprep.core.workers.pool import map_shards

_UNKNOWN, _HELD = -1, -2  # in place of the number of a row: there is none yet, and the caller has it
LOCAL = ".cache.parquet"
"""Digests of the files of an output folder and its corpus, as they are on this machine."""


@dataclass
class Rows:
    """The rows of a step, in the order of its items.

    Attributes
    ----------
    schema
        Of the rows.
    batches
        The rows, in no order; those of this run lie on disk.
    places
        For each item the number of its row among them; negative where the caller holds it.
    keys
        Of each item; "" where its row is not remembered.
    is_new
        Whether the row of each item was made in this run; the others were known.
    """

    schema: pa.Schema
    batches: list[pa.RecordBatch]
    places: npt.NDArray[np.int64]
    keys: list[str]
    is_new: npt.NDArray[np.bool_]
    _starts: list[int] = field(default_factory=list, repr=False)

    @property
    def new(self) -> int:
        """Number of rows that were made in this run."""
        return int(self.is_new.sum())

    def table(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Return the rows as a table with a row for each item, of all columns or some."""
        table = pa.Table.from_batches(self.batches, self.schema).select(columns or self.schema.names)
        return table.take(pa.array(self.places)).combine_chunks()

    def value(self, item: int, column: str) -> Any:
        """Return what one column has of an item; None where it is null."""
        batch, number = self.batch_of(int(self.places[item]))
        return batch.column(column)[number].as_py()

    def batch_of(self, place: int) -> tuple[pa.RecordBatch, int]:
        """Return the batch that holds a row, and its number there."""
        if not self._starts:
            self._starts = np.cumsum([0, *(batch.num_rows for batch in self.batches)]).tolist()
        number = bisect_right(self._starts, place) - 1
        return self.batches[number], place - self._starts[number]


class Store:
    """The rows of the steps of one run, in one output folder.

    Parameters
    ----------
    out
        The folder, made if missing; held by this run alone (see `ttsprep.core.files.lock`).

    Raises
    ------
    OutputError
        If it cannot be made.
    """

    def __init__(self, out: Path) -> None:
        with writing(out):
            out.mkdir(parents=True, exist_ok=True)
        self._out = self.folder = out
        self._journals: list[Journal] = []

    def map(
        self,
        step: Step[Item],
        items: Sequence[Item],
        workers: int,
        progress: Progress = NO_PROGRESS,
        *,
        held: Collection[str] = (),
    ) -> Rows:
        """Return a row for each item; only those that are not known are made.

        Parameters
        ----------
        step
            What is done.
        items
            To what; a row is made once for items of the same key.
        workers
            Worker processes.
        progress
            Receives the stage, the clips, and a line where the user's cache cannot be written.
        held
            Keys of rows that the caller has.

        Raises
        ------
        TtsprepError
            If the workers cannot start, the folder cannot be written, or the step raises one that is about the whole
            run.
        """
        run = _Run(self._out, step, items, held)
        self._journals.append(run.journal)
        return run.map(workers, progress)

    def take(self, step: Step[Item], rows: Rows, held: Iterable[Row]) -> Rows:
        """Return `rows` with those that the caller held, which lie in the journal from now on."""
        journal = Journal(self._out / ".journal" / step.name, step.schema)
        with closing(journal):
            source = iter(held)
            while batch := list(islice(source, step.shard)):
                journal.append(to_batch(batch, step.schema))
        taken = list(journal.written())
        keys = [key for batch in taken for key in batch.column(KEY).to_pylist()]
        first = sum(batch.num_rows for batch in rows.batches)
        numbers = {key: first + number for number, key in enumerate(keys)}
        places = [
            numbers[key] if place == _HELD else place
            for key, place in zip(rows.keys, rows.places.tolist(), strict=True)
        ]
        return Rows(rows.schema, [*rows.batches, *taken], np.array(places, np.int64), rows.keys, rows.is_new)

    def finish(self) -> None:
        """Remove the journals, once their rows are in the tables of the caller."""
        for journal in self._journals:
            journal.discard()


class _Run(Generic[Item]):
    """One step over all items."""

    def __init__(self, out: Path, step: Step[Item], items: Sequence[Item], held: Collection[str]) -> None:
        self._out, self._step, self._items, self._held = out, step, items, held
        self.journal = Journal(out / ".journal" / step.name, step.schema)
        self._shared = None if step.makes_file else shared_index(step.root)
        self._index = FileIndex(step.root, filter(None, (out / LOCAL, self._shared)))
        self._batches: list[pa.RecordBatch | None] = []  # None: made by this run, on disk until it ends
        self._by_key: dict[str, int] = {}
        self._sha256: dict[str, str] = {}  # of the files that a step made, by key
        self._count = 0  # rows in the batches
        self._is_new = np.zeros(len(items), np.bool_)
        self._keys = [""] * len(items)
        self._places = np.full(len(items), _UNKNOWN, np.int64)
        self._cache: RowCache | None = None

    def map(self, workers: int, progress: Progress) -> Rows:
        earlier = self._earlier()
        for batch in earlier.to_batches() if earlier else ():
            self._add(batch)
        killed = list(self.journal.read())
        for batch in killed:
            self._add(batch)
        todo = self._look_up()
        known = KeySet.of(self._by_key) | KeySet.of(self._held)
        if todo and self._step.shared:
            self._cache = RowCache(self._step.name, self._step.kept_schema)
            known |= self._cache.keys()
            todo = self._fetch(todo)
        once = self._once(todo)
        progress.start(self._step.stage, len(self._items), len(once))
        with closing(self.journal):
            if once:
                self._work(once, known, workers, progress)
            while todo := self._fetch(todo):  # the cache has lost a row meanwhile; its item is counted already
                self._work(self._once(todo), KeySet(), workers, NO_PROGRESS)
        made = list(self.journal.written())
        rest = iter(made)
        batches = [next(rest) if batch is None else batch for batch in self._batches]
        rows = Rows(self._step.schema, batches, self._places, self._keys, self._is_new)
        if self._step.table and self._step.saves:
            self._save(rows, earlier)
        self._index.save(self._out / LOCAL)
        self._share([*killed, *made], progress)
        return rows

    def _earlier(self) -> pa.Table | None:
        """Return the rows of the last run that finished, if they have the columns of this one."""
        schema = self._step.kept_schema
        table = read_table(self._out / self._step.table) if self._step.table else None
        if table is None or not set(schema.names) <= set(table.column_names):
            return None
        table = table.select(schema.names).replace_schema_metadata(None).combine_chunks()
        return table if table.schema.equals(schema) else None

    def _add(self, batch: pa.RecordBatch) -> None:
        for name in self._step.passing.difference(batch.schema.names):
            field = self._step.schema.field(name)
            batch = batch.append_column(field, pa.nulls(batch.num_rows, field.type))
        self._batches.append(batch.select(self._step.schema.names) if self._step.passing else batch)
        keys = batch.column(KEY).to_pylist()
        self._number(keys)
        if self._step.makes_file:
            self._sha256 |= zip(keys, batch.column("sha256").to_pylist(), strict=True)

    def _number(self, keys: Iterable[str]) -> None:
        """Give the rows of a batch their numbers."""
        for key in keys:
            if key:
                self._by_key[key] = self._count
            self._count += 1

    def _look_up(self) -> list[int]:
        """Find the rows of items whose file has not changed; return the places of the others."""
        step = self._step
        for i, item in enumerate(self._items):
            sha256 = self._index.sha256(step.path(item))
            if step.makes_file:
                self._keys[i] = step.key(item, "")
                is_link = Path(step.root, step.path(item)).is_symlink()
                if sha256 and not is_link and sha256 == self._sha256.get(self._keys[i]):
                    self._resolve(i)
            elif sha256:
                self._keys[i] = step.key(item, sha256)
                self._resolve(i)
        return [i for i in range(len(self._items)) if self._places[i] == _UNKNOWN]

    def _resolve(self, i: int) -> None:
        """Give an item its row, if that is known by its key."""
        key = self._keys[i]
        if key:
            self._places[i] = _HELD if key in self._held else self._by_key.get(key, _UNKNOWN)

    def _fetch(self, todo: Iterable[int]) -> list[int]:
        """Take rows that are known by now, also from the cache; return the places of items without one."""
        left = [i for i in todo if self._places[i] == _UNKNOWN]
        wanted = {self._keys[i] for i in left} - self._by_key.keys() - {""} if self._cache else set()
        for batch in self._cache.fetch(wanted) if self._cache and wanted else ():
            self._add(batch)
        if not self._step.makes_file:
            for i in left:
                self._resolve(i)
        return [i for i in left if self._places[i] == _UNKNOWN]

    def _once(self, todo: Iterable[int]) -> list[int]:
        """Leave out items of the same key as another, and put the rest in the order of the step."""
        keys: set[str] = set()
        left = []
        for i in todo:
            if self._keys[i] not in keys:
                left.append(i)
            if self._keys[i]:
                keys.add(self._keys[i])
        return sorted(left, key=lambda i: self._step.order(self._items[i]))

    def _work(self, todo: Sequence[int], known: KeySet, workers: int, progress: Progress) -> None:
        step = self._step
        shards = [todo[start : start + step.shard] for start in range(0, len(todo), step.shard)]
        tasks = ([self._task(i) for i in shard] for shard in shards)
        results = map_shards(StepWork(step, known), tasks, workers=workers, limits=step.limits, progress=progress)
        with closing(results):
            for number, rows in step.complete(results):
                self._keep(shards[number], rows, progress)

    def _task(self, i: int) -> Task[Item]:
        if not self._step.makes_file:
            return Task(self._step.load(self._items[i]))
        return Task(self._step.load(self._items[i]), self._keys[i], self._sha256.get(self._keys[i], ""))

    def _keep(self, shard: Sequence[int], rows: Sequence[Row], progress: Progress) -> None:
        """Take the rows of a shard, and write the new ones through to the disk."""
        step, seconds = self._step, 0.0
        new: list[Row] = []
        for i, row in zip(shard, rows, strict=True):
            if "inode" in row and row["sha256"]:
                stat = Signature(*(row[name] for name in Signature._fields))
                self._index.add(step.path(self._items[i]), row["sha256"], stat)
            self._keys[i] = row[KEY]
            if KNOWN in row:
                self._resolve(i)
                continue
            self._places[i], self._is_new[i] = self._count + len(new), True
            seconds += step.seconds(self._items[i], row)
            new.append(row)
        if new:
            self.journal.append(to_batch(new, step.schema))
            self._batches.append(None)
            self._number(row[KEY] for row in new)
        progress.advance(0, seconds)

    def _save(self, rows: Rows, earlier: pa.Table | None) -> None:
        """Write the rows that have a key."""
        kept = {place for place, key in zip(self._places.tolist(), self._keys, strict=True) if key and place >= 0}
        table = replace(rows, places=np.array(sorted(kept), np.int64)).table(self._step.kept_schema.names)
        if earlier is None or not table.equals(earlier):
            write_table(self._out / self._step.table, table)
        self.journal.discard()

    def _share(self, batches: Sequence[pa.RecordBatch], progress: Progress) -> None:
        """Put what this run learnt into the user's cache, which may be full or read-only."""
        try:
            if self._shared:
                save_shared(self._index, self._shared)
            if self._step.shared and batches:
                cache = self._cache or RowCache(self._step.name, self._step.kept_schema)
                made = pa.Table.from_batches(batches, self._step.schema)
                cache.add(made.select(self._step.kept_schema.names))
        except OutputError as error:
            progress.note(f"{error}; the results are complete, but other runs cannot reuse them")
