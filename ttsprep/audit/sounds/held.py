"""Which phones and diphones each clip holds, and which only some clips hold."""

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

import pandas as pd

from ttsprep.text.phonemes import phones

_Sound = tuple[str, ...]
"""A phone or a diphone of a language."""


class Sounds:
    """The phones and diphones of each clip."""

    def __init__(self, clips: pd.DataFrame) -> None:
        blank = pd.Series("", clips.index)
        columns = [clips[name].fillna("") if name in clips else blank for name in ("language", "phonemes")]
        self._lines = dict(zip(clips["id"], zip(*columns, strict=True), strict=True))

    def _of(self, names: Collection[str]) -> Iterator[tuple[str, set[_Sound]]]:
        for name in names:
            language, line = self._lines[name]
            own = phones(line)
            yield name, {(language, phone) for phone in own} | {(language, *pair) for pair in pairwise(own)}

    def _held(self, names: Collection[str]) -> set[_Sound]:
        held: set[_Sound] = set()
        for _, sounds in self._of(names):
            held |= sounds
        return held

    def carriers(self, kept: Collection[str], doubtful: Sequence[str]) -> dict[str, list[str]]:
        """Return which doubtful clips hold a phone that no other has, best first, and all that they bring."""
        if not doubtful:
            return {}
        held = self._held(kept)
        result = {}
        for name, sounds in self._of(doubtful):
            news = sounds - held
            if any(len(sound) == 2 for sound in news):
                held |= sounds
                result[name] = sorted(" ".join(sound[1:]) for sound in news)
        return result

    def sole(self, names: Collection[str]) -> frozenset[str]:
        """Return the clips that hold a phone or diphone which no other clip holds."""
        holder: dict[_Sound, str] = {}
        for name, sounds in self._of(names):
            for sound in sounds:
                holder[sound] = "" if sound in holder else name
        return frozenset(holder.values()) - {""}

    def lost(self, kept: Collection[str], rejected: Collection[str]) -> dict[str, list[str]]:
        """Return the phones and diphones that no kept clip holds, with the rejected clips that do."""
        if not rejected:
            return {}
        held = self._held(kept)
        lost: dict[str, list[str]] = {}
        for name, sounds in self._of(rejected):
            for sound in sorted(sounds - held):
                lost.setdefault(" ".join(sound[1:]), []).append(name)
        return dict(sorted(lost.items(), key=lambda item: (item[0].count(" "), item[0])))
