"""Workers that really crash, hang, run out of memory and are killed; only the guilty clip may be lost."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import closing
from pathlib import Path

import pytest
from faults.children import alive
from recorder import Recorder

from core.workers.doubling import Doubling, OnceDeadly, Reporter, SlowDoubling, planted, rows_of, workers_of
from ttsprep.core.errors import TtsprepError, UsageError
from ttsprep.core.workers.pool import map_shards

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


def test_an_error_of_the_corpus_reaches_the_caller() -> None:
    def shards():
        yield [1]
        raise LookupError("line 7")

    with pytest.raises(LookupError, match="line 7"):
        list(map_shards(Doubling(), shards(), workers=2))


def test_many_items_cost_little_time_and_no_memory() -> None:
    script = textwrap.dedent("""
        import resource, sys, time
        sys.path[:] = {path!r}
        from ttsprep.core.workers.pool import map_shards
        from core.workers.doubling import Plain
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
    assert microseconds < 200  # the parent's processor time; about 10 on an idle machine
    assert kilobytes < 20_000
