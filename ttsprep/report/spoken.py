"""What was heard against what is written, word by word."""

from difflib import SequenceMatcher
from typing import Any

import pandas as pd

from ttsprep.report.data import visible

MOST_WORDS = 400
"""Of a text or of what was heard; a longer one is cut."""
LONG_WORD = 20
"""Letters a word on average, from which on a script has no blanks: its characters are compared."""

Piece = tuple[str, str]
"""An element, and the words in it: "" as written and heard, ``del`` written and not heard, ``ins`` heard and not
written, ``mark`` the word that is doubted most."""


def spoken(row: Any) -> list[Piece]:
    """Return a clip's text with what was heard instead; nothing where it was not written down.

    Parameters
    ----------
    row
        Of the table of clips: ``text``, ``said``, ``doubted_word`` and ``doubted_place``, any of which may be missing.
    """
    text, said = visible(row.get("text")), visible(row.get("said"))
    if not said.strip():
        return []
    doubted = row.get("doubted_place")
    place = -1 if doubted is None or pd.isna(doubted) or not visible(row.get("doubted_word")) else int(doubted)
    spaced = len(text) < LONG_WORD * max(1, len(text.split()))
    written, heard = (part.split()[:MOST_WORDS] if spaced else list(part)[:MOST_WORDS] for part in (text, said))
    blank = " " if spaced else ""
    pieces: list[Piece] = []

    def add(kind: str, words: list[str]) -> None:
        if words:
            pieces.append((kind, blank.join(words)))

    left, right = [_key(word) for word in written], [_key(word) for word in heard]
    for kind, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        own = "" if kind == "equal" else "del"
        if a <= place < b:
            add(own, written[a:place])
            add("mark" if own == "" else "del mark", written[place : place + 1])
            add(own, written[place + 1 : b])
        else:
            add(own, written[a:b])
        if own:
            add("ins", heard[c:d])
    return pieces


def _key(word: str) -> str:
    """Return what two words have in common that only differ in case and punctuation."""
    return "".join(character for character in word.casefold() if character.isalnum()) or word
