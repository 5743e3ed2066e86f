"""Speed of `ttsprep encode` in seconds of audio a second, and where the time goes.

    python benchmarks/encode_speed.py CORPUS [--clips 100] [--jobs 2] [--beam 1 8] [--codec nano16]

The whole path first: start-up, digest, decoding, resampling, coding, journal, shards. Its wall clock is what a user
waits for, and means little on a machine that others use; CPU time is that of all its processes together, and CPU
seconds divided by the processes are the wall clock of a machine that does nothing else. Then each step alone on one
thread, in CPU time, on the same clips.
"""

import argparse
import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # before numpy: as in a worker

import itertools
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from ttsprep.codec import mono_stream
from ttsprep.codec.codec import speech_level
from ttsprep.codec.encode import encode
from ttsprep.codec.encode_job import Options
from ttsprep.codec.external import load_codec
from ttsprep.core import audio
from ttsprep.core.files import digest
from ttsprep.corpora.corpus import read_corpus


def cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def subset(corpus: Path, count: int, folder: Path) -> list[Path]:
    read = read_corpus(corpus)
    clips = itertools.islice(read.clips, count)
    folder.mkdir()
    return [Path(shutil.copy(read.root / clip.path, folder)) for clip in clips]


def whole(corpus: Path, options: Options, jobs: int) -> None:
    with tempfile.TemporaryDirectory() as out:
        wall, cpu = time.perf_counter(), cpu_s()
        result = encode(corpus, Path(out) / "codes", options, jobs=jobs)
        wall, cpu = time.perf_counter() - wall, cpu_s() - cpu
    seconds = 3600 * result.summary["hours"]
    print(
        f"| whole path, beam {options.beam}, {jobs} processes | {seconds:.0f} | {wall:.1f} | {seconds / wall:.0f} | "
        f"{cpu:.1f} | {seconds / cpu:.0f} | {seconds * jobs / cpu:.0f} |",
        flush=True,
    )


def step(name: str, work: Callable[[], object], seconds: float) -> None:
    work()
    start = time.process_time()
    work()
    spent = time.process_time() - start
    print(f"| {name} | {spent:.2f} | {seconds / spent:,.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--clips", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--beam", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--codec", default="nano16")
    given = parser.parse_args()
    coder = load_codec(given.codec)
    with tempfile.TemporaryDirectory() as folder:
        files = subset(given.corpus, given.clips, Path(folder) / "clips")
        print("| | audio s | wall s | x real time | CPU s | x a core | x on so many free cores |")
        print("|---|---|---|---|---|---|---|")
        for beam in given.beam:
            whole(Path(folder) / "clips", Options(codec=given.codec, layout="plain", beam=beam), given.jobs)
        some = files[:30]
        decoded = [audio.read(file) for file in some]
        clips = [mono_stream.mono_at(one, coder.sample_rate) for one in decoded]
        seconds = sum(map(len, clips)) / coder.sample_rate
        print(f"\nEach step on {seconds:.0f} s of it, one thread:\n\n| step | CPU s | x real time |\n|---|---|---|")
        step("digest", lambda: [digest(file) for file in some], seconds)
        step("decode", lambda: [audio.read(file) for file in some], seconds)
        step("resample", lambda: [mono_stream.mono_at(one, coder.sample_rate) for one in decoded], seconds)
        step("level", lambda: [speech_level(clip, coder.sample_rate) for clip in clips], seconds)
        with torch.inference_mode():
            for beam in given.beam:
                step(f"code, beam {beam}", lambda beam=beam: coder.encode(clips, beam=beam), seconds)
            coded = coder.encode(clips)
            step("decode the codes", lambda: coder.decode(coded), seconds)


if __name__ == "__main__":
    main()
