"""A whole clip in time: waveform, spectrogram, stretches of speech, findings and words, one under the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from ttsprep.core.types import Samples
from ttsprep.report.charts.svg import join, tag, tick_label, ticks
from ttsprep.report.data import visible
from ttsprep.report.sound import TOP_HZ, mel, opus, png, spectrogram, uri, waveform

PIXELS_A_SECOND, WIDEST = 130, 16_000
"""Of the picture: so much that words can be read, and no more than a browser draws at ease."""
COLUMNS_A_SECOND, LEAST_COLUMNS, MOST_COLUMNS, ROWS = 200, 560, 6_000, 128
"""Of the spectrogram; the browser fills what is between."""
STROKES = 1_400
"""Columns of the waveform, at least: one a pixel, as strokes leave gaps."""
MARK_ROW, WAVE, SPECTRUM, LANE, AXIS = 16, 96, 220, 22, 18
"""Heights in pixels."""
LETTER = 7.2
"""Width of a letter of a word in pixels, about."""
MOST_MARK_ROWS = 6


@dataclass(frozen=True, slots=True)
class Stage:
    """A clip to hear and see.

    Attributes
    ----------
    svg
        The picture; ``.head`` in it moves with the sound.
    audio
        data: URI of Ogg Opus.
    """

    svg: Markup
    audio: str


def stage(
    samples: Samples,
    rate: int,
    name: str,
    *,
    speech: Sequence[tuple[float, float]] = (),
    findings: Sequence[Mapping[str, Any]] = (),
    words: Sequence[Mapping[str, Any]] = (),
) -> Stage:
    """Draw a clip.

    Parameters
    ----------
    samples, rate
        Mono, and its rate in Hz.
    name
        Of the clip, made visible.
    speech
        Seconds from and to of every stretch of speech.
    findings
        With ``code``, ``severity``, ``start`` and ``end`` in seconds; those without a start are left out.
    words
        With ``word``, ``start``, ``end``, ``class`` and ``tip``, in order.
    """
    samples = np.nan_to_num(np.asarray(samples, dtype=np.float32), posinf=1.0, neginf=-1.0)
    seconds = len(samples) / rate
    columns = int(np.clip(seconds * COLUMNS_A_SECOND, LEAST_COLUMNS, MOST_COLUMNS))
    top = min(rate / 2, TOP_HZ)
    width = int(np.clip(seconds * PIXELS_A_SECOND, 320, WIDEST))

    def at(second: float) -> str:
        return f"{min(max(second / seconds, 0.0), 1.0) * 100:.3f}%"

    def wide(start: float, end: float) -> str:
        return f"{(min(max(end, start), seconds) - min(max(start, 0.0), seconds)) / seconds * 100:.3f}%"

    placed = [found for found in findings if found["start"] is not None]
    rows = {code: row for row, code in enumerate(dict.fromkeys(found["code"] for found in placed))}
    strokes = max(STROKES, width)
    wave = MARK_ROW * min(len(rows), MOST_MARK_ROWS) + 2
    spectrum = wave + WAVE + 8
    bottom = spectrum + SPECTRUM
    lanes = _lanes(words, width / seconds)
    height = bottom + LANE * (max(lanes, default=-1) + 1)
    picture = uri("image/png", png(spectrogram(samples, rate, top, columns, ROWS)))
    times = ticks(0.0, seconds, max(4, min(width // 90, 200)))
    svg = tag(
        "svg",
        tag(
            "svg",
            tag("path", d=waveform(samples, strokes), class_="wave"),
            y=wave,
            width="100%",
            height=WAVE,
            viewBox=f"0 -100 {strokes} 200",
            preserveAspectRatio="none",
        ),
        *(tag("rect", x=at(a), y=wave + WAVE + 2, width=wide(a, b), height=3, class_="speech") for a, b in speech),
        tag("image", y=spectrum, width="100%", height=SPECTRUM, href=picture, preserveAspectRatio="none"),
        join(
            tag("text", f"{f / 1000:g} kHz", x=5, y=spectrum + SPECTRUM * (1 - mel(f) / mel(top)) + 3, class_="over")
            for f in (500, 1_000, 2_000, 4_000, 8_000)
            if f < 0.95 * top
        ),
        join(_mark(found, rows[found["code"]], wave, bottom, at, wide, seconds) for found in placed),
        join(_word(word, lane, bottom, at, wide) for word, lane in zip(words, lanes, strict=True)),
        join(
            tag("text", f"{tick_label(t, times)} s", x=at(t), y=height + 13, class_="tick", text_anchor="middle")
            for t in times
            if 0.01 < t / seconds < 0.99
        ),
        tag("line", x1=0, x2=0, y1=wave, y2=height, class_="head"),
        class_="stage",
        width=width,
        height=height + AXIS,
        role="img",
        aria_label=f"waveform, spectrogram and findings of {name}",
    )
    return Stage(svg, uri("audio/ogg", opus(samples, rate)))


def _mark(found: Mapping[str, Any], row: int, wave: int, bottom: int, at: Any, wide: Any, seconds: float) -> Markup:
    """Shade the place of a finding over both pictures, and write its code above them."""
    start = float(found["start"])
    end = max(start if found["end"] is None else float(found["end"]), start + 0.002 * seconds)
    tip = f"{found['code']}: {start:.2f} to {end:.2f} s"
    late = start / seconds > 0.6
    parts = [
        tag(
            "rect",
            x=at(start),
            y=wave,
            width=wide(start, end),
            height=bottom - wave,
            class_=f"mark {found['severity']}",
            data_tip=tip,
        )
    ]
    if row < MOST_MARK_ROWS:
        y = MARK_ROW * row
        parts += [
            tag("rect", x=at(start), y=y + 12, width=wide(start, end), height=3, class_=f"bar {found['severity']}"),
            tag(
                "text",
                found["code"],
                x=at(end if late else start),
                y=y + 10,
                class_="mark-name",
                text_anchor="end" if late else None,
            ),
        ]
    return join(parts)


def _lanes(words: Sequence[Mapping[str, Any]], pixels: float) -> list[int]:
    """Put each word into the first lane where its letters do not touch those of the word before."""
    ends: list[float] = []
    lanes = []
    for word in words:
        start = float(word["start"]) * pixels
        end = max(float(word["end"]) * pixels, start + LETTER * len(word["word"]) + 6)
        lane = next((i for i, other in enumerate(ends) if other <= start), len(ends))
        if lane == len(ends):
            ends.append(end)
        ends[lane] = end
        lanes.append(lane)
    return lanes


def _word(word: Mapping[str, Any], lane: int, bottom: int, at: Any, wide: Any) -> Markup:
    y = bottom + LANE * lane
    return tag(
        "g",
        tag("rect", x=at(word["start"]), y=y + 3, width=wide(word["start"], word["end"]), height=LANE - 4),
        tag("text", visible(word["word"]), x=at(word["start"]), dx=3, y=y + 15),
        class_=f"word {word['class']}",
        data_tip=word["tip"],
        data_start=f"{word['start']:.3f}",
        data_end=f"{word['end']:.3f}",
    )
