"""The file that decisions are saved to: after each key, whole or not at all, and never over those of another writer."""

import fcntl
import os
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ttsprep.audit.decisions import Decision, read_decisions, write_decisions
from ttsprep.core.errors import OutputError
from ttsprep.core.files import Signature, signature, writing

UNDECIDED = Decision()


@dataclass(frozen=True, slots=True)
class Change:
    """A decision to be saved.

    Attributes
    ----------
    clip
        Id of the clip.
    seen
        The decision that was shown when this one was taken: if the file has another by now, nothing is saved.
    new
        The decision.
    """

    clip: str
    seen: Decision
    new: Decision


class ConflictError(OutputError):
    """Somebody else has decided since.

    Attributes
    ----------
    current
        What the file has for each clip in question.
    """

    def __init__(self, current: Mapping[str, Decision]) -> None:
        super().__init__("another page or program has changed these decisions")
        self.current = current


class DecisionsFile:
    """A ``decisions.csv`` that several threads and processes may write.

    Parameters
    ----------
    path
        The file; it need not be there.
    known
        Ids of the clips.
    """

    def __init__(self, path: Path, known: Collection[str]) -> None:
        self.path = path
        self._known = known
        self._decisions: dict[str, Decision] = {}
        self._signature: Signature | None = None
        self._lock = threading.Lock()

    def read(self) -> dict[str, Decision]:
        """Return what the file holds now.

        Raises
        ------
        UsageError
            If a line of it makes no sense.
        """
        with self._lock:
            return dict(self._current())

    def save(self, changes: Sequence[Change]) -> None:
        """Save decisions, all of them or none; to save them again changes nothing.

        Raises
        ------
        ConflictError
            If the file has another decision than the one that was seen; nothing is saved.
        OutputError
            If the file cannot be written, such as to a full disk; it is as it was.
        UsageError
            If somebody else has put a line into the file that makes no sense.
        """
        with self._lock, _only_writer(self.path.parent):
            current = dict(self._current())
            other = {
                change.clip: stored
                for change in changes
                if (stored := current.get(change.clip, UNDECIDED)) not in {change.seen, change.new}
            }
            if other:
                raise ConflictError(other)
            for change in changes:
                if change.new == UNDECIDED:
                    current.pop(change.clip, None)
                else:
                    current[change.clip] = change.new
            if current != self._decisions or self._signature is None:
                write_decisions(self.path, current)
                self._decisions, self._signature = current, signature(self.path.stat())

    def _current(self) -> dict[str, Decision]:
        try:
            stamp = signature(self.path.stat())
        except FileNotFoundError:
            self._decisions, self._signature = {}, None
            return self._decisions
        if stamp != self._signature:
            self._decisions, self._signature = read_decisions(self.path, self._known), stamp
        return self._decisions


@contextmanager
def _only_writer(folder: Path) -> Iterator[None]:
    """Hold a folder against other processes that save decisions; a folder can be locked without a file of its own."""
    with writing(folder):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
