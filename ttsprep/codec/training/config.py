"""How a codec is trained: one frozen table of numbers, saved with every run."""

import math
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ttsprep.codec.config import CodecConfig, preset
from ttsprep.codec.training.losses import SIZES
from ttsprep.core.errors import UsageError


class TrainConfig(BaseModel):
    """How a codec is trained.

    Attributes
    ----------
    seed, batch, frames
        Of the crops: how many a step, and how many code frames each.
    rate, warmup, floor
        Learning rate, steps until it is reached, and the share of it that is left after the decay.
    decay_from, decay_steps
        The learning rate is constant until `decay_from` and falls over `decay_steps`; null while undecided,
        so a run can go on for as long as there is time and be brought to an end from any checkpoint.
    bypass
        Steps without quantiser, before its codebooks are started by k-means.
    grow_every
        Steps between two codebooks; 0 trains all from the start.
    beam
        Choices kept from codebook to codebook; quantisers that cannot search take the nearest code.
    full, through
        Share of samples that use every codebook, and that skip the quantiser; the rest use a random number.
    complex, magnitude, mel, energy, loudness
        Weights of the reconstruction.
    adversary_from, adversary, features, adversary_batch
        First step with a discriminator (null: none), the weights of its two terms, and how many samples of
        the batch it sees.
    judge_spectra, judge_width, judge_periods, judge_period_width
        Of the discriminator: windows of its spectra and its channels there, periods (none: no multi-period
        discriminator) and its channels there.
    mel_sizes
        Windows of the mel term.
    average
        Memory of the averaged weights.
    clip
        Largest norm of the gradient.
    precision
        ``fp32``; ``bf16``: the products inside encoder, decoder and discriminator in bfloat16 (spectra,
        latents, quantiser, head, samples and losses stay float32); ``auto``: bf16 on a GPU, else fp32.
    compile
        Encoder and decoder by `torch.compile`; ``auto``: on a GPU.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 0
    batch: int = Field(default=6, ge=1)
    frames: int = Field(default=40, ge=8)
    rate: float = Field(default=1e-3, gt=0, allow_inf_nan=False)
    warmup: int = Field(default=300, ge=1)
    floor: float = Field(default=0.02, ge=0, le=1)
    decay_from: int | None = Field(default=None, ge=0)
    decay_steps: int = Field(default=2000, ge=1)
    bypass: int = Field(default=400, ge=0)
    grow_every: int = Field(default=0, ge=0)
    beam: int = Field(default=1, ge=1)
    full: float = Field(default=0.5, ge=0, le=1)
    through: float = Field(default=0.1, ge=0, le=1)
    complex: float = 15.0
    magnitude: float = 30.0
    mel: float = 3.0
    energy: float = 2.0
    loudness: float = 0.0
    adversary_from: int | None = None
    adversary: float = 1.0
    features: float = 4.0
    adversary_batch: int = Field(default=3, ge=1)
    judge_spectra: tuple[int, ...] = (256, 1024)
    judge_width: int = Field(default=32, ge=1)
    judge_periods: tuple[int, ...] = ()
    judge_period_width: int = Field(default=32, ge=1)
    mel_sizes: tuple[int, ...] = SIZES
    average: float = Field(default=0.999, ge=0, lt=1)
    clip: float = Field(default=1.0, gt=0)
    precision: Literal["auto", "fp32", "bf16"] = "fp32"
    compile: bool | Literal["auto"] = False

    @field_validator("judge_spectra", "mel_sizes")
    @classmethod
    def _windows(cls, sizes: tuple[int, ...]) -> tuple[int, ...]:
        if any(size < 32 or size % 16 for size in sizes):
            raise ValueError("windows are multiples of 16, 32 or more")
        return sizes

    def learning_rate(self, step: int) -> float:
        """Return the learning rate of a step."""
        rate = self.rate * min(1.0, (step + 1) / self.warmup)
        if self.decay_from is not None and step >= self.decay_from:
            done = min(1.0, (step - self.decay_from) / self.decay_steps)
            rate *= self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * done))
        return rate

    @property
    def last_step(self) -> int | None:
        """The step at which the decay is over, or None while none was asked for."""
        return None if self.decay_from is None else self.decay_from + self.decay_steps


PERIODS = (2, 3, 5, 7, 11)
"""Of the multi-period discriminator of HiFi-GAN (Kong, Kim and Bae, 2020)."""
_BASE = {
    "batch": 48,
    "rate": 3e-4,
    "warmup": 1000,
    "bypass": 500,
    "beam": 4,
    "loudness": 0.5,
    "adversary_from": 5000,
    "adversary_batch": 24,
    "judge_spectra": (128, 256, 512, 1024, 2048),
    "judge_width": 64,
    "judge_periods": PERIODS,
    "mel_sizes": (32, 64, 128, 256, 512, 1024, 2048),
    "precision": "auto",
    "compile": "auto",
}
TRAINING: dict[str, dict[str, Any]] = {"base16": {**_BASE, "frames": 64}, "base24": {**_BASE, "frames": 75}}
"""What presets change in `TrainConfig`; a recipe changes it further."""


class SourceRow(BaseModel):
    """A ``[[source]]``: see `ttsprep.codec.training.data.Source`; its path is relative to a folder given later."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    path: str
    weight: float = Field(gt=0, allow_inf_nan=False)
    licence: str
    hold_out: int = Field(default=0, ge=-1)


class CodecRecipe(BaseModel):
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

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: str
    codec: dict[str, Any] = Field(default_factory=dict)
    train: dict[str, Any] = Field(default_factory=dict)
    source: list[SourceRow] = Field(default_factory=list)

    def config(self) -> CodecConfig:
        """Return the codec.

        Raises
        ------
        UsageError
            If there is no such preset or setting.
        """
        base = preset(self.preset).model_dump()
        changes = dict(self.codec)
        quantiser = changes.pop("quantiser", {})
        if not isinstance(quantiser, dict):
            raise UsageError("[codec] quantiser: a table is expected")
        base["quantiser"] |= quantiser
        try:
            return CodecConfig.model_validate(base | changes)
        except ValidationError as error:
            raise UsageError(f"[codec] {first_of(error)}") from None

    def training(self, **changes: Any) -> TrainConfig:
        """Return how it is trained, `changes` coming last.

        Raises
        ------
        UsageError
            If there is no such setting.
        """
        try:
            return TrainConfig.model_validate(TRAINING.get(self.preset, {}) | self.train | changes)
        except ValidationError as error:
            raise UsageError(f"[train] {first_of(error)}") from None


def read_recipe(path: Path) -> CodecRecipe:
    """Return the recipe of a codec.

    Raises
    ------
    UsageError
        If it is not there, no TOML, or no recipe.
    """
    try:
        return CodecRecipe.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: {error}") from None
    except ValidationError as error:
        raise UsageError(f"{path}: {first_of(error)}") from None


def given(pairs: Sequence[str]) -> dict[str, Any]:
    """Return settings given as ``key=value``, values as in TOML.

    Raises
    ------
    UsageError
        If one is not.
    """
    changes: dict[str, Any] = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        try:
            changes[key] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            raise UsageError(f"--set {pair!r}: give KEY=VALUE, such as loudness=0.5") from None
    return changes


def revised(train: TrainConfig, changes: dict[str, Any]) -> TrainConfig:
    """Return the same training with some settings changed, checked again.

    Raises
    ------
    UsageError
        If there is no such setting, or not of that value.
    """
    try:
        return TrainConfig.model_validate({**train.model_dump(), **changes})
    except ValidationError as error:
        raise UsageError(f"--set {first_of(error)}") from None


def first_of(error: ValidationError) -> str:
    """Return where the first mistake is and what it is, in one line."""
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else str(first["msg"])
