"""Subtitles: SubRip (SRT) and WebVTT, as editors and speech recognisers write them."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from ttsprep.corpora.timed.piece import Fault, Piece, PieceOrFault, made

_TIMES = re.compile(r"(\[?)\s{0,9}([0-9:.,]+)\s{0,9}-->\s{0,9}([0-9:.,]+)\s{0,9}\]?(?:\s+(.*))?", re.S)
_CLOCK = re.compile(r"[0-9]:[0-9]")
_TIME = re.compile(r"(?:([0-9]{1,3}):)?([0-9]{1,2}):([0-9]{1,2})(?:[.,]([0-9]{3}))?")
_SETTINGS = re.compile(r"(?:\w+:\S+(?:\s+|$))*")
"""Of the place on the screen: ``align:start`` in WebVTT, ``X1:40 X2:600`` in SRT."""
_BLOCK = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")
_POSITION = re.compile(r"\{\\[^{}]*\}")
_SRT_TAG = re.compile(r"</?(?:b|i|u|s|font|c)(?:[\s.][^<>]*)?>", re.I)
_VTT_TAG = re.compile(r"<[^<>]*>")
_READING = re.compile(r"<rt[^<>]*>(?:[^<]++|<(?!/?rt))*+</rt>")
"""The reading of a word in small letters, which repeats it."""
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s([^<>]+)>")


@dataclass
class _Cue:
    line: int
    start: float
    end: float
    lines: list[str] = field(default_factory=list)
    problem: str = ""


def is_subtitles(text: str) -> bool:
    """Whether a text is WebVTT by its first line, or has lines of times with an arrow."""
    return _is_vtt(text) or ("-->" in text and any(_TIMES.fullmatch(line.strip()) for line in text.split("\n")))


def subtitle_pieces(text: str) -> Iterator[PieceOrFault]:
    """Yield the cues of an SRT or WebVTT file in their order, and a fault for each line that belongs to none.

    Lines of a cue are joined by a blank. Marks of type and place are left out; ``<v NAME>`` is its speaker. Captions
    that roll, each cue with the line before it once more, are read without the repeated lines.
    """
    vtt = _is_vtt(text)
    items = [*_cues(text, vtt=vtt)]
    shown = [[_plain(line, vtt=vtt) for line in item.lines] for item in items if isinstance(item, _Cue)]
    rolled = sum(len(one) > 1 and one[:1] == before[-1:] for before, one in pairwise(shown))
    last = ""
    for item in items:
        if isinstance(item, Fault):
            yield item
            continue
        if rolled and 3 * rolled >= len(shown) and item.lines:
            again = _plain(item.lines[0], vtt=vtt) == last
            last = _plain(item.lines[-1], vtt=vtt)
            item.lines = item.lines[again:]
            if not item.lines:
                continue
        yield _finished(item, vtt=vtt)


def _cues(text: str, *, vtt: bool) -> Iterator[_Cue | Fault]:
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    cue: _Cue | None = None
    index, after_blank, skipped, lost = -1, True, vtt, False
    for number, line in enumerate(lines, 1):
        if not line.strip():
            after_blank, skipped = True, False
            continue
        first, after_blank = after_blank, False
        if vtt and line.startswith("X-TIMESTAMP-MAP"):
            yield Fault(number, "shifts all times by those of a stream, which are not known here")
            return
        if _is_times(line):
            if cue:
                yield cue
            read = _cue(number, line)
            cue, lost, skipped = (None, True, False) if isinstance(read, Fault) else (read, False, False)
            if isinstance(read, Fault):
                yield read
            continue
        if skipped or (vtt and first and _BLOCK.match(line)):
            skipped = True
            continue
        if number < len(lines) and _is_times(lines[number]):
            own = int(line) if line.strip().isdecimal() and len(line) < 10 else None
            if (first and (vtt or own is not None)) or (own is not None and own == index + 1):
                index = -1 if own is None else own
                continue
        if cue is None:
            if not lost:  # else it is the text of a cue whose times are at fault already
                yield Fault(number, f"stands outside of all cues: {line[:200]!r}")
            continue
        if first and cue.lines:
            cue.problem = f"its text goes on in line {number}, after a blank line"
        cue.lines.append(line)
    if cue:
        yield cue


def _plain(line: str, *, vtt: bool) -> str:
    """Return a line without marks of type and place."""
    if vtt:
        return html.unescape(_VTT_TAG.sub("", _READING.sub("", line))).strip()
    return _SRT_TAG.sub("", _POSITION.sub("", line)).strip()


def _is_vtt(text: str) -> bool:
    return re.match(r"WEBVTT(?:\s|$)", text) is not None


def _is_times(line: str) -> bool:
    """Whether a line is meant as one of times, even where they cannot be read."""
    before, arrow, after = line.partition("-->")
    return bool(arrow) and (_CLOCK.search(before[-40:]) or _CLOCK.search(after[:40])) is not None


def _cue(number: int, line: str) -> _Cue | Fault:
    """Return a cue without its text, but for what stands in the line of its times."""
    match = _TIMES.fullmatch(line.strip())
    start, end = (_seconds(match[2]), _seconds(match[3])) if match else (None, None)
    if match is None or start is None or end is None:
        return Fault(number, f"has no times that can be read (HH:MM:SS,mmm --> HH:MM:SS,mmm): {line[:200]!r}")
    rest = match[4] or ""
    beside = rest if match[1] or not _SETTINGS.fullmatch(rest) else ""
    return _Cue(number, start, end, [beside] if beside else [])


def _seconds(time: str) -> float | None:
    match = _TIME.fullmatch(time)
    if match is None or int(match[2]) > 59 or int(match[3]) > 59:
        return None
    hours, minutes, seconds, thousandths = (int(part or 0) for part in match.groups())
    return (((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths) / 1000


def _finished(cue: _Cue, *, vtt: bool) -> PieceOrFault:
    text, speaker, problem = " ".join(line.strip() for line in cue.lines), "", cue.problem
    if vtt:
        voices = list(dict.fromkeys(voice.strip() for voice in _VOICE.findall(text)))
        if len(voices) > 1:
            problem = problem or f"has {len(voices)} speakers: {', '.join(map(repr, voices[:3]))}"
        speaker = html.unescape(voices[0]) if len(voices) == 1 else ""
    return made(Piece(cue.line, cue.start, cue.end, _plain(text, vtt=vtt), speaker, problem))
