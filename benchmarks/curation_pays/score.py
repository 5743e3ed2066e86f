"""How well a voice reads sentences that it has never seen."""

from collections.abc import Sequence
from pathlib import Path

import librosa
import numpy as np
import pandas as pd
from rapidfuzz.distance import Levenshtein

from benchmarks.curation_pays.features import MELS, RATE, Sound, listen
from ttsprep.core.types import Clip, Samples
from ttsprep.models.base import ModelInput
from ttsprep.models.transcriber import transcribe_clips
from ttsprep.models.whisper import load_whisper
from ttsprep.models.word_timing import tokenize
from ttsprep.text.characters import letters

_MCD = 10 * np.sqrt(2) / np.log(10) / 2 / np.sqrt(2 * MELS)
"""From distances of orthonormal cepstra of log powers to those of cepstra of log magnitudes in dB (Kubichek 1993)."""


def score(sounds: Sequence[Samples], clips: Sequence[Clip], model: Path, real: Sequence[Sound]) -> pd.DataFrame:
    """Score spoken sentences.

    Parameters
    ----------
    sounds
        At 16 kHz.
    clips
        Whose texts were to be read.
    model
        A checkpoint of Whisper that no curation used.
    real
        The recordings of the same sentences.

    Returns
    -------
    pandas.DataFrame
        A row for each sentence: ``id``, ``words``, ``letters``; ``nats``, the negative log-probability of the text
        and its end; ``word_errors`` and ``letter_errors`` of what Whisper writes, at most as many as there are;
        ``mcd_db``, the mel-cepstral distance from the recording along the best warping, and ``f0_semitones``, the
        root of the mean square of the distances of F0 along it; ``heard``.
    """
    inputs = [ModelInput(clip, np.asarray(sound, np.float32)) for clip, sound in zip(clips, sounds, strict=True)]
    language = clips[0].language
    scorer = load_whisper(str(model), language)
    texts = [tokenize(clip.text, scorer.tokenizer.language, scorer.tokenizer.encode).tokens for clip in clips]
    forced = scorer.force(scorer.encode([one.samples for one in inputs]), texts)
    heard = transcribe_clips(str(model), inputs)
    rows = []
    for clip, sound, likely, written, recording in zip(clips, sounds, forced, heard, real, strict=True):
        said, wanted = _words(written.text), _words(clip.text)
        own = listen(np.asarray(sound, np.float32))
        mcd, f0 = _warped(own, recording)
        rows.append({
            "id": clip.id,
            "words": len(wanted),
            "letters": len("".join(wanted)),
            "nats": -float(likely.log_p[np.isfinite(likely.log_p)].sum()),
            "word_errors": min(Levenshtein.distance(wanted, said), len(wanted)),
            "letter_errors": min(Levenshtein.distance("".join(wanted), "".join(said)), len("".join(wanted))),
            "mcd_db": mcd,
            "f0_semitones": f0,
            "seconds": len(sound) / RATE,
            "heard": written.text,
        })
    return pd.DataFrame(rows)


def _words(text: str) -> list[str]:
    return [word for word in map(letters, text.split()) if word]


def _warped(own: Sound, real: Sound) -> tuple[float, float]:
    """Return the mel-cepstral distance in dB and the distance of F0 in semitones along the path that warps least."""
    ours, theirs = own.cepstra[::2, 1:13], real.cepstra[::2, 1:13]
    _, path = librosa.sequence.dtw(ours.T, theirs.T)
    here, there = np.minimum(path.T, [[len(own.log_f0) - 1], [len(real.log_f0) - 1]])
    distance = _MCD * np.sqrt(np.square(ours[path[:, 0]] - theirs[path[:, 1]]).sum(axis=1)).mean()
    both = (own.voiced[here] > 0) & (real.voiced[there] > 0)
    off = 12 / np.log(2) * (own.log_f0[here] - real.log_f0[there])[both]
    return float(distance), float(np.sqrt(np.square(off).mean())) if both.any() else np.nan
