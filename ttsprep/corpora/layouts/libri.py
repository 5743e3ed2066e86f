"""LibriSpeech and LibriTTS: ``SPEAKER/CHAPTER/`` with audio and transcripts, in subsets or not."""

from collections.abc import Iterator
from pathlib import Path

from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip, Finding, Severity
from ttsprep.corpora.audio_files import is_audio, stem, walk
from ttsprep.corpora.layouts.base import Layout
from ttsprep.corpora.metadata import checked, lines, with_transcript
from ttsprep.corpora.paths import Lookup

_TABLE = ".trans.txt"
_ENDS = (".normalized.txt", ".original.txt")


class Libri(Layout):
    """LibriSpeech has a ``.trans.txt`` a chapter, LibriTTS a ``.normalized.txt`` a clip, which is read."""

    name = "libri"
    summary = "SPEAKER/CHAPTER/*.flac with *.trans.txt (LibriSpeech) or *.wav with *.normalized.txt (LibriTTS)"

    def recognise(self, root: Path) -> str:
        """See `Layout.recognise`."""
        others = self.reading.tree(root).others if root.is_dir() else ()
        deep = (name for name in others if name.endswith((_TABLE, _ENDS[0])) and name.count("/") in {2, 3})
        first = next(deep, "")
        return f"transcripts such as {first}" if first else ""

    @staticmethod
    def read(root: Path) -> Iterator[Clip | Finding]:
        """See `Layout.read`."""
        has_clips = False
        for folder, names in _chapters(root):
            speaker = folder.split("/")[-3]
            tables = [n for n in names if n.endswith(_TABLE)]
            has_clips |= bool(tables) or any(n.endswith(_ENDS) for n in names)
            for name in tables:
                yield from _read_table(root, folder, name, speaker)
            if not tables:
                yield from _read_clips(root, folder, names, speaker)
        if not has_clips:
            raise CorpusError(f"{root} has no SPEAKER/CHAPTER with *{_TABLE} or *{_ENDS[0]}, as libri corpora have")


def _chapters(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield folders two deep, or three where there are subsets."""
    if root.is_dir():
        yield from ((folder, names) for folder, names in walk(root, depth=3) if folder.count("/") in {2, 3} and names)


def _read_table(root: Path, folder: str, name: str, speaker: str) -> Iterator[Clip | Finding]:
    lookup = Lookup(root, (folder.rstrip("/"),))
    for item in _lines(root, folder + name):
        if isinstance(item, Finding):
            yield item
            continue
        number, line = item
        own, space, text = line.partition(" ")
        path = lookup.find(own) or f"{folder}{own}.flac"
        yield from checked(folder + name, number, Clip(own, path, text, speaker), "" if space else "has no text")


def _lines(root: Path, name: str) -> Iterator[tuple[int, str] | Finding]:
    try:
        yield from lines(root / name)
    except CorpusError as error:  # the other chapters have their own
        yield Finding("", "metadata-malformed", Severity.ERROR, error.args[0].removeprefix(f"{root}/"))


def _read_clips(root: Path, folder: str, names: list[str], speaker: str) -> Iterator[Clip | Finding]:
    there = set(names)
    audio = {stem(n): n for n in names if is_audio(n)}
    transcripts = {n.removesuffix(e) for n in names for e in _ENDS if n.endswith(e)}
    for own in sorted(audio.keys() | transcripts):
        text = next((f"{folder}{own}{e}" for e in _ENDS if own + e in there), None)
        clip = Clip(own, folder + audio.get(own, f"{own}.wav"), "", speaker)
        yield from with_transcript(root, clip, text)
