"""Finding the columns of a table by evidence: which names the audio, which is the text, and what the others are."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ttsprep.core.errors import UsageError, nearest
from ttsprep.corpora.tables.evidence import GENDERS, STYLES, Evidence, language_tag, rank_correlation
from ttsprep.corpora.tables.match import names_audio
from ttsprep.corpora.tables.names import REFERENCE, ROLES, plain_name
from ttsprep.corpora.tables.sample import Sample, refuse
from ttsprep.corpora.tables.text_choice import TextColumns, choose_text


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of a table are; None where the table has no such column.

    Attributes
    ----------
    count
        Cells of a usual row.
    header
        Whether the first row is a title line.
    path, text, speaker, language, id, start, end, duration
        Places of the columns from 0.
    units
        Seconds that a number in `start` means, and one in `end`, or without it in `duration`.
    matched
        Share of the sample whose name stands for a file of the corpus.
    marks
        What stands between the characters of the text and is no part of it; one of `MARKS`, or "".
    phonemes
        Whether the text is in phonemes.
    alike
        The columns that hold forms of the text, itself among them.
    alone
        Whether no other column holds words, so that a delimiter too many is in the text.
    why
        What showed it, for the terminal and ``summary.json``.
    """

    count: int
    header: bool
    path: int
    text: int | None = None
    speaker: int | None = None
    language: int | None = None
    id: int | None = None
    start: int | None = None
    end: int | None = None
    duration: int | None = None
    units: tuple[float, float] = (1.0, 1.0)
    matched: float = 0.0
    marks: str = ""
    phonemes: bool = False
    alike: tuple[int, ...] = ()
    alone: bool = True
    why: str = ""

    def pick(self, cells: Sequence[str], which: int | None) -> str:
        """Return a cell, or "" where there is none."""
        return cells[which] if which is not None and which < len(cells) else ""


def parse_columns(given: Sequence[str]) -> list[tuple[str, str]]:
    """Return roles, with titles or "", from the words of ``--columns``.

    Parameters
    ----------
    given
        A role for each column in order (``path``, ``-``, ``text``), or ``role=title`` for some columns of a table
        with a title line.

    Raises
    ------
    UsageError
        If there is no such role, one is given twice, or ``path`` is missing.
    """
    roles: list[tuple[str, str]] = []
    for word in given:
        role, _, title = word.strip().partition("=")
        role = role.strip().lower() or "-"
        if role not in ROLES and role != "-":
            raise UsageError(f"--columns: there is no column {role!r}; {nearest(role, [*ROLES, '-'])}")
        if role != "-" and role in [other for other, _ in roles]:
            raise UsageError(f"--columns: {role} is given twice")
        roles.append((role, title.strip()))
    if roles and "path" not in [role for role, _ in roles] and "id" not in [role for role, _ in roles]:
        raise UsageError("--columns: one column must be path, the name of the audio file")
    return roles


def find_columns(sample: Sample, given: Sequence[str] = (), language: str = "") -> Columns:
    """Find the columns of a table.

    Parameters
    ----------
    sample
        Rows from all over it.
    given
        What a person says of the columns, of ``--columns``.
    language
        Of the corpus where a person gives it, or "": tells a text from its translation in another script.

    Raises
    ------
    CorpusError
        If two columns are equally likely, or none is; shows three rows and the option that decides.
    """
    if given:
        return _as_given(sample, parse_columns(given))
    path = _find_path(sample)
    if sample.title:
        named = {role: sample.named(role) for role in ROLES if role != "path"}
        places = {role: place for role, place in named.items() if place is not None and place != path}
        if "end" in places and places["end"] == places.get("start"):
            del places["end"]
        if "id" in places and sample.evidence[places["id"]].distinct < 0.99:
            del places["id"]
    else:
        places = {}
    columns = _placed(sample, path, places)
    rest = [place for place in range(sample.count) if place != path]
    if columns.language is None:
        columns = replace(
            columns,
            language=next(
                (p for p in rest if sample.evidence[p].language >= 0.95 and sample.evidence[p].filled > 0.5), None
            ),
        )
    tags = [language_tag(cell) for cell in sample.columns[columns.language]] if columns.language is not None else []
    spoken = language or (Counter(tags).most_common(1)[0][0] if tags else "")
    taken = {path, columns.language, columns.speaker, columns.id}
    chosen = choose_text(
        TextColumns(
            {p: sample.columns[p] for p in rest if p not in taken or p == columns.text},
            {p: sample.evidence[p] for p in rest},
            {p: plain_name(sample.title[p]) for p in rest} if sample.title else {},
            {p for p in rest if sample.matched(p) >= 0.5},
            lambda: [sample.index.size(file) for file in sample.files[path]],
            spoken,
        )
    )
    if isinstance(chosen, str):
        raise refuse(sample, chosen)
    columns = replace(
        columns,
        text=chosen.place,
        phonemes=chosen.phonemes,
        marks=chosen.marks,
        alike=chosen.alike,
        alone=all(sample.evidence[p].prose < 0.3 for p in rest if p != chosen.place),
    )
    speaker, doubt = (columns.speaker, "") if columns.speaker is not None else _find_speaker(sample, columns)
    columns = replace(columns, speaker=speaker)
    return replace(
        columns,
        why="; ".join(
            filter(
                None,
                (_describe(sample, columns), chosen.why, f"without its {chosen.marks}" if chosen.marks else "", doubt),
            )
        ),
    )


def _placed(sample: Sample, path: int, places: Mapping[str, int]) -> Columns:
    """Return columns by their roles."""
    text, speaker, language, own, start, end, duration = (places.get(role) for role in list(ROLES)[1:])
    matched = sample.matched(path)
    return Columns(
        sample.count, bool(sample.title), path, text, speaker, language, own, start, end, duration, matched=matched
    )


def _as_given(sample: Sample, roles: Sequence[tuple[str, str]]) -> Columns:
    titles = [plain_name(title) for title in sample.title]
    places: dict[str, int] = {}
    if any(title for _, title in roles):
        for role, title in roles:
            if plain_name(title) not in titles:
                raise UsageError(
                    f"--columns: {sample.name} has no column {title!r}; {nearest(plain_name(title), titles)}"
                )
            places[role] = titles.index(plain_name(title))
    else:
        if len(roles) > sample.count:
            raise refuse(sample, f"--columns names {len(roles)} columns, and it has {sample.count}")
        places = {role: place for place, (role, _) in enumerate(roles) if role != "-"}
    path = places.pop("path", places.get("id", 0))
    columns = _placed(sample, path, places)
    return replace(columns, why=f"{_describe(sample, columns)}; as --columns says")


def _find_path(sample: Sample) -> int:
    """Return the column that names the audio.

    Raises
    ------
    CorpusError
        If none does, or two name different files.
    """
    titles = [*sample.title, *[""] * sample.count]
    shares = [0.0 if titles[place].lower() in REFERENCE else sample.matched(place) for place in range(sample.count)]
    best = max(range(sample.count), key=lambda place: (round(shares[place], 1), sample.evidence[place].named, -place))
    if shares[best] >= 0.5:
        for other in range(sample.count):
            if other != best and shares[other] >= 0.5 and shares[other] >= shares[best] - 0.2:
                if sample.evidence[best].named >= 0.5 and sample.evidence[other].number >= 0.95:
                    continue  # a number may be that of a file by chance, a name with .wav is not
                pairs = [(a, b) for a, b in zip(sample.files[best], sample.files[other], strict=True) if a and b]
                if sum(a != b for a, b in pairs) > 0.1 * len(pairs):
                    raise refuse(
                        sample, f"columns {best + 1} and {other + 1} both name audio files, and not the same ones"
                    )
        return best
    if (place := sample.named("path")) is not None and sample.evidence[place].number < 0.5:
        return place
    everywhere = range(sample.count)
    written = [place for place in everywhere if sample.evidence[place].named >= 0.5 and not sample.is_prose(place)]
    if len(written) == 1:
        return written[0]
    if len(written) > 1:
        raise refuse(sample, f"columns {_listed(written)} name audio files, and none of them is there")
    if (place := sample.named("id")) is not None:
        return place
    if len(sample.numbered) == 1:
        return sample.numbered[0]
    if shares[best] > 0.1:
        return best
    first = sample.evidence[0]
    distinct = first.distinct >= 0.9 and first.filled > 0.9 and not sample.is_prose(0)
    if distinct and sample.count > 1 and first.words < 0.1 and all(len(cell) <= 80 for cell in sample.columns[0]):
        return 0
    raise refuse(sample, "no column names audio files that are there")


def _listed(places: Sequence[int]) -> str:
    words = [str(place + 1) for place in places]
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]


def _find_speaker(sample: Sample, columns: Columns) -> tuple[int | None, str]:
    """Return the column of speakers, or None; and what is unsure about it."""
    taken = {columns.path, columns.text, columns.language, columns.id, *columns.alike}
    texts = sample.columns[columns.text] if columns.text is not None else []
    labels = [
        place
        for place in range(sample.count)
        if place not in taken
        and (sample.matched(place) < 0.5 or sample.evidence[place].number >= 0.95)
        and _may_be_speaker(sample.columns[place], sample.evidence[place], texts, between=_between(columns, place))
    ]
    if sample.title and columns.text is not None:  # columns with titles that are none of a speaker are something else
        labels = []
    finest = [a for a in labels if all(a == b or _refines(sample.columns[a], sample.columns[b]) for b in labels)]
    if len(labels) > 1 and len(finest) != 1:
        return None, f"columns {_listed(labels)} may name the speaker, and neither is taken: --columns decides"
    return (finest[0], "") if finest else (None, "")


def _between(columns: Columns, place: int) -> bool:
    """Whether a column has the place of the speaker in ``path|speaker|language|text``, the lists of many trainers."""
    order = (columns.path, place, columns.language, columns.text)
    return columns.count == len(order) and order == tuple(range(columns.count))


def _may_be_speaker(column: Sequence[str], evidence: Evidence, texts: Sequence[str], *, between: bool) -> bool:
    cells = [cell.strip() for cell in column]
    if evidence.filled < 0.5 or evidence.letters > 40 or evidence.ended >= 0.5 or evidence.named >= 0.5:
        return False
    if {cell.casefold() for cell in cells} <= GENDERS | STYLES:
        return False
    if evidence.number >= 0.95:
        whole = all(cell.isdigit() for cell in cells if cell)
        return whole and not _measures(cells, texts)
    if any(len(cell.split()) > 3 for cell in cells):
        return False
    return evidence.distinct <= (0.8 if between else 0.5) or (len(cells) < 4 and not any(" " in cell for cell in cells))


def _measures(numbers: Sequence[str], texts: Sequence[str]) -> bool:
    """Whether numbers go with the length of the texts, or hardly ever come again as those of speakers do."""
    if len(set(numbers)) > max(2, 0.5 * len(numbers)) and len(numbers) > 5:
        return True
    lengths = [len(text.strip()) for text in texts]
    if not lengths or len(set(numbers)) < 3:
        return False
    close = sum(abs(int(number) - length) <= 2 for number, length in zip(numbers, lengths, strict=True) if number)
    return (
        close > 0.5 * len(numbers)
        or rank_correlation([float(n or 0) for n in numbers], list(map(float, lengths))) > 0.7
    )


def _refines(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether each label of `one` goes with one label of `other`, as a speaker with a gender."""
    pairs = set(zip(one, other, strict=True))
    return len(pairs) == len(set(one)) and len(set(one)) > len(set(other))


def _describe(sample: Sample, columns: Columns) -> str:
    """Return what each column was taken for."""
    names = {place: role for role in ROLES if (place := getattr(columns, role)) is not None}
    names[columns.path] = "path" if any(map(names_audio, sample.columns[columns.path][:3])) else "id"
    words = [names.get(place) or _other(sample.evidence[place]) for place in range(sample.count)]
    title = " by its title line" if sample.title else ""
    return f"{sample.name}: {' | '.join(words)}{title}"


def _other(evidence: Evidence) -> str:
    if evidence.filled == 0:
        return "empty"
    kinds = {
        "number": evidence.number,
        "phonemes": evidence.phonemes,
        "pinyin": evidence.pinyin,
        "language": evidence.language,
    }
    kind = max(kinds, key=kinds.__getitem__)
    if kinds[kind] >= 0.8:
        return f"({kind})"
    return "(label)" if evidence.is_label else "(other text)" if evidence.prose > 0.5 else "(other)"
