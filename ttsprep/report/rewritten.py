"""What was rewritten in the texts: which words became which, the most frequent first."""

from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher

import pandas as pd

MOST_TEXTS = 3_000
"""Texts in which words are compared: enough to see what is done, and done in half a second."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What normalising did.

    Attributes
    ----------
    texts
        That were changed.
    words
        (words before, words after, how often) of the first `MOST_TEXTS` of them.
    """

    texts: int
    words: list[tuple[str, str, int]]


def rewritten(provenance: pd.DataFrame) -> Rewritten:
    """Compare the columns ``text`` and ``normalised``, where provenance has them."""
    if not {"text", "normalised"} <= set(provenance.columns):
        return Rewritten(0, [])
    pairs = provenance[["text", "normalised"]].fillna("").astype(str)
    pairs = pairs[pairs["text"] != pairs["normalised"]]
    found: Counter[tuple[str, str]] = Counter()
    for text, normalised in pairs.head(MOST_TEXTS).itertuples(index=False):
        before, after = text.split(), normalised.split()
        for kind, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            if kind != "equal":
                found[" ".join(before[i:j]), " ".join(after[k:m])] += 1
    listed = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return Rewritten(len(pairs), [(before, after, count) for (before, after), count in listed])
