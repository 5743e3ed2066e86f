"""Recipes: TOML files that say what a corpus is, how strictly it is judged, and what is built from it."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from ttsprep.build.stages.base import Stage, all_stages
from ttsprep.checks.base import Check, all_checks, known_code
from ttsprep.core.errors import UsageError, nearest
from ttsprep.corpora.exports.base import Export, all_exports

Option = StrictBool | StrictInt | StrictFloat | StrictStr
Part = TypeVar("Part", Check, Stage, Export)

HEARD_S = 29.0
"""Longest piece that can be aligned by Whisper, in seconds."""
PIPELINE = ("mono", "dc-block", "resample", "trim", "loudness", "normalise", "format")


class Section(BaseModel):
    """A table of a recipe: an unknown key is an error, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Download(Section):
    """A file of a public corpus.

    Attributes
    ----------
    url
        Where it is.
    sha256
        Of the file, in hexadecimal; empty if its publisher changes it in place.
    bytes
        Its size, so that it can be said before anything is fetched; 0 if not known.
    """

    url: str
    sha256: str = Field(default="", pattern="^([0-9a-f]{64})?$")
    bytes: int = Field(default=0, ge=0)


class Source(Section):
    """Where the corpus is found, or fetched from.

    Attributes
    ----------
    name
        Of its folder, looked for here, under ``--data`` and under ``$TTSPREP_DATA``.
    page
        Where a person reads about it and gets it by hand.
    licence
        Of the recordings and texts.
    downloads
        The files to fetch and unpack; empty where only a person may fetch them.
    """

    name: str = ""
    page: str = ""
    licence: str = ""
    downloads: tuple[Download, ...] = ()


class Segment(Section):
    """How long recordings are cut into clips; without this table they are not.

    Attributes
    ----------
    shortest_s, longest_s
        Length of a clip, in seconds.
    pause_s
        Shortest pause to cut in, in seconds.
    align
        How the text of a recording is placed: ``sound`` learns the sounds of this recording, ``asr`` has Whisper
        write every piece down and score the text; it needs the table ``[transcribe]``.
    """

    shortest_s: float = Field(default=3.0, gt=0)
    longest_s: float = Field(default=15.0, gt=0)
    pause_s: float = Field(default=0.25, gt=0)
    align: Literal["sound", "asr"] = "sound"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.shortest_s * 2 > self.longest_s:
            raise ValueError("longest_s has to be twice shortest_s or more, or there is nothing to choose from")
        if self.align == "asr" and self.longest_s > HEARD_S:
            raise PydanticCustomError("heard", f"longest_s is {HEARD_S:g} at most, so much Whisper hears at once")
        return self


class Transcribe(Section):
    """Clips without a text are written down by Whisper; without this table they are not.

    Attributes
    ----------
    model
        Path or name of an openai-whisper checkpoint on this machine; ``--asr-model``.
    language
        What is spoken; empty: what the clip, or the recipe, says.
    least_log_p
        Least mean log-probability of the words of a clip, in nats.
    least_word_log_p
        That of its least likely word.
    no_speech_p
        Probability that nothing is said, from which a clip is rejected.
    """

    model: str = "base"
    language: str = ""
    least_log_p: float = Field(default=-0.2, le=0)
    least_word_log_p: float = Field(default=-1.5, le=0)
    no_speech_p: float = Field(default=0.6, gt=0)


class Select(Section):
    """Which clips are built.

    Attributes
    ----------
    strictness
        ``lenient`` rejects what no stage can mend, ``normal`` also clips with three warnings or more, ``strict``
        every clip with a warning that no stage mends.
    reject, keep
        Codes that always reject a clip, and codes that never do.
    keep_hours
        At most this much, the worst clips being left out first; 0 for no limit.
    keep_coverage
        A clip with too many warnings is kept if it holds a phone that no other has; of the clips beyond
        `keep_hours` those go last that hold a phone or diphone alone.
    """

    strictness: Literal["lenient", "normal", "strict"] = "normal"
    reject: tuple[str, ...] = ("duplicate-audio",)
    keep: tuple[str, ...] = ()
    keep_hours: float = Field(default=0.0, ge=0)
    keep_coverage: bool = True


class Split(Section):
    """How the clips are divided; whole speakers and whole texts stay together.

    Attributes
    ----------
    valid, test
        Shares of the clips.
    by
        ``speaker`` holds out whole speakers, ``text`` only whole texts.
    seed
        Another number gives another division.
    """

    valid: float = Field(default=0.01, ge=0, lt=1)
    test: float = Field(default=0.01, ge=0, lt=1)
    by: Literal["text", "speaker"] = "text"
    seed: int = 0

    @model_validator(mode="after")
    def _leaves_something(self) -> Self:
        if self.valid + self.test >= 1:
            said = f"valid and test are {self.valid + self.test:g} together: nothing is left to train on"
            raise PydanticCustomError("parts", "{said}", {"said": said})
        return self


class Recipe(Section):
    """What a recipe may say; every key has a default.

    Attributes
    ----------
    about
        One line for the list of recipes.
    layout
        Of the source; ``auto`` recognises it.
    language
        For clips that do not say theirs.
    select, ignore
        Codes to judge, and codes not to; an empty ``select`` is all of them.
    trainer
        Whose needs the build meets, such as ``piper``; empty for none.
    pipeline
        Stages, in order.
    export
        Forms to write the build in.
    source
        Where the corpus is found, or fetched from.
    segment
        How long recordings are cut; none by default.
    transcribe
        Whether clips without a text are written down, and by which model; they are not by default.
    choose
        Which clips are built.
    split
        How they are divided for training.
    checks, stages, exports
        Thresholds, parameters and options, by name and key.
    """

    about: str = ""
    layout: str = "auto"
    language: str = ""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    trainer: str = ""
    pipeline: tuple[str, ...] = PIPELINE
    export: tuple[str, ...] = ("ljspeech",)
    source: Source = Source()
    segment: Segment | None = None
    transcribe: Transcribe | None = None
    choose: Select = Select()
    split: Split = Split()
    checks: dict[str, dict[str, StrictInt | StrictFloat]] = {}
    stages: dict[str, dict[str, Option]] = {}
    exports: dict[str, dict[str, Option]] = {}

    def judges(self) -> list[Check]:
        """Return every check with the thresholds of this recipe."""
        _known("checks", "check", self.checks, all_checks())
        return [_configured("checks", check, self.checks.get(name, {})) for name, check in all_checks().items()]

    def steps(self) -> list[Stage]:
        """Return the stages of the pipeline with the parameters of this recipe, in order."""
        known = all_stages()
        _known("stages", "stage", self.stages, known)
        for name in self.pipeline:
            if name not in known:
                raise UsageError(f"pipeline: there is no stage {name!r}; {nearest(name, known)}")
        if self.pipeline[-1:] != ("format",) or len(set(self.pipeline)) < len(self.pipeline):
            raise UsageError("pipeline: every stage comes once, and format, which writes the file, comes last")
        return [_configured("stages", known[name], self.stages.get(name, {})) for name in self.pipeline]

    def forms(self) -> list[Export]:
        """Return the exports with the options of this recipe."""
        known = all_exports()
        _known("exports", "export", self.exports, known)
        for name in self.export:
            if name not in known:
                raise UsageError(f"export: there is no export {name!r}; {nearest(name, known)}")
        return [_configured("exports", known[name], self.exports.get(name, {})) for name in self.export]

    def wanted(self) -> frozenset[str]:
        """Return the codes to judge."""
        from ttsprep.checks.base import catalogue

        chosen = frozenset(map(known_code, self.select)) or frozenset(catalogue())
        return chosen - frozenset(map(known_code, self.ignore))

    def verify(self) -> None:
        """See that every name in it is known.

        Raises
        ------
        UsageError
            If one is not; names the nearest.
        """
        self.judges()
        self.steps()
        self.forms()
        self.wanted()
        if self.segment and self.segment.align == "asr" and not self.transcribe:
            raise UsageError('[segment]: align = "asr" needs the table [transcribe], which names the model')
        for code in (*self.choose.reject, *self.choose.keep):
            known_code(code)


def _known(table: str, kind: str, said: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    for name in said:
        if name not in known:
            raise UsageError(f"[{table}.{name}]: there is no such {kind}; {nearest(name, known)}")


def _configured(table: str, part: type[Part], options: Mapping[str, Any]) -> Part:
    """Return a check, stage or export with what a recipe says of it."""
    default = part()
    known = {item.name for item in fields(default)}  # type: ignore[arg-type]
    what = {"checks": "threshold", "stages": "parameter", "exports": "option"}[table]
    for key, value in options.items():
        place = f"[{table}.{part.name}]"
        if key not in known:
            hint = nearest(key, known) if known else "it has none"
            raise UsageError(f"{place}: there is no {what} {key!r}; {hint}")
        old = getattr(default, key)
        if isinstance(old, bool) or isinstance(value, bool) or isinstance(old, str) or isinstance(value, str):
            if type(old) is not type(value):
                raise UsageError(f"{place}: {key} is {_kind(old)}, not {value!r}")
        elif isinstance(old, int) and not isinstance(value, int):
            raise UsageError(f"{place}: {key} is a whole number, not {value}")
        elif isinstance(old, int) and value < 1 and table == "checks":
            raise UsageError(f"{place}: {key} is a count from 1 on, not {value}")
    try:
        return replace(default, **options)  # type: ignore[type-var]
    except UsageError as error:  # from the part's own look at its options
        raise UsageError(f"[{table}.{part.name}]: {error}") from None


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    return "a text in quotes" if isinstance(value, str) else "a number"


def shipped() -> dict[str, str]:
    """Return the recipes that come with ttsprep: name -> text."""
    folder = resources.files("ttsprep.recipes")
    return {
        entry.name.removesuffix(".toml"): entry.read_text(encoding="utf-8")
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    }


def load(name: str) -> Recipe:
    """Read a recipe by name, or from a file.

    Raises
    ------
    UsageError
        If there is no such recipe, or a line of it is wrong; names file, key and the nearest spelling.
    """
    path = Path(name)
    if path.suffix == ".toml" or path.is_file():
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read the recipe {name}: {error}") from None
    else:
        known = shipped()
        if name not in known:
            raise UsageError(f"no recipe is called {name!r}; {nearest(name, known)}, or give a .toml file")
        text = known[name]
    return parse(text, name)


def parse(text: str, source: str) -> Recipe:
    """Read the text of a recipe; `source` is named in errors."""
    try:
        document: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{source}: {error}") from None
    for key in document:
        if key not in Recipe.model_fields:
            raise UsageError(f"{source}: there is no key {key!r}; {nearest(key, Recipe.model_fields)}")
    try:
        recipe = Recipe.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(f"{source}: {place}: {first['msg']}") from None
    try:
        recipe.verify()
    except UsageError as error:
        raise UsageError(f"{source}: {error}") from None
    return recipe
