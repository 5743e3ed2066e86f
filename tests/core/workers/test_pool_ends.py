"""However a run of workers ends, it leaves no process behind."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import closing
from pathlib import Path

import pytest
from faults.children import alive, children_of, gone, interruptible

from core.workers.doubling import Doubling, Reporter, SlowDoubling, Surroundings, rows_of, servers_of, workers_of
from ttsprep.core.errors import TtsprepError
from ttsprep.core.workers.forkserver import reused_servers
from ttsprep.core.workers.pool import Limits, map_shards


def test_the_loss_of_the_server_is_an_error_and_leaves_no_orphan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with closing(map_shards(SlowDoubling(), ([n] for n in range(10_000)), workers=2)) as results:
        next(results)
        (server,) = servers_of(os.getpid())
        workers = children_of(server)
        os.kill(server, signal.SIGKILL)
        with pytest.raises(TtsprepError, match="process that starts the workers has ended"):
            list(results)
    assert gone(workers)
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_the_consumer_leaves_no_orphan() -> None:
    with (
        pytest.raises(KeyError),
        closing(map_shards(SlowDoubling(), ([n] for n in range(10_000)), workers=2)) as results,
    ):
        next(results)
        family = [*servers_of(os.getpid()), *workers_of(os.getpid())]
        assert len(family) == 3
        raise KeyError
    assert gone(family)


SCRIPT = """
    import sys
    sys.path[:] = {path!r}
    from ttsprep.core.workers.pool import Limits, map_shards
    from core.workers.doubling import {work}
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
    end = time.monotonic() + 60
    while len(members := [*servers_of(parent.pid), *workers_of(parent.pid)]) < family and time.monotonic() < end:
        time.sleep(0.05)
    assert len(members) == family
    return parent, members


@pytest.mark.parametrize("work", ["Sleeper", "SlowDoubling"])
@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_ends_everything_without_a_word(work: str, times: int, tmp_path: Path) -> None:
    parent, family = start(work, tmp_path)
    for _ in range(times):
        os.killpg(parent.pid, signal.SIGINT)  # what a terminal sends: to the whole foreground group
        if times == 2:
            time.sleep(0.005)
    out, errors = parent.communicate(timeout=30)  # an item takes a minute: it is not waited for
    assert gone(family)
    if times == 1:
        assert (parent.returncode, out, errors) == (130, b"", b"")
        assert list(tmp_path.iterdir()) == []


def test_ctrl_c_while_the_workers_are_starting(tmp_path: Path) -> None:
    parent, family = start("SlowToLoad", tmp_path, family=1)
    time.sleep(1)
    os.killpg(parent.pid, signal.SIGINT)
    assert parent.communicate(timeout=30) == (b"", b"")
    assert parent.returncode == 130
    assert gone(family)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("work", ["Sleeper", "SlowDoubling"])
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM])
def test_no_orphans_when_the_parent_is_killed(work: str, sent: signal.Signals, tmp_path: Path) -> None:
    parent, family = start(work, tmp_path)
    parent.send_signal(sent)
    _, errors = parent.communicate(timeout=30)
    assert gone(family)
    assert errors == b""
    assert list(tmp_path.iterdir()) == []


def test_a_closed_standard_input_and_output_do_no_harm() -> None:
    script = textwrap.dedent("""
        import os, sys
        sys.path[:] = {path!r}
        from ttsprep.core.workers.pool import map_shards
        from core.workers.doubling import Doubling
        os._exit(0 if dict(map_shards(Doubling(), [[1, 2]], workers=1)) == {{0: [2, 4]}} else 9)
    """).format(path=sys.path)
    closing_all = ["/bin/sh", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, script]
    assert subprocess.run(closing_all, check=False, timeout=60).returncode == 0


def test_the_steps_of_a_run_share_a_server_and_nothing_is_left_of_it() -> None:
    def parent_of(step: Doubling, memory: int = 1 << 29) -> int:
        ((_, (row,)),) = map_shards(step, [[1]], workers=1, limits=Limits(memory_bytes=memory))
        return row["parent"]

    with reused_servers():
        first = parent_of(Reporter())
        with reused_servers():
            assert parent_of(Reporter(batch=3)) == first
        assert children_of(first) == []
        assert rows_of([1, 2], memory_bytes=1 << 29) == [2, 4]  # another step in the same server
        assert parent_of(Reporter(), 1 << 30) != first
        assert len(servers_of(os.getpid())) == 2
        with closing(map_shards(SlowDoubling(), [[1], [2]], workers=1, limits=Limits(memory_bytes=1 << 29))) as results:
            next(results)  # it is left in the middle: what it was doing is not known
        assert not alive(first)
        (server,) = servers_of(os.getpid())
        os.kill(server, signal.SIGKILL)
        with pytest.raises(TtsprepError, match="process that starts the workers has ended"):
            parent_of(Reporter(), 1 << 30)
        assert parent_of(Reporter(), 1 << 30) != server
    assert servers_of(os.getpid()) == []


def test_a_shared_server_has_the_environment_and_the_folder_of_each_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reused_servers():
        for name in ("one", "two"):
            monkeypatch.setenv("TTSPREP_CACHE", name)
            (tmp_path / name).mkdir()
            monkeypatch.chdir(tmp_path / name)
            (row,) = rows_of([1], work=Surroundings(), jobs=1)
            assert row == (name, tmp_path / name)
