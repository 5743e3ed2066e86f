"""What an audit reads and how strictly it judges."""

from pydantic import Field, StrictFloat, StrictInt

from ttsprep.checks.base import Check, all_checks, catalogue, known_code
from ttsprep.core.config import Section, configured, refuse_unknown


class AuditConfig(Section):
    """What an audit depends on, beside the corpus; every key has a default.

    Attributes
    ----------
    layout
        Of the source; ``auto`` recognises it.
    language
        For clips that do not say theirs.
    select, ignore
        Codes to judge, and codes not to; an empty ``select`` is all of them.
    checks
        Thresholds, by name and key.
    """

    layout: str = "auto"
    language: str = ""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    checks: dict[str, dict[str, StrictInt | StrictFloat]] = Field(default_factory=dict)

    def configured_checks(self) -> list[Check]:
        """Return every check with these thresholds."""
        refuse_unknown("checks", "check", self.checks, all_checks())
        return [configured("checks", check, self.checks.get(name, {})) for name, check in all_checks().items()]

    def enabled_codes(self) -> frozenset[str]:
        """Return the codes to judge."""
        chosen = frozenset(map(known_code, self.select)) or frozenset(catalogue())
        return chosen - frozenset(map(known_code, self.ignore))
