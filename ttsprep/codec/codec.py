"""The codec as other programs use it: ``Codec.load(path).encode(batch, lengths)``."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ttsprep.codec import tiles
from ttsprep.codec.checkpoint import Checkpoint, read_checkpoint
from ttsprep.core.errors import CodecError, UntrainedError
from ttsprep.core.types import Samples

_Codes = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class EncodedClip:
    """A coded clip.

    Attributes
    ----------
    codes
        ``(num_codebooks, frames)``; int16 where the codebooks have at most 32,768 codes, otherwise int32.
    scale
        Level of the speech: the codes do not depend on it, decoding restores it.
    samples
        Length of the clip; what is decoded is exactly as long.
    distance_db
        Energy of the latents that the codes miss, relative to all of it: speech like that of the training
        lies lower than anything else. NaN where it was not measured; decoding does not need it.
    """

    codes: _Codes
    scale: float
    samples: int
    distance_db: float = math.nan


class Codec:
    """A trained codec.

    Parameters
    ----------
    checkpoint
        From `ttsprep.codec.checkpoint.read_checkpoint`.
    device
        Where to compute.

    Attributes
    ----------
    at_once
        Tiles of 128 frames that are computed together on a device other than the CPU, a batch being filled up to so
        many; halved where its memory runs out.
    num_codebooks
        Codebooks that were trained.
    digest
        Names config and weights.
    model
        The network, in evaluation mode.

    Notes
    -----
    On a CPU, codes of a clip are the same bits whether it is coded alone, in a batch, or in chunks. They may
    differ between processors: libraries of linear algebra round differently. A GPU computes in float32, in batches of
    one fixed shape, so that what else is coded does not choose its kernels.

    Examples
    --------
    >>> import numpy as np
    >>> from ttsprep.codec import Codec
    >>> codec = Codec.load("nano16")
    >>> tone = 0.1 * np.sin(np.arange(16000) * 0.1).astype(np.float32)
    >>> batch = np.stack([tone, tone])
    >>> first, second = codec.encode(batch, lengths=[16000, 8000])
    >>> first.codes.shape, second.codes.shape
    ((8, 50), (8, 25))
    >>> [len(clip) for clip in codec.decode([first, second])]
    [16000, 8000]
    """

    default_beam = 8
    """Beam that `ttsprep encode` uses where none is asked for."""
    longest_s = math.inf

    def __init__(self, checkpoint: Checkpoint, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.device_name = str(self.device)
        if self.device.type == "cuda":  # tf32 would flip codes; the kernel that uses it certifies them
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        self.at_once = 16 if self.device.type == "cpu" else 128
        self.checkpoint = checkpoint
        self.config = checkpoint.config
        self.num_codebooks = checkpoint.trained_codebooks
        self.digest = checkpoint.digest()
        self.model = checkpoint.model().to(self.device)

    @classmethod
    def load(cls, path: Path | str, device: torch.device | str = "cpu") -> "Codec":
        """Load a checkpoint.

        Parameters
        ----------
        path
            Of the file, or the name of a codec that ships with ttsprep.
        device
            Where to compute.

        Returns
        -------
        Codec
        """
        shipped = Path(__file__).parent / "weights" / f"{path}.pt"
        return cls(read_checkpoint(shipped if shipped.is_file() else Path(path)), device)

    @property
    def hop_length(self) -> int:
        """Samples in one frame of codes."""
        return self.config.hop_length

    @property
    def sample_rate(self) -> int:
        """Samples a second, in and out."""
        return self.config.sample_rate

    @property
    def frame_rate(self) -> float:
        """Frames of codes a second."""
        return self.config.frame_rate

    @property
    def codebook_size(self) -> int:
        """Codes in each codebook."""
        return self.model.quantiser.codebook_size

    @property
    def _rows(self) -> int:
        return 0 if self.device.type == "cpu" else self.at_once

    def _valid_num_codebooks(self, num_codebooks: int | None) -> int:
        if num_codebooks is None:
            return self.num_codebooks
        if not 1 <= num_codebooks <= self.num_codebooks:
            trained = f"{self.num_codebooks} of its {self.config.quantiser.num_codebooks} codebooks were trained"
            raise UntrainedError(f"{num_codebooks} codebooks were asked for, but of this codec {trained}")
        return num_codebooks

    def encode(
        self,
        batch: Sequence[Samples] | npt.NDArray[np.float32],
        lengths: Sequence[int] | None = None,
        *,
        num_codebooks: int | None = None,
        beam: int = 1,
    ) -> list[EncodedClip]:
        """Code clips.

        Parameters
        ----------
        batch
            Clips, mono, at `sample_rate`; of any lengths, or rows of one array.
        lengths
            Samples of each clip; what lies behind is not looked at. None: all of them.
        num_codebooks
            Codebooks to use; None for every trained one.
        beam
            Choices kept from codebook to codebook: more is slower and nearer to the original.

        Returns
        -------
        list of EncodedClip
        """
        num_codebooks, beam = self._valid_num_codebooks(num_codebooks), _valid_beam(beam)
        if lengths is not None and len(lengths) != len(batch):
            raise CodecError(f"{len(batch)} clips, but {len(lengths)} lengths")
        clips = []
        for row, clip in enumerate(batch):
            end = len(clip) if lengths is None else int(lengths[row])
            if not 0 <= end <= len(clip):
                raise CodecError(f"clip {row}: length {end}, but it has {len(clip)} samples")
            clips.append(_valid_clip(np.ascontiguousarray(clip[:end], np.float32), row))
        scales = [speech_level(clip, self.sample_rate) for clip in clips]
        units = [(torch.from_numpy(clip), scale) for clip, scale in zip(clips, scales, strict=True)]
        codings = tiles.encode_tiled(self.model, units, num_codebooks, beam, at_once=self.at_once, on_oom=self._on_oom)
        return [self._coded(*one) for one in zip(codings, scales, map(len, clips), strict=True)]

    def _on_oom(self, at_once: int) -> None:
        self.at_once = at_once

    def _coded(self, coding: tiles.TileCodes, scale: float, samples: int) -> EncodedClip:
        share = coding.missed / coding.energy if coding.energy > 0 else math.nan
        return EncodedClip(
            self._to_int16(coding.codes), scale, samples, 10 * math.log10(share) if share > 0 else math.nan
        )

    def encode_stream(
        self, stream: Callable[[], Iterable[Samples]], *, num_codebooks: int | None = None, beam: int = 1
    ) -> EncodedClip:
        """Code one clip that is too long to be held, in bounded memory; the same bits as `encode`.

        Parameters
        ----------
        stream
            Gives the chunks of the clip, of any size; called twice, as the level of the whole is needed first.
        num_codebooks, beam
            As in `encode`.

        Returns
        -------
        EncodedClip
        """
        num_codebooks, beam = self._valid_num_codebooks(num_codebooks), _valid_beam(beam)
        samples = 0

        def chunks() -> Iterator[Samples]:
            nonlocal samples
            samples = 0
            for chunk in stream():
                samples += len(chunk)
                yield _valid_clip(np.ascontiguousarray(chunk, np.float32), 0)

        scale = streamed_level(chunks(), self.sample_rate)
        tensors = map(torch.from_numpy, chunks())
        parts = list(tiles.encode_stream(self.model, tensors, scale, num_codebooks, beam, rows=self._rows))
        return self._coded(tiles.join(parts, num_codebooks), scale, samples)

    def decode(self, coded: Sequence[EncodedClip]) -> list[Samples]:
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
            samples = tiles.decode_tiled(self.model, codes)[: one.samples]
            out.append(samples.numpy() * np.float32(one.scale * self.config.output_gain))
        return out

    def _check(self, one: EncodedClip, row: int) -> None:
        if one.codes.ndim != 2:
            raise CodecError(f"clip {row}: codes have shape {one.codes.shape}, not (num_codebooks, frames)")
        num_codebooks, frames = one.codes.shape
        self._valid_num_codebooks(num_codebooks)
        wanted = -(-one.samples // self.config.hop_length)
        if frames != wanted:
            raise CodecError(f"clip {row}: {frames} frames of codes, but {one.samples} samples need {wanted}")
        if one.codes.size and (one.codes.min() < 0 or one.codes.max() >= self.codebook_size):
            low, high = int(one.codes.min()), int(one.codes.max())
            raise CodecError(f"clip {row}: codes {low} to {high}, but a codebook has {self.codebook_size}")
        if not (np.isfinite(one.scale) and one.scale > 0):
            raise CodecError(f"clip {row}: scale is {one.scale}")

    def _to_int16(self, codes: torch.Tensor) -> _Codes:
        kind = np.int16 if self.codebook_size <= 32768 else np.int32
        return codes.numpy().astype(kind)


def _valid_beam(beam: int) -> int:
    if beam < 1:
        raise CodecError(f"beam {beam} was asked for: at least one choice must be kept")
    return beam


def _valid_clip(clip: Samples, row: int) -> Samples:
    if clip.ndim != 1:
        raise CodecError(f"clip {row} has shape {clip.shape}: one row of samples is expected (mono)")
    if not np.isfinite(clip).all():
        raise CodecError(f"clip {row} holds samples that are not finite")
    return clip


POWER_FLOOR = 3e-3
Powers = npt.NDArray[np.float64]


def speech_level(samples: Samples, rate: int) -> float:
    """Return the RMS of the speech in a clip, plus a small floor, so that codes do not depend on gain.

    Frames of 20 ms count as speech where they are within 20 dB of the 95th percentile.

    Parameters
    ----------
    samples
        One clip, mono.
    rate
        Sample rate.

    Returns
    -------
    float
        At least `POWER_FLOOR`.
    """
    return level_of(frame_powers(samples, rate))


def streamed_level(chunks: Iterable[Samples], rate: int) -> float:
    """Return `speech_level` of a clip that arrives in chunks of any size: the same bits."""
    size = frame_size(rate)
    powers: list[Powers] = []
    rest = np.zeros(0, np.float32)
    for chunk in chunks:
        held = np.concatenate([rest, chunk])
        whole = len(held) // size * size
        powers.append(frame_powers(held[:whole], rate))
        rest = held[whole:]
    return level_of(np.concatenate([*powers, frame_powers(rest, rate)]))


def frame_size(rate: int) -> int:
    """Return the samples in a frame of 20 ms."""
    return max(1, rate // 50)


def frame_powers(samples: Samples, rate: int) -> Powers:
    """Return the mean square of each frame of 20 ms, the last one filled up with zeros."""
    size = frame_size(rate)
    padded = np.zeros(-(-len(samples) // size) * size, np.float64)
    padded[: len(samples)] = samples
    return np.asarray(np.square(padded.reshape(-1, size)).mean(1))


def level_of(powers: Powers) -> float:
    """Return the level of the frames that are speech."""
    if not len(powers):
        return POWER_FLOOR
    loud = powers[powers >= 0.01 * np.percentile(powers, 95)]
    return float(np.float32(np.sqrt(loud.mean()) + POWER_FLOOR))
