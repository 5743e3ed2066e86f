"""Families of codecs by others: how the model of each takes samples and gives codes."""

import hashlib
import importlib
import io
import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import safetensors.torch
import torch
from torch import Tensor

from ttsprep.core.errors import CheckpointError, CodecError, MissingExtraError
from ttsprep.core.untrusted import UntrustedError, open_regular, read_json, read_safetensors, refuse_bomb

_MOST = dict.fromkeys(("sampling_rate", "sample_rate", "input_sample_rate", "output_sample_rate"), 384_000) | {
    "target_bandwidths": 1000
}
_MOST_PARTS, _MOST_SIZE = 512, 1 << 16
"""Of layers, heads and codebooks, and of anything else in ``config.json``: a model is made of them before its weights
are looked at."""


class Family:
    """Codecs of `transformers` with one array of codes a clip, each codebook for what those before it left.

    Attributes
    ----------
    class_name, module, install
        The class of its model, where that is imported from, and what ``pip`` calls that.
    weights
        Their file.
    sample_rate, hop_length
        In Hz, and samples in one frame of codes.
    num_codebooks, codebook_size
        Codes in a frame, and the numbers from 0 that each can be.
    divisible
        Whether the first codebooks are a codec of their own.
    """

    class_name: ClassVar[str]
    module = install = "transformers"
    weights = "model.safetensors"
    divisible = True

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self._folder = folder
        weights = self._read_weights()
        self.digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode() + weights).hexdigest()
        self.model = self._load(config, weights).eval()
        try:
            self._describe(getattr(self.model, "config", self.model))
            if min(self.sample_rate, self.codebook_size, self.num_codebooks, self.hop_length) < 1:
                raise ValueError("a rate, a size or a number of codebooks is 0")
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise CheckpointError(f"{folder}/config.json does not describe a codec: {error}") from None

    def _describe(self, config: Any) -> None:
        self.sample_rate = int(config.sampling_rate if hasattr(config, "sampling_rate") else config.sample_rate)
        self.hop_length = int(getattr(config, "hop_length", None) or round(self.sample_rate / config.frame_rate))
        books: Any = getattr(config, "n_codebooks", None) or getattr(config, "num_quantizers", 1)
        self.num_codebooks, self.codebook_size = int(books), int(getattr(config, "codebook_size", 0))

    def encode(self, samples: Tensor) -> tuple[Tensor, float]:
        """Return the codes ``(codebooks, frames)`` of samples ``(1, 1, n)``, and their scale, 1 where there is none."""
        return self.model.encode(samples).audio_codes[0], 1.0

    def decode(self, codes: Tensor, scale: float) -> Tensor:
        """Return the samples of codes."""
        del scale
        decoded: Tensor = self.model.decode(audio_codes=codes[None]).audio_values
        return decoded

    def _read_weights(self) -> bytes:
        try:
            return read_safetensors(self._folder / self.weights)
        except FileNotFoundError:
            raise CheckpointError(f"{self._folder} has no {self.weights}; weights in pickles are not loaded") from None
        except OSError as error:
            raise CheckpointError(f"{self._folder}/{self.weights} cannot be read: {error.strerror}") from None
        except UntrustedError as error:
            raise CheckpointError(f"{self._folder}/{self.weights}: {error}") from None

    def _load(self, config: dict[str, Any], weights: bytes) -> Any:
        """Return the model of a folder, of which `transformers` opens nothing itself."""
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        transformers = _import("transformers", "transformers")
        transformers.utils.logging.disable_progress_bar()
        transformers.utils.logging.set_verbosity_error()
        library = _import(self.module, self.install)
        kind = getattr(library, self.class_name, None)
        if kind is None:
            raise MissingExtraError(f"{self.install} here has no {self.class_name}: install a newer one")
        try:
            model, report = kind.from_pretrained(
                None,
                config=kind.config_class.from_dict(config),
                state_dict=safetensors.torch.load(weights),
                local_files_only=True,
                ignore_mismatched_sizes=True,  # they are refused below, in words
                output_loading_info=True,
            )
        except Exception as error:  # the library raises whatever a wrong value leads to
            raise CheckpointError(f"{self._folder}: {' '.join(str(error).split())}") from None
        for what, key in (
            ("are missing", "missing_keys"),
            ("have other sizes than config.json says", "mismatched_keys"),
        ):
            if names := sorted(str(entry if isinstance(entry, str) else entry[0]) for entry in report[key]):
                raise CheckpointError(f"{self._folder}: {len(names)} weights {what}, such as {names[0]}")
        return model


class EnCodec(Family):
    """EnCodec: at the largest of its bit rates, with the scale of the clip."""

    class_name = "EncodecModel"

    def _describe(self, config: Any) -> None:
        super()._describe(config)
        if config.audio_channels != 1 or config.chunk_length_s is not None:
            raise CodecError(
                f"{self._folder}: an EnCodec of {config.audio_channels} channels in chunks; only mono ones are used"
            )
        self._bandwidth = max(config.target_bandwidths)
        self.num_codebooks = int(self.model.quantizer.get_num_quantizers_for_bandwidth(self._bandwidth))

    def encode(self, samples: Tensor) -> tuple[Tensor, float]:
        """See `Family.encode`."""
        out = self.model.encode(samples, bandwidth=self._bandwidth)
        scale = out.audio_scales[0]
        return out.audio_codes[0, 0], 1.0 if scale is None else float(scale)

    def decode(self, codes: Tensor, scale: float) -> Tensor:
        """See `Family.decode`."""
        scaled = torch.tensor([[scale]], device=codes.device) if self.model.config.normalize else None
        decoded: Tensor = self.model.decode(codes[None, None], [scaled]).audio_values
        return decoded


class XCodec2(Family):
    """X-codec 2: one codebook, from samples and features of another model beside them."""

    class_name = "Xcodec2Model"

    def _describe(self, config: Any) -> None:
        super()._describe(config)
        self.codebook_size = math.prod(config.quantization_levels)
        try:
            self._features = _import(self.module, self.install).Xcodec2FeatureExtractor()
        except ImportError:
            raise MissingExtraError("X-codec 2 needs torchaudio: pip install torchaudio") from None

    def encode(self, samples: Tensor) -> tuple[Tensor, float]:
        """See `Family.encode`."""
        mono = samples[0, 0].cpu().numpy()
        taken = self._features(audio=mono, sampling_rate=self.sample_rate, return_tensors="pt")
        frames = samples.shape[-1] // self.hop_length
        return self.model.encode(**taken.to(samples.device)).audio_codes[0, :, :frames], 1.0


class Qwen12Hz(Family):
    """The tokenizer of Qwen3-TTS at 12.5 Hz, by its own package."""

    class_name = "Qwen3TTSTokenizerV2Model"
    module, install = "qwen_tts.core", "qwen-tts"
    divisible = False

    def _describe(self, config: Any) -> None:
        self.sample_rate, self.hop_length = int(config.input_sample_rate), int(config.encode_downsample_rate)
        self.num_codebooks = int(config.encoder_valid_num_quantizers)
        self.codebook_size = int(config.decoder_config.codebook_size)

    def encode(self, samples: Tensor) -> tuple[Tensor, float]:
        """See `Family.encode`."""
        mono = samples[:, 0]
        return self.model.encode(mono, torch.ones_like(mono, dtype=torch.long)).audio_codes[0].T, 1.0

    def decode(self, codes: Tensor, scale: float) -> Tensor:
        """See `Family.decode`."""
        decoded: Tensor = self.model.decode(codes.T[None]).audio_values[0]
        return decoded


class Snac(Family):
    """SNAC, by its own package: codebooks of several rates, as places of one frame of the slowest.

    A place is a node of the tree of rates, parents before children: of the rates 1, 2 and 4 come ``a0, b0, c0, c1, b1,
    c2, c3``, as Orpheus has them.
    """

    class_name = "SNAC"
    module = install = "snac"
    weights = "pytorch_model.bin"
    divisible = False

    def _describe(self, config: Any) -> None:
        strides: Sequence[int] = config.vq_strides
        unit = math.lcm(strides[0], config.attn_window_size or 1)
        self.sample_rate, self.codebook_size = int(config.sampling_rate), int(config.codebook_size)
        self.hop_length = int(config.hop_length) * unit
        self._rates = [unit // stride for stride in strides]
        self._places = [place for root in range(self._rates[0]) for place in _tree(strides, 0, root)]
        self.num_codebooks = len(self._places)

    def _read_weights(self) -> bytes:
        path = self._folder / self.weights
        try:
            refuse_bomb(path)
            with open_regular(path) as file:
                return file.read()
        except OSError as error:
            raise CheckpointError(f"{path} cannot be read: {error.strerror}") from None
        except UntrustedError as error:
            raise CheckpointError(f"{path}: {error}") from None

    def _load(self, config: dict[str, Any], weights: bytes) -> Any:
        kind = getattr(_import(self.module, self.install), self.class_name)
        try:
            model = kind(**config)
            model.load_state_dict(torch.load(io.BytesIO(weights), map_location="cpu", weights_only=True))
        except Exception as error:  # torch raises whatever a wrong value leads to
            raise CheckpointError(f"{self._folder}: {' '.join(str(error).split())}") from None
        return model

    def encode(self, samples: Tensor) -> tuple[Tensor, float]:
        """See `Family.encode`."""
        books = [
            codes[0].reshape(-1, rate) for codes, rate in zip(self.model.encode(samples), self._rates, strict=True)
        ]
        return torch.stack([books[book][:, place] for book, place in self._places]), 1.0

    def decode(self, codes: Tensor, scale: float) -> Tensor:
        """See `Family.decode`."""
        books = [codes.new_zeros(codes.shape[1], rate) for rate in self._rates]
        for (book, place), row in zip(self._places, codes, strict=True):
            books[book][:, place] = row
        decoded: Tensor = self.model.decode([book.reshape(1, -1) for book in books])
        return decoded


def _tree(strides: Sequence[int], book: int, place: int) -> list[tuple[int, int]]:
    """Return a node of the tree of rates, and all below it, each as its codebook and its place there."""
    if book + 1 == len(strides):
        return [(book, place)]
    count = strides[book] // strides[book + 1]
    below = [node for child in range(count) for node in _tree(strides, book + 1, place * count + child)]
    return [(book, place), *below]


def _import(module: str, package: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(f"this codec needs {package}: pip install {package} ({error})") from None


class Dac(Family):
    """DAC."""

    class_name = "DacModel"


class Mimi(Family):
    """Mimi."""

    class_name = "MimiModel"


class XCodec(Family):
    """X-codec."""

    class_name = "XcodecModel"


class HiggsAudio2(Family):
    """The tokenizer of Higgs Audio v2."""

    class_name = "HiggsAudioV2TokenizerModel"


FAMILIES: dict[str, type[Family]] = {
    "encodec": EnCodec,
    "dac": Dac,
    "mimi": Mimi,
    "xcodec": XCodec,
    "xcodec2": XCodec2,
    "higgs_audio_v2_tokenizer": HiggsAudio2,
    "qwen3_tts_tokenizer_12hz": Qwen12Hz,
    "snac": Snac,
}
"""By the ``model_type`` of ``config.json``; that of SNAC has none."""


def load_family(folder: Path) -> Family:
    """Return the model of a folder with a ``config.json``; a `CodecError` if it cannot be loaded."""
    try:
        config = read_json(folder / "config.json")
        kind = str(config.get("model_type", "snac" if "vq_strides" in config else "unknown"))
    except (OSError, ValueError, AttributeError):
        raise CheckpointError(f"{folder}/config.json cannot be read, or has no model_type") from None
    if kind not in FAMILIES:
        raise CheckpointError(f"{folder} holds a model of type {kind!r}; codecs that are known: {', '.join(FAMILIES)}")
    _refuse_large(folder, config)
    return FAMILIES[kind](folder, config)


def _refuse_large(folder: Path, config: Mapping[str, Any]) -> None:
    """Refuse sizes that no codec has, also in the settings of its parts."""
    for key, value in config.items():
        most = _MOST.get(key, _MOST_PARTS if key.startswith(("num_", "n_")) else _MOST_SIZE)
        if isinstance(value, dict):
            _refuse_large(folder, value)
        for number in value if isinstance(value, list) else [value]:
            if isinstance(number, int | float) and not -most <= number <= most:
                raise CheckpointError(f"{folder}/config.json: {key} is {number:,} (limit {most:,})")
