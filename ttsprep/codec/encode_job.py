"""What is going to be encoded, and with what."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ttsprep.corpora.corpus import Corpus
from ttsprep.corpora.reading import Reading

if TYPE_CHECKING:
    from ttsprep.codec.external import AudioCodec
    from ttsprep.codec.tokens import TokenSpec


@dataclass(frozen=True, slots=True)
class Options:
    """What the codes of a corpus depend on, beside the corpus.

    Attributes
    ----------
    codec
        A checkpoint, a folder, or the name of a codec that ships with ttsprep.
    form
        One of `ttsprep.codec.token_formats.FORMATS`.
    layout, reading
        How the corpus is read.
    num_codebooks, beam
        Codebooks, and choices kept from one to the next; None for what the codec recommends.
    first_token
        Id of code 0 of the first codebook in a flat sequence.
    device
        ``cpu``, ``cuda``, or ``auto``: a GPU where there is one.
    """

    codec: str = "nano16"
    form: str = "parquet"
    layout: str = "auto"
    reading: Reading = field(default_factory=Reading)
    num_codebooks: int | None = None
    beam: int | None = None
    first_token: int = 0
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class Job:
    """What is going to be encoded, with what.

    Attributes
    ----------
    plan
        The clips.
    coder, spec
        The codec, and what its codes will mean.
    options
        As given.
    code
        Stands for the codec and its settings in fingerprints.
    """

    plan: Corpus
    coder: "AudioCodec"
    spec: "TokenSpec"
    options: Options
    code: str
