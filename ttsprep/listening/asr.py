"""Is what is written what is said: Whisper scores the transcript, and writes down only what it doubts."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ttsprep.errors import UsageError
from ttsprep.files import digest
from ttsprep.listening import whisper_model
from ttsprep.listening.base import RATE, Heard, Listener
from ttsprep.listening.heard_text import Comparison, compare, without_loops
from ttsprep.listening.nothing_said import no_speech
from ttsprep.listening.whisper_model import FRAME_S, WINDOW_S, Forced, Scorer, weights
from ttsprep.listening.words import Words, monotonic, speech_frames, split, word_scores
from ttsprep.types import Measures

DOUBT = 2.5
"""A clip is written down freely if a word, or the end, is this far behind what the model expects, in nats."""

UNWRITTEN_NATS = 0.5
"""What a phone that is said and not written counts: the model may find the word after it no less likely."""
FIRST_S, AFTER_S = 0.8, 0.3
"""More speech than this up to the second token, or after the last word, in seconds, is doubted, too."""


@dataclass(frozen=True)
class Asr(Listener):
    """Whisper, which is made to write the transcript and says how likely each word is.

    Attributes
    ----------
    model
        Path or name of an openai-whisper checkpoint.
    """

    name = "asr"
    extra = "asr"
    packages: ClassVar[tuple[str, ...]] = ("torch", "whisper")
    version = 1

    model: str = "base"

    def digest(self) -> str:  # noqa: D102
        return digest(weights(self.model))

    def listen(self, batch: Sequence[Heard]) -> list[Measures]:  # noqa: D102
        path = str(weights(self.model))
        languages: dict[str, list[int]] = defaultdict(list)
        for i, clip in enumerate(batch):
            if len(clip.samples) <= (WINDOW_S - whisper_model.TAIL_S) * RATE:
                languages[clip.clip.language].append(i)
        whisper_model.loaded(path)  # a file that is no model ends the run, a language that it does not know does not
        result: list[Measures] = [{} for _ in batch]
        for language, places in languages.items():
            try:
                scorer = whisper_model.load(path, language)
            except UsageError:
                continue  # a language that the model does not know is not judged
            for i, row in zip(places, _listen(scorer, [batch[i] for i in places]), strict=True):
                result[i] = row
        return result


def _listen(scorer: Scorer, clips: Sequence[Heard]) -> list[Measures]:
    features = scorer.encode([clip.samples for clip in clips])
    rows = score(scorer, clips, features)
    for row, chances in zip(rows, scorer.languages(features), strict=True):
        if chances:
            row["heard_language"] = max(chances, key=chances.__getitem__)
            row["heard_language_p"] = chances[row["heard_language"]]
            row["language_p"] = chances[scorer.tokenizer.language]
    for row, silent in zip(rows, no_speech(scorer, features), strict=True):
        row["no_speech_p"] = silent
    return rows


def score(scorer: Scorer, clips: Sequence[Heard], features: Sequence[Any]) -> list[Measures]:
    """Return the measures of clips in one language, whose `features` the encoder made."""
    language: str = scorer.tokenizer.language
    texts = [split(clip.clip.text, language, scorer.tokenizer.encode) for clip in clips]
    encoded = {i: features[i] for i, text in enumerate(texts) if 0 < len(text.tokens) < scorer.longest}
    forced = dict(zip(encoded, _force(scorer, encoded, {i: texts[i].tokens for i in encoded}), strict=True))
    rows: list[Measures] = [{} for _ in clips]
    doubted = []
    for i in encoded:
        rows[i] = _timing(clips[i], forced[i]) | _scores(texts[i], forced[i], None)
        if (
            rows[i]["mismatch_nats"] >= DOUBT
            or rows[i]["speech_first_s"] > FIRST_S
            or rows[i]["speech_after_s"] > AFTER_S
        ):
            doubted.append(i)
    if not doubted:
        return rows
    said = scorer.write([encoded[i] for i in doubted], [len(clips[i].samples) / RATE for i in doubted])
    others = {i: _tokens(scorer, clips[i]) for i in doubted if clips[i].others}
    decoys = dict(zip(others, _force(scorer, encoded, others), strict=True))
    for i, text in zip(doubted, said, strict=True):
        heard = without_loops(split(text, language, lambda _: ()).words, texts[i].words)
        comparison = compare(texts[i].words, heard, clips[i].clip.language)
        rows[i] |= _scores(texts[i], forced[i], comparison) | {"said": text, "said_cer": comparison.error_rate}
        if i in decoys:
            rows[i]["decoy_log_p"] = _mean(decoys[i])
    return rows


def _force(scorer: Scorer, encoded: dict[int, Any], texts: dict[int, tuple[int, ...]]) -> list[Forced]:
    return scorer.force([encoded[i] for i in texts], list(texts.values())) if texts else []


def _tokens(scorer: Scorer, clip: Heard) -> tuple[int, ...]:
    """Return the tokens of a decoy: the other transcript that is nearest in length."""
    tokens = split(clip.others[0], scorer.tokenizer.language, scorer.tokenizer.encode).tokens
    return tokens[: scorer.longest]


def _mean(forced: Forced) -> float:
    """Return the mean log-probability of the tokens that are words, and of the end."""
    return float(forced.log_p[np.isfinite(forced.log_p)].mean())


def _scores(text: Words, forced: Forced, heard: Comparison | None) -> Measures:
    """Return how far the worst word, or the worst place where a word is missing, is behind what was expected."""
    words = word_scores(forced.log_p, forced.best, text.spans)
    starts = [start for start, _ in text.spans] + [len(text.tokens)]
    entering = (forced.log_p - forced.best)[starts]
    entering[~np.isfinite(entering)] = 0.0
    missing = np.nan_to_num(words)
    unwritten = entering[[0, -1]]
    if heard is not None:
        missing = np.where(heard.confirmed, 0.0, missing)
        more = [min(float(entering[place]), -UNWRITTEN_NATS * phones) for place, phones in heard.extra.items()]
        unwritten = np.array(more, np.float32)
    worst = int(missing.argmin())
    return {
        "text_log_p": _mean(forced),
        "mismatch_nats": float(max(0.0, -missing.min(), -unwritten.min(initial=0.0))),
        "words_not_said": float(np.count_nonzero(missing <= -DOUBT)),
        "unwritten_places": float(np.count_nonzero(unwritten <= -DOUBT)),
        "doubted_word": text.words[worst] if missing[worst] <= -DOUBT else "",
        "doubted_place": float(worst) if missing[worst] <= -DOUBT else np.nan,
    }


def _timing(clip: Heard, forced: Forced) -> Measures:
    """Return where the words end, and how much speech the ends of the text have to take up."""
    speech = speech_frames(clip.samples, FRAME_S)
    starts = monotonic(forced.attention[:, : max(1, len(speech))])
    second, end = int(starts[min(1, len(starts) - 1)]), int(starts[-1])
    return {
        "words_end_s": end * FRAME_S,
        "speech_first_s": float(np.count_nonzero(speech[:second])) * FRAME_S,
        "speech_after_s": float(np.count_nonzero(speech[end:])) * FRAME_S,
    }
