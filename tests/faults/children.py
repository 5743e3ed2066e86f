"""Processes that a test interrupts. It imports nothing heavy: workers of some tests import it as well."""

import signal
import subprocess
from collections.abc import Sequence
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
