"""A progress that remembers what it is told."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Recorder:
    """Remembers stages, advances and notes; `on_advance` is called for each advance."""

    stages: list[tuple[str, int, int]] = field(default_factory=list)
    advances: list[tuple[int, float]] = field(default_factory=list)
    transfers: list[tuple[str, int, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    on_advance: Callable[[int, float], object] = lambda clips, seconds: None

    def start(self, stage: str, total: int, new: int) -> None:
        self.stages.append((stage, total, new))

    def advance(self, clips: int, seconds: float) -> None:
        self.advances.append((clips, seconds))
        self.on_advance(clips, seconds)

    def transfer(self, what: str, done: int, total: int) -> None:
        self.transfers.append((what, done, total))

    def note(self, line: str) -> None:
        self.notes.append(line)
