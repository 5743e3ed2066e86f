"""What every codec offers to `ttsprep encode`, ours or another's."""

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from ttsprep.codec.codec import Codec, EncodedClip
from ttsprep.core.errors import CheckpointError, CodecError, MissingExtraError, UntrainedError
from ttsprep.core.types import Samples
from ttsprep.core.untrusted import UntrustedError, read_json, read_safetensors


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


_MOST = {"sampling_rate": 384_000, "target_bandwidths": 1000}
_MOST_PARTS, _MOST_SIZE = 512, 1 << 16
"""Of layers, heads and codebooks, and of anything else in ``config.json``: a model is made of them before its weights
are looked at."""
_CLASSES = {"encodec": "EncodecModel", "dac": "DacModel", "mimi": "MimiModel"}
"""By the ``model_type`` of ``config.json``."""


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
    """A codec of another house.

    Parameters
    ----------
    folder
        With ``config.json`` and ``model.safetensors``.
    device
        Where to compute.
    """

    default_beam = 1
    longest_s = 180.0

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        self.device_name = device
        self.kind, self._config = _kind(folder)
        weights = _weights(folder)
        self._model: Any = _load(folder, _CLASSES[self.kind], self._config, weights).to(device).eval()
        digest = hashlib.sha256(json.dumps(self._config, sort_keys=True).encode())
        digest.update(weights)
        self.digest = digest.hexdigest()
        try:
            self._read_sizes(folder)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise CheckpointError(f"{folder}/config.json does not describe a codec: {error}") from None

    def _read_sizes(self, folder: Path) -> None:
        given = self._model.config
        self.sample_rate = int(given.sampling_rate)
        self.codebook_size = int(given.codebook_size)
        if self.kind == "encodec":
            self._refuse_stereo(folder)
            self._bandwidth = max(given.target_bandwidths)
            self.num_codebooks = int(self._model.quantizer.get_num_quantizers_for_bandwidth(self._bandwidth))
            self.hop_length = math.prod(given.upsampling_ratios)
        elif self.kind == "dac":
            self.num_codebooks, self.hop_length = int(given.n_codebooks), math.prod(given.downsampling_ratios)
        else:
            self.num_codebooks, self.hop_length = int(given.num_quantizers), round(self.sample_rate / given.frame_rate)
        if min(self.sample_rate, self.codebook_size, self.num_codebooks, self.hop_length) < 1:
            raise ValueError("a rate, a size or a number of codebooks is 0")

    def _refuse_stereo(self, folder: Path) -> None:
        given = self._model.config
        if given.audio_channels != 1 or given.chunk_length_s is not None:
            raise CodecError(
                f"{folder}: an EnCodec of {given.audio_channels} channels in chunks; only mono ones are used"
            )

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
        codes, scale = self._codes(padded.to(self.device_name), num_codebooks)
        if codes.shape != (num_codebooks, frames):
            raise CodecError(f"{self.kind} gave codes of shape {tuple(codes.shape)}, not ({num_codebooks}, {frames})")
        return EncodedClip(
            codes.cpu().numpy().astype(self._type), scale, len(clip), self._distance(padded, codes, scale)
        )

    def _codes(self, samples: Tensor, num_codebooks: int) -> tuple[Tensor, float]:
        """Return codes ``(num_codebooks, frames)`` and the scale, 1 where the codec has none."""
        if self.kind == "encodec":
            out = self._model.encode(samples, bandwidth=self._bandwidth)
            scale = out.audio_scales[0]
            # Each book quantises what those before it left, so the first ones are a codec of their own.
            return out.audio_codes[0, 0, :num_codebooks], 1.0 if scale is None else float(scale)
        if self.kind == "dac":
            return self._model.encode(samples, n_quantizers=num_codebooks).audio_codes[0], 1.0
        return self._model.encode(samples, num_quantizers=num_codebooks).audio_codes[0], 1.0

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
        if self.kind == "encodec":
            scaled = torch.tensor([[scale]], device=codes.device) if self._model.config.normalize else None
            audio = self._model.decode(codes[None, None], [scaled]).audio_values
        elif self.kind == "dac":
            audio = self._model.decode(audio_codes=codes[None]).audio_values
        else:
            audio = self._model.decode(codes[None]).audio_values
        samples: Samples = audio.reshape(-1).cpu().numpy()
        return samples

    @property
    def _type(self) -> type[np.integer[Any]]:
        return np.int16 if self.codebook_size <= 1 << 15 else np.int32


def _kind(folder: Path) -> tuple[str, dict[str, Any]]:
    try:
        config = read_json(folder / "config.json")
        kind = str(config["model_type"])
    except (OSError, ValueError, KeyError, TypeError):
        raise CheckpointError(f"{folder}/config.json cannot be read, or has no model_type") from None
    if kind not in _CLASSES:
        raise CheckpointError(f"{folder} holds a model of type {kind!r}; codecs that are known: {', '.join(_CLASSES)}")
    for key, value in config.items():
        most = _MOST.get(key, _MOST_PARTS if key.startswith(("num_", "n_")) else _MOST_SIZE)
        for number in value if isinstance(value, list) else [value]:
            if isinstance(number, int | float) and not -most <= number <= most:
                raise CheckpointError(f"{folder}/config.json: {key} is {number:,} (limit {most:,})")
    return kind, config


def _weights(folder: Path) -> bytes:
    try:
        return read_safetensors(folder / "model.safetensors")
    except FileNotFoundError:
        raise CheckpointError(f"{folder} has no model.safetensors; weights in pickles are not loaded") from None
    except OSError as error:
        raise CheckpointError(f"{folder}/model.safetensors cannot be read: {error.strerror}") from None
    except UntrustedError as error:
        raise CheckpointError(f"{folder}/model.safetensors: {error}") from None


def _load(folder: Path, name: str, config: dict[str, Any], weights: bytes) -> Any:
    """Return the model of a folder, of which `transformers` opens nothing itself."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        import transformers
    except ImportError:
        raise MissingExtraError("a codec of Hugging Face needs transformers: pip install transformers") from None
    library: Any = transformers
    library.utils.logging.disable_progress_bar()
    library.utils.logging.set_verbosity_error()
    try:
        kind = getattr(library, name)
        model, report = kind.from_pretrained(
            None,
            config=kind.config_class.from_dict(config),
            state_dict=safetensors.torch.load(weights),
            local_files_only=True,
            ignore_mismatched_sizes=True,  # they are refused below, in words
            output_loading_info=True,
        )
    except Exception as error:  # the library raises whatever a wrong value leads to
        raise CheckpointError(f"{folder}: {' '.join(str(error).split())}") from None
    for what, key in (("are missing", "missing_keys"), ("have other sizes than config.json says", "mismatched_keys")):
        if names := sorted(str(found if isinstance(found, str) else found[0]) for found in report[key]):
            raise CheckpointError(f"{folder}: {len(names)} weights {what}, such as {names[0]}")
    return model


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
