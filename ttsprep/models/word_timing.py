"""The words of a transcript: their tokens, where they were heard, and how well."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ttsprep.core.types import Samples
from ttsprep.models.base import RATE

UNSPACED = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km"})
"""Languages that put no blanks between words; there each character counts as one."""
LETTERS_PER_S = 20.0
"""More than these are not spoken in a second."""
LETTER_S = 0.12
"""A letter takes no longer than this, in seconds."""
SHORTEST = 3
"""As many letters as the shortest word may last: one that is spelled, or stressed."""
CHARACTER_LETTERS = 2.5
"""What a character counts in languages without blanks, in letters."""
_SPEECH_DB = 35.0
"""What lies less than this under the loudest frame counts as speech, in dB."""

_Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class TokenizedText:
    """A transcript as the decoder is made to write it.

    Attributes
    ----------
    words
        As they are written.
    tokens
        Of all words, one after another.
    spans
        Places of the tokens of each word.
    """

    words: tuple[str, ...]
    tokens: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]

    def frames(self, starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the first frame of each word, and last that of the end, from those of the tokens and the end."""
        return starts[[start for start, _ in self.spans] + [len(self.tokens)]]


def tokenize(text: str, language: str, encode: Callable[[str], Sequence[int]]) -> TokenizedText:
    """Return a transcript as words and tokens; Whisper puts a blank before the first word, too."""
    spaced = language not in UNSPACED
    words = text.split() if spaced else [character for character in text if not character.isspace()]
    tokens: list[int] = []
    spans = []
    for word in words:
        start = len(tokens)
        tokens += encode(f" {word}" if spaced else word)
        spans.append((start, len(tokens)))
    return TokenizedText(tuple(words), tuple(tokens), tuple(spans))


def word_scores(log_p: _Floats, best: _Floats, spans: Sequence[tuple[int, int]]) -> _Floats:
    """Return how far each word is behind the likeliest one in its place.

    Parameters
    ----------
    log_p, best
        As in `Forced`.
    spans
        As in `TokenizedText`.

    Returns
    -------
    ndarray
        Of shape (words,), in nats: 0 or less, that of the worst token of the word; NaN for a word without letters.
    """
    behind = np.where(np.isfinite(log_p), log_p - best, np.nan)
    result = np.full(len(spans), np.nan, np.float32)
    for i, (start, end) in enumerate(spans):
        if np.isfinite(behind[start:end]).any():
            result[i] = np.nanmin(behind[start:end])
    return result


def monotonic(attention: _Floats) -> npt.NDArray[np.int64]:
    """Return the first frame of each token along the best monotonic path through its attention.

    Dynamic time warping (Sakoe and Chiba 1978) over standardised attention, as in `whisper.timing`, but one row at
    a time: within a row the running sum turns steps to the right into a running minimum.

    Parameters
    ----------
    attention
        float32 of shape (tokens, frames).
    """
    spread = attention.std(axis=0, keepdims=True)
    cost = -(attention - attention.mean(axis=0, keepdims=True)) / np.maximum(spread, 1e-9)
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0.0
    for row in range(rows):
        run = np.concatenate([[0.0], np.cumsum(cost[row])])
        enter = np.minimum(total[row, :-1], total[row, 1:])  # diagonally, or from the token before in this frame
        total[row + 1, 1:] = run[1:] + np.minimum.accumulate(enter - run[:-1])
    starts = np.zeros(rows, np.int64)
    row, column = rows, columns
    while row > 0 and column > 0:
        starts[row - 1] = column - 1
        steps = (total[row - 1, column - 1], total[row - 1, column], total[row, column - 1])
        step = int(np.argmin(steps))
        row, column = row - (step < 2), column - (step != 1)
    return starts


def word_pace(
    text: TokenizedText,
    starts: npt.NDArray[np.int64],
    speech: npt.NDArray[np.bool_],
    frame_s: float,
    *,
    spaced: bool = True,
) -> tuple[float, float]:
    """Return how many letters there is no time for, and how much speech there are no letters for.

    Both are the most that any run of words has: letters beyond `LETTERS_PER_S`, as where the audio was cut off and
    the words pile up; and seconds of speech beyond `LETTER_S` for each letter (of `SHORTEST` or more to a word), as
    where words are missing.

    Parameters
    ----------
    text
        Of the clip.
    starts
        The first frame of each token, and of the end.
    speech
        Which frames hold speech.
    frame_s
        Length of a frame, in seconds.
    spaced
        Whether the language puts blanks between words.
    """
    each = 1.0 if spaced else CHARACTER_LETTERS
    letters = np.array([each * sum(character.isalnum() for character in word) for word in text.words])
    frames = text.frames(starts)
    spoken = np.concatenate([[0], np.cumsum(speech)])[np.minimum([*frames, len(speech)], len(speech))]
    squeezed = letters - LETTERS_PER_S * frame_s * np.diff(frames)
    lasting = np.where(letters > 0, np.maximum(letters, SHORTEST), 0.0)
    stretched = frame_s * np.diff(spoken) - LETTER_S * np.append(lasting, 0.0)
    return _most(squeezed), _most(stretched)


def _most(gains: npt.NDArray[np.float64]) -> float:
    """Return the largest sum of consecutive gains; 0 of none (Kadane, in Bentley 1984)."""
    best = run = 0.0
    for gain in gains.tolist():
        run = max(0.0, run + gain)
        best = max(best, run)
    return best


def speech_frames(samples: Samples, frame_s: float) -> npt.NDArray[np.bool_]:
    """Return which frames hold speech, by their level alone."""
    size = round(frame_s * RATE)
    count = len(samples) // size
    level = np.square(samples[: count * size].reshape(count, size), dtype=np.float32).mean(axis=1)
    speech: npt.NDArray[np.bool_] = level > max(float(level.max(initial=0.0)) * 10 ** (-_SPEECH_DB / 10), 1e-9)
    return speech
