"""A folder for temporary files that is full stops nothing: what is made goes to the output, or stays in memory."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from commands import ttsprep

from faults.house import results

FULL = """
mount -t tmpfs -o size=16k,nr_inodes=8 none "$TMPDIR" || exit 99
cat /dev/zero > "$TMPDIR/full" 2>/dev/null
exec "$@"
"""
ALONE = ("unshare", "--mount", "sh", "-c", FULL, "sh")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], check=False).returncode != 0,
        reason="only root mounts a full disk",
    ),
]


@pytest.fixture
def full(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "empty").mkdir()
    return {"prefix": ALONE, "env": {"TMPDIR": str(tmp_path / "tmp")}, "cwd": tmp_path / "empty"}


def test_a_full_folder_for_temporary_files_stops_nothing(few_once: Path, tmp_path: Path, full: dict[str, Any]) -> None:
    pytest.importorskip("torch")
    commands: dict[str, tuple[object, ...]] = {
        "audit": (few_once,),
        "build": ("--source", few_once),
        "encode": (few_once, "--beam", 1),
        "decode": (tmp_path / "encode",),
    }
    for command, words in commands.items():
        done = ttsprep(command, *words, "--out", tmp_path / command, "--jobs", 1, **full)
        assert done.returncode in {0, 1}, done.stderr
        assert "Errno" not in done.stderr
        plain = ttsprep(command, *words, "--out", tmp_path / f"plain {command}", "--jobs", 1)
        assert plain.returncode == done.returncode
        assert results(tmp_path / command) == results(tmp_path / f"plain {command}")
    assert list((tmp_path / "empty").iterdir()) == []
