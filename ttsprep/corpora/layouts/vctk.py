"""VCTK: ``txt/SPEAKER/ID.txt`` and ``wav48*/SPEAKER/ID.wav`` or ``ID_mic1.flac``."""

from collections.abc import Iterator
from pathlib import Path

from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip, Finding
from ttsprep.corpora.layouts.base import Layout
from ttsprep.corpora.metadata import with_transcript
from ttsprep.corpora.paths import Lookup, file_names, subfolders


class VCTK(Layout):
    """One clip a sentence: where both microphones are there, the first is taken."""

    name = "vctk"
    summary = "txt/SPEAKER/ID.txt with wav48_silence_trimmed/SPEAKER/ID_mic1.flac or wav48/SPEAKER/ID.wav"
    left_out = "*_mic2.*"

    @staticmethod
    def recognise(root: Path) -> str:
        """See `Layout.recognise`."""
        audio = _audio_folder(root)
        return f"txt/SPEAKER and {audio}/SPEAKER" if audio else ""

    @staticmethod
    def read(root: Path) -> Iterator[Clip | Finding]:
        """See `Layout.read`."""
        audio = _audio_folder(root)
        if not audio:
            raise CorpusError(f"{root} is no VCTK corpus: it has no txt/SPEAKER with wav48/SPEAKER")
        for speaker in subfolders(root / "txt"):
            lookup = Lookup(root, (f"{audio}/{speaker}",))
            for name in file_names(root / "txt" / speaker):
                if name.endswith(".txt"):
                    own = name.removesuffix(".txt")
                    path = lookup.find(f"{own}_mic1") or lookup.find(f"{own}_mic2") or lookup.path(own)
                    yield from with_transcript(root, Clip(own, path, "", speaker), f"txt/{speaker}/{name}")


def _audio_folder(root: Path) -> str:
    """Return the folder of audio that shares a speaker with the folder of texts; the trimmed one first."""
    if not (root / "txt").is_dir():
        return ""
    speakers = set(subfolders(root / "txt"))
    names = [n for n in subfolders(root) if n.startswith("wav")]
    names.sort(key=lambda name: ("trimmed" not in name, "48" not in name))
    return next((n for n in names if speakers & set(subfolders(root / n))), "")
