"""A chapter read by eSpeak NG: the clips of the spoken corpus behind each other, with silences of a quiet room."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf

from ttsprep.core.types import Samples


@dataclass(frozen=True)
class Chapter:
    """What was put together: the text, and where each sentence and each silence between two lies, in seconds."""

    path: Path
    rate: int
    sentences: list[str]
    spans: list[tuple[float, float]]
    gaps: list[tuple[float, float]]

    @property
    def text(self) -> str:
        return " ".join(self.sentences)


def room(seconds: float, rate: int, seed: int = 0) -> Samples:
    noise = np.random.default_rng(seed).standard_normal(round(seconds * rate))
    return (10 ** (-68 / 20) * noise).astype(np.float32)


def chapter(corpus: Path, folder: Path, *, gap: float = 0.6, head: float = 0.4) -> Chapter:
    rows = [line.split("|") for line in (corpus / "metadata.csv").read_text(encoding="utf-8").splitlines()]
    rate = sf.info(corpus / "wavs" / f"{rows[0][0]}.wav").samplerate
    parts, spans, gaps, at = [room(head, rate)], [], [], head
    for number, row in enumerate(rows):
        samples = sf.read(corpus / "wavs" / f"{row[0]}.wav", dtype="float32")[0]
        silence = room(gap, rate, number)
        parts += [samples, silence]
        spans.append((at, at + len(samples) / rate))
        gaps.append((spans[-1][1], spans[-1][1] + gap))
        at += (len(samples) + len(silence)) / rate
    path = folder / "chapter.wav"
    sf.write(path, np.concatenate(parts), rate, subtype="PCM_16")
    return Chapter(path, rate, [row[1] for row in rows], spans, gaps)
