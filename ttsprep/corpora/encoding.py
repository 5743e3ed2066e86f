"""Telling how the bytes of a metadata file are to be read, without ever guessing."""

import codecs
import re
from collections.abc import Iterable

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_ANY_PAGE = frozenset("ÁÂÄÇÉËÍÎÓÔÖÚÜáâäçéëíîóôöúüß")
"""Letters at the same code in every Latin code page (ISO 8859-1, -2, -9, -15, Windows 1250, 1252, 1254)."""
_WESTERN = _ANY_PAGE | frozenset("ÀÃÅÆÈÊÌÏÑÒÕØÙÛàãåæèêìïñòõøùûÿ")
_MARKS = frozenset("«»¿¡°§£©®·\xa0€‚„…‘’“”–—")
_ENOUGH = 20


def sniff(head: bytes) -> tuple[str, int]:
    """Tell the encoding of a file from its first bytes.

    Parameters
    ----------
    head
        The first bytes of the file, 64 KiB or all of it.

    Returns
    -------
    tuple of str and int
        ``utf-8`` (also where single lines turn out not to be), ``utf-16-le``, ``utf-16-be``, ``utf-32-le``,
        ``utf-32-be``, or "" if the file is not text; and the length of its byte-order mark.
    """
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name, len(mark)
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd + even > 0.3 * len(head) and min(even, odd) < 0.01 * len(head):
        name = "utf-16-le" if odd > even else "utf-16-be"
        text = head[: len(head) // 2 * 2].decode(name, "replace").encode("utf-8")
        if len(_CONTROL.findall(text)) <= 0.01 * len(text):
            return name, 0
    controls = len(_CONTROL.findall(head))
    # Text may hold a stray NUL or two; what is not text is full of them, or is not UTF-8 either.
    if controls > 0.3 * len(head) or (controls > 0.01 * len(head) and not _is_utf8(head)):
        return "", 0
    return "utf-8", 0


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def surely_western(lines: Iterable[bytes]) -> bool:
    """Whether lines that are not UTF-8 are beyond doubt Latin-1 or its superset Windows-1252.

    Every byte can be read as Latin-1, so more has to fit: accented letters are few among unaccented ones
    and rarely follow one another (unlike Cyrillic, Greek, Chinese), no symbol stands inside a word, and no
    letter is one that other Latin code pages use at that code. Letters that only Western pages have there
    need 20 witnesses.
    """
    accented = plain = pairs = witnesses = 0
    seen: set[str] = set()
    for line in lines:
        try:
            text = line.decode("cp1252")
        except UnicodeDecodeError:
            return False
        before = " "
        for position, letter in enumerate(text):
            if letter.isascii():
                plain += letter.isalpha()
            elif letter in _WESTERN:
                accented += 1
                pairs += before in _WESTERN
                witnesses += letter not in _ANY_PAGE
                seen.add(letter)
            elif letter not in _MARKS or (before.isalpha() and _splits_word(letter, text[position + 1 : position + 2])):
                return False
            before = letter
    if accented > 0.3 * (accented + plain) or pairs > 0.1 * accented:
        return False
    if seen & set("õÕ") and seen & set("ûÛ"):  # Hungarian, where they stand for its long ö and ü
        return False
    return witnesses == 0 or accented >= _ENOUGH


def _splits_word(mark: str, following: str) -> bool:
    """Whether a mark after a letter is none that a writer would put there: a letter of another code page."""
    return mark in "‚„" or (mark not in "’·\xa0…–—" and following.isalpha())
