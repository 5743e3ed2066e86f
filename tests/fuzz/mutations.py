"""Bytes that are nearly right: a seed with some of them flipped, cut, repeated, or replaced by what breaks parsers."""

import json
from typing import Any

from hypothesis import strategies as st

TOKENS = (
    b"\0", b"\xff", b"\xed\xa0\x80", b"\n", b"\r", b"\t", b'"', b"'", b"|", b",", b"=", b"#", b"\\", b"\xc2\x85",
    b"\xe2\x80\xa8", b"[", b"]", b"{", b"}", b"[" * 200, b'{"a":' * 200, b"-1", b"0", b"1e999", b"9" * 400,
    b"9" * 5000, b"NaN", b"-Infinity", b"null", b"true", b"[]", b"{}", b'"x"', b"../../x", b"/etc/passwd", b"\x7f" * 8,
    b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"PAR1", b"-->", b"<x>",
)  # fmt: skip
PLACES = st.integers(0, 1 << 20)


@st.composite
def mutated(draw: st.DrawFn, seed: bytes) -> bytes:
    """A seed after one to six changes."""
    data = bytearray(seed)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(PLACES) % (len(data) + 1)
        if draw(st.booleans()):  # near an end, where footers and headers are
            at = draw(st.sampled_from([at % 64, max(0, len(data) - at % 64)]))
        kind = draw(st.sampled_from(["flip", "set", "cut", "drop", "insert", "replace", "repeat"]))
        size = draw(st.integers(1, 64))
        if kind == "flip" and at < len(data):
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "set" and at < len(data):
            data[at] = draw(st.integers(0, 255))
        elif kind == "cut":
            del data[at:]
        elif kind == "drop":
            del data[at : at + size]
        elif kind == "insert":
            data[at:at] = draw(st.sampled_from(TOKENS))
        elif kind == "replace":
            data[at : at + size] = draw(st.sampled_from(TOKENS))
        elif kind == "repeat":
            data[at:at] = data[at : at + size] * draw(st.integers(1, 20))
    return bytes(data)


NUMBERS = st.integers() | st.sampled_from([10**18, 10**400, -(10**400), 1 << 63]) | st.floats()
LEAVES = st.none() | st.booleans() | NUMBERS | st.text(max_size=8) | st.sampled_from(["\ud800", "\0", "../x"])


@st.composite
def json_like(draw: st.DrawFn, seed: bytes) -> bytes:
    """The JSON of a seed with one of its values replaced by any other, or any JSON at all."""
    values = st.recursive(
        LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner)
    )
    lines = seed.split(b"\n")
    number = draw(st.integers(0, len(lines) - 1))
    try:
        document: Any = json.loads(seed)
        number = -1
    except ValueError:
        try:
            document = json.loads(lines[number])
        except ValueError:
            document = None
    if draw(st.booleans()) and isinstance(document, dict | list) and document:
        _replace(draw, document, draw(values))
    else:
        document = draw(values)
    changed = json.dumps(document).encode()
    return changed if number < 0 else b"\n".join([*lines[:number], changed, *lines[number + 1 :]])


def _replace(draw: st.DrawFn, document: Any, value: Any) -> None:
    """Put `value` at some place in a document."""
    while True:
        key = draw(st.sampled_from(list(document) if isinstance(document, dict) else range(len(document))))
        inner = document[key]
        if not isinstance(inner, dict | list) or not inner or draw(st.booleans()):
            document[key] = value
            return
        document = inner
