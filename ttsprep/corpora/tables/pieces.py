"""Rows of a table that are pieces of longer files: where each starts and ends, and in which unit that is written."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ttsprep.core.audio import header
from ttsprep.core.errors import AudioError
from ttsprep.core.files import inside
from ttsprep.corpora.metadata import piece
from ttsprep.corpora.tables.columns import Columns
from ttsprep.corpora.tables.names import unit_of_title
from ttsprep.corpora.tables.sample import Sample, refuse
from ttsprep.corpora.timed.times import SECONDS, Span, find_unit, parse_time

_FEW = 3
"""Rows that show nothing about a table."""
_HEADERS = 20
"""Recordings whose lengths are compared with the times of their pieces."""


def with_units(sample: Sample, columns: Columns, *, given: bool) -> Columns:
    """Return the columns with the unit of their times.

    Parameters
    ----------
    given
        Whether a person says what the columns are.

    Raises
    ------
    CorpusError
        If rows are pieces and their times are no column that is known, or in no unit that fits the recordings.
    """
    if columns.start is None:
        if not given and (times := _unread(sample, columns)):
            again = "its rows name the same recordings again with other texts"
            which = " and ".join(str(place + 1) for place in times)
            what = f"{again}, and columns {which} look like times in them: call these start and end"
            raise refuse(sample, what, dict(zip(("start", "end"), times, strict=True)))
        return columns
    if columns.end is None and columns.duration is None:
        if _named_again(sample, columns):
            raise refuse(sample, "its pieces have a start, and neither an end nor a duration")
        return columns
    last = columns.duration if columns.end is None else columns.end
    titled = [
        unit_of_title(sample.title[place]) for place in (columns.start, last) if place is not None and sample.title
    ]
    if len(titled) > 1 and all(titled):
        return replace(columns, units=(titled[0], titled[1]))
    for factor in (1.0, 1000.0):  # starts in milliseconds beside durations in seconds
        spans = [*_spans(sample, columns, factor)]
        unit = find_unit(spans) or (SECONDS if len(spans) < _FEW else None)
        if unit is not None:
            why = "" if unit == SECONDS else f"; its times are {unit.name}, as recordings and texts show"
            return replace(columns, units=(unit.seconds, unit.seconds * factor), why=columns.why + why)
        if columns.end is not None:
            break
    raise refuse(
        sample,
        "its times fit the recordings and texts neither as seconds nor as milliseconds: write them in seconds, or say "
        "it in the titles (start_ms, end_ms)",
    )


def _named_again(sample: Sample, columns: Columns) -> bool:
    """Whether most rows are about recordings that other rows are about, too."""
    return 2 * len({columns.pick(row, columns.path) for row in sample.rows}) <= len(sample.rows)


def _unread(sample: Sample, columns: Columns) -> list[int]:
    """Return two columns of numbers where most rows are about pieces of the same recordings; none if none are."""
    named = {columns.pick(row, columns.path) for row in sample.rows}
    texts = {columns.pick(row, columns.text) for row in sample.rows}
    if len(sample.rows) < _FEW or not _named_again(sample, columns) or len(texts) <= len(named):
        return []
    numbers = [place for place in range(sample.count) if sample.evidence[place].number == 1.0]
    numbers = [place for place in numbers if len({columns.pick(row, place) for row in sample.rows}) > len(named)]
    return numbers[:2] if len(numbers) > 1 else []


def _spans(sample: Sample, columns: Columns, factor: float) -> Iterator[Span]:
    """Yield the times of the rows of some recordings, a duration as so many times what is written."""
    lengths: dict[str | None, tuple[float, int]] = {None: (0.0, 0)}
    texts = sample.columns[columns.text] if columns.text is not None else [""] * len(sample.columns[columns.path])
    last = columns.duration if columns.end is None else columns.end
    if columns.start is None or last is None:
        return
    rows = zip(sample.files[columns.path], sample.columns[columns.start], sample.columns[last], texts, strict=False)
    for file, first, second, text in rows:
        if file not in lengths and len(lengths) <= _HEADERS:
            try:
                lengths[file] = header(inside(sample.index.root, file or ""))[:2]
            except AudioError:
                lengths[file] = 0.0, 0
        start, end = parse_time(first), parse_time(second)
        if not (isinstance(start, float) and isinstance(end, float)):
            continue
        end = start + end * factor if columns.end is None else end
        if 0 <= start < end and file in lengths:
            yield Span(start, end, len(text.strip()), *lengths[file], ":" in second)


def piece_of(columns: Columns, cells: Sequence[str]) -> tuple[float, float | None, str]:
    """Return start and end in seconds of a row that is a piece of a file, and what is wrong with them."""
    start, end, duration = (
        parse_time(columns.pick(cells, which)) for which in (columns.start, columns.end, columns.duration)
    )
    if start is None:
        return 0.0, None, "has an end and no start" if end is not None else ""
    first, last = columns.units
    start = start * first if isinstance(start, float) else start
    if isinstance(start, float) and isinstance(end, float):
        duration = end * last - start
    elif isinstance(duration, float):
        duration *= last
    try:
        return (*piece(start, duration), "")
    except ValueError as error:
        return 0.0, None, str(error)
