"""Whether a review by the keyboard loses a decision when its server is killed, and how long a key takes to a sound.

    python benchmarks/review.py CORPUS [--clips 300] [--kills 20]
    python benchmarks/review.py --audit AUDIT [--keys 100]

Copies clips of a corpus, clips their samples so that each is doubtful, audits the copy, decides on every clip in
Chromium by keys alone, kills the server at random moments, and builds by the decisions. With `--audit`: walks through
an audit that is there, and prints the time from a key to the sound, the time until it answers, and its memory.
"""

import argparse
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import soundfile as sf

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from report.chromium import Chromium

from ttsprep.audit.config import AuditConfig
from ttsprep.audit.decisions import Decision, read_decisions
from ttsprep.audit.pipeline import audit
from ttsprep.build.config import Recipe
from ttsprep.build.pipeline import build
from ttsprep.core.audio import read
from ttsprep.corpora.corpus import read_corpus

READY = "document.documentElement?.dataset.ready === 'yes'"
NAME = "document.getElementById('name').textContent"
SAVED = "document.getElementById('state').textContent === 'All decisions are saved'"
REASONS = {"1": "wrong text", "2": "wrong speaker", "3": "noise"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("--audit", type=Path)
    parser.add_argument("--clips", type=int, default=300)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--keys", type=int, default=100)
    asked = parser.parse_args()
    if asked.audit:
        latency(asked.audit, asked.keys)
    else:
        with tempfile.TemporaryDirectory() as folder:
            decisions(asked.corpus, Path(folder), asked.clips, asked.kills)


def start(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """Start a review; return it and its address."""
    command = [sys.executable, "-m", "ttsprep", "review", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    return server, server.stdout.readline().strip()


def decisions(corpus: Path, folder: Path, clips: int, kills: int) -> None:
    chance = random.Random(1)
    (folder / "corpus" / "wavs").mkdir(parents=True)
    todo = read_corpus(corpus)
    lines = []
    for number, clip in enumerate(chance.sample(list(todo.clips), clips)):
        sound = read(todo.root / clip.path, start=clip.start, end=clip.end)
        limit = 0.4 * np.abs(sound.samples).max()
        clipped = np.clip(sound.samples, -limit, limit)
        sf.write(folder / "corpus" / "wavs" / f"clip-{number:03d}.wav", clipped, sound.rate, subtype="PCM_16")
        lines.append(f"clip-{number:03d}|{clip.text}\n")
    (folder / "corpus" / "metadata.csv").write_text("".join(lines), encoding="utf-8")
    audit(folder / "corpus", folder / "a.audit", AuditConfig(), jobs=1)
    server, url = start(folder / "a.audit")
    wanted: dict[str, Decision] = {}
    moments = set(chance.sample(range(clips), kills))
    began = time.monotonic()
    with Chromium() as page:
        page.open(url)
        page.wait(READY)
        doubtful = page.js("document.getElementById('progress').textContent")
        while (name := page.js(NAME)) not in wanted:
            key = chance.choice("aad123")
            doomed = len(wanted) in moments
            if doomed and chance.random() < 0.5:
                server.kill()
            page.key(key)
            wanted[name] = Decision(key == "a", reason=REASONS.get(key, ""))
            if doomed:
                time.sleep(chance.random() / 50)
                server.kill()
                server.communicate()
                server, again = start(folder / "a.audit")
                assert again == url, "the page goes on under its address"
        page.wait(SAVED)
    server.send_signal(signal.SIGINT)
    server.communicate()
    found = read_decisions(folder / "a.audit" / "decisions.csv", None)
    print(f"{doubtful}; {len(wanted)} decided in {time.monotonic() - began:.0f} s, {kills} kills")
    print(f"in the file as decided: {sum(found.get(name) == one for name, one in wanted.items())} of {len(wanted)}")
    built = build(folder / "corpus", folder / "out", Recipe(), jobs=1, decisions=folder / "a.audit" / "decisions.csv")
    kept = set(pq.read_table(built.out / "clips.parquet")["id"].to_pylist())
    rejected = {name for name, one in wanted.items() if one.keep is False}
    undecided = {f"clip-{number:03d}" for number in range(clips)} - wanted.keys()
    print(f"kept as decided: {len(kept - undecided)} of {len(wanted) - len(rejected)}")
    print(f"dropped, and in the build all the same: {len(kept & rejected)}")


def latency(folder: Path, keys: int) -> None:
    began = time.monotonic()
    server, url = start(folder)
    urllib.request.urlopen(url).read()
    answered = time.monotonic() - began
    with Chromium() as page:
        page.open(f"{url}#code=*&order=stake&show=")
        page.wait(READY)
        print(page.js("document.getElementById('progress').textContent"))
        time.sleep(1)
        for number in range(keys):
            page.key("jjjjjjkjj"[number % 9])
            time.sleep(0.6)
        times = page.js("performance.getEntriesByName('key to sound').map(entry => entry.duration)")
    most = next(line for line in Path(f"/proc/{server.pid}/status").read_text("ascii").splitlines() if "VmHWM" in line)
    server.send_signal(signal.SIGINT)
    server.communicate()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"from a key to the sound: median {np.median(times):.0f} ms, 95 % {np.percentile(times, 95):.0f} ms, "
          f"most {max(times):.0f} ms, of {len(times)}")  # fmt: skip
    print(f"answers after {answered:.2f} s; greatest memory {int(most.split()[1]) / 1000:.0f} MB")
    print(f"processor time of all children, browser included: {used.ru_utime + used.ru_stime:.1f} s")


if __name__ == "__main__":
    main()
