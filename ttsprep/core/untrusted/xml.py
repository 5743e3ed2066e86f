"""XML as a tree: without a document type, so without entities that grow, and of bounded depth and size."""

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from ttsprep.core.untrusted.documents import DEPTH, UntrustedError

_CHARACTERS = 1 << 26


def parse_xml(text: str) -> Element:
    """Return the root of an XML document.

    Raises
    ------
    UntrustedError
        If it is none, has a document type, has more than `DEPTH` elements within one another, or is too long.
    """
    if len(text) > _CHARACTERS:
        raise UntrustedError(f"it has {len(text):,} characters (limit {_CHARACTERS:,})")
    builder, depth = TreeBuilder(), 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEPTH:
            raise UntrustedError(f"it has more than {DEPTH} elements within one another")
        builder.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name)

    def _refuse(*_: object) -> None:
        raise UntrustedError("it has a document type, which may define entities")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise UntrustedError(f"it is not XML: {error}") from None
    except UnicodeEncodeError:
        raise UntrustedError("it is not UTF-8 text") from None
    return builder.close()
