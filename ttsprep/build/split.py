"""Dividing clips into train, valid and test so that nothing of the held-out parts is heard in training."""

import hashlib
from collections.abc import Sequence

from ttsprep.build.config import Split
from ttsprep.text.characters import letters

TRAIN, VALID, TEST, NONE = "train", "valid", "test", ""
FEWEST = 20
"""Groups under which no part is held out by force: a tiny corpus is better trained on whole."""


def split(ids: Sequence[str], speakers: Sequence[str], texts: Sequence[str], rules: Split) -> list[str]:
    """Divide clips.

    A group (a text, or a speaker) goes to the same part whatever else is in the corpus, as only its own hash
    decides: with more clips nothing wanders from test to train. The exceptions are the one group that a corpus of
    `FEWEST` or more holds out by force where chance holds out none, and a corpus of which chance would leave nothing
    to train on: that is not divided.

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
    trained = {key for key, part in zip(keys, parts, strict=True) if part == TRAIN and key}
    tested = {key for key, part in zip(keys, parts, strict=True) if part == TEST and key}
    return [
        NONE if (part != TRAIN and key in trained) or (part == VALID and key in tested) else part
        for key, part in zip(keys, parts, strict=True)
    ]


def _assign(groups: Sequence[str], rules: Split) -> list[str]:
    places = {group: _place(group, rules.seed) for group in groups}
    part = {group: _part(place, rules) for group, place in places.items()}
    if len(places) >= FEWEST:
        order = sorted(places, key=lambda group: (places[group], group))
        for name, share in ((TEST, rules.test), (VALID, rules.valid)):
            if share and name not in part.values():
                nearest = order.pop(0) if name == TEST else order.pop()
                part[nearest] = name
    if TRAIN not in part.values():  # chance can take all of a tiny corpus
        return [TRAIN for _ in groups]
    return [part[group] for group in groups]


def _part(place: float, rules: Split) -> str:
    if place < rules.test:
        return TEST
    return VALID if place >= 1 - rules.valid else TRAIN


def _place(group: str, seed: int) -> float:
    """Return a number in [0, 1) that stands for a group."""
    data = f"{seed}\0{group}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(data).digest()[:7], "big") / 2**56
