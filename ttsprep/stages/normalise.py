"""Writes the transcript as it is read: plain characters, no digits, no abbreviations."""

from dataclasses import dataclass, replace
from typing import ClassVar

from ttsprep.stages.base import Stage, Staged
from ttsprep.stages.text_marks import composed, plain_marks, visible
from ttsprep.types import Audio, Clip


@dataclass(frozen=True, slots=True)
class Normalise(Stage):
    """Writes the transcript as it is read; what is not certain is left, and named.

    Attributes
    ----------
    marks
        Write quotes, dashes and ellipses in ASCII.
    """

    marks: bool = True

    name: ClassVar[str] = "normalise"
    version: ClassVar[int] = 1

    def apply(self, clip: Clip, audio: Audio) -> Staged:
        """Return the clip with its normalised text."""
        text = self._once(clip.text)
        if text == clip.text:
            return Staged(clip, audio)
        return Staged(replace(clip, text=text), audio, {"characters": 1})

    def _once(self, text: str) -> str:
        text = composed(visible(text))
        return composed(plain_marks(text)) if self.marks else text
