"""What a normalised text still has that does not say how it is read."""

import re
import unicodedata

from ttsprep.characters import CYRILLIC_STRESS
from ttsprep.stages.numbers_rules import one_of
from ttsprep.stages.text_words import Words

ADDRESS = re.compile(
    r"https?://\S+|www\.\S+|\S+@\S+\.\w+|"
    r"(?<![\w.])[\w-]+\.(?:com|org|net|edu|gov|info|html?|de|fr|es|it|ru|uk|br|in|jp)\b(?!\.\w)",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"[^\s\"(),;!?]*\d[^\s\"(),;!?]*")
_SYMBOLS = set("%&@#+=|\\/*_<>[]{}~^§†‡•′″‰№")
_DAMAGE = re.compile("[\ufffd\ud800-\udfff]|â€.?|[ÂÃ][\x80-\xa9«-´¶-¹»-¿]")
_ENTITY = re.compile(r"&\w+;")
_LIMIT = 200


def left(text: str, table: Words) -> str:
    """Return what is left in `text`, separated by blanks: numbers, symbols, abbreviations, addresses, damage.

    Examples
    --------
    >>> left("an mp3 of 50 @ www.example.org", words("en"))
    'www.example.org mp3 50 @'
    """
    if text.isascii() and _PLAIN.fullmatch(text):
        return ""
    text = CYRILLIC_STRESS.sub("", text)
    found = [item.rstrip(".,;:") for item in ADDRESS.findall(text)]
    rest = ADDRESS.sub(" ", text)
    found += [item.strip(".:'") for item in _DIGITS.findall(rest)]
    rest = _DIGITS.sub(" ", rest)
    found += [char for char in rest if char in _SYMBOLS or unicodedata.category(char) in {"Sc", "Sm", "So"}]
    found += [item if item.isprintable() else f"U+{ord(item[-1]):04X}" for item in _DAMAGE.findall(rest)]
    for kind in ("always", "closing", "before_name"):
        listed = table.abbreviations.get(kind)
        if not listed:
            continue
        found += re.findall(rf"(?<![\w.'-])(?:{one_of(list(listed))})(?!\w)", rest)
    return " ".join(dict.fromkeys(found))[:_LIMIT]


_PLAIN = re.compile(r"[A-Za-z ,;:!?\"'()-]*")
