"""What every codec offers to `ttsprep encode`, ours or another's."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from ttsprep.types import Samples

if TYPE_CHECKING:
    from ttsprep.codec.api import Coded


class Coder(Protocol):
    """Turns clips into codes and back.

    Attributes
    ----------
    depth, cardinality
        Codebooks that can be used, and codes in each.
    digest
        Names its weights and settings.
    search
        Beam to use where none is asked for.
    device_name
        ``cpu``, or what it computes on.
    longest_s
        Seconds that it can code in bounded memory; longer clips are refused.
    """

    depth: int
    digest: str
    search: int
    longest_s: float
    device_name: str

    @property
    def sample_rate(self) -> int:
        """Samples a second, in and out."""

    @property
    def frame(self) -> int:
        """Samples in one frame of codes."""

    @property
    def cardinality(self) -> int:
        """Codes in each codebook."""

    def encode(
        self, batch: Sequence[Samples], lengths: Sequence[int] | None = None, *, depth: int | None = None, beam: int = 1
    ) -> "list[Coded]":
        """Code clips."""

    def encode_stream(
        self, stream: Callable[[], Iterable[Samples]], *, depth: int | None = None, beam: int = 1
    ) -> "Coded":
        """Code one clip that arrives in chunks; `stream` is called as often as it is needed."""

    def decode(self, coded: "Sequence[Coded]") -> list[Samples]:
        """Turn codes back into clips."""
