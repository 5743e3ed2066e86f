"""What Whisper makes of one clip, word by word: where each was heard, how likely it is, what is said instead."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ttsprep.core.errors import MissingExtraError, UsageError
from ttsprep.core.types import Measures
from ttsprep.models import whisper as whisper_model
from ttsprep.models.asr import DOUBT, Asr, score
from ttsprep.models.base import RATE, ModelInput
from ttsprep.models.whisper import LONGEST_S, POSITION_S, Scorer, weights
from ttsprep.models.word_timing import UNSPACED, TokenizedText, monotonic, speech_frames, tokenize, word_scores
from ttsprep.text.diff import TextComparison, compare_texts, without_loops


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word of the transcript.

    Attributes
    ----------
    word
        As it is written.
    start, end
        Seconds into the clip, along the best path through the attention of the model, without silence at either end.
    score
        How far it is behind the likeliest word in its place, in nats, the less the more it sounds like what the model
        writes freely: 0 or less, and what an audit judges; None for a word without letters.
    written
        Whether the model, left free, writes it there, or a word that sounds like it.
    """

    word: str
    start: float
    end: float
    score: float | None
    written: bool

    @property
    def doubted(self) -> bool:
        """Whether it seems not to be said: it is one of the `words_not_said` of an audit."""
        return self.score is not None and self.score <= -DOUBT


@dataclass(frozen=True, slots=True)
class WordScores:
    """One clip as a model hears it.

    Attributes
    ----------
    model
        The file of its weights.
    words
        Of the transcript, in order.
    said
        What it writes freely, every loop of it once.
    measures
        As ``audit --listen asr`` has them.
    missing
        Why there is nothing, where that is so.
    """

    model: str
    words: tuple[TimedWord, ...] = ()
    asr_text: str = ""
    measures: Measures = field(default_factory=dict)
    missing: str = ""


def require_model(model: str) -> str:
    """Return the file of the weights, once it is sure that everything is there to use it.

    Raises
    ------
    MissingExtraError
        If openai-whisper is not installed.
    UsageError
        If the weights are not on this machine, or are no checkpoint of Whisper.
    """
    if missing := Asr.available(asked_by="--asr-model"):
        raise MissingExtraError(missing)
    path = str(weights(model))
    whisper_model.loaded(path)
    return path


def score_words(path: str, clip: ModelInput) -> WordScores:
    """Score the transcript of one clip word by word, and write down what is said.

    Parameters
    ----------
    path
        Of the weights, from `require_model`.
    clip
        The clip at 16 kHz.
    """
    name = path.rpartition("/")[2]
    if len(clip.samples) > LONGEST_S * RATE:
        return WordScores(name, missing=f"it is longer than the {LONGEST_S:g} s that Whisper hears at once")
    try:
        scorer = whisper_model.load_whisper(path, clip.clip.language)
    except UsageError as error:
        return WordScores(name, missing=str(error))
    language: str = scorer.tokenizer.language
    (features,) = scorer.encode([clip.samples])
    asr_text = scorer.text(*scorer.write([features], [len(clip.samples) / RATE]))
    text = tokenize(clip.clip.text, language, scorer.tokenizer.encode)
    if not 0 < len(text.tokens) < scorer.longest:
        missing = "its text is longer than the model can write" if text.tokens else "it has no text"
        return WordScores(name, asr_text=asr_text, missing=missing)
    (measures,) = score(scorer, [clip], [features])
    hypothesis = without_loops(tokenize(asr_text, language, lambda _: ()).words, text.words)
    asr_text = ("" if language in UNSPACED else " ").join(hypothesis)
    comparison = compare_texts(text.words, hypothesis, clip.clip.language)
    return WordScores(name, _words(scorer, clip, features, text, comparison), asr_text, measures)


def _words(
    scorer: Scorer, clip: ModelInput, features: Any, text: TokenizedText, comparison: TextComparison
) -> tuple[TimedWord, ...]:
    (forced,) = scorer.force([features], [text.tokens])
    scores = word_scores(forced.log_p, forced.best, text.spans) * (1 - np.array(comparison.likeness))
    speech = speech_frames(clip.samples, POSITION_S)
    starts = monotonic(forced.attention[:, : max(1, len(speech))])
    length = len(clip.samples) / RATE
    words = []
    for word, (first, after), behind, confirmed in zip(
        text.words, text.spans, scores, comparison.confirmed, strict=True
    ):
        start, end = int(starts[first]), int(starts[after])
        voiced = np.flatnonzero(speech[start:end])
        if len(voiced):
            start, end = start + int(voiced[0]), start + int(voiced[-1]) + 1
        start_s, end_s = (round(min(at * POSITION_S, length), 3) for at in (start, max(end, start + 1)))
        nats = None if np.isnan(behind) else min(0.0, float(behind))
        words.append(TimedWord(word, start_s, end_s, nats, bool(confirmed)))
    return tuple(words)
