"""MuST-C and mTEDx: ``txt/PART.yaml`` has the pieces of ``wav/``, and ``txt/PART.xx`` their texts, line by line."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip, Finding
from ttsprep.corpora.audio_files import stem
from ttsprep.corpora.layouts.base import Layout
from ttsprep.corpora.metadata import checked, lines, malformed, piece, whole_text
from ttsprep.corpora.paths import file_names

_ENTRY = re.compile(r"-\s*\{(.*)\}\s*")
_FIELD = re.compile(r"\b(\w+):\s*(?:'([^']*)'|\"([^\"]*)\"|([^,]*))\s*(?:,|\Z)")
_NEEDED = ("wav", "offset", "duration")
_TEXT = re.compile(r"\.([a-z]{2,3})")
_LONGEST = 1 << 30
"""Bytes of a file with texts."""
_PAIR = re.compile(r"([a-z]{2,3})-[a-z]{2,3}(?:_.*)?", re.I)


class MustC(Layout):
    """The folder ``en-de`` or ``--language`` tells which text is spoken; translations are none."""

    name = "mustc"
    summary = "MuST-C and mTEDx: txt/PART.yaml with lines {duration, offset, speaker_id, wav}, txt/PART.en, wav/"

    @staticmethod
    def recognise(root: Path) -> str:
        """See `Layout.recognise`."""
        return f"txt/{name}" if (name := next(_parts(root), "")) else ""

    def read(self, root: Path) -> Iterator[Clip | Finding]:
        """See `Layout.read`."""
        parts = [*_parts(root)]
        if not parts:
            raise CorpusError(f"{root} is no MuST-C corpus: it has no txt/PART.yaml that names pieces of wav/")
        for name in parts:
            part = name.rpartition(".")[0]
            language = self._spoken(root, part)
            yield from _clips(root, f"txt/{name}", f"txt/{part}.{language}", language)

    def _spoken(self, root: Path, part: str) -> str:
        """Return the language of the texts that are spoken, one of those that are there."""
        names = [name for name in file_names(root / "txt") if name.startswith(f"{part}.")]
        there = [match[1] for name in names if (match := _TEXT.fullmatch(name[len(part) :]))]
        wanted = [self.reading.language.lower().replace("_", "-").split("-")[0]]
        wanted += [match[1].lower() for place in reversed(root.resolve().parts) if (match := _PAIR.fullmatch(place))]
        spoken = next((language for language in wanted if language in there), there[0] if len(there) == 1 else "")
        if not spoken:
            texts = ", ".join(f"{part}.{language}" for language in there) or f"no {part}.xx"
            raise CorpusError(f"{root / 'txt'} has {texts} for {part}.yaml: say with --language which is spoken")
        return spoken


def _parts(root: Path) -> Iterator[str]:
    """Yield the names of the files with pieces, told by their first line."""
    for name in file_names(root / "txt") if (root / "txt").is_dir() and (root / "wav").is_dir() else ():
        if name.endswith((".yaml", ".yml")):
            first = next(lines(root / "txt" / name))
            if not isinstance(first, Finding) and _entry(first[1]):
                yield name


def _entry(line: str) -> dict[str, str]:
    """Return the fields of a line ``- {duration: 3.5, offset: 12.6, wav: a.wav}``; none if it lacks one of these."""
    match = _ENTRY.fullmatch(line)
    fields = {name: one or two or bare for name, one, two, bare in _FIELD.findall(match[1])} if match else {}
    return {name: value.strip() for name, value in fields.items()} if all(map(fields.get, _NEEDED)) else {}


def _clips(root: Path, pieces: str, texts: str, language: str) -> Iterator[Clip | Finding]:
    """Yield a clip for each line of the pieces, with the same line of the texts."""
    entries = [*lines(root / pieces)]
    rows = whole_text(root / texts, _LONGEST).removesuffix("\n").split("\n")
    if len(rows) != len(entries):
        raise CorpusError(
            f"{root / pieces} has {len(entries):,} pieces and {root / texts} {len(rows):,} lines: which text is of "
            "which piece cannot be told"
        )
    counts: Counter[str] = Counter()
    for entry, text in zip(entries, rows, strict=True):
        if isinstance(entry, Finding):
            yield entry
            continue
        number, line = entry
        fields = _entry(line)
        try:
            start, end = piece(float(fields["offset"]), float(fields["duration"]))
        except (KeyError, ValueError) as error:
            what = "lacks wav, offset or duration" if isinstance(error, KeyError) else str(error)
            yield malformed(pieces, number, f"{what}: {line[:200]!r}")
            continue
        recording = stem(fields["wav"])
        counts[recording] += 1
        own, speaker = f"{recording}-{counts[recording]:04d}", fields.get("speaker_id", "")
        clip = Clip(own, f"wav/{fields['wav']}", text.removesuffix("\r"), speaker, language, start, end)
        yield from checked(texts, number, clip)
