"""How a corpus is judged once its goal is known: its checks, and what of a build decides beside their findings."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pandas as pd

from ttsprep.audit.config import AuditConfig
from ttsprep.audit.goal.texts import unfixed_texts
from ttsprep.audit.select import FIXED_BY, Terms
from ttsprep.checks.bandwidth import Bandwidth
from ttsprep.checks.base import Check
from ttsprep.core.types import Finding


def judges_of(config: AuditConfig, rate: int) -> list[Check]:
    """Return the checks as they are configured; they judge for training at a rate where their limits depend on it."""
    return [
        replace(check, goal_hz=check.goal_hz or float(rate)) if isinstance(check, Bandwidth) else check
        for check in config.configured_checks()
    ]


def judge(clips: pd.DataFrame, judges: Sequence[Check], wanted: frozenset[str]) -> Iterator[Finding]:
    """Yield what the checks find in a table of measures."""
    for check in judges:
        if wanted & {code.code for code in check.codes}:
            yield from (finding for finding in check.judge(clips) if finding.code in wanted)


def completed_terms(terms: Terms, config: AuditConfig, clips: pd.DataFrame, judges: Sequence[Check]) -> Terms:
    """Return the terms with what the table of an audit says of a build to come: its texts, and its parts."""
    fixed = frozenset(code for code, stage in FIXED_BY.items() if stage == "normalise" and terms.fixes(code))
    terms = replace(terms, unfixed=unfixed_texts(clips, judges, fixed, config.written) if fixed else {})
    # the result of a build is divided as it is
    return replace(terms, unused=config.unused(clips)) if terms.where == "select" else terms
