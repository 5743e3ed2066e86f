"""Trainer profiles: what the training code of a model reads, and the symbols it knows."""

from collections.abc import Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, NonNegativeInt, ValidationError

from ttsprep.build.stages.base import all_stages
from ttsprep.checks.base import all_checks
from ttsprep.core.config import Option, Section, first_mistake
from ttsprep.core.errors import UsageError, nearest
from ttsprep.core.untrusted import UntrustedError, toml_table
from ttsprep.corpora.exports.base import all_exports
from ttsprep.corpora.exports.filelist import short_language

if TYPE_CHECKING:
    from ttsprep.build.config import Recipe


class Symbols(Section):
    """The fixed set of symbols that a model has been built for.

    Attributes
    ----------
    kind
        ``characters`` of the text, or ``phonemes`` of eSpeak NG with stress and punctuation.
    set
        Strings of symbols, one code point each.
    form
        Unicode form in which the trainer looks them up; "" for as they are.
    converted
        Characters that the trainer itself turns into known ones.
    scripts
        Scripts that the trainer itself turns into known symbols, such as ``HAN``.
    fatal
        Whether an unknown symbol ends the training; else it is left out.
    """

    kind: Literal["characters", "phonemes"]
    set: tuple[str, ...]
    form: Literal["", "NFC", "NFD"] = ""
    converted: str = ""
    scripts: tuple[str, ...] = ()
    fatal: bool = False


class Training(Section):
    """How a trainer is started; see `ttsprep.build.trainers.script`.

    Attributes
    ----------
    install
        The command that installs it.
    check
        The command that fails where it is not installed.
    repository
        Name of the folder that it is cloned to, where it is no package: ``$REPO``, by default in ``$OUT``.
    batch
        Clips in a batch, at most.
    steps, tuning_steps
        Batches from scratch, 0 where that cannot be done, and from a base checkpoint.
    base
        Files of the base checkpoint; one is the value of ``$BASE``, several lie in that folder.
    base_from
        The commands that download it to ``$BASE``.
    lists
        Parts that hold a clip at least.
    script
        The rest of the script, in POSIX shell; the variables that it may use are set before.
    """

    install: str
    check: str
    repository: str = ""
    batch: int = Field(gt=0)
    steps: int = Field(default=0, ge=0)
    tuning_steps: int = Field(default=0, ge=0)
    base: tuple[str, ...] = ()
    base_from: str = ""
    lists: tuple[str, ...] = ("train", "valid")
    script: str


class TrainerProfile(Section):
    """What a trainer reads; the file of each is in ``ttsprep/trainers``.

    Attributes
    ----------
    name
        What ``--for`` takes.
    about
        One line for people.
    source
        Where its needs were looked up.
    training
        How it is started.
    sample_rate, channels, subtype
        Of the audio.
    shortest_s, longest_s
        Clips that are used, in seconds; 0 for no limit.
    most_symbols
        Of a text, phonemes where `symbols` are these, else characters; 0 for no limit, a table for one by language.
    languages
        The only ones it knows, without region; empty for any.
    one_language
        Whether it reads all texts in one: that of most clips.
    export, exports
        The forms it reads, with their options.
    symbols
        What it knows; None where the set grows with the texts.
    stress_marks
        Whether it is given the marks of stress in Cyrillic texts.
    why
        The reason for each of these, by its name.
    """

    name: str
    about: str
    source: tuple[str, ...]
    training: Training
    sample_rate: int
    channels: Literal[1] = 1
    subtype: Literal["PCM_16", "PCM_24", "FLOAT"] = "PCM_16"
    shortest_s: float = Field(default=0.0, ge=0)
    longest_s: float = Field(default=0.0, ge=0)
    most_symbols: NonNegativeInt | dict[str, NonNegativeInt] = 0
    languages: tuple[str, ...] = ()
    one_language: bool = False
    export: tuple[str, ...]
    exports: dict[str, dict[str, Option]] = Field(default={})
    symbols: Symbols | None = None
    stress_marks: bool = True
    why: dict[str, str]

    def most_symbols_in(self, language: str) -> int:
        """Return the most symbols of a text in a language; 0 for no limit."""
        most = self.most_symbols
        return most.get(short_language(language), 0) if isinstance(most, dict) else most


def trainers() -> dict[str, str]:
    """Return the trainers that are known: name -> the text of its file."""
    folder = resources.files("ttsprep.build") / "trainers"
    return {
        entry.name.removesuffix(".toml"): entry.read_text(encoding="utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml")
    }


def load_trainer(name: str) -> TrainerProfile:
    """Return the profile of a trainer.

    Raises
    ------
    UsageError
        If there is no such trainer; names the nearest.
    """
    known = trainers()
    if name not in known:
        raise UsageError(f"no trainer is called {name!r}; {nearest(name, known)}")
    return parse_trainer(known[name], name)


def parse_trainer(text: str, name: str) -> TrainerProfile:
    """Read the text of a profile; `name` is named in errors.

    Raises
    ------
    UsageError
        If a line of it is wrong.
    """
    try:
        document = toml_table(text)
    except UntrustedError as error:
        raise UsageError(f"trainer {name}: {error}") from None
    for place, key in (*(("", key) for key in document), *(("why.", key) for key in document.get("why", ()))):
        if key not in TrainerProfile.model_fields:
            raise UsageError(
                f"trainer {name}: there is no key {place}{key}; {nearest(key, TrainerProfile.model_fields)}"
            )
    try:
        return TrainerProfile.model_validate({**document, "name": name})
    except ValidationError as error:
        raise UsageError(f"trainer {name}: {first_mistake(error)}") from None


def apply_trainer(recipe: "Recipe", trainer: TrainerProfile, *, own: bool = True) -> "Recipe":
    """Return `recipe` with what `trainer` needs.

    Clips outside its limits are rejected, unless the recipe keeps them. The forms it reads are added to those
    that the recipe asks for.

    Parameters
    ----------
    recipe
        What is built.
    trainer
        What for.
    own
        True for a recipe of the user's own: what it sets otherwise than the default comes before the trainer.
        In a recipe that comes with ttsprep, such as the rate of a corpus, the trainer comes first.

    Raises
    ------
    UsageError
        If the language of the recipe is none that the trainer knows.
    """
    if recipe.language and trainer.languages and short_language(recipe.language) not in trainer.languages:
        known = ", ".join(trainer.languages)
        raise UsageError(f"{trainer.name} does not know the language {recipe.language!r}; it knows {known}")
    stages: dict[str, dict[str, Option]] = {
        "resample": {"sample_rate": trainer.sample_rate, "upsample": True},
        "format": {"subtype": trainer.subtype, "container": "wav"},
        "normalise": {"stress_marks": trainer.stress_marks},
    }
    limits: dict[str, dict[str, int | float]] = {"length": {}}
    reject: list[str] = []
    if trainer.shortest_s:
        limits["length"] |= dict.fromkeys(("short_error_s", "short_warning_s", "short_note_s"), trainer.shortest_s)
        reject.append("too-short")
    if trainer.longest_s:
        limits["length"] |= dict.fromkeys(("long_warning_s", "long_note_s"), trainer.longest_s)
        reject.append("too-long")
    codes = (*recipe.select.reject, *(code for code in reject if code not in recipe.select.keep))
    return recipe.model_copy(
        update={
            "trainer": trainer.name,
            "stages": _filled(recipe.stages, stages, all_stages(), own),
            "checks": recipe.checks.model_copy(update=_filled(recipe.checks.thresholds, limits, all_checks(), own)),
            "select": recipe.select.model_copy(update={"reject": tuple(dict.fromkeys(codes))}),
            "export": tuple(dict.fromkeys((*recipe.export, *trainer.export))),
            "exports": _filled(recipe.exports, trainer.exports, all_exports(), own),
        }
    )


def _filled(
    options: Mapping[str, Mapping[str, Any]],
    needed: Mapping[str, Mapping[str, Any]],
    parts: Mapping[str, Any],
    own: bool,
) -> dict[str, Any]:
    """Return the tables `options` with what is `needed`; of an `own` recipe, what is not the default stays."""
    filled = {name: dict(values) for name, values in options.items()}
    for name, values in needed.items():
        default = parts[name]()
        before = filled.get(name, {})
        kept = {key: value for key, value in before.items() if own and value != getattr(default, key, None)}
        filled[name] = {**before, **values, **kept}
    return filled
