"""Lhotse Shar: ``cuts.000000.jsonl.gz`` with the audio of its cuts in ``recording.000000.tar``."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from ttsprep.core.errors import CorpusError
from ttsprep.core.files import writing
from ttsprep.core.types import Finding
from ttsprep.corpora.audio_files import audio_files, stem
from ttsprep.corpora.metadata import json_rows
from ttsprep.corpora.tables.names import value

_CUTS = re.compile(r"cuts\.[0-9]+\.jsonl(?:\.gz)?")
_AUDIO = re.compile(r"recording\.[0-9]+\.tar(?:\.gz)?")


def is_cuts(path: Path) -> bool:
    """Whether a file is a manifest of cuts."""
    return _CUTS.fullmatch(path.name) is not None


def with_cuts(tars: Sequence[Path], paths: Sequence[Path]) -> list[Path]:
    """Return the tar files, and for a Shar those of recordings alone with the manifests of its cuts after them."""
    cuts = [path for path in paths if is_cuts(path)]
    recordings = [path for path in tars if _AUDIO.fullmatch(path.name)]
    return [*recordings, *cuts] if cuts and recordings else [*tars]


def write_manifests(cuts: Sequence[Path], into: Path) -> None:
    """Write Lhotse's ``recordings.jsonl`` and ``supervisions.jsonl`` for the unpacked audio of cuts in `into`.

    The audio of a cut is a file of its name; its supervisions have their times in that file.

    Raises
    ------
    CorpusError
        If a line is no cut, or the audio of one is not there.
    """
    audio = {stem(path).partition("/")[2]: path for path in audio_files(into)}
    with (
        writing(into),
        (into / "recordings.jsonl").open("w", encoding="utf-8") as recordings,
        (into / "supervisions.jsonl").open("w", encoding="utf-8") as supervisions,
    ):
        for path in cuts:
            for item in json_rows(path):
                if isinstance(item, Finding):
                    raise CorpusError(item.message)
                line, cut = item
                own = value(cut, ("id",))
                spoken = cut.get("supervisions", [])
                if not isinstance(spoken, list) or not all(isinstance(one, dict) for one in spoken):
                    raise CorpusError(f"{path} line {line}: the supervisions of the cut {own!r} are no objects")
                if own not in audio:
                    raise CorpusError(f"{path} line {line}: the audio of the cut {own!r} is in no recording.*.tar")
                source = {"type": "file", "channels": [0], "source": audio[own]}
                recordings.write(json.dumps({"id": own, "sources": [source], "duration": cut.get("duration")}) + "\n")
                for one in spoken:
                    supervisions.write(json.dumps({**one, "recording_id": own}, ensure_ascii=False) + "\n")
