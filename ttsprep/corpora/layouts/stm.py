"""STM of NIST, as TED-LIUM has it: ``FILE CHANNEL SPEAKER START END <LABELS> TEXT``, a line a piece."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip, Finding
from ttsprep.corpora.audio_files import stem
from ttsprep.corpora.layouts.base import Layout
from ttsprep.corpora.metadata import checked, lines, malformed, piece

_IGNORED = "ignore_time_segment_in_scoring"
_GAP = "inter_segment_gap"
_LABELS = re.compile(r"<(?:[^<>\s]{0,99},[^<>\s]{0,99}|[A-Z0-9_]{1,99})>")
"""Such as ``<o,f0,male>`` and ``<NA>``; ``<unk>`` is a part of the text."""
_SHOWN = 200


class Stm(Layout):
    """Recordings are told by their base names. Gaps and pieces that are not scored are left out."""

    name = "stm"
    summary = "*.stm with lines FILE CHANNEL SPEAKER START END <LABELS> TEXT, and FILE.sph or .wav anywhere"

    def recognise(self, root: Path) -> str:
        """See `Layout.recognise`."""
        names = [name for name in self._files(root) if any(map(_fields, _texts(root / name)))]
        return f"{', '.join(names[:3])}{f' and {len(names) - 3} more' if names[3:] else ''}"

    def read(self, root: Path) -> Iterator[Clip | Finding]:
        """See `Layout.read`."""
        audio: dict[str, list[str]] = defaultdict(list)
        for path in self.reading.tree(root).audio if root.is_dir() else ():
            audio[stem(path).rpartition("/")[2]].append(path)
        counts: Counter[str] = Counter()
        channels: dict[str, str] = {}
        left_out = 0
        for name in self._files(root):
            for item in lines(root / name):
                if isinstance(item, Finding) or not (fields := _fields(item[1])):
                    yield from [item] if isinstance(item, Finding) else _fault(name, *item)
                    continue
                recording, channel, speaker, start, end, text = fields
                if _IGNORED in text.lower() or speaker == _GAP:
                    left_out += 1
                    continue
                path = _nearest(audio.get(recording, []), name) or f"{recording}.wav"
                if channels.setdefault(path, channel) != channel:
                    raise CorpusError(
                        f"{root / name} line {item[0]}: {recording} has pieces of several channels, which are other "
                        "voices; write each channel to a file of its own, and name that"
                    )
                try:
                    begin, stop = piece(start, end - start)
                except ValueError as error:
                    yield malformed(name, item[0], f"{error}: {item[1][:_SHOWN]!r}")
                    continue
                counts[path] += 1
                clip = Clip(f"{stem(path)}-{counts[path]:04d}", path, text, speaker, "", begin, stop)
                yield from checked(name, item[0], clip)
        if left_out:
            self.decided.append(
                f"left out: {left_out:,} {'line' if left_out == 1 else 'lines'} of gaps, or not to be scored"
            )

    def _files(self, root: Path) -> list[str]:
        return [name for name in (self.reading.tree(root).others if root.is_dir() else ()) if name.endswith(".stm")]


def _texts(path: Path) -> Iterator[str]:
    try:
        yield from (item[1] for item in lines(path) if not isinstance(item, Finding))
    except CorpusError:
        return


def _fields(line: str) -> tuple[str, str, str, float, float, str] | None:
    """Return the fields of a line, without its labels; None if it is none."""
    parts = line.split(None, 5)
    try:
        recording, channel, speaker, start, end = parts[:5]
        text = parts[5] if len(parts) > 5 else ""
        text = text[match.end() :] if (match := _LABELS.match(text)) else text
        return recording, channel, speaker, float(start), float(end), text.strip()
    except ValueError:
        return None


def _fault(name: str, number: int, line: str) -> Iterator[Finding]:
    if not line.startswith(";;"):
        yield malformed(name, number, f"has no file, channel, speaker, start and end: {line[:_SHOWN]!r}")


def _nearest(paths: list[str], name: str) -> str:
    """Return the one recording of a name, or the one under the folder above the table's."""
    near = [path for path in paths if path.startswith("/".join(name.split("/")[:-2]))]
    return next((found[0] for found in (paths, near) if len(found) == 1), "")
