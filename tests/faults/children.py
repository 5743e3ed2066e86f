"""Processes that a test interrupts. It imports nothing heavy: workers of some tests import it as well."""

import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def interruptible(command: Sequence[object], **options: Any) -> subprocess.Popen[Any]:
    """Start a process, at the head of a group of its own, that SIGINT interrupts.

    Under ``nohup``, in the background of a shell and under many CI runners SIGINT is ignored; children inherit that,
    and Python then leaves it so. A handler of ours is no handler of theirs: they begin with the default.
    """
    ours = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [str(part) for part in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            **options,
        )
    finally:
        signal.signal(signal.SIGINT, ours)


def alive(pid: int) -> bool:
    """Say whether a process is there, and neither dead nor a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone(pids: Sequence[int]) -> bool:
    """Wait until all these processes have ended, for half a minute at most."""
    end = time.monotonic() + 30
    while any(map(alive, pids)) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(map(alive, pids))


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in listed.stdout.split() if alive(int(word))]


def below(pid: int) -> list[int]:
    """Return all processes below a process, also those in sessions of their own."""
    return [one for child in children_of(pid) for one in (child, *below(child))]
