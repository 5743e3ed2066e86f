"""The scripts that languages are written in."""

WRITTEN = {
    "LATIN": "af an az bs ca cs cy da de en eo es et eu fi fr fo ga gd gl gn ha haw hr ht hu ia id ig io is it jv kk "
    "ku kaa la lb lt ltg lv mg mi ms mt nb nl nn no oc om pap pl pt qu quc rm ro rw sk sl sm sn so sq sr st su sv sw "
    "tk tl tn tr ts tt uz vi wo xh yo zu",
    "CYRILLIC": "ab av az ba be bg bs ce cv kaa kk ku kv ky mk mn nog os ru sah sr tg tk tt udm ug uk uz",
    "ARABIC": "ar az fa ha kk ku ky ms pa ps sd tg tk ug ur uz",
    "GREEK": "el grc",
    "HEBREW": "he yi",
    "ARMENIAN": "hy hyw",
    "GEORGIAN": "ka",
    "DEVANAGARI": "bho hi kok mr ne sa sd",
    "BENGALI": "as bn bpy",
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
    "HANGUL": "ko",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "BOPOMOFO": "zh",
    "HAN": "cmn hak ja ko yue zh",
}
"""Script, as Unicode names it -> the languages that are written in it, by their ISO 639 codes: as in the Unicode CLDR,
with what speech corpora use beside it. Several scripts have az, bs, ha, kk, ku, ky, mn, ms, pa, sd, sr, tg, uz ..."""


def scripts_of(language: str) -> frozenset[str]:
    """Return the scripts that a language is written in; empty where they are not known.

    Parameters
    ----------
    language
        A tag such as ``en-us``; one that names a script, such as ``zh-latn``, is not known.
    """
    code, *rest = language.lower().replace("_", "-").split("-")
    if any(len(part) == 4 and part.isalpha() for part in rest):
        return frozenset()
    return frozenset(name for name, codes in WRITTEN.items() if code in codes.split())
