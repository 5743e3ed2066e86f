"""Workers that really crash, hang, run out of memory and are killed; only the guilty clip may be lost."""

import ctypes
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from faults.children import interruptible
from recorder import Recorder

from ttsprep.core.errors import AudioError, TtsprepError, UsageError
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


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def gone_within(pids: Sequence[int], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while any(map(alive, pids)) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(map(alive, pids))


FAULTS = {
    "segfault": "SIGSEGV",
    "killed": "SIGKILL",
    "endless": "no result within 0.5 s",
    "greedy": "GiB of memory",
    "greedy in pieces": "GiB of memory",
    "leave": "exit code 3",
    "exit": "exit code 1",
    "fault": "ZeroDivisionError: no such thing",
    "bad file": "AudioError: it is broken",
    "unsendable": "BrokenBarrierError",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "work", [Doubling(), Doubling(batch=3), Doubling(in_setup=True)], ids=["alone", "in a batch", "in setup_batch"]
)
@pytest.mark.parametrize("order", FAULTS)
@pytest.mark.parametrize("at", [0, 9, 22])
def test_only_the_guilty_item_is_lost(order: str, work: Doubling, at: int) -> None:
    items = planted(order, at=at)
    seconds = 0.5 if order == "endless" else 60
    rows = rows_of(items, work=work, seconds_per_item=seconds, memory_bytes=1 << 29)
    name, item, reason = rows[at]
    assert (name, item) == ("lost", order)
    assert FAULTS[order] in reason
    assert [row for place, row in enumerate(rows) if place != at] == [2 * n for n in range(23) if n != at]


def test_a_shard_of_nothing_but_guilty_items_is_lost_item_by_item() -> None:
    rows = rows_of(["segfault", "killed", "leave", "fault"] * 3, shard=12, jobs=2)
    assert [row[1] for row in rows] == ["segfault", "killed", "leave", "fault"] * 3


def test_an_item_that_kills_only_a_used_worker_is_not_lost(tmp_path: Path) -> None:
    rows = rows_of([1, str(tmp_path / "mark"), 3], work=OnceDeadly(), jobs=1)
    assert rows == [2, "survived", 6]


class OnceDeadly(Doubling):
    """Dies of a path the first time, as a clip dies of the memory that another one took."""

    def row(self, item: object) -> object:
        if isinstance(item, str):
            if not Path(item).exists():
                Path(item).touch()
                os.kill(os.getpid(), signal.SIGSEGV)
            return "survived"
        return super().row(item)


def test_memory_that_was_given_back_is_no_fault() -> None:
    assert rows_of([1, 2, 3], memory_bytes=1 << 29) == [2, 4, 6]


def test_an_error_about_the_whole_run_stops_it_as_itself() -> None:
    for in_setup in (False, True):
        with pytest.raises(UsageError, match="no language is called 'xx'"):
            rows_of(planted("stop", at=7), work=Doubling(in_setup=in_setup))


def test_results_do_not_depend_on_the_number_of_jobs() -> None:
    items: list[object] = list(range(300))
    for place, order in ((17, "segfault"), (18, "leave"), (150, "fault"), (299, "killed")):
        items[place] = order
    one, two, eight = (rows_of(items, jobs=jobs, shard=16) for jobs in (1, 2, 8))
    assert one == two == eight
    assert sum(isinstance(row, tuple) for row in one) == 4


@pytest.mark.slow
def test_workers_killed_from_outside_at_random_lose_nothing() -> None:
    items = list(range(400))
    shards = [items[n : n + 20] for n in range(0, 400, 20)]
    kills = 0
    for seed in range(20):
        chance = random.Random(seed)
        rows = {}
        with closing(map_shards(SlowDoubling(), shards, workers=2)) as results:
            for index, done in results:
                rows[index] = done
                if index % 5 == 0:
                    time.sleep(chance.uniform(0, 0.05))
                    for victim in workers_of(os.getpid())[:1]:
                        os.kill(victim, signal.SIGKILL)
                        kills += 1
        assert [row for index in sorted(rows) for row in rows[index]] == [2 * n for n in items]
    assert kills >= 40


def children_of(pid: int) -> list[int]:
    out = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(word) for word in out.split() if alive(int(word))]


def workers_of(pid: int) -> list[int]:
    return [worker for server in children_of(pid) for worker in children_of(server)]


def test_a_worker_is_a_process_of_its_own_with_one_thread_and_no_main_module() -> None:
    (row,) = rows_of([1], work=Reporter(), jobs=1)
    assert row["pid"] != os.getpid() != row["parent"]
    assert row["threads"] == ["1", "1", "1"]
    assert row["main"] is None
    assert row["input"] == b""
    assert not alive(row["pid"])
    assert not alive(row["parent"])


def test_what_workers_print_stays_out_of_the_result(capfd: pytest.CaptureFixture[str]) -> None:
    assert rows_of(["print"]) == ["did print"]
    assert capfd.readouterr() == ("", "")


def test_shards_are_pulled_only_when_a_worker_is_free() -> None:
    pulled = 0

    def shards():
        nonlocal pulled
        for number in range(1000):
            pulled += 1
            yield [number]

    finished = 0
    with closing(map_shards(Doubling(), shards(), workers=3)) as results:
        for _ in results:
            finished += 1
            assert pulled - finished <= 2 * 3
    assert finished == pulled == 1000


def test_empty_shards_and_no_shards() -> None:
    assert list(map_shards(Doubling(), [], workers=2)) == []
    assert sorted(map_shards(Doubling(), [[], [4], [], []], workers=2)) == [(0, []), (1, [8]), (2, []), (3, [])]


def test_progress_counts_every_item_once() -> None:
    progress = Recorder()
    items = planted("segfault", at=3)
    list(map_shards(Doubling(), [items[:10], items[10:]], workers=2, progress=progress))
    assert sum(clips for clips, _ in progress.advances) == len(items)


def test_rows_larger_than_a_socket_buffer_arrive_whole() -> None:
    big = ["x" * 3_000_000, "y" * 2_999_999]
    assert rows_of(big, jobs=1) == [f"did {text}" for text in big]


@pytest.mark.parametrize("jobs", [0, -1])
def test_no_jobs_is_refused(jobs: int) -> None:
    with pytest.raises(UsageError, match="--jobs 1"):
        next(map_shards(Doubling(), [[1]], workers=jobs))


def test_work_that_cannot_be_loaded_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Local(Doubling):
        pass

    Local.__qualname__ = "Gone"
    Local.__module__ = "gone"
    module = type(sys)("gone")
    module.Gone = Local
    monkeypatch.setitem(sys.modules, "gone", module)
    with pytest.raises(TtsprepError, match="could not start: ModuleNotFoundError: No module named 'gone'"):
        next(map_shards(Local(), [[1]], workers=1))


def test_the_loss_of_the_server_is_an_error_and_leaves_no_orphan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with closing(map_shards(SlowDoubling(), ([n] for n in range(10_000)), workers=2)) as results:
        next(results)
        (server,) = children_of(os.getpid())
        workers = children_of(server)
        os.kill(server, signal.SIGKILL)
        with pytest.raises(TtsprepError, match="process that starts the workers has ended"):
            list(results)
    assert gone_within(workers, 2)
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_the_consumer_leaves_no_orphan() -> None:
    with (
        pytest.raises(KeyError),
        closing(map_shards(SlowDoubling(), ([n] for n in range(10_000)), workers=2)) as results,
    ):
        next(results)
        family = [*children_of(os.getpid()), *workers_of(os.getpid())]
        assert len(family) == 3
        raise KeyError
    assert gone_within(family, 2)


def test_an_error_of_the_corpus_reaches_the_caller() -> None:
    def shards():
        yield [1]
        raise LookupError("line 7")

    with pytest.raises(LookupError, match="line 7"):
        list(map_shards(Doubling(), shards(), workers=2))


SCRIPT = """
    import sys
    sys.path[:] = {path!r}
    from ttsprep.core.workers.pool import Limits, map_shards
    from core.workers.test_pool import {work}
    print("go", flush=True)
    try:
        for index, rows in map_shards({work}(), ([n] for n in range(100_000)), workers=2):
            pass
    except KeyboardInterrupt:
        sys.exit(130)
"""


def start(work: str, temporary: Path, *, family: int = 3) -> tuple[subprocess.Popen, list[int]]:
    """Start a run in a process of its own; return it, and the ids of its server and workers."""
    script = textwrap.dedent(SCRIPT).format(path=sys.path, work=work)
    parent = interruptible([sys.executable, "-c", script], env={**os.environ, "TMPDIR": str(temporary)})
    assert parent.stdout.readline() == b"go\n"
    end = time.monotonic() + 30
    while 1 + len(workers_of(parent.pid)) < family and time.monotonic() < end:
        time.sleep(0.05)
    members = [*children_of(parent.pid), *workers_of(parent.pid)]
    assert len(members) == family
    return parent, members


@pytest.mark.parametrize("work", ["Sleeper", "SlowDoubling"])
@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_ends_everything_without_a_word(work: str, times: int, tmp_path: Path) -> None:
    parent, family = start(work, tmp_path)
    began = time.monotonic()
    for _ in range(times):
        os.killpg(parent.pid, signal.SIGINT)  # what a terminal sends: to the whole foreground group
        if times == 2:
            time.sleep(0.005)
    out, errors = parent.communicate(timeout=5)
    assert time.monotonic() - began < 2
    assert gone_within(family, 2)
    if times == 1:
        assert (parent.returncode, out, errors) == (130, b"", b"")
        assert list(tmp_path.iterdir()) == []


class SlowToLoad(Doubling):
    def __setstate__(self, state: dict[str, object]) -> None:
        time.sleep(60)


def test_ctrl_c_while_the_workers_are_starting(tmp_path: Path) -> None:
    parent, family = start("SlowToLoad", tmp_path, family=1)
    time.sleep(1)
    os.killpg(parent.pid, signal.SIGINT)
    assert parent.communicate(timeout=2) == (b"", b"")
    assert parent.returncode == 130
    assert gone_within(family, 2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("work", ["Sleeper", "SlowDoubling"])
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM])
def test_no_orphans_when_the_parent_is_killed(work: str, sent: signal.Signals, tmp_path: Path) -> None:
    parent, family = start(work, tmp_path)
    parent.send_signal(sent)
    _, errors = parent.communicate(timeout=5)
    assert gone_within(family, 2)
    assert errors == b""
    assert list(tmp_path.iterdir()) == []


def test_a_closed_standard_input_and_output_do_no_harm() -> None:
    script = textwrap.dedent("""
        import os, sys
        sys.path[:] = {path!r}
        from ttsprep.core.workers.pool import map_shards
        from core.workers.test_pool import Doubling
        os._exit(0 if dict(map_shards(Doubling(), [[1, 2]], workers=1)) == {{0: [2, 4]}} else 9)
    """).format(path=sys.path)
    closing_all = ["/bin/sh", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, script]
    assert subprocess.run(closing_all, check=False, timeout=60).returncode == 0


def test_many_items_cost_little_time_and_no_memory() -> None:
    script = textwrap.dedent("""
        import resource, sys, time
        sys.path[:] = {path!r}
        from ttsprep.core.workers.pool import map_shards
        from core.workers.test_pool import Plain
        peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        def items(count):
            return (range(n, n + 64) for n in range(0, count, 64))
        total = sum(sum(rows) for _, rows in map_shards(Plain(), items(6_400), workers=2))
        before, began = peak(), time.process_time()
        total = sum(sum(rows) for _, rows in map_shards(Plain(), items(102_400), workers=2))
        assert total == 102_400 * 102_399
        print((time.process_time() - began) / 102_400 * 1e6, peak() - before)
    """).format(path=sys.path)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    microseconds, kilobytes = map(float, done.stdout.split())
    assert microseconds < 60  # the parent's processor time; about 10 on an idle machine
    assert kilobytes < 20_000


class Plain(Doubling):
    def row(self, item: object) -> object:
        return item * 2
