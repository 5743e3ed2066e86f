"""Builds one clip after another in a worker: decode, every stage, write."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ttsprep.build.provenance import PROVENANCE
from ttsprep.build.stages.base import Stage
from ttsprep.core import audio
from ttsprep.core.errors import AudioError
from ttsprep.core.files import atomic_write, digest, inside
from ttsprep.core.store.cache import KEY
from ttsprep.core.store.step import Row, Step, make_key
from ttsprep.core.types import Audio, Clip

VERSION = 1
"""Raised whenever this file changes what is written."""
FOLDER = "wavs"
_CHANGES = ("gain_db", "lead_removed_s", "tail_removed_s")
"""What stages do that has a column of its own."""


@dataclass(frozen=True, slots=True)
class BuildItem:
    """A clip to build.

    Attributes
    ----------
    clip
        In the source.
    source_id
        Its id in the tables of the source.
    name
        Its id in the build.
    sha256
        Of its file, when it was audited.
    """

    clip: Clip
    source_id: str
    name: str
    sha256: str


@dataclass
class ProcessStep(Step[BuildItem]):
    """Builds every chosen clip: decode, every stage, write.

    Attributes
    ----------
    source
        The source.
    root
        The build.
    stages
        In order.
    container
        ``wav`` or ``flac``.
    """

    name = "process"
    stage = "building"
    schema = PROVENANCE
    shard = 32
    makes_file = True
    table = "provenance.parquet"
    saves = False

    source: str
    root: str
    stages: tuple[Stage, ...]
    container: str

    def key(self, item: BuildItem, sha256: str) -> str:
        """Stand for all that the built clip depends on: bytes and piece of the source, text, stages, name."""
        clip = item.clip
        stages = [(stage.name, stage.version, repr(stage)) for stage in self.stages]
        parts = (VERSION, stages, self.container, item.sha256, item.name, item.source_id)
        metadata = (clip.path, clip.start, clip.end, clip.language, clip.speaker, clip.text)
        return make_key(repr((parts, metadata)))

    def path(self, item: BuildItem) -> str:
        """Return where the clip goes, relative to the build."""
        return f"{FOLDER}/{item.name}.{self.container}"

    def rows(self, batch: Sequence[BuildItem]) -> list[Row]:
        """Build clips; return their rows of provenance."""
        return [self._row(item) for item in batch]

    def seconds(self, item: BuildItem, row: Row) -> float:
        """Return the length of a clip that was built."""
        return float(row.get("frames", 0) / row.get("sample_rate", 1))

    def _row(self, item: BuildItem) -> Row:
        row = self._described(item)
        stage_name = "decode"
        try:
            source = inside(Path(self.source), item.clip.path)
            if digest(source) != item.sha256:
                raise AudioError(
                    "audio-unreadable",
                    "the file has changed since it was audited a moment ago: give the same command again",
                )
            clip, sound = item.clip, audio.read(source, start=item.clip.start, end=item.clip.end)
            row |= {
                "source_rate": sound.rate,
                "source_channels": sound.samples.shape[1],
                "source_subtype": sound.subtype,
                "source_frames": max(len(sound.samples), sound.claimed),
            }
            if not sound.complete:
                seconds = audio.READ_SECONDS
                raise AudioError("too-long", f"longer than {seconds:g} s: cut it first, with [segment] in the recipe")
            operations = []
            for stage in self.stages:
                stage_name = stage.name
                result = stage.apply(clip, sound)
                clip, sound = result.clip, result.audio
                row |= {name: result.changes[name] for name in _CHANGES if name in result.changes}
                operations.append(_operation(stage, result.changes))
        except AudioError as error:
            return row | {"status": error.code, "status_reason": str(error), "status_stage": stage_name, KEY: ""}
        data = audio.encode_audio(sound, self.container)
        atomic_write(Path(self.root, self.path(item)), data)
        return (
            row
            | _written(sound, data)
            | {"normalised": clip.text, "operations": json.dumps(operations, ensure_ascii=False)}
        )

    def failed(self, item: BuildItem, reason: str) -> Row:
        """Return the row of a clip that killed its worker, or made a stage fail."""
        return {
            **self._described(item),
            "status": "decoder-crashed",
            "status_reason": f"building it failed twice: {reason}",
            "status_stage": "decode",
        }

    def _described(self, item: BuildItem) -> Row:
        return {
            "id": item.name,
            "path": self.path(item),
            "source_id": item.source_id,
            "source_path": item.clip.path,
            "source_sha256": item.sha256,
            "source_start_s": item.clip.start,
            "source_end_s": item.clip.end,
            "text": item.clip.text,
            "status": "ok",
            "status_reason": "",
            "status_stage": "",
        }


def _operation(step: Stage, changes: Mapping[str, float | str]) -> Mapping[str, Any]:
    shown = {name: round(value, 6) if isinstance(value, float) else value for name, value in changes.items()}
    return {"stage": step.name, "version": step.version, "parameters": asdict(step), "did": shown}  # type: ignore[call-overload]


def _written(sound: Audio, data: bytes) -> Row:
    return {
        "sha256": hashlib.sha256(data).hexdigest(),
        "sample_rate": sound.rate,
        "channels": sound.samples.shape[1],
        "subtype": sound.subtype,
        "frames": len(sound.samples),
    }
