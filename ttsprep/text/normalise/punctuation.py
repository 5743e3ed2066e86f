"""The characters of a transcript in one plain form: NFC, single blanks, ASCII quotes and dashes."""

import re
import unicodedata

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»〝〞＂", '"') | dict.fromkeys("‘’‚‛‹›`´ʼ", "'"))
_GUILLEMETS = re.compile(r"(?<![\w.,!?…])(«)\s|\s(»)(?!\w)")
_HYPHENS = re.compile("[\u2010-\u2012\u2043\ufe63\uff0d]|(?<=\\w)\u2013(?=\\w)|\u2212(?=\\d)|(?<!\\S)\u2013(?=\\d)")
_DASHES = re.compile("[ ]*+(?:[\u2013-\u2015\u2e3a\u2e3b\ufe58]|(?<!-)--+(?!>))+[ ]*")
_OPENED = re.compile(r"(?:^|[\s(])[\"'(]{1,2}$|[(]$|^$")
_OPENS = re.compile(r"[\"'(]{0,2}\w")
_UNUSUAL = re.compile(r"[^\w\s.,;:!?\"'()+-]|--|''|ʼ")
_WIDE = re.compile("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\ufb00-\ufb06]")
_DOTS = re.compile(r"…|\.(?: \.){2,}")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
    "\ufeff\ufff9-\ufffb\U000e0001\U000e0020-\U000e007f]"
)
# Between letters of these scripts a joiner does nothing; in Persian or Hindi it shapes the word.
_JOINERS = re.compile("(?<=[A-Za-zÀ-ɏЀ-ӿΑ-ω])[\u200c\u200d]+|(?<![\u200c\u200d])[\u200c\u200d]+(?=[A-Za-zÀ-ɏЀ-ӿΑ-ω])")


def strip_invisible(text: str) -> str:
    """Return `text` without control, zero-width and text-direction characters; joiners that shape words stay."""
    text = _INVISIBLE.sub("", text)
    return _JOINERS.sub("", text) if "\u200c" in text or "\u200d" in text else text


def compose(text: str) -> str:
    """Return `text` in NFC with single blanks, full-width letters and digits, and ligatures (ﬁ) as plain ones."""
    if not text.isascii():
        text = _WIDE.sub(lambda match: unicodedata.normalize("NFKC", match[0]), unicodedata.normalize("NFC", text))
    return " ".join(text.split())


def plain_marks(text: str) -> str:
    r"""Return `text` with ASCII quotes, hyphens, dashes (a hyphen between blanks) and three dots for an ellipsis.

    Examples
    --------
    >>> plain_marks("« Non »—dit–il… ‘why’")
    '"Non" - dit-il... \'why\''
    """
    if _UNUSUAL.search(text):
        text = _GUILLEMETS.sub(lambda match: match[1] or match[2], text).translate(_QUOTES)
        text = _HYPHENS.sub("-", text)
        if "``" in text or "''" in text:
            text = text.replace("``", '"').replace("''", '"')
        text = _DASHES.sub(_dash, text)
    return _DOTS.sub("...", text)


def _dash(match: re.Match[str]) -> str:
    text, start, end = match.string, match.start(), match.end()
    before = "" if _OPENED.search(text[max(start - 3, 0) : start]) else " "
    after = " " if _OPENS.match(text, end) else ""
    return f"{before}-{after}"
