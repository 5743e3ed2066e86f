"""``ttsprep encode`` and ``decode``: what they print, and how they go on after a kill and a full disk."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commands import COMMAND, ttsprep

from codec.encoding import CLIPS, encoded, rows, shards
from ttsprep.cli.main import main


@pytest.mark.slow
def test_a_killed_run_goes_on(few_once: Path, reference: Path, tmp_path: Path) -> None:
    out = tmp_path / "codes"
    words = [*COMMAND, "encode", str(few_once), "--out", str(out), "--beam", "1", "--jobs", "1"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    journal = out / ".journal" / "encode" / "journal-0000.arrow"
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if journal.is_file() and journal.stat().st_size > 1000:
            break
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done = ttsprep("encode", few_once, "--out", out, "--beam", 1, "--jobs", 2, "--json")
    assert done.returncode == 0, done.stderr
    assert shards(out) == shards(reference)
    assert not (out / ".journal").exists()


@pytest.mark.slow
def test_a_full_disk_is_named_and_the_run_goes_on_when_there_is_room(
    few_once: Path, reference: Path, tmp_path: Path
) -> None:
    out = tmp_path / "codes"
    done = ttsprep("encode", few_once, "--out", out, "--beam", 1, "--jobs", 1, most_bytes=4_000)
    assert done.returncode == 2
    assert "disk full" in done.stderr and "Traceback" not in done.stderr
    assert not list(out.glob("codes-*"))
    encoded(few_once, out)
    assert shards(out) == shards(reference)


@pytest.mark.slow
def test_the_commands(
    few_once: Path, reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In this process, as torch takes seconds to load; the runs that are killed or starved have one of their own."""

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ttsprep", *words])
        code = main()
        said = capsys.readouterr()
        return code, " ".join(said.out.split()), said.err

    build = tmp_path / "build" / "one"
    shutil.copytree(few_once, build)
    (build / "build.json").write_text("{}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    code, out, _ = run("encode", "--beam", "1", "--dry-run")
    assert (code, "would encode 5 clips" in out) == (0, True)
    assert not (tmp_path / "codes").exists()
    code, out, progress = run("encode", "--codec", "nano16", "--beam", "1", "--verify")
    assert code == 0 and "real time" in progress
    assert "5 have the same codes alone, 5 in one batch" in out and "log-mel" in out
    assert rows(tmp_path / "codes") == rows(reference)
    code, out, _ = run("encode", "--beam", "1", "--json")
    assert code == 0 and json.loads(out)["coded"] == 0
    code, out, _ = run("decode", "codes", "--json")
    assert code == 0 and json.loads(out)["clips"] == CLIPS
    code, out, error = run("encode", "--codec", "missing.pt")
    assert (code, out, error) == (2, "", "ttsprep: missing.pt: no such file\n")
    code, out, error = run("decode", "build")
    assert code == 2 and "holds no codes" in error


def test_without_torch_one_line_says_what_to_install(few_once: Path, tmp_path: Path) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("raise ModuleNotFoundError(name='torch')\n", encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = ttsprep("encode", few_once, "--out", tmp_path / "codes", env={"PYTHONPATH": path})
    assert done.returncode == 2
    assert done.stderr == "ttsprep: the codec needs torch: pip install 'ttsprep[codec]'\n"
