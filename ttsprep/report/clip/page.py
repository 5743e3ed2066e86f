"""The page of one clip: to hear it, to see it, and everything that is known of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ttsprep.audit.percentiles import Measure, reach
from ttsprep.audit.verdict import Verdict
from ttsprep.core.types import Samples
from ttsprep.report.charts.svg import CLASSES, join, tag
from ttsprep.report.clip.report import Dossier, Found, becomes, facts, nats, place, rank, unmeasured
from ttsprep.report.clip.view import stage
from ttsprep.report.data import visible
from ttsprep.report.page import environment, policy, style_and_script

if TYPE_CHECKING:
    from ttsprep.models.word_scores import TimedWord, WordScores


@dataclass(frozen=True, slots=True)
class Row:
    """A measure as the page shows it.

    Attributes
    ----------
    name, meaning, unit
        Column, what it says, and its unit or "".
    value
        As it is written.
    severity
        Of the finding that judged it; "" if none did.
    numbers
        Least, quartiles and greatest of the corpus, as they are written; empty where there are none.
    at
        The value, and those numbers.
    ends
        Of the axis; what lies beyond is drawn at them.
    rank
        As it is written; "" where all clips have the same.
    """

    name: str
    meaning: str
    unit: str
    value: str
    severity: str = ""
    numbers: tuple[str, ...] = ()
    at: tuple[float, ...] = ()
    ends: tuple[float, float] = (0.0, 0.0)
    rank: str = ""

    @property
    def box(self) -> Markup:
        """The standing as a picture; nothing where all clips have the same."""
        return box(self) if self.at and self.ends[0] < self.ends[1] else Markup("")


@dataclass(frozen=True, slots=True)
class ClipPage:
    """What the page shows.

    Attributes
    ----------
    name, corpus
        Of the clip, and of what it belongs to.
    text
        Its transcript.
    facts
        Names and values, in order.
    remark
        What is missing of its audio; "" if nothing is.
    verdict, becomes
        What becomes of it, and why in a few words.
    findings
        The worst first: ``code``, ``severity``, ``message``, ``start``, ``end``, ``place``, ``stage``, ``summary``,
        ``measured``, ``impact``, ``fix``.
    groups
        Measures by area.
    sayings
        Name, meaning and value of the measures that are text.
    unmeasured
        Sentences about measures that are not there.
    sound
        Mono samples and their rate in Hz; None if it cannot be decoded.
    speech
        Seconds from and to of every stretch of speech.
    words
        As `ttsprep.report.clip.view.stage` takes them, each with ``score`` as it is written.
    passages
        ``written``, ``heard`` and ``same``: what is written against what was heard.
    listened
        Which model heard it, or how to have one do so.
    fate
        ``build``, ``kept``, ``reason`` and ``text``; None where no build is known.
    """

    name: str
    corpus: str
    text: str
    facts: Mapping[str, str]
    remark: str
    verdict: Verdict
    becomes: str
    findings: Sequence[Mapping[str, Any]]
    groups: Mapping[str, Sequence[Row]]
    sayings: Sequence[tuple[str, str, str]]
    unmeasured: Sequence[str]
    sound: tuple[Samples, int] | None
    speech: Sequence[tuple[float, float]]
    words: Sequence[Mapping[str, Any]]
    passages: Sequence[Mapping[str, Any]]
    listened: str
    fate: Mapping[str, Any] | None


def render_clip(page: ClipPage) -> str:
    """Make the page of a clip; nothing in it is fetched, as in `ttsprep.report.page`."""
    css, js = style_and_script(("report", "clip"), ("page", "clip"))
    shown = None
    if page.sound is not None and len(page.sound[0]):
        samples, rate = page.sound
        name = visible(page.name)
        shown = stage(samples, rate, name, speech=page.speech, findings=page.findings, words=page.words)
    return (
        environment()
        .get_template("clip.html")
        .render(
            page=page,
            verdict_class=CLASSES[page.verdict],
            stage=shown,
            policy=policy(css, js),
            css=Markup(css),  # noqa: S704 -- our own file
            js=Markup(js),  # noqa: S704 -- our own file
        )
    )


def box(row: Row) -> Markup:
    """Draw a value among the quartiles: a line from the least to the greatest, a box of the middle half, a mark."""
    low, high = row.ends

    def at(value: float) -> str:
        return f"{3 + 94 * (min(max(value, low), high) - low) / (high - low):.2f}%"

    value, least, q1, median, q3, greatest = row.at
    beyond = value < low or value > high
    wide = 94 * (min(q3, high) - max(q1, low)) / (high - low)
    tip = f"least {row.numbers[0]}, middle half {row.numbers[1]} to {row.numbers[3]}, greatest {row.numbers[4]}"
    return tag(
        "svg",
        tag("line", x1=at(least), x2=at(greatest), y1=9, y2=9, class_="axis"),
        tag("rect", x=at(q1), y=3, width=f"{max(wide, 0.6):.2f}%", height=12, rx=2, class_="half"),
        tag("line", x1=at(median), x2=at(median), y1=2, y2=16, class_="median"),
        join([
            tag("circle", cx=at(value), cy=9, r=4.5, class_=f"here {row.severity}".strip()),
            *([tag("circle", cx=at(value), cy=9, r=7.5, class_="beyond")] if beyond else []),
        ]),
        class_="box",
        width="100%",
        height=18,
        role="img",
        aria_label=f"{row.name}: {row.value}; of the corpus {tip}",
        data_tip=tip + ("; beyond the axis" if beyond else ""),
    )


HOW_TO_HEAR = (
    "For every word with its score in time, give --asr-model PATH|NAME, the weights of a Whisper, to ttsprep explain."
)


def page_of(dossier: Dossier) -> str:
    """Return the HTML page of a clip."""
    sound = dossier.sound
    heard = dossier.heard
    known = (
        {}
        if dossier.fate is None
        else {name: getattr(dossier.fate, name) for name in ("build", "kept", "reason", "text")}
    )
    groups: dict[str, list[Row]] = {}
    for measure in dossier.measures:
        if isinstance(measure.value, float):
            groups.setdefault(measure.area, []).append(_row(measure, measure.value))
    return render_clip(
        ClipPage(
            name=dossier.row["id"],
            corpus=str(dossier.audit.summary.get("corpus", "")),
            text=dossier.clip.text,
            facts=facts(dossier),
            remark=dossier.missing,
            verdict=dossier.verdict,
            becomes=becomes(dossier),
            findings=[_finding(found) for found in dossier.findings],
            groups=groups,
            sayings=[(m.name, m.meaning, m.value) for m in dossier.measures if isinstance(m.value, str)],
            unmeasured=unmeasured(dossier.measures),
            sound=None if sound.decoded is None or sound.samples is None else (sound.samples, sound.decoded.rate),
            speech=sound.speech,
            words=[] if heard is None else [_word(word) for word in heard.words],
            passages=[{name: getattr(p, name) for name in ("written", "heard", "same")} for p in dossier.passages],
            listened=_listened(heard) if heard is not None else HOW_TO_HEAR if sound.decoded is not None else "",
            fate=known or None,
        )
    )


def _finding(found: Found) -> dict[str, Any]:
    about = {name: getattr(found.entry, name, "") for name in ("summary", "measured", "impact", "fix")}
    own = {name: getattr(found, name) for name in ("code", "message", "start", "end", "stage")}
    return own | about | {"severity": found.severity.value, "place": place(found)}


def _row(measure: Measure, value: float) -> Row:
    shown = (measure.name, measure.meaning, measure.shown_unit, measure.show(value), measure.severity)
    known = measure.standing
    if known is None or known.clips < 2:
        return Row(*shown)
    numbers = (known.low, known.q1, known.median, known.q3, known.high)
    return Row(*shown, tuple(map(measure.show, numbers)), (value, *numbers), reach(known), rank(measure))


def _word(word: "TimedWord") -> dict[str, Any]:
    if word.score is None:
        kind, says = "unscored", "has no letters: not scored"
    elif word.doubted:
        kind, says = "doubted", f"seems not to be said: {nats(word.score)} the likeliest word here"
    elif word.written:
        kind, says = "sure", f"said: {nats(word.score)} the likeliest word here, and the model writes it, too"
    else:
        kind, says = "other", f"{nats(word.score)} the likeliest word here; left free, the model writes another"
    tip = f"{word.start:.2f} to {word.end:.2f} s, {says}"
    return {"word": word.word, "start": word.start, "end": word.end, "class": kind, "tip": tip}


def _listened(heard: "WordScores") -> str:
    if heard.missing:
        return f"No words in time: {heard.missing}."
    return f"The words were scored, and put in time, by {heard.model}."
