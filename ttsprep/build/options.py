"""From the options of a command to the recipe it stands for: the command line and the Python API ask here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ttsprep.build import targets
from ttsprep.build.config import Recipe, load, shipped
from ttsprep.core.errors import UsageError
from ttsprep.models.base import LISTENS, SelectedModels, load_model, select_models
from ttsprep.text.phonemes import espeak_code

_NOTHING: Mapping[str, Any] = MappingProxyType({})
NO_MODEL = "none"
"""In place of a model: not even those of `LISTENS`."""


@dataclass(frozen=True, slots=True)
class Target:
    """What decides which clips a build keeps, beside its recipe: the same options for an audit and a build.

    Attributes
    ----------
    trainer
        Whose needs are met; "" for that of the recipe.
    rate
        Sample rate to train at, in Hz; 0 for that of the trainer, the recipe, or what the corpus fills.
    strict, lenient
        Strictness, where it is not that of the recipe.
    keep_hours
        At most this much; None for that of the recipe.

    Raises
    ------
    UsageError
        If both `strict` and `lenient` are asked for.
    """

    trainer: str = ""
    rate: int = 0
    strict: bool = False
    lenient: bool = False
    keep_hours: float | None = None

    def __post_init__(self) -> None:
        if self.strict and self.lenient:
            raise UsageError("--strict and --lenient exclude each other")


ANY = Target()
"""As the recipe has it."""


def audit_recipe(
    recipe: str = "",
    reading: Mapping[str, Any] = _NOTHING,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    target: Target = ANY,
) -> Recipe:
    """Return the recipe of an audit with the options that override it.

    Parameters
    ----------
    recipe
        Name or path of the recipe; "" for ``generic``.
    reading
        Keys that say how the corpus is read, such as ``layout`` and ``language``; they override the recipe where they
        are not empty.
    select, ignore
        Codes to judge instead of all, and codes not to judge in addition to those of the recipe.
    target
        What the clips are judged for.

    Raises
    ------
    UsageError
        If a name is not known; names the nearest.
    """
    rules = _targeted(recipe or "generic", reading, target)
    codes = {"only": tuple(select or rules.checks.only), "ignore": (*rules.checks.ignore, *ignore)}
    return _with(rules, checks=rules.checks.model_copy(update=codes))


def build_recipe(
    recipe: str = "",
    reading: Mapping[str, Any] = _NOTHING,
    target: Target = ANY,
    export: Sequence[str] = (),
    asr_model: str = "",
    listen: Sequence[str] = (),
) -> Recipe:
    """Return the recipe of a build with the options that override it.

    Parameters
    ----------
    recipe, reading, target
        As for `audit_recipe`.
    export
        Forms to write in addition to those of the recipe and the trainer.
    asr_model
        Weights for ``[transcribe]``, and for ``asr`` in `listen`.
    listen
        Models that measure the clips of the source.

    Raises
    ------
    UsageError
        If a name is not known, or options exclude each other.
    """
    rules = _targeted(recipe or "generic", reading, target)
    rules = _with(
        rules, export=tuple(dict.fromkeys((*rules.export, *export))), transcribe=_transcribe(rules, asr_model, listen)
    )
    rules.verify()
    return rules


def with_licence(recipe: Recipe, licence: str) -> Recipe:
    """Return a recipe with the licence of its recordings and texts; "" for that of the recipe."""
    source = recipe.source.model_copy(update={"licence": licence}) if licence else recipe.source
    return recipe.model_copy(update={"source": source})


def _targeted(name: str, reading: Mapping[str, Any], target: Target) -> Recipe:
    """Return a recipe with all that decides which clips a build keeps."""
    rules = _with(load(name), **reading, trainer=target.trainer)
    if rules.trainer:
        rules = targets.apply_trainer(rules, targets.load_trainer(rules.trainer), own=name not in shipped())
    if target.rate:
        if "resample" not in rules.pipeline:
            raise UsageError("--rate has no effect: the pipeline of the recipe does not resample")
        stages = rules.stages | {"resample": {**rules.stages.get("resample", {}), "sample_rate": target.rate}}
        rules = rules.model_copy(update={"stages": stages})
        try:
            rules.configured_stages()
        except UsageError as error:
            raise UsageError(str(error).replace("[stages.resample]: sample_rate", "--rate")) from None
    chosen: dict[str, Any] = {} if target.keep_hours is None else {"keep_hours": target.keep_hours}
    if target.strict or target.lenient:
        chosen["strictness"] = "strict" if target.strict else "lenient"
    return rules.model_copy(update={"select": rules.select.model_copy(update=chosen)})


def audit_models(names: Sequence[str], **weights: str) -> SelectedModels:
    """Return the models that measure clips, with the weights named for them.

    Parameters
    ----------
    names
        As ``--listen`` gives them; those of `LISTENS` are added, but for "none".
    weights
        By name of the model.

    Raises
    ------
    UsageError
        If weights are named for a model that is not asked for, or are not on this machine; if "none" is one of several
        names.
    """
    if NO_MODEL in names and set(names) != {NO_MODEL}:
        raise UsageError(f"--listen {NO_MODEL} stands alone: with other models it has no effect")
    for name, path in weights.items():
        if path and name not in names:
            raise UsageError(f"--{name}-model has no effect without --listen {name}: give both")
    return select_models(() if NO_MODEL in names else (*LISTENS, *names), weights)


def _transcribe(rules: Recipe, weights: str, listen: Sequence[str]) -> Any:
    """Return ``[transcribe]`` with the named weights, once what the model needs is installed."""
    if not rules.transcribe:
        if weights and "asr" not in listen:
            raise UsageError(
                "--asr-model has no effect without --listen asr, or [transcribe] in the recipe (--recipe transcribe)"
            )
        return None
    section = rules.transcribe.model_copy(update={"model": weights} if weights else {})
    load_model("asr", section.model, asked_by="[transcribe] in the recipe")
    return section


def _with(rules: Recipe, **changes: Any) -> Recipe:
    """Return a recipe with the changes that are not empty, once its codes and its language are known."""
    changed = rules.model_copy(update={key: value for key, value in changes.items() if value})
    changed.enabled_codes()
    if changed.language:
        espeak_code(changed.language)
    return changed
