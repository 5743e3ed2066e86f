"""What an audit reads and how strictly it judges."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict, Field, StrictFloat, StrictInt, model_validator
from pydantic_core import PydanticCustomError

from ttsprep.checks.base import Check, all_checks, catalogue, known_code
from ttsprep.core.config import Section, configured, refuse_unknown
from ttsprep.core.errors import nearest
from ttsprep.corpora.reading import Reading


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
            if key not in cls.model_fields and not isinstance(value, dict):
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
