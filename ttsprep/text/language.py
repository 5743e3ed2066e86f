"""The language of texts, guessed offline: by their script, then by function words, endings and letters.

Function words are the shortest way to tell languages apart from a few sentences (Grefenstette 1995): every text has
them, whatever it is about, and names and loans are none of them.
"""

import math
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from ttsprep.text.characters import REMARK, nfc, script
from ttsprep.text.function_words import ALIKE, LETTERS, WORDS
from ttsprep.text.scripts import WRITTEN, language_of_script

_MOST_TEXTS = 400
"""Texts that are looked at, drawn at random with a fixed seed; more say no more."""
_LONGEST = 400
"""Characters of a text that are looked at."""
_TOKEN = re.compile(r"[^\s\d.,;:!?…\"'’‘`«»„“”()/\\|*_=+<>@#%&~^$–—¿¡،؛؟।॥·-]+")
LETTERS_A_SIGN = 3
"""Latin letters that a Chinese character or a Korean syllable stands for, about."""
_KANA = ("HIRAGANA", "KATAKANA")
_CANTONESE = frozenset("嘅咗唔係佢哋喺嚟冇嗰啲嘢咁啦㗎嗌攞")
_MOST_MANDARIN = 0.008
"""Share of the characters that are only written in Cantonese, from which on a text is."""
_LETTERS_ENOUGH = 12
_WORDS_ENOUGH = 10
_SCRIPT_SHARE = 0.6
_MUCH_ALIKE = 0.04
"""Score, and two words at least, by which a language has to be ahead of one much like it with more speakers."""
_LEAST_SCORE = 0.08
_LEAST_AHEAD, _SURE = 2.5, 1.4
"""Words that the language has more than the next one, and standard deviations of that by chance."""


_WORDS_TO_CONTRADICT = 40
_WIDE, _WIDE_RATIO = 0.08, 0.6
"""Score by which the declared language has to be behind, and part of the best score that it may have."""
_SEVERAL = frozenset(["az", "bs", "ha", "hr", "kk", "ku", "ky", "mn", "ms", "pa", "sd", "sr", "tg", "tt", "ug", "uz"])
"""Languages that are written in more scripts than one."""


@dataclass(frozen=True, slots=True)
class Guess:
    """The language that texts are in, and the evidence.

    Attributes
    ----------
    language
        Code such as ``de`` or ``en-us``; "" where the evidence does not decide.
    script
        In which most letters are, as Unicode names it; "" where none is.
    texts
        Texts that were looked at.
    words
        Words that were looked at; letters where the script decides.
    scores
        Language -> share of the words that it has as function words or endings, less the share of letters that it
        does not have; the best first, none where the script decides.
    """

    language: str = ""
    script: str = ""
    texts: int = 0
    words: int = 0
    scores: dict[str, float] = field(default_factory=dict)

    def score(self, language: str) -> float | None:
        """Return the score of a language, at best that of one that is much like it; None where it is not known."""
        near = alike(language)
        return max((score for code, score in self.scores.items() if code in near), default=None)


def guess_language(texts: Sequence[str]) -> Guess:
    """Return the language that most of the texts are in.

    Parameters
    ----------
    texts
        Any strings of one corpus, in any order; `_MOST_TEXTS` of them are looked at.

    Examples
    --------
    >>> guess_language(["Der alte Mann ging langsam.", "Morgen wird es im ganzen Land regnen."]).language
    'de'
    >>> guess_language(["Jakarta", "Paris 1905"]).language
    ''
    """
    chosen = [nfc(REMARK.sub(" ", text[:_LONGEST])).replace("İ", "i").lower() for text in drawn(texts)]
    letters = Counter("".join(chosen))
    weights: Counter[str] = Counter()
    for char, count in letters.items():
        if name := script(char):
            weights[name] += count * (LETTERS_A_SIGN if name in {"HAN", "HANGUL"} else 1)
    kana = sum(weights[name] for name in _KANA)
    if 10 * kana > weights["HAN"] // LETTERS_A_SIGN:  # kana and Chinese characters are one script: Japanese
        weights["HIRAGANA"] = kana + weights.pop("HAN", 0)
        weights.pop("KATAKANA", None)
    if not weights:
        return Guess(texts=len(chosen))
    main, weight = weights.most_common(1)[0]
    if weight < _LETTERS_ENOUGH or weight < _SCRIPT_SHARE * weights.total():
        return Guess(script=main, texts=len(chosen), words=weight)
    if main in WORDS:
        return _by_words(main, chosen)
    return Guess(_by_letters(main, letters), main, len(chosen), weight)


def contradicts(declared: str, guess: Guess) -> bool:
    """Return whether texts are in another language than the declared one, by a wide margin.

    Never where the guess does not decide, where the two languages are much alike, or where nothing is known about the
    declared one in the script of the texts.

    Parameters
    ----------
    declared
        A tag such as ``en-us``; one that names a script, such as ``sr-latn``, is not judged.
    guess
        What the texts look like.
    """
    code, *rest = declared.strip().lower().replace("_", "-").split("-")
    named = any(len(part) == 4 and part.isalpha() for part in rest)
    if not guess.language or named or guess.words < _WORDS_TO_CONTRADICT or code in alike(guess.language):
        return False
    score, best = guess.score(code), guess.score(guess.language)
    if score is not None and best is not None:
        return score <= best - _WIDE and score <= _WIDE_RATIO * best
    return code in known_languages() - _SEVERAL and code not in WORDS.get(guess.script, ())


def drawn(texts: Sequence[str], most: int = _MOST_TEXTS) -> Sequence[str]:
    """Return so many of the texts, in their order and the same ones every time."""
    if len(texts) <= most:
        return texts
    return [texts[at] for at in sorted(random.Random(0).sample(range(len(texts)), most))]  # noqa: S311 - a sample


@cache
def known_languages() -> frozenset[str]:
    """Return the languages that `guess_language` can return, without their regions."""
    alone = {language_of_script(script) for script in WRITTEN if script not in WORDS}
    return frozenset(alone.union(*WORDS.values()))


@cache
def alike(language: str) -> frozenset[str]:
    """Return the codes whose texts are not to be told from those of a language, its own among them."""
    code = language.strip().lower().replace("_", "-").split("-")[0]
    return frozenset({code}.union(*(group for group in ALIKE if code in group)))


def _by_letters(main: str, letters: Counter[str]) -> str:
    """Return the language of a script that only one, or one and its neighbour, is written in."""
    if main == "HAN":
        signs = sum(count for char, count in letters.items() if script(char) == "HAN")
        cantonese = sum(letters[char] for char in _CANTONESE)
        return "yue" if cantonese > _MOST_MANDARIN * signs else "zh"
    if main == "BENGALI" and letters["ৰ"] + letters["ৱ"] > letters["র"]:
        return "as"
    return language_of_script(main)


@dataclass(frozen=True, slots=True)
class _Profiles:
    """What the languages of a script are told by."""

    names: tuple[str, ...]
    words: dict[str, tuple[str, ...]]
    endings: dict[str, tuple[str, ...]]


@cache
def _profiles(main: str) -> _Profiles:
    words: dict[str, tuple[str, ...]] = {}
    endings: dict[str, tuple[str, ...]] = {}
    for language, line in WORDS[main].items():
        for word in set(line.split()):
            table, key = (endings, word[1:]) if word.startswith("-") else (words, word)
            table[key] = (*table.get(key, ()), language)
    return _Profiles(tuple(WORDS[main]), words, endings)


def _by_words(main: str, texts: Sequence[str]) -> Guess:
    """Return the language whose function words, endings and letters the texts have."""
    profiles = _profiles(main)
    tokens = Counter(token for text in texts for token in _TOKEN.findall(text) if script(token[0]) == main)
    total = max(1, tokens.total())
    points: Counter[str] = Counter()
    letters: Counter[str] = Counter()
    for token, count in tokens.items():
        for language, point in _points(token, profiles).items():
            points[language] += point * count
        for char in "" if token.isascii() else token:
            if not char.isascii() and script(char):
                letters[char] += count
    for language in profiles.names:
        if own := LETTERS.get(language):
            points[language] -= 2 * sum(count for char, count in letters.items() if char not in own)
    scores = {name: points[name] / 2 / total for name in profiles.names}
    scores = dict(sorted(scores.items(), key=lambda item: (-item[1], item[0])))
    best = next(iter(scores))
    near, least = alike(best), max(_MUCH_ALIKE, 2 / total)
    best = next(name for name in profiles.names if name in near and scores[best] - scores[name] <= least)
    second = next(name for name in scores if name not in alike(best))
    ahead = (scores[best] - scores[second]) * total
    apart = 0.0  # evidence for one of the two only: what both have does not tell them apart
    for token, count in tokens.items():
        votes = _points(token, profiles)
        apart += abs(votes.get(best, 0) - votes.get(second, 0)) / 2 * count
    decided = (
        total >= _WORDS_ENOUGH and scores[best] >= _LEAST_SCORE and ahead >= max(_LEAST_AHEAD, _SURE * math.sqrt(apart))
    )
    return Guess(("en-us" if best == "en" else best) if decided else "", main, len(texts), total, scores)


def _points(token: str, profiles: _Profiles) -> dict[str, int]:
    """Return the languages that have a word, 2 for a function word and 1 for an ending."""
    points = {}
    for size in (5, 4, 3, 2):
        if len(token) >= max(4, size + 2) and (ending := profiles.endings.get(token[-size:])):
            points = dict.fromkeys(ending, 1)
            break
    return points | dict.fromkeys(profiles.words.get(token, ()), 2)
