"""The sentences of a clip report, the same on a terminal and on the page."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ttsprep.audit.percentiles import Measure
from ttsprep.models.base import all_models

if TYPE_CHECKING:
    from ttsprep.models.word_scores import TimedWord, WordScores
    from ttsprep.report.clip.report import ClipFinding, ClipReport

HOW_TO_SCORE = "Words are not scored: give --asr-model PATH|NAME, the weights of a Whisper, to ttsprep explain."


def property_table(report: "ClipReport") -> dict[str, str]:
    """Name the file, the audio, the speaker and the language of a clip; what is empty is left out."""
    row = report.row
    properties = {
        "file": ", ".join(filter(None, (row["path"], _piece(row)))),
        "audio": _audio(row),
        "speaker": row["speaker"] or "",
        "language": row["language"] or "",
        "renamed": f"the corpus has several clips {row['given_id']}" if row["given_id"] != row["id"] else "",
    }
    return {name: value for name, value in properties.items() if value}


def _audio(row: Mapping[str, Any]) -> str:
    """Say in one line what the audio is, or why it cannot be read."""
    if row["status"] != "ok":
        return f"{row['status']}: {row['status_reason']}"
    channels = {1: "mono", 2: "stereo"}.get(row["channels"], f"{row['channels']} channels")
    return f"{row['duration_s']:.2f} s, {row['sample_rate']:,} Hz, {channels}, {row['subtype']}"


def _piece(row: Mapping[str, Any]) -> str:
    """Say which piece of its file a clip is; "" if it is the whole file."""
    if not row["start_s"] and row["end_s"] is None:
        return ""
    end = "its end" if row["end_s"] is None else f"{row['end_s']:g} s"
    return f"from {row['start_s'] or 0:g} s to {end}"


def time_span(finding: "ClipFinding") -> str:
    """Say where in the clip a finding is; "" if it has no place."""
    if finding.start is None:
        return ""
    if finding.end is None or finding.end - finding.start < 0.005:
        return f"at {finding.start:.2f} s"
    return f"{finding.start:.2f} to {finding.end:.2f} s"


def percentile_words(measure: Measure) -> str:
    """Write the percentile of a measure; "" where all clips have the same value."""
    known = measure.distribution
    if known is None or known.low == known.high:
        return ""
    if 1 <= known.percentile <= 99:
        return f"{known.percentile:.0f} %"
    return f"{min(max(known.percentile, 0.1), 99.9):.1f} %"


def word_meaning(word: "TimedWord") -> tuple[str, str]:
    """Return the class of a word in the style sheet, and what its score means."""
    if word.score is None:
        return "unscored", "no letters, not scored"
    behind = nats(word.score)
    if word.doubted:
        return "doubted", f"probably not spoken: {behind} the most likely word"
    if word.written:
        return "sure", f"spoken: {behind} the most likely word, and Whisper transcribes it"
    return "other", f"{behind} the most likely word; Whisper transcribes another word"


def nats(score: float) -> str:
    """Say how far a word is behind the most likely one."""
    return f"{abs(score):.1f} nats behind"


def words_note(report: "ClipReport") -> str:
    """Say which model scored the words, why none did, or how to score them."""
    scores: WordScores | None = report.words
    if scores is None:
        return HOW_TO_SCORE if report.audio.decoded is not None else ""
    return f"Words are not scored: {scores.missing}." if scores.missing else f"Words and times by {scores.model}."


def not_measured(measures: Iterable[Measure]) -> list[str]:
    """Say which measures a clip does not have, and how to measure them."""
    known = list(measures)
    empty = [measure for measure in known if measure.value is None and measure.unit]  # an empty text is a value
    used = {measure.model for measure in known if measure.value is not None}
    unused = sorted({measure.model for measure in empty} & all_models().keys() - used)
    names = [measure.name for measure in empty if not measure.model or measure.model in used]
    sentences = [f"Not measurable in this clip: {', '.join(names)}."] if names else []
    if unused:
        sentences.append(f"Not measured: run ttsprep audit {' '.join(f'--listen {name}' for name in unused)}")
    return sentences
