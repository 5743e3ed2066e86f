"""CPU time and memory of ``ttsprep inspect``, and of reading the rows of a large table: python reading.py [--rows N].

The corpora are made in a temporary folder: names of one short recording (links), and sentences of the words below.
"""

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile as sf

WORDS = ("the", "weather", "is", "very", "nice", "today", "so", "we", "go", "for", "a", "long", "walk", "they", "come")
RATE = 22_050


def corpus(folder: Path, rows: int, *, headers: bool) -> Path:
    """Write a table of so many recordings: links to one second of sound, or empty files where no header is read."""
    wavs = folder / "wavs"
    wavs.mkdir(parents=True)
    one = wavs / "LJ0000000.wav"
    sf.write(one, (0.1 * np.sin(np.arange(RATE) / 7)).astype(np.float32), RATE)
    for number in range(1, rows):
        name = wavs / f"LJ{number:07}.wav"
        os.link(one, name) if headers else name.touch()
    draw = random.Random(1)
    with (folder / "metadata.csv").open("w", encoding="utf-8") as file:
        for number in range(rows):
            text = " ".join(draw.choices(WORDS, k=draw.randint(5, 25))).capitalize()
            file.write(f"LJ{number:07}|{text}.\n")
    return folder


def spent(*command: str) -> tuple[float, float]:
    """Return user and system seconds of a command, and its peak memory [GiB]."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, after.ru_maxrss / (1 << 20)


def main() -> None:
    """Print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=13_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        small = corpus(Path(folder) / "small", given.clips, headers=True)
        script = "import sys; from ttsprep.cli.main import main; sys.exit(main())"
        runs = [spent(sys.executable, "-c", script, "inspect", str(small), "--json")[0] for _ in range(5)]
        print(f"inspect of {given.clips:,} clips: {min(runs):.2f} s of CPU, the least of 5 ({max(runs):.2f} the most)")
        large = corpus(Path(folder) / "large", given.rows, headers=False)
        read = "import sys; from pathlib import Path; from ttsprep.corpora.corpus import read_corpus"
        seconds, memory = spent(sys.executable, "-c", f"{read}; read_corpus(Path(sys.argv[1]))", str(large))
        print(f"reading {given.rows:,} rows: {seconds:.1f} s of CPU, {memory:.2f} GiB at most")


if __name__ == "__main__":
    main()
