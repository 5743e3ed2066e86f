"""Everything that ttsprep refuses to do, as exceptions a person can act on.

::

    TtsprepError            could not run: exit code 2
    ├── UsageError          a name, key or option that does not exist or does not fit
    ├── CorpusError         the corpus cannot be read as it was asked to be
    ├── OutputError         the output cannot be written: disk full, inside the source, not ours
    ├── BusyError           another run holds the output
    ├── AudioError          one file cannot be decoded; carries the code of the finding it becomes
    └── MissingExtraError   an optional dependency is not installed
"""

import difflib
from collections.abc import Iterable

MOST_NAME, MOST_MESSAGE = 300, 2000
"""Characters of a word, such as a path, and of a message; longer ones are cut in the middle."""


def shortened(message: str) -> str:
    """Return a message whose long words are cut in the middle, and so is all of it if it is too long."""
    if len(message) <= MOST_NAME:
        return message
    words = " ".join(_cut(word, MOST_NAME) for word in message.split(" "))
    return _cut(words, MOST_MESSAGE)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most // 2]}...{text[-(most // 2) :]}"


class TtsprepError(Exception):
    """Base of every error that ttsprep raises on purpose: says what, where, and what to do."""

    def __str__(self) -> str:
        return shortened(super().__str__())


class UsageError(TtsprepError):
    """A name, key or option that does not exist or does not fit."""


class CorpusError(TtsprepError):
    """The corpus cannot be read as it was asked to be."""


class OutputError(TtsprepError):
    """The output cannot be written."""


class BusyError(TtsprepError):
    """Another run holds the output."""


class AudioError(TtsprepError):
    """One audio file cannot be used.

    Parameters
    ----------
    code
        The finding it becomes, such as ``audio-unreadable``.
    message
        What was seen, in one sentence.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class MissingExtraError(TtsprepError):
    """An optional dependency is not installed."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint naming the known spellings closest to `name`, or all of them if none is close."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if close:
        return f"did you mean {' or '.join(repr(c) for c in close)}?"
    return f"known: {', '.join(names)}"


class CodecError(TtsprepError):
    """The codec cannot do what was asked."""


class CheckpointError(CodecError):
    """A checkpoint is foreign, damaged, or does not fit its own config."""


class UntrainedError(CodecError):
    """More codebooks were asked for than were trained."""


class CollapseError(CodecError):
    """A training run was stopped because the model is collapsing."""
