"""Is what is written what is said: Whisper scores the transcript, and writes down only what it doubts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from ttsprep.core.files import digest
from ttsprep.core.types import Measures
from ttsprep.models.base import RATE, ModelInput, SpeechModel
from ttsprep.models.whisper import LONGEST_S, POSITION_S, Forced, Scorer, scorers, weights
from ttsprep.models.word_timing import (
    UNSPACED,
    TokenizedText,
    monotonic,
    speech_frames,
    tokenize,
    word_pace,
    word_scores,
)
from ttsprep.text.diff import TextComparison, compare_texts, without_loops

DOUBT = 4.0
"""A clip is written down freely if a word, or an end, is this far behind what the model expects, in nats."""
_SQUEEZED, STRETCHED_S = 7.0, 0.45
"""It is, too, if there is no time for so many letters, or no letters for so much speech, in seconds."""

UNWRITTEN_NATS, UNWRITTEN_MOST = 0.5, 4.0
"""What a phone that is said and not written counts, and all of them at most."""
UNWRITTEN_S, UNHEARD = 0.2, 0.3
"""What seems to be said and not written counts in full from so much speech without letters on, and so much without."""


@dataclass(frozen=True)
class Asr(SpeechModel):
    """Whisper, which is made to write the transcript and says how likely each word is.

    Attributes
    ----------
    model
        Path or name of an openai-whisper checkpoint.
    """

    name = "asr"
    extra = "asr"
    packages: ClassVar[tuple[str, ...]] = ("torch", "whisper")
    version = 3
    batch = 64

    model: str = "base"

    def digest(self) -> str:  # noqa: D102
        return digest(weights(self.model))

    def measure(self, batch: Sequence[ModelInput]) -> list[Measures]:  # noqa: D102
        short = [i for i, clip in enumerate(batch) if len(clip.samples) <= LONGEST_S * RATE]
        result: list[Measures] = [{} for _ in batch]
        for places, scorer in scorers(str(weights(self.model)), [batch[i] for i in short]):
            if isinstance(scorer, Scorer):  # a language that the model does not know is not judged
                own = [short[place] for place in places]
                features = scorer.encode([batch[i].samples for i in own])
                for i, row in zip(own, score(scorer, [batch[i] for i in own], features), strict=True):
                    result[i] = row
        return result


def score(scorer: Scorer, clips: Sequence[ModelInput], features: Sequence[Any]) -> list[Measures]:
    """Return the measures of clips in one language, whose `features` the encoder made."""
    language: str = scorer.tokenizer.language
    texts = [tokenize(clip.clip.text, language, scorer.tokenizer.encode) for clip in clips]
    encoded = {i: features[i] for i, text in enumerate(texts) if 0 < len(text.tokens) < scorer.longest}
    forced = scorer.force(features, [text.tokens if i in encoded else () for i, text in enumerate(texts)])
    rows = [_language(one, language) | {"no_speech_p": one.no_speech} for one in forced]
    doubted = []
    for i in encoded:
        rows[i] |= _timing(texts[i], clips[i], forced[i], spaced=language not in UNSPACED)
        rows[i] |= _scores(texts[i], forced[i], None, rows[i]["stretched_s"])
        if (
            rows[i]["mismatch_nats"] >= DOUBT
            or rows[i]["squeezed_letters"] >= _SQUEEZED
            or rows[i]["stretched_s"] >= STRETCHED_S
        ):
            doubted.append(i)
    if not doubted:
        return rows
    tokens = scorer.write([encoded[i] for i in doubted], [len(clips[i].samples) / RATE for i in doubted])
    others = {i: _tokens(scorer, clips[i]) for i in doubted if clips[i].others}
    decoys = dict(zip(others, _force(scorer, encoded, others), strict=True))
    for i, text in zip(doubted, map(scorer.text, tokens), strict=True):
        words = without_loops(tokenize(text, language, lambda _: ()).words, texts[i].words)
        comparison = compare_texts(texts[i].words, words, clips[i].clip.language)
        rows[i] |= _scores(texts[i], forced[i], comparison, rows[i]["stretched_s"])
        rows[i] |= {"asr_text": text, "asr_cer": comparison.error_rate}
        if i in decoys:
            rows[i]["decoy_log_p"] = _mean(decoys[i])
    return rows


def _language(forced: Forced, declared: str) -> Measures:
    """Return which language is spoken, from a model that knows many."""
    chances = forced.languages
    if not chances:
        return {}
    language = max(chances, key=chances.__getitem__)
    return {"spoken_language": language, "spoken_language_p": chances[language], "language_p": chances[declared]}


def _force(scorer: Scorer, encoded: dict[int, Any], texts: dict[int, tuple[int, ...]]) -> list[Forced]:
    return scorer.force([encoded[i] for i in texts], list(texts.values())) if texts else []


def _tokens(scorer: Scorer, clip: ModelInput) -> tuple[int, ...]:
    """Return the tokens of a decoy: the other transcript that is nearest in length."""
    tokens = tokenize(clip.others[0], scorer.tokenizer.language, scorer.tokenizer.encode).tokens
    return tokens[: scorer.longest]


def _mean(forced: Forced) -> float:
    """Return the mean log-probability of the tokens that are words, and of the end."""
    return float(forced.log_p[np.isfinite(forced.log_p)].mean())


def _scores(text: TokenizedText, forced: Forced, comparison: TextComparison | None, stretched_s: float) -> Measures:
    """Return how far the worst word, or the worst place where a word is missing, is behind what was expected."""
    missing = -np.nan_to_num(word_scores(forced.log_p, forced.best, text.spans))
    starts = [start for start, _ in text.spans] + [len(text.tokens)]
    entering = (forced.best - forced.log_p)[starts]
    entering[~np.isfinite(entering)] = 0.0
    unwritten = entering[[0, -1]]
    if comparison is not None:
        missing = missing * (1 - np.array(comparison.likeness))
        unwritten = np.array([
            entering[place] + min(UNWRITTEN_NATS * phones, UNWRITTEN_MOST) for place, phones in comparison.extra.items()
        ])
        # Whisper goes on where a text ends in the middle of a sentence; only if something is said, that means more
        unwritten = unwritten * (UNHEARD + (1 - UNHEARD) * min(1.0, stretched_s / UNWRITTEN_S) ** 2)
    worst = int(missing.argmax())
    doubted = bool(missing[worst] >= DOUBT)
    return {
        "text_log_p": _mean(forced),
        "mismatch_nats": float(max(0.0, missing.max(), unwritten.max(initial=0.0))),
        "words_not_said": float(np.count_nonzero(missing >= DOUBT)),
        "unwritten_places": float(np.count_nonzero(unwritten >= DOUBT)),
        "doubted_word": text.words[worst] if doubted else "",
        "doubted_place": float(worst) if doubted else np.nan,
    }


def _timing(text: TokenizedText, clip: ModelInput, forced: Forced, *, spaced: bool) -> Measures:
    """Return where the words end, and where letters and speech have no room for each other."""
    speech = speech_frames(clip.samples, POSITION_S)
    starts = monotonic(forced.attention[:, : max(1, len(speech))])
    squeezed, stretched = word_pace(text, starts, speech, POSITION_S, spaced=spaced)
    return {"words_end_s": int(starts[-1]) * POSITION_S, "squeezed_letters": squeezed, "stretched_s": stretched}


def best_text(scorer: Scorer, clips: Sequence[ModelInput]) -> list[Measures]:
    """Return the likeliest text of each clip, as ``text``, with its measures.

    The probability of a whole text is that of all its tokens and its end, so that texts of any length compare.

    Parameters
    ----------
    scorer
        For the language of the clips.
    clips
        Of like length; the `others` of each are the texts that are possible.
    """
    features = scorer.encode([clip.samples for clip in clips])
    pairs = [(i, text) for i, clip in enumerate(clips) for text in clip.others]
    tokens = [tokenize(text, scorer.tokenizer.language, scorer.tokenizer.encode).tokens for _, text in pairs]
    places = [k for k, row in enumerate(tokens) if 0 < len(row) < scorer.longest]
    best: dict[int, tuple[float, str]] = {}
    several = [k for k in places if len(clips[pairs[k][0]].others) > 1]
    forced = scorer.force([features[pairs[k][0]] for k in several], [tokens[k] for k in several]) if several else []
    total = {k: float(one.log_p[np.isfinite(one.log_p)].sum()) for k, one in zip(several, forced, strict=True)}
    for k in places:
        i, text = pairs[k]
        best[i] = max(best.get(i, (-np.inf, "")), (total.get(k, 0.0), text))
    chosen = [replace(clip, clip=replace(clip.clip, text=best.get(i, (0.0, ""))[1]), others=())
              for i, clip in enumerate(clips)]  # fmt: skip
    rows = score(scorer, chosen, features)
    return [row | {"text": clip.clip.text} for clip, row in zip(chosen, rows, strict=True)]
