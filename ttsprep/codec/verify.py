"""Looking at codes again: whether they are those of the clips, alone and in a batch, and how they sound."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ttsprep.core import audio
from ttsprep.core.files import inside
from ttsprep.core.types import Clip, Samples

if TYPE_CHECKING:
    from ttsprep.codec.encode_job import Job
    from ttsprep.codec.tokens import TokenRow

_SECONDS = 30.0
"""Longer clips are not looked at: the metrics are for sentences."""
SHOWN = {"pesq_wb": "PESQ-WB", "stoi": "STOI", "si_sdr_db": "SI-SDR", "rms_ratio": "level", "mel_db": "log-mel"}


@dataclass(frozen=True, slots=True)
class Verified:
    """What a sample of the codes showed.

    Attributes
    ----------
    clips
        That were looked at.
    alone, together
        Clips whose codes came out the same once more, coded alone and all in one batch.
    metrics
        Means over the clips of `ttsprep.codec.metrics.measure_distortion`; NaN where a package is missing.
    """

    clips: int
    alone: int
    together: int
    metrics: dict[str, float]

    @property
    def same(self) -> bool:
        """Whether every code came out the same."""
        return self.alone == self.together == self.clips

    def document(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        metrics = {name: None if math.isnan(value) else round(value, 4) for name, value in self.metrics.items()}
        return {"clips": self.clips, "same_alone": self.alone, "same_in_a_batch": self.together, "metrics": metrics}

    def lines(self) -> dict[str, str]:
        """Return it as a person reads it."""
        missing = {"pesq_wb": "pesq", "stoi": "pystoi"}
        parts = []
        for name, shown in SHOWN.items():
            value = self.metrics.get(name, math.nan)
            absent = name in missing and find_spec(missing[name]) is None
            known = f"n/a (install {missing[name]})" if absent else "n/a"
            parts.append(f"{shown} {known if math.isnan(value) else f'{value:.3f}'}")
        return {
            "verified": f"{self.clips} clips: {self.alone} have the same codes alone, {self.together} in one batch",
            "quality": ", ".join(parts),
        }


def verify(job: "Job", out: Path, *, clips: int = 8) -> Verified:
    """Decode some of the codes in `out`, spread over the corpus, and code them again."""
    from ttsprep.codec import mono_stream
    from ttsprep.codec.codec import EncodedClip
    from ttsprep.codec.metrics import measure_distortion
    from ttsprep.codec.token_formats import open_codes

    coder, spec = job.coder, job.spec
    ours: Mapping[str, Clip] = dict(zip(job.plan.ids, job.plan.clips, strict=True))
    short = [row.id for row in open_codes(out).rows() if 0 < row.samples <= _SECONDS * spec.sample_rate]
    wanted = set(short[:: max(1, len(short) // clips)][:clips])
    rows = [row for row in open_codes(out).rows() if row.id in wanted]
    originals = [_samples(job.plan.root, ours[row.id], spec.sample_rate, mono_stream.mono_at) for row in rows]
    again = coder.encode(originals, num_codebooks=spec.num_codebooks, beam=spec.beam)
    alone = [coder.encode([clip], num_codebooks=spec.num_codebooks, beam=spec.beam)[0] for clip in originals]
    decoded = coder.decode([EncodedClip(row.codes, row.scale, row.samples) for row in rows])
    values = [measure_distortion(clip, back, spec.sample_rate) for clip, back in zip(originals, decoded, strict=True)]
    return Verified(
        clips=len(rows),
        alone=sum(_same(row, one.codes) for row, one in zip(rows, alone, strict=True)),
        together=sum(_same(row, one.codes) for row, one in zip(rows, again, strict=True)),
        metrics={name: _mean([value[name] for value in values]) for name in (values[0] if values else {})},
    )


def _samples(root: Path, clip: Clip, rate: int, whole: Any) -> Samples:
    path = inside(root, clip.path)
    samples: Samples = whole(audio.read(path, start=clip.start, end=clip.end), rate)
    return samples


def _same(row: "TokenRow", codes: Any) -> bool:
    return np.array_equal(row.codes, codes)


def _mean(values: list[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan
