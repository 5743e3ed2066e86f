"""The number of bits, with dither where bits are lost."""

import hashlib
from dataclasses import dataclass

import numpy as np

from ttsprep.build.stages.base import Stage, StageResult
from ttsprep.core.errors import AudioError, UsageError, nearest
from ttsprep.core.types import Audio, Clip

BITS = {"PCM_16": 16, "PCM_24": 24, "FLOAT": 0}
CONTAINERS = ("wav", "flac")


@dataclass(frozen=True)
class Format(Stage):
    """The number of bits, with triangular dither where bits are lost: its error is then noise, not distortion.

    Samples that fit already are left bit for bit as they are.

    Attributes
    ----------
    subtype
        ``PCM_16``, ``PCM_24`` or ``FLOAT``.
    container
        ``wav`` or ``flac``.
    dither
        False rounds only.
    """

    name = "format"

    subtype: str = "PCM_16"
    container: str = "wav"
    dither: bool = True

    @property
    def bytes_per_sample(self) -> int:
        """Bytes of a sample before any packing."""
        return BITS[self.subtype] // 8 or 4

    def __post_init__(self) -> None:
        if self.subtype not in BITS:
            raise UsageError(f"there is no subtype {self.subtype!r}; {nearest(self.subtype, BITS)}")
        if self.container not in CONTAINERS:
            raise UsageError(f"there is no container {self.container!r}; {nearest(self.container, CONTAINERS)}")
        if self.container == "flac" and self.subtype == "FLOAT":
            raise UsageError("FLAC holds whole numbers only: give subtype PCM_16 or PCM_24")

    def apply(self, clip: Clip, audio: Audio) -> StageResult:  # noqa: D102
        peak = float(np.abs(audio.samples).max(initial=0.0))
        bits = BITS[self.subtype]
        if not bits:
            return StageResult(clip, Audio(audio.samples, audio.rate, self.subtype, audio.complete))
        scale = np.float64(2 ** (bits - 1))
        steps = audio.samples.astype(np.float64) * scale
        whole = np.rint(steps)
        changes: dict[str, float | str] = {}
        if not np.array_equal(steps, whole):
            if self.dither:
                whole = np.rint(steps + _triangular(audio))
                changes["dither"] = "TPDF"
            changes["rounded_to_bits"] = bits
        if whole.max() > scale - 1 or whole.min() < -scale:
            if peak > 1 + 1 / scale:
                raise AudioError("clipping", f"its peak of {peak:.3g} is over full scale: add the stage loudness")
            whole = np.clip(whole, -scale, scale - 1)
        samples = (whole / scale).astype(np.float32)
        return StageResult(clip, Audio(samples, audio.rate, self.subtype, audio.complete), changes)


def _triangular(audio: Audio) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Noise of two steps, triangular in density, that depends on nothing but the samples.

    The difference of two uniform numbers of 16 bits each: the halves of one random number.
    """
    seed = hashlib.blake2b(np.ascontiguousarray(audio.samples).tobytes(), digest_size=8).digest()
    generator = np.random.default_rng(int.from_bytes(seed, "little"))
    numbers = generator.integers(1 << 32, size=audio.samples.shape, dtype=np.uint32)
    halves = numbers.view(np.uint16).reshape(*audio.samples.shape, 2).astype(np.float32)
    return np.asarray((halves[..., 0] - halves[..., 1]) * np.float32(2**-16))
