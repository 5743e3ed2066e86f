"""What a language sounds and looks like, learnt from the words that eSpeak NG itself ships in that language.

eSpeak NG's phoneme tables inherit from each other and list phones that a language never produces; nothing in
its interface says which ones surface. Its dictionaries, however, hold the names of some 1,600 emoji in nearly
every language ("large blue square", "flag: French Guiana"): 10,000 to 25,000 phones of ordinary native words.
Phonemising them shows what surfaces, and how often. Where a dictionary holds no such names, the function words of
the language are read instead, and where none are listed, the numbers up to 1199: they show which phones there are,
but neither all of them nor how often each occurs, so that nothing is missed by them.
"""

import re
import struct
from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from ttsprep.text.characters import main_scripts, nfc, script
from ttsprep.text.function_words import WORDS
from ttsprep.text.phonemes import WORD, clean_phonemes, espeak_code, espeak_data, is_readable, phones, raw_phonemes

MIN_SHARE = 4e-4
"""A phone belongs to the inventory from 4 in 10,000 phones of native words on; rarer ones are loans."""

_NAME = re.compile(rb"(?:\xf0\x9f[\x80-\xbf]{2}|\xe2[\x80-\xbf]{2}|\xef\xb8\x8f)+([^\x00-\x1f]{3,})\x00")
_FLAG = re.compile(r"\(([a-z][\w-]*)\)")
_SPELT = "(en) dʒ a p ə n iː z (ja) l"
"""Where eSpeak NG reads a small kana that it does not know as "Japanese letter"."""
_DICTIONARIES = {"nb": "no", "ltg": "lv", "hyw": "hy", "bs": "hr"}


@dataclass(frozen=True, slots=True)
class Norms:
    """How often what occurs in ordinary words of a language.

    Attributes
    ----------
    phones, diphones
        Counts; a diphone is a pair of neighbouring phones, also across words; none are known where
        eSpeak NG ships no words, and numbers were read instead.
    letters
        Counts of lower-case letters; empty in the same case.
    words
        In how many different words each phone occurs; empty in the same case.
    """

    phones: Counter[str]
    diphones: Counter[tuple[str, str]]
    letters: Counter[str]
    words: Counter[str]

    @property
    def scripts(self) -> frozenset[str]:
        """Scripts that the language is written in; empty if that is not known."""
        return main_scripts(self.letters.items(), share=0.02)


@cache
def norms(language: str) -> Norms:
    """Return what is usual in `language`.

    Raises
    ------
    UsageError
        If eSpeak NG has no such language.
    """
    code = espeak_code(language)
    names = _names(code)
    if len(names) < 500:
        names = []
    read = (
        [name for name in names if is_readable(name, code)]
        or _function_words(code)
        or [str(number) for number in range(1200)]
    )
    lines = [line for line in raw_phonemes(read, code) if _SPELT not in line]
    parts = [clean_phonemes(part, code) for line in lines for part in _native(line, code)]
    segments = list(map(phones, parts))
    words = {word.strip() for part in parts for word in part.split(WORD)} if names else set()
    return Norms(
        phones=Counter(phone for segment in segments for phone in segment),
        # Lists and numbers repeat the same words: which diphones they hold says little of other text.
        diphones=Counter(pair for segment in segments for pair in pairwise(segment) if names),
        letters=Counter(char for name in names for char in nfc(name).lower() if script(char)),
        words=Counter(phone for word in words for phone in set(word.split())),
    )


@cache
def inventory(language: str) -> frozenset[str]:
    """Return the phones of `language`: those that eSpeak NG produces in its ordinary words.

    Raises
    ------
    UsageError
        If eSpeak NG has no such language.
    """
    counts = norms(language).phones
    least = MIN_SHARE * counts.total()
    return frozenset(phone for phone, count in counts.items() if count >= least)


def _function_words(code: str) -> list[str]:
    """Return the function words of a language, without endings; none where they are not listed."""
    own = code.lower().split("-", maxsplit=1)[0]
    lines = [table[own] for table in WORDS.values() if own in table]
    return [word for line in lines for word in line.split() if not word.startswith("-")]


def _native(line: str, code: str) -> list[str]:
    """Return the parts of a line of phonemes that are in the language itself.

    eSpeak NG writes ``(en) f ʊ t b ɔː l (fr)`` around words that it reads as another language's.
    """
    first, *rest = _FLAG.split(line)
    own = code.split("-", maxsplit=1)[0]
    return [first, *(part for flag, part in zip(rest[::2], rest[1::2], strict=True) if flag.split("-")[0] == own)]


def _names(code: str) -> list[str]:
    """Return the names of emoji in a compiled dictionary of eSpeak NG: behind the emoji, up to a NUL."""
    stem = code.lower().split("-", maxsplit=1)[0]
    path = espeak_data() / f"{_DICTIONARIES.get(stem, stem)}_dict"
    if not path.is_file():
        return []
    data = path.read_bytes()
    (end,) = struct.unpack_from("<i", data, 4)  # the rules begin there
    names = (name.decode("utf-8", "ignore") for name in _NAME.findall(data[8:end]))
    # "flag: Peru", "family: woman, girl": what stands before the colon comes hundreds of times.
    return sorted({name.rpartition(": ")[2] for name in names if len(name) > 2})
