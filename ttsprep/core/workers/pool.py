"""Runs one piece of work over a corpus in worker processes, and loses only the clips that kill their worker.

`multiprocessing.Pool` hangs when a worker dies and `ProcessPoolExecutor` fails everything that is queued.
Here a worker sends each row as soon as it has it, so the first clip without a row is the suspect; it is tried
once more, alone, in a fresh worker, and is lost only if it kills that one too: an innocent clip may die of
another's memory.
"""

import os
import pickle
import selectors
import signal
import socket
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from ttsprep.core.errors import UsageError
from ttsprep.core.workers.forkserver import OUT_OF_MEMORY, Nursery, unpack

Item = TypeVar("Item")
Row = TypeVar("Row")
Item_contra = TypeVar("Item_contra", contravariant=True)
Row_co = TypeVar("Row_co", covariant=True)


class Work(Protocol[Item_contra, Row_co]):
    """What is done to every clip. Is pickled, so it is defined in a module, not in a script or a function."""

    def prepare(self, items: Sequence[Item_contra]) -> None:
        """Do in the worker what is cheaper for many clips at once; called before the clips of each shard."""

    def __call__(self, item: Item_contra) -> Row_co:
        """Return the row of one clip; called in the worker, in the order of the shard."""

    def lost(self, item: Item_contra, reason: str) -> Row_co:
        """Return the row of a clip that failed or killed its workers; called in the parent."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may use.

    Attributes
    ----------
    seconds_per_item
        Wall-clock time for one clip, and for one `prepare`; then the worker is killed.
    memory_bytes
        Data of one worker, in bytes, with what its imports take (about 0.2 GB); None for no limit.
    """

    seconds_per_item: float = 120.0
    memory_bytes: int | None = 1 << 30


class Elsewhere(Protocol):
    """A place with workers other than this machine."""

    def run(
        self,
        work: Work[Item, Row],
        shards: Iterable[Sequence[Item]],
        *,
        limits: Limits,
        on_item: Callable[[int], None] | None,
    ) -> Generator[tuple[int, list[Row]]]:
        """Do what `run` does, there."""


elsewhere: ContextVar[Elsewhere | None] = ContextVar("elsewhere", default=None)
"""Where `run` works, if not here; set by `ttsprep.core.workers.ray_cluster.connected`."""


def run(
    work: Work[Item, Row],
    shards: Iterable[Sequence[Item]],
    *,
    jobs: int,
    limits: Limits = Limits(),
    on_item: Callable[[int], None] | None = None,
) -> Generator[tuple[int, list[Row]]]:
    """Do `work` on the items of every shard and yield the shards as they are finished.

    Workers are always processes of their own, with one thread each; also for ``jobs=1``. What they print is
    discarded. Close the generator (`contextlib.closing`) to stop early.

    Parameters
    ----------
    work
        Called for every item; an exception in it becomes a lost row, so that the run goes on.
    shards
        Pulled only when a worker is free: at most `jobs` are held, and those that wait for a second try.
    jobs
        Number of worker processes.
    limits
        Time and memory of a worker.
    on_item
        Called with the number of items finished since its last call.

    Yields
    ------
    index, rows
        Position of the shard in `shards`, and its rows in the order of its items.

    Raises
    ------
    TtsprepError
        If the workers cannot start, or if `work` raises one (other than AudioError) in a worker: such an
        error is about the whole run, not about a clip.
    """
    if jobs < 1:
        raise UsageError(f"{jobs} jobs cannot do anything: give --jobs 1 or more")
    if there := elsewhere.get():
        yield from there.run(work, shards, limits=limits, on_item=on_item)
        return
    with Nursery(work, limits.memory_bytes) as nursery:
        yield from Crew(work, shards, nursery, jobs=jobs, limits=limits, on_item=on_item).results()


@dataclass(slots=True)
class _Shard(Generic[Item, Row]):
    index: int
    items: Sequence[Item]
    rows: dict[int, Row] = field(default_factory=dict)


@dataclass(slots=True)
class _Task(Generic[Item, Row]):
    """Neighbouring items of a shard, at `places`; a suspect is `alone`, on its second and last try."""

    shard: _Shard[Item, Row]
    places: range
    alone: bool = False


@dataclass(slots=True, eq=False)
class _Worker(Generic[Item, Row]):
    pid: int
    channel: socket.socket
    task: _Task[Item, Row] | None = None
    prepared: bool = False
    done: int = 0  # rows of the task that have come
    since: float = 0.0  # when the last message came
    used: bool = False
    buffer: bytearray = field(default_factory=bytearray)


class Crew(Generic[Item, Row]):
    """The workers of one run, and what is still to do."""

    def __init__(
        self,
        work: Work[Item, Row],
        shards: Iterable[Sequence[Item]],
        nursery: Nursery,
        *,
        jobs: int,
        limits: Limits,
        on_item: Callable[[int], None] | None,
    ) -> None:
        self._work = work
        self._source = enumerate(shards)
        self._jobs = jobs
        self._limits = limits
        self._nursery = nursery
        self._on_item = on_item
        self._again: deque[_Task[Item, Row]] = deque()
        self._finished: deque[_Shard[Item, Row]] = deque()
        self._workers: set[_Worker[Item, Row]] = set()
        self._selector = selectors.DefaultSelector()

    def results(self) -> Generator[tuple[int, list[Row]]]:
        """Yield what `run` yields."""
        try:
            while True:
                self._hand_out()
                while self._finished:
                    shard = self._finished.popleft()
                    yield shard.index, [shard.rows[place] for place in range(len(shard.items))]
                    del shard
                if all(worker.task is None for worker in self._workers) and not self._again:
                    return
                self._listen()
        finally:
            for worker in self._workers:
                worker.channel.close()
            self._selector.close()

    def _hand_out(self) -> None:
        while sum(worker.task is not None for worker in self._workers) < self._jobs:
            task = self._next_task()
            if task is None:
                return
            worker = self._free_worker(fresh=task.alone)
            items = [task.shard.items[place] for place in task.places]
            worker.task, worker.prepared, worker.done, worker.used = task, False, 0, True
            worker.since = time.monotonic()
            with suppress(OSError):  # it has died meanwhile, which `_listen` will see
                worker.channel.sendall(pickle.dumps(items, pickle.HIGHEST_PROTOCOL))

    def _next_task(self) -> _Task[Item, Row] | None:
        if self._again:
            return self._again.popleft()
        for index, items in self._source:
            shard: _Shard[Item, Row] = _Shard(index, items)
            if items:
                return _Task(shard, range(len(items)))
            self._finished.append(shard)
        return None

    def _free_worker(self, *, fresh: bool) -> _Worker[Item, Row]:
        idle = [worker for worker in self._workers if worker.task is None]
        for worker in idle:
            if not (fresh and worker.used):
                return worker
        if idle:
            self._dismiss(idle[0])
        pid, channel = self._nursery.fork()
        channel.settimeout(self._limits.seconds_per_item)
        worker = _Worker(pid, channel)
        self._workers.add(worker)
        self._selector.register(channel, selectors.EVENT_READ, worker)
        return worker

    def _listen(self) -> None:
        """Take what the workers have sent, or wait until one is late."""
        late = min(worker.since for worker in self._workers if worker.task) + self._limits.seconds_per_item
        heard = {key.data for key, _ in self._selector.select(max(0.0, late - time.monotonic()))}
        now = time.monotonic()
        items = 0
        for worker in heard:
            items += self._take(worker, now)
        for worker in [w for w in self._workers - heard if w.task and now - w.since > self._limits.seconds_per_item]:
            items += self._dead(worker, f"no result within {self._limits.seconds_per_item:g} s")
        if items and self._on_item:
            self._on_item(items)

    def _take(self, worker: _Worker[Item, Row], now: float) -> int:
        """Read what one worker has sent; return the number of items that are finished by it."""
        try:
            data = worker.channel.recv(1 << 18, socket.MSG_DONTWAIT)
        except OSError:
            data = b""
        if not data:
            return self._dead(worker)
        worker.buffer += data
        worker.since = now
        return sum(self._settle(worker, kind, content) for kind, content in unpack(worker.buffer))

    def _settle(self, worker: _Worker[Item, Row], kind: str, content: Any) -> int:
        task = worker.task
        if task is None:
            raise AssertionError(f"a worker without a task says {kind!r}")
        if kind == "stop":
            error, message = content
            raise error(message)
        if kind == "prepared":
            worker.prepared = True
            return 0
        if not worker.prepared:
            worker.task = None
            return self._halve(task, content, last_try=True)
        place = task.places[worker.done]
        worker.done += 1
        if worker.done == len(task.places):
            worker.task = None
        return self._keep(task.shard, place, content if kind == "row" else self._lost(task.shard, place, content))

    def _dead(self, worker: _Worker[Item, Row], reason: str = "") -> int:
        """Bury a worker and find out whose fault it was; return the number of items that are lost by it."""
        if reason:
            self._forget(worker)  # without waiting: a process stuck in a read from a dead disk stays for a while
        else:
            reason = self._words(self._dismiss(worker))
        task = worker.task
        if task is None:
            return 0
        if not worker.prepared:
            return self._halve(task, reason, last_try=task.alone)
        suspect, rest = task.places[worker.done : worker.done + 1], task.places[worker.done + 1 :]
        if rest:
            self._again.append(_Task(task.shard, rest))
        return self._halve(_Task(task.shard, suspect), reason, last_try=task.alone)

    def _halve(self, task: _Task[Item, Row], reason: str, *, last_try: bool) -> int:
        """Do the halves of a task that failed as a whole; a single item is tried again alone, or lost."""
        middle = len(task.places) // 2
        if middle:
            self._again.extend(_Task(task.shard, half) for half in (task.places[:middle], task.places[middle:]))
        elif not last_try:
            self._again.append(_Task(task.shard, task.places, alone=True))
        else:
            place = task.places[0]
            return self._keep(task.shard, place, self._lost(task.shard, place, reason))
        return 0

    def _lost(self, shard: _Shard[Item, Row], place: int, reason: str) -> Row:
        return self._work.lost(shard.items[place], reason)

    def _keep(self, shard: _Shard[Item, Row], place: int, row: Row) -> int:
        shard.rows[place] = row
        if len(shard.rows) == len(shard.items):
            self._finished.append(shard)
        return 1

    def _forget(self, worker: _Worker[Item, Row]) -> None:
        self._workers.remove(worker)
        self._selector.unregister(worker.channel)
        worker.channel.close()
        with suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGKILL)

    def _dismiss(self, worker: _Worker[Item, Row]) -> int:
        self._forget(worker)
        return self._nursery.wait(worker.pid)

    def _words(self, status: int) -> str:
        """Say how a worker ended."""
        if os.WIFSIGNALED(status):
            name = signal.Signals(os.WTERMSIG(status)).name
            hint = " (by hand, or by the system because memory ran out)" if name == "SIGKILL" else ""
            return f"the worker was killed by {name}{hint}"
        code = os.waitstatus_to_exitcode(status)
        if code == OUT_OF_MEMORY and self._limits.memory_bytes is not None:
            return f"more than the {self._limits.memory_bytes / 2**30:.2g} GiB of memory that a worker may use"
        return f"the worker ended with exit code {code}"
