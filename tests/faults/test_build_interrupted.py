"""Builds that are killed, stopped, starved of disk, or started twice: the same command comes to the same end."""

import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from commands import COMMAND, Done, ttsprep

from faults.children import below, gone, interruptible
from faults.house import hashes

KILLED = -signal.SIGKILL
RECIPE = 'export = ["ljspeech", "parquet"]\n[split]\nvalid = 0.3\ntest = 0.3\n'
OTHER = 'export = ["webdataset"]\n[split]\nseed = 5\n'


class House:
    """A small corpus, two recipes, and the build of each that nothing interrupted."""

    def __init__(self, folder: Path, spoken: Path) -> None:
        self.folder, self.corpus = folder, folder / "corpus"
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
        self.expected = {}
        for name in self.recipes:
            out = folder / name / "out"
            began = time.monotonic()
            done = self.build(out, name)
            self.seconds = time.monotonic() - began
            assert done.returncode == 0, done.stderr
            self.expected[name] = everything(out)

    def arguments(self, out: Path, recipe: str = "first") -> list[object]:
        return ["build", "--source", self.corpus, "--out", out, "--recipe", self.recipes[recipe], "--jobs", 1]

    def build(self, out: Path, recipe: str = "first", **order: Any) -> Done:
        done = ttsprep(*self.arguments(out, recipe), **order)
        assert "Traceback" not in done.stderr
        assert "internal error" not in done.stderr
        return done

    def finish(self, out: Path, recipe: str = "first") -> None:
        """Give the command once more, without a fault, and see that no trace of any is left."""
        done = self.build(out, recipe)
        assert done.returncode == 0, done.stderr
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
def house(spoken_once: Path, tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(tmp_path_factory.mktemp("house"), spoken_once)


@pytest.mark.slow
def test_killed_at_fifty_moments(house: House, tmp_path: Path) -> None:
    """First at any time of a whole build, then before any change of a file while exports and tables are written."""
    chance, out, kills = random.Random(7), tmp_path / "out", 0
    before = hashes(house.corpus)
    while kills < 12:
        done = house.build(out, seconds=chance.uniform(0.0, 0.9) * house.seconds)
        if done.returncode == KILLED:
            kills += 1
        else:
            house.finish(out)
            shutil.rmtree(out)
    house.finish(out)
    changes = house.build(out, "second").changes
    assert changes > 60
    house.finish(out, "second")
    turn = 0
    while kills < 50:  # the one recipe over what is left of the other
        turn += 1
        done = house.build(out, ("first", "second")[turn % 2], kill_at=chance.randint(1, changes))
        assert done.returncode in {KILLED, 0}, done.stderr
        if done.returncode == KILLED:
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
        assert house.build(out, kill_at=change).returncode == KILLED
    assert "did not write" not in house.build(out, kill_at=16).stderr


def test_a_full_disk_is_said_and_the_build_goes_on_later(house: House, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for size in (0, 300, 4_000):
        done = house.build(out, most_bytes=size)
        assert done.returncode == 2, size
        (line,) = [line for line in done.stderr.splitlines() if line.startswith("ttsprep:")]
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
            assert done.returncode == 2
            assert "disk full" in done.stderr
            assert not list(disk.rglob("*.part"))
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        house.finish(disk / "out")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_second_build_is_refused_and_ctrl_c_leaves_no_orphans(house: House, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = interruptible([*COMMAND, *house.arguments(out)], encoding="utf-8")
    end = time.monotonic() + 60
    while not list(out.glob("source/.ttsprep.lock")):
        assert first.poll() is None, first.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)
    second = house.build(out)
    assert second.returncode == 2
    assert second.stderr.count("\n") == 1
    assert f"in use by process {first.pid}:" in second.stderr
    while not (workers := below(first.pid)):
        assert first.poll() is None, first.communicate()
        time.sleep(0.01)
    os.killpg(first.pid, signal.SIGINT)
    stdout, stderr = first.communicate(timeout=60)
    assert (first.returncode, stdout) == (130, "")
    assert stderr.endswith("ttsprep: interrupted; run the same command to resume\n")
    assert gone(workers)
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
