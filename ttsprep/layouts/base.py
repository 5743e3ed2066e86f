"""What a layout is, and the registry of all of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ttsprep.types import Clip, Finding


class Layout:
    """A way to arrange a corpus on disk.

    Attributes
    ----------
    name
        What ``--layout`` takes.
    summary
        One line that shows how such a folder looks.
    """

    name: ClassVar[str] = ""
    summary: ClassVar[str] = ""
    registry: ClassVar[dict[str, type["Layout"]]] = {}

    def __init_subclass__(cls) -> None:
        Layout.registry[cls.name] = cls

    @staticmethod
    def recognise(root: Path) -> str:
        """Return in a few words what shows that `root` is such a corpus, or "" if it is not."""
        del root
        return ""

    @staticmethod
    def read(root: Path) -> Iterator[Clip | Finding]:
        """Yield the clips in the order of the corpus, and a finding for each line that is no clip.

        Raises
        ------
        CorpusError
            If `root` is not such a corpus; says what is missing.
        """
        del root
        yield from ()
