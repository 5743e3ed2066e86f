"""Builds that are killed, stopped, starved of disk, or started twice: the same command goes on and comes out the same.

The commands run in processes that one server forks, so that fifty of them do not import everything fifty times.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faults.children import interruptible
from faults.house import COMMAND, hashes, ttsprep

SERVER = """
import json, os, resource, signal, sys, time
import numpy, pandas, pyarrow.parquet, soundfile
import ttsprep.build.pipeline, ttsprep.cli.main, ttsprep.cli.build, ttsprep.cli.console, ttsprep.report.page
from ttsprep.corpora.exports.base import all_exports
from ttsprep.build.stages.base import all_stages
all_exports(), all_stages()

CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.truncate", "shutil.rmtree"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT

def child(order):
    os.setsid()
    os.dup2(order["said"], 1), os.dup2(order["said"], 2)  # a pipe: no limit on files holds for it
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
    if order.get("most_bytes") is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["most_bytes"],) * 2)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    seen = 0

    def note(event, arguments):
        nonlocal seen
        if event in CHANGES or (event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING):
            seen += 1
            if seen == order.get("change"):
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(note)
    sys.argv = ["ttsprep", *order["arguments"]]
    code = ttsprep.cli.main.main()
    sys.stdout.flush(), sys.stderr.flush()
    os.write(order["count"], seen.to_bytes(4, "little"))
    os._exit(code)

for line in sys.stdin:
    order = json.loads(line)
    ours, order["count"] = os.pipe()
    hears, order["said"] = os.pipe()
    began = time.monotonic()
    pid = os.fork()
    if not pid:
        child(order)
    os.close(order["count"]), os.close(order["said"])
    end = began + order.get("seconds", 1e9)
    while not (done := os.waitpid(pid, os.WNOHANG))[0]:
        if time.monotonic() >= end:
            os.kill(pid, signal.SIGKILL)
            end = 1e18
        time.sleep(0.005)
    changes = int.from_bytes(os.read(ours, 4), "little")
    os.close(ours)
    with open(hears, encoding="utf-8") as stream:
        said = stream.read()
    answer = {"code": os.waitstatus_to_exitcode(done[1]), "changes": changes, "said": said}
    answer["seconds"] = time.monotonic() - began
    print(json.dumps(answer), flush=True)
"""
KILLED = -signal.SIGKILL
RECIPE = 'export = ["ljspeech", "parquet"]\n[split]\nvalid = 0.3\ntest = 0.3\n'
OTHER = 'export = ["webdataset"]\n[split]\nseed = 5\n'


class Server:
    """Runs ``ttsprep`` in forked processes."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )

    def __call__(self, *arguments: object, **order: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order["arguments"] = list(map(str, arguments))
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert "Traceback" not in answer["said"]
        assert "a fault in ttsprep" not in answer["said"]
        return answer

    def close(self) -> None:
        self._process.communicate()


class House:
    """A small corpus, two recipes, and the build of each that nothing interrupted."""

    def __init__(self, folder: Path, spoken: Path, server: Server) -> None:
        self.folder, self.corpus, self.server = folder, folder / "corpus", server
        (self.corpus / "wavs").mkdir(parents=True)
        lines = sorted((spoken / "metadata.csv").read_text(encoding="utf-8").splitlines(), key=len)[:3]
        lines.append("gone|Nobody has recorded this.")
        (self.corpus / "metadata.csv").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        for line in lines[:3]:
            name = f"{line.split('|')[0]}.wav"
            shutil.copyfile(spoken / "wavs" / name, self.corpus / "wavs" / name)
        self.recipes = {name: folder / f"{name}.toml" for name in ("first", "second")}
        self.recipes["first"].write_text(RECIPE, encoding="utf-8")
        self.recipes["second"].write_text(OTHER, encoding="utf-8")
        self.expected, self.done = {}, {}
        for name in self.recipes:
            out = folder / name / "out"
            self.done[name] = self.build(out, name)
            assert self.done[name]["code"] == 0, self.done[name]["said"]
            self.expected[name] = everything(out)

    def arguments(self, out: Path, recipe: str = "first") -> list[object]:
        return ["build", "--source", self.corpus, "--out", out, "--recipe", self.recipes[recipe], "--jobs", 1]

    def build(self, out: Path, recipe: str = "first", **order: Any) -> dict[str, Any]:
        return self.server(*self.arguments(out, recipe), **order)

    def finish(self, out: Path, recipe: str = "first") -> None:
        """Give the command once more, without a fault, and see that no trace of any is left."""
        done = self.build(out, recipe)
        assert done["code"] == 0, done["said"]
        found = everything(out)
        assert sorted(found) == sorted(self.expected[recipe])
        assert {name for name in found if found[name] != self.expected[recipe][name]} == set()


def everything(out: Path) -> dict[str, bytes]:
    """Return every file of a build; of hidden ones, which are of this machine, only the name."""
    return {
        str(path.relative_to(out)): b"" if path.name.startswith(".") else path.read_bytes()
        for path in out.rglob("*")
        if not path.is_dir()
    }


@pytest.fixture(scope="module")
def house(spoken_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    server = Server()
    try:
        yield House(folder, spoken_once, server)
    finally:
        server.close()


@pytest.mark.slow
def test_killed_at_fifty_moments(house: House, tmp_path: Path) -> None:
    """First at any time of a whole build, then before any change of a file while exports and tables are written."""
    chance, out, kills = random.Random(7), tmp_path / "out", 0
    before = hashes(house.corpus)
    while kills < 12:
        done = house.build(out, seconds=chance.uniform(0.0, 0.9) * house.done["first"]["seconds"])
        if done["code"] == KILLED:
            kills += 1
        else:
            house.finish(out)
            shutil.rmtree(out)
    house.finish(out)
    changes = house.build(out, "second")["changes"]
    assert changes > 60
    house.finish(out, "second")
    turn = 0
    while kills < 50:  # the one recipe over what is left of the other
        turn += 1
        done = house.build(out, ("first", "second")[turn % 2], change=chance.randint(1, changes))
        assert done["code"] in {KILLED, 0}, done["said"]
        if done["code"] == KILLED:
            kills += 1
            if kills % 13 == 0:
                house.finish(out, "first")
    house.finish(out, "second")
    house.finish(out, "first")
    assert hashes(house.corpus) == before


def test_killed_as_it_begins(house: House, tmp_path: Path) -> None:
    """The folder is not yet marked as ours, and yet must not be taken for somebody else's."""
    out = tmp_path / "out"
    for change in range(1, 16):
        assert house.build(out, change=change)["code"] == KILLED
    assert "did not write" not in house.build(out, change=16)["said"]


def test_a_full_disk_is_said_and_the_build_goes_on_later(house: House, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for size in (0, 300, 4_000):
        done = house.build(out, most_bytes=size)
        assert done["code"] == 2, size
        (line,) = [line for line in done["said"].splitlines() if line.startswith("ttsprep:")]
        assert "disk full" in line
        assert "same command" in line
        assert not list(out.rglob("*.part"))
        assert not (out / "build.json").exists()
    house.finish(out)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk takes root")
def test_a_disk_that_is_really_full(house: House, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    needed = sum({p.stat().st_ino: p.stat().st_blocks for p in (house.folder / "first").rglob("*")}.values()) // 2
    mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(disk)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        for share in (0.05, 0.4, 0.8):
            size = f"remount,size={round(needed * share)}k"
            subprocess.run(["mount", "-o", size, str(disk)], check=True)
            done = house.build(disk / "out")
            assert done["code"] == 2
            assert "disk full" in done["said"]
            assert not list(disk.rglob("*.part"))
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        house.finish(disk / "out")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def below(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, check=False)
    children = [int(word) for word in listed.stdout.split()]
    return children + [other for child in children for other in below(child)]


def test_a_second_build_is_refused_and_ctrl_c_leaves_no_orphans(house: House, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = interruptible([*COMMAND, *house.arguments(out)], encoding="utf-8")
    end = time.monotonic() + 60
    while not list(out.glob("source/.ttsprep.lock")):
        assert first.poll() is None, first.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)
    second = house.build(out)
    assert second["code"] == 2
    assert second["said"].count("\n") == 1
    assert f"in use by process {first.pid}:" in second["said"]
    while not (workers := below(first.pid)):
        assert first.poll() is None, first.communicate()
        time.sleep(0.01)
    os.killpg(first.pid, signal.SIGINT)
    stdout, stderr = first.communicate(timeout=60)
    assert (first.returncode, stdout) == (130, "")
    assert stderr.endswith("ttsprep: interrupted; run the same command to resume\n")
    end = time.monotonic() + 10
    while any(map(alive, workers)) and time.monotonic() < end:
        time.sleep(0.02)
    assert not any(map(alive, workers))
    house.finish(out)


def test_surroundings_change_nothing_and_the_source_is_only_read(house: House, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for path in [house.corpus, *house.corpus.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = hashes(house.corpus)
    odd = {"LC_ALL": "C", "LANG": "C", "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "77", "HOME": "/nowhere"}
    done = ttsprep(*house.arguments(out)[:-1], 3, env=odd)
    try:
        assert done.returncode == 0, done.stderr
        assert hashes(house.corpus) == before
        assert everything(out) == house.expected["first"]
    finally:
        for path in [house.corpus, *house.corpus.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
