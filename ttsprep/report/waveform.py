"""The drawing of a clip: waveform, spectrogram, speech, findings and words on one axis of time."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from ttsprep.core.signal import clipped_stretches
from ttsprep.core.types import Audio
from ttsprep.report.charts.svg import join_svg, tag, tick_label, ticks
from ttsprep.report.data import visible
from ttsprep.report.sound import ClipMedia, mel

PIXELS_A_SECOND, LEAST_PIXELS, MOST_PIXELS = 130, 320, 16_000
"""Width of the picture of a whole clip: words can be read, and a browser draws it at ease."""
LANE, AXIS = 22, 18
"""Heights in pixels: of a row of words, and of the seconds."""
LETTER = 7.2
"""Width of a letter of a word in pixels, about."""
HERTZ = (8_000, 4_000, 2_000, 1_000, 500)
"""Labels of the spectrogram; the lowest has no room on a card."""


class Mark(NamedTuple):
    """The place of a finding, in seconds into the clip."""

    code: str
    severity: str
    start: float
    end: float


class WordMark(NamedTuple):
    """A word, its place in seconds into the clip, its class in the style sheet, and its tooltip."""

    word: str
    start: float
    end: float
    kind: str
    tip: str


@dataclass(frozen=True, slots=True)
class Style:
    """How a clip is drawn.

    Attributes
    ----------
    wave, gap, spectrum
        Heights in pixels.
    row, rows
        Height of the name of a finding in pixels, and how many findings are named.
    above
        Whether the names stand above the waveform, or over it.
    least
        Width of a mark at least, as a share of the picture.
    """

    wave: int
    gap: int
    spectrum: int
    row: int
    rows: int
    above: bool
    least: float


CARD = Style(72, 4, 120, 13, 4, above=False, least=0.005)
WAVEFORM_PAGE = Style(96, 8, 220, 16, 6, above=True, least=0.002)


def width_of(seconds: float) -> int:
    """Return the pixels that a whole clip takes."""
    return int(min(max(seconds * PIXELS_A_SECOND, LEAST_PIXELS), MOST_PIXELS))


def waveform_svg(
    media: ClipMedia,
    name: str,
    marks: Sequence[Mark],
    style: Style = CARD,
    *,
    speech: Sequence[tuple[float, float]] = (),
    words: Sequence[WordMark] = (),
) -> Markup:
    """Draw a clip; its places are in per cent, so that it fits any width.

    Parameters
    ----------
    media
        What is drawn.
    name
        Of the clip, made visible.
    marks
        Findings; those outside of what is drawn are left out.
    style
        `CARD` fills its place, `WAVEFORM_PAGE` is as wide as the clip is long.
    speech
        Seconds from and to of every stretch of speech.
    words
        In order; drawn under the spectrogram.
    """
    span = media.end - media.start
    wide = width_of(span)

    def at(second: float) -> str:
        return f"{min(max((second - media.start) / span, 0.0), 1.0) * 100:.3f}%"

    def length(start: float, end: float, least: float = 0.0) -> str:
        inside = min(max(end, start), media.end) - min(max(start, media.start), media.end)
        return f"{max(inside / span, least) * 100:.3f}%"

    marks = [mark for mark in marks if mark.end >= media.start and mark.start <= media.end]
    rows = {code: row for row, code in enumerate(dict.fromkeys(mark.code for mark in marks)) if row < style.rows}
    top = style.row * len(rows) + 2 if style.above else 0
    spectrum = top + style.wave + style.gap
    bottom = spectrum + style.spectrum
    lanes = _lanes(words, wide / span)
    height = bottom + LANE * (max(lanes, default=-1) + 1)
    times = ticks(media.start, media.end, max(4, min(wide // 90, 200)) if style.above else 8)
    names: list[Markup] = []
    named: dict[str, float] = {}
    for mark in marks:
        if mark.code in rows and style.above:
            y = style.row * rows[mark.code] + 12
            shown = {"y": y, "height": 3, "class_": f"bar {mark.severity}"}
            names.append(tag("rect", x=at(mark.start), width=length(mark.start, mark.end, style.least), **shown))
        pixel = (mark.start - media.start) / span * wide
        if mark.code in rows and (mark.code not in named or (style.above and pixel > named[mark.code])):
            named[mark.code] = pixel + 2 * LETTER * len(mark.code)
            late = (mark.start - media.start) / span > 0.6
            names.append(
                tag(
                    "text",
                    mark.code,
                    x=at(mark.end if late else mark.start),
                    dx=None if style.above else -3 if late else 3,
                    y=style.row * rows[mark.code] + (10 if style.above else 12),
                    class_="mark-name",
                    text_anchor="end" if late else None,
                )
            )
    return tag(
        "svg",
        tag(
            "svg",
            tag("path", d=media.waveform, class_="wave"),
            y=top,
            width="100%",
            height=style.wave,
            viewBox=f"0 -100 {media.columns} 200",
            preserveAspectRatio="none",
        ),
        *(
            tag("rect", x=at(a), y=top + style.wave + 2, width=length(a, b), height=3, class_="speech")
            for a, b in speech
        ),
        tag(
            "image", y=spectrum, width="100%", height=style.spectrum, href=media.spectrogram, preserveAspectRatio="none"
        ),
        *(
            _frequency(hertz, media, spectrum, style.spectrum)
            for hertz in HERTZ[: None if style.above else -1]
            if hertz < 0.95 * media.top_hz
        ),
        *(
            tag(
                "rect",
                x=at(mark.start),
                y=top,
                width=length(mark.start, mark.end, style.least),
                height=bottom - top,
                class_=f"mark {mark.severity}",
                data_tip=f"{mark.code}: {mark.start:.2f} to {mark.end:.2f} s",
            )
            for mark in marks
        ),
        join_svg(names),
        *(
            tag(
                "g",
                tag("rect", x=at(word.start), y=y + 3, width=length(word.start, word.end), height=LANE - 4),
                tag("text", visible(word.word), x=at(word.start), dx=3, y=y + 15),
                class_=f"word {word.kind}",
                data_tip=word.tip,
                data_start=f"{word.start:.3f}",
                data_end=f"{word.end:.3f}",
            )
            for word, y in zip(words, (bottom + LANE * lane for lane in lanes), strict=True)
        ),
        *(
            tag("text", f"{tick_label(t, times)} s", x=at(t), y=height + 13, class_="tick", text_anchor="middle")
            for t in times
            if 0.01 < (t - media.start) / span < 0.99
        ),
        tag("line", x1=0, x2=0, y1=top, y2=height, class_="head"),
        class_="stage",
        width=wide if style.above else "100%",
        height=height + AXIS,
        role="img",
        aria_label=f"waveform, spectrogram and findings of {name}",
    )


def _frequency(hertz: int, media: ClipMedia, top: int, height: int) -> Markup:
    y = top + height * (1 - mel(hertz) / mel(media.top_hz)) + 3
    return tag("text", f"{hertz / 1000:g} kHz", x=5, y=y, class_="over")


def _lanes(words: Sequence[WordMark], pixels: float) -> list[int]:
    """Put each word into the first lane where its letters do not touch those of the word before."""
    ends: list[float] = []
    lanes = []
    for word in words:
        start = word.start * pixels
        lane = next((i for i, other in enumerate(ends) if other <= start), len(ends))
        ends[lane : lane + 1] = [max(word.end * pixels, start + LETTER * len(word.word) + 6)]
        lanes.append(lane)
    return lanes


def waveform_marks(findings: Iterable[tuple[str, str, float | None, float | None]], audio: Audio) -> list[Mark]:
    """Return the places of findings, given as code, severity, start and end; clipping is marked wherever it is."""
    marks = []
    for code, severity, start, end in findings:
        if start is None or math.isnan(start):
            continue
        places = [(float(start), start if end is None or math.isnan(end) else max(float(end), start))]
        if code == "clipping":
            places = clipped_stretches(audio) or places
        marks += [Mark(code, severity, *place) for place in places]
    return marks
