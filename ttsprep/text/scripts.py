"""Scripts: of a letter, and of a language as it is written."""

import unicodedata
from functools import cache

NO_BLANKS = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")
"""Scripts that put no blank between words."""

_WRITTEN = {
    "CYRILLIC": "ru uk be bg sr mk kk ky mn tg tt ba cv os",
    "GREEK": "el grc",
    "ARABIC": "ar fa ur ps ug sd ckb",
    "HEBREW": "he yi",
    "DEVANAGARI": "hi mr ne sa kok",
    "BENGALI": "bn as bpy",
    "GUJARATI": "gu",
    "GURMUKHI": "pa",
    "ORIYA": "or",
    "TAMIL": "ta",
    "TELUGU": "te",
    "KANNADA": "kn",
    "MALAYALAM": "ml",
    "SINHALA": "si",
    "THAI": "th",
    "LAO": "lo",
    "KHMER": "km",
    "MYANMAR": "my",
    "SHAN": "shn",
    "ETHIOPIC": "am ti",
    "GEORGIAN": "ka",
    "ARMENIAN": "hy",
    "CHEROKEE": "chr",
    "CJK": "zh cmn yue nan hak ja",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
}
_SCRIPTS: dict[str, frozenset[str]] = {}
for _script, _codes in _WRITTEN.items():
    for _code in _codes.split():
        _SCRIPTS[_code] = _SCRIPTS.get(_code, frozenset()) | {_script}
_LATIN = frozenset({"LATIN"})


@cache
def script(letter: str) -> str:
    """Return the script of a letter by the first word of its name: ``LATIN``, ``CJK``, ``HANGUL``."""
    return unicodedata.name(letter, "").split(" ")[0].split("-")[0]


def scripts_of(language: str) -> frozenset[str]:
    """Return the scripts that a language is written in, as `script` names them; those of unknown ones are Latin."""
    return _SCRIPTS.get(language.strip().lower().replace("_", "-").split("-")[0], _LATIN)
