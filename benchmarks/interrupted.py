"""Killed at any moment, and on disks of any size: what comes out in the end is what nothing interrupted gives.

    python benchmarks/interrupted.py CORPUS [--clips 12] [--kills 50] [--disks 10] [--commands audit build ...]

The reference is made from the corpus in one place. Everything else happens in another: a copy of the corpus under
another path, another output folder, another working directory, another folder for temporary files. A run is killed
(SIGKILL) before a random change to a file or at a random time, up to three times in a row, and is then let finish; as
root, it first meets a disk (tmpfs) that is too small. All visible files must be equal to those of the reference, byte
by byte, and no file may be there that the reference lacks, hidden ones included. One thing in them may differ: the way
from a page to the recordings that it plays. A review is given its decisions by HTTP, as its page gives them: each that
it has confirmed must be in the file however the review ends.
"""

import argparse
import hashlib
import http.client
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

os.environ |= {"OMP_NUM_THREADS": "1", "TTSPREP_CACHE_BYTES": "0"}

import torch

from ttsprep.audit.decisions import DECISIONS, read_decisions
from ttsprep.audit.pipeline import audit
from ttsprep.build.pipeline import build
from ttsprep.cli.main import main
from ttsprep.codec.decode import decode
from ttsprep.codec.encode import encode
from ttsprep.corpora.corpus import read_corpus
from ttsprep.report.page import audit_report
from ttsprep.report.review.address import open_server

torch.set_num_threads(1)
LOADED = (audit, build, encode, decode, audit_report, open_server)
"""Every run is a fork of this process: what they need is imported once."""
MADE_BY = {"decode": "encode", "review": "audit"}
"""Commands that work on what another has made."""
COMMANDS = ("audit", "build", "encode", "decode", "review")
EXPORTS = 'export = ["kaldi", "audiofolder", "webdataset", "parquet"]\n[exports.kaldi]\nabsolute = false\n'
CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.truncate", "shutil.rmtree"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
MOST_IN_A_ROW = 3


@dataclass(frozen=True)
class Ended:
    """How a run ended: exit code (-9 if it was killed), changes to files, seconds, and what it wrote to stderr."""

    code: int
    changes: int
    seconds: float
    said: str


@dataclass(frozen=True)
class Place:
    """Where everything of one run lies."""

    corpus: Path
    made: Path
    recipe: Path
    out: Path
    cwd: Path

    def words(self, command: str) -> list[str]:
        """Return a command line."""
        if command == "review":
            file = self.out / DECISIONS
            return [command, str(self.made), "--corpus", str(self.corpus), "--decisions", str(file)]
        source = {"build": ["--source", str(self.corpus), "--recipe", str(self.recipe)], "decode": [str(self.made)]}
        beam = ["--beam", "1"] if command == "encode" else []
        return [command, *source.get(command, [str(self.corpus)]), "--out", str(self.out), "--jobs", "1", *beam]


@dataclass
class Reviewer:
    """Decides on all clips that are undecided, and ends the review; stops where it is killed or refuses to save."""

    confirmed: int = 0
    refused: str = ""

    def decide(self, pid: int, page: int) -> None:
        """Go through the clips of the review that prints its address to `page`."""
        with suppress(OSError, http.client.HTTPException):  # it was killed
            with os.fdopen(page) as lines:
                at = urlsplit(lines.readline().strip())
            if not at.port:
                return
            link = http.client.HTTPConnection("127.0.0.1", at.port, timeout=60)
            cookie = f"ttsprep-review-{at.port}={parse_qs(at.query)['token'][0]}"
            headers = {"Cookie": cookie, "Origin": f"http://{at.netloc}"}

            def answer(method: str, way: str, body: str | None = None) -> tuple[int, str]:
                link.request(method, way, body, headers)
                reply = link.getresponse()
                return reply.status, reply.read().decode()

            decided = json.loads(answer("GET", "/decisions")[1])
            clips = range(len(json.loads(answer("GET", "/session")[1])["id"]))
            for clip in (clip for clip in clips if str(clip) not in decided):
                status, said = answer(
                    "POST", "/decisions", json.dumps([{"clip": clip, "seen": None, "new": new(clip)}])
                )
                if status != http.HTTPStatus.OK:
                    self.refused = said
                    break
                self.confirmed += 1
            os.kill(pid, signal.SIGINT)


def new(clip: int) -> dict[str, object]:
    """Return the decision about a clip, with a text so long that full disks come at different clips."""
    text = f'number {clip}, "so"\n' * 200
    return {"decision": "keep", "text": text, "reason": "", "start": 0.1, "end": None, "reviewer": ""}


def forked(words: list[str], cwd: Path, temporary: str, change: int) -> tuple[int, int]:
    """Run a command line in this process, which is a fork; return its exit code and how many files it changed."""
    os.chdir(cwd)
    os.environ["TMPDIR"] = tempfile.tempdir = temporary
    seen = 0

    def note(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        opened = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING
        if event in CHANGES or opened:
            seen += 1
            if seen == change:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(note)
    sys.argv = ["ttsprep", *words]
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))  # noqa: SIM115
    code = main()
    sys.stderr.flush()
    return code, seen


def run(place: Place, command: str, *, change: int = 0, seconds: float = 1e9) -> Ended:
    """Run a command in a fork of this process; kill it before a change of a file, or after some seconds."""
    file = place.out / DECISIONS
    before = len(read_decisions(file, None)) if file.exists() else 0
    if command == "review":
        place.out.mkdir(exist_ok=True)
    (ours, theirs), (page, printed) = os.pipe(), os.pipe()
    with tempfile.TemporaryFile() as errors, tempfile.TemporaryDirectory() as temporary:
        began = time.monotonic()
        pid = os.fork()
        if not pid:
            os.setsid()
            os.dup2(errors.fileno(), 2)
            os.dup2(printed if command == "review" else os.open(os.devnull, os.O_WRONLY), 1)
            os.close(printed)
            code, seen = forked(place.words(command), place.cwd, temporary, change)
            os.write(theirs, seen.to_bytes(4, "little"))
            os._exit(code)
        os.close(theirs)
        os.close(printed)
        reviewer = Reviewer()
        thread = Thread(target=reviewer.decide, args=(pid, page))
        thread.start()
        while not (done := os.waitpid(pid, os.WNOHANG))[0]:
            if time.monotonic() - began > seconds:
                os.kill(pid, signal.SIGKILL)
                seconds = 1e9
            time.sleep(0.005)
        took = time.monotonic() - began
        thread.join()
        if reviewer.confirmed and len(read_decisions(file, None)) < before + reviewer.confirmed:
            raise SystemExit(f"{command}: a decision that was confirmed is lost")
        changes = int.from_bytes(os.read(ours, 4), "little")
        os.close(ours)
        if left := list(Path(temporary).iterdir()):
            raise SystemExit(f"{command}: left in TMPDIR: {left}")
        errors.seek(0)
        code = 2 if reviewer.refused else os.waitstatus_to_exitcode(done[1])
        return Ended(code, changes, took, reviewer.refused + errors.read().decode(errors="replace"))


def files(folder: Path) -> dict[str, str]:
    """Return every file: visible ones by their content, hidden ones, which remember this machine, by name."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file():
            hidden = any(part.startswith(".") for part in name.parts)
            data = b"" if hidden else path.read_bytes()
            if path.name == "report.html":  # the way from the page to the recordings that it plays
                data = re.sub(rb'"root":"[^"]*"', b'"root":""', data)
            found[str(name)] = "" if hidden else hashlib.sha256(data).hexdigest()
    return found


def finish(place: Place, command: str, reference: Mapping[str, str]) -> None:
    """Let a run finish, and compare."""
    ended = run(place, command)
    if ended.code not in {0, 1}:
        raise SystemExit(f"{command}: exit {ended.code}: {ended.said}")
    found = files(place.out)
    if any(path.is_file() for path in Path(os.environ["TTSPREP_CACHE"]).rglob("*")):
        raise SystemExit(f"{command}: left in the cache")
    if found != reference:
        differ = sorted(k for k in found.keys() | reference.keys() if found.get(k) != reference.get(k))
        raise SystemExit(f"{command}: {len(differ)} files differ: {differ[:8]}")


def killed(place: Place, command: str, whole: Ended, reference: Mapping[str, str], kills: int) -> tuple[int, int]:
    """Kill a command so many times; return how many kills there were, and how many runs were let finish."""
    chance, done, rounds = random.Random(command), 0, 0
    while done < kills:
        for _ in range(chance.randint(1, MOST_IN_A_ROW)):
            by_change = chance.random() < 0.5
            change = chance.randint(1, whole.changes) if by_change else 0
            seconds = 1e9 if by_change else chance.uniform(0, whole.seconds)
            done += run(place, command, change=change, seconds=seconds).code == -signal.SIGKILL
        finish(place, command, reference)
        rounds += 1
        shutil.rmtree(place.out)
    return done, rounds


def full(place: Place, command: str, reference: Mapping[str, str], disks: int) -> int:
    """Run a command on disks that are too small, then on one that is not; return how many were too small."""
    disk = place.out.parent
    needed = sum({p.stat().st_ino: p.stat().st_blocks for p in place.out.rglob("*")}.values()) // 2
    shutil.rmtree(place.out)
    small = 0
    for number in range(disks):
        size = f"size={max(4, needed * (number + 1) // (disks + 1))}k"
        subprocess.run(["mount", "-t", "tmpfs", "-o", size, "none", str(disk)], check=True)
        try:
            ended = run(place, command)
            if ended.code == 2 and "disk full" in ended.said:
                small += 1
            elif ended.code not in {0, 1}:
                raise SystemExit(f"{command} on a full disk: exit {ended.code}: {ended.said}")
            subprocess.run(["mount", "-o", "remount,size=1g", str(disk)], check=True)
            finish(place, command, reference)
        finally:
            subprocess.run(["umount", str(disk)], check=True)
    return small


def subset(corpus: Path, count: int, folder: Path) -> None:
    """Copy the clips with the shortest texts."""
    read = read_corpus(corpus)
    (folder / "wavs").mkdir(parents=True)
    lines = []
    for clip in sorted(read.clips, key=lambda clip: len(clip.text))[:count]:
        name = Path(clip.path).name
        shutil.copy(read.root / clip.path, folder / "wavs" / name)
        lines.append(f"{Path(name).stem}|{clip.text}\n")
    (folder / "metadata.csv").write_text("".join(lines), encoding="utf-8")


def measured(root: Path, corpus: Path, arguments: argparse.Namespace, tell: Callable[[str], None] = print) -> None:
    """Do all of it in a folder."""
    os.environ["TTSPREP_CACHE"] = str(root / "cache")
    subset(corpus, arguments.clips, root / "one" / "speech")
    shutil.copytree(root / "one" / "speech", root / "zwei" / "tief & anders" / "speech")
    for place in (root / "one", root / "zwei"):
        (place / "recipe.toml").write_text(EXPORTS, encoding="utf-8")
        (place / "cwd").mkdir()
    (root / "zwei" / "disk").mkdir()
    tell(
        "| command | changes | kills | runs finished | disks too small | visible files equal | left over |\n"
        "|---|---|---|---|---|---|---|"
    )
    for command in arguments.commands:
        maker = MADE_BY.get(command, "")
        made = root / "one" / maker
        first = Place(root / "one/speech", made, root / "one/recipe.toml", root / "one" / command, root / "one/cwd")
        if maker and not made.exists():
            run(replace(first, out=made), maker)
        whole = run(first, command)
        if whole.code not in {0, 1}:
            raise SystemExit(f"{command}: exit {whole.code}: {whole.said}")
        reference = files(first.out)
        there = root / "zwei"
        speech, recipe = there / "tief & anders/speech", there / "recipe.toml"
        other = Place(speech, made, recipe, there / "disk/result v2", there / "cwd")
        finish(other, command, reference)
        shutil.rmtree(other.out)
        kills, rounds = killed(other, command, whole, reference, arguments.kills)
        small = "not root"
        if os.geteuid() == 0 and arguments.disks:
            finish(other, command, reference)
            small = f"{full(other, command, reference, arguments.disks)} of {arguments.disks}"
        visible = sum(map(bool, reference.values()))
        tell(f"| {command} | {whole.changes} | {kills} | {rounds} | {small} | {visible} | 0 |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--disks", type=int, default=10)
    parser.add_argument("--commands", nargs="+", default=COMMANDS, choices=COMMANDS)
    with tempfile.TemporaryDirectory() as folder:
        measured(Path(folder), parser.parse_args().corpus, parser.parse_args())
