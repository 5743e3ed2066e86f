"""The map of voices: clips that sound alike lie together, and those that were found are ringed and named."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from markupsafe import Markup

from ttsprep.checks.speaker import (
    SATURATED_S,
    SCALES,
    SpeakerCheck,
    UnitVectors,
    Voices,
    of_one_model,
    unpack_embeddings,
)
from ttsprep.core.dsp import deviation
from ttsprep.report.charts.svg import Figure, Scale, join_svg, number, picture, short, tag
from ttsprep.report.charts.trends import MOST_DOTS, named
from ttsprep.report.data import visible

_WIDTH, _HEIGHT = 720, 540
MOST_RINGED = 24
"""Found clips that are ringed and named; the farthest first."""
MOST_SPEAKERS = 14
"""Speakers whose names are written; those with the most clips first."""
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
        Columns ``id``, ``speaker``, ``x``, ``y``, ``likeness`` to the voice of the speaker (NaN where there are too few
        clips), and ``limits``, how far it is from that voice (1 is the limit of `SpeakerCheck`).
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


def place_voices(corpus: pd.DataFrame, judge: SpeakerCheck) -> VoiceMap | None:
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
    prints, scale = unpack_embeddings(corpus.voice_print), SCALES[kind]
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


def _directions(prints: UnitVectors, voice: UnitVectors, z: UnitVectors) -> UnitVectors:
    """Return in which direction of the plane each clip differs from the voice, shape (clips, 2), of length 1."""
    voice = voice / np.linalg.norm(voice)
    rest = prints - np.outer(prints @ voice, voice)
    weight = np.clip(z, 0.2, 6.0)[:, None] ** 2  # the plane is that of the clips which differ
    axes = _axes((rest * weight).T @ rest)
    points = rest @ axes
    points /= np.maximum(np.median(np.abs(points), axis=0), 1e-9)
    return np.asarray(points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-9))


def _plane(prints: UnitVectors, speakers: npt.NDArray[np.intp]) -> tuple[UnitVectors, float]:
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


def _axes(covariance: UnitVectors) -> UnitVectors:
    """Return the two leading eigenvectors, shape (dimensions, 2), the largest entry of each positive."""
    axes = np.linalg.eigh(covariance)[1][:, [-1, -2]]
    largest = np.abs(axes).argmax(axis=0)
    return np.asarray(axes * np.sign(axes[largest, [0, 1]]))


def voice_map(voices: VoiceMap, findings: pd.DataFrame) -> tuple[Figure, dict[str, Any]]:
    """Draw the map.

    Returns
    -------
    figure
        The picture.
    data
        What the page's script needs to name the clip under the pointer, the farthest from its speaker first: ``x``
        and ``y`` in the picture, ``id``, ``speaker`` and ``likeness`` to its other clips.
    """
    points = voices.points.reset_index(drop=True)
    outliers = points["id"].isin(findings.loc[findings["code"] == "speaker-outlier", "clip"]).to_numpy()
    limits = np.nan_to_num(points["limits"].to_numpy(float), nan=-np.inf)
    x, y = _scales(points, one=voices.voices == 1)
    at = np.stack([[x(v) for v in points["x"]], [y(v) for v in points["y"]]], axis=1)
    order = np.lexsort((-limits, ~outliers))  # found ones first, then the farthest
    shown = order[:MOST_DOTS]
    dots = "".join(f"M{number(at[i, 0])} {number(at[i, 1])}h0" for i in sorted(shown) if not outliers[i])
    named_ones = [int(i) for i in order[:MOST_RINGED] if outliers[i]]
    title, note = _title(voices, int(outliers.sum()), len(points))
    if len(shown) < len(points):
        note += f"; the farthest {len(shown):,} clips have a dot"
    picture_ = picture(
        _WIDTH,
        _HEIGHT,
        title,
        _ring(x, y) if voices.voices == 1 else Markup(),
        tag("path", d=dots, class_="dots"),
        *(_names(points, at) if voices.voices > 1 else []),
        *(_line(points, at, i) for i in named_ones if voices.voices > 1),
        *(tag("circle", cx=at[i, 0], cy=at[i, 1], r=2.5, class_="odd") for i in np.flatnonzero(outliers)[:MOST_DOTS]),
        *named([(at[i, 0], at[i, 1], short(points["id"][i]), "") for i in named_ones], x),
        tag("circle", r=9, class_="cursor", visibility="hidden"),
        class_="",
    )
    data = {
        "x": [round(float(at[i, 0]), 1) for i in shown],
        "y": [round(float(at[i, 1]), 1) for i in shown],
        "id": [visible(points["id"][i]) for i in shown],
        "speaker": [visible(points["speaker"][i]) for i in shown],
        "likeness": [None if pd.isna(v) else round(float(v), 2) for v in points["likeness"].to_numpy()[shown]],
        "outliers": int(outliers[shown].sum()),
    }
    return Figure(title, note, picture_), data


def _title(voices: VoiceMap, outliers: int, clips: int) -> tuple[str, str]:
    """Return the sentence that says what to see, and how to read it."""
    odd = f"{outliers:,} of {clips:,} clips sound{'s' if outliers == 1 else ''} like another voice"
    if voices.voices == 1:
        return (
            odd if outliers else f"All {clips:,} clips sound like one voice",
            "centre: the voice; ring: the limit for long clips; clips that sound alike lie together",
        )
    share = f"the two directions in which voices differ most, {100 * voices.share:.0f} % of all their differences"
    if voices.voices == clips:
        return f"{clips:,} clips of many voices", f"clips that sound alike lie together; {share}"
    return (
        f"{odd} than their speaker's" if outliers else f"Each of {voices.voices:,} speakers sounds like one voice",
        f"clips that sound alike lie together; a line leads from a clip to its speaker in the metadata; {share}",
    )


def _scales(points: pd.DataFrame, *, one: bool) -> tuple[Scale, Scale]:
    """Map the plane to the picture, both axes alike."""
    low = points[["x", "y"]].min().to_numpy(float)
    high = points[["x", "y"]].max().to_numpy(float)
    if one:
        low, high = np.minimum(low, -1.05), np.maximum(high, 1.05)
    middle = (low + high) / 2
    half = max(float((high - low)[0]) / (_WIDTH - 80), float((high - low)[1]) / (_HEIGHT - 60), 1e-9) / 2
    across, down = half * (_WIDTH - 80), half * (_HEIGHT - 60)
    return (
        Scale(middle[0] - across, middle[0] + across, 40, _WIDTH - 40),
        Scale(middle[1] - down, middle[1] + down, _HEIGHT - 30, 30),
    )


def _ring(x: Scale, y: Scale) -> Markup:
    radius = x(1) - x(0)
    return join_svg([
        tag("circle", cx=x(0), cy=y(0), r=radius, class_="band"),
        tag("path", d=f"M{number(x(0) - 5)} {number(y(0))}h10m-5 -5v10", class_="axis"),
        tag("text", "limit", x=x(0), y=y(0) - radius - 5, class_="label", text_anchor="middle"),
    ])


def _names(points: pd.DataFrame, at: Any) -> list[Markup]:
    """Write the names of speakers in the middle of their clips, leaving out one that would cover another."""
    counts = points["speaker"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    parts: list[Markup] = []
    taken: list[tuple[float, float]] = []
    for speaker in [name for name, count in counts.items() if name != "" and count >= 2][:MOST_SPEAKERS]:
        across, down = np.median(at[(points["speaker"] == speaker).to_numpy()], axis=0)
        if all(abs(down - other) > 14 or abs(across - beside) > 90 for beside, other in taken):
            taken.append((float(across), float(down)))
            parts.append(tag("text", short(str(speaker), 18), x=float(across), y=float(down), class_="who"))
    return parts


def _line(points: pd.DataFrame, at: Any, i: int) -> Markup:
    across, down = np.median(at[(points["speaker"] == points["speaker"][i]).to_numpy()], axis=0)
    return tag("path", d=f"M{number(at[i, 0])} {number(at[i, 1])}L{number(across)} {number(down)}", class_="leads")
