"""The pieces of a recording as clips."""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ttsprep.core.types import Clip, Finding
from ttsprep.corpora.metadata import checked, malformed
from ttsprep.corpora.timed.delimited import delimited_pieces, is_delimited
from ttsprep.corpora.timed.elan import elan_pieces, is_elan
from ttsprep.corpora.timed.labels import is_label_track, label_pieces
from ttsprep.corpora.timed.piece import Fault, PieceOrFault
from ttsprep.corpora.timed.segments import is_segments, segment_pieces
from ttsprep.corpora.timed.subtitles import is_subtitles, subtitle_pieces
from ttsprep.corpora.timed.textgrid import is_textgrid, textgrid_pieces

ENDINGS = (".textgrid", ".eaf", ".srt", ".vtt", ".tsv", ".csv")
"""Of files that are nothing but texts with times."""
_TIME = r"(?:[0-9]{1,2}:)?[0-9]{1,2}:[0-9]{2}(?:[:;.,][0-9]{1,3})?"
_STAMP = re.compile(rf"(\s*[\[(<]{_TIME}[\])>].*)|\s*{_TIME}(?:\W.*)?|.*\S {{2,}}{_TIME}\s*", re.S)
"""A line that begins with a time, as in LRC and the texts of editors, or ends with one after several blanks."""


@dataclass(frozen=True, slots=True)
class TimedForm:
    """A way to write texts with times.

    Attributes
    ----------
    name
        For the terminal, in the singular.
    fits
        Whether a text is written so.
    pieces
        Yields its pieces.
    """

    name: str
    fits: Callable[[str], bool]
    pieces: Callable[[str], Iterator[PieceOrFault]]


_FORMS = (
    TimedForm("TextGrid", is_textgrid, textgrid_pieces),
    TimedForm("ELAN file", is_elan, elan_pieces),
    TimedForm("subtitle file", is_subtitles, subtitle_pieces),
    TimedForm("table of times", is_delimited, delimited_pieces),
    TimedForm("label track", is_label_track, label_pieces),
    TimedForm("JSON file", is_segments, segment_pieces),
)


def form_of(text: str) -> TimedForm | None:
    """Return how a text with times is written, told by its lines; None if it has no times."""
    return next((form for form in _FORMS if form.fits(text)), None)


def has_stamps(text: str) -> bool:
    """Whether times stand in lines of a text that has none of the forms: nobody says them."""
    lines = [line for line in text.split("\n") if line.strip()] if ":" in text else []
    stamps = [match for line in lines if (match := _STAMP.fullmatch(line))]
    return 4 * len(stamps) >= len(lines) and (len(stamps) > 1 or any(match[1] for match in stamps))


def timed_clips(recording: Clip, name: str, text: str, form: TimedForm) -> Iterator[Clip | Finding]:
    """Yield a clip for each piece of a recording, or the whole recording without a text where there is none.

    Parameters
    ----------
    recording
        The whole recording as a clip; its pieces are called ``ID-0001`` and so on.
    name
        Of the file with the text, for findings.
    text
        What stands in it.
    form
        As `form_of` returns it.
    """
    count = 0
    for item in form.pieces(text):
        if isinstance(item, Fault):
            yield replace(malformed(name, item.line, item.what), severity=item.severity)
            continue
        count += 1
        speaker = item.speaker or recording.speaker
        if item.whole:
            clip = replace(recording, text=item.text, speaker=speaker)
        else:
            own = f"{recording.id}-{count:04d}"
            end = None if item.end == math.inf else item.end
            clip = Clip(own, recording.path, item.text, speaker, recording.language, item.start, end)
        yield from checked(name, item.line, clip, item.problem)
    if count == 0:
        yield malformed(name, 1, f"gives {recording.path} no piece", recording.id)
        yield recording
