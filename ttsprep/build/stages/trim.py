"""Silence at both ends, cut down to a little real room tone."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ttsprep.audit.goal.trim import LEAD_S, TAIL_S
from ttsprep.build.stages.base import Stage, StageResult
from ttsprep.core.errors import AudioError, UsageError
from ttsprep.core.signal import DIGITAL_SILENCE_DB, Mask, Signal, percentile, runs, to_db
from ttsprep.core.types import Audio, Clip, Samples

_EDGES_HZ = (100, 800, 2_500, 5_000, 12_000)
"""Bands in which a weak sound may stand out: voicing, vowels, and the noise of fricatives and stops."""
AUDIBLE_DB = 6.0
LEAST_FLOOR_DB = -90.0
"""Of a band: a room cannot be quieter than the steps of 16 bits."""
LOUDER_DB = 10.0
"""What the room may be louder before or after the speech than in its pauses."""
_FEWEST = 10
"""Frames that show how a room sounds."""
CLOSURE_S = 0.30
"""A sound this close to the speech belongs to it: the closure of a stop, a breath, a weak fricative."""
CLICK_S = 0.06
"""A sound shorter than this is a click of lips or switches, unless it is within `BURST_S` of the speech."""
BURST_S = 0.15


@dataclass(frozen=True)
class Trim(Stage):
    """Silence at both ends, cut down to a little of the room tone that is there.

    Speech is found by its energy and then widened by every sound, in any of four bands, that stands 6 dB over the
    room and is within 0.3 s of it, so that weak fricatives and the bursts of stops stay. Nothing is ever added.

    Attributes
    ----------
    lead_s, tail_s
        Room tone to keep before and after the speech, in seconds.
    fade_s
        Fade at each cut, in seconds: half a period of a cosine.
    """

    name = "trim"

    lead_s: float = LEAD_S
    tail_s: float = TAIL_S
    fade_s: float = 0.005

    def __post_init__(self) -> None:
        for name in ("lead_s", "tail_s"):
            if not 0.05 <= getattr(self, name) <= 5:
                raise UsageError(f"{name} is within 0.05-5 s, not {getattr(self, name):g}")
        if not 0 <= self.fade_s <= 0.05:
            raise UsageError(f"fade_s is within 0-0.05 s, not {self.fade_s:g}")

    def apply(self, clip: Clip, audio: Audio) -> StageResult:  # noqa: D102
        first_s, last_s = speech_span(Signal(audio))
        first = max(0, round((first_s - self.lead_s) * audio.rate))
        last = min(len(audio.samples), round((last_s + self.tail_s) * audio.rate))
        fade = round(self.fade_s * audio.rate)
        # a cut that removes less than its own fade does more harm than good
        first = first if first > fade else 0
        last = last if len(audio.samples) - last > fade else len(audio.samples)
        if not first and last == len(audio.samples):
            return StageResult(clip, audio)
        samples = audio.samples[first:last].copy()
        if first:
            _fade_in(samples, fade)
        if last < len(audio.samples):
            _fade_in(samples[::-1], fade)
        changes: dict[str, float | str] = {
            "lead_removed_s": first / audio.rate,
            "tail_removed_s": (len(audio.samples) - last) / audio.rate,
        }
        return StageResult(clip, audio.with_samples(samples), changes)


def speech_span(signal: Signal) -> tuple[float, float]:
    """Return where speech begins and ends, with every weak sound that belongs to it, in seconds.

    Raises
    ------
    AudioError
        ``no-speech`` if there is none.
    """
    frames = np.flatnonzero(signal.speech)
    if not len(frames):
        raise AudioError("no-speech", "there is no speech to be found in it")
    hop, before, after = signal.hop_s, int(frames[0]), int(frames[-1]) + 1
    near = round(CLOSURE_S / hop)
    early = runs(_audible(signal, (before, after), slice(0, max(0, before - near))))
    late = runs(_audible(signal, (before, after), slice(after + near, None)))
    first = _widen(before, [(-last, -first) for first, last in reversed(early)], hop, -1)
    last = _widen(after, late, hop, 1)
    return first * hop, (last - 1) * hop


def _widen(edge: int, sounds: list[tuple[int, int]], hop: float, sign: int) -> int:
    """Move the `edge` of the speech (frames) outwards over the sounds beyond it; `sign` is -1 for the start."""
    place = sign * edge
    for first, last in sounds:
        if last <= place:
            continue
        gap, length = (first - place) * hop, (last - first) * hop
        if gap > CLOSURE_S or (gap > BURST_S and length < CLICK_S):
            break
        place = last
    return sign * place


def _audible(signal: Signal, span: tuple[int, int], beyond: slice) -> Mask:
    """Return which frames hold any sound over that of the room, in any band, shape (frames,).

    The room is heard in the frames `beyond` the speech, where there are enough of them, else in the pauses of the
    speech (`span`, in frames). It may be louder there than in the pauses, but not by so much that a breath is taken
    for it.
    """
    edges = [round(hz / signal.bin_hz) for hz in _EDGES_HZ]
    edges = [edge for edge in edges if edge < signal.power.shape[1] * 0.95]
    levels = to_db(signal.bands(*pairwise(edges)))
    alive = signal.level_db > DIGITAL_SILENCE_DB
    inner = levels[slice(*span)][signal.pauses[slice(*span)]]
    outer = levels[beyond][alive[beyond]]
    audible = np.zeros(len(levels), np.bool_)
    for number, band in enumerate(levels.T):
        # where neither shows the room, every sound is kept
        room = percentile(inner[:, number], 25) if len(inner) >= _FEWEST else LEAST_FLOOR_DB
        limit = max(room, LEAST_FLOOR_DB) + AUDIBLE_DB
        if len(outer) >= _FEWEST:
            low, quarter, middle = (percentile(outer[:, number], percent) for percent in (10, 25, 50))
            own = max(quarter, LEAST_FLOOR_DB) + AUDIBLE_DB + 2 * (middle - low)
            limit = min(own, limit + LOUDER_DB) if len(inner) >= _FEWEST else own
        audible |= band > limit
    for first, last in runs(audible):
        if last - first < 2:  # a burst of 10 ms is seen by four frames
            audible[first:last] = False
    return audible


def _fade_in(samples: Samples, length: int) -> None:
    length = min(length, len(samples))
    ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(length, dtype=np.float32) + 0.5) / max(1, length))
    samples[:length] *= ramp[:, None]
