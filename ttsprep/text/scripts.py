"""Scripts: which a language is written in, which put no blanks between words, and phonemes, which are no script."""

import re
from functools import cache

OWN_TAGS = {
    "jp": "ja", "kr": "ko", "zh": "cmn", "cn": "cmn", "zh_mix_en": "cmn", "en_newest": "en", "en_v2": "en",
    "all_zh": "cmn", "all_ja": "ja", "all_yue": "yue", "all_ko": "ko", "sp": "es", "ge": "de",
    "eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "ita": "it", "por": "pt",
    "rus": "ru", "jpn": "ja", "kor": "ko", "zho": "cmn", "chi": "cmn", "nld": "nl", "pol": "pl", "tur": "tr",
    "ara": "ar", "hin": "hi", "vie": "vi", "tha": "th",
}  # fmt: skip
"""Language tags that the lists of trainers have and BCP 47 has not (or means otherwise), as BCP 47 tags."""
WRITTEN = {
    "LATIN": "af an az bs ca cs cy da de en eo es et eu fi fr fo ga gd gl gn ha haw hr ht hu ia id ig io is it jv kk "
    "ku kaa la lb lt ltg lv mg mi ms mt nb nl nn no oc om pap pl pt qu quc rm ro rw sk sl sm sn so sq sr st su sv sw "
    "tk tl tn tr ts tt uz vi wo xh yo zu",
    "CYRILLIC": "ab av az ba be bg bs ce cv kaa kk ku kv ky mk mn nog os ru sah sr tg tk tt udm ug uk uz",
    "ARABIC": "ar az ckb fa ha kk ku ky ms pa ps sd tg tk ug ur uz",
    "GREEK": "el grc",
    "HEBREW": "he yi",
    "ARMENIAN": "hy hyw",
    "GEORGIAN": "ka",
    "DEVANAGARI": "bho hi kok mr ne sa sd",
    "BENGALI": "bn as bpy",
    "GURMUKHI": "pa",
    "GUJARATI": "gu",
    "ORIYA": "or",
    "TAMIL": "ta",
    "TELUGU": "te",
    "KANNADA": "kn kok",
    "MALAYALAM": "ml",
    "SINHALA": "si",
    "THAI": "th",
    "LAO": "lo",
    "MYANMAR": "my shn",
    "KHMER": "km",
    "TIBETAN": "bo dz",
    "MONGOLIAN": "mn",
    "ETHIOPIC": "am ti",
    "CHEROKEE": "chr",
    "HANGUL": "ko",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "BOPOMOFO": "zh",
    "HAN": "zh cmn hak ja ko nan yue",
}
"""Script, as `ttsprep.text.characters.script` names it -> the languages that are written in it, by their ISO 639 codes:
as in the Unicode CLDR, with what speech corpora use beside it; where they are few, the most spoken comes first."""

NO_BLANKS = ("HAN", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")
"""Scripts that put no blank between words."""

_ARPABET = re.compile(r"@?\{?[A-Z]{1,3}[0-2]?\}?\Z")
_STRESS = frozenset("ˈˌːˑ͡‿")
_IPA_ONLY = frozenset("ɪʃʒɹɾɐɑɜʁɲɟʂʐɕʑʔɫɚʌɒɡɨʉɯɤɥʎɭɳʈɽɸɬɮʍɰɵɘɞɶ")
_IPA = _IPA_ONLY | frozenset("ʊɖɣʋθðəɛɔŋæœøχβ")
"""Letters of the IPA, and those of them that no language, or hardly one, is written with."""


@cache
def scripts_of(language: str) -> frozenset[str]:
    """Return the scripts that a language is written in; empty where they are not known.

    Parameters
    ----------
    language
        A tag such as ``en-us``; one that names a script, such as ``zh-latn``, is not known.
    """
    code, *rest = language.strip().lower().replace("_", "-").split("-")
    if any(len(part) == 4 and part.isalpha() for part in rest):
        return frozenset()
    return frozenset(name for name, codes in WRITTEN.items() if code in codes.split())


def language_of_script(script: str) -> str:
    """Return the most spoken language that is written in a script, or ""."""
    return WRITTEN.get(script, "").partition(" ")[0]


def is_phonemes(text: str) -> bool:
    """Whether a text is in phonemes: IPA with its stress marks or with letters of its own, or ARPABET.

    Examples
    --------
    >>> is_phonemes("ˈʌðɚ kˈɪdz"), is_phonemes("HH AH0 L OW1"), is_phonemes("Tá tú ann"), is_phonemes("χθες βράδυ")
    (True, True, False, False)
    """
    if not text.isascii():
        signs = sum(char in _IPA or char in _STRESS for char in text)
        if not signs or signs < 0.08 * len(text):
            return False
        characters = set(text)
        sure = len(characters & _IPA_ONLY)
        return not characters.isdisjoint(_STRESS) or sure > 1 or (sure > 0 and len(characters & _IPA) > 2)
    symbols = text.split()
    good = sum(_ARPABET.match(symbol) is not None for symbol in symbols)
    return len(symbols) > 2 and good >= 0.9 * len(symbols) and any(s.rstrip("}")[-1:] in "012" for s in symbols)
