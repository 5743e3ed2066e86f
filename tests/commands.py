"""``ttsprep`` in processes of its own, forked from one that has imported everything.

An interpreter takes a second to import what a command needs, and four with torch: longer than most of what is tested.
What depends on how an interpreter starts (``PYTHONPATH``, locales, limits) gets one: then `ttsprep` starts it.
"""

import atexit
import functools
import importlib
import json
import mmap
import os
import pkgutil
import resource
import selectors
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "ttsprep"]
_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.truncate", "shutil.rmtree"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_AT_START = ("PYTHON", "LC_", "LANG", "TZ", "OMP_", "LD_")
"""How variables begin that are read once, when an interpreter or a library starts."""


@dataclass(frozen=True)
class Done:
    """How a command ended, what it said, and how often it changed a folder or opened a file to write."""

    returncode: int
    stdout: str
    stderr: str
    changes: int = 0


def ttsprep(
    *arguments: object,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    prefix: tuple[str, ...] = (),
    **options: Any,
) -> Done:
    """Run the command line to its end.

    Parameters
    ----------
    arguments
        Words behind ``ttsprep``.
    cwd
        Where it works.
    env
        Added to the environment.
    prefix
        A command that starts it.
    options
        Of `subprocess.run`, for an interpreter of its own; or of `_Order`.
    """
    words, env = [str(argument) for argument in arguments], env or {}
    if prefix or options.keys() - _Order.__annotations__.keys() or any(name.startswith(_AT_START) for name in env):
        done = subprocess.run(
            [*prefix, *COMMAND, *words],
            capture_output=True, encoding="utf-8", check=False, timeout=300, cwd=cwd, env=os.environ | env, **options,
        )  # fmt: skip
        return Done(done.returncode, done.stdout, done.stderr)
    return _server().run(_Order(words, str(cwd or Path.cwd()), os.environ | env, **options))


@dataclass(frozen=True)
class _Order:
    """A command, and what befalls it.

    Attributes
    ----------
    words, cwd, env
        What is run, and where.
    seconds
        It is killed after so many.
    kill_at
        It is killed before it changes a folder, or opens a file to write, for this time.
    kill_in
        Only changes of paths that contain this count.
    most_bytes
        No file may become larger.
    """

    words: list[str]
    cwd: str
    env: dict[str, str]
    seconds: float = float("inf")
    kill_at: int = 0
    kill_in: str = ""
    most_bytes: int | None = None


class _Server:
    """The process that has imported everything, as tests see it."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            script = f"import sys; sys.path[:] = {sys.path!r}; from commands import serve; serve()"
            self._process = subprocess.Popen([sys.executable, "-c", script], stdin=theirs, start_new_session=True)

    def close(self) -> None:
        self._control.close()
        self._process.wait()

    def run(self, order: _Order) -> Done:
        (out, their_out), (err, their_err) = os.pipe(), os.pipe()
        message = json.dumps([order.words, order.cwd, order.env, order.kill_at, order.kill_in, order.most_bytes])
        socket.send_fds(self._control, [message.encode()], [their_out, their_err])
        os.close(their_out), os.close(their_err)
        pid = json.loads(self._control.recv(100))
        stdout, stderr = self._read(out, err, pid, order.seconds)
        self._control.send(b"wait")
        code, changes = json.loads(self._control.recv(100))
        return Done(code, stdout, stderr, changes)

    @staticmethod
    def _read(out: int, err: int, pid: int, seconds: float) -> tuple[str, str]:
        """Read two pipes to their ends; a process that takes longer is killed."""
        content: dict[int, bytes] = {out: b"", err: b""}
        end, killed = time.monotonic() + min(seconds, 300), False
        with selectors.DefaultSelector() as selector:
            for pipe in content:
                selector.register(pipe, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(max(0.0, end - time.monotonic()))
                if not ready:
                    assert seconds < 300 and not killed, "a command does not end"
                    killed = True
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                    end = time.monotonic() + 300
                for key, _ in ready:
                    piece = os.read(key.fd, 1 << 16)
                    content[key.fd] += piece
                    if not piece:
                        selector.unregister(key.fd)
                        os.close(key.fd)
        return content[out].decode(), content[err].decode()


@functools.cache
def _server() -> _Server:
    server = _Server()
    atexit.register(server.close)
    return server


def serve() -> None:
    """Fork commands until the other side of standard input closes."""
    control = socket.socket(fileno=os.dup(0))
    _import_all()
    while True:
        message, pipes, _, _ = socket.recv_fds(control, 1 << 20, 2)
        if not message:
            return
        words, cwd, env, kill_at, kill_in, most_bytes = json.loads(message)
        if words[:1] in (["encode"], ["decode"], ["codec"]):
            _import_codec()
        changes = mmap.mmap(-1, 4)
        pid = os.fork()
        if not pid:
            control.close()
            os.chdir(cwd)
            os.environ.clear()
            os.environ.update(env)
            sys.argv, sys.orig_argv = ["ttsprep", *words], [*COMMAND, *words]  # the latter: training starts again by it
            _connect(pipes)
            _watch(changes, kill_at, kill_in)
            if most_bytes is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            from ttsprep.cli.main import main

            code = main()
            atexit._run_exitfuncs()
            sys.stdout.flush(), sys.stderr.flush()
            os._exit(code)  # to take all modules down, as an interpreter does, takes longer than most commands
        for pipe in pipes:
            os.close(pipe)
        control.send(json.dumps(pid).encode())
        control.recv(100)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        control.send(json.dumps([code, int.from_bytes(changes[:], "little")]).encode())
        changes.close()


def _import_all() -> None:
    """Import all that a command without torch needs."""
    import ttsprep

    for module in pkgutil.walk_packages(ttsprep.__path__, "ttsprep."):
        if ".codec." not in module.name and not module.name.endswith("ray_cluster"):
            importlib.import_module(module.name)
    from ttsprep.build.stages.base import all_stages
    from ttsprep.checks.base import catalogue
    from ttsprep.corpora.corpus import all_layouts
    from ttsprep.corpora.exports.base import all_exports

    all_stages(), catalogue(), all_layouts(), all_exports()


@functools.cache
def _import_codec() -> None:
    with suppress(ImportError):  # without torch the command says so
        for name in ("encode", "encode_step", "decode", "training.train"):
            importlib.import_module(f"ttsprep.codec.{name}")


def _connect(pipes: list[int]) -> None:
    """Make pipes the standard output and error, and nothing the standard input."""
    for number, descriptor in enumerate((os.open(os.devnull, os.O_RDONLY), *pipes)):
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115


def _watch(changes: mmap.mmap, kill_at: int, kill_in: str) -> None:
    """Count the changes of folders and files, and kill this process at one of them."""
    seen = 0

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        opens = event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING
        if (event in _CHANGES or opens) and kill_in in str(arguments[0]):
            seen += 1
            changes[:] = seen.to_bytes(4, "little")
            if seen == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(note)
