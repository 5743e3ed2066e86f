"""Measures one clip after another in a worker: digest, decode once, every check."""

import hashlib
import importlib
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ttsprep.checks.base import Check, all_checks
from ttsprep.core import audio
from ttsprep.core.errors import AudioError, UsageError
from ttsprep.core.files import digest, inside, regular, signature
from ttsprep.core.signal import Signal
from ttsprep.core.types import Audio, Clip
from ttsprep.text.phonemes import phonemize

SIGNAL_VERSION = 2
"""Raised whenever `Signal` or `audio` change what they yield."""
DERIVED = {
    "chars_per_s": "spoken characters per second, from the first to the last speech",
    "phones_per_s": "phones per second of speech, pauses left out",
}
PASSING = frozenset({"audio-missing", "path-outside-corpus", "decoder-crashed"})
"""Faults that lie in the surroundings: tried again by the next audit."""

KNOWN = "known"
"""Status of a row that is to be taken from the last audit."""

Row = dict[str, Any]


def columns() -> dict[str, bool]:
    """Every measure by name, in the order of the table, and whether it holds text."""
    checks = sorted(all_checks().values(), key=lambda check: check.name)
    own = {name: name in check.strings for check in checks for name in check.measures}
    return own | dict.fromkeys(DERIVED, False)


def versions() -> str:
    """Everything in the code that measures depend on."""
    checks = sorted(f"{check.name}:{check.version}" for check in all_checks().values() if not check.model)
    return f"signal:{SIGNAL_VERSION} {' '.join(checks)}"


def fingerprint(clip: Clip, sha256: str, code: str) -> str:
    """Stand for all that the measures of `clip` depend on: its bytes, piece, text, language, our code."""
    parts = (code, sha256, repr(clip.start), repr(clip.end), clip.language, clip.text)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass
class Measuring:
    """The work of an audit's workers.

    Attributes
    ----------
    root
        The corpus.
    code
        From `versions`.
    known
        Fingerprints that need no measuring again. They travel here, once, and not with the clips: a clip may
        have been measured under another path.
    """

    root: str
    code: str
    known: frozenset[str] = frozenset()
    _checks: list[type[Check]] = field(default_factory=list, repr=False)

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Load what measuring needs where this is unpickled, so that the workers forked from there share it."""
        importlib.import_module("scipy.fft")
        self.__dict__.update(state)

    def prepare(self, items: Sequence[Clip]) -> None:
        """Phonemise all texts at once: a call into eSpeak NG costs as much as a hundred sentences."""
        if not self._checks:
            self._checks = sorted(all_checks().values(), key=lambda check: check.name)
        texts: Mapping[str, list[str]] = defaultdict(list)
        for item in items:
            texts[item.language].append(item.text)
        for language, batch in texts.items():
            if language:
                try:
                    phonemize(batch, language)
                except UsageError:
                    continue  # the check of phonemes names the unknown language, once

    def __call__(self, item: Clip) -> Row:
        """Return the row of a clip; if its fingerprint is known, without measures and status."""
        clip = item
        row: Row = {"sha256": "", "status": "ok", "status_reason": "", "fingerprint": ""}
        try:
            path = inside(Path(self.root), clip.path)
            row |= signature(regular(path))._asdict()
            row["sha256"] = digest(path)
            row["fingerprint"] = fingerprint(clip, row["sha256"], self.code)
            if row["fingerprint"] in self.known:
                return row | {"status": KNOWN}
            decoded = audio.read(path, start=clip.start, end=clip.end)
        except AudioError as error:
            row |= {"status": error.code, "status_reason": str(error)}
            if error.code in PASSING or not row["sha256"] or isinstance(error.__cause__, ImportError):
                row["fingerprint"] = ""
            return row | self._measure(clip, None)
        return row | _described(decoded) | self._measure(clip, decoded)

    def lost(self, item: Clip, reason: str) -> Row:
        """Return the row of a clip that killed its worker, or made a check fail."""
        message = f"measuring it failed twice: {reason}"
        return {"sha256": "", "fingerprint": "", "status": "decoder-crashed", "status_reason": message}

    def _measure(self, clip: Clip, decoded: Audio | None) -> Row:
        silent = Audio(np.zeros((0, 1), np.float32), 16_000)
        signal = Signal(decoded or silent)
        row: Row = {}
        # a clip of one sample has no spread, an all-silent one no level: that is NaN, not a warning
        with np.errstate(all="ignore"):
            for check in self._checks:
                if decoded is not None or not check.audio:
                    row |= check.measure(clip, signal)
        return row | _rates(row)


def _described(decoded: Audio) -> Row:
    frames, channels = max(len(decoded.samples), decoded.claimed), decoded.samples.shape[1]
    return {
        "sample_rate": decoded.rate,
        "channels": channels,
        "subtype": decoded.subtype,
        "frames": frames,
        "duration_s": frames / decoded.rate,
    }


def _rates(row: Row) -> Row:
    span, speech = row.get("speech_span_s") or np.nan, row.get("speech_s") or np.nan
    return {"chars_per_s": row["chars"] / span, "phones_per_s": row["phones"] / speech}


def jobs_by_default() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
