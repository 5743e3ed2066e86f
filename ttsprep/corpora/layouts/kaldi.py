"""Kaldi: ``wav.scp``, ``text``, ``utt2spk``, and ``segments`` for pieces of longer recordings."""

from collections.abc import Iterator
from pathlib import Path

from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip, Finding
from ttsprep.corpora.layouts.base import Layout
from ttsprep.corpora.metadata import checked, lines, malformed, piece
from ttsprep.corpora.paths import Relative

_Table = dict[str, tuple[int, str]]
"""The rest of each line, and its number, by the key that begins it."""


class KaldiLayout(Layout):
    """Paths are relative to the folder. Entries of ``wav.scp`` that are commands are refused, never run."""

    name = "kaldi"
    summary = "wav.scp, text, utt2spk, and segments where clips are pieces of longer files"

    @staticmethod
    def recognise(root: Path) -> str:
        """See `Layout.recognise`."""
        return "wav.scp" if (root / "wav.scp").exists() else ""

    @staticmethod
    def read(root: Path) -> Iterator[Clip | Finding]:
        """See `Layout.read`."""
        if not (root / "wav.scp").exists():
            raise CorpusError(f"{root} is no Kaldi corpus: it has no wav.scp")
        problems: list[Finding] = []
        recordings = _table(root / "wav.scp", problems)
        _refuse_commands(root / "wav.scp", recordings)
        texts = _table(root / "text", problems)
        speakers = _table(root / "utt2spk", problems)
        languages = _table(root / "utt2lang", problems)
        clips = list(_pieces(root, recordings, problems))
        yield from problems
        for clip in clips:
            line, text = texts.get(clip.id, (0, ""))
            speaker, language = speakers.get(clip.id, (0, ""))[1], languages.get(clip.id, (0, ""))[1]
            whole = Clip(clip.id, clip.path, text, speaker.strip(), language.strip(), clip.start, clip.end)
            yield from checked("text", line, whole)
        there = {clip.id for clip in clips}
        for own, (line, _) in texts.items():
            if own not in there:
                yield malformed("text", line, f"no recording is called {own!r}")


def _table(path: Path, problems: list[Finding]) -> _Table:
    """Read a file of keys and values, the value exactly as it is after one blank; a missing file is empty."""
    table: _Table = {}
    for item in lines(path) if path.exists() else ():
        if isinstance(item, Finding):
            problems.append(item)
            continue
        number, line = item
        cut = min((i for i in (line.find(" "), line.find("\t")) if i >= 0), default=len(line))
        key = line[:cut]
        if key in table:
            problems.append(malformed(path.name, number, f"names {key!r} a second time, and was skipped"))
        else:
            table[key] = number, line[cut + 1 :]
    return table


def _refuse_commands(path: Path, recordings: _Table) -> None:
    for own, (number, source) in recordings.items():
        if source.strip().endswith("|") or source.strip().startswith("|"):
            raise CorpusError(
                f"{path} line {number}: {own!r} is a shell command, and commands are never run; "
                "write its output to a file and name that file instead"
            )


def _pieces(root: Path, recordings: _Table, problems: list[Finding]) -> Iterator[Clip]:
    """Yield a clip without text for each recording, or for each piece that ``segments`` names."""
    relative = Relative(root)
    paths = {own: relative(source.strip()) for own, (_, source) in recordings.items()}
    if not (root / "segments").exists():
        yield from (Clip(own, path, "") for own, path in paths.items())
        return
    for own, (number, rest) in _table(root / "segments", problems).items():
        cells = rest.split()
        if len(cells) not in {3, 4}:
            what = f"has {len(cells) + 1} columns where segments have 4: id, recording, start, end"
            problems.append(malformed("segments", number, what))
        elif cells[0] not in paths:
            problems.append(malformed("segments", number, f"no recording is called {cells[0]!r}"))
        else:
            try:
                start, end = _times(cells[1], cells[2])
            except ValueError as error:
                problems.append(malformed("segments", number, str(error)))
            else:
                yield Clip(own, paths[cells[0]], "", start=start, end=end)


def _times(start: str, end: str) -> tuple[float, float | None]:
    """Return seconds; an end of -1 is the end of the recording."""
    first, last = float(start), float(end)
    if last == -1:
        return piece(first, None)
    piece(first, last - first)
    return first, last
