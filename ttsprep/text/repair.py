"""Damage that can be undone for certain: UTF-8 read as another encoding, HTML entities and tags."""

import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import partial
from html.entities import html5

from ttsprep.text.characters import script

_CONT = "\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_CONT_1251 = "\x80-\xbfЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—™љ›њќћџЎўЈҐЁЄЇІіґё№єјЅѕї"
_RUN = re.compile(f"(?:[Â-ß][{_CONT}]|[à-ï][{_CONT}]{{2}}|ð[{_CONT}]{{3}})+")
_RUN_1251 = re.compile(f"(?:[РС][{_CONT_1251}]|в[Ђ„][{_CONT_1251}])+")
# One pair proves it only if its second character is no quote or dash (“MAÇÔ in capitals ends in Ã and ”).
_CERTAIN = re.compile("[ÂÃÄÅ][\x80-\x9f¡-ª¬-º¼-¿€ƒ†‡ˆ‰Š‹ŒŽ•˜™šœžŸ]|â€|ï»¿|ï¿½|ï¬[\x80\x81]|ð[\x9fŸ]")
_CYRILLIC = {"ru", "uk", "be", "bg", "sr", "mk", "kk", "ky", "mn", "tg", "tt"}
_ENTITY = re.compile(r"&(?:#\d{2,7}|#[xX][0-9a-fA-F]{2,6}|[A-Za-z][A-Za-z0-9]{1,30});")
HTML_TAG = re.compile(
    r"</?(?:a|b|big|br|center|div|em|font|h[1-6]|i|li|p|s|small|span|strong|sub|sup|u|ul)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_BREAK = re.compile(r"</?(?:br|p|div|li|h[1-6]|ul)\b", re.IGNORECASE)


def fix_mojibake(text: str, language: str) -> tuple[str, list[str]]:
    """Return `text` without the damage that is certain, and what was undone.

    Examples
    --------
    >>> fix_mojibake("cafÃ© &amp; thÃ©", "fr")
    ('café & thé', ['mojibake', 'entities'])
    """
    done = []
    for name, fix in (
        ("mojibake", partial(_decoded, language=language)),
        ("entities", _unescaped),
        ("tags", _untagged),
    ):
        fixed = fix(text)
        if fixed != text:
            done.append(name)
            text = fixed
    return text, done


def mojibake(text: str, language: str) -> Iterator[str]:
    """Yield the runs of characters that are UTF-8 read as Windows-1252 or 1251 for certain: `fix_mojibake` undoes them.

    Examples
    --------
    >>> list(mojibake("cafÃ© Ã la carte", "fr"))
    ['Ã©']
    """
    for pattern, meaning in () if text.isascii() else _readings(language):
        yield from (match[0] for match in pattern.finditer(text) if meaning(match) != match[0])


def _readings(language: str) -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]:
    """Return the patterns of what may be mojibake, and what each match means: itself where that is not certain."""
    cyrillic = language.lower().replace("_", "-").split("-")[0] in _CYRILLIC
    return (_RUN, _from_1252), (_RUN_1251, partial(_from_1251, least=2 if cyrillic else 3))


def _decoded(text: str, language: str) -> str:
    for _ in range(0 if text.isascii() else 3):  # text may have been read wrongly more than once
        before = text
        for pattern, meaning in _readings(language):
            text = pattern.sub(meaning, text)
        if text == before:
            break
    return text


def _from_1252(match: re.Match[str]) -> str:
    run = match[0]
    meant = _meant(run, "cp1252")
    if len(meant) > 1 or _CERTAIN.match(run):
        return meant or run
    inside_word = run[0] in "ÃÅ" and match.string[match.end() : match.end() + 1].islower()
    return meant if meant and inside_word and script(meant) == "LATIN" else run


def _from_1251(match: re.Match[str], least: int) -> str:
    meant = _meant(match[0], "cp1251")
    letters = [char for char in meant if script(char)]
    certain = len(letters) >= least or (meant and not letters)
    return meant if certain and all(script(char) in {"CYRILLIC", "LATIN"} for char in letters) else match[0]


def _meant(run: str, encoding: str) -> str:
    """Return what the bytes of `run` are in UTF-8; "" unless all of it is printable and assigned."""
    try:
        meant = b"".join(_byte(char, encoding) for char in run).decode()
    except UnicodeDecodeError:
        return ""
    sound = all(char.isprintable() or char in "\u00a0\u00ad\ufeff\u200b" for char in meant)
    return meant if sound and all(unicodedata.category(char) not in {"Cn", "Co"} for char in meant) else ""


def _byte(char: str, encoding: str) -> bytes:
    try:
        return char.encode(encoding)
    except UnicodeEncodeError:  # a byte that the code page leaves undefined is read as its Latin-1 control
        return char.encode("latin-1", "replace")


def _unescaped(text: str) -> str:
    for _ in range(3 if "&" in text else 0):  # &amp;quot; was escaped twice
        before, text = text, _ENTITY.sub(_entity, text)
        if text == before:
            break
    return text


def _entity(match: re.Match[str]) -> str:
    known = match[0][1] == "#" or match[0][1:] in html5
    return html.unescape(match[0]) if known else match[0]  # unescape makes ¬hing; of &nothing;


def _untagged(text: str) -> str:
    if "<" not in text:
        return text
    return HTML_TAG.sub(lambda match: " " if _BREAK.match(match[0]) else "", text)
