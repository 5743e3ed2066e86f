"""Recordings with times and texts beside them: label tracks of Audacity, subtitles (SRT, WebVTT), and TextGrids."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip, Finding, Severity
from ttsprep.corpora.layouts.base import Layout
from ttsprep.corpora.metadata import checked, transcript
from ttsprep.corpora.paths import stem

_ENDS = (".srt", ".vtt", ".TextGrid", ".textgrid", ".txt")
_TIME = r"(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
_CUE = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}")
_LABEL = re.compile(r"(\d+(?:[.,]\d+)?)\t(\d+(?:[.,]\d+)?)\t(.*)\Z")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<\d[\d:.]*>")
_INTERVAL = re.compile(r'xmin\s*=\s*([\d.]+)\s+xmax\s*=\s*([\d.]+)\s+text\s*=\s*"((?:[^"]|"")*)"')
_TIER = re.compile(r'class\s*=\s*"IntervalTier"\s+name\s*=\s*"((?:[^"]|"")*)"')
_WORDS = ("words", "word", "- words")
_PHONES = ("phones", "phone", "phonemes", "- phones")


_LOOKED_AT = 5
"""Texts beside audio that are looked into: if none is a track, the others are none."""


class Label(NamedTuple):
    """A text with its place in a recording, in seconds."""

    start: float
    end: float
    text: str


class Labels(Layout):
    """Each label is a clip, a piece of its recording; a recording with one label is a clip as a whole."""

    name = "labels"
    summary = "NAME.srt, NAME.vtt, NAME.TextGrid or a label track NAME.txt of Audacity beside each NAME.wav"
    fallback = True

    def recognise(self, root: Path) -> str:
        """See `Layout.recognise`."""
        beside = self._beside(root)
        audio = self.reading.tree(root).audio if root.is_dir() else ()
        return f"times and texts such as {next(iter(beside.values()))}" if len(beside) > len(audio) / 2 else ""

    def read(self, root: Path) -> Iterator[Clip | Finding]:
        """See `Layout.read`."""
        beside = self._beside(root)
        if not beside:
            raise CorpusError(f"{root} has no label track, subtitles or TextGrid beside its audio")
        pieces = 0
        for path in self.reading.tree(root).audio:
            if path not in beside:
                yield from checked(path, 1, Clip(stem(path), path, ""))
                continue
            try:
                labels = read_labels(root / beside[path])
            except CorpusError as error:
                yield Finding(stem(path), "metadata-malformed", Severity.ERROR, str(error))
                labels = []
            pieces += len(labels) if len(labels) > 1 else 0
            if len(labels) < 2:
                yield from checked(beside[path], 1, Clip(stem(path), path, labels[0].text if labels else ""))
                continue
            for number, label in enumerate(labels, 1):
                own = f"{stem(path)}-{round(label.start * 1000):07d}"
                clip = Clip(own, path, label.text, start=label.start, end=label.end)
                wrong = "" if label.start < label.end else f"ends at {label.end:g} s, not after its start"
                yield from checked(beside[path], number, clip, wrong)
        first = next(iter(beside.values()))
        self.decided.append(f"{pieces:,} pieces of recordings, from {len(beside):,} files such as {first}")

    def _beside(self, root: Path) -> dict[str, str]:
        """Return the file with the times of each audio file that has one."""
        if not root.is_dir():
            return {}
        tree = self.reading.tree(root)
        there = set(tree.others)
        found: dict[str, str] = {}
        plain = 0
        for path in tree.audio:
            for end in _ENDS:
                name = stem(path) + end
                if name not in there or (end == ".txt" and plain >= _LOOKED_AT and not found):
                    continue
                if end != ".txt" or _is_track(root / name):
                    found[path] = name
                    break
                plain += 1
        return found


def _is_track(path: Path) -> bool:
    """Whether a text file is a label track: every line has two times and a text."""
    try:
        lines = transcript(path, path.name).splitlines()
    except CorpusError:
        return False
    lines = [line for line in lines if line.strip() and not line.startswith("\\")]  # which begins a range of pitch
    return bool(lines) and all(map(_LABEL.match, lines))


def read_labels(path: Path) -> list[Label]:
    """Return the labels of a track, subtitles or a TextGrid, in order; empty ones are left out.

    Raises
    ------
    CorpusError
        If the file cannot be read, or holds no label.
    """
    text = transcript(path, path.name)
    end = path.suffix.lower()
    if end == ".textgrid":
        labels = _textgrid(text)
    elif end == ".txt":
        labels = [
            Label(float(match[1].replace(",", ".")), float(match[2].replace(",", ".")), match[3])
            for line in text.splitlines()
            if (match := _LABEL.match(line.rstrip("\r")))
        ]
    else:
        labels = _cues(text)
    labels = [label for label in labels if label.text.strip()]
    if not labels:
        raise CorpusError(f"{path.name} holds no text with its times")
    return labels


def _cues(text: str) -> list[Label]:
    labels = []
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        lines = block.split("\n")
        at = next((i for i, line in enumerate(lines) if "-->" in line), None)
        if at is None or (match := _CUE.match(lines[at])) is None:
            continue
        words = " ".join(line.strip() for line in lines[at + 1 :] if line.strip())
        labels.append(Label(_seconds(match.groups()[:4]), _seconds(match.groups()[4:]), _TAG.sub("", words)))
    return labels


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, rest = (part or "0" for part in parts)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(rest.ljust(3, "0")) / 1000


def _textgrid(text: str) -> list[Label]:
    """Return the intervals of the tier of sentences, or one label of all words where there are only those."""
    tiers: dict[str, list[Label]] = {}
    starts = [*_TIER.finditer(text)]
    for number, match in enumerate(starts):
        stop = starts[number + 1].start() if number + 1 < len(starts) else len(text)
        found = _INTERVAL.finditer(text, match.end(), stop)
        intervals = (interval.groups() for interval in found)
        tiers[match[1].lower()] = [Label(float(a), float(b), t.replace('""', '"')) for a, b, t in intervals]
    sentences = [labels for name, labels in tiers.items() if not name.endswith((*_WORDS, *_PHONES))]
    if sentences:
        return sorted(label for labels in sentences for label in labels)
    words = [label for name, labels in tiers.items() if name.endswith(_WORDS) for label in labels if label.text.strip()]
    return [Label(words[0].start, words[-1].end, " ".join(word.text for word in words))] if words else []
