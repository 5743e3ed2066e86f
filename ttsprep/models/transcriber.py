"""Clips written down by Whisper, with how sure it was of every word and whether it heard speech at all.

Free writing wants more silence after a clip than scoring does: with half a second, a small model ends one clip in two
in a loop; with ten seconds in all, one in thirty, which costs less than the loops did. Those are heard again with the
thirty seconds that Whisper learned from.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from ttsprep.core.types import Samples
from ttsprep.models.base import RATE, ModelInput
from ttsprep.models.whisper import LONGEST_S, POSITION_S, Forced, Scorer, scorers
from ttsprep.models.whisper import TAIL_S as SCORED_TAIL_S
from ttsprep.models.word_timing import monotonic, speech_frames
from ttsprep.text.diff import without_loops

_ROOM_S, _TAIL_S = 10.0, 2.0
"""Every clip is padded with silence to this length, and by this much at least, in seconds."""
SYMBOLS = frozenset("0123456789$£€¥%&@#+=*/\\<>|^~_°§©")
"""Never written: digits and symbols do not say how they are read. Brackets are, as remarks such as ``[Music]``."""


@dataclass(frozen=True, slots=True)
class Transcription:
    """What Whisper wrote of one clip.

    Attributes
    ----------
    text
        With numbers in words; "" if it wrote nothing.
    log_p
        Mean log-probability of its words and its end, in nats, as `text_log_p` of an audit; NaN without words.
    word_log_p
        That of its least likely word: the sum over its tokens.
    word
        That word.
    no_speech_p
        Probability that nothing is said.
    first_s, after_s
        Speech up to the second token, with all that is before it, and after the last word, in seconds.
    language, language_p
        Likeliest language and its probability; "" and NaN if the model knows only one.
    problem
        Why it was not written down; "" if it was.
    """

    text: str = ""
    log_p: float = np.nan
    word_log_p: float = np.nan
    word: str = ""
    no_speech_p: float = np.nan
    first_s: float = np.nan
    after_s: float = np.nan
    language: str = ""
    language_p: float = np.nan
    problem: str = ""


def transcribe_clips(model: str, clips: Sequence[ModelInput], *, language: str = "") -> list[Transcription]:
    """Write clips down.

    Parameters
    ----------
    model
        Path of an openai-whisper checkpoint.
    clips
        Of like length, so that they go through together; their texts are not looked at.
    language
        What is spoken; that of each clip if it is empty.
    """
    result = [Transcription()] * len(clips)
    for places, scorer in scorers(model, clips, language):
        short = [i for i in places if len(clips[i].samples) <= LONGEST_S * RATE]
        for i in set(places) - set(short):
            seconds = len(clips[i].samples) / RATE
            result[i] = Transcription(problem=f"{seconds:.1f} s, and Whisper hears {LONGEST_S:g} s at once")
        if isinstance(scorer, str):
            rows = [Transcription(problem=scorer)] * len(short)
        else:
            rows = _transcribe(scorer, [clips[i].samples for i in short]) if short else []
        for i, row in zip(short, rows, strict=True):
            result[i] = row
    return result


def _transcribe(scorer: Scorer, clips: Sequence[Samples]) -> list[Transcription]:
    encoded, tokens = _listen(scorer, clips, _ROOM_S)
    if looped := [i for i, row in enumerate(tokens) if _loops(scorer.tokenizer.decode(row))]:
        again = _listen(scorer, [clips[i] for i in looped], LONGEST_S)
        for i, one, row in zip(looped, *again, strict=True):
            encoded[i], tokens[i] = one, row
    forced = scorer.force(encoded, tokens)
    return [_confidence(scorer, *clip) for clip in zip(clips, tokens, forced, strict=True)]


def _listen(scorer: Scorer, clips: Sequence[Samples], room_s: float) -> tuple[list[Any], list[list[int]]]:
    """Return clips as the encoder hears them, and the tokens that are written of each."""
    encoded = scorer.encode([_padded(samples, room_s) for samples in clips])
    return encoded, scorer.write(encoded, [len(samples) / RATE for samples in clips], never=_symbols(scorer))


def _loops(text: str) -> bool:
    words = text.split()
    return len(without_loops(words)) < len(words)


def _padded(samples: Samples, room_s: float) -> Samples:
    size = max(round((room_s - SCORED_TAIL_S) * RATE), len(samples) + round((_TAIL_S - SCORED_TAIL_S) * RATE))
    return np.pad(samples, (0, min(size, round(LONGEST_S * RATE)) - len(samples)))


@cache
def _symbols(scorer: Scorer) -> Any:
    """Return which tokens are never written, bool of shape (vocabulary,)."""
    import torch

    end = scorer.tokenizer.eot
    pieces = [
        scorer.tokenizer.encoding.decode_single_token_bytes(token).decode(errors="ignore") for token in range(end)
    ]
    never = np.zeros(len(scorer.digits), np.bool_)
    never[:end] = [not SYMBOLS.isdisjoint(piece) for piece in pieces]
    return torch.from_numpy(never).to(scorer.digits.device)


def _confidence(scorer: Scorer, samples: Samples, tokens: list[int], forced: Forced) -> Transcription:
    """Return how likely each word is, and where it was heard, from the decoder made to write the same again."""
    language = max(forced.languages, key=forced.languages.__getitem__, default="")
    transcription = Transcription(
        no_speech_p=forced.no_speech, language=language, language_p=forced.languages.get(language, np.nan)
    )
    if not tokens:
        return transcription
    words, parts = scorer.tokenizer.split_to_word_tokens(tokens)
    ends = np.cumsum([len(part) for part in parts])
    spoken = np.isfinite(forced.log_p)
    sums = np.diff(np.cumsum(np.where(spoken, forced.log_p, 0.0))[ends - 1], prepend=0.0)
    worst = int(sums.argmin())
    speech = speech_frames(samples, POSITION_S)
    starts = monotonic(forced.attention[:, : max(1, len(speech))])
    second, end = int(starts[min(1, len(starts) - 1)]), int(starts[-1])
    return replace(
        transcription,
        text=scorer.text(tokens),
        log_p=float(forced.log_p[spoken].mean()) if spoken.any() else np.nan,
        word_log_p=float(sums[worst]),
        word=words[worst].strip(),
        first_s=float(np.count_nonzero(speech[:second])) * POSITION_S,
        after_s=float(np.count_nonzero(speech[end:])) * POSITION_S,
    )
