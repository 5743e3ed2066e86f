"""What a layout is, and the registry of all of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ttsprep.core.plugins import register
from ttsprep.core.types import Clip, Finding
from ttsprep.corpora.reading import Reading


class Layout:
    """A way to arrange a corpus on disk.

    Attributes
    ----------
    name
        What ``--layout`` takes.
    summary
        One line that shows how such a folder looks.
    fallback
        True if it is taken only where no other layout recognises the folder.
    certain
        True if it is taken whatever other layouts recognise the folder too.
    left_out
        `fnmatch` pattern of audio files that the layout leaves out on purpose (a second microphone,
        clips that were voted down), so that they are not held to be orphans; "" for none.
    reading
        How a person wants the corpus to be read.
    decided
        What `read` decided and why, a line each, for the terminal and ``summary.json``.
    """

    name: ClassVar[str] = ""
    summary: ClassVar[str] = ""
    fallback: ClassVar[bool] = False
    certain: ClassVar[bool] = False
    left_out: ClassVar[str] = ""
    registry: ClassVar[dict[str, type["Layout"]]] = {}

    def __init__(self, reading: Reading | None = None) -> None:
        self.reading = reading or Reading()
        self.decided: list[str] = []

    def __init_subclass__(cls) -> None:
        register(Layout.registry, "layouts", cls.name, cls)

    def recognise(self, root: Path) -> str:
        """Return in a few words what shows that `root` is such a corpus, or "" if it is not.

        `root` is a folder, or the metadata file itself; it is there and can be opened.
        """
        del root
        return ""

    def read(self, root: Path) -> Iterator[Clip | Finding]:
        """Yield the clips in the order of the corpus, and a finding for each line that is no clip.

        A line that names its audio but is damaged otherwise yields both, the finding first: the clip stays
        in the tables, and the finding says why it cannot be trusted. Paths are relative to the folder
        `root`, or to the folder that holds the file `root`.

        Raises
        ------
        CorpusError
            If `root` is not such a corpus; says what is missing.
        """
        del root
        yield from ()
