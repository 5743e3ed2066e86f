"""Plain folder: audio files, each with its text in a ``.txt`` or ``.lab`` file beside it, or none."""

from collections.abc import Iterator
from pathlib import Path

from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip, Finding
from ttsprep.corpora.audio_files import audio_files, is_audio, walk
from ttsprep.corpora.layouts.base import Layout
from ttsprep.corpora.metadata import with_transcript
from ttsprep.corpora.paths import stem

_TEXTS = (".txt", ".lab")


class Plain(Layout):
    """Subfolders are read too. A clip without a text file has an empty text."""

    name = "plain"
    summary = "audio files anywhere in the folder, with NAME.txt or NAME.lab beside NAME.wav, or without text"
    fallback = True

    @staticmethod
    def recognise(root: Path) -> str:
        """See `Layout.recognise`."""
        found = next(audio_files(root), None) if root.is_dir() else None
        return f"audio files such as {found!r}, and no table of texts" if found else ""

    @staticmethod
    def read(root: Path) -> Iterator[Clip | Finding]:
        """See `Layout.read`."""
        if not root.is_dir():
            raise CorpusError(f"{root} is a file; the plain layout is a folder of audio files")
        for folder, names in walk(root):
            texts = {n for n in names if n.lower().endswith(_TEXTS)}
            for name in names:
                if is_audio(name):
                    yield from _read_clip(root, folder, name, texts)


def _read_clip(root: Path, folder: str, name: str, texts: set[str]) -> Iterator[Clip | Finding]:
    path = folder + name
    beside = next((t for t in (stem(name) + e for e in _TEXTS) if t in texts), None)
    yield from with_transcript(root, Clip(stem(path), path, ""), None if beside is None else folder + beside)
