"""The page of one clip, to hear and see it beside everything that is known of it."""

from itertools import groupby

from markupsafe import Markup

from ttsprep.audit.percentiles import Measure
from ttsprep.report.charts.svg import CLASSES, join_svg, tag
from ttsprep.report.clip import text
from ttsprep.report.clip.report import ClipReport
from ttsprep.report.data import visible
from ttsprep.report.page import environment, policy, style_and_script
from ttsprep.report.sound import make_media
from ttsprep.report.waveform import WAVEFORM_PAGE, WordMark, waveform_marks, waveform_svg, width_of


def clip_page(report: ClipReport) -> str:
    """Return the HTML page of a clip; nothing in it is fetched, as in `ttsprep.report.page`."""
    css, js = style_and_script(("report", "clip"), ("page", "clip"))
    numbers = [measure for measure in report.measures if isinstance(measure.value, float)]
    media, picture, words, samples = None, None, _words(report), report.audio.samples
    decoded = report.audio.decoded
    if decoded is not None and samples is not None and len(samples):
        media = make_media(samples, decoded.rate, width=width_of(report.audio.seconds))
        places = ((finding.code, finding.severity, finding.start, finding.end) for finding in report.findings)
        marks = waveform_marks(places, decoded)
        picture = waveform_svg(
            media, visible(report.clip.id), marks, WAVEFORM_PAGE, speech=report.audio.speech, words=words
        )
    return (
        environment()
        .get_template("clip.html")
        .render(
            report=report,
            text=text,
            verdict_class=CLASSES[report.verdict],
            media=media,
            picture=picture,
            words=words,
            groups=[(area, list(rows)) for area, rows in groupby(numbers, lambda measure: measure.area)],
            texts=[measure for measure in report.measures if isinstance(measure.value, str)],
            box=box,
            policy=policy(css, js),
            css=Markup(css),  # noqa: S704 -- our own file
            js=Markup(js),  # noqa: S704 -- our own file
        )
    )


def _words(report: ClipReport) -> list[WordMark]:
    if report.words is None:
        return []
    marks = []
    for word in report.words.words:
        kind, meaning = text.word_meaning(word)
        tip = f"{word.start:.2f} to {word.end:.2f} s, {meaning}"
        marks.append(WordMark(word.word, word.start, word.end, kind, tip))
    return marks


def box(measure: Measure) -> Markup:
    """Draw a value among the quartiles: a line from the least to the greatest, a box of the middle half, a mark.

    Nothing is drawn where all clips have the same value.
    """
    known = measure.distribution
    if known is None or known.clips < 2 or known.axis_range[0] >= known.axis_range[1]:
        return Markup()
    low, high = known.axis_range
    value = float(measure.value or 0.0)

    def at(number: float) -> str:
        return f"{3 + 94 * (min(max(number, low), high) - low) / (high - low):.2f}%"

    beyond = value < low or value > high
    wide = 94 * (min(known.q3, high) - max(known.q1, low)) / (high - low)
    least, q1, _, q3, greatest = map(measure.show, known.points)
    tip = f"least {least}, middle half {q1} to {q3}, greatest {greatest}"
    return tag(
        "svg",
        tag("line", x1=at(known.low), x2=at(known.high), y1=9, y2=9, class_="axis"),
        tag("rect", x=at(known.q1), y=3, width=f"{max(wide, 0.6):.2f}%", height=12, rx=2, class_="half"),
        tag("line", x1=at(known.median), x2=at(known.median), y1=2, y2=16, class_="median"),
        join_svg([
            tag("circle", cx=at(value), cy=9, r=4.5, class_=f"here {measure.severity}".strip()),
            *([tag("circle", cx=at(value), cy=9, r=7.5, class_="beyond")] if beyond else []),
        ]),
        class_="box",
        width="100%",
        height=18,
        role="img",
        aria_label=f"{measure.name}: {measure.show(value)}; of the corpus {tip}",
        data_tip=tip + ("; beyond the axis" if beyond else ""),
    )
