"""Builds one clip after another in a worker: decode, every stage, write; and remembers what was done."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ttsprep.build.stages.base import Stage
from ttsprep.core import audio
from ttsprep.core.errors import AudioError
from ttsprep.core.files import atomic_write, digest, inside, regular, signature
from ttsprep.core.types import Audio, Clip

VERSION = 1
"""Raised whenever this file changes what is written."""
FOLDER = "wavs"
KNOWN = "known"
"""Status of a row that is to be taken from the last build."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
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
class Staging:
    """The work of a build's workers.

    Attributes
    ----------
    root
        The source.
    out
        The build.
    steps
        The stages, in order.
    container
        ``wav`` or ``flac``.
    known
        Clips that were built before: fingerprint -> digest of the file.
    """

    root: str
    out: str
    steps: tuple[Stage, ...]
    container: str
    known: Mapping[str, str]

    def fingerprint(self, item: Item) -> str:
        """Stand for all that the built clip depends on: bytes and piece of the source, text, stages, name."""
        clip = item.clip
        steps = [(step.name, step.version, repr(step)) for step in self.steps]
        parts = (VERSION, steps, self.container, item.sha256, item.name, item.source_id)
        said = (clip.path, clip.start, clip.end, clip.language, clip.speaker, clip.text)
        return hashlib.sha256(repr((parts, said)).encode("utf-8", "backslashreplace")).hexdigest()[:32]

    def path(self, item: Item) -> str:
        """Return where the clip goes, relative to the build."""
        return f"{FOLDER}/{item.name}.{self.container}"

    def prepare(self, items: Sequence[Item]) -> None:
        """Have nothing to prepare."""

    def __call__(self, item: Item) -> Row:
        """Build a clip, unless its file is there already; return its row of provenance."""
        fingerprint = self.fingerprint(item)
        place = Path(self.out, self.path(item))
        known = self.known.get(fingerprint)
        if known is not None and _holds(place, known):
            return {"fingerprint": fingerprint, "status": KNOWN, "sha256": known, **signature(regular(place))._asdict()}
        row: Row = {"fingerprint": fingerprint, **self._described(item)}
        stage = "decode"
        try:
            source = inside(Path(self.root), item.clip.path)
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
            for step in self.steps:
                stage = step.name
                done = step.apply(clip, sound)
                clip, sound = done.clip, done.audio
                row |= {
                    name: done.did[name] for name in ("gain_db", "lead_removed_s", "tail_removed_s") if name in done.did
                }
                operations.append(_operation(step, done.did))
        except AudioError as error:
            return row | {"status": error.code, "status_reason": str(error), "status_stage": stage}
        data = audio.encode(sound, self.container)
        atomic_write(place, data)
        return (
            row
            | _written(sound, data)
            | {
                "normalised": clip.text,
                "operations": json.dumps(operations, ensure_ascii=False),
                **signature(regular(place))._asdict(),
            }
        )

    def lost(self, item: Item, reason: str) -> Row:
        """Return the row of a clip that killed its worker, or made a stage fail."""
        return {
            **self._described(item),
            "fingerprint": "",
            "status": "decoder-crashed",
            "status_reason": f"building it failed twice: {reason}",
            "status_stage": "decode",
        }

    def _described(self, item: Item) -> Row:
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


def _holds(path: Path, sha256: str) -> bool:
    try:
        return not path.is_symlink() and digest(path) == sha256
    except AudioError:
        return False


def _operation(step: Stage, did: Mapping[str, float | str]) -> Mapping[str, Any]:
    shown = {name: round(value, 6) if isinstance(value, float) else value for name, value in did.items()}
    return {"stage": step.name, "version": step.version, "parameters": asdict(step), "did": shown}  # type: ignore[call-overload]


def _written(sound: Audio, data: bytes) -> Row:
    return {
        "sha256": hashlib.sha256(data).hexdigest(),
        "sample_rate": sound.rate,
        "channels": sound.samples.shape[1],
        "subtype": sound.subtype,
        "frames": len(sound.samples),
    }
