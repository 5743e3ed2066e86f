"""The pieces of a recording as clips."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ttsprep.core.types import Clip, Finding
from ttsprep.corpora.metadata import checked, malformed
from ttsprep.corpora.timed.labels import is_label_track, label_pieces
from ttsprep.corpora.timed.piece import Fault, PieceOrFault
from ttsprep.corpora.timed.subtitles import is_subtitles, subtitle_pieces
from ttsprep.corpora.timed.textgrid import is_textgrid, textgrid_pieces

ENDINGS = (".textgrid", ".srt", ".vtt")
"""Of files that are nothing but texts with times."""


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
    TimedForm("subtitle file", is_subtitles, subtitle_pieces),
    TimedForm("label track", is_label_track, label_pieces),
)


def form_of(text: str) -> TimedForm | None:
    """Return how a text with times is written, told by its lines; None if it has no times."""
    return next((form for form in _FORMS if form.fits(text)), None)


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
            clip = Clip(own, recording.path, item.text, speaker, recording.language, item.start, item.end)
        yield from checked(name, item.line, clip, item.problem)
    if count == 0:
        yield malformed(name, 1, f"gives {recording.path} no piece", recording.id)
        yield recording
