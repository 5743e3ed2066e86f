"""What passes between the parts: clips, audio, findings, and the columns of the tables."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]


class Severity(StrEnum):
    """How bad a finding is: an error spoils training, a warning may, a note is worth knowing."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for a note, 1 for a warning, 2 for an error."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Clip:
    """A row of the manifest; never holds samples.

    Attributes
    ----------
    id
        Name of the clip, unique within a corpus.
    path
        Audio file relative to the root of the corpus.
    text
        The transcript, exactly as the corpus has it.
    speaker, language
        Empty where the corpus does not say.
    start, end
        Seconds into the audio file, for corpora whose clips are pieces of longer recordings;
        ``end`` is None for "to the end of the file".
    """

    id: str
    path: str
    text: str
    speaker: str = ""
    language: str = ""
    start: float = 0.0
    end: float | None = None


@dataclass(frozen=True, slots=True)
class Audio:
    """Decoded samples with what the file said of itself.

    Attributes
    ----------
    samples
        float32 of shape (frames, channels), nominally within -1 to 1.
    rate
        Sample rate in Hz.
    subtype
        Encoding as libsndfile names it: ``PCM_16``, ``MPEG_LAYER_III``, ``VORBIS`` ...
    complete
        False if the clip was longer than the audit reads, so that its end was not seen.
    claimed
        Frames that the file has by its header, where that is known and more than were read; else 0.
    missing
        Frames that the header promises and the file lacks, too few to be a loss; None where the header gives no
        length, as that of a stream does, so that nobody can tell whether all of it is there.
    """

    samples: Samples
    rate: int
    subtype: str = "FLOAT"
    complete: bool = True
    claimed: int = 0
    missing: int | None = 0

    def with_samples(self, samples: Samples) -> "Audio":
        """Return the same with other samples at the same rate."""
        return Audio(samples, self.rate, self.subtype, self.complete)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was seen, in one clip or (``clip == ""``) in the corpus.

    Attributes
    ----------
    code
        Name from the catalogue, such as ``clipping``.
    message
        One sentence: what was seen, and the limit.
    value, limit
        The measure that was judged and what it was held against, where there is one.
    start, end
        Seconds into the clip where it is, where that is known.
    """

    clip: str
    code: str
    severity: Severity
    message: str
    value: float | None = None
    limit: float | None = None
    start: float | None = None
    end: float | None = None


Measures = dict[str, Any]
"""One clip's measures, by column name: floats (NaN where there is nothing to measure), ints and strings."""
