"""What is written against what is heard, word by word."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Passage:
    """Words that follow each other in both texts.

    Attributes
    ----------
    written, heard
        The words of either; the same where `same`, but for case and punctuation.
    same
        Whether they agree.
    """

    written: str
    heard: str
    same: bool


def passages(written: str, heard: str) -> list[Passage]:
    """Cut two texts into passages that agree and passages that differ; case and punctuation count for nothing.

    A text without blanks is compared letter by letter.
    """
    by_letter = not any(blank in written.strip() for blank in (" ", "\n", "\t")) and len(written) > 24
    ours, theirs = (list(text) if by_letter else text.split() for text in (written, heard))
    left, right = ([_letters(word) for word in words] for words in (ours, theirs))
    glue = "" if by_letter else " "
    found = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        same = kind == "equal" or _letters("".join(ours[a:b])) == _letters("".join(theirs[c:d]))
        found.append(Passage(glue.join(ours[a:b]), glue.join(theirs[c:d]), same))
    return _joined(found, glue)


def _joined(found: Sequence[Passage], glue: str) -> list[Passage]:
    """Put neighbours that agree into one, such as words around a dash that stands alone."""
    joined: list[Passage] = []
    for passage in found:
        if joined and joined[-1].same and passage.same:
            last = joined.pop()
            written = glue.join(filter(None, (last.written, passage.written)))
            joined.append(Passage(written, glue.join(filter(None, (last.heard, passage.heard))), True))
        else:
            joined.append(passage)
    return joined


def _letters(word: str) -> str:
    return "".join(character for character in word.casefold() if character.isalnum())
