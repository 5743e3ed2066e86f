"""How much faster a second audit of an unchanged corpus is, start-up included.

    python benchmarks/audit_again.py CORPUS [--copies 8] [--language en-us] [--jobs 1]

Audits the corpus as it is and, so that start-up does not hide the rest, one of as many copies of its files as asked
for (in a temporary folder), with the command line, twice each. Prints clock and CPU seconds of all processes.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ttsprep.corpora.corpus import read_corpus


def main() -> None:
    """Print a row for each corpus."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--copies", type=int, default=8)
    parser.add_argument("--language", default="en-us")
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}")
    print("   clips   first: clock s    CPU s   again: clock s   CPU s   times faster: clock     CPU")
    with tempfile.TemporaryDirectory(prefix="ttsprep-again-") as name:
        folder = Path(name)
        for corpus in (given.corpus, copied(given.corpus, folder / "copies", given.copies)):
            out = folder / f"{corpus.name}.audit"
            os.environ["TTSPREP_CACHE"] = str(folder / f"{corpus.name}.cache")  # nothing is known from before
            command = [sys.executable, "-m", "ttsprep", "audit", str(corpus), "--out", str(out)]
            command += ["--language", given.language, "--jobs", str(given.jobs)]
            first, again = timed(command), timed(command)
            clips = json.loads((out / "summary.json").read_text(encoding="utf-8"))["clips"]
            print(
                f"{clips:8,} {first[0]:18.1f} {first[1]:9.1f} {again[0]:14.2f} {again[1]:8.2f} "
                f"{first[0] / again[0]:16.1f} {first[1] / again[1]:8.1f}",
                flush=True,
            )


def copied(source: Path, folder: Path, copies: int) -> Path:
    """Copy every clip `copies` times, under a NeMo manifest."""
    folder.mkdir()
    corpus = read_corpus(source)
    with (folder / "manifest.jsonl").open("w", encoding="utf-8") as file:
        for number, clip in enumerate(corpus.clips):
            for copy in range(copies):
                name = f"{number:05d}-{copy}{Path(clip.path).suffix}"
                shutil.copyfile(corpus.root / clip.path, folder / name)
                file.write(json.dumps({"audio_filepath": name, "text": clip.text}) + "\n")
    return folder


def timed(command: list[str]) -> tuple[float, float]:
    """Run a command; return clock and CPU seconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    code = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode
    if code not in {0, 1}:
        raise SystemExit(f"the audit ended with {code}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
