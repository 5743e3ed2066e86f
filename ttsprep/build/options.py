"""From the options of a command to the recipe it stands for: the command line and the Python API ask here."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ttsprep.build import targets
from ttsprep.build.config import Recipe, load, shipped
from ttsprep.core.errors import UsageError
from ttsprep.models.base import SelectedModels, load_model, select_models
from ttsprep.text.phonemes import espeak_code

NOTHING: Mapping[str, Any] = MappingProxyType({})


def corpus_name(corpus: Path) -> str:
    """Return the name that results have by default: that of the folder, or of a metadata file without its suffix."""
    path = corpus.resolve()
    return path.stem if path.is_file() else path.name or "corpus"


def audit_recipe(
    recipe: str = "", reading: Mapping[str, Any] = NOTHING, select: Sequence[str] = (), ignore: Sequence[str] = ()
) -> Recipe:
    """Return the recipe of an audit with the options that override it.

    Parameters
    ----------
    recipe
        Name or path of the recipe; "" for the defaults.
    reading
        Keys that say how the corpus is read, such as ``layout`` and ``language``; they override the recipe where they
        are not empty.
    select, ignore
        Codes to judge instead of all, and codes not to judge in addition to those of the recipe.

    Raises
    ------
    UsageError
        If a name is not known; names the nearest.
    """
    rules = load(recipe) if recipe else Recipe()
    codes = {"only": tuple(select or rules.checks.only), "ignore": (*rules.checks.ignore, *ignore)}
    return _with(rules, **reading, checks=rules.checks.model_copy(update=codes))


def build_recipe(
    recipe: str = "",
    reading: Mapping[str, Any] = NOTHING,
    trainer: str = "",
    export: Sequence[str] = (),
    asr_model: str = "",
    selection: Mapping[str, Any] = NOTHING,
) -> Recipe:
    """Return the recipe of a build with the options that override it.

    Parameters
    ----------
    recipe
        Name or path of the recipe; "" for ``generic``.
    reading
        As for `audit_recipe`.
    trainer
        Whose needs the build meets; "" for those of the recipe.
    export
        Forms to write in addition to those of the recipe and the trainer.
    asr_model
        Weights for ``[transcribe]``.
    selection
        Keys of ``[select]`` that override the recipe, such as ``keep_hours``.

    Raises
    ------
    UsageError
        If a name is not known, or options exclude each other.
    """
    name = recipe or "generic"
    rules = _with(load(name), **reading, trainer=trainer)
    if rules.trainer:
        rules = targets.apply(rules, targets.load(rules.trainer), own=name not in shipped())
    rules = _with(
        rules,
        export=tuple(dict.fromkeys((*rules.export, *export))),
        select=rules.select.model_copy(update=dict(selection)),
        transcribe=_transcribe(rules, asr_model),
    )
    rules.verify()
    return rules


def audit_models(names: Sequence[str], **weights: str) -> SelectedModels:
    """Return the models that measure clips, with the weights named for them.

    Raises
    ------
    UsageError
        If weights are named for a model that is not asked for, or are not on this machine.
    """
    for name, path in weights.items():
        if path and name not in names:
            raise UsageError(f"--{name}-model has no effect without --listen {name}: give both")
    return select_models(names, weights)


def _transcribe(rules: Recipe, weights: str) -> Any:
    """Return ``[transcribe]`` with the named weights, once what the model needs is installed."""
    if not rules.transcribe:
        if weights:
            raise UsageError(
                "--asr-model has no effect without [transcribe] in the recipe, such as --recipe transcribe"
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
