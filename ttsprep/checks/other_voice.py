"""Another voice among the clips of a speaker, by spectrum and pitch alone."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from math import inf
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from ttsprep.checks.base import Check, Code
from ttsprep.core.dsp import ENOUGH, Array, triangles
from ttsprep.core.signal import F0_STRIDE, HOP_S, Signal
from ttsprep.core.types import Clip, Finding, Measures, Severity
from ttsprep.core.untrusted import toml_table

_LOWEST_HZ, _HIGHEST_HZ, _BANDS = 100.0, 5_900.0, 36
"""The mel bands whose spectrum is taken; a file has to reach to the highest."""
CEPSTRA = 20
_USUAL = 17.425708912645735
"""Quantile 0.35 * 0.9 of chi squared with 21 degrees of freedom: the cepstra and the pitch."""
_FEWEST_FRAMES = 20
PITCH_FRAME_S = F0_STRIDE * HOP_S
HALF_FRAMES = 60.0
"""Voiced frames whose phones move the mean of a clip as much as its mood does."""
_ALL_SPEAKERS = 60.0
"""Clips that the spread of other speakers counts as, beside that of the speaker's own."""
_SURE, _ROUNDS, _SAMPLE, _SEEDS = 0.7, 8, 4_000, 60
_SESSION, _DECAY, _PITCH_ST = 0.5, 4.0, 1.0
"""What another day changes: of the first cepstra, how fast less of the later ones, and of pitch in semitones."""
_MEMBERS, _COPY = 500, 2.0
"""Clips that are enough for a mean, and the squared spreads within which two are one take."""
_MOST = 0.25
"""Share of a speaker's clips; more are several voices under one name."""

_Numbers = npt.NDArray[np.float64]
_Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class OtherVoice(Check):
    """Another voice among the clips of a speaker, by spectrum and pitch alone.

    Attributes
    ----------
    alone_nats
        How much likelier another speaker has to be for a single clip, in nats.
    seed_nats, join_nats, short_nats
        The same for the first clip of a group, and for each that joins it, of enough voiced speech and of less.
    group_nats
        The same for the mean of a group, against another day of the speaker.
    apart, near
        Squared distance between a group and the speaker, in spreads of speakers. Under the first it may be another day
        as well, which is a note; under the second nothing is said of it.
    least_voiced_s
        Clips with less voiced speech, in seconds, make no group, and are named only with one.
    """

    name = "other_voice"
    area = "voice"
    codes = (
        Code(
            "voice-outlier",
            "Sounds like another voice than the other clips of its speaker.",
            "The mean cepstrum (20 coefficients of 36 mel bands from 100 Hz to 5.9 kHz) of the voiced frames, and the "
            "median F0. A Gaussian of the speaker's clips, wider for short ones and for what another day changes, "
            "stands against one that another speaker may have as well: its spread is that of 125 readers of "
            "LibriSpeech (two-covariance model, Brummer and de Villiers 2010). Clips that are alike, and each likelier "
            "of another speaker than of this one, make a group, from two on; one whose mean is as far away as two "
            "people are is named, a nearer one is another day of the same speaker. Warning for the clips of such a "
            "group, and for a single clip from 25 nats on; note for a group that may be either. Not judged: speakers "
            "with under 30 clips of 0.8 s of voiced speech, and files under 12 kHz. In seven voices, with pieces of 12 "
            "readers planted in their level and band: of 10 % of the clips 83 to 100 % are named, of 20 % too, but for "
            "67 % in one case; of 5 % 67 to 100 %, of 2 % 33 to 100 %. Of the voice's own 0 to 0.5 %; in one voice "
            "notes for 15 clips of another session ([all](../listening.md)). `--listen speaker` names the rest.",
            "A single-speaker model averages the voices; a multi-speaker model learns a name for two.",
            "Listen. Drop the clip, or correct its speaker.",
        ),
    )
    measures: ClassVar[dict[str, str]] = {
        "voiced_cepstrum": "mean cepstrum of the voiced frames [base64 of float16]",
    }
    strings = frozenset({"voiced_cepstrum"})

    alone_nats: float = 25.0
    seed_nats: float = 6.0
    join_nats: float = 5.0
    short_nats: float = 15.0
    group_nats: float = 60.0
    apart: float = 21.0
    near: float = 16.5
    least_voiced_s: float = 0.8

    @staticmethod
    def measure(clip: Clip, signal: Signal) -> Measures:  # noqa: D102
        voiced = np.isfinite(signal.f0)
        if signal.rate < 2 * _HIGHEST_HZ or voiced.sum() < _FEWEST_FRAMES:
            return {"voiced_cepstrum": ""}
        bank, cosines = _bank(signal.bin_hz), _cosines()
        power = signal.power[::F0_STRIDE][voiced, : len(bank)] @ bank
        mean = np.log(np.maximum(power, np.float32(1e-12))).mean(axis=0)
        return {"voiced_cepstrum": base64.b64encode((mean @ cosines).astype(np.float16).tobytes()).decode()}

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        known = (corpus.voiced_cepstrum != "") & (corpus.level_range_db >= 10) & (corpus.f0_median_hz > 0)
        for speaker, clips in corpus[known].groupby("speaker", sort=True):
            yield from self._judge(str(speaker), clips)

    def _judge(self, speaker: str, clips: pd.DataFrame) -> Iterator[Finding]:
        frames = (clips.voiced_ratio * clips.speech_s).to_numpy() / PITCH_FRAME_S
        long = frames >= self.least_voiced_s / PITCH_FRAME_S
        if long.sum() < ENOUGH:
            return
        raw = np.frombuffer(b"".join(map(base64.b64decode, clips.voiced_cepstrum)), np.float16)
        points = np.column_stack((raw.reshape(len(clips), -1), 12 * np.log2(clips.f0_median_hz)))
        nats, group, far = self._nats(points, frames, long)
        out = (group > 0) | (long & (nats > self.alone_nats))
        whose = f"speaker {speaker}" if speaker else "the corpus"
        if out.mean() > _MOST:
            message = (
                f"{out.sum()} of the {len(out)} clips of {whose} are of another voice than the rest (limit "
                f"{_MOST:.0%}): several voices {'under one name' if speaker else 'without names'}"
            )
            yield Finding(
                "", "voice-outlier", Severity.WARNING if speaker else Severity.NOTE, message, float(out.mean()), _MOST
            )
            return
        sizes = np.bincount(group)
        for i in np.flatnonzero(out).tolist():
            alike = int(sizes[group[i]]) - 1 if group[i] else 0
            limit = (self.join_nats if long[i] else self.short_nats) if group[i] else self.alone_nats
            message = f"spectrum and pitch are likelier another speaker's than those of {whose} "
            others = "; 1 clip is like it" if alike == 1 else f"; {alike} clips are like it" if alike else ""
            message += f"({nats[i]:.0f} nats, limit {limit:g}{others})"
            severity = Severity.WARNING
            if far[group[i]] < self.apart:
                severity, message = Severity.NOTE, f"{message}; a voice as near as this may be another day of the same"
            yield Finding(clips.id.iloc[i], "voice-outlier", severity, message, float(nats[i]), limit)

    def _nats(
        self, points: _Numbers, frames: _Numbers, long: _Mask
    ) -> tuple[_Numbers, npt.NDArray[np.intp], dict[int, float]]:
        """Return how much likelier another speaker is for each clip, its group (0: none), and how far each group is."""
        between, within = _spreads()
        centre, own = _speaker(points[long], frames[long], between, within)
        space = _Space(points - centre, frames, own)
        nobody, here = space.log_p(between), space.log_p()
        limits = np.where(long, self.join_nats, self.short_nats)
        group = np.zeros(len(points), np.intp)
        named = nobody - here
        far = {0: inf}
        tried = ~long
        for number in range(1, _SEEDS + 1):
            likelier = np.where(tried | (group > 0), -np.inf, nobody - here)
            seed = int(likelier.argmax())
            if likelier[seed] < self.seed_nats:
                break
            tried[seed] = True
            member, offset, log_p = self._grow(space, here, long & (group == 0), seed)
            distance = self._distance(space, member) if member.sum() > 1 else 0.0
            if distance < self.near and member.sum() < 3:  # two that are alike by chance are no day
                continue
            if distance < self.near:  # another day: as much the speaker's as the rest
                here = np.maximum(here, space.log_p(np.zeros_like(own), offset))
                named = np.minimum(named, nobody - here)
            else:
                joined = (log_p - here > limits) & (group == 0)
                group[joined] = number
                named[joined] = (log_p - here)[joined]
                far[number] = distance
        return named, group, far

    def _distance(self, space: "_Space", member: _Mask) -> float:
        """Return how far the mean of a group is from the speaker, in squared spreads; 0 if hardly likely."""
        between, _ = _spreads()
        mean, weight = space.mean(member)
        of_mean = space.own / weight + space.session
        if _log_density(mean, of_mean + between) - _log_density(mean, of_mean) < self.group_nats:
            return 0.0
        doubt = np.trace(space.own @ np.linalg.inv(between)) / weight  # what it adds to the square
        return float(mean @ np.linalg.solve(between, mean) - doubt)

    def _grow(self, space: "_Space", here: _Numbers, free: _Mask, seed: int) -> tuple[_Mask, _Numbers, _Numbers]:
        """Return which clips are of the voice of a seed, its offset, and the log-density of every clip."""
        between, _ = _spreads()
        member = np.zeros(len(here), np.bool_)
        member[seed] = True
        for _ in range(_ROUNDS):
            mean, weight = space.mean(member)
            gain = between @ np.linalg.inv(between + space.own / weight + space.session)
            offset = gain @ mean
            log_p = space.log_p(between - gain @ between, offset)
            before, member = member, free & (log_p - here > self.join_nats)
            member[seed] = True
            if (before == member).all():
                break
        return member, offset, log_p


@dataclass
class _Space:
    """The clips of a speaker around its centre, and how widely each may lie.

    Attributes
    ----------
    points
        Shape (clips, 21).
    frames
        Voiced frames of each clip.
    own
        Covariance of the speaker's clips of many frames.
    weights
        What each clip says of a mean.
    session
        Covariance of the means of days.
    white
        The points in spreads of `own`.
    """

    points: _Numbers
    frames: _Numbers
    own: _Numbers
    weights: _Numbers = field(init=False)
    session: _Numbers = field(init=False)
    white: _Numbers = field(init=False)

    def __post_init__(self) -> None:
        self.weights = _weights(self.frames)
        self.white = np.linalg.solve(np.linalg.cholesky(self.own), self.points.T).T
        self.session = np.diag([*(_SESSION**2 * np.exp(-2 * np.arange(CEPSTRA) / _DECAY)), _PITCH_ST**2])

    def mean(self, member: _Mask) -> tuple[_Numbers, float]:
        """Return the mean of some clips, and their weight; copies of a clip count as one."""
        some = np.flatnonzero(member)[:_MEMBERS]
        white = self.white[some]
        squares = (white**2).sum(axis=1)
        copies = (squares[:, None] + squares - 2 * white @ white.T < _COPY).sum(axis=1)
        weights = self.weights[some] / np.maximum(copies, 1)
        return np.average(self.points[some], axis=0, weights=weights), float(weights.sum())

    def log_p(self, more: _Numbers | float = 0.0, offset: _Numbers | float = 0.0) -> _Numbers:
        """Return the log-density of each clip around an offset, with so much more covariance, less a constant."""
        result = np.empty(len(self.points))
        widths = np.round(4 * np.log(1 / self.weights))  # few covariances for many clips
        for width in np.unique(widths):
            rows = widths == width
            lower = np.linalg.cholesky(self.own * np.exp(width / 4) + self.session + more)
            white = np.linalg.solve(lower, (self.points[rows] - offset).T)
            result[rows] = -0.5 * (white**2).sum(axis=0) - np.log(np.diag(lower)).sum()
        return result


def _weights(frames: _Numbers) -> _Numbers:
    return 1 / (1 + HALF_FRAMES / frames)


def _log_density(point: _Numbers, covariance: _Numbers) -> float:
    """Return the log-density of a Gaussian around 0, less a constant."""
    lower = np.linalg.cholesky(covariance)
    return float(-0.5 * (np.linalg.solve(lower, point) ** 2).sum() - np.log(np.diag(lower)).sum())


def _speaker(points: _Numbers, frames: _Numbers, between: _Numbers, within: _Numbers) -> tuple[_Numbers, _Numbers]:
    """Return the centre and the covariance of the most typical clips of a speaker, in rounds."""
    some = np.linspace(0, len(points) - 1, min(len(points), _SAMPLE)).astype(int)
    points, weights = points[some], _weights(frames[some])
    centre, own = np.median(points, axis=0), within
    for turn in range(_ROUNDS):
        off = (points - centre) * np.sqrt(weights)[:, None]
        inside = np.einsum("ij,jk,ik->i", off, np.linalg.inv(own), off)
        beyond = np.einsum("ij,jk,ik->i", off, np.linalg.inv(own + between), off)
        kept = inside - beyond <= np.quantile(inside - beyond, _SURE)
        centre = np.average(points[kept], axis=0, weights=weights[kept])
        if turn < 2:
            continue
        off = (points - centre) * np.sqrt(weights)[:, None]
        own = off[kept].T @ off[kept] / kept.sum()
        # what was kept lies too close: the inner clips tell the true width; copies of one clip span less than a space
        inverse = np.linalg.pinv(own, rcond=1e-9, hermitian=True)
        own *= np.quantile(np.einsum("ij,jk,ik->i", off, inverse, off), 0.35) / _USUAL
        own = (kept.sum() * own + _ALL_SPEAKERS * within) / (kept.sum() + _ALL_SPEAKERS)
    return centre, own


@cache
def _spreads() -> tuple[_Numbers, _Numbers]:
    """Return the covariance of speakers, and that of the clips of one, as they were measured in LibriSpeech."""
    table = toml_table(files("ttsprep.checks").joinpath("other_voice.toml").read_text(encoding="utf-8"))
    return _square(table["between"]), _square(table["within"])


def _square(rows: list[list[float]]) -> _Numbers:
    """Return a symmetric matrix from the rows of its lower triangle."""
    lower = np.zeros((len(rows), len(rows)))
    for i, row in enumerate(rows):
        lower[i, : i + 1] = row
    return np.asarray(lower + np.tril(lower, -1).T)


@lru_cache(maxsize=16)
def _bank(bin_hz: float) -> Array:
    """Overlapping triangles on the mel scale of HTK, shape (bins, bands)."""
    ends = 1127 * np.log1p(np.array([_LOWEST_HZ, _HIGHEST_HZ]) / 700)
    edges = 700 * np.expm1(np.linspace(ends[0], ends[1], _BANDS + 2) / 1127)
    return np.asarray(triangles(edges, np.arange(int(_HIGHEST_HZ / bin_hz) + 1) * bin_hz).T, np.float32)


@cache
def _cosines() -> Array:
    """Orthonormal DCT-II without its first row, shape (bands, cepstra)."""
    at = (np.arange(_BANDS) + 0.5)[:, None] * np.arange(1, CEPSTRA + 1)
    return np.asarray(np.sqrt(2 / _BANDS) * np.cos(np.pi / _BANDS * at), np.float32)
