"""Runs work on the machines of a Ray cluster: an actor on every core wanted, each with a worker process of its own.

An actor does a shard as `ttsprep.core.workers.pool.map_shards` does it at home: a clip that kills its worker is lost
alone, and the rows are the same. What is new here is that a whole machine may go: its shards are given to others.
"""

import sys
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, TypeVar

from ttsprep.core.errors import MissingExtraError, TtsprepError, UsageError
from ttsprep.core.package import __version__
from ttsprep.core.progress import NO_PROGRESS, Progress
from ttsprep.core.workers.forkserver import ForkServer
from ttsprep.core.workers.pool import Limits, Work, WorkerPool, remote_executor

_Item = TypeVar("_Item")
_Row = TypeVar("_Row")

TRIES = 3
"""Machines that may go while they work on a shard; then its clips are lost, for they may be the cause."""
PATIENCE_S = 300.0
"""How long to wait for a machine with a free core when there is none."""


@contextmanager
def connected(address: str = "", *, jobs: int | None = None, paths: Sequence[Path] = ()) -> Iterator[None]:
    """Let `ttsprep.core.workers.pool.map_shards` work on a cluster while this context is open.

    Parameters
    ----------
    address
        Of a running cluster, such as ``10.0.0.1:6379``; ``auto`` for the one that this machine belongs to; empty for
        this machine alone.
    jobs
        Cores to use; None for all.
    paths
        That every machine must see under the same name: the corpus, and where a build is written.

    Raises
    ------
    MissingExtraError
        If Ray is not installed.
    UsageError
        If there is no cluster at `address`.
    """
    if not address:
        yield
        return
    try:
        import ray
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise MissingExtraError("--cluster needs Ray: pip install 'ttsprep[cluster]'") from None
    try:
        ray.init(address=address, log_to_driver=False, logging_level="error")
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise UsageError(
            f"no Ray cluster answers at {address!r} ({_lines(error)[0]}): "
            "start one with `ray start --head`, or name its address"
        ) from None
    cluster = _Cluster(jobs, tuple(str(path.resolve()) for path in paths))
    token = remote_executor.set(cluster)
    try:
        with redirect_stdout(_WithoutRay(sys.stdout)):
            yield
    finally:
        remote_executor.reset(token)
        ray.shutdown()


class _WithoutRay:
    """A stream that swallows what Ray's own thread prints, pages of it when a machine is lost; the rest passes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        if threading.current_thread().name.startswith("ray_"):
            return len(text)
        return self._stream.write(text)


class _RayWorker:
    """What an actor does: the shards it is given, by a worker process that it starts and watches."""

    def __init__(self, work: Work[Any, Any], limits: Limits) -> None:
        self._work, self._limits = work, limits

    def ready(self, paths: Sequence[str]) -> tuple[str, list[str]]:
        """Return the version of ttsprep here, and which of the paths are not."""
        self._server = ForkServer(self._work, self._limits.memory_bytes)
        return __version__, [path for path in paths if not Path(path).exists()]

    def do(self, items: Sequence[Any]) -> list[Any]:
        """Return the rows of a shard."""
        pool = WorkerPool(self._work, [items], self._server, workers=1, limits=self._limits, progress=NO_PROGRESS)
        ((_, rows),) = pool.results()
        return rows


@dataclass(frozen=True, slots=True)
class _Cluster:
    """The cluster that this process is connected to.

    Attributes
    ----------
    jobs
        Cores to use; None for all that there are.
    paths
        That every machine must see.
    """

    jobs: int | None
    paths: tuple[str, ...]

    def run(
        self,
        work: Work[_Item, _Row],
        shards: Iterable[Sequence[_Item]],
        *,
        limits: Limits,
        progress: Progress,
    ) -> Generator[tuple[int, list[_Row]]]:
        """Do what `ttsprep.core.workers.pool.map_shards` does, on the machines of the cluster."""
        import ray

        cores = self.jobs or max(1, int(ray.cluster_resources().get("CPU", 1)))
        dispatch = _Dispatch(work, shards, cores, limits, self.paths)
        try:
            for index, rows in dispatch.results():
                progress.advance(len(rows), 0.0)
                yield index, rows
        finally:
            dispatch.close()


@dataclass(slots=True)
class _Shard:
    index: int
    items: Sequence[Any]
    lost: int = 0  # machines that went while they worked on it


class _Dispatch:
    """Who works on what."""

    def __init__(
        self,
        work: Work[Any, Any],
        shards: Iterable[Sequence[Any]],
        cores: int,
        limits: Limits,
        paths: tuple[str, ...],
    ) -> None:
        import ray

        self._work, self._limits, self._paths = work, limits, paths
        self._there = ray.put(work)
        self._actor = ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(_RayWorker)
        self._source = (_Shard(index, items) for index, items in enumerate(shards))
        self._again: deque[_Shard] = deque()
        self._idle: list[Any] = []
        self._waited: dict[Any, tuple[Any, _Shard | None]] = {}  # by what will be there: the seat, and its shard
        self._strikes = 0
        self._most_strikes = TRIES * cores
        for _ in range(cores):
            self._spawn_actor()

    def results(self) -> Generator[tuple[int, list[Any]]]:
        while True:
            while self._idle and (shard := self._next()):
                seat = self._idle.pop()
                self._waited[seat.do.remote(shard.items)] = seat, shard
            busy = any(shard for _, shard in self._waited.values())
            if self._idle and not busy:
                return
            yield from self._wait(None if busy else PATIENCE_S)

    def _wait(self, patience: float | None) -> Generator[tuple[int, list[Any]]]:
        """Wait for the next answer of any seat."""
        import ray

        ready, _ = ray.wait(list(self._waited), num_returns=1, timeout=patience)
        if not ready:
            raise TtsprepError(
                f"the cluster has had no free core for {PATIENCE_S / 60:.0f} minutes: see `ray status`; "
                "what is finished stays"
            )
        seat, shard = self._waited.pop(ready[0])
        try:
            answer = ray.get(ready[0])
        except ray.exceptions.RayActorError as error:
            yield from self._on_actor_lost(shard, error)
            return
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, TtsprepError):
                raise type(error.cause)(*error.cause.args) from None
            raise
        self._idle.append(seat)
        if shard is None:
            self._handshake(*answer)
        else:
            yield shard.index, answer

    def _on_actor_lost(self, shard: _Shard | None, error: Exception) -> Generator[tuple[int, list[Any]]]:
        """Replace a seat that is no more; its shard is done again, by another."""
        if shard is None:
            self._strikes += 1
            if self._strikes >= self._most_strikes:
                raise TtsprepError(f"the workers could not start on the cluster: {_lines(error)[-1]}")
        self._spawn_actor()  # it waits for a free core, wherever there will be one
        if shard is None:
            return
        shard.lost += 1
        if shard.lost < TRIES:
            self._again.append(shard)
        else:
            reason = f"{TRIES} workers or machines of the cluster were lost while they worked on it and its neighbours"
            yield shard.index, [self._work.failed(item, reason) for item in shard.items]

    def _next(self) -> _Shard | None:
        return self._again.popleft() if self._again else next(self._source, None)

    def _spawn_actor(self) -> None:
        seat = self._actor.remote(self._there, self._limits)
        self._waited[seat.ready.remote(self._paths)] = seat, None

    def _handshake(self, version: str, missing: list[str]) -> None:
        if version != __version__:
            raise UsageError(
                f"a machine of the cluster has ttsprep {version}, this one {__version__}: install the same on all"
            )
        if missing:
            raise UsageError(f"a machine of the cluster does not see {missing[0]}: mount it there under the same name")

    def close(self) -> None:
        import ray

        for seat in [*self._idle, *(seat for seat, _ in self._waited.values())]:
            ray.kill(seat)


def _lines(error: Exception) -> list[str]:
    return str(error).strip().splitlines() or [type(error).__name__]
