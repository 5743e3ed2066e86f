"""The audio of one clip of an audit, or why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ttsprep.audit.results import path_of
from ttsprep.core import audio
from ttsprep.core.errors import AudioError
from ttsprep.core.files import digest, inside
from ttsprep.core.signal import Signal, runs
from ttsprep.core.types import Audio, Clip, Samples


@dataclass(frozen=True, slots=True)
class ClipAudio:
    """A clip as it is now.

    Attributes
    ----------
    decoded
        All channels; None if it cannot be decoded.
    samples
        Mono, without offset, as the checks hear it; empty if it cannot be decoded.
    speech
        Seconds from and to of every stretch of speech, by its level.
    fault
        Why it cannot be decoded.
    changed
        Whether it is not the file that was audited.
    """

    decoded: Audio | None
    samples: Samples | None = None
    speech: tuple[tuple[float, float], ...] = ()
    fault: str = ""
    changed: bool = False

    @property
    def seconds(self) -> float:
        """Length of what was decoded."""
        return len(self.decoded.samples) / self.decoded.rate if self.decoded else 0.0


def clip_of(row: Mapping[str, Any], root: Path | None) -> Clip:
    """Return the clip of a row of ``clips.parquet``, with its path as the system knows it."""
    path = row["path"] if root is None else path_of(root, row["path"])
    names = (row["id"], path, row["text"] or "", row["speaker"] or "", row["language"] or "")
    return Clip(*names, row["start_s"] or 0.0, row["end_s"])


def load_clip_audio(root: Path, clip: Clip, sha256: str | None) -> ClipAudio:
    """Decode a clip; a file that is missing or broken by now is no error.

    Parameters
    ----------
    root, clip
        Where the corpus is, and which clip of it.
    sha256
        Of the file as it was audited; "" if it was missing then, None if that is not known.
    """
    try:
        path = inside(root, clip.path)
        changed = sha256 is not None and digest(path) != sha256
        decoded = audio.read(path, start=clip.start, end=clip.end)
    except AudioError as error:
        return ClipAudio(None, fault=str(error))
    signal = Signal(decoded)
    speech = tuple((first * signal.hop_s, after * signal.hop_s) for first, after in runs(signal.speech))
    return ClipAudio(decoded, signal.samples, speech, changed=changed)
