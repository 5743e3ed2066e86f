"""The voices of a corpus on a plane, for its report."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ttsprep.checks.speaker import SATURATED_S, SCALES, Numbers, Speaker, Voices, of_one_model, unpack
from ttsprep.core.dsp import deviation

FARTHEST = 2.0
"""Clips of one voice that are further from it than this, in limits, are drawn so far."""
WITHIN = 0.05
"""What the differences of clips of one speaker count beside those of speakers: they decide between few."""


@dataclass(frozen=True, slots=True)
class VoiceMap:
    """The voices of a corpus on a plane.

    Attributes
    ----------
    points
        Columns ``id``, ``speaker``, ``x``, ``y``, ``likeness`` to the voice of the speaker (NaN with too few
        clips), and ``limits``, how far it is from that voice (1 is the limit of `Speaker`).
    voices
        1 if the corpus is of one voice: then the middle is that voice, and the distance from there is that of
        ``limits``; the direction is that in which a clip differs. Else the number of speakers (of clips, where they
        have no names), and the plane is the one in which they differ most.
    share
        Of the differences between the speakers, what the plane shows; NaN for one voice.
    """

    points: pd.DataFrame
    voices: int
    share: float


def voice_map(corpus: pd.DataFrame, judge: Speaker) -> VoiceMap | None:
    """Return where the clips of a corpus lie by their voices, or None if too few of them were listened to.

    The same table gives the same map: there is no chance in it, and the signs of the axes are fixed.

    Parameters
    ----------
    corpus
        As checks judge it.
    judge
        With the thresholds of the recipe.
    """
    corpus, kind = of_one_model(corpus, judge)
    if not kind:
        return None
    prints, scale = unpack(corpus.voice_print), SCALES[kind]
    seconds = corpus.speech_s.clip(upper=SATURATED_S).to_numpy()
    speakers, names = pd.factorize(corpus.speaker)
    voices = Voices(prints, seconds, speakers, scale)
    likeness, spread = voices.own()
    z = deviation(pd.Series(spread), corpus.speaker, least_spread=scale.spread).z.to_numpy()
    limits = z / judge.spreads
    points = pd.DataFrame({"id": corpus.id, "speaker": corpus.speaker, "likeness": likeness, "limits": limits})
    if len(names) == 1 and np.nanmedian(likeness) < scale.alike:
        names, speakers = pd.Index(corpus.id), np.arange(len(corpus))  # many voices without names: each by itself
    if len(names) == 1:
        there = np.isfinite(z)
        direction = _directions(prints[there], voices.sums[0], z[there]) if there.any() else np.zeros((0, 2))
        # a typical clip is half-way to the limit: in many directions none lies in the middle
        distance = np.clip((1 + limits[there]) / 2, 0.0, FARTHEST)
        points = points[there].assign(x=distance * direction[:, 0], y=distance * direction[:, 1])
        return VoiceMap(points, 1, float("nan")) if len(points) else None
    plane, share = _plane(prints, speakers)
    return VoiceMap(points.assign(x=plane[:, 0], y=plane[:, 1]), len(names), share)


def _directions(prints: Numbers, voice: Numbers, z: Numbers) -> Numbers:
    """Return in which direction of the plane each clip differs from the voice, shape (clips, 2), of length 1."""
    voice = voice / np.linalg.norm(voice)
    rest = prints - np.outer(prints @ voice, voice)
    weight = np.clip(z, 0.2, 6.0)[:, None] ** 2  # the plane is that of the clips which differ
    axes = _axes((rest * weight).T @ rest)
    found = rest @ axes
    found /= np.maximum(np.median(np.abs(found), axis=0), 1e-9)
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9))


def _plane(prints: Numbers, speakers: npt.NDArray[np.intp]) -> tuple[Numbers, float]:
    """Return the clips on the plane in which speakers differ most, shape (clips, 2), and its share of that."""
    counts = np.bincount(speakers)[:, None]
    centres = np.zeros((len(counts), prints.shape[1]))
    np.add.at(centres, speakers, prints)
    centres /= counts
    middle = centres.mean(axis=0)
    apart, rest = centres - middle, prints - centres[speakers]
    between, within = apart.T @ apart / len(apart), rest.T @ rest / len(rest)
    axes = _axes(between + WITHIN * within)
    share = float(np.trace(axes.T @ between @ axes) / max(float(np.trace(between)), 1e-12))
    plane = (prints - middle) @ axes
    return np.asarray(plane / max(float(np.abs(plane).max()), 1e-9)), share


def _axes(covariance: Numbers) -> Numbers:
    """Return the two leading eigenvectors, shape (dimensions, 2), the largest entry of each positive."""
    axes = np.linalg.eigh(covariance)[1][:, [-1, -2]]
    largest = np.abs(axes).argmax(axis=0)
    return np.asarray(axes * np.sign(axes[largest, [0, 1]]))
