"""Languages of clips that do not say theirs, and texts that look like another language than the declared one."""

from collections.abc import Iterator, Sequence

from ttsprep.core.types import Clip, Finding, Severity
from ttsprep.text.language import Guess, contradicts, guess_language

ASSUMED_LANGUAGE = "en-us"
"""Of a corpus that names no language, and whose texts do not show theirs."""
_WORDS, _SCORE, _AHEAD = 10, 0.08, 2.5
"""Words and score of the likeliest language, at least, and words that it has more than English."""
_LANGUAGE_FOLDERS = 64
"""Folders of a corpus, at most, that may each have a language."""


def fill_languages(clips: Sequence[Clip], language: str) -> list[str]:
    """Fill the language in where a clip has none; return a line about it if it was guessed or assumed."""
    without = [clip for clip in clips if not clip.language]
    lines: list[str] = []
    own: dict[str, str] = {}
    if without and not language:
        guess = guess_language([clip.text for clip in without])
        own = _languages_of_folders(without, guess)
        language = likeliest(guess) or ASSUMED_LANGUAGE
        if own:
            listed = ", ".join(f"{code} in {folder}/" for folder, code in [*own.items()][:8])
            more = f" and {len(own) - 8} more" if len(own) > 8 else ""
            lines = [f"languages guessed folder by folder: {listed}{more}, else {language}: --language changes it"]
        elif guess.language:
            count = f"{guess.texts:,} text{'s' if guess.texts != 1 else ''}"
            count = count if guess.texts == len(without) else f"{guess.texts:,} of {len(without):,} texts"
            lines = [f"language {language}, guessed from {count}: --language changes it"]
        elif any(clip.text.strip() for clip in without):
            like = "the texts do not show it" if language == ASSUMED_LANGUAGE else "the texts look most like it"
            lines = [f"language {language} is assumed, {like}: --language changes it"]
    for clip in clips:
        if not clip.language:
            # as if it was made so: nobody else has it yet, and a copy of a million takes seconds
            object.__setattr__(clip, "language", own.get(clip.path.partition("/")[0], language))
    return lines


def _languages_of_folders(clips: Sequence[Clip], common: Guess) -> dict[str, str]:
    """Return the languages of the folders whose texts are in another one than most, or all of them are."""
    folders: dict[str, list[str]] = {}
    for clip in clips:
        folders.setdefault(clip.path.partition("/")[0], []).append(clip.text)
    if not 1 < len(folders) <= _LANGUAGE_FOLDERS:
        return {}
    guesses = {folder: guess_language(texts) for folder, texts in folders.items()}
    others = {
        folder: language
        for folder, guess in guesses.items()
        if (language := likeliest(guess)) and (not common.language or contradicts(common.language, guess))
    }
    return others if common.language or len({*others.values()}) > 1 else {}


def likeliest(guess: Guess) -> str:
    """Return the language of a guess; where it does not decide, the best one if the texts are surely not English."""
    best = next(iter(guess.scores), "")
    if guess.language or not best or guess.words < _WORDS or guess.scores[best] < _SCORE:
        return guess.language
    ahead = guess.scores[best] - guess.scores.get("en", -1.0)
    return best if best != "en" and ahead * guess.words >= _AHEAD else ""


def mismatches(clips: Sequence[Clip]) -> Iterator[Finding]:
    """Name each language whose texts look like another one."""
    texts: dict[str, list[str]] = {}
    for clip in clips:
        texts.setdefault(clip.language, []).append(clip.text)
    for declared, own in texts.items():
        guess = guess_language(own)
        if contradicts(declared, guess):
            message = f"the {len(own):,} texts in {declared!r} look like {guess.language!r}"
            if shares := [share for share in (guess.score(guess.language), guess.score(declared)) if share is not None]:
                message += " (" + " against ".join(f"{max(0.0, share):.0%}" for share in shares) + " of their words)"
            yield Finding("", "language-mismatch", Severity.WARNING, message)
