"""Options that several commands have, each declared once, and groups of them that a command takes as one parameter."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast, get_type_hints

import typer

from ttsprep.audit.project import project_recipe
from ttsprep.cli import console
from ttsprep.cli.console import printable
from ttsprep.core.errors import UsageError
from ttsprep.core.untrusted import UntrustedError, read_text

if TYPE_CHECKING:
    from ttsprep.models.base import SelectedModels

_Result = TypeVar("_Result")

CorpusPath = Annotated[Path, typer.Argument(metavar="CORPUS", help="Folder of the corpus, or its metadata file.")]
_Layout = Annotated[str, typer.Option(metavar="NAME", help="Layout of the corpus. [default: auto]")]
_Language = Annotated[str, typer.Option(metavar="TAG", help="Language of clips without one. [default: guessed]")]
_Columns = Annotated[
    str, typer.Option(metavar="A,B,...", help="Columns of a table, such as path,speaker,text; - to skip one.")
]
AudioRoot = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder of the audio. [default: that of the corpus]")
]
FollowLinks = Annotated[bool, typer.Option("--follow-links", help="Follow links to folders.")]
RecipeName = Annotated[str, typer.Option("--recipe", metavar="NAME|FILE", help="Recipe: its name, or a .toml file.")]
Jobs = Annotated[
    int | None, typer.Option("--jobs", "-j", metavar="N", min=1, help="Worker processes. [default: all cores]")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_Cluster = Annotated[str, typer.Option(metavar="ADDRESS", help="Ray cluster to run on; auto: the one of this machine.")]
CodeNames = list[str] | None
ForTrainer = Annotated[
    str, typer.Option("--for", metavar="TRAINER", help="Prepare for a trainer, such as piper (list: ttsprep trainers).")
]
Decisions = Annotated[
    Path | None, typer.Option(metavar="CSV", help="What to keep, reject or correct, from ttsprep review.")
]
Listen = Annotated[
    list[str] | None,
    typer.Option(metavar="MODEL", help="Run a model, too: asr, speaker, mos, vad; none for not even phones."),
]
SpeakerModel = Annotated[
    str, typer.Option(metavar="PATH|NAME", help="CAM++ weights for --listen speaker. [default: GE2E]")
]
Rate = Annotated[
    int,
    typer.Option(metavar="HZ", show_default=False, help="Sample rate to train at. [default: what the corpus fills]"),
]
KeepHours = Annotated[
    float | None,
    typer.Option(metavar="HOURS", min=0.0, max=1e6, help="Keep at most this many hours, of the best clips."),
]
Strict = Annotated[bool, typer.Option("--strict", help="Reject every clip with a warning.")]
Lenient = Annotated[bool, typer.Option("--lenient", help="Reject only clips that cannot be fixed.")]


@dataclass(frozen=True, slots=True)
class ReadingGroup:
    """How a corpus is read."""

    layout: _Layout = ""
    language: _Language = ""
    columns: _Columns = ""
    audio_root: AudioRoot = None
    follow_links: FollowLinks = False

    def keys(self) -> dict[str, Any]:
        """Return the keys of a recipe that these options set."""
        from ttsprep.corpora.tables.columns import parse_columns

        words = tuple(word.strip() for word in self.columns.split(",")) if self.columns else ()
        parse_columns(words)
        values = {"layout": self.layout, "language": self.language, "columns": words}
        return values | {"audio_root": str(self.audio_root or ""), "follow_links": self.follow_links}


@dataclass(frozen=True, slots=True)
class WorkersGroup:
    """Where a command works."""

    jobs: Jobs = None
    cluster: _Cluster = ""


def grouped(command: Callable[..., _Result]) -> Callable[..., _Result]:
    """Return a command that has an option for each field of its parameters that are groups: dataclasses of options."""
    own = inspect.signature(command, eval_str=True)
    groups: dict[str, Any] = {
        name: one.annotation for name, one in own.parameters.items() if is_dataclass(one.annotation)
    }
    flat: list[inspect.Parameter] = []
    for parameter in own.parameters.values():
        if parameter.name not in groups:
            flat.append(parameter)
            continue
        hints = get_type_hints(parameter.annotation, include_extras=True)
        flat += [
            inspect.Parameter(field.name, parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name])
            for field in fields(parameter.annotation)
        ]

    @wraps(command)
    def run(**given: Any) -> _Result:
        for name, group in groups.items():
            names = [field.name for field in fields(group) if field.name in given]
            given[name] = group(**{field: given.pop(field) for field in names})
        return command(**given)

    shown = cast(Any, run)
    shown.__signature__ = own.replace(parameters=flat)
    shown.__annotations__ = {parameter.name: parameter.annotation for parameter in flat}
    return run


def recipe_for(recipe: str, corpus: Path) -> str:
    """Return the recipe that is asked for, else that of the project, which is named; "" for neither."""
    if not recipe and (recipe := project_recipe(corpus)):
        console.log(f"ttsprep: recipe {printable(recipe)}: --recipe overrides it")
    return recipe


def flags(*groups: Any) -> list[str]:
    """Return the options of a command line that set groups to what they are, where that is not the default."""
    words: list[str] = []
    for group in groups:
        for field in fields(group):
            value, flag = getattr(group, field.name), f"--{_NAMES.get(field.name, field.name).replace('_', '-')}"
            if value is True:
                words.append(flag)
            elif value != field.default:
                for one in value if isinstance(value, list) else [value]:
                    words += [flag, str(one)]
    return words


_NAMES = {"trainer": "for"}
"""Options whose parameter has another name."""


def listening_models(names: Sequence[str], **weights: str) -> "SelectedModels":
    """Return the models that measure clips; name at once those that are not on this machine."""
    from ttsprep.build.options import audit_models

    models = audit_models(names, **weights)
    for why in models.skipped.values():
        console.log(f"ttsprep: skipped: {printable(why)}")
    return models


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file that are not blank.

    Raises
    ------
    UsageError
        If it cannot be read, is not UTF-8, or has no such line.
    """
    try:
        lines = read_text(path).split("\n")
    except UntrustedError as error:
        raise UsageError(f"{path}: {error}") from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    if not (lines := [line.strip() for line in lines if line.strip()]):
        raise UsageError(f"{path} is empty: write one sentence per line")
    return lines
