"""Runs work over a corpus in worker processes, and loses only the clips that kill their worker.

`multiprocessing.Pool` hangs when a worker dies and `ProcessPoolExecutor` fails everything that is queued.
Here a worker sends the rows of a batch as soon as it has them, so the first batch without rows is the suspect. A
suspect batch is halved; a suspect clip is tried once more, alone, in a fresh worker, and fails only if it kills that
one too: an innocent clip may die of another's memory.
"""

import os
import pickle
import selectors
import signal
import socket
import time
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from ttsprep.core.errors import UsageError
from ttsprep.core.progress import NO_PROGRESS, Progress
from ttsprep.core.workers.forkserver import OUT_OF_MEMORY, ForkServer, fork_server, unpack

_Item = TypeVar("_Item")
_Row = TypeVar("_Row")
Item_contra = TypeVar("Item_contra", contravariant=True)


class Work(Protocol[Item_contra, _Row]):
    """What is done to every clip. Is pickled, so it is defined in a module, not in a script or a function.

    Attributes
    ----------
    batch
        Items that `rows` takes at once; with 1, a crash costs no other item a second try.
    """

    @property
    def batch(self) -> int:
        """Return how many items `rows` takes."""

    def setup(self) -> None:
        """Load what the rows need; called once, in the process that the workers are forked from."""

    def setup_batch(self, items: Sequence[Item_contra]) -> None:
        """Do in the worker what is cheaper for many items at once; called before the batches of each shard."""

    def rows(self, items: Sequence[Item_contra]) -> list[_Row]:
        """Return the rows of one batch; called in the worker, in the order of the shard."""

    def failed(self, item: Item_contra, reason: str) -> _Row:
        """Return the row of an item that failed or killed its workers; called in the parent."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may use.

    Attributes
    ----------
    seconds_per_item
        Wall-clock time for one batch, and for one `setup_batch`; then the worker is killed.
    memory_bytes
        Data of one worker, in bytes, with what its imports take (about 0.2 GB); None for no limit.
    """

    seconds_per_item: float = 120.0
    memory_bytes: int | None = 1 << 30


class RemoteExecutor(Protocol):
    """A place with workers other than this machine."""

    def run(
        self,
        work: Work[_Item, _Row],
        shards: Iterable[Sequence[_Item]],
        *,
        limits: Limits,
        progress: Progress,
    ) -> Generator[tuple[int, list[_Row]]]:
        """Do what `map_shards` does, there."""


remote_executor: ContextVar[RemoteExecutor | None] = ContextVar("remote_executor", default=None)
"""Where `map_shards` works, if not here; set by `ttsprep.core.workers.ray_cluster.connected`."""


def cores(workers: int | None = None) -> int:
    """Return how many worker processes to use: as asked, else one for each core that this process may use."""
    return workers or len(os.sched_getaffinity(0))


def map_shards(
    work: Work[_Item, _Row],
    shards: Iterable[Sequence[_Item]],
    *,
    workers: int,
    limits: Limits = Limits(),
    progress: Progress = NO_PROGRESS,
) -> Generator[tuple[int, list[_Row]]]:
    """Do `work` on the items of every shard and yield the shards as they are finished.

    Workers are always processes of their own, with one thread each; also for ``workers=1``. What they print is
    discarded. Close the generator (`contextlib.closing`) to stop early.

    Parameters
    ----------
    work
        Called for every batch; an exception in it becomes a failed row, so that the run goes on.
    shards
        Pulled only when a worker is free: at most `workers` are held, and those that wait for a second try.
    workers
        Number of worker processes.
    limits
        Time and memory of a worker.
    progress
        Advanced by the items that are finished.

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
    if workers < 1:
        raise UsageError(f"{workers} jobs cannot do anything: give --jobs 1 or more")
    if remote := remote_executor.get():
        yield from remote.run(work, shards, limits=limits, progress=progress)
        return
    with fork_server(work, limits.memory_bytes) as server:
        yield from WorkerPool(work, shards, server, workers=workers, limits=limits, progress=progress).results()


@dataclass(slots=True)
class _Shard(Generic[_Item, _Row]):
    index: int
    items: Sequence[_Item]
    rows: dict[int, _Row] = field(default_factory=dict)


@dataclass(slots=True)
class _Task(Generic[_Item, _Row]):
    """Neighbouring items of a shard, at `places`; a suspect is `alone`, on its second and last try."""

    shard: _Shard[_Item, _Row]
    places: range
    alone: bool = False


@dataclass(slots=True, eq=False)
class _Worker(Generic[_Item, _Row]):
    pid: int
    channel: socket.socket
    task: _Task[_Item, _Row] | None = None
    ready: bool = False  # `setup_batch` has ended
    done: int = 0  # rows of the task that have come
    since: float = 0.0  # when the last message came
    used: bool = False
    buffer: bytearray = field(default_factory=bytearray)


class WorkerPool(Generic[_Item, _Row]):
    """The workers of one run, and what is still to do."""

    def __init__(
        self,
        work: Work[_Item, _Row],
        shards: Iterable[Sequence[_Item]],
        server: ForkServer,
        *,
        workers: int,
        limits: Limits,
        progress: Progress,
    ) -> None:
        self._work = work
        self._source = enumerate(shards)
        self._most_workers = workers
        self._limits = limits
        self._server = server
        self._progress = progress
        self._again: deque[_Task[_Item, _Row]] = deque()
        self._finished: deque[_Shard[_Item, _Row]] = deque()
        self._workers: set[_Worker[_Item, _Row]] = set()
        self._selector = selectors.DefaultSelector()

    def results(self) -> Generator[tuple[int, list[_Row]]]:
        """Yield what `map_shards` yields."""
        try:
            while True:
                self._dispatch()
                while self._finished:
                    shard = self._finished.popleft()
                    yield shard.index, [shard.rows[place] for place in range(len(shard.items))]
                    del shard
                if all(worker.task is None for worker in self._workers) and not self._again:
                    return
                self._receive()
        finally:
            for worker in self._workers:
                worker.channel.close()
            self._selector.close()

    def _dispatch(self) -> None:
        while sum(worker.task is not None for worker in self._workers) < self._most_workers:
            task = self._next_task()
            if task is None:
                return
            worker = self._free_worker(fresh=task.alone)
            items = [task.shard.items[place] for place in task.places]
            worker.task, worker.ready, worker.done, worker.used = task, False, 0, True
            worker.since = time.monotonic()
            with suppress(OSError):  # it has died meanwhile, which `_receive` will see
                worker.channel.sendall(pickle.dumps(items, pickle.HIGHEST_PROTOCOL))

    def _next_task(self) -> _Task[_Item, _Row] | None:
        if self._again:
            return self._again.popleft()
        for index, items in self._source:
            shard: _Shard[_Item, _Row] = _Shard(index, items)
            if items:
                return _Task(shard, range(len(items)))
            self._finished.append(shard)
        return None

    def _free_worker(self, *, fresh: bool) -> _Worker[_Item, _Row]:
        idle = [worker for worker in self._workers if worker.task is None]
        for worker in idle:
            if not (fresh and worker.used):
                return worker
        if idle:
            self._stop_worker(idle[0])
        pid, channel = self._server.fork()
        channel.settimeout(self._limits.seconds_per_item)
        worker = _Worker(pid, channel)
        self._workers.add(worker)
        self._selector.register(channel, selectors.EVENT_READ, worker)
        return worker

    def _receive(self) -> None:
        """Take what the workers have sent, or wait until one is late."""
        late = min(worker.since for worker in self._workers if worker.task) + self._limits.seconds_per_item
        answering = {key.data for key, _ in self._selector.select(max(0.0, late - time.monotonic()))}
        now = time.monotonic()
        items = 0
        for worker in answering:
            items += self._take(worker, now)
        longest = self._limits.seconds_per_item
        for worker in [w for w in self._workers - answering if w.task and now - w.since > longest]:
            items += self._on_worker_death(worker, f"no result within {longest:g} s")
        if items:
            self._progress.advance(items, 0.0)

    def _take(self, worker: _Worker[_Item, _Row], now: float) -> int:
        """Read what one worker has sent; return the number of items that are finished by it."""
        try:
            data = worker.channel.recv(1 << 18, socket.MSG_DONTWAIT)
        except OSError:
            data = b""
        if not data:
            return self._on_worker_death(worker)
        worker.buffer += data
        worker.since = now
        return sum(self._settle(worker, kind, content) for kind, content in unpack(worker.buffer))

    def _settle(self, worker: _Worker[_Item, _Row], kind: str, content: Any) -> int:
        task = worker.task
        if task is None:
            raise AssertionError(f"a worker without a task says {kind!r}")
        if kind == "stop":
            error, message = content
            raise error(message)
        if kind == "ready":
            worker.ready = True
            return 0
        if not worker.ready:
            worker.task = None
            return self._halve(task, content, last_try=True)
        places = task.places[worker.done : worker.done + self._work.batch]
        worker.done += len(places)
        if worker.done == len(task.places):
            worker.task = None
        if kind == "failed":
            return self._halve(_Task(task.shard, places), content, last_try=True)
        return sum(self._keep(task.shard, place, row) for place, row in zip(places, content, strict=True))

    def _on_worker_death(self, worker: _Worker[_Item, _Row], reason: str = "") -> int:
        """Reap a dead worker; retry or fail the batch it was on. Return the number of items that fail."""
        if reason:
            self._forget(worker)  # without waiting: a process stuck in a read from a dead disk stays for a while
        else:
            reason = self._words(self._stop_worker(worker))
        task = worker.task
        if task is None:
            return 0
        if not worker.ready:
            return self._halve(task, reason, last_try=task.alone)
        end = worker.done + self._work.batch
        suspect, rest = task.places[worker.done : end], task.places[end:]
        if rest:
            self._again.append(_Task(task.shard, rest))
        return self._halve(_Task(task.shard, suspect), reason, last_try=task.alone)

    def _halve(self, task: _Task[_Item, _Row], reason: str, *, last_try: bool) -> int:
        """Retry the halves of a task that failed as a whole; a single item is tried again alone, or fails."""
        middle = len(task.places) // 2
        if middle:
            self._again.extend(_Task(task.shard, half) for half in (task.places[:middle], task.places[middle:]))
        elif not last_try:
            self._again.append(_Task(task.shard, task.places, alone=True))
        else:
            place = task.places[0]
            return self._keep(task.shard, place, self._work.failed(task.shard.items[place], reason))
        return 0

    def _keep(self, shard: _Shard[_Item, _Row], place: int, row: _Row) -> int:
        shard.rows[place] = row
        if len(shard.rows) == len(shard.items):
            self._finished.append(shard)
        return 1

    def _forget(self, worker: _Worker[_Item, _Row]) -> None:
        self._workers.remove(worker)
        self._selector.unregister(worker.channel)
        worker.channel.close()
        with suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGKILL)

    def _stop_worker(self, worker: _Worker[_Item, _Row]) -> int:
        self._forget(worker)
        return self._server.wait(worker.pid)

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
