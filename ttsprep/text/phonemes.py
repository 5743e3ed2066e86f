"""Text to phones, through eSpeak NG: the only module that imports phonemizer, which is under the GPL-3.

Phonemes of a text are one string: phones separated by a blank, words by ``|``, as in ``h ə l oʊ | w ɜː l d``.
Stress and tone are left out: they are not phones. Words that eSpeak NG reads as another language's keep that
language's phones. eSpeak NG runs inside the process; texts that crash it are kept from it by `sanitize_for_tts`.
"""

import ctypes
import difflib
import logging
import os
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ttsprep.core.errors import UsageError
from ttsprep.text.characters import sanitize_for_tts, script
from ttsprep.text.scripts import OWN_TAGS, is_phonemes, scripts_of

WORD = "|"
"""Stands between two words in a string of phonemes."""

MEMO_SIZE = 10_000
"""Texts whose phonemes are remembered: some tens of shards."""

_ALIASES = {
    "en": "en-us", "en-ca": "en-us", "en-uk": "en-gb", "en-au": "en-gb", "en-ie": "en-gb", "en-in": "en-gb",
    "en-nz": "en-gb", "en-za": "en-gb", "fr": "fr-fr", "no": "nb", "nn": "nb", "iw": "he", "in": "id",
    "zh": "cmn", "zh-hk": "yue", "zh-mo": "yue", "es-es": "es", "es-mx": "es-419", "es-us": "es-419",
    "es-ar": "es-419", "es-co": "es-419", "es-cl": "es-419", "es-pe": "es-419",
    "chr": "chr-US-Qaaa-x-west",
}  # fmt: skip
_SUBTAG = re.compile(
    r"[a-z]{2}|[0-9][0-9a-z]{2,3}|x|valencia|arab|armn|beng|cyrl|deva|ethi|geor|grek|gujr|guru|hang|hani|hans|hant|hebr"
    r"|hira|jpan|kana|khmr|knda|kore|laoo|latn|mlym|mong|mymr|orya|sinh|taml|telu|thaa|thai|tibt"
)
"""What may follow a language in a tag although eSpeak NG makes no difference: regions, scripts, years of a spelling."""
_TONAL = ("cmn", "yue", "hak", "vi", "th", "shn", "my")
_SYNCHRONOUS = 0x02
"""eSpeak NG's AUDIO_OUTPUT_SYNCHRONOUS."""
_UNUSABLE = {"fo", "kaa", "lfn", "xex", "kl"}
"""Voices that come without their dictionary; Greenlandic, where a digit crashes eSpeak NG."""
_FLAG = re.compile(r"\([a-z][\w-]*\)")
_TONE = re.compile(r"(?<=\S)[0-9ɜ]{1,9}(?=\s|$)")
_MARKS = re.compile(r"((?:(?<!\s)\s+)?[;:,.!?¡¿—…\"«»“”]+\s*)")
"""Punctuation that VITS and StyleTTS 2 know; phonemizer kept no other when they were trained."""
_READ = {"ja": frozenset({"HIRAGANA", "KATAKANA"}), "ko": frozenset({"HANGUL"})}
"""Scripts that eSpeak NG reads, where they are fewer than the language is written in."""
_SPELT = frozenset({"HAN", "HIRAGANA", "KATAKANA", "HANGUL"})
"""Scripts whose letters eSpeak NG has no sound for outside of their languages, and names one by one in English."""
_memo: dict[tuple[str, str], str] = {}


def espeak_data() -> Path:
    """Return the folder of eSpeak NG's data."""
    import espeakng_loader

    return Path(espeakng_loader.get_data_path())


@cache
def languages() -> dict[str, str]:
    """Return the languages that texts can be phonemised in: eSpeak NG's code -> its name in English."""
    voices = _backend_class().supported_languages()
    return {code: name for code, name in sorted(voices.items()) if code not in _UNUSABLE}


@cache
def espeak_code(language: str) -> str:
    """Return eSpeak NG's code for a language tag: ``en`` -> ``en-us``, ``pt_BR`` -> ``pt-br``.

    Raises
    ------
    UsageError
        If eSpeak NG has no such language; names the nearest.
    """
    codes = {code.lower(): code for code in languages()}
    parts = language.strip().lower().replace("_", "-").split("-")
    beginnings = {end: "-".join(parts[:end]) for end in range(len(parts), 0, -1)}
    known = {end: voice for end, tag in beginnings.items() if (voice := codes.get(tag) or _ALIASES.get(tag))}
    for end, voice in known.items():
        if all(map(_SUBTAG.fullmatch, parts[end:])):
            return voice
    named = {name.lower(): code for code, name in languages().items()}
    plain = language.strip().lower()
    starting = [name for name in named if plain and name.startswith(plain)]
    close = [OWN_TAGS[plain]] if plain in OWN_TAGS else []
    close = close or [named[name] for name in starting or difflib.get_close_matches(plain, named, n=3, cutoff=0.75)]
    close = close or difflib.get_close_matches(plain, [*codes, *_ALIASES], n=3) or [beginnings[end] for end in known]
    hint = (
        f"did you mean {' or '.join(map(repr, close))}?"
        if close
        else f"give one of {len(codes)} codes such as 'en', 'pt-br' or 'cmn', or a name such as 'Gujarati'"
    )
    raise UsageError(f"no language is called {language!r}; {hint}")


def phonemize(texts: Sequence[str], language: str) -> list[str]:
    """Return the phonemes of each text, in the order and number of `texts`; "" where nothing is spoken.

    The result of a text does not depend on the texts around it. What was phonemised is remembered (the last
    `MEMO_SIZE` texts), so that a caller can warm a shard in one call.

    Parameters
    ----------
    texts
        Any strings; lone surrogates, control characters, emoji and markup do no harm.
    language
        Language tag; see `espeak_code`.

    Raises
    ------
    UsageError
        If eSpeak NG has no such language.

    Examples
    --------
    >>> phonemize(["Hello, world!", "..."], "en-us")
    ['h ə l oʊ | w ɜː l d', '']
    """
    code = espeak_code(language)
    known = {text: _memo[code, text] for text in texts if (code, text) in _memo}
    new = [text for text in dict.fromkeys(texts) if text not in known]
    spoken = [(text, plain) for text in new if (plain := sanitize_for_tts(text))]
    known |= dict.fromkeys(new, "")
    if spoken:
        lines = _espeak(code)([plain for _, plain in spoken])
        known |= {text: clean_phonemes(line, code) for (text, _), line in zip(spoken, lines, strict=True)}
    for text in new[-MEMO_SIZE:]:
        if len(_memo) >= MEMO_SIZE:
            del _memo[next(iter(_memo))]
        _memo[code, text] = known[text]
    return [known[text] for text in texts]


def is_readable(text: str, language: str) -> bool:
    """Return whether eSpeak NG reads the letters of a text in a language, and does not spell their names in English.

    It knows no Chinese characters in Japanese ("Chinese letter"), none of Chinese, Japanese and Korean letters in other
    languages, and reads phonemes letter by letter.

    Examples
    --------
    >>> is_readable("えきはどこですか", "ja"), is_readable("電車が遅れた", "ja"), is_readable("電車", "cmn")
    (True, False, True)
    """
    if is_phonemes(text):
        return False
    if text.isascii():
        return True
    own = _READ.get(language.lower().replace("_", "-").split("-")[0]) or scripts_of(language)
    return not any((name := script(char)) in _SPELT and name not in own for char in text if char.isalpha())


def phones(phonemes: str) -> list[str]:
    """Return the phones of a string of phonemes, without the marks between words."""
    return [phone for phone in phonemes.split() if phone != WORD]


def transcribe(texts: Sequence[str], language: str) -> list[str]:
    """Return each text in IPA with stress, its punctuation where it stands, as VITS and StyleTTS 2 learn from.

    This is what phonemizer gives with ``preserve_punctuation=True, with_stress=True``, which loses empty texts
    and so shifts all that follow; here, what is between the marks is phonemised. Brackets are left out.

    Parameters
    ----------
    texts
        Any strings.
    language
        Language tag; see `espeak_code`.

    Raises
    ------
    UsageError
        If eSpeak NG has no such language.

    Examples
    --------
    >>> transcribe(["Hello, world!"], "en-us")
    ['həlˈoʊ, wˈɜːld!']
    """
    pieces = [_MARKS.split(text) for text in texts]  # every other piece is a mark
    spoken = [plain for row in pieces for piece in row[::2] if (plain := sanitize_for_tts(piece))]
    lines = iter(_espeak(espeak_code(language), stress=True)(spoken) if spoken else ())
    for row in pieces:
        row[::2] = [" ".join(next(lines).split()) if sanitize_for_tts(piece) else "" for piece in row[::2]]
    return [" ".join("".join(row).split()) for row in pieces]


def raw_phonemes(texts: Sequence[str], language: str) -> list[str]:
    """Return the phonemes of each text as eSpeak NG gives them, with the flags of language switches."""
    plain = [sanitize_for_tts(text) or "." for text in texts]
    lines: list[str] = _espeak(espeak_code(language))(plain)
    return lines


def clean_phonemes(line: str, language: str) -> str:
    """Return a line of `raw_phonemes` without flags, tones and spare blanks."""
    if "(" in line:
        line = _FLAG.sub(" ", line)
    if espeak_code(language).startswith(_TONAL):
        line = _TONE.sub("", line)
    return f" {WORD} ".join(" ".join(word.split()) for word in line.split(WORD) if word.strip())


@cache
def _backend_class() -> Any:
    import espeakng_loader
    from phonemizer.backend import EspeakBackend
    from phonemizer.backend.espeak import api, wrapper
    from phonemizer.backend.espeak.wrapper import EspeakWrapper

    original = api.EspeakAPI

    def in_memory(library: str, data_path: str) -> Any:
        """Load a copy of eSpeak NG of its own from memory: phonemizer writes one to $TMPDIR, which may be full."""
        espeak = original.__new__(original)
        copy = os.memfd_create("espeak")  # stays open: the loader takes libraries of one name, and so number, for one
        with open(copy, "wb", closefd=False) as file:
            file.write(Path(library).read_bytes())
        espeak._library, espeak._library_path = ctypes.CDLL(f"/proc/self/fd/{copy}"), Path(library)
        if espeak._library.espeak_Initialize(_SYNCHRONOUS, 0, str(data_path).encode(), 0) <= 0:
            raise RuntimeError(f"eSpeak NG finds no data in {data_path}")
        return espeak

    if hasattr(os, "memfd_create"):
        wrapper.EspeakAPI = in_memory
    EspeakWrapper.set_library(espeakng_loader.get_library_path())
    EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
    return EspeakBackend


@cache
def _espeak(code: str, *, stress: bool = False) -> Any:
    # One backend a process and language, never let go: each leaks about 5 MB. `(?!)` matches nothing, so that
    # phonemizer leaves punctuation to eSpeak NG, which phrases by it; it then never drops or shifts a line.
    from phonemizer.separator import Separator

    silent = logging.getLogger("ttsprep.espeak")
    silent.addHandler(logging.NullHandler())
    silent.propagate = False
    options = {"with_stress": True, "language_switch": "remove-flags"} if stress else {}
    backend = _backend_class()(code, punctuation_marks=re.compile("(?!)"), logger=silent, **options)
    separator = Separator(word=" ") if stress else Separator(phone=" ", word=f" {WORD} ", syllable="")
    return lambda lines: backend.phonemize(lines, separator=separator, strip=True)
