"""Fork server: imports a step once and forks workers from it; the next step of the same run needs few imports more."""

import ctypes
import gc
import os
import pickle
import resource
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from ttsprep.core.errors import AudioError, TtsprepError
from ttsprep.core.files import memory_file

_ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}


class ForkServer:
    """The process that forks workers, as `ttsprep.core.workers.pool` sees it."""

    def __init__(self, work: object, memory_bytes: int | None) -> None:
        self._errors = memory_file("errors")
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 (our own interpreter)
                [sys.executable, "-P", "-c", BOOT, *sys.path],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                env={**os.environ, **_ONE_THREAD},
                start_new_session=True,  # a Ctrl-C is for the parent alone
            )
        self.load(work, memory_bytes)

    def load(self, work: object, memory_bytes: int | None) -> None:
        """Import what `work` needs and set it up; it replaces that of before, whose workers have been `dismiss`ed."""
        message = work, memory_bytes, {**os.environ, **_ONE_THREAD}
        try:
            self._load(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))
        except BaseException:
            self._process.kill()  # it may be in the middle of a long import, and has no workers yet
            self.close()
            raise

    def dismiss(self) -> bool:
        """End the workers; return False if the fork server cannot be used again."""
        self._control.settimeout(5)  # a worker stuck in a read from a dead disk does not end
        try:
            self._control.sendall(COMMAND.pack(b"d", 0))
            self._answer()
        except (OSError, TtsprepError):
            return False
        self._control.settimeout(None)
        return True

    def close(self) -> None:
        """End the fork server, which ends the workers."""
        self._control.close()
        try:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=5)
        finally:
            self._process.kill()
            self._process.wait()
            self._errors.close()

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
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return TtsprepError(
            f"the process that starts the workers has ended ({lines[-1] if lines else 'killed?'}): "
            "give the same command again; what is finished stays"
        )


_idle: ContextVar[dict[object, ForkServer] | None] = ContextVar("_idle", default=None)


@contextmanager
def reused_servers() -> Iterator[None]:
    """Keep fork servers for the next step while this context, or one around it, is open."""
    if _idle.get() is not None:
        yield
        return
    servers: dict[object, ForkServer] = {}
    token = _idle.set(servers)
    try:
        yield
    finally:
        _idle.reset(token)
        for server in servers.values():
            server.close()


@contextmanager
def fork_server(work: object, memory_bytes: int | None) -> Iterator[ForkServer]:
    """Give a fork server for `work`: one that is kept, if all around it is as it was, or a new one.

    Steps of another limit of memory never share one: what their imports take counts.
    """
    here = Path().stat()
    kind = memory_bytes, *sys.path, here.st_dev, here.st_ino
    servers = _idle.get()
    server = servers.pop(kind, None) if servers else None
    if server:
        server.load(work, memory_bytes)
    else:
        server = ForkServer(work, memory_bytes)
    kept = False
    try:
        yield server
        kept = servers is not None and servers is _idle.get() and server.dismiss()
    finally:
        if servers is not None and kept:
            servers[kind] = server
        else:
            server.close()


OUT_OF_MEMORY = 77
"""Exit code of a worker that reached its memory limit."""
HEADER = struct.Struct("=I")
COMMAND = struct.Struct("=ci")  # b"f" fork (a socket comes with it), b"w" wait for a process, b"d" dismiss all
ANSWER = struct.Struct("=i")
BOOT = "import sys; sys.path[:] = sys.argv[1:]; from ttsprep.core.workers.forkserver import serve; serve()"


def _pack(message: object) -> bytes:
    """Return `message` as it travels: its length, then its pickle."""
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return HEADER.pack(len(body)) + body


def unpack(buffer: bytearray) -> list[Any]:
    """Remove the complete messages from `buffer` and return them."""
    messages, at = [], 0
    while at + HEADER.size <= len(buffer):
        end = at + HEADER.size + HEADER.unpack_from(buffer, at)[0]
        if end > len(buffer):
            break
        messages.append(pickle.loads(memoryview(buffer)[at + HEADER.size : end]))  # noqa: S301 (our own process)
        at = end
    del buffer[:at]
    return messages


def serve() -> None:
    """Serve the control socket on standard input until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=os.dup(0))
    children: set[int] = set()
    try:
        work, memory = _load(control)
        with suppress(EOFError, ConnectionError):
            _serve_commands(control, work, memory, children)
    finally:
        _end(children)
    os._exit(0)  # skip interpreter shutdown: process exit frees everything


def _end(children: set[int]) -> None:
    for child in children:  # none of them is reaped yet, so no other process can have its number
        os.kill(child, signal.SIGKILL)
    while children:
        os.waitpid(children.pop(), 0)


def _load(control: socket.socket) -> tuple[Any, int | None]:
    """Unpickle the work, set it up, and report success or the error."""
    try:
        with control.makefile("rb") as stream:
            work, memory, environment = pickle.load(stream)  # noqa: S301 (from the process that started us)
            os.environ.clear()
            os.environ.update(environment)
            work.setup()
    except EOFError:
        os._exit(0)
    except Exception as error:
        control.sendall(_pack(f"{type(error).__name__}: {error}"))
        raise SystemExit(1) from None
    gc.collect()
    gc.freeze()  # a collection in a worker would otherwise write to, and so copy, every shared page
    control.sendall(_pack(None))
    return work, memory


def _serve_commands(control: socket.socket, work: Any, memory: int | None, children: set[int]) -> None:
    while True:
        command, descriptors, _, _ = socket.recv_fds(control, COMMAND.size, 1)
        if len(command) < COMMAND.size:
            return
        kind, child = COMMAND.unpack(command)
        if kind == b"w":
            _, status = os.waitpid(child, 0)
            children.discard(child)
            control.sendall(ANSWER.pack(status))
            continue
        if kind == b"d":
            _end(children)
            control.sendall(ANSWER.pack(0))
            work = None
            gc.unfreeze()
            work, memory = _load(control)
            continue
        child = os.fork()
        if child == 0:
            try:
                control.close()
                _confine(memory)
                _work(work, socket.socket(fileno=descriptors[0]))
            finally:
                os._exit(1)
        children.add(child)
        os.close(descriptors[0])
        control.sendall(ANSWER.pack(child))


def _confine(memory: int | None) -> None:
    """Silence stdio, limit memory, die with the parent, raise oom_score."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: the fork server itself may be killed
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("800", encoding="ascii")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # decoders print warnings; standard output belongs to the result
        os.dup2(nowhere, stream)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory is not None:
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        soft = memory if most == resource.RLIM_INFINITY else min(memory, most)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, most))


def _work(work: Any, channel: socket.socket) -> None:
    """Run one task after another, sending the rows of each batch as soon as they exist.

    The parent knows from the rows it has which batch is in progress, so nothing is announced.
    """
    stream = channel.makefile("rb")
    try:
        while True:
            items = pickle.load(stream)  # noqa: S301 (from the process that started us)
            try:
                work.setup_batch(items)
            except Exception as error:
                channel.sendall(_failure(error))
                continue
            channel.sendall(_pack(("ready", None)))
            for start in range(0, len(items), work.batch):
                try:
                    message = _pack(("rows", work.rows(items[start : start + work.batch])))
                except Exception as error:
                    message = _failure(error)
                channel.sendall(message)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except (EOFError, ConnectionError):
        os._exit(0)


def _failure(error: Exception) -> bytes:
    """Report that a batch failed, or, for an error of the whole run, that the run must stop."""
    if isinstance(error, MemoryError):
        raise error
    if isinstance(error, TtsprepError) and not isinstance(error, AudioError):
        return _pack(("stop", (type(error), str(error))))
    return _pack(("failed", f"{type(error).__name__}: {error}"))
