"""What the cells of a column look like: numbers, labels, language tags, phonemes, pinyin, or sentences."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from ttsprep.corpora.tables.match import names_audio
from ttsprep.text.characters import script
from ttsprep.text.scripts import NO_BLANKS, OWN_TAGS, is_phonemes

_TAG = re.compile(r"([a-z]{2,3})(?:[-_](?:[a-z]{2}|[a-z]{4}|[0-9]{3}))?\Z")
_LANGUAGES = frozenset(
    re.findall(
        "[a-z]+",
        "af am an ar as az ba be bg bn bpy bs ca chr cmn cs cv cy da de el en eo es et eu fa fi fo fr ga gd gl gn grc "
        "gu ha hak haw he hi hr ht hu hy ia id ig io is it ja ka kk kl km kn ko kok ku ky la lb lfn lg ln lo lt ltg lv "
        "mi mk ml mn mr ms mt my nb nci ne nl nn no nog oc om or os pa pap pl ps pt py qdb qu quc qya ro ru rw sd shn "
        "si sk sl sm smj sn so sq sr st su sv sw ta te tg th ti tk tl tn to tr tt ug uk ur uz vi wo xh yi yo yue zu",
    )
)
_NUMBER = re.compile(
    r"[+-]?[0-9]+(?:[.,][0-9]+)?(?:e[+-]?[0-9]+)?(?:\s?m?s)?\Z|[0-9]+(?::[0-9]{2}){1,2}(?:[.,][0-9]+)?\Z", re.I
)
_CODE = re.compile(r"[A-Za-z0-9_.:/\\#=+@~-]+\Z")
_URL = re.compile(r"[a-z]{2,8}://\S+\Z", re.I)
_PINYIN = re.compile(r"(?:[a-zü:]{1,6}[0-6]|[,.!?，。！？、；…#]|sil|sp|spn)\Z", re.I)
_PINYIN_MARKS = frozenset("āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜü")
_PINYIN_LETTERS = re.compile(r"[a-zāáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜüê]{1,6}[,.!?，。！？]?\Z", re.I)
_ENDS = tuple(".!?…。！？؟।॥։።。｡」』”\"'»）)")
STYLES = frozenset([
    *("neutral", "happy", "angry", "sad", "surprise", "surprised", "fear", "fearful", "disgust", "disgusted", "calm"),
    *("amused", "sleepy", "sleepiness", "bored", "excited", "whisper", "whispered", "confused", "laughing"),
    *("enunciated", "default", "emphasis", "narration", "conversational"),
])
"""Ways to speak, in the columns of corpora with emotions: no speaker is called so."""
GENDERS = frozenset(["m", "f", "male", "female", "man", "woman", "männlich", "weiblich", "other", "unknown", "none"])


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a sample of a column shows; shares are of the cells that are not empty.

    Attributes
    ----------
    filled
        Share of the cells that are not empty.
    named
        Share written as the name of an audio file.
    number, code, language, phonemes, pinyin
        Share that are numbers, identifiers (letters, digits and marks without a blank), language tags,
        phonemes in IPA or ARPABET, and pinyin.
    prose, words
        Share that are text in letters, and those of more than one word, or of a script without blanks.
    ended
        Share that end as a sentence does.
    distinct
        Different cells, over all.
    letters
        Mean number of letters and marks of a cell.
    digits
        Mean number of digits of a cell.
    script
        The script that most letters are of, such as ``LATIN``.
    """

    filled: float
    named: float
    number: float
    code: float
    language: float
    phonemes: float
    pinyin: float
    prose: float
    words: float
    ended: float
    distinct: float
    letters: float
    digits: float
    script: str

    @property
    def is_label(self) -> bool:
        """Whether the cells may name a speaker, an emotion or the like: they are short, and come again."""
        return self.filled > 0.5 and self.distinct <= 0.5 and self.letters <= 40 and self.ended < 0.5

    @property
    def is_sentence(self) -> bool:
        """Whether the cells are texts beyond doubt: words or sentences that are not a few labels."""
        if self.filled < 0.5 or self.prose < 0.5 or self.words < 0.3 or self.phonemes >= 0.5 or self.is_label:
            return False
        short = 4 if self.script in NO_BLANKS else 20
        return self.letters > short or self.ended >= 0.5 or self.distinct >= 0.9

    @property
    def is_word(self) -> bool:
        """Whether the cells may be texts of one word each."""
        words = self.filled > 0.5 and self.prose >= 0.5 and self.phonemes < 0.5
        return words and not self.is_sentence and self.distinct >= 0.9


_NOTHING = Evidence(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "")


def may_be_text(evidence: Evidence) -> bool:
    """Whether a column may be a text at all, and be it in phonemes: no labels, numbers or names alone."""
    letters = evidence.prose >= 0.3 or evidence.phonemes >= 0.5 or evidence.pinyin >= 0.5
    return letters and not evidence.is_label


def weigh(column: Sequence[str]) -> Evidence:
    """Return what the cells of a column show."""
    cells = [cell.strip() for cell in column]
    cells = [cell for cell in cells if cell]
    if not cells:
        return _NOTHING
    total = len(cells)
    scripts: Counter[str] = Counter()
    phonemes = pinyin = prose = words = ended = letters = digits = named = code = 0
    for cell in cells:
        count = sum(1 for c in cell if c.isalpha() or unicodedata.category(c)[0] == "M")
        letters += count
        digits += sum(map(str.isdigit, cell))
        scripts.update(script(c) for c in cell[:60] if c.isalpha())
        sounds, syllables = is_phonemes(cell), is_pinyin(cell)
        phonemes += sounds
        pinyin += syllables
        audio = names_audio(cell)
        named += audio
        is_code = (
            _CODE.match(cell) is not None and (not cell.isalpha() or _is_camel(cell)) and not cell.endswith((".", "?"))
        )
        code += is_code or audio
        if audio or is_code or sounds or syllables or not _reads_as_text(cell, count):
            continue
        prose += 1
        ended += cell.endswith(_ENDS)
        words += len(cell.split()) > 1 or script(next(c for c in cell if c.isalpha())).startswith(NO_BLANKS)
    return Evidence(
        filled=total / len(column),
        named=named / total,
        number=sum(map(is_number, cells)) / total,
        code=code / total,
        language=sum(map(is_language, cells)) / total,
        phonemes=phonemes / total,
        pinyin=pinyin / total,
        prose=prose / total,
        words=words / total,
        ended=ended / total,
        distinct=len(set(cells)) / total,
        letters=letters / total,
        digits=digits / total,
        script=scripts.most_common(1)[0][0] if scripts else "",
    )


def _is_camel(cell: str) -> bool:
    """Whether a word is one of a hash or an invented name: a capital inside."""
    return len(cell) > 12 and any(c.isupper() for c in cell[1:]) and any(c.islower() for c in cell)


def _reads_as_text(cell: str, letters: int) -> bool:
    solid = sum(1 for c in cell if not c.isspace())
    return letters >= 1 and any(map(str.isalpha, cell)) and letters >= 0.5 * solid and _URL.match(cell) is None


def is_number(cell: str) -> bool:
    """Whether a cell is a number, a time, or a length in seconds."""
    return _NUMBER.match(cell) is not None


def is_language(cell: str) -> bool:
    """Whether a cell is a language tag, of BCP 47 or of the lists of trainers."""
    return language_tag(cell) != ""


def language_tag(cell: str) -> str:
    """Return the BCP 47 tag that a cell means, such as ``ja`` for ``JP``, or "" if it is none."""
    low = cell.strip().lower()
    if low in OWN_TAGS:
        return OWN_TAGS[low]
    match = _TAG.match(low)
    return low.replace("_", "-") if match and match[1] in _LANGUAGES else ""


def is_pinyin(cell: str) -> bool:
    """Whether a cell holds pinyin: syllables with the number of their tone, or with its mark."""
    symbols = cell.split()
    if not symbols or (len(symbols) == 1 and len(cell) < 3):
        return False
    if sum(_PINYIN.match(symbol) is not None for symbol in symbols) >= 0.8 * len(symbols):
        return any(symbol[-1] in "012345" for symbol in symbols) and any(map(str.isalpha, cell))
    marked = sum(any(c in _PINYIN_MARKS for c in symbol.lower()) for symbol in symbols)
    fits = sum(_PINYIN_LETTERS.match(symbol) is not None for symbol in symbols)
    tones = sum(c in "āǎēěīǐōǒūǔ" for c in cell.lower())
    return len(symbols) > 2 and marked >= 0.7 * len(symbols) and fits == len(symbols) and tones > 1


def likeness(one: Sequence[str], other: Sequence[str]) -> float:
    """Return how alike the texts of two columns are, row by row, from 0 to 1: in words, or in runs of three letters."""
    shares = []
    for first, second in zip(one, other, strict=True):
        a, b = _spoken(first), _spoken(second)
        if a and b:
            runs = _shared(_runs(a), _runs(b))
            shares.append(max(runs, _shared(Counter(a.split()), Counter(b.split())) if " " in a and " " in b else 0.0))
    return fmean(shares) if shares else 0.0


def _spoken(text: str) -> str:
    """Return letters, marks and digits in lower case, all else as blanks."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in folded).split())


def _runs(text: str) -> Counter[str]:
    letters = "".join(c for c in text if not c.isdigit() and c != " ") or text
    return Counter(letters[i : i + 3] for i in range(max(1, len(letters) - 2)))


def _shared(one: Counter[str], other: Counter[str]) -> float:
    return (one & other).total() / max(1, min(one.total(), other.total()))


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float:
    """Return Spearman's correlation, from -1 to 1; 0 where there is nothing to compare."""
    import numpy as np

    if len(one) < 3 or len(set(one)) < 2 or len(set(other)) < 2:
        return 0.0
    ranks = [np.unique(values, return_inverse=True)[1] for values in (one, other)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])
