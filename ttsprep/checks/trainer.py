"""Whether a trainer can use each clip: needs ``--for``."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from ttsprep.checks.base import Check, Code, listed
from ttsprep.core.types import Finding, Severity


@dataclass(frozen=True)
class Trainer(Check):
    """Whether the trainer of `--for` can use each clip: its language, its text, and the symbols of that.

    Attributes
    ----------
    common
        Share of the texts, 0 to 1, above which a symbol belongs to the language: it is named once, and rejects no
        clip.
    """

    name = "trainer"
    area = "text"
    model = "trainer"
    codes = (
        Code(
            "trainer-language",
            "The trainer does not know the language of this clip.",
            "Only with `--for`. The language of the clip, without its region, is looked up in the list of the "
            "trainer, or of eSpeak NG where the trainer reads phonemes.",
            "Its tokenizer reads the text as another language, skips the clip, or ends with an error.",
            "Train with another trainer, or correct the language of the clip.",
        ),
        Code(
            "trainer-text",
            "The trainer cannot use this text.",
            "Only with `--for`. The text as a build writes it has more symbols than the trainer takes, or holds what "
            "the list of the trainer cannot, such as the mark between two columns.",
            "The trainer skips the clip in silence, or runs out of memory.",
            "Cut the clip at a pause, or correct the text.",
        ),
        Code(
            "trainer-symbols",
            "The text has symbols that the trainer does not know.",
            "Only with `--for`. The characters or phonemes of the text as a build writes it are looked up in the fixed "
            "set of the trainer. Error where an unknown symbol ends the training, warning where it is left out. A "
            "symbol in more than a tenth of the texts is one finding on the corpus.",
            "What is left out is spoken but not written; a symbol without an embedding is a KeyError.",
            "Correct the text; a symbol of the whole language has to be added to the set of the trainer.",
        ),
    )
    measures: ClassVar[dict[str, str]] = {
        "trainer_language": "why the trainer of `--for` does not know the language of the clip",
        "trainer_text": "why it cannot use the text",
        "trainer_fatal": "symbols of the text that end its training",
        "trainer_unknown": "symbols of the text that it leaves out",
    }
    strings = frozenset(measures)

    common: float = 0.1

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        yield from listed(corpus, "trainer_language", "trainer-language", Severity.ERROR, "{}")
        yield from listed(corpus, "trainer_text", "trainer-text", Severity.ERROR, "{}")
        yield from self._unknown(corpus, "trainer_fatal", Severity.ERROR, "end the training")
        yield from self._unknown(corpus, "trainer_unknown", Severity.WARNING, "are left out by the trainer")

    def _unknown(self, corpus: pd.DataFrame, column: str, severity: Severity, what: str) -> Iterator[Finding]:
        """Yield a finding for each clip with a rare symbol, and one for those of the whole language."""
        texts = corpus[["id", column]][corpus[column] != ""]
        counts = Counter(symbol for text in texts[column] for symbol in text)
        common = {symbol for symbol, count in counts.items() if count > max(1.0, self.common * len(corpus))}
        if common:
            share = len(texts) / len(corpus)
            shown = _named(sorted(common))
            message = f"{shown}, which {len(texts):,} texts have, {what}: add them to the symbols of the trainer"
            yield Finding("", "trainer-symbols", severity, message, share, self.common)
        for clip, text in texts.itertuples(index=False):
            if rare := [symbol for symbol in text if symbol not in common]:
                yield Finding(clip, "trainer-symbols", severity, f"{_named(rare)} {what}", float(len(rare)), 0.0)


def _named(symbols: list[str]) -> str:
    """Return symbols with their code points, as many of them are marks that show on other letters alone."""
    return ", ".join(f"{symbol!r} (U+{ord(symbol):04X})" for symbol in symbols)
