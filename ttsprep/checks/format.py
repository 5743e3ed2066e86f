"""Format: files that differ from the rest of the corpus."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ttsprep.checks.base import Check, Code, rows
from ttsprep.core.signal import Signal
from ttsprep.core.types import Clip, Finding, Measures, Severity


@dataclass(frozen=True)
class FormatCheck(Check):
    """Format: files that differ from the rest of the corpus."""

    name = "format"
    area = "file"
    codes = (
        Code(
            "sample-rate-mixed",
            "Another sample rate than most clips.",
            "The rate in the header against the most frequent one. Warning.",
            "Most loaders do not resample: the clip plays at the wrong speed and pitch.",
            "Resample every clip to one rate, the lowest that most have; do not just change headers.",
        ),
        Code(
            "channels-mixed",
            "Another number of channels than most clips.",
            "Channels in the header against the most frequent number. Warning.",
            "Loaders take the first channel, or interleave two into noise.",
            "Mix down to mono, or take the better channel.",
        ),
        Code(
            "subtype-mixed",
            "Another encoding than most clips.",
            "The encoding in the header (PCM_16, PCM_24, MPEG_LAYER_III ...) against the most frequent one. Note; "
            "warning if it is a lossy one among lossless ones.",
            "Different coding noise; some loaders read only one encoding.",
            "Write one encoding, from the lossless original where there is one.",
        ),
        Code(
            "header-wrong",
            "The header promises a few samples more than the file has, or gives no length.",
            "Sizes in the header of a WAV file against those of the file, up to 0.02 s; more is `audio-cut-off-file`. "
            "A size of 0, or of 2 or 4 GB, is that of a stream, written before its length was known (also of RF64, W64 "
            "and AIFF). Note.",
            "None for most readers; strict ones refuse the file. Of a stream nobody can tell whether its end is there.",
            "Nothing needs to be done: a build writes headers that are right.",
        ),
    )
    measures: ClassVar[dict[str, str]] = {
        "frames_missing": "samples of one channel that the header promises and the file lacks, where that is no loss; "
        "none where the header gives no length",
    }

    @staticmethod
    def measure(clip: Clip, signal: Signal) -> Measures:  # noqa: D102
        del clip
        missing = signal.audio.missing
        return {"frames_missing": np.nan if missing is None else float(missing)}

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        decoded = corpus[corpus.status == "ok"]
        for row in rows(decoded[decoded.frames_missing > 0]):
            message = f"the header promises {row.frames_missing:.0f} samples more than the file has"
            yield Finding(row.id, "header-wrong", Severity.NOTE, message, row.frames_missing, 0.0)
        for row in rows(decoded[decoded.frames_missing.isna()]):
            message = "the header gives no length, as that of a stream: whether the end is there cannot be told"
            yield Finding(row.id, "header-wrong", Severity.NOTE, message)
        for column, code, unit in (
            ("sample_rate", "sample-rate-mixed", " Hz"),
            ("channels", "channels-mixed", " channels"),
            ("subtype", "subtype-mixed", ""),
        ):
            if decoded.empty:
                return
            usual: Any = decoded[column].value_counts().sort_index().idxmax()
            for row in rows(decoded[decoded[column] != usual]):
                value = getattr(row, column)
                note = code == "subtype-mixed" and not (_lossy(value) and not _lossy(usual))
                yield Finding(
                    row.id,
                    code,
                    Severity.NOTE if note else Severity.WARNING,
                    f"{value}{unit}, where most clips have {usual}{unit}",
                    None if isinstance(value, str) else float(value),
                    None if isinstance(usual, str) else float(usual),
                )


def _lossy(subtype: object) -> bool:
    return not str(subtype).startswith(("PCM", "FLOAT", "DOUBLE", "ALAC"))
