"""An audit to review, and the server as a person starts it."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ttsprep.audit.config import AuditConfig
from ttsprep.audit.pipeline import audit


@pytest.fixture(scope="session")
def audited_once(spoken_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An audit of the spoken corpus."""
    out = tmp_path_factory.mktemp("review") / "spoken.audit"
    audit(spoken_once, out, AuditConfig(), jobs=1)
    return out


@pytest.fixture
def audited(audited_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(audited_once, tmp_path / "spoken.audit"))


class Review:
    """``ttsprep review`` in a process of its own."""

    def __init__(self, *arguments: object) -> None:
        self._command = [sys.executable, "-m", "ttsprep", "review", *map(str, arguments)]
        self.start()

    def start(self) -> None:
        """Start it, and wait for the address."""
        self.process = subprocess.Popen(
            self._command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http://127.0.0.1:"), self.process.stderr.read()

    def kill(self) -> None:
        """Kill it without a warning."""
        self.process.kill()
        self.process.communicate()

    def stop(self) -> str:
        """End it as a person does, and return what it says."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.communicate(timeout=30)[1]


@pytest.fixture
def review() -> Iterator[Callable[..., Review]]:
    """Start a review; it ends with the test."""
    started: list[Review] = []

    def start(*arguments: object) -> Review:
        started.append(Review(*arguments))
        return started[-1]

    yield start
    for one in started:
        one.stop()
