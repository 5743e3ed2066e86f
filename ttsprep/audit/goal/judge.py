"""How a corpus is judged once its goal is known: its checks, and what of a build decides beside their findings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from ttsprep.audit.config import AuditConfig
from ttsprep.audit.goal.texts import unfixed_texts
from ttsprep.audit.select import FIXED_BY, Terms
from ttsprep.checks.bandwidth import Bandwidth
from ttsprep.checks.base import Check
from ttsprep.core.types import Finding

_NAMES = frozenset({"id", "given_id", "path"})
"""Columns that say which clip a row is of."""


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


def judge_result(
    result: pd.DataFrame,
    source: pd.DataFrame,
    origin: Mapping[str, str],
    judges: Sequence[Check],
    wanted: frozenset[str],
) -> Iterator[Finding]:
    """Yield what is found in the result of a build, by the limits that its clips were selected by.

    Limits relative to the corpus move when clips leave it. So the clips of the result are judged in their places in the
    source, beside the clips that were left out; only what stages fix is judged among the result alone.

    Parameters
    ----------
    result, source
        The tables of their audits.
    origin
        Id in the source of each clip of the result.
    judges, wanted
        As for `judge`.
    """
    yield from judge(result, judges, wanted & FIXED_BY.keys())
    place = {name: row for row, name in enumerate(source["id"])}
    rows = [place[origin[name]] for name in result["id"]]
    mixed = {}
    for column in source.columns:
        values = source[column].to_numpy(copy=True)
        if column not in _NAMES:
            values[rows] = result[column].to_numpy()
        mixed[column] = values
    back = {there: name for name, there in origin.items()}
    for finding in judge(pd.DataFrame(mixed), judges, wanted - FIXED_BY.keys()):
        if finding.clip in back:
            yield replace(finding, clip=back[finding.clip])
