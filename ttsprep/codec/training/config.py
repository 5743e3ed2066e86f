"""How a codec is trained: frozen tables of settings, saved with every run."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ttsprep.codec.config import CodecConfig, preset
from ttsprep.core.config import first_mistake
from ttsprep.core.errors import UsageError
from ttsprep.core.untrusted import UntrustedError, read_text, toml_table

STFT_SIZES = (128, 256, 512, 1024)
"""Windows of the spectral terms of the loss, in samples."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _windows(sizes: tuple[int, ...]) -> tuple[int, ...]:
    if any(size < 32 or size % 16 for size in sizes):
        raise ValueError("windows are multiples of 16, 32 or more")
    return sizes


class OptimiserConfig(_Strict):
    """``[train.optimiser]``: learning rate, clipping, averaged weights.

    Attributes
    ----------
    learning_rate, warmup_steps
        Learning rate of AdamW, and steps until it is reached.
    decay_from, decay_steps, final_share
        The learning rate is constant until `decay_from` and falls over `decay_steps` to `final_share` of itself; null
        while undecided, so that a run can go on for as long as there is time and be brought to an end from any
        checkpoint.
    max_norm
        Largest norm of the gradient.
    ema_decay
        Memory of the averaged weights.
    """

    learning_rate: float = Field(default=1e-3, gt=0, allow_inf_nan=False)
    warmup_steps: int = Field(default=300, ge=1)
    decay_from: int | None = Field(default=None, ge=0)
    decay_steps: int = Field(default=2000, ge=1)
    final_share: float = Field(default=0.02, ge=0, le=1)
    max_norm: float = Field(default=1.0, gt=0)
    ema_decay: float = Field(default=0.999, ge=0, lt=1)

    def rate_at(self, step: int) -> float:
        """Return the learning rate of a step."""
        rate = self.learning_rate * min(1.0, (step + 1) / self.warmup_steps)
        if self.decay_from is not None and step >= self.decay_from:
            done = min(1.0, (step - self.decay_from) / self.decay_steps)
            rate *= self.final_share + (1 - self.final_share) * 0.5 * (1 + math.cos(math.pi * done))
        return rate

    @property
    def last_step(self) -> int | None:
        """The step at which the decay is over, or None while none was asked for."""
        return None if self.decay_from is None else self.decay_from + self.decay_steps


class QuantiserTraining(_Strict):
    """``[train.quantiser]``: when codebooks begin, and how many of them a sample uses.

    Attributes
    ----------
    warmup_steps
        Steps without quantiser, before its codebooks are started by k-means.
    grow_every
        Steps between two codebooks; 0 trains all from the start.
    beam
        Choices kept from codebook to codebook; quantisers that cannot search take the nearest code.
    full_depth_prob, no_quantization_prob
        Share of samples that use every codebook, and that skip the quantiser; the rest use a random number.
    """

    warmup_steps: int = Field(default=400, ge=0)
    grow_every: int = Field(default=0, ge=0)
    beam: int = Field(default=1, ge=1)
    full_depth_prob: float = Field(default=0.5, ge=0, le=1)
    no_quantization_prob: float = Field(default=0.1, ge=0, le=1)


class LossConfig(_Strict):
    """``[train.loss]``: weights of the terms of the reconstruction.

    Attributes
    ----------
    complex, magnitude
        Distance of compressed complex spectra, and of compressed magnitudes.
    mel, mel_sizes
        Distance of log mel spectra, and the windows of these spectra in samples.
    energy, loudness
        Distance of log energy in 50 ms, and audible difference in critical bands (0: not computed).
    """

    complex: float = 15.0
    magnitude: float = 30.0
    mel: float = 3.0
    mel_sizes: tuple[int, ...] = STFT_SIZES
    energy: float = 2.0
    loudness: float = 0.0

    _checked = field_validator("mel_sizes")(_windows)


class DiscriminatorConfig(_Strict):
    """``[train.discriminator]``: its size, and the weights of its two terms.

    Attributes
    ----------
    from_step
        First step with a discriminator; null for none.
    adversarial, features
        Weights of the hinge loss, and of the distance of features.
    batch
        Samples of a batch that the discriminator sees.
    spectra, width
        Windows of its spectra in samples, and its channels there.
    periods, period_width
        Periods (none: no multi-period discriminator), and its channels there.
    """

    from_step: int | None = None
    adversarial: float = 1.0
    features: float = 4.0
    batch: int = Field(default=3, ge=1)
    spectra: tuple[int, ...] = (256, 1024)
    width: int = Field(default=32, ge=1)
    periods: tuple[int, ...] = ()
    period_width: int = Field(default=32, ge=1)

    _checked = field_validator("spectra")(_windows)


class TrainConfig(_Strict):
    """``[train]``: how a codec is trained.

    Attributes
    ----------
    seed
        Of every random number.
    batch, frames
        Crops a step, and code frames in each.
    precision
        ``fp32``; ``bf16``: the products inside encoder, decoder and discriminator in bfloat16 (spectra,
        latents, quantiser, head, samples and losses stay float32); ``auto``: bf16 on a GPU, else fp32.
    compile
        Encoder and decoder by `torch.compile`; ``auto``: on a GPU.
    optimiser, quantiser, loss, discriminator
        Tables of their own.
    """

    seed: int = 0
    batch: int = Field(default=6, ge=1)
    frames: int = Field(default=40, ge=8)
    precision: Literal["auto", "fp32", "bf16"] = "fp32"
    compile: bool | Literal["auto"] = False
    optimiser: OptimiserConfig = OptimiserConfig()
    quantiser: QuantiserTraining = QuantiserTraining()
    loss: LossConfig = LossConfig()
    discriminator: DiscriminatorConfig = DiscriminatorConfig()


PERIODS = (2, 3, 5, 7, 11)
"""Of the multi-period discriminator of HiFi-GAN (Kong, Kim and Bae, 2020)."""
_BASE = {
    "batch": 48,
    "precision": "auto",
    "compile": "auto",
    "optimiser": {"learning_rate": 3e-4, "warmup_steps": 1000},
    "quantiser": {"warmup_steps": 500, "beam": 4},
    "loss": {"loudness": 0.5, "mel_sizes": (32, 64, 128, 256, 512, 1024, 2048)},
    "discriminator": {
        "from_step": 5000, "batch": 24, "spectra": (128, 256, 512, 1024, 2048), "width": 64, "periods": PERIODS
    },
}  # fmt: skip
TRAINING: dict[str, dict[str, Any]] = {"base16": {**_BASE, "frames": 64}, "base24": {**_BASE, "frames": 75}}
"""What presets change in `TrainConfig`; a recipe changes it further."""


class SourceRow(_Strict):
    """A ``[[source]]`` of a `TrainingSource`; its path is relative to a folder given later."""

    name: str
    path: str
    weight: float = Field(gt=0, allow_inf_nan=False)
    licence: str
    hold_out: int = Field(default=0, ge=-1)


class CodecRecipe(_Strict):
    """What is trained, how, and on what.

    Attributes
    ----------
    preset
        Of the codec and its training.
    codec, train
        What is changed of it: fields of `CodecConfig` and `TrainConfig`.
    source
        Recordings.
    """

    preset: str
    codec: dict[str, Any] = Field(default_factory=dict)
    train: dict[str, Any] = Field(default_factory=dict)
    source: list[SourceRow] = Field(default_factory=list)

    def config(self) -> CodecConfig:
        """Return the codec; a `UsageError` names a preset or setting that does not exist."""
        base = preset(self.preset).model_dump()
        try:
            return CodecConfig.model_validate(merged(base, self.codec))
        except ValidationError as error:
            raise UsageError(f"[codec] {first_mistake(error)}") from None

    def training(self, changes: Mapping[str, Any] | None = None) -> TrainConfig:
        """Return how it is trained, `changes` coming last; a `UsageError` names a setting that does not exist."""
        base = merged(TRAINING.get(self.preset, {}), self.train)
        try:
            return TrainConfig.model_validate(merged(base, changes or {}))
        except ValidationError as error:
            raise UsageError(f"[train] {first_mistake(error)}") from None


def read_recipe(path: Path) -> CodecRecipe:
    """Return the recipe of a codec; a `UsageError` says what is wrong with the file."""
    try:
        return CodecRecipe.model_validate(toml_table(read_text(path)))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except ValidationError as error:
        raise UsageError(f"{path}: {first_mistake(error)}") from None
    except UntrustedError as error:
        raise UsageError(f"{path}: {error}") from None


def parse_settings(pairs: Sequence[str]) -> dict[str, Any]:
    """Return settings given as ``key=value``, values as in TOML; ``loss.mel=2.0`` is a key of a table."""
    changes: dict[str, Any] = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        try:
            setting = toml_table(f"value = {value}")["value"]
        except UntrustedError:
            raise UsageError(f"--set {pair!r}: give KEY=VALUE, such as loss.loudness=0.5") from None
        for part in reversed(key.split(".")):
            setting = {part: setting}
        changes = merged(changes, setting)
    return changes


def revised(train: TrainConfig, changes: Mapping[str, Any]) -> TrainConfig:
    """Return the same training with some settings changed; a `UsageError` names a setting that does not exist."""
    try:
        return TrainConfig.model_validate(merged(train.model_dump(), changes))
    except ValidationError as error:
        raise UsageError(f"--set {first_mistake(error)}") from None


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested tables with `changes` laid over them."""
    out = dict(base)
    for key, value in changes.items():
        both = isinstance(value, Mapping) and isinstance(out.get(key), Mapping)
        out[key] = merged(out[key], value) if both else value
    return out
