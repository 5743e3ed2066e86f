"""Long recordings made of real clips, with the true time of what is said: for `segmenting.py`."""

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from ttsprep.build.longform.book_words import After, split_book
from ttsprep.core import audio
from ttsprep.core.signal import Signal, runs
from ttsprep.core.types import Clip, Samples
from ttsprep.corpora.corpus import read_corpus
from ttsprep.text.phonemes import WORD, phonemize

GAPS_S = {After.LINK: (0.15, 0.45), After.WORD: (0.15, 0.45), After.CLAUSE: (0.15, 0.6), After.SENTENCE: (0.25, 1.0)}
"""Room tone added between two clips, by how the first one's text ends."""

Timed = list[tuple[float, float]]
"""Start and end of each word, in seconds."""


@dataclass(frozen=True)
class Recording:
    """A long recording and what is true of it.

    Attributes
    ----------
    words
        Start and end of every word of `text`, as `ttsprep.build.longform.book_words` counts them; where only the times
        of the whole clips are known, those of the clip that a word is in.
    sentences
        Number of the clip that each word is in.
    exact
        Whether the times of words are known.
    silent
        Labelled silences, where there are labels.
    """

    name: str
    samples: Samples
    rate: int
    text: str
    language: str
    words: Timed
    sentences: list[int]
    exact: bool
    silent: Timed | None = None


def read(root: Path, language: str, count: int) -> list[tuple[Clip, Samples, int]]:
    """Return the first clips of a corpus in order, with their samples and rate; none with remarks in brackets."""
    corpus = read_corpus(root)
    clips = [clip for clip in corpus.clips if clip.text.strip()]
    clips = [clip for clip in clips if not set(clip.text) & set("[]<>()") or language.startswith("en-")][:count]
    decoded = [audio.read(corpus.root / clip.path) for clip in clips]
    return [(clip, Signal(sound).samples, sound.rate) for clip, sound in zip(clips, decoded, strict=True)]


def join(
    name: str,
    clips: Sequence[tuple[Clip, Samples, int]],
    language: str,
    *,
    gaps: bool = True,
    seed: int = 0,
    timed: dict[str, Timed] | None = None,
    silent: dict[str, Timed] | None = None,
) -> Recording:
    """Put clips behind each other, with pauses of the recording's own room tone between them.

    Parameters
    ----------
    gaps
        Add pauses of random length, as the reader may have made them; else join the clips as they are.
    timed
        Times of the words of each clip, where they are known.
    silent
        Labelled silences of each clip, where they are known.
    """
    random = np.random.default_rng(seed)
    rate = clips[0][2]
    tone = room_tone([samples for _, samples, _ in clips], rate) if gaps else np.zeros(rate, np.float32)
    parts: list[Samples] = []
    at = 0
    times: Timed = []
    sentences: list[int] = []
    silences: Timed = []
    for number, (clip, samples, _) in enumerate(clips):
        taken = split_book(clip.text, "")
        start, end = at / rate, (at + len(samples)) / rate
        own = timed[clip.id] if timed else [(0.0, end - start)] * len(taken.sizes)
        times += [(start + first, start + last) for first, last in own]
        sentences += [number] * len(taken.sizes)
        if silent:
            silences += [(start + first, start + last) for first, last in silent[clip.id]]
        parts.append(samples)
        at += len(samples)
        if gaps and len(taken.after):
            size = int(random.uniform(*GAPS_S[After(taken.after[-1])]) * rate)
            offset = int(random.integers(0, max(1, len(tone) - size)))
            parts.append(np.resize(tone[offset : offset + size], size))
            at += size
            silences.append((end, at / rate))
    text = " ".join(clip.text for clip, _, _ in clips)
    return Recording(
        name, np.concatenate(parts), rate, text, language, times, sentences, bool(timed), silences if silent else None
    )


def room_tone(clips: Sequence[Samples], rate: int) -> Samples:
    """Return three seconds of the quietest pauses, cross-faded, as they are in the clips."""
    from ttsprep.core.types import Audio

    pieces = []
    for samples in clips[:80]:
        signal = Signal(Audio(samples[:, None], rate))
        hop = round(signal.hop_s * rate)
        pieces += [samples[a * hop : b * hop] for a, b in runs(signal.pauses) if b - a >= 8]
    pieces.sort(key=lambda piece: float(np.mean(piece**2)))
    fade = np.linspace(0, 1, rate // 100, dtype=np.float32)
    tone = np.zeros(len(fade), np.float32)
    for piece in pieces[: max(1, len(pieces) // 2)]:
        if len(piece) > 2 * len(fade) and len(tone) < 3 * rate:
            tone[-len(fade) :] = tone[-len(fade) :] * (1 - fade) + piece[: len(fade)] * fade
            tone = np.concatenate((tone, piece[len(fade) :]))
    return tone


def times_from_json(path: Path, clips: Sequence[Clip]) -> dict[str, Timed]:
    """Read the times of words that any forced aligner found: ``{clip: [[word, start, end], ...]}``."""
    found = json.loads(path.read_text(encoding="utf-8"))
    result = {}
    for clip in clips:
        count = len(split_book(clip.text, "").sizes)
        rows = [(row[1], row[2]) for row in found.get(clip.id, []) if any(c.isalnum() for c in row[0])]
        if len(rows) == count:
            result[clip.id] = rows
    return result


def times_from_labels(folder: Path, clip: Clip) -> tuple[Timed, Timed]:
    """Return the times of the words and of the silences from Festival's phone labels.

    The phones of the labels are matched with those of the words by edit distance, vowels with vowels.
    """
    rows = [line.split() for line in (folder / f"{clip.id}.lab").read_text(errors="replace").splitlines()]
    ends = [(float(row[0]), row[2]) for row in rows if len(row) == 3]
    labels = [(first, last, name) for (first, _), (last, name) in pairwise([(0.0, ""), *ends])]
    silent = [(first, last) for first, last, name in labels if name in {"pau", "#", "ssil"}]
    sounds = [label for label in labels if label[2] not in {"pau", "#", "ssil"}]
    taken = split_book(clip.text, "")
    tokens = [clip.text[a:b] for a, b in taken.spans]
    own = [(number, phone) for number, line in enumerate(phonemize(tokens, clip.language or "ru"))
           for phone in line.split() if phone != WORD]  # fmt: skip
    matched = match([kind(name) for _, _, name in sounds], [kind(phone) for _, phone in own])
    times: Timed = []
    for number in range(len(tokens)):
        mine = [sounds[a] for a, b in matched if own[b][0] == number]
        times.append((mine[0][0], mine[-1][1]) if mine else (np.nan, np.nan))
    return times, silent


def kind(phone: str) -> str:
    """Return the class that a phone is matched by: ``V`` for vowels, else its plain first letter."""
    plain = unicodedata.normalize("NFD", phone)[0].lower()
    if plain in "aeiouyɐəɛɪɔʊɨæɵʉɑ":
        return "V"
    return {"ʃ": "s", "ɕ": "s", "ʒ": "z", "ʑ": "z", "ɡ": "g", "ɫ": "l", "ɭ": "l", "ɾ": "r", "ɣ": "g", "c": "t"}.get(
        plain, plain
    )


def match(left: Sequence[str], right: Sequence[str]) -> list[tuple[int, int]]:
    """Pair two sequences by Needleman and Wunsch; return the pairs."""
    score = np.zeros((len(left) + 1, len(right) + 1))
    score[:, 0], score[0, :] = -np.arange(len(left) + 1), -np.arange(len(right) + 1)
    for i, a in enumerate(left, 1):
        for j, b in enumerate(right, 1):
            same = 2.0 if a == b else (-1.5 if "V" in {a, b} else 0.0)
            score[i, j] = max(score[i - 1, j - 1] + same, score[i - 1, j] - 1, score[i, j - 1] - 1)
    pairs = []
    i, j = len(left), len(right)
    while i and j:
        same = 2.0 if left[i - 1] == right[j - 1] else (-1.5 if "V" in {left[i - 1], right[j - 1]} else 0.0)
        if score[i, j] == score[i - 1, j - 1] + same:
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif score[i, j] == score[i - 1, j] - 1:
            i -= 1
        else:
            j -= 1
    return pairs[::-1]
