"""Every command in README is run, in the order of the page."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ttsprep
from ttsprep.audit.defects.demo import make
from ttsprep.audit.defects.demo_sentences import SENTENCES

ROOT = Path(__file__).parents[1]
SHIPPED = Path(ttsprep.__file__).parent / "codec" / "weights" / "nano16.pt"
LINES = [
    re.split(r"\s+# ", line)[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    for line in block.splitlines()
]
ELSEWHERE = {"make demo", "make test", "pip install .", "pip install '.[codec]'"}  # .ci/run does these
COMMANDS = [line for line in LINES if line not in ELSEWHERE]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with ./corpus, ./LJSpeech-1.1, ./sentences.txt, ./checkpoint.pt and the command ttsprep."""
    folder = tmp_path_factory.mktemp("readme")
    make(folder / "corpus", SENTENCES[:40], planted=("hum",))
    make(folder / "LJSpeech-1.1", SENTENCES[:12], planted=())
    shutil.copyfile(SHIPPED, folder / "checkpoint.pt")
    (folder / "sentences.txt").write_text("\n".join(SENTENCES[40:]), encoding="utf-8")
    command = folder / "bin" / "ttsprep"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ttsprep "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return folder


def test_the_page_has_the_commands_we_think() -> None:
    assert set(LINES) >= ELSEWHERE
    assert {command.split()[0] for command in COMMANDS} == {"ttsprep"}


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_it_runs(command: str, folder: Path) -> None:
    if "selftest" in command:
        command += " --select hum --clips 3"  # all defects take minutes
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=os.environ | {"PATH": path},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    finds = "--fail-on warning" in command or "selftest" in command
    assert done.returncode in ({0, 1} if finds else {0}), done.stderr
    assert "fault in ttsprep" not in done.stderr
    if ">" not in command:
        assert done.stdout


def test_make_knows_its_targets() -> None:
    for target in ("demo", "test", "docs", "bench", "clean"):
        done = subprocess.run(
            ["make", "--dry-run", "--silent", target], cwd=ROOT, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, done.stderr
