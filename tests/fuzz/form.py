"""What a reader of the fuzzers is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Seed = Callable[[Path], Path]
Read = Callable[[Path], object]


@dataclass(frozen=True)
class Reader:
    """What is fuzzed.

    Attributes
    ----------
    seed
        Fills a folder with all that is read, and returns the file whose bytes are changed.
    read
        Reads what is in the folder.
    json
        Whether the file holds JSON.
    """

    seed: Seed
    read: Read
    json: bool = False
