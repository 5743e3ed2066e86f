"""Plain folder: audio files, each with its text in a file of its name beside it, whole or in pieces with times."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip, Finding, Severity
from ttsprep.core.untrusted import parse_json
from ttsprep.corpora.audio_files import stem
from ttsprep.corpora.layouts._aside import left_aside
from ttsprep.corpora.layouts.base import Layout
from ttsprep.corpora.layouts.table import candidates
from ttsprep.corpora.metadata import LINE_LIMIT, checked, json_rows, transcript, whole_text
from ttsprep.corpora.reading import Tree
from ttsprep.corpora.tables.names import LANGUAGE_NAMES, SPEAKER, value
from ttsprep.corpora.tables.records import MARKDOWN
from ttsprep.corpora.timed.clips import ENDINGS, form_of, has_stamps, timed_clips
from ttsprep.corpora.timed.labels import is_alignment
from ttsprep.corpora.timed.segments import has_segments

_TEXTS = (".txt", ".lab", ".normalized.txt", ".json")
"""Endings of files with the text of one clip, the one to prefer first."""
_LONGEST = 1 << 26
"""Bytes of a file with the texts of hours."""
_FEW = 16
"""Files in which the times of the only recording are looked for."""
_TAGGED = re.compile(r"(.+)\.([a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)", re.S)
"""A name with a language before its ending: ``talk.en`` of ``talk.en.srt``."""
_PLACE = re.compile(r"\A0 [0-9]{3,8} (?=[^\s0-9][^\n]*\Z)")
"""First and last sample before the sentence in a text of TIMIT."""
_KEYS = ("text", "transcript", "transcription", "sentence")


class Plain(Layout):
    """Subfolders are read too. A clip without a text file has an empty text."""

    name = "plain"
    summary = (
        "audio files anywhere in the folder, with NAME.txt, .lab, .json, .srt, .vtt or .TextGrid beside NAME.wav, "
        "or without text"
    )
    fallback = True

    def recognise(self, root: Path) -> str:
        """See `Layout.recognise`."""
        audio = self.reading.tree(root).audio if root.is_dir() else ()
        return f"audio files such as {audio[0]!r}, and no table of texts" if audio else ""

    def read(self, root: Path) -> Iterator[Clip | Finding]:
        """See `Layout.read`."""
        if not root.is_dir():
            raise CorpusError(f"{root} is a file; the plain layout is a folder of audio files")
        tree = self.reading.tree(root)
        texts = {(path[: -len(end)], end): path for path in tree.others for end in _endings(path)}
        for (name, end), path in list(texts.items()):  # NAME.wav.txt
            texts.setdefault((stem(name), end), path)
        named = {path: stem(path) for path in tree.audio}
        bases = {name.rpartition("/")[2] for name in named.values()}
        for (name, end), path in list(texts.items()):  # a CSV may hold anything
            if end == ".csv" and not (name.rpartition("/")[2] in bases and _has_pieces(root / path)):
                del texts[name, end]
        own = {path: [end for end in (*_TEXTS, *ENDINGS) if (name, end) in texts] for path, name in named.items()}
        afar = _of_other_folders([path for path in tree.audio if not own[path]], texts)
        subtitles = _subtitles(texts)
        if len(tree.audio) == 1 and not own[tree.audio[0]] and not afar and not subtitles:
            afar = self._of_the_only_one(root, tree)
        counts = _Counts()
        for path in tree.audio:
            clip = Clip(stem(path), path, "")
            ends = own[path]
            if not ends and path in afar:
                if path.rpartition("/")[0] != afar[path][0].rpartition("/")[0]:
                    counts.afar.append(f"{afar[path][0]} is of {path}")
                yield from _of_text(root, clip, *afar[path], counts)
            elif not ends:
                yield from self._in_a_language(root, clip, subtitles.get(clip.id, {}), counts)
            elif ends[0] == ".json":
                yield from _of_record(root, path, texts[stem(path), ends[0]], counts)
            else:
                if ".json" in ends:  # WebDataset has the text and all that is known beside each other
                    clip = _voiced(clip, _record(root / texts[stem(path), ".json"]) or {})
                yield from _of_text(root, clip, texts[stem(path), ends[0]], ends[0], counts)
            if ends and ends[0] not in ENDINGS:
                counts.aside.update(end for end in ends if end in ENDINGS)
        self.decided += counts.lines()
        used = set(texts.values())
        left = [path for path in tree.others if path not in used or "/" not in path]
        tables = [path for path in candidates(left, tree.audio) if not path.lower().endswith(MARKDOWN)]
        without = sum(not own[path] and path not in afar for path in tree.audio)
        if tables or 2 * without > len(tree.audio):
            others = [path for path in tree.others if path not in used and path not in tables]
            self.decided += left_aside(root, tables, others if 2 * without > len(tree.audio) else (), tree)

    def _of_the_only_one(self, root: Path, tree: Tree) -> dict[str, tuple[str, str]]:
        """Return the only recording with the only text with times, whatever that is called; else none."""
        files = [path for path in tree.others if path.lower().endswith((*ENDINGS, ".txt"))]
        timed = [path for path in files if len(files) <= _FEW and _has_pieces(root / path)]
        if len(timed) != 1:
            return {}
        self.decided.append(f"{timed[0]} has the times of {tree.audio[0]}, the only recording")
        return {tree.audio[0]: (timed[0], timed[0][timed[0].rindex(".") :].lower())}

    def _in_a_language(
        self, root: Path, clip: Clip, there: dict[str, str], counts: "_Counts"
    ) -> Iterator[Clip | Finding]:
        """Yield a clip with the subtitles ``NAME.en.srt`` in its language, or in the only one that there is."""
        wanted = self.reading.language.lower().split("-")[0]
        fitting = [tag for tag in there if tag.lower().split("-")[0] == wanted] if len(there) > 1 else [*there]
        if len(fitting) == 1:
            beside = there[fitting[0]]
            spoken = replace(clip, language=fitting[0].removesuffix("-orig"))
            yield from _of_text(root, spoken, beside, beside[beside.rindex(".") :].lower(), counts)
            return
        if there:
            tags = ", ".join(sorted(there))
            self.decided.append(f"{clip.path} has texts in several languages ({tags}): --language decides")
        yield from checked(clip.path, 1, clip)


def _has_pieces(path: Path) -> bool:
    try:
        return form_of(transcript(path, path.name, _LONGEST).lstrip("\ufeff")) is not None
    except CorpusError:
        return False


def _subtitles(texts: dict[tuple[str, str], str]) -> dict[str, dict[str, str]]:
    """Return the subtitles whose names end in a language, by the name of the recording and language."""
    subtitles: dict[str, dict[str, str]] = defaultdict(dict)
    for (name, end), path in texts.items():
        if end in ENDINGS and (tagged := _TAGGED.fullmatch(name)):
            subtitles[tagged[1]][tagged[2]] = path
    return subtitles


def _of_other_folders(audio: Sequence[str], texts: dict[tuple[str, str], str]) -> dict[str, tuple[str, str]]:
    """Return the text, with its ending, of each recording whose name is there once among texts of other folders.

    Where a name is there more often, the folders above it tell: ``wav/ann/01.wav`` and ``texts/ann/01.txt``.
    """
    by_stem: dict[str, tuple[str, str]] = {}
    for end in (end for end in (*_TEXTS, *ENDINGS) if audio and end != ".json"):
        for depth in (1, 2, 3):
            names: dict[str, list[str]] = defaultdict(list)
            for (name, ending), beside in texts.items():
                if ending == end:
                    names["/".join(name.split("/")[-depth:])].append(beside)
            recordings: dict[str, list[str]] = defaultdict(list)
            for path in audio if names else ():
                recordings["/".join(stem(path).split("/")[-depth:])].append(path)
            for name, paths in recordings.items():
                if len(paths) == 1 and len(names.get(name, ())) == 1:
                    by_stem.setdefault(paths[0], (names[name][0], end))
    return by_stem


@dataclass
class _Counts:
    """Where the texts are from, for the terminal."""

    transcripts: Counter[str] = field(default_factory=Counter)
    pieces: Counter[str] = field(default_factory=Counter)
    files: dict[str, list[str]] = field(default_factory=dict)
    aside: Counter[str] = field(default_factory=Counter)
    afar: list[str] = field(default_factory=list)

    def add(self, form: str, name: str, pieces: int) -> None:
        self.pieces[form] += pieces
        self.files.setdefault(form, []).append(name)

    def lines(self) -> Iterator[str]:
        for end, number in self.transcripts.items():
            yield f"{_count(number, 'transcript')} from NAME{end}"
        for form, names in self.files.items():
            such = "," if len(names) == 1 else ", such as"
            yield f"{_count(self.pieces[form], 'piece')} from {_count(len(names), form)}{such} {names[0]}"
        if self.afar:
            yield f"{_count(len(self.afar), 'text')} from another folder, by the name of the audio: {self.afar[0]}"
        for end, number in self.aside.items():
            yield f"left aside, as another file beside the audio has the text: {_count(number, f'{end} file')}"


def _of_text(root: Path, clip: Clip, beside: str, end: str, counts: _Counts) -> Iterator[Clip | Finding]:
    """Yield a clip with the text of a file, or its pieces where that text has times."""
    try:
        text = _PLACE.sub("", transcript(root / beside, beside, _LONGEST))
        form = form_of(text.lstrip("\ufeff"))
        if form is None and len(text) > LINE_LIMIT:
            raise CorpusError(f"{beside} is longer than {LINE_LIMIT:,} bytes")
    except CorpusError as error:
        yield Finding(clip.id, "metadata-malformed", Severity.ERROR, str(error))
        yield from checked(clip.path, 1, clip)
        return
    if form is None and is_alignment(text):
        yield from checked(beside, 1, clip, "is an alignment, with a time and a label in each line, and no transcript")
    elif form is None and has_stamps(text):
        what = "has times among its words, in a form that no reader takes: export it as SRT or WebVTT"
        yield from checked(beside, 1, clip, what)
    elif form is None and end not in ENDINGS:
        counts.transcripts[end] += 1
        yield from checked(beside, 1, Clip(clip.id, clip.path, text, clip.speaker, clip.language))
    elif form is None:
        yield from checked(beside, 1, clip, f"is no text with times, as {end} files are")
    else:
        pieces = [*timed_clips(clip, beside, text.lstrip("\ufeff"), form)]
        counts.add(form.name, beside, sum(isinstance(item, Clip) for item in pieces))
        yield from pieces


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _endings(path: str) -> list[str]:
    """Return the endings by which a file may hold the text of a recording."""
    low = path.lower()
    return [end for end in (*_TEXTS, *ENDINGS) if low.endswith(end)]


def _of_record(root: Path, path: str, beside: str, counts: _Counts) -> Iterator[Clip | Finding]:
    """Yield a clip whose text, speaker and language stand in a JSON object beside it, as in Emilia."""
    clip, problem = Clip(stem(path), path, ""), ""
    record = _record(root / beside)
    text = next((record[key] for key in _KEYS if key in record), None) if record else None
    if record and has_segments(record):
        yield from _of_text(root, _voiced(clip, record), beside, ".json", counts)
        return
    counts.transcripts[".json"] += 1
    if record and isinstance(text, str):
        clip = replace(_voiced(clip, record), text=text)
    else:
        problem = "is no JSON object" if record is None else "has no text"
    yield from checked(beside, 1, clip, problem)


def _record(path: Path) -> dict[str, Any] | None:
    """Return the JSON object of a file, or the first that is a line or an item; None where it has none."""
    try:
        document = parse_json(whole_text(path, _LONGEST))
    except ValueError:
        return next((item[1] for item in json_rows(path) if not isinstance(item, Finding)), None)
    items = document if isinstance(document, list) else [document]
    return next((item for item in items if isinstance(item, dict)), None)


def _voiced(clip: Clip, record: dict[str, Any]) -> Clip:
    """Return a clip with the speaker and the language that a record names."""
    return replace(clip, speaker=value(record, SPEAKER), language=value(record, LANGUAGE_NAMES))
