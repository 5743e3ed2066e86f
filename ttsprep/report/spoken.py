"""What was heard against what is written, word by word."""

from typing import Any

import pandas as pd

from ttsprep.report.data import visible
from ttsprep.text.diff import diff_words

_MOST_WORDS = 400
"""Of a text or of what was heard; a longer one is cut."""

WordSpan = tuple[str, str]
"""An element, and the words in it: "" as written and heard, ``del`` written and not heard, ``ins`` heard and not
written, ``mark`` the word that is doubted most."""


def spoken(row: Any) -> list[WordSpan]:
    """Return a clip's text with what was heard instead; nothing where it was not written down.

    Parameters
    ----------
    row
        Of the table of clips: ``text``, ``asr_text``, ``doubted_word`` and ``doubted_place``, each of which may be
        missing.
    """
    text, asr_text = visible(row.get("text")), visible(row.get("asr_text"))
    if not asr_text.strip():
        return []
    doubted = row.get("doubted_place")
    place = -1 if doubted is None or pd.isna(doubted) or not visible(row.get("doubted_word")) else int(doubted)
    pieces: list[WordSpan] = []
    for span in diff_words(text, asr_text, mark=place, longest=_MOST_WORDS):
        kinds = [*([] if span.same else ["del"]), *(["mark"] if span.marked else [])]
        pieces += [(" ".join(kinds), span.written)] * bool(span.written)
        pieces += [("ins", span.hypothesis)] * bool(span.hypothesis and not span.same)
    return pieces
