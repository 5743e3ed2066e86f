"""Audits that are killed, stopped, starved of disk, or started twice: the next one goes on and comes out the same."""

import os
import random
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from commands import COMMAND, ttsprep

from faults.children import below, gone, interruptible
from faults.house import audited, hashes, leftovers, out_of, tables
from ttsprep.audit.pipeline import Audit, frame

PLUGIN = '''
import ctypes, os, signal
from dataclasses import dataclass
from typing import ClassVar
from ttsprep.checks.base import Check

@dataclass(frozen=True)
class Hostile(Check):
    """Dies of some clips, as a decoder does, and is slow where a test has to meet an audit at work."""
    name = "hostile"
    measures: ClassVar = {"hostile_s": "nothing [s]"}

    @staticmethod
    def measure(clip, signal):
        import time
        time.sleep(float(os.environ.get("HOSTILE_S", "0")))
        names = os.environ.get("HOSTILE_IDS", "").split()
        for order, name in zip(("segfault", "kill", "leave", "fault", "hoard"), names):
            if clip.id == name:
                getattr(Hostile, order)()
        return {"hostile_s": 1.0}

    def segfault(): ctypes.string_at(0)
    def kill(): os.kill(os.getpid(), signal.SIGKILL)
    def leave(): os._exit(5)
    def fault(): 1 / 0
    def hoard(): return [bytearray(1 << 24) for _ in range(1 << 10)]
'''


@pytest.fixture
def hostile(tmp_path: Path) -> dict[str, str]:
    """Install a plug-in as pip would, and return the environment in which it is found."""
    site = tmp_path / "site"
    info = site / "ttsprep_hostile-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "ttsprep_hostile.py").write_text(PLUGIN, encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ttsprep-hostile\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[ttsprep.plugins]\nhostile = ttsprep_hostile\n", encoding="utf-8")
    return {"PYTHONPATH": str(site)}


@pytest.fixture
def reference(spoken_once: Path) -> Audit:
    return audited(spoken_once, jobs=1)


def command(corpus: Path, *more: object) -> list[str]:
    return [*COMMAND, *map(str, ("audit", corpus, "--out", out_of(corpus), *more))]


def start(corpus: Path, *more: object, **env: str) -> subprocess.Popen[str]:
    return interruptible(command(corpus, *more), encoding="utf-8", env=os.environ | env)


def wait_for(path: Path, pattern: str, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 60
    while not list(path.glob(pattern)) and process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    assert list(path.glob(pattern)), process.communicate()


def test_only_the_clips_that_kill_a_worker_are_lost(spoken: Path, hostile: dict[str, str], reference: Audit) -> None:
    guilty = ["demo-001", "demo-005", "demo-006", "demo-009", "demo-014"]
    env = hostile | {"HOSTILE_IDS": " ".join(guilty)}
    done = ttsprep("audit", spoken, "--out", out_of(spoken), "--jobs", 2, env=env)
    assert done.returncode == 1, done.stderr
    result = audited_tables(out_of(spoken))
    lost = result.clips[result.clips.status != "ok"].set_index("id")
    assert list(lost.index) == guilty
    assert set(lost.status) == {"decoder-crashed"}
    for name, reason in zip(guilty, ("SIGSEGV", "SIGKILL", "exit code 5", "ZeroDivisionError", "memory"), strict=True):
        assert reason in lost.status_reason[name]
    crashed = result.findings[result.findings.code == "decoder-crashed"]
    assert list(crashed["clip"]) == guilty
    others = [name for name in reference.clips.id if name not in guilty]
    columns = [name for name in reference.clips.columns if name != "fingerprint"]
    expected = reference.clips.set_index("id", drop=False).loc[others, columns]
    assert result.clips.set_index("id", drop=False).loc[others, columns].equals(expected)


@dataclass(frozen=True)
class Tables:
    clips: pd.DataFrame
    findings: pd.DataFrame


def audited_tables(out: Path) -> Tables:
    clips = frame(pq.read_table(out / "clips.parquet"))
    return Tables(clips, pq.read_table(out / "findings.parquet").to_pandas())


def test_a_crashed_clip_is_tried_again_and_measured(spoken: Path, hostile: dict[str, str]) -> None:
    arguments = ("audit", spoken, "--out", out_of(spoken), "--jobs", 1)
    ttsprep(*arguments, env=hostile | {"HOSTILE_IDS": "demo-003"})
    assert list(audited_tables(out_of(spoken)).clips.status).count("ok") == 13
    again = ttsprep(*arguments, env=hostile)
    assert "13 of 14 clips unchanged" in again.stderr
    assert set(audited_tables(out_of(spoken)).clips.status) == {"ok"}


@pytest.mark.slow
def test_killed_at_random_moments(spoken: Path, reference: Audit) -> None:
    """Five kills in a row, then a run to the end, three times over: the first kill meets an empty folder.

    A run that ended before it was killed is no kill: the next is given half the time, so that every machine gets there.
    """
    began = time.monotonic()
    assert ttsprep("audit", spoken, "--out", out_of(spoken), "--jobs", 2).returncode < 2
    whole_run = time.monotonic() - began
    expected, source = tables(out_of(spoken)), hashes(spoken)
    assert expected == tables(reference.out)
    chance = random.Random(4)
    for _ in range(3):
        shutil.rmtree(out_of(spoken))
        shares = sorted((chance.uniform(0.2, 1.0) for _ in range(5)), reverse=True)
        longest = whole_run
        while shares:
            process = start(spoken, "--jobs", 2)
            time.sleep(shares[-1] * longest)
            workers = below(process.pid)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            if process.returncode == -signal.SIGKILL:
                shares.pop()
            else:
                longest /= 2
            assert gone(workers)
        done = ttsprep("audit", spoken, "--out", out_of(spoken), "--jobs", 2)
        assert done.returncode < 2, done.stderr
        assert tables(out_of(spoken)) == expected
        assert leftovers(out_of(spoken)) == []
    assert hashes(spoken) == source


def test_what_was_measured_before_a_kill_is_not_measured_again(spoken: Path, hostile: dict[str, str]) -> None:
    lines = (spoken / "metadata.csv").read_text(encoding="utf-8")
    with (spoken / "metadata.csv").open("a", encoding="utf-8") as file:  # a second shard
        file.writelines(f"missing-{i}|Call me Ishmael.\n" for i in range(60))
        file.write(lines.replace("|", "|Well, "))
    out = out_of(spoken)
    process = start(spoken, "--jobs", 1, **hostile, HOSTILE_S="0.1")
    wait_for(out / ".journal", "measure/journal-*.arrow", process)
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert leftovers(out)
    again = ttsprep("audit", spoken, "--out", out, "--jobs", 1, env=hostile | {"HOSTILE_IDS": "demo-002"})
    assert again.returncode == 1, again.stderr
    assert leftovers(out) == []
    result = audited_tables(out)
    assert list(result.clips.status).count("ok") == 27
    # the second try would have died of both clips called demo-002, had it measured the first again
    assert set(result.clips.id[result.clips.status == "decoder-crashed"]) == {"demo-002~2"}


def test_a_journal_that_was_cut_off_anywhere_is_read_up_to_the_cut(spoken: Path, tmp_path: Path) -> None:
    import pyarrow as pa

    from ttsprep.core.tables import Journal

    schema = pa.schema([("n", pa.int64()), ("text", pa.string())])
    journal = Journal(tmp_path / "journal", schema)
    batches = [pa.record_batch([[i, i + 1], ["x" * i, "y"]], schema=schema) for i in range(5)]
    sizes = []
    for batch in batches:
        journal.append(batch)
        sizes.append((tmp_path / "journal" / "journal-0000.arrow").stat().st_size)
    journal.close()
    path = tmp_path / "journal" / "journal-0000.arrow"
    whole = path.read_bytes()
    for cut in range(0, len(whole), 7):
        path.write_bytes(whole[:cut])
        found = list(Journal(path.parent, schema).read())
        assert found == batches[: sum(cut >= size for size in sizes)]
    path.write_bytes(whole[: sizes[2]] + bytes(len(whole) - sizes[2]))  # zeros, as after a loss of power
    assert list(Journal(path.parent, schema).read()) == batches[:3]


@pytest.mark.slow
@pytest.mark.parametrize("size", [0, 100, 5_000])
def test_a_file_that_cannot_grow_is_a_full_disk_and_the_audit_goes_on_later(
    spoken: Path, reference: Audit, size: int
) -> None:
    done = ttsprep("audit", spoken, "--out", out_of(spoken), "--jobs", 1, most_bytes=size)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("ttsprep:")]
    assert "disk full" in line
    assert "same command" in line
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    again = ttsprep("audit", spoken, "--out", out_of(spoken), "--jobs", 1)
    assert again.returncode < 2, again.stderr
    assert tables(out_of(spoken)) == tables(reference.out)
    assert leftovers(out_of(spoken)) == []


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk takes root")
@pytest.mark.parametrize("kilobytes", [16, 120, 250])
def test_a_disk_that_is_really_full(spoken: Path, reference: Audit, tmp_path: Path, kilobytes: int) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        out = disk / "out"
        done = ttsprep("audit", spoken, "--out", out, "--jobs", 2)
        assert done.returncode == 2
        assert "disk full" in done.stderr
        assert not list(out.glob(".*.part"))
        assert subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=False).returncode == 0
        assert ttsprep("audit", spoken, "--out", out, "--jobs", 2).returncode < 2
        assert tables(out) == tables(reference.out)
        assert leftovers(out) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_second_audit_into_the_same_folder_is_refused(spoken: Path, hostile: dict[str, str]) -> None:
    first = start(spoken, "--jobs", 1, **hostile, HOSTILE_S="0.3")
    wait_for(out_of(spoken), ".ttsprep.lock", first)
    time.sleep(0.1)
    second = ttsprep("audit", spoken, "--out", out_of(spoken), "--jobs", 1)
    assert second.returncode == 2
    assert f"process {first.pid}" in second.stderr
    assert second.stdout == ""
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    assert ttsprep("audit", spoken, "--out", out_of(spoken), "--jobs", 1).returncode < 2


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c(spoken: Path, hostile: dict[str, str], times: int) -> None:
    process = start(spoken, "--jobs", 2, **hostile, HOSTILE_S="0.5")
    wait_for(out_of(spoken), ".ttsprep.lock", process)
    end = time.monotonic() + 30
    while len(workers := below(process.pid)) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    assert len(workers) >= 2
    for _ in range(times):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.005)
    out, errors = process.communicate(timeout=60)
    assert process.returncode in ({130} if times == 1 else {130, -signal.SIGINT})
    assert out == ""
    assert "Traceback" not in errors
    assert gone(workers)
    if times == 1:
        assert errors.splitlines()[-1] == "ttsprep: interrupted; run the same command to resume"
    assert not list(out_of(spoken).glob(".ttsprep.lock"))
    again = ttsprep("audit", spoken, "--out", out_of(spoken), "--jobs", 2)
    assert again.returncode < 2
    assert leftovers(out_of(spoken)) == []
