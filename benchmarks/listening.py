"""How well the transcripts of a clean corpus are told from wrong ones, and how fast.

    python benchmarks/listening.py CORPUS --asr-model PATH [--language en] [--clips 150] [--words 4]
        [--against 32]

Texts and audio are spoiled in copies, in memory: the text of another clip of like length, one wrong word among ten,
one wrong word in all, half the text missing, 30 % of the audio cut off. What is cut off is speech: 30 % of the time
from the first to the last of it. For each it prints the area under the ROC curve of the evidence against the clean
clips, and the share found at the default limit. Texts that are not written as they are read are left out: those with
digits, brackets, and signs that have a name. What is usual in the corpus is that of the clean clips. `--against`
clips are also written down with `whisper.transcribe` and its defaults, in turns with scoring them, for the speed. One
thread.
"""

import argparse
import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from ttsprep.audit.model_pass import decode_clips, similar_length_texts
from ttsprep.checks.transcript import Transcript, evidence
from ttsprep.core.errors import AudioError
from ttsprep.core.types import Measures
from ttsprep.corpora.corpus import read_corpus
from ttsprep.models.asr import Asr, score
from ttsprep.models.base import RATE, ModelInput
from ttsprep.models.whisper import POSITION_S, load_whisper, weights
from ttsprep.models.word_timing import speech_frames

BATCH = Asr.batch
ROUNDS = 4
MARKS = ".,;:!?\"'()-"
UNREAD = re.compile(r"[\d*#&$%@=/\[\]<>()]")


def area(clean: Sequence[float], spoiled: Sequence[float]) -> float:
    """Return the area under the ROC curve: how often a spoiled clip reads higher than a clean one."""
    a, b = np.asarray(clean)[None], np.asarray(spoiled)[:, None]
    return float(((b > a) + 0.5 * (b == a)).mean())


def wrong_words(text: str, vocabulary: Sequence[str], chance: random.Random, every: int) -> str:
    """Put another word of like length in place of one word in `every`; of one in all if that is 0."""
    words = text.split()
    places = range(chance.randrange(every), len(words), every) if every else []
    for place in places or [chance.randrange(len(words))]:
        old = words[place].strip(MARKS).casefold()
        near = [word for word in vocabulary if abs(len(word) - len(old)) <= 1 and word.casefold() != old]
        words[place] = chance.choice(near or list(vocabulary))
    return " ".join(words)


def half(clip: ModelInput, *, first: bool) -> str:
    """Return half of the text."""
    words = clip.clip.text.split()
    return " ".join(words[: len(words) // 2] if first else words[len(words) // 2 :])


def cut(clip: ModelInput, *, end: bool) -> ModelInput:
    """Cut off 30 % of the speech, with the silence before or after it."""
    speech = np.flatnonzero(speech_frames(clip.samples, POSITION_S)) * round(POSITION_S * RATE)
    first, last = int(speech[0]), int(speech[-1]) + round(POSITION_S * RATE)
    size = round(0.3 * (last - first))
    return replace(clip, samples=clip.samples[: last - size] if end else clip.samples[first + size :])


def table(rows: Sequence[Measures], heard: Sequence[ModelInput]) -> pd.DataFrame:
    """Return measures as the table that they would be in."""
    texts = dict.fromkeys(Transcript.strings, "")
    return pd.DataFrame([
        texts | row | {"id": one.clip.id, "text": one.clip.text} for one, row in zip(heard, rows, strict=True)
    ])


def same(one: str, other: str) -> bool:
    """Say whether most words of a text are also in another: prompts come in variants."""
    a, b = ({word.strip(MARKS).casefold() for word in text.split()} for text in (one, other))
    return len(a & b) > min(len(a), len(b)) / 2


def chosen(
    root: Path, language: str, count: int, chance: random.Random, words: int = 4
) -> tuple[list[ModelInput], list[str]]:
    """Return clips of so many words or more, shortest first, each with texts of like length, and the words of all."""
    todo = read_corpus(root, language=language)
    # a plus is a mark of stress in some corpora
    corpus = [replace(clip, text=clip.text.replace("+", "")) for clip in todo.clips]
    corpus = [clip for clip in corpus if len(clip.text.split()) >= words and not UNREAD.search(clip.text)]
    clips = []
    for clip in chance.sample(corpus, min(count, len(corpus))):
        try:
            clips.append(ModelInput(clip, decode_clips(todo.root, clip)))
        except AudioError as error:
            print(f"{clip.id}: {error}")
    clips = [clip for clip in clips if 1.0 < len(clip.samples) / RATE < 29.0]
    clips.sort(key=lambda clip: len(clip.samples))
    clips = [
        replace(clip, others=tuple(text for text in texts if not same(text, clip.clip.text)))
        for clip, texts in zip(clips, similar_length_texts([clip.clip for clip in clips]), strict=True)
    ]
    clips = [clip for clip in clips if clip.others]
    spoken = {word.strip(MARKS) for clip in corpus for word in clip.text.split()}
    return clips, sorted(word for word in spoken if word.isalpha())


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--asr-model", required=True)
    parser.add_argument("--language", default="en")
    parser.add_argument("--clips", type=int, default=150)
    parser.add_argument("--words", type=int, default=4, help="the fewest that a text has")
    parser.add_argument("--against", type=int, default=32)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    chance = random.Random(0)
    clips, vocabulary = chosen(asked.corpus, asked.language, asked.clips, chance, asked.words)
    scorer = load_whisper(str(weights(asked.asr_model)), asked.language)
    seconds = sum(len(clip.samples) for clip in clips) / RATE

    def encode(heard: Sequence[ModelInput]) -> list[object]:
        return [
            one for i in range(0, len(heard), BATCH) for one in scorer.encode([c.samples for c in heard[i : i + BATCH]])
        ]

    def measure(heard: Sequence[ModelInput], encoded: Sequence[object]) -> list[Measures]:
        batches = (slice(i, i + BATCH) for i in range(0, len(heard), BATCH))
        return [row for batch in batches for row in score(scorer, heard[batch], encoded[batch])]

    def rewritten(rewrite: Callable[[ModelInput], str]) -> list[ModelInput]:
        return [replace(clip, clip=replace(clip.clip, text=rewrite(clip))) for clip in clips]

    def seconds_for(start: tuple[float, float]) -> str:
        wall, cpu = time.perf_counter() - start[0], time.process_time() - start[1]
        return f"{seconds / wall:.1f} x real time by the clock, {seconds / cpu:.1f} x by processor time"

    print(f"{asked.asr_model}: {len(clips)} clips, {seconds:.0f} s", flush=True)
    start = time.perf_counter(), time.process_time()
    features = encode(clips)
    clean = table(measure(clips, features), clips)
    print(f"scored at {seconds_for(start)}; {(clean.asr_text != '').sum()} clips were doubted", flush=True)
    scores = evidence(clean)
    limits = Transcript().limits(scores, clean)
    named = scores >= limits
    print(f"clean: {named.mean():.2%} ({named.sum()}) at the limit; limits {sorted(set(limits.round(1)))}")
    print(f"highest {np.sort(scores)[-5:].round(1)}")
    for row in clean[named].itertuples():
        print(f"  {row.id} {row.doubted_word!r}: {row.text!r} / {row.asr_text!r}")
    spoiled = {
        "text of another clip of like length": rewritten(lambda clip: chance.choice(clip.others[:4])),
        "one wrong word among ten": rewritten(lambda clip: wrong_words(clip.clip.text, vocabulary, chance, 10)),
        "one wrong word": rewritten(lambda clip: wrong_words(clip.clip.text, vocabulary, chance, 0)),
        "second half of the text missing": rewritten(lambda clip: half(clip, first=True)),
        "first half of the text missing": rewritten(lambda clip: half(clip, first=False)),
        "last 30 % of the audio missing": [cut(clip, end=True) for clip in clips],
        "first 30 % of the audio missing": [cut(clip, end=False) for clip in clips],
    }
    for name, heard in spoiled.items():
        same = all(a.samples is b.samples for a, b in zip(clips, heard, strict=True))
        rows = table(measure(heard, features if same else encode(heard)), heard)
        found = evidence(rows, clean)
        share = (found >= limits).mean()
        print(f"{name}: AUROC {area(scores, found):.4f}, {share:.1%} found at the limit", flush=True)
    against(
        scorer.model,
        clips[:: max(1, len(clips) // max(1, asked.against))][: asked.against],
        Asr(asked.asr_model),
        asked.language,
    )


def against(model: object, clips: Sequence[ModelInput], listener: Asr, language: str) -> None:
    """Print how much faster scoring is than writing down, on the same clips in the same run."""
    if not clips:
        return
    written = scored = 0.0
    listener.measure(clips[:2])  # loads the model, and what comes with it
    for turn in range(ROUNDS):
        start = time.process_time()
        for clip in clips[turn::ROUNDS]:
            model.transcribe(clip.samples, language=language, fp16=False)  # type: ignore[attr-defined]
        middle = time.process_time()
        listener.measure(clips)
        written += middle - start
        scored += (time.process_time() - middle) / ROUNDS
    each, ours = written / len(clips), scored / len(clips)
    print(
        f"a clip: whisper.transcribe {each:.2f} s, scoring {ours:.2f} s of processor time: {each / ours:.1f} x faster"
    )


if __name__ == "__main__":
    main()
