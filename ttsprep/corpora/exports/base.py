"""What an export is, and the registry of all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

from ttsprep.core.plugins import load_plugins, register


@dataclass(frozen=True, slots=True)
class Entry:
    """A clip of a finished build.

    Attributes
    ----------
    id
        Unique, and safe as a file name.
    path
        Of its audio, relative to the build: ``wavs/ID.wav``.
    text
        As the source had it.
    normalised
        As it is read aloud: numbers and abbreviations in words.
    speaker, language
        Empty where the source does not say.
    split
        ``train``, ``valid`` or ``test``.
    sample_rate, channels, frames
        Of the audio file.
    sha256
        Of the audio file.
    asr_log_p
        How sure a model was of a text that it wrote, as mean log-probability in nats; None for other texts.
    reference
        Id of the clip that stands for the voice of its speaker; empty where none does.
    """

    id: str
    path: str
    text: str
    normalised: str
    speaker: str
    language: str
    split: str
    sample_rate: int
    channels: int
    frames: int
    sha256: str
    asr_log_p: float | None = None
    reference: str = ""

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate


class Export:
    """Writes a build in the form of one kind of reader.

    A subclass is a frozen dataclass whose fields are its options (the keys of ``[exports.NAME]`` in a recipe).

    Attributes
    ----------
    name
        In ``export`` and ``[exports.NAME]`` of a recipe, and of its folder in the build.
    summary
        One line: who reads it.
    """

    name: ClassVar[str] = ""
    summary: ClassVar[str] = ""
    registry: ClassVar[dict[str, type["Export"]]] = {}

    def __init_subclass__(cls) -> None:
        register(Export.registry, "exports", cls.name, cls)

    def refuse(self, entry: Entry) -> str:
        """Return why this form cannot hold `entry` as it is (a delimiter in its text), or "".

        Such a clip is left out of the export and named with the reason; nothing is ever replaced in a text.
        """
        del entry
        return ""

    def write(self, entries: Sequence[Entry], build: Path, folder: Path) -> None:
        """Write `entries`, none of which it refuses, into `folder`; their audio lies in `build`.

        Files are written whole or not at all, and the same entries give the same bytes. Files of an earlier
        export that are of no more use are removed.

        Raises
        ------
        OutputError
            If the disk is full or `folder` cannot be written.
        """
        del entries, build, folder


@cache
def all_exports() -> dict[str, type[Export]]:
    """Every export by name, ours and those of plug-ins."""
    return load_plugins("ttsprep.corpora.exports", Export.registry)
