"""GigaSpeech and WenetSpeech: one JSON file of recordings, each with its segments."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip, Finding
from ttsprep.core.untrusted import UntrustedError, open_regular, parse_json
from ttsprep.corpora.audio_files import stem
from ttsprep.corpora.layouts.base import Layout
from ttsprep.corpora.metadata import checked, malformed, piece, whole_text
from ttsprep.corpora.paths import file_names
from ttsprep.corpora.tables.names import LANGUAGE_NAMES, value

_HEAD, _MOST = 1 << 16, 16
"""Bytes that are looked at, of so many files."""
_SIGNS = (b'"audios"', b'"segments"', b'"begin_time"')
_WHOLE = 8 << 30
"""Bytes of the file; that of GigaSpeech has 5 GB."""
_MARKS = {" <COMMA>": ",", " <PERIOD>": ".", " <QUESTIONMARK>": "?", " <EXCLAMATIONPOINT>": "!"}
_NO_SPEECH = re.compile(r"<(?:SIL|MUSIC|NOISE|OTHER)>")
_NAMELESS = ("N/A", "")


class GigaSpeech(Layout):
    """Marks such as ``<COMMA>`` become punctuation; segments without speech are left out."""

    name = "gigaspeech"
    summary = "GigaSpeech.json or WenetSpeech.json: audios with path and segments (begin_time, end_time, text_tn)"

    @staticmethod
    def recognise(root: Path) -> str:
        """See `Layout.recognise`."""
        return ", ".join(_files(root))

    def read(self, root: Path) -> Iterator[Clip | Finding]:
        """See `Layout.read`."""
        left_out: Counter[str] = Counter()
        for name in _files(root):
            try:
                document = parse_json(whole_text(root / name, _WHOLE))
                recordings = list(document["audios"])
            except (UntrustedError, KeyError, TypeError) as error:
                raise CorpusError(f"{root / name} is damaged, or has no list of audios: {error}") from None
            language = value(document, LANGUAGE_NAMES).lower()
            for number, recording in enumerate(recordings, 1):
                try:
                    yield from _clips(name, number, recording, language, left_out)
                except (KeyError, TypeError, AttributeError):
                    yield malformed(name, number, "is no recording with path and segments")
        if left_out:
            kinds = ", ".join(f"{mark} ({count:,})" for mark, count in left_out.items())
            self.decided.append(f"left out: segments without speech, {kinds}")


def _files(root: Path) -> list[str]:
    """Return the JSON files that begin with audios and their segments."""
    names = [name for name in (file_names(root) if root.is_dir() else ()) if name.endswith(".json")]
    return [name for name in names[:_MOST] if all(word in _head(root / name) for word in _SIGNS)]


def _head(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read(_HEAD)
    except OSError:
        return b""


def _clips(
    name: str, number: int, recording: dict[str, Any], language: str, left_out: Counter[str]
) -> Iterator[Clip | Finding]:
    path = str(recording["path"])
    for segment in recording["segments"]:
        text = str(segment.get("text_tn", segment.get("text", "")))
        if mark := _NO_SPEECH.search(text):
            left_out[mark[0]] += 1
            continue
        for sign, written in _MARKS.items():
            text = text.replace(sign, written)
        try:
            start, end = piece(segment["begin_time"], segment["end_time"] - segment["begin_time"])
        except ValueError as error:
            yield malformed(name, number, f"a segment of {path} {error}")
            continue
        speakers = (str(one.get("speaker", "")) for one in (segment, recording))
        speaker = next((one for one in speakers if one not in _NAMELESS), "")
        own = f"{stem(path)}-{segment['sid']}" if "sid" in segment else f"{stem(path)}-{start:g}"
        yield from checked(name, number, Clip(own, path, text, speaker, language, start, end))
