"""The process that imports the work once and forks workers from it, started and spoken to by `run`."""

import os
import pickle
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from types import TracebackType
from typing import Self

from ttsprep.errors import TtsprepError
from ttsprep.worker import ANSWER, BOOT, COMMAND, unpack

_ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}


class Nursery:
    """The process that forks workers, seen from `run`."""

    def __init__(self, work: object, memory_bytes: int | None) -> None:
        self._temporary = tempfile.mkdtemp(prefix="ttsprep-")  # of the workers; both sides remove it
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed in `close`)
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 (our own interpreter)
                [sys.executable, "-P", "-c", BOOT, *sys.path],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                env={**os.environ, **_ONE_THREAD, "TMPDIR": self._temporary},
                start_new_session=True,  # a Ctrl-C is for the parent alone
            )
        try:
            self._load(pickle.dumps((work, memory_bytes), pickle.HIGHEST_PROTOCOL))
        except BaseException:
            self._process.kill()  # it may be in the middle of a long import, and has no workers yet
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the nursery, which ends the workers."""
        self._control.close()
        try:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=5)
        finally:
            self._process.kill()
            self._process.wait()
            self._errors.close()
            shutil.rmtree(self._temporary, ignore_errors=True)

    def fork(self) -> tuple[int, socket.socket]:
        """Return the process id of a new worker, and the socket to it."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self._control, [COMMAND.pack(b"f", 0)], [theirs.fileno()])
            except OSError:
                ours.close()
                raise self._lost() from None
        return self._answer(), ours

    def wait(self, pid: int) -> int:
        """Return the wait status of a worker that has ended."""
        with suppress(OSError):
            self._control.sendall(COMMAND.pack(b"w", pid))
        return self._answer()

    def _load(self, work: bytes) -> None:
        buffer = bytearray()
        answers: list[str | None] = []
        with suppress(OSError):
            self._control.sendall(work)
            while not answers:
                data = self._control.recv(1 << 16)
                if not data:
                    break
                buffer += data
                answers = unpack(buffer)
        if not answers:
            raise self._lost()
        if answers[0] is not None:
            raise TtsprepError(f"the workers could not start: {answers[0]}")

    def _answer(self) -> int:
        answer = b""
        with suppress(OSError):
            answer = self._control.recv(ANSWER.size, socket.MSG_WAITALL)
        if len(answer) < ANSWER.size:
            raise self._lost()
        return int(ANSWER.unpack(answer)[0])

    def _lost(self) -> TtsprepError:
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip().splitlines()
        return TtsprepError(
            f"the process that starts the workers has ended ({said[-1] if said else 'killed?'}): "
            "give the same command again; what is finished stays"
        )
