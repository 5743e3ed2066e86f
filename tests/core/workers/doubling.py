"""Work that breaks on order, and the processes that do it."""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from faults.children import children_of

from ttsprep.core.errors import AudioError, UsageError
from ttsprep.core.workers.pool import Limits, map_shards


class Doubling:
    """Doubles numbers; a word among the items is an order to break in that way."""

    def __init__(self, *, in_setup: bool = False, batch: int = 1) -> None:
        self.in_setup, self.batch = in_setup, batch
        self.ready: list[object] = []
        self.is_set_up = False

    def setup(self) -> None:
        self.is_set_up = True

    def setup_batch(self, items: Sequence[object]) -> None:
        self.ready = list(items)
        if self.in_setup:
            for item in items:
                self.obey(item)

    def rows(self, items: Sequence[object]) -> list[object]:
        assert self.is_set_up
        assert len(items) <= self.batch
        return [self.row(item) for item in items]

    def row(self, item: object) -> object:
        assert item in self.ready
        self.obey(item)
        return item * 2 if isinstance(item, int) else f"did {item}"

    def failed(self, item: object, reason: str) -> object:
        return ("lost", item, reason)

    def obey(self, order: object) -> None:
        match order:
            case "segfault":
                ctypes.string_at(0)
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "endless":
                while True:
                    pass
            case "greedy":
                np.ones(1 << 30, np.float32).sum()
            case "greedy in pieces":
                hoard = []
                while True:
                    hoard.append(bytearray(1 << 20))
            case "leave":
                os._exit(3)
            case "exit":
                sys.exit(4)
            case "fault":
                raise ZeroDivisionError("no such thing")
            case "bad file":
                raise AudioError("audio-unreadable", "it is broken")
            case "stop":
                raise UsageError("no language is called 'xx'")
            case "unsendable":
                raise threading.BrokenBarrierError(threading.Lock())
            case "print":
                os.write(1, b"chatter\n")
                os.write(2, b"warning\n")


class Reporter(Doubling):
    def row(self, item: object) -> object:
        return {
            "pid": os.getpid(),
            "parent": os.getppid(),
            "threads": [os.environ[f"{name}_NUM_THREADS"] for name in ("OMP", "OPENBLAS", "MKL")],
            "main": sys.modules["__main__"].__dict__.get("__file__"),
            "input": os.read(0, 1),
        }


class Surroundings(Doubling):
    def row(self, item: object) -> object:
        return os.environ["TTSPREP_CACHE"], Path.cwd()


class Sleeper(Doubling):
    def row(self, item: object) -> object:
        time.sleep(60)
        return item


class SlowDoubling(Doubling):
    def row(self, item: object) -> object:
        time.sleep(0.002)
        return super().row(item)


def rows_of(
    items: Sequence[object], *, shard: int = 5, jobs: int = 2, work: Doubling | None = None, **more: object
) -> list:
    shards = [items[start : start + shard] for start in range(0, len(items), shard)]
    results = dict(map_shards(work or Doubling(), shards, workers=jobs, limits=Limits(**more)))
    assert sorted(results) == list(range(len(shards)))
    return [row for index in sorted(results) for row in results[index]]


def planted(order: str, *, at: int, length: int = 23) -> list[object]:
    items: list[object] = list(range(length))
    items[at] = order
    return items


class OnceDeadly(Doubling):
    """Dies of a path the first time, as a clip dies of the memory that another one took."""

    def row(self, item: object) -> object:
        if isinstance(item, str):
            if not Path(item).exists():
                Path(item).touch()
                os.kill(os.getpid(), signal.SIGSEGV)
            return "survived"
        return super().row(item)


def servers_of(pid: int) -> list[int]:
    """Return the processes below `pid` that fork workers."""
    return [child for child in children_of(pid) if b"forkserver" in Path(f"/proc/{child}/cmdline").read_bytes()]


def workers_of(pid: int) -> list[int]:
    return [worker for server in servers_of(pid) for worker in children_of(server)]


class SlowToLoad(Doubling):
    def __setstate__(self, state: dict[str, object]) -> None:
        time.sleep(60)


class Plain(Doubling):
    def row(self, item: object) -> object:
        return item * 2
