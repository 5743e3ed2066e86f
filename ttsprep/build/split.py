"""Dividing clips into train, valid and test so that nothing of the held-out parts is heard in training."""

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ttsprep.text.characters import letters

if TYPE_CHECKING:
    from ttsprep.build.config import Split

_TRAIN, VALID, TEST, NONE = "train", "valid", "test", ""
FEWEST_TO_SPLIT = 10
"""Clips from which on every part that is asked for has one at least: a tiny corpus is better trained on whole."""


def split(ids: Sequence[str], speakers: Sequence[str], texts: Sequence[str], rules: "Split") -> list[str]:
    """Divide clips.

    Each part has the share of the clips that is asked for, within one clip where no group (a text, or a speaker) is
    larger than that. The hash of a group decides its place in the order from test over train to valid, whatever else
    is in the corpus: with more clips a few on the border may change to or from train, and none from test to valid.

    Parameters
    ----------
    ids, speakers, texts
        Of each clip; texts are compared by their letters and digits alone.
    rules
        Shares, seed, and what is kept together.

    Returns
    -------
    list of str
        ``train``, ``valid`` or ``test``; "" for a clip of a held-out speaker whose text is in train as well.
    """
    keys = [letters(text) for text in texts]
    if rules.by == "text" or len(set(speakers)) < 2:
        # a clip without text is a group of its own
        return _assign([key or f"\0{name}" for name, key in zip(ids, keys, strict=True)], rules)
    parts = _assign(list(speakers), rules)
    trained = {key for key, part in zip(keys, parts, strict=True) if part == _TRAIN and key}
    tested = {key for key, part in zip(keys, parts, strict=True) if part == TEST and key}
    return [
        NONE if (part != _TRAIN and key in trained) or (part == VALID and key in tested) else part
        for key, part in zip(keys, parts, strict=True)
    ]


def _assign(groups: Sequence[str], rules: "Split") -> list[str]:
    sizes = Counter(groups)
    order = sorted(sizes, key=lambda group: (_place(group, rules.seed), group))
    part: dict[str, str] = {}
    for name, share, waiting in ((TEST, rules.test, order), (VALID, rules.valid, order[::-1])):
        wanted = _wanted(share, len(groups))
        free = [group for group in waiting if group not in part]
        taken: list[str] = []
        for group in free:
            if sizes[group] <= wanted:
                taken.append(group)
                wanted -= sizes[group]
        if not taken and wanted and free:  # no group is small enough
            taken = [min(free, key=sizes.__getitem__)]
        if len(taken) < len(free):  # there must be something to train on
            part |= dict.fromkeys(taken, name)
    return [part.get(group, _TRAIN) for group in groups]


def _wanted(share: float, clips: int) -> int:
    """Return how many clips a part is to have: at least one of `FEWEST_TO_SPLIT` and more."""
    least = 1 if share and clips >= FEWEST_TO_SPLIT else 0
    return max(least, math.floor(share * clips + 0.5))


def _place(group: str, seed: int) -> float:
    """Return a number in [0, 1) that stands for a group."""
    data = f"{seed}\0{group}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(data).digest()[:7], "big") / 2**56


@dataclass(frozen=True)
class Unused:
    """Says which clips belong to no part: neither their audio nor their text may be found in a build.

    Attributes
    ----------
    rules
        How the clips are divided.
    speakers, texts
        Of each clip, by id; texts as the build writes them.
    """

    rules: "Split"
    speakers: Mapping[str, str] = field(repr=False)
    texts: Mapping[str, str] = field(repr=False)

    def __call__(self, ids: Sequence[str]) -> dict[str, str]:
        """Return the clips of `ids` that belong to no part, with the reason."""
        speakers = [self.speakers[name] for name in ids]
        parts = split(ids, speakers, [self.texts[name] for name in ids], self.rules)
        reason = "the speaker {!r} is held out, and the text of this clip is in another part as well"
        return {
            name: reason.format(speaker)
            for name, speaker, part in zip(ids, speakers, parts, strict=True)
            if part == NONE
        }
