"""Where a corpus is found or fetched from, as a recipe says it."""

from pydantic import Field

from ttsprep.core.config import Section


class Download(Section):
    """A file of a public corpus.

    Attributes
    ----------
    url
        Where it is.
    sha256
        Of the file, in hexadecimal; empty if its publisher changes it in place.
    bytes
        Its size, so that it can be said before anything is fetched; 0 if not known.
    """

    url: str
    sha256: str = Field(default="", pattern="^([0-9a-f]{64})?$")
    bytes: int = Field(default=0, ge=0)


class Source(Section):
    """Where the corpus is found, or fetched from.

    Attributes
    ----------
    name
        Of its folder, looked for here, under ``--data`` and under ``$TTSPREP_DATA``.
    page
        Where a person reads about it and gets it by hand.
    licence
        Of the recordings and texts.
    downloads
        The files to fetch and unpack; empty where only a person may fetch them.
    """

    name: str = ""
    page: str = ""
    licence: str = ""
    downloads: tuple[Download, ...] = ()
