"""The recipe of a codec, a TOML file: preset, settings, and the speech to train on."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ttsprep.codec.config import CodecConfig, preset
from ttsprep.codec.settings import TRAINING, TrainConfig
from ttsprep.errors import UsageError


class SourceRow(BaseModel):
    """A ``[[source]]``: see `ttsprep.codec.corpus.Source`; its path is relative to a folder given later."""

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
