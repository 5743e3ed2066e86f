"""What commands touch: no socket, and no file but those of the corpus, the output, the cache and the installation.

Each reader meets a corpus that points elsewhere: links, absolute paths, commands, addresses, playlists. Python's audit
hook notes what every process does, workers included; where the system permits it, there is no network but the machine's
own either. A review, whose page a browser asks for, listens on 127.0.0.1 alone.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import ttsprep
from faults.zoo import ZOO, put, tone
from ttsprep.corpora.corpus import all_layouts

HOOK = """
import os, sys
log = os.open(os.environ["REACH_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
FILES = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod",
         "os.utime", "os.listdir", "os.scandir", "shutil.rmtree", "shutil.move", "os.exec", "os.posix_spawn"}
BUSY = []
def note(event, arguments):
    if BUSY:
        return
    BUSY.append(event)
    try:
        if event == "socket.__new__" and arguments[1] in {2, 10, 17}:
            os.write(log, b"socket\\tw\\t%d\\n" % arguments[1])
        elif event in {"socket.connect", "socket.bind", "socket.sendto"} and isinstance(arguments[1], tuple):
            os.write(log, f"socket\\tw\\t{arguments[1]!a}\\n".encode())
        elif event in {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "urllib.Request"}:
            os.write(log, f"socket\\tw\\t{arguments[0]!a}\\n".encode())
        elif event == "reach.review":
            os.write(log, b"review\\tw\\t\\n")
        elif event == "subprocess.Popen":
            os.write(log, f"run\\tw\\t{os.fsdecode(arguments[0])!a}\\n".encode())
        elif event in FILES:
            for path in arguments[: 2 if event in {"os.rename", "os.link", "shutil.move"} else 1]:
                if isinstance(path, (str, bytes, os.PathLike)):
                    flags = arguments[2] if event == "open" and isinstance(arguments[2], int) else 0
                    reads = event in {"open", "os.listdir", "os.scandir"}
                    write = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) or not reads
                    place = os.path.realpath(os.path.abspath(os.fsdecode(path)))
                    os.write(log, f"{event}\\t{'w' if write else 'r'}\\t{place!a}\\n".encode())
    finally:
        BUSY.pop()
sys.addaudithook(note)
"""
COMMANDS = """
import http.client, json, os, signal, sys, threading
from ttsprep.cli.main import main

def browse(read):
    url = os.fdopen(read).readline().strip()
    host, token = url.removeprefix("http://").split("/?token=")
    headers = {"Origin": f"http://{host}", "Cookie": f"ttsprep-review-{host.split(':')[1]}={token}"}
    keep = {"decision": "keep", "text": None, "reason": "", "start": None, "end": None, "reviewer": ""}
    change = {"clip": 0, "seen": None, "new": keep}
    asked = [("GET", path, None) for path in ("/session", "/clips/0/audio", "/clips/0/picture", "/clips/0/details")]
    answers = []
    for method, path, body in [*asked, ("POST", "/decisions", json.dumps([change]))]:
        connection = http.client.HTTPConnection(host, timeout=60)
        connection.request(method, path, body, headers)
        answers.append(connection.getresponse().status)
        connection.close()
    print("review answered", answers, file=sys.stderr)
    os.kill(os.getpid(), signal.SIGINT)

for words in json.loads(sys.argv.pop()):
    sys.argv, stdout = ["ttsprep", *words], sys.stdout
    if words[0] == "review":
        sys.audit("reach.review")
        read, write = os.pipe()
        threading.Thread(target=browse, args=[read]).start()
        sys.stdout = os.fdopen(write, "w")
    code = main()
    sys.stdout = stdout
    print(code, " ".join(words), flush=True)
"""
ALONE = """
import fcntl, os, socket, struct, sys
with socket.socket() as any_socket:  # the machine's own interface is down where there is no other
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", 1))
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_every_layout_is_in_the_zoo() -> None:
    assert set(all_layouts()) - {"build"} <= set(ZOO), "and a build is read by the audit of what was built"


class Place:
    """Corpora of every kind, what they must not lead to, and what may be touched."""

    def __init__(self, root: Path, spoken: Path) -> None:
        self.root, self.private, self.cache, self.work = root, root / "private", root / "cache", root / "work"
        self.temporary = root / "temporary"
        for folder in (self.private, self.work, self.temporary, root / "corpora"):
            folder.mkdir()
        tone(self.private / "secret.wav")
        put(self.private / "secret.txt", "Nobody reads this.")
        for name, make in ZOO.items():
            (root / "corpora" / name).mkdir()
            make(root / "corpora" / name, self.private, spoken)
        self.writable = (self.work, self.cache, Path("/dev"), Path("/proc"))
        here = Path(ttsprep.__file__).parent.parent
        installed = {*map(Path, filter(None, sys.path)), Path(sys.prefix), Path(sys.base_prefix), here}
        system = map(Path, ("/usr", "/lib", "/lib64", "/etc", "/sys", "/bin", "/sbin", "/run", "/var/cache"))
        self.readable = tuple({*self.writable, root / "corpora", *(one.resolve() for one in installed), *system})

    def commands(self) -> list[list[str]]:
        """Return every command that reads or writes, over every corpus."""
        corpora, work = self.root / "corpora", self.work
        found = []
        for name in ZOO:
            source = str(corpora / name)
            found += [["inspect", source], ["audit", source, "--out", str(work / f"{name}.audit"), "--jobs", "1"]]
        source = str(corpora / "table")
        recipe = self.root / "corpora" / "recipe.toml"
        put(recipe, 'export = ["kaldi", "nemo", "audiofolder", "lhotse", "filelist", "webdataset", "parquet"]\n')
        found += [
            ["build", "--source", source, "--recipe", str(recipe), "--out", str(work / "built"), "--jobs", "1"],
            ["audit", str(work / "built"), "--out", str(work / "again"), "--jobs", "1"],
            ["explain", "demo-001", "--audit", str(work / "table.audit")],
            ["encode", source, "--out", str(work / "codes"), "--beam", "1", "--jobs", "1"],
            ["decode", str(work / "codes"), "--out", str(work / "decoded"), "--jobs", "1"],
            ["review", str(work / "table.audit")],
        ]
        return found

    def run(self, prefix: tuple[str, ...] = (), **more: str) -> list[str]:
        """Run them all in one process, and return what each said with its exit code."""
        ours = ("TTSPREP_", "TORCHINDUCTOR_")  # the latter is set by ttsprep.codec, for the cache of who runs the tests
        env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        env |= {"XDG_CACHE_HOME": str(self.cache), "TTSPREP_CACHE": str(self.cache), "HOME": str(self.work)}
        env |= {"TMPDIR": str(self.temporary), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"} | more
        words = [*prefix, sys.executable, "-c", COMMANDS, json.dumps(self.commands())]
        done = subprocess.run(words, cwd=self.work, env=env, capture_output=True, encoding="utf-8", check=False)
        lines = done.stdout.splitlines()
        codes = [line for line in lines if re.match(r"-?\d+ (inspect|audit|build|explain|encode|decode|review) ", line)]
        assert len(codes) == len(self.commands()), done.stderr[-3000:]
        assert "internal error" not in done.stderr
        assert "Traceback" not in done.stderr
        assert "review answered [200, 200, 200, 200, 200]" in done.stderr
        return codes

    def strangers(self, touched: set[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return what may not be touched: how (``r`` or ``w``), and where."""
        assert list(self.temporary.iterdir()) == []
        probe = re.compile(rf"{re.escape(str(self.temporary))}(/[a-z0-9_]{{8}})?")  # Python looks whether it may write
        return sorted(
            (how, path)
            for how, path in touched
            if not probe.fullmatch(path)
            and not any(Path(path).is_relative_to(one) for one in (self.writable if how == "w" else self.readable))
            and not any(one.is_relative_to(path) and how == "r" for one in self.readable)  # a folder above
        )


@pytest.fixture
def place(spoken_once: Path, tmp_path: Path) -> Place:
    pytest.importorskip("torch")
    return Place(tmp_path, spoken_once)


def check_codes(codes: list[str]) -> None:
    """See that the commands did their work: an audit that refuses its corpus touches nothing."""
    refused = [line for line in codes if line[:2] not in {"0 ", "1 "}]
    shards = [line for line in refused if re.search("inspect .*(webdataset|parquet)$", line)]
    commands = [line for line in codes if re.search(r" (command|url|link)\b", line)]
    assert set(refused) <= {*shards, *commands}
    assert any("lhotse command" in line for line in refused)


def alone() -> tuple[str, ...]:
    """Return what a command begins with to have no network but the machine's own; nothing where that may not be."""
    user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    prefix = ("unshare", *user, "--net", sys.executable, "-I", "-c", ALONE)
    try:
        done = subprocess.run([*prefix, sys.executable, "-c", ""], capture_output=True, check=False)
    except FileNotFoundError:
        return ()
    return () if done.returncode else prefix


@pytest.mark.slow
def test_python_opens_no_socket_and_no_other_file(place: Place, record_property: Callable[[str, object], None]) -> None:
    hook = place.cache / "hook"
    put(hook / "sitecustomize.py", HOOK)
    log = hook / "log"
    record_property("without_any_network", bool(alone()))
    check_codes(place.run(alone(), PYTHONPATH=str(hook), REACH_LOG=str(log)))
    events = [line.split("\t") for line in log.read_text(encoding="utf-8").splitlines()]
    begins = [event for event, _, _ in events].index("review")
    sockets = [[path for event, _, path in part if event == "socket"] for part in (events[:begins], events[begins:])]
    assert sockets[0] == []
    others = {path for path in sockets[1] if not path.startswith(("('127.0.0.1', ", "'127.0.0.1'"))}
    assert others == {"2"}, "a review is of this machine"
    assert sockets[1][1] == "('127.0.0.1', 0)"
    ours = {ascii(sys.executable), "'/sbin/ldconfig'"}  # the latter by Python itself, to find a library by its name
    assert {path for event, _, path in events if event == "run"} <= ours
    files = {(how, path[1:-1]) for event, how, path in events if event not in {"socket", "run", "review"}}
    assert ("w", str(place.work / "built" / "build.json")) in {
        (how, path.replace(".build.json.part", "build.json")) for how, path in files
    }, "the hook sees what workers and parents write"
    assert place.strangers(files) == []


def test_no_network_is_needed() -> None:
    if not alone():
        pytest.skip("no network namespace can be made here: the hook alone says that no socket is opened")
    words = [*alone(), sys.executable, "-c", "import socket; socket.create_connection(('192.0.2.1', 9))"]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", check=False, timeout=60)
    assert "Network is unreachable" in done.stderr
