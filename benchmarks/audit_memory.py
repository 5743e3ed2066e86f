"""Peak memory of an audit, and whether it grows with the corpus.

    python benchmarks/audit_memory.py CORPUS [--rows 20000 100000] [--seconds 0.6] [--jobs 2]

Cuts the clips of a real corpus into the given numbers of short pieces (a NeMo manifest in a temporary folder),
audits them with the command line, and samples the memory of all its processes: the proportional set size, so that
pages which workers share count once.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import soundfile as sf

from ttsprep.corpora.corpus import read_corpus

EVERY_S = 0.25


def main() -> None:
    """Print a row for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000, 100_000])
    parser.add_argument("--seconds", type=float, default=0.6, help="of each piece")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    print("    rows   first s   again s   ratio   peak of all MiB   parent MiB   report MB   findings")
    for rows in given.rows:
        with tempfile.TemporaryDirectory(prefix="ttsprep-memory-") as name:
            os.environ["TTSPREP_CACHE"] = str(Path(name) / "cache")  # nothing is known from before
            folder = Path(name)
            write_corpus(given.corpus, folder / "corpus", rows, given.seconds)
            first, peak, parent = watch(folder, given.jobs)
            again, _, _ = watch(folder, given.jobs)
            summary = json.loads((folder / "out/summary.json").read_text(encoding="utf-8"))
            report = (folder / "out/report.html").stat().st_size / 1e6
        findings = sum(summary["severities"].values())
        print(
            f"{rows:8,} {first:9.1f} {again:9.1f} {first / again:7.1f} {peak:17.0f} {parent:12.0f} {report:11.1f} "
            f"{findings:10,}",
            flush=True,
        )


def write_corpus(source: Path, folder: Path, rows: int, seconds: float) -> None:
    """Copy the clips as WAV, which is quick to seek in, and name `rows` different pieces of them."""
    folder.mkdir()
    corpus = read_corpus(source)
    clips = corpus.clips
    lengths = []
    for number, clip in enumerate(clips):
        samples, rate = sf.read(corpus.root / clip.path, dtype="int16")
        sf.write(folder / f"{number:06d}.wav", samples, rate)
        lengths.append(len(samples) / rate)
    with (folder / "manifest.jsonl").open("w", encoding="utf-8") as file:
        for row, (number, offset) in zip(range(rows), pieces(lengths, seconds, rows), strict=False):
            words = clips[number].text.split() or [""]
            at = int(offset / lengths[number] * len(words))
            line = {
                "audio_filepath": f"{number:06d}.wav",
                "offset": offset,
                "duration": seconds,
                "id": f"piece-{row:06d}",
            }
            file.write(json.dumps(line | {"text": " ".join(words[at : at + 3])}) + "\n")


def pieces(lengths: list[float], seconds: float, rows: int) -> Iterator[tuple[int, float]]:
    """Yield clip and offset in seconds, spread evenly over all clips."""
    step = sum(max(0.0, length - seconds) for length in lengths) / rows
    for number, length in enumerate(lengths):
        for k in range(int((length - seconds) / step) + 1 if length > seconds else 0):
            yield number, round(k * step, 4)


def watch(folder: Path, jobs: int) -> tuple[float, float, float]:
    """Audit; return seconds, and MiB at the peak of all processes and of the parent alone."""
    command = [sys.executable, "-m", "ttsprep", "audit", str(folder / "corpus"), "--out", str(folder / "out")]
    start = time.monotonic()
    with subprocess.Popen([*command, "--jobs", str(jobs)], stdout=subprocess.DEVNULL) as process:
        peak = parent = 0.0
        while process.poll() is None:
            sizes = [proportional(pid) for pid in tree(process.pid)]
            peak, parent = max(peak, sum(sizes)), max(parent, sizes[0])
            time.sleep(EVERY_S)
    if process.returncode not in {0, 1}:
        raise SystemExit(f"the audit ended with {process.returncode}")
    return time.monotonic() - start, peak / 2**20, parent / 2**20


def tree(pid: int) -> list[int]:
    """Return a process and all that it has started."""
    found = [pid]
    for parent in found:
        with suppress(OSError):
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="utf-8")
            found.extend(map(int, children.split()))
    return found


def proportional(pid: int) -> float:
    """Return the proportional set size of a process in bytes; 0 if it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines():
            if line.startswith("Pss:"):
                return float(line.split()[1]) * 1024
    return 0.0


if __name__ == "__main__":
    main()
