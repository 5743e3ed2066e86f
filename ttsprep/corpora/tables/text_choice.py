"""Which column of a table is the text: by its title, its letters, its length beside the audio, or none for certain."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from statistics import fmean

from ttsprep.corpora.tables.evidence import Evidence, likeness, rank_correlation
from ttsprep.corpora.tables.names import NORMALISED, TEXT
from ttsprep.text.scripts import scripts_of

MARKS = {
    "prosody marks": re.compile(r"#[0-4]"),
    "pinyin": re.compile(r"\s{0,9}\b[a-zü:]{1,7}[0-6]\b\s*"),
    "the reading in kana": re.compile(r"[,，][\u30a0-\u30ff\u3000-\u303f！？\s]{1,2000}\Z"),
}
"""What corpora put between the characters of a text: ``#1`` in Baker, ``广 guang3`` in AISHELL-3; or behind it: ITA."""
_HEARD = frozenset([
    "asr",
    "hypothesis",
    "hyp",
    "prediction",
    "predicted",
    "pred",
    "whisper",
    "recognized",
    "recognised",
])
"""Words in titles of texts that a recogniser wrote."""
_HAN = re.compile(r"[\u4e00-\u9fff]")
_COMPARED = 200
"""Rows by which two columns are compared."""
_ALIKE = 0.6
"""Share of the words of two columns that are the same, from which on they are forms of one text."""


@dataclass(frozen=True, slots=True)
class TextColumns:
    """The columns that may be the text.

    Attributes
    ----------
    cells
        By place.
    evidence
        By place.
    titles
        By place, as `plain_name` returns them; empty without a title line.
    audio
        Places of columns that name audio files as well.
    sizes
        Returns the bytes of the file that each row names, or 0; asked only where the letters do not decide.
    language
        Of the corpus, or "".
    """

    cells: Mapping[int, Sequence[str]]
    evidence: Mapping[int, Evidence]
    titles: Mapping[int, str]
    audio: Set[int]
    sizes: Callable[[], Sequence[int]]
    language: str


@dataclass(frozen=True, slots=True)
class TextChoice:
    """The text column; `place` is None where the table has no second column."""

    place: int | None
    why: str = ""
    phonemes: bool = False
    marks: str = ""
    alike: tuple[int, ...] = ()


def choose_text(columns: TextColumns) -> TextChoice | str:
    """Return the text column, or why none can be told for certain."""
    if not columns.cells:
        return TextChoice(None, "no column of texts")
    titled = sorted(
        (p for p, title in columns.titles.items() if title in TEXT and p in columns.cells),
        key=lambda p: TEXT.index(columns.titles[p]),
    )
    titled = [p for p in titled if columns.evidence[p].filled > 0]
    if titled:
        return _of_titled(columns, titled)
    evidence = columns.evidence
    sentences = [p for p in columns.cells if p not in columns.audio and evidence[p].is_sentence]
    heard = [p for p in sentences if _HEARD & {*columns.titles.get(p, "").split("_")}]
    if heard and len(heard) < len(sentences):
        others = {place: cells for place, cells in columns.cells.items() if place not in heard}
        chosen = choose_text(replace(columns, cells=others))
        what = f"column {heard[0] + 1} is what a recogniser wrote"
        return chosen if isinstance(chosen, str) else replace(chosen, why="; ".join(filter(None, (chosen.why, what))))
    words = [p for p in columns.cells if p not in columns.audio and evidence[p].is_word]
    rows = len(next(iter(columns.cells.values())))
    if sentences:
        rivals = (
            words
            if rows >= 10
            else [p for p in words if evidence[p].letters > 0.7 * max(evidence[s].letters for s in sentences)]
        )
        return _among(columns, sentences + rivals)
    if words and not columns.titles:  # under a title that names no text a word may be a label
        return _among(columns, words)
    phonemes = [p for p in columns.cells if evidence[p].phonemes >= 0.5]
    if len(phonemes) == 1:
        return TextChoice(phonemes[0], "the only texts are phonemes", phonemes=True)
    return "no column can be told to be the text"


def _of_titled(columns: TextColumns, titled: Sequence[int]) -> TextChoice | str:
    first = titled[0]
    for other in titled[1:]:
        forms = columns.titles[first] in NORMALISED and columns.titles[other] not in NORMALISED
        if not forms and columns.evidence[other].filled >= 0.5 and _likeness(columns, first, other) < _ALIKE:
            one, two = columns.titles[first], columns.titles[other]
            return f"columns {first + 1} ({one}) and {other + 1} ({two}) hold different texts"
    evidence = columns.evidence[first]
    return TextChoice(first, "", evidence.phonemes >= 0.5, _marks(columns.cells[first]), tuple(titled))


def _among(columns: TextColumns, places: Sequence[int]) -> TextChoice | str:
    groups = _groups(columns, places)
    why = ""
    if len(groups) > 1:
        scripts = scripts_of(columns.language) if columns.language else frozenset()
        fitting = [group for group in groups if columns.evidence[group[0]].script in scripts]
        if scripts and len(fitting) == 1:
            why = f"the only text in the script of {columns.language}"
            groups = fitting
        elif (best := _by_length(columns, groups)) is not None:
            why = "its length goes with that of the audio"
            groups = [best]
        else:
            several = [group for group in groups if len(group) > 1]
            if len(several) == 1:
                groups, why = several, f"{len(several[0])} columns hold forms of this text"
    if len(groups) > 1:
        return f"columns {' and '.join(str(group[0] + 1) for group in groups)} may each be the text"
    group = groups[0]
    place = _spoken(columns, group)
    if len(group) > 1:
        others = [str(p + 1) for p in group if p != place]
        same = f"columns {' and '.join(others)} are" if others[1:] else f"column {others[0]} is"
        why = "; ".join(filter(None, (why, f"{same} the same text otherwise written")))
    return TextChoice(place, why, marks=_marks(columns.cells[place]), alike=tuple(group))


def _groups(columns: TextColumns, places: Sequence[int]) -> list[list[int]]:
    """Put columns together that hold forms of one text: as written, as read aloud, in lower case."""
    groups: list[list[int]] = []
    for place in sorted(places):
        for group in groups:
            if _likeness(columns, group[0], place) >= _ALIKE:
                group.append(place)
                break
        else:
            groups.append([place])
    return groups


def _likeness(columns: TextColumns, one: int, other: int) -> float:
    return likeness(columns.cells[one][:_COMPARED], columns.cells[other][:_COMPARED])


def _by_length(columns: TextColumns, groups: Sequence[list[int]]) -> list[int] | None:
    """Return the group whose texts are long where the audio is, if the others' are not."""
    bytes_of = columns.sizes()
    known = [i for i, size in enumerate(bytes_of) if size > 0]
    if len(known) < 12:
        return None
    sizes = [float(bytes_of[i]) for i in known]
    rated = []
    for group in groups:
        cells = columns.cells[group[0]]
        rated.append((rank_correlation([float(len(cells[i])) for i in known], sizes), group))
    rated.sort(key=lambda pair: pair[0], reverse=True)
    (best, group), (second, _) = rated[:2]
    return group if best >= 0.6 and best - second >= 0.35 else None


def _spoken(columns: TextColumns, group: Sequence[int]) -> int:
    """Return the form of a text that is nearest to what is read aloud: no digits, not shortened, not decomposed."""

    def rank(place: int) -> tuple[float, float, float, float, int]:
        cells = columns.cells[place]
        decomposed = fmean(unicodedata.normalize("NFC", cell) != cell for cell in cells)
        without_case = all(cell == cell.lower() for cell in cells)
        length = fmean(len(unicodedata.normalize("NFC", cell)) for cell in cells)
        return decomposed > 0.5, round(columns.evidence[place].digits, 2), without_case, -round(length / 2), -place

    return min(group, key=rank)


def _marks(cells: Sequence[str]) -> str:
    """Return which of `MARKS` most texts have between their characters, or ""."""
    texts = [(cell, len(_HAN.findall(cell))) for cell in cells]
    if sum(characters > 0 for _, characters in texts) < 0.8 * len(texts):
        return ""
    needs: dict[str, Callable[[int], float]] = {
        "prosody marks": lambda _: 1,
        "pinyin": lambda characters: characters / 2,
        "the reading in kana": lambda _: 1,
    }
    for name, pattern in MARKS.items():
        needed = needs[name]
        marked = sum(len(pattern.findall(cell)) >= needed(characters) for cell, characters in texts)
        if marked > 0.8 * len(texts):
            return name
    return ""
