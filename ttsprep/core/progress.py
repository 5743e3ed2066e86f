"""Whom to tell how far a build is."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """Whom to tell how far a build is.

    Attributes
    ----------
    begin
        Called with what is being done, all clips, and those of them that are not known from before.
    advance
        Called with clips finished and seconds of audio.
    """

    begin: Callable[[str, int, int], None] = lambda doing, clips, new: None
    advance: Callable[[int, float], None] = lambda clips, seconds: None


QUIET = Told()
"""Tells nobody."""
