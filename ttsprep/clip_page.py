"""Brings everything known of a clip to its page."""

from typing import TYPE_CHECKING, Any

from ttsprep.dossier import Dossier, Found
from ttsprep.dossier_words import becomes, facts, nats, place, rank, unmeasured
from ttsprep.report.clip import ClipPage, Row, render_clip
from ttsprep.standing import Measure, reach

if TYPE_CHECKING:
    from ttsprep.listening.explained import Explained, TimedWord

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
    about = {name: getattr(found.entry, name, "") for name in ("summary", "measured", "harm", "mend")}
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


def _listened(heard: "Explained") -> str:
    if heard.missing:
        return f"No words in time: {heard.missing}."
    return f"The words were scored, and put in time, by {heard.model}."
