"""How a run reports what it does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class Progress(Protocol):
    """Receives the progress of a run; `NO_PROGRESS` ignores it."""

    def start(self, stage: str, total: int, new: int) -> None:
        """Begin a stage of the run.

        Parameters
        ----------
        stage
            What is being done, such as ``measuring``.
        total
            Clips of the stage.
        new
            Those of them that are not known from an earlier run.
        """

    def advance(self, clips: int, seconds: float) -> None:
        """Add finished clips, and seconds of audio."""

    def transfer(self, what: str, done: int, total: int) -> None:
        """Report the bytes of `what` that are done; `total` is 0 where it is not known."""

    def note(self, line: str) -> None:
        """Report in one line something that a person should know, and that stops nothing."""


class _NoProgress:
    def start(self, stage: str, total: int, new: int) -> None: ...
    def advance(self, clips: int, seconds: float) -> None: ...
    def transfer(self, what: str, done: int, total: int) -> None: ...
    def note(self, line: str) -> None: ...


NO_PROGRESS: Progress = _NoProgress()
"""No-op progress."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """Reports to another, with other names of stages.

    Attributes
    ----------
    to
        Where it reports to.
    names
        Of stages, by the name that they are started with.
    """

    to: Progress
    names: Mapping[str, str]

    def start(self, stage: str, total: int, new: int) -> None:
        """Begin a stage."""
        self.to.start(self.names.get(stage, stage), total, new)

    def advance(self, clips: int, seconds: float) -> None:
        """Add finished clips, and seconds of audio."""
        self.to.advance(clips, seconds)

    def transfer(self, what: str, done: int, total: int) -> None:
        """Report bytes."""
        self.to.transfer(what, done, total)

    def note(self, line: str) -> None:
        """Report a line."""
        self.to.note(line)
