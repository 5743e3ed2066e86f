"""What the corpus sounds like: which phones and pairs of phones it teaches, and which it lacks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from ttsprep.checks.base import Chart, Check, Code
from ttsprep.core.errors import UsageError
from ttsprep.core.signal import Signal
from ttsprep.core.types import Clip, Finding, Measures, Severity
from ttsprep.text.inventory import inventory, norms
from ttsprep.text.phonemes import is_readable, phonemize, phones

MISSED_WORDS, RARE_WORDS = 20, 10
"""Different words of eSpeak NG's dictionary that a phone has to occur in before a corpus can lack it, or have too
little of it. What fewer have is of loans, of what the words are about, or of how eSpeak NG writes two words as one."""
_MISSING = Code(
    "phoneme-missing",
    "A phone of the language never occurs in the corpus.",
    "Transcripts are phonemised by eSpeak NG. The inventory is what eSpeak NG produces in some 1,600 "
    "native names that its dictionary of the language holds, from 4 in 10,000 phones on; a phone of 20 different words "
    "or more is missed once ordinary text of the corpus's size would hold it `expected` times. Where a dictionary "
    "holds no such names (Ukrainian, Hebrew, Thai), none is missed, and texts in letters that it cannot read are not "
    "measured.",
    "The model cannot say what it never heard: it puts a similar sound in its place, or stumbles.",
    "Record sentences that hold the phone: `--prompts sentences.txt` suggests the fewest.",
)
_RARE = Code(
    "phoneme-rare",
    "A phone of the language occurs only a few times.",
    "Phones of the inventory with under `rare` occurrences, in a corpus of at least `least_phones` "
    "phones, if 10 words of eSpeak NG's dictionary have it. The message names the clips that carry them.",
    "A sound heard a handful of times is learnt unsteadily, and dropping one of these clips for another "
    "finding may take the sound with it.",
    "Keep and fix the clips named; record more of the sound (`--prompts sentences.txt`).",
)
DIPHONE = Code(
    "diphone-coverage",
    "Many pairs of neighbouring phones that text of this size should hold never occur.",
    "Pairs that ordinary words of the language would bring at least `expected` times in as many phones, "
    "and that the corpus never has, as a share of all such pairs; the limit is `diphone_share`.",
    "Most of what makes speech fluent is in the transitions; a model that never heard one guesses it.",
    "Record sentences with other words and topics: `--prompts sentences.txt` suggests the fewest.",
)


@dataclass(frozen=True, slots=True)
class Phonemes(Check):
    """Compares the phones of the corpus with those of its language.

    Attributes
    ----------
    rare
        Occurrences under which a phone is rare.
    expected
        Occurrences that ordinary text of the same size must promise before a phone or diphone is missed.
    least_phones
        Phones that a corpus must have before rare ones are named.
    least_missing
        Phones that a corpus must have before missing ones are: words of a few sentences are no sample of a language.
    diphone_share
        Share of the expected diphones, 0 to 1, that may be missing.
    """

    rare: int = 10
    expected: float = 5.0
    least_phones: int = 5000
    least_missing: int = 300
    diphone_share: float = 0.2

    name: ClassVar[str] = "phonemes"
    area: ClassVar[str] = "text"
    charts: ClassVar[dict[str, Chart]] = {"phones": Chart("Phones", "", 0)}
    codes: ClassVar[tuple[Code, ...]] = (_MISSING, _RARE, DIPHONE)
    measures: ClassVar[dict[str, str]] = {
        "phones": "phones in the transcript; nothing where the language or most letters cannot be read",
        "phonemes": "the transcript in IPA: phones separated by blanks, words by |",
    }
    strings: ClassVar[frozenset[str]] = frozenset({"phonemes"})
    audio: ClassVar[bool] = False
    version: ClassVar[int] = 3

    @staticmethod
    def measure(clip: Clip, signal: Signal) -> Measures:
        """Phonemise the transcript; `phonemize` called on the shard beforehand saves most of the time."""
        del signal
        try:
            known = clip.language and is_readable(clip.text, clip.language)
            phonemes = phonemize([clip.text], clip.language)[0] if known else None
        except UsageError:  # `judge` says so once for all clips of that language
            phonemes = None
        if phonemes is None:
            return {"phones": float("nan"), "phonemes": ""}
        return {"phones": float(len(phones(phonemes))), "phonemes": phonemes}

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:
        """Judge each language of the corpus."""
        for language, clips in corpus.groupby(corpus["language"].fillna(""), sort=True):
            if not language or not clips["phones"].notna().any():
                if language:
                    readable = any(is_readable(text, str(language)) for text in clips["text"].fillna(""))
                    what = f"has no language {language!r}" if readable else f"cannot read the letters in {language!r}"
                    message = f"not measured: eSpeak NG {what}"
                    yield Finding("", _MISSING.code, Severity.NOTE, message)
                continue
            cover = coverage(clips, str(language), rare=self.rare, expected=self.expected)
            if cover.total < self.least_missing:
                continue
            yield from self._phones(cover)
            missing = len(cover.diphones_missing)
            share = missing / max(1, cover.diphones_expected)
            if share > self.diphone_share:
                examples = ", ".join("-".join(pair) for pair in cover.diphones_missing[:10])
                yield Finding(
                    "",
                    DIPHONE.code,
                    Severity.WARNING,
                    f"{missing} of {cover.diphones_expected} diphones to be expected in {cover.total} "
                    f"phones of {language} never occur "
                    f"({share:.0%}, limit {self.diphone_share:.0%}): {examples} …",
                    value=share,
                    limit=self.diphone_share,
                )

    def _phones(self, cover: "Coverage") -> Iterator[Finding]:
        for phone in cover.missing:
            message = f"{cover.language} has the phone [{phone}]; none of the corpus's {cover.total} phones is it"
            yield Finding("", _MISSING.code, Severity.WARNING, message, value=0, limit=1)
        if cover.total < self.least_phones:
            return
        for phone, clips in cover.rare.items():
            count = cover.phones[phone]
            named = ", ".join(clips[:10])
            times = "once" if count == 1 else f"{count} times"
            places = "1 clip" if len(clips) == 1 else f"{len(clips)} clips"
            message = f"[{phone}] occurs {times} (under {self.rare}), in {places}: {named}"
            yield Finding("", _RARE.code, Severity.NOTE, message, value=count, limit=self.rare)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Phones and diphones of a corpus against those of its language.

    Attributes
    ----------
    language
        As the corpus names it.
    total
        Phones in the corpus.
    phones
        Counts by phone, most frequent first; also of phones from other languages' words.
    inventory
        Phones of the language, in the order of the axes of `diphones`.
    diphones
        Counts, int64 of shape (len(inventory), len(inventory)): first phone by second.
    missing
        Phones of the inventory that the corpus should have and has not.
    rare
        Phones of the inventory that occur a few times -> the clips that carry them.
    diphones_expected
        How many diphones text of this size would let one expect.
    diphones_missing
        Those of them that never occur, the most expected first.
    """

    language: str
    total: int
    phones: dict[str, int]
    inventory: tuple[str, ...]
    diphones: npt.NDArray[np.int64]
    missing: tuple[str, ...]
    rare: dict[str, tuple[str, ...]]
    diphones_expected: int
    diphones_missing: tuple[tuple[str, str], ...]

    @property
    def pairs(self) -> dict[tuple[str, str], int]:
        """Count of each diphone that occurs."""
        axes = self.inventory
        return {(axes[i], axes[j]): int(self.diphones[i, j]) for i, j in np.argwhere(self.diphones)}


def coverage(corpus: pd.DataFrame, language: str, *, rare: int = 10, expected: float = 5.0) -> Coverage:
    """Compare the phones of `corpus` with those of `language`.

    Parameters
    ----------
    corpus
        Clips of that language, with the columns ``id`` and ``phonemes``.
    rare
        Occurrences under which a phone is rare.
    expected
        Occurrences that ordinary text of the same size must promise before a phone or diphone is missed.

    Raises
    ------
    UsageError
        If eSpeak NG has no such language.
    """
    usual = norms(language)
    own = inventory(language)
    counts, pairs = _count(corpus["phonemes"].fillna(""))
    total = sum(counts.values())
    growth = total / usual.phones.total()
    # Without words of the language nothing shows how often a phone occurs, and none is missed or rare.
    sought = own if usual.diphones else frozenset()
    missing = (
        phone
        for phone in sought - counts.keys()
        if usual.phones[phone] * growth >= expected and usual.words[phone] >= MISSED_WORDS
    )
    padded = " " + corpus["phonemes"].fillna("") + " "
    carriers = {
        phone: tuple(corpus.loc[padded.str.contains(f" {phone} ", regex=False), "id"])
        for phone in sorted(sought & counts.keys(), key=lambda phone: (counts[phone], phone))
        if counts[phone] < rare and usual.words[phone] >= RARE_WORDS
    }
    axes = tuple(sorted(own))
    place = {phone: at for at, phone in enumerate(axes)}
    matrix = np.zeros((len(axes), len(axes)), np.int64)
    for (first, second), count in pairs.items():
        if first in place and second in place:
            matrix[place[first], place[second]] = count
    hoped = {pair: n * growth for pair, n in usual.diphones.items() if own.issuperset(pair) and n * growth >= expected}
    return Coverage(
        language=language,
        total=total,
        phones=dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))),
        inventory=axes,
        diphones=matrix,
        missing=tuple(sorted(missing)),
        rare=carriers,
        diphones_expected=len(hoped),
        diphones_missing=tuple(
            sorted((pair for pair in hoped if pair not in pairs), key=lambda pair: (-hoped[pair], pair))
        ),
    )


def _count(phonemes: pd.Series) -> tuple[dict[str, int], dict[tuple[str, str], int]]:
    """Count phones and diphones, some thousand clips at a time, so that memory does not grow."""
    place: dict[str, int] = {"": 0}
    size = 1 << 12  # more phones than any corpus has
    keys: dict[int, int] = {}
    singles = np.zeros(size, np.int64)
    for start in range(0, len(phonemes), 5000):
        codes = [0]
        for line in phonemes.iloc[start : start + 5000]:
            codes += [place.setdefault(phone, len(place)) for phone in phones(line)]
            codes.append(0)
        tokens = np.minimum(np.array(codes, np.int64), size - 1)
        singles += np.bincount(tokens, minlength=size)
        joined = tokens[:-1] * size + tokens[1:]
        values, counts = np.unique(joined[(tokens[:-1] > 0) & (tokens[1:] > 0)], return_counts=True)
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            keys[value] = keys.get(value, 0) + count
    names = list(place)
    return (
        {name: int(singles[at]) for name, at in place.items() if at},
        {(names[key // size], names[key % size]): count for key, count in keys.items()},
    )
