"""How fast a build is, all stages and both audits included, and how much faster the second.

    python benchmarks/build_speed.py CORPUS [--copies 8] [--language en-us] [--jobs 1]

Builds the corpus as it is and one of as many copies of its files as asked for (in a temporary folder; a recipe keeps
the duplicates), with the command line, twice each. Prints clock and CPU seconds of all processes, seconds of audio a
CPU second (the limit is 100 × real time a core), and the memory of the largest process.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from audit_again import copied

RECIPE = """
[select]
reject = []
keep = ["duplicate-audio"]
"""


def main() -> None:
    """Print a row for each corpus."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--copies", type=int, default=8)
    parser.add_argument("--language", default="en-us")
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}")
    print("   clips   first: clock s   CPU s   x real time a core   MiB   again: clock s   CPU s   times faster: clock")
    with tempfile.TemporaryDirectory(prefix="ttsprep-build-") as name:
        folder = Path(name)
        recipe = folder / "recipe.toml"
        recipe.write_text(RECIPE, encoding="utf-8")
        for corpus in (given.corpus, copied(given.corpus, folder / "copies", given.copies)):
            out = folder / f"{corpus.name}.build"
            os.environ["TTSPREP_CACHE"] = str(folder / f"{corpus.name}.cache")  # nothing is known from before
            command = [sys.executable, "-m", "ttsprep", "build", "--source", str(corpus), "--out", str(out)]
            command += ["--recipe", str(recipe), "--language", given.language, "--jobs", str(given.jobs)]
            first, again = watched(command), watched(command)
            document = json.loads((out / "build.json").read_text(encoding="utf-8"))
            print(
                f"{document['result']['clips']:8,} {first[0]:16.1f} {first[1]:7.1f} "
                f"{document['source']['hours'] * 3600 / first[1]:20.0f} {first[2]:5.0f} "
                f"{again[0]:16.2f} {again[1]:7.2f} "
                f"{first[0] / again[0]:21.1f}",
                flush=True,
            )


def watched(command: list[str]) -> tuple[float, float, float]:
    """Run a command; return clock and CPU seconds of all its processes, and the most memory they held together."""
    before, start = os.times(), time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    most, done = 0.0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.2):
            most = max(most, sum(map(held, family(process.pid))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = process.wait()
    done.set()
    watcher.join()
    if code:
        raise SystemExit(f"{' '.join(command)} ended with {code}")
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - start, cpu, most


def family(pid: int) -> list[int]:
    """Return a process and all that came from it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return []
    return [pid, *(grandchild for child in children for grandchild in family(int(child)))]


def held(pid: int) -> float:
    """Return the memory of a process in MiB, what it shares with others counted in parts."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


if __name__ == "__main__":
    main()
