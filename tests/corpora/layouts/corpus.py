"""Real corpora on disk for the tests of the layouts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile as sf

from ttsprep.core.types import Clip, Finding
from ttsprep.corpora.corpus import Corpus, read_corpus
from ttsprep.corpora.layouts._languages import ASSUMED_LANGUAGE


def audio(root: Path, *names: str) -> Path:
    """Write 0.1 s of a tone under each name; the extension is the format."""
    tone = (0.1 * np.sin(np.arange(1600) / 7.0)).astype(np.float32)
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        sf.write(path, tone, 16_000)
    return root


def put(root: Path, name: str, content: str | bytes) -> Path:
    """Write a file exactly: no line end is translated."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def split(corpus: Corpus, language: str = ASSUMED_LANGUAGE) -> tuple[list[Clip], list[Finding]]:
    """Return the clips, without the language that was filled in, and the findings."""
    clips = [replace(clip, language="") if clip.language == language else clip for clip in corpus.clips]
    return clips, corpus.findings


def clips_of(path: Path, layout: str = "auto") -> list[Clip]:
    """Read a corpus in which nothing is wrong."""
    clips, findings = split(read_corpus(path, layout, "en-gb"), "en-gb")
    assert findings == []
    return clips
