"""Whether the voice of every clip is that of its speaker, by an embedding of the voice."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ttsprep.checks.base import Check, Code
from ttsprep.checks.timbre import TIMBRE_COLUMNS
from ttsprep.core.dsp import FEWEST, deviation
from ttsprep.core.types import Finding, Severity

UnitVectors = npt.NDArray[np.float64]


class _Scale(NamedTuple):
    """How a model sees voices.

    Attributes
    ----------
    alike
        Cosine of two embeddings of one voice; under it, voices may differ.
    spread
        Of the logarithm of the squared tangent of the angle, within one voice.
    """

    alike: float
    spread: float


SCALES = {"ge2e": _Scale(0.82, 0.35), "campplus": _Scale(0.62, 0.63)}
SATURATED_S = 6.0
"""Seconds of speech; more make an embedding no surer."""
_FEW = 3
"""A speaker with fewer clips has no voice to be held against."""
MOST_RAISED_ST = 8.0
"""Semitones of a raised F0 for which there is room: more is no reading of one voice."""
_ROUNDS = 5
_SAMPLE = 400
"""Clips among which the first guess of a speaker's voice is looked for."""


@dataclass(frozen=True)
class SpeakerCheck(Check):
    """Whether the voice of every clip is that of its speaker, by an embedding of the voice.

    Attributes
    ----------
    spreads
        Distance from the speaker's voice, in spreads, that alone is enough.
    witnessed_spreads
        Distance that is enough where F0 or spectrum are off, too, or another speaker of the corpus is likelier.
    short_s
        Clips with less speech, in seconds, are given more room, in proportion.
    raised_spreads
        Room for each semitone by which F0 is raised beyond `pitch_st`: an excited reading moves the embedding, too.
    sure_s
        Of other voices in clips with less speech, in seconds, most are missed: they are counted as not judged, though
        one that is far off is still named.
    pitch_st, spectrum_db
        How far from the speaker's usual F0 and spectrum is off, in semitones and in dB.
    least_speech_s
        Clips with less speech, in seconds, are not judged.
    several
        Share of a speaker's clips that are off, from which on they are several voices under one name.
    """

    name = "speaker"
    area = "voice"
    model = "speaker"
    codes = (
        Code(
            "speaker-outlier",
            "Sounds like another voice than the other clips of its speaker.",
            "Only with `--listen speaker`. The cosine of the embedding of the clip (GE2E, Wan et al. 2018; or CAM++, "
            "Wang et al. 2023) and the robust mean of the speaker's others. The squared tangent of the angle between "
            "them falls as one over the seconds of speech, and its logarithm spreads alike in every voice: warning "
            "from 3.5 spreads, or from 2.6 if F0 (2.5 semitones) or the spectrum (4.2 dB) are off, too, or another "
            "speaker of the corpus is likelier, whom the message names; and only under a cosine that one voice seldom "
            "reaches (0.82 for GE2E, 0.62 for CAM++). Where F0 is raised by more than 2.5 semitones, as in an excited "
            "reading, 0.2 spreads a semitone more are allowed, up to 8. Under 1.5 s of speech more is allowed, too; "
            "under 1 s the check misses most other voices, and counts such clips; under 0.4 s it judges nothing. Where "
            "30 % of a speaker's clips are off, or a typical one is under that cosine, one finding names the speaker.",
            "A single-speaker model averages the voices; a multi-speaker model learns a name for two.",
            "Listen. Drop the clip, or correct its speaker.",
        ),
    )
    measures: ClassVar[dict[str, str]] = {"voice_print": "embedding of the voice [model:base64 of int8]"}
    strings = frozenset({"voice_print"})
    enough: ClassVar[dict[str, str]] = {"speech_s": "sure_s"}

    spreads: float = 3.5
    witnessed_spreads: float = 2.6
    raised_spreads: float = 0.2
    short_s: float = 1.5
    sure_s: float = 1.0
    pitch_st: float = 2.5
    spectrum_db: float = 4.2
    least_speech_s: float = 0.4
    several: float = 0.3

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        corpus, kind = of_one_model(corpus, self)
        if kind:
            yield from self._judge(corpus, SCALES[kind])

    def _judge(self, corpus: pd.DataFrame, scale: _Scale) -> Iterator[Finding]:
        prints = unpack_embeddings(corpus.voice_print)
        seconds = corpus.speech_s.clip(upper=SATURATED_S).to_numpy()
        speakers, names = pd.factorize(corpus.speaker)
        voices = Voices(prints, seconds, speakers, scale)
        likeness, spread = voices.own()
        if np.isnan(spread).all():  # no speaker has clips enough
            return
        against = deviation(pd.Series(spread), corpus.speaker, least_spread=scale.spread)
        f0 = deviation(12 * np.log2(corpus.f0_median_hz), corpus.speaker, least_spread=0.7)
        short = 1 + np.maximum(0.0, self.short_s - corpus.speech_s.to_numpy()) / self.short_s
        raised = self.raised_spreads * np.clip(np.nan_to_num(f0.off.to_numpy()) - self.pitch_st, 0.0, MOST_RAISED_ST)
        z = against.z.to_numpy() / short - raised
        off = (z > self.witnessed_spreads) & (likeness < scale.alike)
        far = off & (z > self.spreads)
        # what is usual for the voice is what it is in its clips: it holds for any speaker
        usual = float(np.nanmedian(spread)) + self.witnessed_spreads * scale.spread
        likelier = voices.likelier(np.flatnonzero(off), likeness, usual)
        named = np.isin(np.arange(len(corpus)), list(likelier))
        out = far | named | (off & self._witnessed(corpus, f0))
        counts = np.bincount(speakers)
        wrong = np.bincount(speakers, out)
        long = pd.Series(likeness).where(corpus.speech_s >= self.short_s).groupby(speakers)
        middle = long.median().where(long.count() >= FEWEST).to_numpy()
        mixed = ((wrong >= self.several * counts) & (counts >= FEWEST)) | (middle < scale.alike)
        for number in np.flatnonzero(mixed).tolist():
            if middle[number] < scale.alike:
                yield _several(str(names[number]), float(middle[number]), scale.alike)
            else:
                yield self._mixed(str(names[number]), int(wrong[number]), int(counts[number]))
        for i in np.flatnonzero(out & (~mixed[speakers] | named)).tolist():
            limit = self.spreads if far[i] else self.witnessed_spreads
            least = against.centre.iloc[i] + against.off.iloc[i] / against.z.iloc[i] * short[i] * (limit + raised[i])
            bound = min(scale.alike, float(voices.cosine(least, i)))
            message = f"likeness {likeness[i]:.2f} to the other clips of {_named(corpus.speaker.iloc[i])} "
            message += f"(limit {bound:.2f} at {corpus.speech_s.iloc[i]:.1f} s of speech)"
            if i in likelier:
                other, alike = likelier[i]
                message += f"; more like {_named(str(names[other]))} ({alike:.2f})"
            yield Finding(corpus.id.iloc[i], "speaker-outlier", Severity.WARNING, message, float(likeness[i]), bound)

    def _witnessed(self, corpus: pd.DataFrame, f0: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Whether F0 or spectrum are off for the speaker, too."""
        pitch = (f0.off.abs() > self.pitch_st) & (f0.z.abs() > 2.0)
        bands = [deviation(corpus[column], corpus.speaker, least_spread=1.5).off for column in TIMBRE_COLUMNS]
        # the spectrum of a short clip is that of its few phones
        room = np.sqrt(np.maximum(1.0, 2.0 / corpus.speech_s))
        spectrum = pd.concat(bands, axis=1).pow(2).mean(axis=1) ** 0.5 > self.spectrum_db * room
        return np.asarray(pitch | spectrum, np.bool_)

    def _mixed(self, speaker: str, out: int, count: int) -> Finding:
        message = (
            f"{out} of the {count} clips of {_named(speaker)} are of another voice than the rest (limit "
            f"{self.several:.0%}): several voices {'under one name' if speaker else 'without names'}"
        )
        severity = Severity.WARNING if speaker else Severity.NOTE
        return Finding("", "speaker-outlier", severity, message, out / count, self.several)


def of_one_model(corpus: pd.DataFrame, judge: SpeakerCheck) -> tuple[pd.DataFrame, str]:
    """Return the clips whose voices can be judged together, and the model that heard them; "" if they are too few."""
    corpus = corpus[(corpus.voice_print != "") & (corpus.level_range_db >= 10)]  # the others have no voice
    corpus = corpus[corpus.speech_s >= judge.least_speech_s]
    kinds = corpus.voice_print.str.split(":", n=1).str[0]
    known = kinds.isin(SCALES)
    kind = str(kinds[known].mode()[0]) if known.any() else ""
    corpus = corpus[kinds == kind].reset_index(drop=True)
    return corpus, kind if len(corpus) >= FEWEST else ""


class Voices:
    """The voices of speakers, each the robust mean of its clips, by which no clip is held against itself.

    Parameters
    ----------
    prints
        Embeddings of length 1, shape (clips, dimensions).
    seconds
        Of speech in each clip.
    speakers
        Number of the speaker of each clip.
    scale
        How the model sees voices.
    """

    def __init__(
        self, prints: UnitVectors, seconds: UnitVectors, speakers: npt.NDArray[np.intp], scale: _Scale
    ) -> None:
        self.prints, self.seconds, self.speakers = prints, seconds, speakers
        self.weights = np.zeros(len(prints))
        self.sums = np.zeros((int(speakers.max()) + 1, prints.shape[1]))
        self.totals = np.zeros(len(self.sums))
        order = np.argsort(speakers, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(speakers[order])) + 1):
            kept = _kept(prints[rows], seconds[rows], scale)
            self.weights[rows] = kept * seconds[rows]
            speaker = speakers[rows[0]]
            if kept.sum() >= _FEW:
                self.sums[speaker] = self.weights[rows] @ prints[rows]
                self.totals[speaker] = self.weights[rows].sum()

    def own(self) -> tuple[UnitVectors, UnitVectors]:
        """Return the likeness of each clip to its speaker's others, and `spread_of` it; NaN where there are none."""
        others = self.sums[self.speakers] - self.weights[:, None] * self.prints
        total = self.totals[self.speakers] - self.weights
        with np.errstate(all="ignore"):
            likeness = np.einsum("ij,ij->i", others, self.prints) / np.linalg.norm(others, axis=1)
            likeness[self.totals[self.speakers] == 0] = np.nan
            return likeness, spread_of(likeness, self.seconds, total)

    def likelier(self, rows: npt.NDArray[np.intp], likeness: UnitVectors, usual: float) -> dict[int, tuple[int, float]]:
        """Return, for each row that is more like another speaker, the number of that speaker and the likeness."""
        named = np.flatnonzero(self.totals > 0)
        if len(named) < 2:
            return {}
        centres = self.sums[named] / np.linalg.norm(self.sums[named], axis=1, keepdims=True)
        nearer = {}
        for i in rows.tolist():
            alike = np.where(named == self.speakers[i], -1.0, centres @ self.prints[i])
            best = int(alike.argmax())
            spread = spread_of(alike[best : best + 1], self.seconds[i], self.totals[named[best]])[0]
            if alike[best] > likeness[i] and spread < usual:
                nearer[i] = int(named[best]), float(alike[best])
        return nearer

    def cosine(self, spread: float, row: int) -> float:
        """Return the likeness at which `spread_of` a clip is this."""
        rest = self.totals[self.speakers[row]] - self.weights[row]
        return float((1 + np.exp(spread) * (1 / self.seconds[row] + 1 / rest)) ** -0.5)


def spread_of(likeness: UnitVectors, seconds: UnitVectors | float, total: UnitVectors | float) -> UnitVectors:
    """Return the logarithm of the squared tangent of the angle between a clip and a voice, whatever their lengths.

    An embedding is the voice and the chance of what is said, which lies at right angles to it and averages out:
    its square falls as one over the seconds of the clip, and of all the clips that the voice was taken from.
    """
    tangent = np.clip(likeness, 0.02, 0.9999) ** -2 - 1
    return np.asarray(np.log(tangent / (1 / seconds + 1 / np.maximum(total, 1e-3))))


def _kept(prints: UnitVectors, seconds: UnitVectors, scale: _Scale) -> npt.NDArray[np.bool_]:
    """Return which clips make the voice of a speaker: those near the most typical one, in rounds."""
    longest = np.argsort(-seconds, kind="stable")[:_SAMPLE]
    some = prints[longest]
    voice = some[np.median(some @ some.T, axis=1).argmax()]
    kept = np.ones(len(prints), np.bool_)
    for _ in range(_ROUNDS):
        spread = spread_of(prints @ voice, seconds, np.inf)
        kept = spread <= np.median(spread) + 2 * scale.spread
        voice = (kept * seconds) @ prints
        voice /= np.linalg.norm(voice)
    return kept


def unpack_embeddings(prints: "pd.Series[str]") -> UnitVectors:
    """Return embeddings of one model from the table, each of length 1, shape (clips, dimensions)."""
    raw = b"".join(base64.b64decode(text.partition(":")[2]) for text in prints)
    vectors = np.frombuffer(raw, np.int8).reshape(len(prints), -1).astype(np.float64)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def _several(speaker: str, middle: float, limit: float) -> Finding:
    message = (
        f"the likeness of a typical clip of {_named(speaker)} to the rest is {middle:.2f} (limit {limit:g}): many "
        f"voices {'under one name' if speaker else 'without names'}"
    )
    severity = Severity.WARNING if speaker else Severity.NOTE
    return Finding("", "speaker-outlier", severity, message, middle, limit)


def _named(speaker: str) -> str:
    return f"speaker {speaker}" if speaker else "the corpus"
