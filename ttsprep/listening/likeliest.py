"""Which of several texts a clip says, by Whisper, and whether it says it all."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ttsprep.listening.asr import score
from ttsprep.listening.base import Heard
from ttsprep.listening.whisper_model import load
from ttsprep.listening.words import split
from ttsprep.types import Measures


def likeliest(model: str, clips: Sequence[Heard], language: str) -> list[Measures]:
    """Return the likeliest text of each clip, as ``text``, with its measures.

    The probability of a whole text is that of all its tokens and its end, so that texts of any length compare.

    Parameters
    ----------
    model
        Path of an openai-whisper checkpoint.
    clips
        Of like length; the `others` of each are the texts that are possible.
    language
        What is spoken.

    Raises
    ------
    UsageError
        If the model does not know the language.
    """
    scorer = load(model, language)
    features = scorer.encode([clip.samples for clip in clips])
    pairs = [(i, text) for i, clip in enumerate(clips) for text in clip.others]
    tokens = [split(text, scorer.tokenizer.language, scorer.tokenizer.encode).tokens for _, text in pairs]
    told = [k for k, row in enumerate(tokens) if 0 < len(row) < scorer.longest]
    best: dict[int, tuple[float, str]] = {}
    several = [k for k in told if len(clips[pairs[k][0]].others) > 1]
    forced = scorer.force([features[pairs[k][0]] for k in several], [tokens[k] for k in several]) if several else []
    total = {k: float(one.log_p[np.isfinite(one.log_p)].sum()) for k, one in zip(several, forced, strict=True)}
    for k in told:
        i, text = pairs[k]
        best[i] = max(best.get(i, (-np.inf, "")), (total.get(k, 0.0), text))
    chosen = [replace(clip, clip=replace(clip.clip, text=best.get(i, (0.0, ""))[1]), others=())
              for i, clip in enumerate(clips)]  # fmt: skip
    rows = score(scorer, chosen, features)
    return [row | {"text": clip.clip.text} for clip, row in zip(chosen, rows, strict=True)]
