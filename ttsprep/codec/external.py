"""What every codec offers to `ttsprep encode`, ours or another's."""

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from ttsprep.codec.codec import Codec, EncodedClip
from ttsprep.codec.families import load_family
from ttsprep.core.errors import CheckpointError, CodecError, UntrainedError
from ttsprep.core.types import Samples


class AudioCodec(Protocol):
    """Turns clips into codes and back.

    Attributes
    ----------
    num_codebooks, codebook_size
        Codebooks that can be used, and codes in each.
    digest
        Names its weights and settings.
    default_beam
        Beam to use where none is asked for.
    device_name
        ``cpu``, or what it computes on.
    longest_s
        Seconds that it can code in bounded memory; longer clips are refused.
    """

    num_codebooks: int
    digest: str
    default_beam: int
    longest_s: float
    device_name: str

    @property
    def sample_rate(self) -> int:
        """Samples a second, in and out."""

    @property
    def hop_length(self) -> int:
        """Samples in one frame of codes."""

    @property
    def codebook_size(self) -> int:
        """Codes in each codebook."""

    def encode(
        self,
        batch: Sequence[Samples],
        lengths: Sequence[int] | None = None,
        *,
        num_codebooks: int | None = None,
        beam: int = 1,
    ) -> "list[EncodedClip]":
        """Code clips."""

    def encode_stream(
        self, stream: Callable[[], Iterable[Samples]], *, num_codebooks: int | None = None, beam: int = 1
    ) -> "EncodedClip":
        """Code one clip that arrives in chunks; `stream` is called as often as it is needed."""

    def decode(self, coded: "Sequence[EncodedClip]") -> list[Samples]:
        """Turn codes back into clips."""


def is_hf_model(folder: Path) -> bool:
    """Say whether a folder holds a model of `transformers`."""
    return (folder / "config.json").is_file()


def cached_model(name: str) -> Path | None:
    """Return the folder of a model in the cache of Hugging Face, or None; nothing is fetched."""
    if name.count("/") != 1:
        return None
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import LocalEntryNotFoundError
    except ImportError:
        return None
    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, ValueError):
        return None


class HFCodec:
    """A codec of others, in a folder as they publish it.

    Parameters
    ----------
    folder
        With ``config.json`` and weights.
    device
        Where to compute.
    """

    default_beam = 1
    longest_s = 180.0

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        self.device_name = device
        self._family = load_family(folder)
        self._family.model.to(device)
        self.digest = self._family.digest
        self.sample_rate, self.hop_length = self._family.sample_rate, self._family.hop_length
        self.num_codebooks, self.codebook_size = self._family.num_codebooks, self._family.codebook_size

    def encode(
        self,
        batch: Sequence[Samples],
        lengths: Sequence[int] | None = None,
        *,
        num_codebooks: int | None = None,
        beam: int = 1,
    ) -> list[EncodedClip]:
        """Code clips one by one, as `ttsprep.codec.codec.Codec.encode`; these codecs do not search."""
        del beam
        num_codebooks = self.num_codebooks if num_codebooks is None else num_codebooks
        if not 1 <= num_codebooks <= self.num_codebooks:
            raise UntrainedError(f"{num_codebooks} codebooks were asked for, but this codec has {self.num_codebooks}")
        if num_codebooks < self.num_codebooks and not self._family.divisible:
            raise UntrainedError(f"this codec has no first {num_codebooks} codebooks: it is used whole")
        ends = map(len, batch) if lengths is None else lengths
        return [
            self._encode(np.asarray(clip[:end], np.float32), num_codebooks)
            for clip, end in zip(batch, ends, strict=True)
        ]

    def encode_stream(
        self, stream: Callable[[], Iterable[Samples]], *, num_codebooks: int | None = None, beam: int = 1
    ) -> EncodedClip:
        """Code a clip that arrives in chunks: it is held whole."""
        return self.encode([np.concatenate(list(stream()))], num_codebooks=num_codebooks, beam=beam)[0]

    @torch.inference_mode()
    def _encode(self, clip: Samples, num_codebooks: int) -> EncodedClip:
        if clip.ndim != 1 or not np.isfinite(clip).all():
            raise CodecError(f"a clip of shape {clip.shape}: one row of finite samples is expected")
        frames = -(-len(clip) // self.hop_length)
        if not frames:
            return EncodedClip(np.zeros((num_codebooks, 0), self._type), 1.0, 0)
        padded = torch.zeros(1, 1, frames * self.hop_length)
        padded[0, 0, : len(clip)] = torch.from_numpy(clip)
        codes, scale = self._family.encode(padded.to(self.device_name))
        # Each book quantises what those before it left, so the first ones are a codec of their own.
        codes = codes[:num_codebooks]
        if codes.shape != (num_codebooks, frames):
            raise CodecError(f"codes of shape {tuple(codes.shape)} were made, not ({num_codebooks}, {frames})")
        return EncodedClip(
            codes.cpu().numpy().astype(self._type), scale, len(clip), self._distance(padded, codes, scale)
        )

    def _distance(self, samples: Tensor, codes: Tensor, scale: float) -> float:
        """Return the energy of what is lost of log spectra, in dB: latents are not in reach here."""
        from ttsprep.codec.metrics import distances

        original, decoded = samples[0, 0].cpu().numpy(), self._samples(codes, scale)[: samples.shape[-1]]
        if len(original) < 1024 or not original.any():
            return math.nan
        return distances(original, decoded, self.sample_rate)[0]

    def decode(self, coded: Sequence[EncodedClip]) -> list[Samples]:
        """Turn codes back into clips of the same lengths."""
        out = []
        for one in coded:
            if one.codes.size and not (one.codes.min() >= 0 and one.codes.max() < self.codebook_size):
                raise CodecError(
                    f"codes {one.codes.min()} to {one.codes.max()}, but a codebook has {self.codebook_size}"
                )
            codes = torch.from_numpy(np.ascontiguousarray(one.codes, np.int64)).to(self.device_name)
            samples = self._samples(codes, one.scale) if one.samples else np.zeros(0, np.float32)
            out.append(np.pad(samples[: one.samples], (0, max(0, one.samples - len(samples)))))
        return out

    @torch.inference_mode()
    def _samples(self, codes: Tensor, scale: float) -> Samples:
        samples: Samples = self._family.decode(codes, scale).reshape(-1).cpu().numpy()
        return samples

    @property
    def _type(self) -> type[np.integer[Any]]:
        return np.int16 if self.codebook_size <= 1 << 15 else np.int32


def load_codec(name: Path | str, device: str = "cpu") -> "AudioCodec":
    """Return the codec called `name`.

    Parameters
    ----------
    name
        A checkpoint, a folder with a model of Hugging Face, or the name of a codec that ships with ttsprep.
    device
        Where it is to compute.

    Raises
    ------
    CodecError
        If it cannot be loaded.
    """
    torch.set_num_threads(1)  # codes must not depend on how many cores there are; cores are for processes
    path = Path(name) if Path(name).exists() else cached_model(str(name)) or Path(name)
    if path.is_dir():
        if not is_hf_model(path):
            raise CheckpointError(f"{path} is a folder without config.json: neither a checkpoint nor a model")
        return HFCodec(path, device)
    return Codec.load(name, device)
