"""The codec as other programs use it: ``Codec.load(path).encode(batch, lengths)``."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ttsprep.codec import tiles
from ttsprep.codec.checkpoint import Checkpoint, read
from ttsprep.codec.errors import CodecError, UntrainedError
from ttsprep.codec.level import FLOOR, speech_level
from ttsprep.types import Samples

Codes = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Coded:
    """A coded clip.

    Attributes
    ----------
    codes
        ``(depth, frames)``; int16 where the codebooks have at most 32,768 codes, otherwise int32.
    scale
        Level of the speech: the codes do not depend on it, decoding restores it.
    samples
        Length of the clip; what is decoded is exactly as long.
    """

    codes: Codes
    scale: float
    samples: int


class Codec:
    """A trained codec, on the CPU.

    Parameters
    ----------
    checkpoint
        From `ttsprep.codec.checkpoint.read`.

    Attributes
    ----------
    depth
        Codebooks that were trained.
    digest
        Names config and weights.
    model
        The network, in evaluation mode.

    Notes
    -----
    Codes of a clip are the same bits whether it is coded alone, in a batch, or in chunks. They may differ
    between processors: libraries of linear algebra round differently.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self.config = checkpoint.config
        self.depth = checkpoint.active_depth
        self.digest = checkpoint.digest()
        self.model = checkpoint.model()

    @classmethod
    def load(cls, path: Path | str) -> "Codec":
        """Load a checkpoint.

        Parameters
        ----------
        path
            Of the file, or the name of a codec that ships with ttsprep.

        Returns
        -------
        Codec
        """
        shipped = Path(__file__).parent / "weights" / f"{path}.pt"
        return cls(read(shipped if shipped.is_file() else Path(path)))

    @property
    def sample_rate(self) -> int:
        """Samples a second, in and out."""
        return self.config.sample_rate

    @property
    def frame_rate(self) -> float:
        """Frames of codes a second."""
        return self.config.frame_rate

    @property
    def cardinality(self) -> int:
        """Codes in each codebook."""
        return self.model.quantiser.cardinality

    def _depth(self, depth: int | None) -> int:
        if depth is None:
            return self.depth
        if not 1 <= depth <= self.depth:
            trained = f"{self.depth} of its {self.config.quantiser.depth} codebooks were trained"
            raise UntrainedError(f"depth {depth} was asked for, but of this codec {trained}")
        return depth

    def encode(
        self,
        batch: Sequence[Samples] | npt.NDArray[np.float32],
        lengths: Sequence[int] | None = None,
        *,
        depth: int | None = None,
        beam: int = 1,
    ) -> list[Coded]:
        """Code clips.

        Parameters
        ----------
        batch
            Clips, mono, at `sample_rate`; of any lengths, or rows of one array.
        lengths
            Samples of each clip; what lies behind is not looked at. None: all of them.
        depth
            Codebooks to use; None for every trained one.
        beam
            Choices kept from codebook to codebook: more is slower and nearer to the original.

        Returns
        -------
        list of Coded
        """
        depth = self._depth(depth)
        if lengths is not None and len(lengths) != len(batch):
            raise CodecError(f"{len(batch)} clips, but {len(lengths)} lengths")
        out = []
        for row, clip in enumerate(batch):
            end = len(clip) if lengths is None else int(lengths[row])
            if not 0 <= end <= len(clip):
                raise CodecError(f"clip {row}: length {end}, but it has {len(clip)} samples")
            out.append(self._encode_one(np.asarray(clip[:end], np.float32), row, depth, beam))
        return out

    def _encode_one(self, clip: Samples, row: int, depth: int, beam: int) -> Coded:
        if clip.ndim != 1:
            raise CodecError(f"clip {row} has shape {clip.shape}: one row of samples is expected (mono)")
        if not np.isfinite(clip).all():
            raise CodecError(f"clip {row} holds samples that are not finite")
        scale = speech_level(clip, self.sample_rate)
        codes = tiles.encode(self.model, torch.from_numpy(clip / np.float32(scale)), depth, beam)
        return Coded(self._narrow(codes), scale, len(clip))

    def encode_chunks(
        self, chunks: Iterable[Samples], scale: float, *, depth: int | None = None, beam: int = 1
    ) -> Iterator[Codes]:
        """Code one clip that arrives in chunks of any size, in bounded memory.

        Parameters
        ----------
        chunks
            Consecutive samples at `sample_rate`.
        scale
            Of the whole clip, from `ttsprep.codec.level.speech_level`.
        depth, beam
            As in `encode`.

        Yields
        ------
        ndarray
            Codes ``(depth, frames)``; joined they are those of `encode`, bit for bit.
        """
        if not scale >= FLOOR:
            raise CodecError(f"scale must be at least {FLOOR}, not {scale}")
        level = np.float32(scale)
        unit = (torch.from_numpy(np.asarray(chunk, np.float32) / level) for chunk in chunks)
        for codes in tiles.encode_stream(self.model, unit, self._depth(depth), beam):
            yield self._narrow(codes)

    def decode(self, coded: Sequence[Coded]) -> list[Samples]:
        """Turn codes back into clips of the same lengths and levels.

        Parameters
        ----------
        coded
            What `encode` returned, or the same read from a file: it is checked.

        Returns
        -------
        list of ndarray
        """
        out = []
        for row, one in enumerate(coded):
            self._check(one, row)
            codes = torch.from_numpy(np.ascontiguousarray(one.codes, np.int64))
            samples = tiles.decode(self.model, codes)[: one.samples]
            out.append(samples.numpy() * np.float32(one.scale * self.config.output_gain))
        return out

    def _check(self, one: Coded, row: int) -> None:
        if one.codes.ndim != 2:
            raise CodecError(f"clip {row}: codes have shape {one.codes.shape}, not (depth, frames)")
        depth, frames = one.codes.shape
        self._depth(depth)
        wanted = -(-one.samples // self.config.frame)
        if frames != wanted:
            raise CodecError(f"clip {row}: {frames} frames of codes, but {one.samples} samples need {wanted}")
        if one.codes.size and (one.codes.min() < 0 or one.codes.max() >= self.cardinality):
            low, high = int(one.codes.min()), int(one.codes.max())
            raise CodecError(f"clip {row}: codes {low} to {high}, but a codebook has {self.cardinality}")
        if not (np.isfinite(one.scale) and one.scale > 0):
            raise CodecError(f"clip {row}: scale is {one.scale}")

    def _narrow(self, codes: torch.Tensor) -> Codes:
        kind = np.int16 if self.cardinality <= 32768 else np.int32
        return codes.numpy().astype(kind)
