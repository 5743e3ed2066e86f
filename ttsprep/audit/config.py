"""What an audit reads and how strictly it judges."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
from pydantic import ConfigDict, Field, StrictFloat, StrictInt, model_validator
from pydantic_core import PydanticCustomError

from ttsprep.audit.goal.trim import LEAD_S, TAIL_S, Trimming
from ttsprep.audit.select import Select, Terms
from ttsprep.checks.base import Check, all_checks, catalogue, known_code
from ttsprep.checks.length import Length
from ttsprep.core.config import Option, Section, configured, refuse_unknown
from ttsprep.core.errors import nearest
from ttsprep.core.types import Clip
from ttsprep.corpora.reading import Reading

PIPELINE = ("mono", "dc-block", "resample", "trim", "loudness", "normalise", "format")
"""Stages of a build, in order, unless a recipe has others."""

Fitting = Callable[[Sequence[Clip]], Mapping[str, list[str]]]
"""Returns the columns of `ttsprep.checks.trainer`, with a value for each clip."""


class CheckSettings(Section):
    """Which findings are judged, and the thresholds of each check in a table of its name.

    Attributes
    ----------
    only
        Codes to judge; empty for all.
    ignore
        Codes not to judge.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, dict[str, StrictInt | StrictFloat]] = Field(init=False)
    only: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    @property
    def thresholds(self) -> Mapping[str, Mapping[str, int | float]]:
        """Thresholds by check and key, where they are not the default."""
        return self.model_extra or {}

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, table: Any) -> Any:
        """Refuse a key that neither chooses codes nor is a table of thresholds."""
        for key, value in table.items() if isinstance(table, dict) else ():
            if not isinstance(value, dict) and key not in {*cls.model_fields, *all_checks()}:
                message = f"there is no key {key!r}; {nearest(key, cls.model_fields)}"
                raise PydanticCustomError("key", "{message}", {"message": message})
        return table


class AuditConfig(Section):
    """What an audit depends on, beside the corpus; every key has a default.

    Attributes
    ----------
    layout
        Of the source; ``auto`` recognises it.
    language
        For clips that do not name theirs.
    columns
        What the columns of the tables are, as ``--columns`` has them; empty to find them.
    audio_root
        Folder of the audio where that is not the folder of the metadata; "" for that.
    follow_links
        Whether links to folders are followed.
    checks
        Codes to judge, and thresholds of the checks.
    trainer
        Whose needs the build meets, such as ``piper``; empty for none.
    select
        Which clips are built.
    pipeline
        Stages of the build, in order: what they fix rejects no clip.
    stages
        Their parameters, by name and key.
    """

    moved: ClassVar[Mapping[str, str]] = {
        "choose": "[choose] is called [select] now",
        "ignore": "ignore = [...] stands in the table [checks] now",
        "select": "select = [...] is called only = [...] now, in the table [checks]",
    }
    layout: str = "auto"
    language: str = ""
    columns: tuple[str, ...] = ()
    audio_root: str = ""
    follow_links: bool = False
    checks: CheckSettings = CheckSettings()
    trainer: str = ""
    select: Select = Select()
    pipeline: tuple[str, ...] = PIPELINE
    stages: dict[str, dict[str, Option]] = Field(default_factory=dict)

    @property
    def rate(self) -> int:
        """Sample rate that is asked for, in Hz; 0 for what the corpus can be trained at best."""
        return int(self._resampled("sample_rate"))

    @property
    def asked(self) -> str:
        """Who asks for this rate; "" where the corpus decides."""
        return (f"--for {self.trainer}" if self.trainer else "the recipe") if self.rate else ""

    def terms(self, rate: int) -> Terms:
        """Return all that decides about the clips of a corpus; `rate` is that of the goal, in Hz."""
        rules, upsample = self.select, bool(self._resampled("upsample"))
        if upsample and not self.trainer:  # who asks for dull clips gets them
            rules = rules.model_copy(update={"keep": (*rules.keep, "narrowband")})
        least = rate if "resample" in self.pipeline and not upsample else 0
        return Terms(rules, frozenset(self.pipeline), least, trimming=self._trimming())

    def unused(self, clips: pd.DataFrame) -> Callable[[Sequence[str]], Mapping[str, str]] | None:
        """Return what says which of the clips of an audit no part of a build may hold; None where there is none."""
        del clips
        return None

    def _trimming(self) -> Trimming | None:
        if "trim" not in self.pipeline:
            return None
        given = {"lead_s": LEAD_S, "tail_s": TAIL_S} | self.stages.get("trim", {})
        shortest = self.checks.thresholds.get("length", {}).get("short_error_s", Length.short_error_s)
        return Trimming(float(given["lead_s"]), float(given["tail_s"]), float(shortest))

    def fit(self) -> Fitting | None:
        """Return what says whether the trainer can use each clip; None where there is no trainer."""
        return None

    def written(self, clips: Sequence[Clip]) -> list[Clip]:
        """Return clips with their texts as a build writes them."""
        return list(clips)

    def _resampled(self, key: str) -> Any:
        """Return a parameter of the stage ``resample``; 0 where it has its default, or there is no such stage."""
        return self.stages.get("resample", {}).get(key, 0) if "resample" in self.pipeline else 0

    def reading(self) -> Reading:
        """Return how the corpus is to be read."""
        audio_root = Path(self.audio_root) if self.audio_root else None
        return Reading(self.columns, audio_root, self.follow_links, self.language)

    def configured_checks(self) -> list[Check]:
        """Return every check with these thresholds."""
        thresholds = self.checks.thresholds
        refuse_unknown("checks", "check", thresholds, all_checks())
        return [configured("checks", check, thresholds.get(name, {})) for name, check in all_checks().items()]

    def enabled_codes(self) -> frozenset[str]:
        """Return the codes to judge."""
        chosen = frozenset(map(known_code, self.checks.only)) or frozenset(catalogue())
        return chosen - frozenset(map(known_code, self.checks.ignore))
