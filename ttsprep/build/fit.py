"""Whether a trainer can use each clip of a corpus, by its text as a build writes it: for an audit and a build alike."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np
import pandas as pd

from ttsprep.build.stages.base import Stage
from ttsprep.build.stages.normalise import Normalise
from ttsprep.build.targets import TrainerProfile
from ttsprep.core.errors import UsageError
from ttsprep.core.types import Audio, Clip
from ttsprep.corpora.exports.base import Entry, Export
from ttsprep.corpora.exports.filelist import short_language
from ttsprep.text.characters import script
from ttsprep.text.phonemes import espeak_code, is_readable, transcribe

_BATCH = 1000
"""Texts that are phonemised together."""
_SILENCE = Audio(np.zeros((0, 1), np.float32), 16_000)


@dataclass(frozen=True)
class Fit:
    """What a trainer needs of a clip.

    Attributes
    ----------
    trainer
        Its profile.
    stages
        That change texts, in order.
    forms
        The lists that it reads.
    """

    trainer: TrainerProfile
    stages: tuple[Normalise, ...]
    forms: tuple[Export, ...]

    def __call__(self, clips: Sequence[Clip]) -> dict[str, list[str]]:
        """Return the columns of `ttsprep.checks.trainer`, with a value for each clip."""
        given = written(clips, self.stages)
        main = self._main_language(given)
        languages = [self._no_language(clip.language, main) for clip in given]
        spoken = iter(self._spoken([clip for clip, reason in zip(given, languages, strict=True) if not reason]))
        rows = [
            ("", "", "") if reason else self._judged(clip, next(spoken))
            for clip, reason in zip(given, languages, strict=True)
        ]
        names = ("trainer_text", "trainer_fatal", "trainer_unknown")
        return {"trainer_language": languages} | {name: [row[i] for row in rows] for i, name in enumerate(names)}

    def _main_language(self, clips: Sequence[Clip]) -> str:
        """Return the language, without region, that most clips have, where the trainer takes one alone; else ""."""
        spoken = Counter(short_language(clip.language) for clip in clips if clip.language)
        return spoken.most_common(1)[0][0] if self.trainer.one_language and spoken else ""

    def _no_language(self, language: str, main: str) -> str:
        name, known = self.trainer.name, self.trainer.languages
        if main and language and short_language(language) != main:
            return f"{name} reads all texts in one language, here {main}, and the clip is {language!r}: build it apart"
        if known and language and short_language(language) not in known:
            return f"{name} does not know the language {language!r}; it knows {', '.join(known)}"
        if self._phonemes:
            if not language:
                return f"{name} reads phonemes, and the clip has no language: give --language"
            try:
                espeak_code(language)
            except UsageError as error:
                return f"{name} reads phonemes: {error}"
        return ""

    @property
    def _phonemes(self) -> bool:
        return self.trainer.symbols is not None and self.trainer.symbols.kind == "phonemes"

    def _spoken(self, clips: Sequence[Clip]) -> Iterator[str]:
        """Yield what the trainer looks up of each clip: its phonemes, or its text."""
        return phonemes(clips) if self._phonemes else (clip.text for clip in clips)

    def _judged(self, clip: Clip, spoken: str) -> tuple[str, str, str]:
        """Return why a text cannot be used, its symbols that end a training, and those that are left out."""
        unknown = "".join(dict.fromkeys(symbol for symbol in self._looked_up(spoken) if not self._knows(symbol)))
        fatal = bool(self.trainer.symbols and self.trainer.symbols.fatal)
        return self._no_text(clip, spoken), unknown if fatal else "", "" if fatal else unknown

    def _no_text(self, clip: Clip, spoken: str) -> str:
        if self._phonemes and not is_readable(clip.text, clip.language):
            return f"{self.trainer.name} reads phonemes: eSpeak NG has none for its letters in {clip.language!r}"
        most = self.trainer.most_symbols_in(clip.language)
        if most and len(spoken) > most:
            kind = "phonemes" if self._phonemes else "characters"
            return f"its text has {len(spoken):,} {kind}; {self.trainer.name} takes {most:,} at most"
        entry = Entry("", "", clip.text, clip.text, clip.speaker, clip.language, "train", 0, 0, 0, "")
        reasons = (form.refuse(entry) for form in self.forms)
        return next((f"the list of {self.trainer.name} cannot hold it: {reason}" for reason in reasons if reason), "")

    def _looked_up(self, spoken: str) -> str:
        symbols = self.trainer.symbols
        return unicodedata.normalize(symbols.form, spoken) if symbols and symbols.form else spoken

    @cached_property
    def _known(self) -> frozenset[str]:
        symbols = self.trainer.symbols
        return frozenset("".join(symbols.set) + symbols.converted) if symbols else frozenset()

    def _knows(self, symbol: str) -> bool:
        symbols = self.trainer.symbols
        return symbols is None or symbol in self._known or script(symbol) in symbols.scripts


def text_stages(stages: Iterable[Stage]) -> tuple[Normalise, ...]:
    """Return the stages that change texts."""
    return tuple(stage for stage in stages if isinstance(stage, Normalise))


def written(clips: Iterable[Clip], stages: Sequence[Normalise]) -> list[Clip]:
    """Return clips with their texts as a build with these stages writes them."""
    result = []
    for clip in clips:
        for stage in stages:
            clip = stage.apply(clip, _SILENCE).clip  # noqa: PLW2901 -- from stage to stage
        result.append(clip)
    return result


def phonemes(clips: Iterable[Clip]) -> Iterator[str]:
    """Yield the phonemes of clips, each of which has a language of eSpeak NG, in their order."""
    waiting = iter(clips)
    while batch := list(islice(waiting, _BATCH)):
        spoken: dict[int, str] = {}
        for language in dict.fromkeys(clip.language for clip in batch):
            rows = [row for row, clip in enumerate(batch) if clip.language == language]
            spoken |= zip(rows, transcribe([batch[row].text for row in rows], language), strict=True)
        yield from (spoken[row] for row in range(len(batch)))


def unknown_symbols(clips: pd.DataFrame) -> dict[str, list[str]]:
    """Return the symbols that the trainer of an audit does not know, each with the ids of the clips that have it."""
    symbols: dict[str, list[str]] = {}
    columns = [clips[name] for name in ("id", "trainer_fatal", "trainer_unknown")]
    for clip, fatal, unknown in zip(*columns, strict=True):
        for symbol in fatal + unknown:
            symbols.setdefault(symbol, []).append(clip)
    return dict(sorted(symbols.items()))
