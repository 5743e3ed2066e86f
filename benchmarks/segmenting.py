"""How well long recordings are cut: made of real clips, so that the truth is known.

    python benchmarks/segmenting.py NAME:PATH:LANGUAGE ... [--clips 200] [--words NAME=FILE] [--labels NAME=FOLDER]
        [--asr-model PATH] [--spoil]

Clips of a corpus are joined in order, with pauses of their own room tone, and cut again with and without their text.
Prints for each recording

- speed in seconds of audio per second of CPU; cuts inside speech; share of the speech that is in a clip; lengths;
- with the text: clips with exactly the right text, with a wrong one, and refused speech.

With ``--asr-model`` also with the text placed by Whisper (``align = "asr"``). ``--spoil`` spoils the text that is
given: of one clip in 25 the text is missing, after one in 25 a sentence stands that is not read, and every 1,500
characters a page number; the texts of clips are held against what is said all the same.

The truth of a text is the times of words, where they are known: from any forced aligner (``--words``; JSON,
``{clip: [[word, start, end], ...]}``), or from phone labels of Festival (``--labels``). Elsewhere only the borders of
the joined clips are known; a cut inside one of them counts as ``unknown``, unless the text is wrong by whole sentences.
A cut is inside speech if labels say so; without labels, if the 20 ms around it are within 30 dB of loud speech.
"""

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # before numpy: one core, as in a worker

import argparse
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile as sf
from longform import Recording, join, read, times_from_json, times_from_labels

from ttsprep.build.config import Segment, Transcribe
from ttsprep.build.longform.align_asr import aligned_source
from ttsprep.build.longform.book_words import split_book
from ttsprep.build.longform.cut import CutPiece, Segments, SegmentStep
from ttsprep.core.progress import NO_PROGRESS
from ttsprep.core.types import Clip
from ttsprep.corpora.corpus import Corpus


def main() -> None:
    """Print a block of lines for each recording."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", nargs="+", metavar="NAME:PATH:LANGUAGE")
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--as-they-are", action="store_true", help="join without adding pauses")
    parser.add_argument("--words", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--labels", action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--show", action="store_true", help="print every clip with a wrong text")
    parser.add_argument("--asr-model", default="", metavar="PATH", help="also align with this Whisper")
    parser.add_argument("--spoil", action="store_true", help="give a text with gaps, unread sentences, page numbers")
    given = parser.parse_args()
    known = dict(pair.split("=") for pair in given.words)
    labelled = dict(pair.split("=") for pair in given.labels)
    for corpus in given.corpora:
        name, path, language = corpus.split(":")
        clips = read(Path(path), language, given.clips)
        timed = silent = None
        if name in known:
            timed = times_from_json(Path(known[name]), [clip for clip, _, _ in clips])
            clips = [row for row in clips if row[0].id in timed]
        elif name in labelled:
            both = {clip.id: times_from_labels(Path(labelled[name]), clip) for clip, _, _ in clips}
            timed, silent = ({key: pair[side] for key, pair in both.items()} for side in (0, 1))
        recording = join(name, clips, language, gaps=not given.as_they_are, seed=given.seed, timed=timed, silent=silent)
        text = spoiled(recording, given.seed) if given.spoil else recording.text
        measure(recording, text, given.asr_model, show=given.show)


def measure(recording: Recording, text: str, model: str, *, show: bool) -> None:
    """Cut a recording with and without its text, and print what came of it."""
    rules = Segment()
    with tempfile.TemporaryDirectory(prefix="ttsprep-segmenting-") as folder:
        os.environ["TTSPREP_CACHE"] = str(Path(folder) / "cache")  # nothing is known from before
        sf.write(Path(folder) / "long.wav", recording.samples, recording.rate, subtype="PCM_16")
        plain = Clip("long", "long.wav", "", "", recording.language)
        seconds = len(recording.samples) / recording.rate
        print(f"{recording.name}: {seconds / 60:.1f} min, {len(recording.words)} words", flush=True)
        for clip in (plain, replace(plain, text=text)):
            start = time.process_time()
            cuts = Segments.of(SegmentStep(folder, rules).rows([clip])[0])
            speed = seconds / (time.process_time() - start)
            pieces = cuts.pieces or ()
            print(f"  {'with text' if clip.text else 'without  '}  {speed:6.0f} x real time; {len(pieces)} clips")
            print(f"             {describe(recording, pieces)}")
            print(f"             refused {refusals(cuts)}", flush=True)
        show_texts(recording, pieces, show=show)
        if model:
            pieces, refused, speed = by_asr(folder, replace(plain, text=text), model, seconds)
            print(f"  by Whisper {speed:6.0f} x real time; {len(pieces)} clips")
            print(f"             {describe(recording, pieces)}")
            print(f"             refused {'; '.join(f'{n}: {why}' for why, n in refused.most_common())}")
            show_texts(recording, pieces, show=show)


def by_asr(folder: str, clip: Clip, model: str, seconds: float) -> tuple[tuple[CutPiece, ...], Counter[str], float]:
    """Cut a recording and have Whisper place its text; return the pieces, the reasons of the others, and the speed."""
    segment, transcribe = Segment(align="asr"), Transcribe(model=model)
    todo = Corpus(Path(folder), "plain", "made just now", [clip], [clip.id])
    with tempfile.TemporaryDirectory(prefix="ttsprep-aligning-") as out:
        os.environ["TTSPREP_CACHE"] = str(Path(out) / "cache")  # nothing is known from before
        start = sum(os.times()[:4])
        plan, refused = aligned_source(todo, Path(out), segment, transcribe, 1, NO_PROGRESS)
        spent = sum(os.times()[:4]) - start
    pieces = tuple(CutPiece(piece.start, piece.end or 0.0, piece.text) for piece in plan.clips)
    why = Counter(item.reason.partition(": ")[2].partition(" (")[0] for item in refused)
    return pieces, why, seconds / spent


def spoiled(recording: Recording, seed: int) -> str:
    """Return the text as books have it: not all that is said, and more than is read."""
    random = np.random.default_rng(seed)
    taken = split_book(recording.text, "")
    own: dict[int, list[str]] = {}
    for number, (first, last) in zip(recording.sentences, taken.spans, strict=True):
        own.setdefault(number, []).append(recording.text[first:last])
    texts = [" ".join(tokens) for tokens in own.values()]
    parts, size, page = [], 0, 1
    for text in texts:
        chance = random.random()
        parts += [] if chance < 0.04 else [text]
        if chance > 0.96:
            parts.append(" ".join(random.permutation(random.choice(texts).split())))
        size += len(text)
        if size > 1_500 * page:
            parts.append(f"{page + 16}")
            page += 1
    return " ".join(parts)


def describe(recording: Recording, pieces: tuple[CutPiece, ...]) -> str:
    """Say how many clips there are, how long, how much of the speech they hold, and which cuts are inside speech."""
    lengths = [piece.end - piece.start for piece in pieces] or [0.0]
    spread = " ".join(f"{value:.1f}" for value in np.percentile(lengths, (0, 10, 50, 90, 100)))
    loud, hop = loudness(recording)
    speech = loud > np.percentile(loud, 95) - 30
    held = np.zeros(len(loud), bool)
    for piece in pieces:
        held[int(piece.start / hop) : int(piece.end / hop)] = True
    edges = sorted({edge for piece in pieces for edge in (piece.start, piece.end)} - {0.0, lengths[-1]})
    if recording.silent is None:
        inside = [e for e in edges if speech[max(0, int(e / hop) - 1) : int(e / hop) + 1].any()]
    else:
        inside = [e for e in edges if not any(a - 0.01 <= e <= b + 0.01 for a, b in recording.silent)]
    share = (held & speech).sum() / speech.sum()
    return f"{spread} s (0 10 50 90 100 %), {share:.1%} of speech; {len(inside)} / {len(edges)} cuts in speech"


def loudness(recording: Recording) -> tuple[np.ndarray, float]:
    """Return the level of each 10 ms in dB, and that step in seconds; not by the code that is measured."""
    hop = recording.rate // 100
    frames = recording.samples[: len(recording.samples) // hop * hop].reshape(-1, hop)
    return 10 * np.log10((frames - frames.mean(axis=1, keepdims=True)).var(axis=1) + 1e-12), hop / recording.rate


def refusals(cuts: Segments) -> str:
    """Say what was refused: seconds for each reason."""
    total: Counter[str] = Counter()
    for refused in cuts.skipped:
        reason = "".join("0" if c.isdigit() else c for c in refused.reason.partition(" in ")[0])
        total[reason] += int(10 * ((refused.end or 0) - refused.start))
    return "; ".join(f"{tenths / 10:.0f} s: {reason}" for reason, tenths in total.most_common()) or "nothing"


def show_texts(recording: Recording, pieces: tuple[CutPiece, ...], *, show: bool) -> None:
    """Print how many texts are right, wrong and unknown."""
    taken = split_book(recording.text, "")
    tokens = [recording.text[a:b] for a, b in taken.spans]
    middles = np.array([np.nan if np.isnan(a) else (a + b) / 2 for a, b in recording.words])
    verdicts: Counter[str] = Counter()
    for piece in pieces:
        inside = np.flatnonzero((middles >= piece.start) & (middles < piece.end))
        verdict = judge_exact(tokens, inside, piece) if recording.exact else judge_roughly(recording, tokens, piece)
        verdicts[verdict] += 1
        if show and verdict == "wrong":
            print(f"    wrong {piece.start:.2f}-{piece.end:.2f}: {piece.text!r}")
            print(f"          said {' '.join(tokens[i] for i in inside)!r}")
    judged = verdicts["right"] + verdicts["wrong"]
    print(
        f"             texts: {verdicts['right']} right, {verdicts['wrong']} wrong "
        f"({verdicts['wrong'] / max(judged, 1):.1%}), {verdicts['unknown']} unknown"
    )


def judge_exact(tokens: list[str], inside: np.ndarray, piece: CutPiece) -> str:
    """Compare the text of a piece with the words that are said in it."""
    if not len(inside):
        return "wrong"
    said = " ".join(" ".join(tokens[inside[0] : inside[-1] + 1]).split())
    return "right" if said == piece.text else "wrong"


def judge_roughly(recording: Recording, tokens: list[str], piece: CutPiece) -> str:
    """Compare the text of a piece with the clips that it lies in, wholly or in part."""
    starts: dict[int, tuple[float, float]] = {}
    own: dict[int, list[str]] = {}
    for token, number, times in zip(tokens, recording.sentences, recording.words, strict=True):
        starts[number] = times
        own.setdefault(number, []).append(token)
    shared = {number: min(b, piece.end) - max(a, piece.start) for number, (a, b) in starts.items()}
    touched = [number for number, (a, b) in starts.items() if shared[number] > min(0.3, (b - a) / 2)]
    if not touched:
        return "wrong"
    text = " ".join(" ".join(" ".join(own[number]) for number in touched).split())
    first, last = starts[touched[0]], starts[touched[-1]]
    whole_start, whole_end = piece.start <= first[0] + 0.3, piece.end >= last[1] - 0.3
    if whole_start and whole_end:
        return "right" if text == piece.text else "wrong"
    middle = " ".join(" ".join(" ".join(own[number]) for number in touched[1:-1]).split())
    fits = piece.text in text and middle in piece.text
    if whole_start:
        fits = fits and text.startswith(piece.text)
    if whole_end:
        fits = fits and text.endswith(piece.text)
    return "unknown" if fits else "wrong"


if __name__ == "__main__":
    main()
