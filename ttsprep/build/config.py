"""Recipes: TOML files that say what a corpus is, how strictly it is judged, and what is built from it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Literal, Self

import pandas as pd
from pydantic import Field, StrictFloat, StrictInt, StrictStr, model_validator
from pydantic_core import PydanticCustomError

from ttsprep.audit.baseline.gate import parse_gates
from ttsprep.audit.config import PIPELINE, AuditConfig, Fitting
from ttsprep.audit.goal.texts import clips_of
from ttsprep.audit.project import SHARED, TABLE
from ttsprep.audit.select import Select, Terms
from ttsprep.build import targets
from ttsprep.build.fit import Fit, text_stages, written
from ttsprep.build.split import Unused
from ttsprep.build.stages.base import Stage, all_stages
from ttsprep.checks.base import known_code
from ttsprep.core.config import Option, Section, configured, parse_toml, refuse_unknown
from ttsprep.core.errors import UsageError, nearest
from ttsprep.core.types import Clip
from ttsprep.core.untrusted import UntrustedError, read_text
from ttsprep.corpora.exports.base import Export, all_exports
from ttsprep.corpora.spec import Source

HEARD_S = 29.0
"""Longest piece that can be aligned by Whisper, in seconds."""


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

    shortest_s: float = Field(default=3.0, ge=0.1)
    longest_s: float = Field(default=15.0, le=3600)
    pause_s: float = Field(default=0.25, ge=0.01, le=60)
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
            message = f"valid and test are {self.valid + self.test:g} together: nothing is left to train on"
            raise PydanticCustomError("parts", "{message}", {"message": message})
        return self


class Recipe(AuditConfig):
    """What a recipe may say; every key has a default.

    Attributes
    ----------
    about
        One line for the list of recipes.
    layout
        Of the source; ``auto`` recognises it.
    language
        For clips that do not name theirs.
    columns, audio_root, follow_links
        How the source is read; see `AuditConfig`.
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
    select
        Which clips are built.
    split
        How they are divided for training.
    gate
        What an audit has to fulfil, such as ``errors = 0`` or ``kept_hours = ">= 10"``; exit code 1 if it does not.
    checks
        Codes to judge, and thresholds of the checks.
    stages, exports
        Parameters and options, by name and key.
    """

    about: str = ""
    layout: str = "auto"
    language: str = ""
    columns: tuple[str, ...] = ()
    audio_root: str = ""
    follow_links: bool = False
    trainer: str = ""
    pipeline: tuple[str, ...] = PIPELINE
    export: tuple[str, ...] = ("ljspeech",)
    source: Source = Source()
    segment: Segment | None = None
    transcribe: Transcribe | None = None
    select: Select = Select()
    split: Split = Split()
    gate: dict[str, StrictInt | StrictFloat | StrictStr] = Field(default_factory=dict)
    stages: dict[str, dict[str, Option]] = Field(default_factory=dict)
    exports: dict[str, dict[str, Option]] = Field(default_factory=dict)

    def configured_stages(self) -> list[Stage]:
        """Return the stages of the pipeline with the parameters of this recipe, in order."""
        known = all_stages()
        refuse_unknown("stages", "stage", self.stages, known)
        for name in self.pipeline:
            if name not in known:
                raise UsageError(f"pipeline: there is no stage {name!r}; {nearest(name, known)}")
        if self.pipeline[-1:] != ("format",) or len(set(self.pipeline)) < len(self.pipeline):
            raise UsageError("pipeline: every stage comes once, and format, which writes the file, comes last")
        return [configured("stages", known[name], self.stages.get(name, {})) for name in self.pipeline]

    def configured_exports(self) -> list[Export]:
        """Return the exports with the options of this recipe."""
        known = all_exports()
        refuse_unknown("exports", "export", self.exports, known)
        for name in self.export:
            if name not in known:
                raise UsageError(f"no export is called {name!r}; {nearest(name, known)}")
        return [configured("exports", known[name], self.exports.get(name, {})) for name in self.export]

    def terms(self, rate: int) -> Terms:
        """Return all that decides about the clips of a corpus; `rate` is that of the goal, in Hz."""
        terms = super().terms(rate)
        before = {"segment": self.segment, "transcribe": self.transcribe}
        return replace(terms, stages=terms.stages | {name for name, asked in before.items() if asked})

    def fit(self) -> Fitting | None:
        """Return what says whether the trainer can use each clip; None where the build is for no trainer."""
        if not self.trainer:
            return None
        trainer = targets.load_trainer(self.trainer)
        forms = tuple(form for form in self.configured_exports() if form.name in trainer.export)
        return Fit(trainer, text_stages(self.configured_stages()), forms)

    def written(self, clips: Sequence[Clip]) -> list[Clip]:
        """Return clips with their texts as a build writes them."""
        return written(clips, text_stages(self.configured_stages()))

    def unused(self, clips: pd.DataFrame) -> Callable[[Sequence[str]], Mapping[str, str]] | None:
        """Return what says which clips belong to no part, where whole speakers are held out."""
        if self.split.by != "speaker" or clips["speaker"].nunique() < 2:
            return None
        texts = {clip.id: clip.text for clip in self.written(clips_of(clips))}
        return Unused(self.split, dict(zip(clips["id"], clips["speaker"], strict=True)), texts)

    def verify(self) -> None:
        """See that every name in it is known.

        Raises
        ------
        UsageError
            If one is not; names the nearest.
        """
        self.configured_checks()
        self.configured_stages()
        self.configured_exports()
        self.enabled_codes()
        parse_gates(self.gate)
        if self.segment and self.segment.align == "asr" and not self.transcribe:
            raise UsageError('[segment]: align = "asr" needs the table [transcribe], which names the model')
        for code in (*self.select.reject, *self.select.keep):
            known_code(code)


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
            text = read_text(path)
        except OSError as error:
            raise UsageError(f"cannot read the recipe {name}: {error.strerror}") from None
        except UntrustedError as error:
            raise UsageError(f"{name}: {error}") from None
    else:
        known = shipped()
        if name not in known:
            raise UsageError(f"no recipe is called {name!r}; {nearest(name, known)}, or give a .toml file")
        text = known[name]
    return parse(text, name, TABLE if path.name == SHARED else "")


def parse(text: str, source: str, table: str = "") -> Recipe:
    """Read the text of a recipe, or a table of it; `source` is named in errors."""
    recipe = parse_toml(Recipe, text, source, table)
    try:
        recipe.verify()
    except UsageError as error:
        raise UsageError(f"{source}: {error}") from None
    return recipe
