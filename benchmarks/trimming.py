"""Where trimming cuts: against silence of known length, and into what on real clips.

    python benchmarks/trimming.py NAME:PATH ... [--clips 60]

First every clip is cut hard inside strong speech, so that its onset and end are known, and silence is placed around
it: the voice's own steadiest room tone, or digital silence. Then every clip is trimmed as it is, and what was removed
is held against the room: in the 100 ms next to what was kept, where speech would be lost, and on the whole, where
breaths and clicks far from the speech count, too.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ttsprep.build.stages.mono import Mono
from ttsprep.build.stages.trim import Trim
from ttsprep.core import audio
from ttsprep.core.errors import AudioError
from ttsprep.core.files import inside
from ttsprep.core.signal import Signal, runs
from ttsprep.core.types import Audio, Clip, Samples
from ttsprep.corpora.corpus import read_corpus

CLIP = Clip("a", "a", "")


def clips_of(path: Path, count: int) -> Iterator[Audio]:
    """Yield clips of a corpus in mono, the same ones every time."""
    corpus = read_corpus(path)
    clips = [clip for clip in corpus.clips if "silence" not in clip.id]
    for i in np.random.default_rng(0).permutation(len(clips))[:count]:
        try:
            yield Mono().apply(CLIP, audio.read(inside(corpus.root, clips[i].path))).audio
        except AudioError:
            continue


def room_tone(clips: list[Audio]) -> Samples:
    """Return the quietest quarter of a second or more without speech that is steady: a breath is not."""
    found = []
    for clip in clips:
        signal = Signal(clip)
        hop = round(0.01 * clip.rate)
        for first, last in runs(signal.pauses):
            level = signal.level_db[first:last]
            if last - first >= 25 and level.std() < 2:
                found.append((float(level.mean()), signal.samples[first * hop : last * hop]))
    return min(found, key=lambda item: item[0])[1] if found else np.zeros(0, np.float32)


def silence(tone: Samples, length: int, random: np.random.Generator) -> Samples:
    """Make room tone of any length of overlapping pieces of a little of it."""
    size = len(tone) // 2 * 2
    result = np.zeros((length + size, 1), np.float32)
    window = np.sqrt(np.hanning(size + 1)[:-1])
    for start in range(0, length, size // 2):
        piece = np.roll(tone[:size], random.integers(size)) * random.choice([-1, 1]) * window
        result[start : start + size, 0] += piece
    return result[:length]


def placed(clips: list[Audio], tone: Samples) -> None:
    """Print how far cuts are from where they are meant to be."""
    random = np.random.default_rng(1)
    off: dict[str, list[float]] = {"room tone": [], "digital silence": []}
    for clip in clips:
        signal = Signal(clip)
        strong = np.flatnonzero(signal.speech & (signal.level_db > signal.peak_db - 22))
        hop = round(0.01 * clip.rate)
        speech = clip.samples[strong[0] * hop : strong[-1] * hop]
        if len(speech) < 0.3 * clip.rate:
            continue
        for seconds, kind in ((0.7, "room tone"), (1.6, "room tone"), (1.0, "digital silence")):
            length = int(seconds * clip.rate)
            if kind == "room tone" and not len(tone):
                continue
            ends = [np.zeros((length, 1), np.float32) for _ in range(2)]
            if kind == "room tone":
                ends = [silence(tone, length, random) for _ in range(2)]
            did = Trim().apply(CLIP, clip.with_samples(np.concatenate((ends[0], speech, ends[1])))).did
            off[kind].append(float(did.get("lead_removed_s", 0)) - (length / clip.rate - Trim.lead_s))
            off[kind].append(float(did.get("tail_removed_s", 0)) - (length / clip.rate - Trim.tail_s))
    for kind, values in off.items():
        if values:
            found = np.array(values)
            most, least = max(0.0, found.max()) * 1000, max(0.0, -found.min()) * 1000
            print(
                f"  {kind}: {np.mean(np.abs(found) <= 0.0201):.1%} of {len(found)} cuts within 20 ms; "
                f"too much removed by at most {most:.0f} ms, too little by {least:.0f} ms"
            )


def real(clips: list[Audio]) -> None:
    """Print how loud what was removed is, over the room."""
    near, whole, removed = [], [], 0.0
    for clip in clips:
        signal = Signal(clip)
        did = Trim().apply(CLIP, clip).did
        x = signal.samples.astype(np.float64)
        quiet = signal.level_db[signal.pauses]
        if not did or len(quiet) < 10:
            continue
        hop, reach = round(0.01 * clip.rate), round(0.1 * clip.rate)
        frames = [10 * np.log10(np.mean(x[i : i + hop] ** 2) + 1e-12) for i in range(0, len(x) - hop, hop)]
        room = float(np.median(np.array(frames)[signal.pauses[: len(frames)]]))
        lead = x[: round(float(did["lead_removed_s"]) * clip.rate)]
        tail = x[len(x) - round(float(did["tail_removed_s"]) * clip.rate) :]
        for part, edge in ((lead, lead[-reach:]), (tail, tail[:reach])):
            if len(part) > hop:
                removed += len(part) / clip.rate
                near.append(10 * np.log10(np.mean(edge**2) + 1e-12) - room)
                whole.append(10 * np.log10(np.mean(part**2) + 1e-12) - room)
    if near:
        print(
            f"  as they are: {len(near)} cuts, {removed:.1f} s removed; level of that against the room: next to the "
            f"cut at most {max(near):+.1f} dB ({sum(value > 6 for value in near)} over 6 dB), on the whole at most "
            f"{max(whole):+.1f} dB ({sum(value > 6 for value in whole)} over 6 dB)"
        )
    else:
        print("  as they are: nothing to remove")


def main() -> None:
    """Print the cuts of each corpus."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", nargs="+", metavar="NAME:PATH")
    parser.add_argument("--clips", type=int, default=60)
    given = parser.parse_args()
    for which in given.corpora:
        name, path = which.split(":", 1)
        clips = list(clips_of(Path(path), given.clips))
        print(f"{name}: {len(clips)} clips")
        placed(clips, room_tone(clips))
        real(clips)


if __name__ == "__main__":
    main()
