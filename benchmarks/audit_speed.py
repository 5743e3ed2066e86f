"""Speed of an audit in seconds of audio per second of CPU, and where the time goes.

    python benchmarks/audit_speed.py CORPUS [--language en-us] [--clips 400] [--repeat 3]

Everything is CPU time of one core, which other work on the machine disturbs less than the clock. Prints

- the whole command ``ttsprep audit --jobs 1``, start-up, judging, tables and report included;
- measuring alone: what grows with the corpus;
- for scale, in the same run: decoding alone, and one pass of `scipy.signal.stft`;
- each view of `Signal` and each check on warm views. The best of the repeats is taken.
"""

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # before numpy: one core, as in a worker

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.signal

from ttsprep.audit.goal.judge import judge
from ttsprep.audit.measure import MeasureStep
from ttsprep.audit.pipeline import Audited, frame
from ttsprep.audit.select import select
from ttsprep.build.config import Recipe
from ttsprep.checks.base import all_checks
from ttsprep.core import audio
from ttsprep.core.files import digest
from ttsprep.core.signal import Signal
from ttsprep.core.store.cache import KeySet
from ttsprep.core.store.step import StepWork, Task
from ttsprep.core.tables import read_table
from ttsprep.core.types import Clip
from ttsprep.corpora.corpus import read_corpus
from ttsprep.report.page import audit_report
from ttsprep.text.phonemes import phonemize

VIEWS = ("samples", "power", "level_db", "peak_db", "floor_db", "speech", "pauses", "speech_spectrum", "f0")
SHARD = 64

Costs = defaultdict[str, float]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--language", default="en-us")
    parser.add_argument("--clips", type=int, default=400)
    parser.add_argument("--repeat", type=int, default=3)
    given = parser.parse_args()
    corpus = read_corpus(given.corpus)
    items = iter(corpus.clips)
    clips = [replace(clip, language=clip.language or given.language) for clip in items][: given.clips]
    seconds = sum(len(signal.samples) / signal.rate for signal in signals(corpus.root, clips))
    print(f"{len(clips)} clips, {seconds / 60:.1f} min of audio; load {os.getloadavg()[0]:.1f}")

    def best(work: Callable[[], object]) -> float:
        return min(cpu(work) for _ in range(given.repeat))

    measuring = best(lambda: measure(corpus.root, clips))
    decoding = best(lambda: [audio.read(corpus.root / c.path, start=c.start, end=c.end) for c in clips])
    stft = best(lambda: stft_pass(corpus.root, clips)) - decoding
    show("measuring: digest, decode, every check, phonemes", measuring, seconds)
    show("decode only", decoding, seconds, measuring)
    show("one pass of scipy.signal.stft on what was decoded", stft, seconds, measuring)
    show("both", decoding + stft, seconds, measuring)
    rounds = [parts(corpus.root, clips) for _ in range(given.repeat)]
    costs = {name: min(costs[name] for costs in rounds) for name in rounds[0]}
    print("\npart                     ms per minute of audio   share")
    for name, cost in sorted(costs.items(), key=lambda item: -item[1]):
        if cost > 0.001 * sum(costs.values()):
            print(f"{name:24s} {1000 * cost / seconds * 60:12.1f} {cost / sum(costs.values()):17.1%}")
    print(f"{'sum':24s} {1000 * sum(costs.values()) / seconds * 60:12.1f}\n")
    whole(given.corpus, given.language)


def show(name: str, cost: float, seconds: float, whole: float = 0.0) -> None:
    """Print one line: CPU seconds, times real time, and how often it fits into `whole`."""
    ratio = f"   measuring takes {whole / cost:.2f} times as long" if whole else ""
    print(f"{name:50s} {cost:7.2f} s  {seconds / cost:6.0f} x real time{ratio}")


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of this process for `work`."""
    start = time.process_time()
    work()
    return time.process_time() - start


def signals(root: Path, clips: Sequence[Clip]) -> Iterator[Signal]:
    """Decode clip by clip."""
    for clip in clips:
        yield Signal(audio.read(root / clip.path, start=clip.start, end=clip.end))


def measure(root: Path, clips: Sequence[Clip]) -> None:
    """Do what a worker does, texts phonemized anew."""
    from ttsprep.text import phonemes as text

    text._memo.clear()
    work = StepWork(MeasureStep(str(root)), KeySet())
    work.setup()
    for i in range(0, len(clips), SHARD):
        work.setup_batch([Task(clip) for clip in clips[i : i + SHARD]])
        for clip in clips[i : i + SHARD]:
            (row,) = work.rows([Task(clip)])
            if row["status"] != "ok":
                raise SystemExit(f"{clip.id}: {row['status_reason']}")


def stft_pass(root: Path, clips: Sequence[Clip]) -> None:
    """Decode, and take the power spectrogram that the checks share with scipy."""
    for clip in clips:
        decoded = audio.read(root / clip.path, start=clip.start, end=clip.end)
        size = 2 * round(0.020 * decoded.rate)
        hop = round(0.010 * decoded.rate)
        _, _, spectrum = scipy.signal.stft(
            decoded.samples[:, 0], decoded.rate, nperseg=min(size, len(decoded.samples)),
            noverlap=max(0, min(size, len(decoded.samples)) - hop),
        )  # fmt: skip
        np.abs(spectrum) ** 2


def parts(root: Path, clips: Sequence[Clip]) -> Costs:
    """CPU seconds of each view, in the order in which they need each other, and of each check on warm views."""
    costs: Costs = defaultdict(float)

    @contextmanager
    def timed(name: str) -> Iterator[None]:
        start = time.process_time()
        yield
        costs[name] += time.process_time() - start

    checks = sorted(all_checks().values(), key=lambda check: check.name)
    for clip in clips:
        with timed("digest"):
            digest(root / clip.path)
        with timed("decode"):
            decoded = audio.read(root / clip.path, start=clip.start, end=clip.end)
        signal = Signal(decoded)
        for view in VIEWS:
            with timed(f"view {view}"):
                getattr(signal, view)
        with np.errstate(all="ignore"):
            for check in checks:
                with timed(f"check {check.name}"):
                    check.measure(clip, signal)
    by_language: dict[str, list[str]] = defaultdict(list)
    for clip in clips:
        by_language[clip.language].append(clip.text)
    with timed("phonemes of shards"):
        from ttsprep.text import phonemes as text

        text._memo.clear()
        for language, texts in by_language.items():
            for i in range(0, len(texts), SHARD):
                phonemize(texts[i : i + SHARD], language)
    return costs


def whole(path: Path, language: str) -> None:
    """Print the CPU time of the command, children included, and its parts that do not grow with the audio."""
    with tempfile.TemporaryDirectory(prefix="ttsprep-speed-") as name:
        os.environ["TTSPREP_CACHE"] = str(Path(name) / "cache")  # nothing is known from before
        out = Path(name) / "out"
        command = [sys.executable, "-m", "ttsprep", "audit", str(path), "--language", language]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        ended = subprocess.run([*command, "--out", str(out), "--jobs", "1"], stdout=subprocess.DEVNULL, check=False)
        if ended.returncode not in {0, 1}:
            raise SystemExit(f"the audit ended with {ended.returncode}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        total = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        table = read_table(out / "clips.parquet")
        if table is None:
            raise SystemExit("the audit wrote no table")
        clips = frame(table)
        findings = pd.read_parquet(out / "findings.parquet")
        summary = json.loads((out / "summary.json").read_text())
        corpus = read_corpus(path)
        listed = corpus.clips
        recipe = Recipe()
        judging = cpu(lambda: [None for _ in judge(clips, recipe.configured_checks(), recipe.enabled_codes())])
        selecting = cpu(lambda: select(clips, findings, recipe.terms(0)))
        audited = Audited(
            corpus.root, listed, list(clips.id), clips, findings, summary, select(clips, findings, recipe.terms(0))
        )
        reporting = cpu(lambda: audit_report(audited))
    seconds = float(clips.duration_s.sum())
    show(f"whole command, {len(clips)} clips, CPU of all processes", total, seconds)
    print(f"    of which judging {judging:.2f} s, selecting {selecting:.2f} s")
    print(f"    and the report {reporting:.2f} s (bounded, whatever the corpus)")
    print(f"    without the report: {seconds / (total - reporting):.0f} x real time")


if __name__ == "__main__":
    main()
