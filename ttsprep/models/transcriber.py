"""Clips written down by Whisper, with how sure it was of every word and whether it heard speech at all.

Free writing wants more silence after a clip than scoring does: with half a second, a small model ends one clip in two
in a loop; with ten seconds in all, one in thirty, which costs less than the loops did. Those are heard again with the
thirty seconds that Whisper learned from.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ttsprep.core.errors import UsageError
from ttsprep.core.types import Samples
from ttsprep.models.base import RATE, ModelInput, find_weights
from ttsprep.models.whisper import FRAME_S, TOKENS_PER_S, WINDOW_S, Scorer, load, loaded, weights
from ttsprep.models.whisper import TAIL_S as SCORED_TAIL_S
from ttsprep.models.word_timing import monotonic, speech_frames
from ttsprep.text.diff import without_loops

ROOM_S, TAIL_S = 10.0, 2.0
"""Every clip is padded with silence to this length, and by this much at least, in seconds."""
LONGEST_S = WINDOW_S - SCORED_TAIL_S
"""The longest clip that is written down, in seconds."""
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


def model_file(name: str) -> str:
    """Return the path of a model by path or name; loads nothing where it is there.

    Raises
    ------
    UsageError
        If it is not on this machine; says what to fetch and where to put it.
    """
    try:
        return str(find_weights(name, (".pt", f"-{name}.pt"), where_from=""))
    except UsageError:
        return str(weights(name))  # which knows where it is published


def write(model: str, clips: Sequence[ModelInput], *, language: str = "") -> list[Transcription]:
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
    loaded(model)  # a file that is no model ends the run; a language that it does not know is a problem of the clip
    places: dict[str, list[int]] = defaultdict(list)
    for i, clip in enumerate(clips):
        places[language or clip.clip.language].append(i)
    result = [Transcription()] * len(clips)
    for spoken, mine in places.items():
        short = [i for i in mine if len(clips[i].samples) <= LONGEST_S * RATE]
        for i in set(mine) - set(short):
            seconds = len(clips[i].samples) / RATE
            result[i] = Transcription(problem=f"{seconds:.1f} s, and Whisper hears {LONGEST_S:g} s at once")
        try:
            scorer = load(model, spoken)
        except UsageError as error:
            for i in short:
                result[i] = Transcription(problem=str(error))
            continue
        for i, written in zip(short, _write(scorer, [clips[i].samples for i in short]), strict=True):
            result[i] = written
    return result


def _write(scorer: Scorer, clips: Sequence[Samples]) -> list[Transcription]:
    if not clips:
        return []
    encoded, tokens = _heard(scorer, clips, ROOM_S)
    if looped := [i for i, row in enumerate(tokens) if _loops(scorer.tokenizer.decode(row))]:
        again = _heard(scorer, [clips[i] for i in looped], LONGEST_S)
        for i, one, row in zip(looped, *again, strict=True):
            encoded[i], tokens[i] = one, row
    result = _confidence(scorer, clips, encoded, tokens)
    for i, (silent, chances) in enumerate(zip(no_speech(scorer, encoded), scorer.languages(encoded), strict=True)):
        heard = max(chances, key=chances.__getitem__, default="")
        result[i] = replace(result[i], no_speech_p=silent, language=heard, language_p=chances.get(heard, np.nan))
    return result


def _heard(scorer: Scorer, clips: Sequence[Samples], room_s: float) -> tuple[list[Any], list[list[int]]]:
    """Return clips as the encoder hears them, and the tokens that are written of each."""
    encoded = scorer.encode([_padded(samples, room_s) for samples in clips])
    tokens: list[list[int]] = [[]] * len(clips)
    for places in alike(encoded):
        longest = round(max(len(clips[i]) for i in places) / RATE * TOKENS_PER_S) + 8
        for i, row in zip(places, _greedy(scorer, [encoded[i] for i in places], longest), strict=True):
            tokens[i] = row
    return encoded, tokens


def _loops(text: str) -> bool:
    words = text.split()
    return len(without_loops(words)) < len(words)


def _padded(samples: Samples, room_s: float) -> Samples:
    size = max(round((room_s - SCORED_TAIL_S) * RATE), len(samples) + round((TAIL_S - SCORED_TAIL_S) * RATE))
    return np.pad(samples, (0, min(size, round(LONGEST_S * RATE)) - len(samples)))


def _greedy(scorer: Scorer, encoded: Sequence[Any], longest: int) -> list[list[int]]:
    """Return the likeliest token in every place, without the end; remarks such as ``[Music]`` can be among them."""
    import torch

    end = scorer.tokenizer.eot
    audio = torch.stack(list(encoded))
    start = torch.tensor(scorer.tokenizer.sot_sequence_including_notimestamps, device=audio.device)
    never = torch.tensor(_never(scorer.tokenizer.encoding, end), device=audio.device)
    given = start.repeat(len(audio), 1)
    cache, hooks = scorer.model.install_kv_cache_hooks()
    written: list[Any] = []
    done = torch.zeros(len(audio), dtype=torch.bool, device=audio.device)
    try:
        with torch.inference_mode():
            for _ in range(min(longest, scorer.longest)):
                logits = scorer.model.decoder(given, audio, kv_cache=cache)[:, -1, : end + 1]
                given = logits.masked_fill(never, -torch.inf).argmax(-1, keepdim=True)
                given[done] = end
                done |= given[:, 0] == end
                if done.all():
                    break
                written.append(given)
    finally:
        for hook in hooks:
            hook.remove()
    rows = torch.cat(written, 1).tolist() if written else [[]] * len(audio)
    return [[token for token in row if token != end] for row in rows]


@cache
def _never(encoding: Any, end: int) -> npt.NDArray[np.bool_]:
    """Return which tokens, up to the end, are never written."""
    pieces = (encoding.decode_single_token_bytes(token).decode(errors="ignore") for token in range(end))
    return np.array([*(not SYMBOLS.isdisjoint(piece) for piece in pieces), False])


def _confidence(
    scorer: Scorer, clips: Sequence[Samples], encoded: Sequence[Any], tokens: Sequence[Sequence[int]]
) -> list[Transcription]:
    """Make the decoder write the same again, which says how likely each word is and where it was heard."""
    told = [i for i, row in enumerate(tokens) if row]
    result = [Transcription()] * len(tokens)
    if not told:
        return result
    forced = scorer.force([encoded[i] for i in told], [tokens[i] for i in told])
    for i, one in zip(told, forced, strict=True):
        words, parts = scorer.tokenizer.split_to_word_tokens([*tokens[i]])
        ends = np.cumsum([len(part) for part in parts])
        finite = np.where(np.isfinite(one.log_p), one.log_p, 0.0)
        sums = np.diff(np.cumsum(finite)[ends - 1], prepend=0.0)
        worst = int(sums.argmin())
        speech = speech_frames(clips[i], FRAME_S)
        starts = monotonic(one.attention[:, : max(1, len(speech))])
        second, end = int(starts[min(1, len(starts) - 1)]), int(starts[-1])
        said = np.isfinite(one.log_p)
        result[i] = Transcription(
            text=scorer.tokenizer.decode([*tokens[i]]).strip(),
            log_p=float(one.log_p[said].mean()) if said.any() else np.nan,
            word_log_p=float(sums[worst]),
            word=words[worst].strip(),
            first_s=float(np.count_nonzero(speech[:second])) * FRAME_S,
            after_s=float(np.count_nonzero(speech[end:])) * FRAME_S,
        )
    return result


def no_speech(scorer: Scorer, encoded: Sequence[Any]) -> list[float]:
    """Return how likely it is that nothing is said, for each encoded clip: Whisper's own token for that.

    It is what the decoder would write in the very first place, before the language (Radford et al. 2022, 4.5).
    """
    import torch

    start = torch.tensor([[scorer.tokenizer.sot]], device=scorer.model.device)
    found = [0.0] * len(encoded)
    with torch.inference_mode():
        for places in alike(encoded):
            audio = torch.stack([encoded[i] for i in places])
            logits = scorer.model.decoder(start.expand(len(places), 1), audio)[:, 0].float()
            for i, chance in zip(places, logits.softmax(-1)[:, scorer.tokenizer.no_speech].tolist(), strict=True):
                found[i] = chance
    return found


def alike(encoded: Sequence[Any]) -> list[list[int]]:
    """Return the places of clips of the same length."""
    buckets: dict[int, list[int]] = defaultdict(list)
    for i, one in enumerate(encoded):
        buckets[len(one)].append(i)
    return list(buckets.values())
